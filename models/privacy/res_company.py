# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import SUPERUSER_ID, fields, models
from odoo.exceptions import AccessError, UserError

from ...tools.strictness import COMPANY_SWITCHES
from ..core.sms_relaxation_reason import REASON_SUBTYPE, describe_change, show_value
from .sms_redaction import DELETE, EMPTY, KEEP
from .sms_retention import TIMES, get_limits

#: Settings for officers only: consent policy, redaction and retention times.
OFFICER_FIELDS = frozenset(
    {"sms_consent_policy", "sms_redaction", *(name for name, _unit in TIMES.values())}
)
OFFICERS = ("helpdesk_mgmt_sms.group_sms_compliance", "base.group_system")


class ResCompany(models.Model):
    """Retention times for personal data, and reasons for relaxed settings.

    The defaults are the legal minimum: five years after a consent has ended (16 CFR
    310.5), ten for an opt-out (Virginia). The bodies of texts are part of tickets, and
    are kept unless a company decides otherwise.

    Changes that allow more messages or shorten the retention of proof need a reason,
    which is logged in the chatter of the company's contact. The superuser (a shell, a
    cron, an installation) needs none.
    """

    _inherit = "res.company"

    sms_keep_text_months = fields.Integer(
        "Months to Keep Texts",
        default=0,
        help="Content and numbers of texts sent and received, including their copies "
        "in the chatter. 0 to keep forever.",
    )
    sms_keep_raw_months = fields.Integer(
        "Months to Keep Raw Texts",
        default=13,
        help="Received texts in the carrier's raw format, with city and network. "
        "Their content is kept separately. 0 to keep forever.",
    )
    sms_keep_consent_years = fields.Integer(
        "Years to Keep Ended Consent",
        default=5,
        help="How long evidence is kept after the consent has ended and the last text "
        "was sent. The US requires five years (16 CFR 310.5). Where the law of the "
        "number's country requires more, that holds. 0 to keep forever.",
    )
    sms_keep_opt_out_years = fields.Integer(
        "Years to Keep Opt-outs",
        default=10,
        help="Who opted out, and in which words. Virginia requires ten years. The "
        "opt-out itself blocks forever. 0 to keep forever.",
    )
    sms_redaction = fields.Selection(
        [
            (KEEP, "Keep them"),
            (EMPTY, "Remove their content"),
            (DELETE, "Delete them entirely"),
        ],
        "Erased Texts at the Carrier",
        required=True,
        default=KEEP,
        help="What happens at the carrier to texts that are erased here because of "
        "their age or at a person's request. This cannot be undone. Only Twilio can "
        "remove single texts; its backups may keep them for another 30 days.",
    )

    _sms_keep_positive = models.Constraint(
        "CHECK (sms_keep_text_months BETWEEN 0 AND 1200"
        " AND sms_keep_raw_months BETWEEN 0 AND 1200"
        " AND sms_keep_consent_years BETWEEN 0 AND 100"
        " AND sms_keep_opt_out_years BETWEEN 0 AND 100)",
        "Data can be kept for a hundred years at most. Enter 0 to keep it forever.",
    )

    sms_relaxation_reason = fields.Text(
        "Reason for Relaxing",
        store=False,
        copy=False,
        help="Who decided it, and why. Required to send messages that were blocked "
        "until now, to let more people text more, or to keep evidence for less time. "
        "Logged in the chatter of the company's contact.",
    )

    def _get_sms_limits(self):
        self.ensure_one()
        return get_limits({kind: self.sudo()[TIMES[kind][0]] for kind in TIMES})

    def _get_sms_before(self, vals):
        before = super()._get_sms_before(vals)
        names = COMPANY_SWITCHES.keys() & vals.keys()
        if names and self.env.uid != SUPERUSER_ID:
            before["switches"] = {it: it._get_sms_switches(names) for it in self}
        return before

    def _after_sms_write(self, before, vals):
        """Require a reason for settings that allow more messages."""
        result = super()._after_sms_write(before, vals)
        for company, was in before.get("switches", {}).items():
            now = company._get_sms_switches(was)
            relaxed = [it for it in was if COMPANY_SWITCHES[it](was[it], now[it])]
            if relaxed:
                reason = vals.get("sms_relaxation_reason")
                company._post_sms_relaxation(was, sorted(relaxed), reason)
        return result

    def _get_sms_switches(self, names):
        return {name: self.sudo()[name] for name in names}

    def _post_sms_relaxation(self, before, names, reason):
        """Log the relaxed settings with the reason; raise a UserError without one."""
        reason = (reason or "").strip()
        if not reason:
            raise UserError(
                self.env._(
                    "This lets more texts be sent, or removes evidence sooner: %s. "
                    "Enter who decided it, and why, under “Reason for Relaxing”.",
                    ", ".join(map(self._describe_sms_switch, names)),
                )
            )
        changes = []
        for name in names:
            values = (before[name], self.sudo()[name])
            shown = (show_value(self._fields[name], it, self.env) for it in values)
            changes.append(describe_change(self, name, *shown))
        note = self.env._(
            "Text messages of %(company)s: %(changes)s. Why: %(reason)s",
            company=self.sudo().name,
            changes="; ".join(changes),
            reason=reason,
        )
        self.sudo().partner_id.message_post(body=note, subtype_xmlid=REASON_SUBTYPE)

    def _describe_sms_switch(self, name):
        return self._fields[name]._description_string(self.env)

    def _check_sms_officer(self, names):
        """Raise an AccessError for officers' fields unless an officer or admin."""
        officers = OFFICER_FIELDS & set(names)
        if officers and not any(map(self.env.user.has_group, OFFICERS)):
            raise AccessError(
                self.env._(
                    "Only compliance officers and administrators can change this: %s.",
                    ", ".join(map(self._describe_sms_switch, sorted(officers))),
                )
            )

    def _read_sms_number(self, typed):
        """Return a number as E.164, or else as typed, such as a sender's name."""
        typed = (typed or "").strip()
        return self._phone_format_number(typed, self.country_id) or typed
