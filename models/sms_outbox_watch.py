# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import secrets

from odoo import api, models
from odoo.tools import consteq

from ..providers import PROVIDERS

#: System parameter: what a monitor must know to be told how the outbox is.
HEALTH_TOKEN_PARAMETER = "helpdesk_mgmt_sms.health_token"
#: Of at least so many messages within an hour, so many in a hundred failed.
ERROR_SAMPLE, ERROR_PERCENT = 20, 20
#: Of what was told of a company, this lasts when it leaves the outbox.
LASTING = ("redaction",)


class SmsOutboxWatch(models.AbstractModel):
    """Looks at the outbox from outside: does it move, and does what leaves arrive?

    Runs in a cron of its own, so that it also sees that the outbox's cron is off.
    """

    _name = "sms.outbox.watch"
    _description = "Watch over the Text Message Outbox"

    @api.model
    def _run(self):
        """Raise what is wrong with each company's outbox; close what is over."""
        companies = self.env["res.company"].search(
            [("sms_provider", "in", list(PROVIDERS))]
        )
        for company in companies:
            facts = self._get_facts(company)
            for key, message in self._get_troubles(facts).items():
                if message:
                    self.env["sms.outbox.alert"]._raise(company, key, message)
                else:
                    self.env["sms.outbox.alert"]._close(company, key)
        self._close_former(companies)

    @api.model
    def _close_former(self, companies):
        """Close what was told of companies that have left the outbox, or are archived.

        Nobody looks at theirs any more, so it would never be over.

        :param companies: ``res.company`` that have one
        """
        alerts = self.env["sms.outbox.alert"].search(
            [
                ("company_id", "not in", companies.ids),
                ("closed_at", "=", False),
                ("key", "not in", LASTING),
            ]
        )
        for alert in alerts:
            alert._close(alert.company_id, alert.key)

    @api.model
    def _get_troubles(self, facts):
        """Return what is wrong, in plain words. Extended by other rooms.

        :param dict facts: see :meth:`_get_facts`
        :return: ``{key: message or False}``
        """
        return {
            **self._get_server_troubles(facts),
            **self._get_carrier_troubles(facts),
            "webhook": facts["refused_requests"] and self._explain_refusals(facts),
        }

    @api.model
    def _get_server_troubles(self, facts):
        """Return what is wrong here: texts wait that nobody works off."""
        return {
            "cron": not facts["is_cron_active"]
            and self.env._(
                "The outbox's scheduled action is switched off: no text leaves. An "
                "administrator switches on “Text Messages: work off the outbox” under "
                "Settings > Technical > Scheduled Actions."
            ),
            "standstill": facts["standing_still"]
            and self.env._(
                "%s texts wait for senders of which none has left for a quarter of an "
                "hour. See if scheduled actions run at all.",
                facts["standing_still"],
            ),
            "sending": facts["stuck_sending"]
            and self.env._(
                "%s texts were left behind while they were handed to the carrier, and "
                "nobody looks after them. See if scheduled actions run at all.",
                facts["stuck_sending"],
            ),
        }

    @api.model
    def _get_carrier_troubles(self, facts):
        """Return what is wrong on the way to the carrier, and at the carrier."""
        return {
            "connection": facts["not_connected"]
            and self.env._(
                "The carrier cannot be reached: %s texts have been tried for a quarter "
                "of an hour. See if this server may connect to it.",
                facts["not_connected"],
            ),
            "unknown": facts["unknown_too_long"]
            and self.env._(
                "The carrier cannot be asked about %s texts. See if it can be reached.",
                facts["unknown_too_long"],
            ),
            "country": facts["country_refused"]
            and self.env._(
                "The carrier does not text the country of %s recipients. Enable it in "
                "the account at the carrier.",
                facts["country_refused"],
            ),
            "errors": facts["ended"] >= ERROR_SAMPLE
            and facts["failed"] * 100 >= facts["ended"] * ERROR_PERCENT
            and self.env._(
                "%(failed)s of the last %(ended)s texts were not delivered. The list "
                "of failed messages says why.",
                failed=facts["failed"],
                ended=facts["ended"],
            ),
        }

    # ------------------------------------------------------------------
    # For a monitor outside
    # ------------------------------------------------------------------

    @api.model
    def _get_health(self, token):
        """Return how the outboxes are, to who knows the token.

        :param str token: the value of :data:`HEALTH_TOKEN_PARAMETER`
        :return: a dict of plain data, None for a wrong token
        """
        known = self._get_health_token()
        # As bytes: what is no ASCII would be an error, and not a wrong token.
        if not (known and consteq(known.encode(), (token or "").encode())):
            return None
        companies = self.env["res.company"].search(
            [("sms_provider", "in", list(PROVIDERS))]
        )
        outboxes, troubles = [], set()
        for company in companies:
            facts = self._get_facts(company)
            wrong = [
                key for key, message in self._get_troubles(facts).items() if message
            ]
            wrong += ["sender"] if facts["stopped_senders"] else []
            troubles.update(wrong)
            outboxes.append({"company": company.id, "troubles": wrong, **facts})
        return {"status": "trouble" if troubles else "ok", "outboxes": outboxes}

    @api.model
    def _get_health_token(self):
        """Return the token of the monitor's address; empty if there is none."""
        parameters_sudo = self.env["ir.config_parameter"].sudo()
        return parameters_sudo.get_param(HEALTH_TOKEN_PARAMETER) or ""

    @api.model
    def _make_health_token(self):
        """Give the monitor's address its random part, once."""
        if not self._get_health_token():
            self.env["ir.config_parameter"].sudo().set_param(
                HEALTH_TOKEN_PARAMETER, secrets.token_urlsafe(24)
            )
