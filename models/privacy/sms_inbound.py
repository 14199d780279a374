# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import html2plaintext

#: Fields that identify the sender or contain their words. The carrier's id stays, so
#: that a repeated webhook is recognized and does not restore the text.
PERSONAL_FIELDS = ("number", "body", "raw", "partner_id", "error", "media_note")
#: Types of messages that nobody has written.
AUTOMATIC = ("user_notification", "notification", "email_outgoing", "auto_comment")


class SmsInbound(models.Model):
    """Erases the person from received texts, and keeps the other facts."""

    _inherit = "sms.inbound"
    _kept_since = "received_at"
    _remembered = Domain("erased_at", "=", False)

    erased_at = fields.Datetime(
        "Erased On", readonly=True, help="Number and content were erased."
    )

    @api.model
    def _get_overdue_domain(self, company, limits):
        reviewed = self.env["sms.consent.review"]._get_open_numbers(company)
        overdue = super()._get_overdue_domain(company, limits)
        return overdue & Domain("number", "not in", reviewed)

    def _describe_personal(self):
        copies = self.mail_message_id._filter_sms()
        removed = self.env["sms.redaction"]._count_for(self, "company_id")
        return [
            (len(self), self.env._("Texts received")),
            (len(copies), self.env._("Their copies in the chatter")),
            (len(self.attachment_ids), self.env._("Pictures and files received")),
            (removed, self.env._("Received texts at the carrier: removed there next")),
        ]

    def _forget(self):
        rows = self.filtered(lambda inbound: not inbound.erased_at)
        messages = rows.mail_message_id
        self.env["sms.redaction"]._queue_received(rows)
        rows.attachment_ids.unlink()
        self.env["sms.media"].search([("inbound_id", "in", rows.ids)]).unlink()
        rows._forget_tickets()
        rows._empty(PERSONAL_FIELDS, erased_at=fields.Datetime.now())
        self.env["sms.consent"]._forget_answers()
        messages._forget_sms_text()

    def _forget_tickets(self):
        """Remove the words from tickets created from these texts, if unedited."""
        for inbound in self.filtered("has_made_ticket"):
            ticket = inbound.ticket_id
            erased = {
                "name": self.env._("Text message"),
                "description": Markup("<p><em>%s</em></p>")
                % self.env._("This text was erased."),
            }
            for name, words in inbound._get_ticket_words().items():
                # Compared as plain text, since the field sanitizes HTML.
                if ticket and html2plaintext(ticket[name]) == html2plaintext(words):
                    if name == "name":
                        self._forget_title(ticket)
                    ticket.with_context(tracking_disable=True)[name] = erased[name]

    def _forget_title(self, ticket):
        """Erase what was told automatically with a title, and Odoo's copies of it."""
        about = [("model", "=", ticket._name), ("res_id", "=", ticket.id)]
        about.append(("message_type", "in", AUTOMATIC))
        told = self.env["mail.message"].search(about)
        told.filtered(
            lambda it: ticket.name in f"{it.subject} {html2plaintext(it.body)}"
        )._empty_sms_copies(subject=False)
        about = [("res_model", "=", ticket._name), ("res_id", "=", ticket.id)]
        for name in ("mail.activity", "rating.rating"):
            copies = self.env[name].with_context(active_test=False).search(about)
            self.env.add_to_compute(copies._fields["res_name"], copies)

    def _forget_raw(self):
        """Erase the raw form of the texts; their bodies are kept."""
        self._empty(("raw",))
