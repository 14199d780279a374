# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from .sms_carrier_check import CHECK, SET_INBOUND, TAKE_NUMBERS
from .sms_health import DONE, SKIPPED

SYSTEM_GROUP = "base.group_system"


class SmsOnboarding(models.AbstractModel):
    """The way from the sandbox to the first real text, and how things are since.

    No step can be ticked: each is done when what it is about can be seen, in the
    company's data, at the carrier, or by a text that arrived. Nothing is stored here;
    what the carrier said is in ``sms.carrier.check``.
    """

    _name = "sms.onboarding"
    _description = "Set-up of Text Messages"

    # ------------------------------------------------------------------
    # What the screen calls
    # ------------------------------------------------------------------

    @api.model
    def get_setup(self):
        """Return the steps and the health of the user's current company.

        :return: ``company`` (its name), ``steps`` and ``health`` (rows of ``key``,
            ``title``, ``state``, ``text``, ``buttons``), ``done`` and
            ``count`` (steps), ``is_asking`` (the carrier has not answered yet)
        :rtype: dict
        :raises AccessError: for all but helpdesk managers and administrators
        """
        company = self._check_may_set_up()
        steps = self._get_steps(company)
        health = self.env["sms.health"]._get_rows(company)
        return {
            "company": company.name,
            "steps": steps,
            "health": [
                {**row, "buttons": self._get_health_buttons(row)} for row in health
            ],
            "done": sum(step["state"] in (DONE, SKIPPED) for step in steps),
            "count": len(steps),
            "is_asking": bool(self.env["sms.carrier.check"]._get_open(company).wanted),
        }

    @api.model
    def check_account(self):
        """Have the carrier asked if the account is right; return :meth:`get_setup`."""
        company = self._check_may_set_up()
        self.env["sms.carrier.check"]._ask(company, CHECK)
        return self.get_setup()

    @api.model
    def set_inbound_url(self):
        """Have the carrier told where texts go that come in; return :meth:`get_setup`.

        :raises AccessError: for all but administrators: it changes the account
        """
        company = self._check_may_set_up(SYSTEM_GROUP)
        self.env["sms.carrier.check"]._ask(company, SET_INBOUND)
        return self.get_setup()

    @api.model
    def take_numbers(self):
        """Have the account's numbers entered as senders; return :meth:`get_setup`.

        :raises AccessError: for all but administrators, whose the account is
        """
        company = self._check_may_set_up(SYSTEM_GROUP)
        self.env["sms.carrier.check"]._ask(company, TAKE_NUMBERS)
        return self.get_setup()

    @api.model
    def remove_key(self):
        """Remove the copy of the ledger's key from the database, if it is outside.

        :return: as :meth:`get_setup`
        :raises AccessError: for all but administrators
        """
        self._check_may_set_up(SYSTEM_GROUP)
        self.env["sms.consent.key"]._remove_inside()
        return self.get_setup()

    @api.model
    def _check_may_set_up(self, *groups):
        """Return the current company of who may look after it.

        :param groups: who may besides administrators, default helpdesk managers
        """
        company = self.env.company
        self.env["sms.carrier.check"]._check_user(company, *groups)
        return company

    # ------------------------------------------------------------------
    # What a step is made of
    # ------------------------------------------------------------------

    @api.model
    def _get_health_buttons(self, row):
        """Return what can be done about a row of the health, for who may.

        :param dict row: see :class:`SmsHealth`
        """
        keys = self.env["sms.consent.key"]
        if row["key"] != "ledger" or not keys._is_copied_outside():
            return []
        label = self.env._("Remove the key from the database")
        return list(filter(None, [self._call(label, "remove_key", SYSTEM_GROUP)]))

    @api.model
    def _step(self, key, title, state, text, *buttons):
        """Return one step; a button that is None is left out."""
        row = self.env["sms.health"]._row(key, title, state, text)
        return {**row, "buttons": [button for button in buttons if button]}

    @api.model
    def _open(self, label, xmlid):
        """Return a button that opens an action.

        :param str xmlid: of the action, without the module
        """
        return {"label": label, "action": f"helpdesk_mgmt_sms.{xmlid}"}

    @api.model
    def _call(self, label, method, group=None):
        """Return a button that calls a method of this model, for who may.

        :param str group: who may besides administrators, None: everybody here
        """
        if group and not self.env.user.has_group(group):
            return None
        return {"label": label, "method": method}
