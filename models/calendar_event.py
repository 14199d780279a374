# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL, format_time

from ..tools import texts
from .sms_consent_search import SubjectColumns


class CalendarEvent(models.Model):
    """An appointment knows its customer and shows if they may be texted."""

    _name = "calendar.event"
    _inherit = ["calendar.event", "sms.consent.mixin"]

    sms_customer_id = fields.Many2one(
        "res.partner", compute="_compute_sms_customer_id", compute_sudo=True
    )
    sms_customer_name = fields.Char(compute="_compute_sms_customer_name")
    sms_start_time = fields.Char(compute="_compute_sms_start_time")

    @api.depends("partner_ids")
    def _compute_sms_customer_id(self):
        """Take the first attendee who is not one of us."""
        for event in self:
            customers = event.partner_ids.filtered(
                lambda partner: all(user.share for user in partner.user_ids)
            )
            event.sms_customer_id = customers[:1]

    @api.depends("partner_ids.name")
    def _compute_sms_customer_name(self):
        for event in self:
            event.sms_customer_name = event.sms_customer_id.name or self.env._("there")

    @api.depends("start", "event_tz", "partner_ids.tz")
    def _compute_sms_start_time(self):
        """Tell the hour where the customer is, in their language."""
        for event in self:
            customer = event.sms_customer_id
            tz = customer.tz or event.event_tz or event.user_id.tz or "UTC"
            if not event.start:
                event.sms_start_time = False
                continue
            start = fields.Datetime.context_timestamp(
                event.with_context(tz=tz), event.start
            )
            event.sms_start_time = texts.plain_spaces(
                format_time(
                    self.env,
                    start.time(),
                    time_format="short",
                    lang_code=customer.lang,
                )
            )

    def _get_sms_subject_fields(self):
        return ("partner_ids.phone_sanitized",)

    def _get_sms_subjects(self):
        """Mean the customer's number, for appointments, in the current company."""
        company = self.env.company
        purpose = self.env["sms.purpose.rule"]._find_for_model(company, self._name)
        return {
            event.id: (company, event.sms_customer_id.phone_sanitized, purpose)
            for event in self
        }

    def _get_sms_subject_columns(self, alias):
        """Find the customer as :meth:`_compute_sms_customer_id` does."""
        self.env["res.partner"].flush_model(["phone_sanitized", "complete_name"])
        self.env["res.users"].flush_model(["partner_id", "share", "active"])
        number = SQL(
            """(
                SELECT partner.phone_sanitized
                  FROM calendar_event_res_partner_rel attendee
                  JOIN res_partner partner ON partner.id = attendee.res_partner_id
                 WHERE attendee.calendar_event_id = %s AND partner.active
                   AND NOT EXISTS (
                       SELECT FROM res_users "user"
                        WHERE "user".partner_id = partner.id
                          AND "user".active AND NOT "user".share
                   )
              ORDER BY partner.complete_name, partner.id DESC
                 LIMIT 1
            )""",
            SQL.identifier(alias, "id"),
        )
        company = self.env.company
        purpose = self.env["sms.purpose.rule"]._find_for_model(company, self._name)
        return SubjectColumns(SQL("%s", company.id), number, SQL("%s", purpose.id))

    def _get_sms_typed_number(self):
        return self.sms_customer_id.phone

    @api.model
    def mail_allowed_qweb_expressions(self):
        """Let managers write templates with what is safe to tell a customer."""
        return super().mail_allowed_qweb_expressions() + (
            "object.sms_customer_id.lang",
            "object.sms_customer_name",
            "object.sms_start_time",
            "object.sms_preference_url",
            "object.location",
        )
