# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import escape_psql

from ...tools import phone
from ..consent.phone_blacklist import ERASURE
from ..dispatch.sms_webhook_event import TEXT
from ..inbound.sms_consent_review import OPEN
from .sms_consent_import import is_in_list


class BusBus(models.Model):
    """Erases bus messages, which keep for a day what screens were told of a text."""

    _name = "bus.bus"
    _inherit = ["bus.bus", "sms.personal.data"]
    _forgets_last = True
    _is_counted = False

    @api.model
    def _find_personal(self, company, numbers):
        """Return the messages whose JSON contains a number or the body of a text."""
        messages = self.env["mail.message"]
        for name in ("sms.sms", "sms.inbound"):
            texts = self.env[name]._find_personal(company, numbers)
            messages |= texts.mail_message_id._filter_sms()
        bodies = {json.dumps(str(body)) for body in messages.mapped("body") if body}
        said = map(escape_psql, (*numbers, *bodies))
        return self.search(Domain.OR(Domain("message", "like", it) for it in said))


class HelpdeskTicket(models.Model):
    """Erases the number of tickets; their other data is not ours."""

    _name = "helpdesk.ticket"
    _inherit = ["helpdesk.ticket", "sms.personal.data"]
    _personal_number = "partner_phone_sanitized"
    _forgets_last = True

    def _describe_personal(self):
        return [(len(self), self.env._("Tickets: the number on them"))]

    def _forget(self):
        """Empty the number; the contact's, if any, stays. Nobody waits for a text."""
        self.with_context(tracking_disable=True).partner_phone = False
        self._end_sms_waiting()
        self._end_sms_snooze()


class MailNotification(models.Model):
    """Erases the number of a text and the carrier's message from notifications."""

    _name = "mail.notification"
    _inherit = ["mail.notification", "sms.personal.data"]
    _personal_company = "mail_message_id.record_company_id"
    _personal_number = "sms_number"

    def _describe_personal(self):
        """Count the copies of texts whose own row Odoo has deleted once it was sent."""
        kept = self.env["sms.sms"].browse(self.mapped("sms_id_int")).exists()
        left = self.filtered(lambda it: it.sms_id_int not in kept._ids)
        label = self.env._("Copies in the chatter of texts that Odoo has deleted")
        return [(len(left.mail_message_id), label)]

    def _forget(self):
        # Without a number it is already erased, and has the gate's reason.
        named = self.filtered("sms_number")
        named.write({"sms_number": False, "failure_reason": False})
        self.mail_message_id._forget_sms_text()


class PhoneBlacklist(models.Model):
    """Erases numbers from Odoo's blacklist; the ledger blocks without them."""

    _inherit = "phone.blacklist"
    _forgets_last = True

    @api.model
    def _get_personal_domain(self, company, numbers):
        """Return the domain of the row that all companies share.

        Each of them has its own ledger to block the number.
        """
        return Domain("number", "in", numbers)

    def _describe_personal(self):
        count = len(self.filtered("active"))
        return [(count, self.env._("Phone blacklist: the ledger blocks from now on"))]

    def _forget(self):
        self.with_context(sms_erasure=ERASURE).unlink()


class SmsBroadcast(models.Model):
    """Deletes an uploaded list, not checked yet, when a person in it is erased."""

    _name = "sms.broadcast"
    _inherit = ["sms.broadcast", "sms.personal.data"]

    @api.model
    def _find_personal(self, company, numbers):
        own = Domain("company_id", "=", company.id)
        drafts = self.search(own & Domain("list_file", "!=", False))
        return drafts.filtered(lambda it: is_in_list(it.list_file, numbers))

    def _describe_personal(self):
        return [(len(self), self.env._("Uploaded lists, which are removed"))]

    def _forget(self):
        """Delete the list, and tell who has uploaded it why."""
        self.list_file = False
        note = self.env._(
            "It contained a person who has been erased since. Remove them from the "
            "list and upload it again."
        )
        for broadcast in self:
            uploader = broadcast.create_uid.partner_id
            broadcast.message_post(body=note, partner_ids=uploader.ids)


class SmsConsentPaperLine(models.Model):
    """Finds signed forms that are not recorded yet."""

    _inherit = "sms.consent.paper.line"

    @api.model
    def _find_personal(self, company, numbers):
        own = Domain("paper_id.company_id", "=", company.id)
        lines = self.search(own & Domain("number", "!=", False))
        return lines.filtered(
            lambda line: any(phone.is_written(line.number, n) for n in numbers)
        )

    def _describe_personal(self):
        label = self.env._("Paper forms not recorded yet, with their scan")
        return [(len(self), label)]


class SmsConsentReview(models.Model):
    """Erases the person from reviews, and keeps the decision."""

    _inherit = "sms.consent.review"
    _kept_since = "received_at"

    @api.model
    def _get_open_numbers(self, company):
        """Return the numbers under review, whose data retention must keep."""
        domain = Domain("company_id", "=", company.id) & Domain("state", "=", OPEN)
        return self.sudo().search(domain).mapped("number")

    @api.model
    def _get_overdue_domain(self, company, limits):
        overdue = super()._get_overdue_domain(company, limits)
        return overdue & Domain("state", "!=", OPEN)

    def _describe_personal(self):
        count = len(self.filtered(lambda review: review.state == OPEN))
        label = self.env._("Of these reviews, not decided: they count as opt-outs")
        return [
            (len(self), self.env._("Reviews of possible opt-outs")),
            (count, label),
        ]

    def _forget(self):
        """Empty the rows; delete chatter and activities, which quote the text.

        All messages, since ``message_ids`` leaves out those of activities.
        """
        about = [("model", "=", self._name), ("res_id", "in", self.ids)]
        self.env["mail.message"].search(about).unlink()
        self.with_context(active_test=False).activity_ids.unlink()
        silent = self.with_context(tracking_disable=True)
        silent.write(dict.fromkeys(("number", "body", "note", "reason"), False))


class SmsWebhookEvent(models.Model):
    """Erases carriers' unprocessed webhook events about a person."""

    _inherit = "sms.webhook.event"
    # Usually processed within seconds.
    _is_counted = False

    @api.model
    def _get_personal_domain(self, company, numbers):
        """Add the reports on texts to these numbers."""
        texts_sudo = self.env["sms.sms"].sudo()._find_personal(company, numbers)
        reports = Domain("company_id", "=", company.id)
        reports &= Domain("uuid", "in", texts_sudo.mapped("uuid"))
        return super()._get_personal_domain(company, numbers) | reports

    def _forget(self):
        """Erase events; of a text only the carrier's id stays, to detect repeats.

        A text that ends consent, or undoes that, is left: it will be recorded shortly,
        and must count.
        """
        texts = self.filtered(lambda it: it.kind == TEXT)
        holding = texts.filtered(lambda it: it._says_no())
        store = self.env["sms.inbound"]._store
        for event in texts - holding:
            store(event.company_id, event._parse_text(), event.received_at)._forget()
        return super(SmsWebhookEvent, self - holding)._forget()

    def _forget_raw(self):
        """Delete events that could not be processed."""
        self.unlink()
