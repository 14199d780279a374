# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.exceptions import UserError

from ...providers import PROVIDERS
from ...tools import consent, geography
from ...tools.quiet_hours import CLOSED, Rule
from ...tools.strictness import is_less_strict
from ..core.sms_relaxation_reason import REASON_SUBTYPE
from .sms_quiet_hours import format_minutes, to_minutes

WEEKDAYS, EVERY_DAY = "weekdays", "all"
#: Fields that can make the company's hours longer.
COURTESY_FIELDS = {"sms_courtesy_days", "sms_courtesy_from", "sms_courtesy_to"}


class ResCompany(models.Model):
    """The company's own hours for texts, and where it is."""

    _inherit = "res.company"

    sms_courtesy_days = fields.Selection(
        [(WEEKDAYS, "Monday to Friday"), (EVERY_DAY, "Every day")],
        string="Business Days for Texts",
        required=True,
        default=WEEKDAYS,
    )
    sms_courtesy_from = fields.Float("Business Hours for Texts From", default=8)
    sms_courtesy_to = fields.Float("Business Hours for Texts Until", default=20)
    sms_courtesy_reason = fields.Char(
        "Reason for Longer Hours",
        store=False,
        copy=False,
        help="Required to send texts at hours when they were held until now. Logged "
        "in the chatter of the company's contact.",
    )
    sms_quiet_hours = fields.Boolean(
        "Quiet Hours on Odoo's Own Provider",
        help="With the opt-out policy and Odoo's own provider, messages of other apps "
        "are sent at any hour unless this is set. Otherwise quiet hours always apply.",
    )

    _sms_courtesy_hours_valid = models.Constraint(
        "CHECK (sms_courtesy_from >= 0 AND sms_courtesy_from < sms_courtesy_to "
        "AND sms_courtesy_to <= 24)",
        "Business hours must be between 0:00 and 24:00, and start before they end.",
    )

    def _get_sms_before(self, vals):
        before = super()._get_sms_before(vals)
        if COURTESY_FIELDS & vals.keys():
            before["courtesy"] = {
                it: (it._get_sms_courtesy_rule(""), it._describe_sms_courtesy())
                for it in self
            }
        return before

    def _after_sms_write(self, before, vals):
        """Log who has lengthened the business hours, and why.

        :raises UserError: without ``sms_courtesy_reason``
        """
        result = super()._after_sms_write(before, vals)
        reason = (vals.get("sms_courtesy_reason") or "").strip()
        for company, (rule, told) in before.get("courtesy", {}).items():
            if is_less_strict(rule, company._get_sms_courtesy_rule("")):
                company._keep_sms_courtesy_reason(told, reason)
        return result

    def _keep_sms_courtesy_reason(self, before, reason):
        if not reason:
            raise UserError(
                self.env._(
                    "Texts could leave at hours at which they have waited until now. "
                    "Enter under “Reason for Longer Hours” who decided that, and why."
                )
            )
        note = self.env._(
            "Business hours for texts: %(after)s, and no longer %(before)s. "
            "Why: %(reason)s",
            after=self._describe_sms_courtesy(),
            before=before,
            reason=reason,
        )
        self.sudo().partner_id.message_post(body=note, subtype_xmlid=REASON_SUBTYPE)

    def _describe_sms_courtesy(self):
        days = self._fields["sms_courtesy_days"]._description_selection(self.env)
        start, end = map(format_minutes, self._get_sms_courtesy_rule("").weekdays)
        return f"{dict(days)[self.sudo().sms_courtesy_days]} {start}–{end}"

    def _keeps_sms_quiet_hours(self):
        """Return whether quiet hours and daily limits apply to the company's messages.

        A company with the opt-out policy and Odoo's own provider keeps its apps'
        behavior until it asks for more.
        """
        self.ensure_one()
        company_sudo = self.sudo()
        return (
            company_sudo.sms_quiet_hours
            or company_sudo.sms_provider in PROVIDERS
            or company_sudo.sms_consent_policy != consent.POLICY_OPT_OUT
        )

    def _get_sms_courtesy_rule(self, quiet_class):
        """Return the company's own hours as a rule for a class of messages."""
        company_sudo = self.sudo()
        start, end = company_sudo.sms_courtesy_from, company_sudo.sms_courtesy_to
        hours = (to_minutes(start), to_minutes(end))
        weekend = hours if company_sudo.sms_courtesy_days == EVERY_DAY else CLOSED
        return Rule(quiet_class, "", "", hours, weekend, weekend)

    def _get_sms_place(self):
        """Return where the company is, for people who could be anywhere."""
        partner_sudo = self.sudo().partner_id
        country = partner_sudo.country_id or self.sudo().country_id
        get_code = self.env["sms.gate"]._get_code
        return geography.locate_company(
            partner_sudo.tz,
            get_code("res.country", country.id),
            get_code("res.country.state", partner_sudo.state_id.id),
            partner_sudo.phone_sanitized,
        )

    def _get_sms_zone(self):
        """Return the company's time zone, for days, deadlines and hours in texts."""
        return self._get_sms_place().zones[0]

    def _get_sms_postal_address(self):
        """Return the company's address in one line, with a contact; empty without both.

        Source: SOR/2012-36, s. 2(1)(d) (Canada): the mailing address, and a phone
        number, an email or a web address.
        """
        partner_sudo = self.sudo().partner_id
        contact = partner_sudo.phone or partner_sudo.email or partner_sudo.website
        if not (partner_sudo.street and partner_sudo.city and contact):
            return ""
        place = (partner_sudo.city, partner_sudo.state_id.code, partner_sudo.zip)
        street = (partner_sudo.street, partner_sudo.street2)
        country = partner_sudo.country_id.name
        parts = (*street, " ".join(filter(None, place)), country, contact)
        return ", ".join(filter(None, parts))

    def _get_sms_gate_facts(self):
        """Return what the gate needs to know of the company (see ``gate.Facts``)."""
        self.ensure_one()
        company_sudo = self.sudo()
        return {
            "policy": company_sudo.sms_consent_policy,
            "provider": company_sudo.sms_provider,
        }

    def _choose_sms_senders(
        self, numbers, posts, code=None, is_call=False, answers=(), among=None
    ):
        """Return the sender of each text, or of each call; the outbox extends this.

        :param list numbers: E.164, or as given if they cannot be converted
        :param list posts: for each text the ``mail.message`` that it is posted by in
            sudo, empty for those without a post
        :param str code: a key of ``PROVIDERS``; default: the company's own provider
        :param list answers: for each text whether it needs or wants an answer
            (:data:`tools.dispatch.ANSWERS`); empty: neither
        :param among: ids of the senders to choose from, None for all
        :return: for each text the id of a sender, False if there is none
        """
        return [False] * len(numbers)

    def _find_sms_sender_refusals(self, numbers, answer=""):
        """Return for each number why no sender may text it, or empty.

        :param str answer: of :data:`tools.dispatch.ANSWERS`, or empty
        """
        if not self._uses_sms_outbox():
            return [""] * len(numbers)
        posts = [self.env["mail.message"].sudo()] * len(numbers)
        answers = [answer] * len(numbers)
        chosen = self._choose_sms_senders(numbers, posts, answers=answers)
        return [
            "" if sender_id else self._find_sms_sender_refusal(number)
            for number, sender_id in zip(numbers, chosen, strict=True)
        ]

    def _find_sms_sender_refusal(self, number):
        """Return why no sender was chosen, of ``verdicts``; the outbox extends this.

        :param str number: E.164, or as given if it cannot be converted
        :return: empty where the company has no sender at all
        """
        return ""

    def _get_sms_footer_to(self, number, footer, lang):
        """Return a purpose's footer as sent to a number (E.164)."""
        if not footer or not self._uses_sms_outbox():
            return footer
        posts = [self.env["mail.message"].sudo()]
        [sender_id] = self._choose_sms_senders([number], posts)
        return self._get_sms_footer(sender_id, footer, lang)

    def _get_sms_footer(self, sender_id, footer, lang):
        """Return a purpose's footer in its sender's words; the outbox extends this.

        :param str footer: of the purpose, not empty
        """
        return footer
