# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from ..providers import PROVIDERS
from ..tools import gate, zones
from ..tools.quiet_hours import CLOSED, Rule
from .sms_quiet_hours import to_minutes

WEEKDAYS, EVERY_DAY = COURTESY_DAYS = ("weekdays", "all")


class ResCompany(models.Model):
    """The house's own hours, and where the company is."""

    _inherit = "res.company"

    sms_courtesy_days = fields.Selection(
        [(WEEKDAYS, "Monday to Friday"), (EVERY_DAY, "Every day")],
        string="Business Days for Texts",
        required=True,
        default=WEEKDAYS,
    )
    sms_courtesy_from = fields.Float("Business Hours for Texts From", default=8)
    sms_courtesy_to = fields.Float("Business Hours for Texts Until", default=20)
    sms_quiet_hours = fields.Boolean(
        "Quiet Hours on Odoo's Own Provider",
        help="Where only an opt-out blocks and Odoo's own provider sends, messages of "
        "other apps leave at any hour unless this is set. Everywhere else quiet hours "
        "always hold.",
    )

    _sms_courtesy_hours_valid = models.Constraint(
        "CHECK (sms_courtesy_from >= 0 AND sms_courtesy_from < sms_courtesy_to "
        "AND sms_courtesy_to <= 24)",
        "Business hours lie between 0:00 and 24:00, and the first before the last.",
    )

    def _keeps_quiet_hours(self):
        """Tell if quiet hours and daily limits hold for this company's messages.

        A company that is left as it was (only an opt-out blocks, Odoo's own provider)
        keeps its apps' behaviour until it asks for more.
        """
        self.ensure_one()
        company_sudo = self.sudo()
        is_left_alone = (
            company_sudo.sms_provider not in PROVIDERS
            and company_sudo.sms_consent_policy == gate.POLICY_OPT_OUT
        )
        return company_sudo.sms_quiet_hours or not is_left_alone

    def _get_sms_courtesy_rule(self, quiet_class):
        """Return the company's own hours as a rule for a class of messages."""
        company_sudo = self.sudo()
        start, end = company_sudo.sms_courtesy_from, company_sudo.sms_courtesy_to
        hours = (to_minutes(start), to_minutes(end))
        at_weekends = hours if company_sudo.sms_courtesy_days == EVERY_DAY else CLOSED
        return Rule(
            quiet_class,
            weekdays=hours,
            saturday=at_weekends,
            sunday=at_weekends,
            name=self.env._("Business hours of %s", company_sudo.name),
        )

    def _get_sms_place(self):
        """Return where the company is, for people who could be anywhere.

        :rtype: tools.zones.Place
        """
        partner_sudo = self.sudo().partner_id
        country = partner_sudo.country_id or self.sudo().country_id
        return zones.locate_company(
            partner_sudo.tz,
            country.code,
            partner_sudo.state_id.code,
            partner_sudo.phone_sanitized,
        )
