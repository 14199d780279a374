# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import SUPERUSER_ID, fields, models
from odoo.exceptions import AccessError, UserError

from ...tools.strictness import COMPANY_SWITCHES, is_switch_less_strict
from ..core.sms_relaxation_reason import REASON_SUBTYPE
from .sms_retention import TIMES

#: Whom the law of consent and of records is in the hands of.
OFFICERS = ("helpdesk_mgmt_sms.group_sms_compliance", "base.group_system")
#: Their settings: who needs consent, and for how long it can be proved.
OFFICER_FIELDS = frozenset(
    {"sms_consent_policy", "sms_redaction", *(name for name, _unit in TIMES.values())}
)


class ResCompany(models.Model):
    """Settings that let more messages leave, or proof go sooner, need a reason.

    It is kept in the chatter of the company's contact, as that of longer business
    hours. The owner of the server (a shell, a cron, an installation) needs none.
    """

    _inherit = "res.company"

    sms_relaxation_reason = fields.Text(
        "Reason for Relaxing",
        store=False,
        copy=False,
        help="Needed to let messages leave that were blocked until now, to let more "
        "people text more, or to keep proof for less time: who decided it, and why. It "
        "is kept in the chatter of the company's contact.",
    )

    def _get_sms_before(self, vals):
        before = super()._get_sms_before(vals)
        names = COMPANY_SWITCHES.keys() & vals.keys()
        if names and self.env.uid != SUPERUSER_ID:
            before["switches"] = {it: it._get_sms_switches(names) for it in self}
        return before

    def _after_sms_write(self, before, vals):
        """Refuse settings that let more messages leave without a reason.

        :raises UserError: without ``sms_relaxation_reason``
        """
        result = super()._after_sms_write(before, vals)
        for company, was in before.get("switches", {}).items():
            now = company._get_sms_switches(was)
            relaxed = [
                it for it in sorted(was) if is_switch_less_strict(it, was[it], now[it])
            ]
            if relaxed:
                company._post_sms_relaxation(
                    was, relaxed, vals.get("sms_relaxation_reason")
                )
        return result

    def _get_sms_switches(self, names):
        company_sudo = self.sudo()
        return {name: company_sudo[name] for name in names}

    def _post_sms_relaxation(self, before, names, reason):
        """Note who has made which settings less strict, and why.

        :raises UserError: without a reason
        """
        reason = (reason or "").strip()
        if not reason:
            raise UserError(
                self.env._(
                    "More could leave than until now, or proof go sooner: %s. Enter "
                    "under “Reason for Relaxing” who decided that, and why.",
                    ", ".join(map(self._describe_sms_switch, names)),
                )
            )
        changes = [
            self.env._(
                "%(field)s: %(after)s, and no longer %(before)s",
                field=self._describe_sms_switch(name),
                after=self._show_sms_switch(name, self.sudo()[name]),
                before=self._show_sms_switch(name, before[name]),
            )
            for name in names
        ]
        note = self.env._(
            "Text messages of %(company)s: %(changes)s. Why: %(reason)s",
            company=self.sudo().name,
            changes="; ".join(changes),
            reason=reason,
        )
        self.sudo().partner_id.message_post(body=note, subtype_xmlid=REASON_SUBTYPE)

    def _describe_sms_switch(self, name):
        return self._fields[name]._description_string(self.env)

    def _show_sms_switch(self, name, value):
        field = self._fields[name]
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, "")
        if field.type == "boolean":
            return self.env._("yes") if value else self.env._("no")
        return str(value)

    def _check_sms_officer(self, names):
        """Refuse who is neither a compliance officer nor an administrator.

        :raises AccessError: if one of them is an officer's
        """
        officers = OFFICER_FIELDS & set(names)
        if officers and not any(map(self.env.user.has_group, OFFICERS)):
            raise AccessError(
                self.env._(
                    "Compliance officers and administrators set this: %s.",
                    ", ".join(map(self._describe_sms_switch, sorted(officers))),
                )
            )
