# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
from urllib.parse import unquote

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import phone

#: Context key of found appointments: the numbers to erase in them.
NUMBERS_KEY = "sms_forgotten_numbers"
#: A link to call a number, as Odoo writes it into an appointment.
CALL_LINK = re.compile(r"<a\b[^>]*?\bhref=[\"']tel:([^\"']*)[^>]*>.*?</a>", re.DOTALL)


class CalendarEvent(models.Model):
    """Erases numbers that Odoo has copied into appointments.

    A new appointment gets its customer's contact details in its description, and with
    it its invitations and their calendar files.
    """

    _inherit = "calendar.event"
    _personal_company = "sms_company_id"
    _forgets_last = True

    @api.model
    def _find_personal(self, company, numbers):
        """Return the appointments with a link to call one of the numbers."""
        self.flush_model(["description", "partner_ids"])
        self.env["mail.message"].flush_model(["body"])
        self.env["res.partner"].flush_model(["phone_sanitized"])
        events = self.with_context(active_test=False, **{NUMBERS_KEY: numbers})
        events = events.search(
            Domain(self._personal_company, "=", company.id)
            & Domain.custom(
                to_sql=lambda _model, alias, _query: self._get_call_sql(alias, numbers)
            )
        )
        messages = events._get_sms_messages()
        told = {it.res_id for it in messages if events._has_sms_link(it.body)}
        return events.filtered(
            lambda event: event.id in told or event._has_sms_link(event.description)
        )

    @api.model
    def _get_call_sql(self, alias, numbers):
        """Return the condition for events that may contain a copy of a number.

        An invitation may still have it after the description has lost it. Invitations
        are many and long, so only those of the contacts' appointments are searched.
        """
        condition = r"""
            (regexp_replace(%(description)s, '\D', '', 'g') LIKE ANY(%(tails)s)
            OR %(id)s IN (
                SELECT message.res_id
                  FROM res_partner partner
                  JOIN calendar_event_res_partner_rel invited
                    ON invited.res_partner_id = partner.id
                  JOIN mail_message message
                    ON message.model = 'calendar.event'
                   AND message.res_id = invited.calendar_event_id
                 WHERE partner.phone_sanitized = ANY(%(numbers)s)
                   AND regexp_replace(message.body, '\D', '', 'g') LIKE ANY(%(tails)s)))
        """
        columns = {it: SQL.identifier(alias, it) for it in ("id", "description")}
        tails = [f"%{phone.get_tail(number)}%" for number in numbers]
        return SQL(condition, numbers=numbers, tails=tails, **columns)

    def _describe_personal(self):
        return [(len(self), self.env._("Appointments: the number in their details"))]

    def _forget(self):
        """Remove the number, and delete the calendar files of the invitations."""
        messages = self._get_sms_messages()
        mails = self.env["mail.mail"].search([("mail_message_id", "in", messages.ids)])
        silent = self.with_context(dont_notify=True, tracking_disable=True)
        silent._drop_sms_links(silent, "description")
        self._drop_sms_links(messages, "body")
        self._drop_sms_links(mails, "body_html")
        files = messages.attachment_ids
        files.filtered(lambda file: file.mimetype == "text/calendar").unlink()

    def _get_sms_messages(self):
        """Return all messages; ``message_ids`` would leave out the invitations."""
        domain = [("model", "=", self._name), ("res_id", "in", self.ids)]
        return self.env["mail.message"].search(domain)

    def _has_sms_link(self, html):
        return any(map(self._is_sms_link, CALL_LINK.finditer(html or "")))

    def _is_sms_link(self, link):
        called = unquote(link[1])
        numbers = self.env.context.get(NUMBERS_KEY, ())
        return any(phone.is_written(called, number) for number in numbers)

    def _drop_sms_links(self, records, name):
        for record in records.filtered(lambda it: self._has_sms_link(it[name])):
            record[name] = CALL_LINK.sub(
                lambda link: "" if self._is_sms_link(link) else link[0], record[name]
            )
