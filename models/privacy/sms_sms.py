# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain

from ...tools import verdicts
from ..message.sms_sms import IN_FLIGHT

#: Fields that identify or describe the recipient. The others are anonymous facts:
#: purpose, state, times, segments, the event that allowed it.
PERSONAL_FIELDS = ("number", "body", "partner_id", "carrier_detail")
#: Texts in these states are exempt from retention, since they would not arrive.
UNSETTLED_STATES = ("outgoing", "process")


class SmsSms(models.Model):
    """Erases the person from outgoing texts, and keeps the other facts.

    An erased row is final: a waiting text is cancelled, a posted one may still get its
    delivery report, and nothing restores its content.
    """

    _name = "sms.sms"
    _inherit = ["sms.sms", "sms.personal.data"]
    _personal_company = "record_company_id"
    _kept_since = "create_date"
    _remembered = Domain("erased_at", "=", False)

    gate_reason = fields.Selection(
        selection_add=[(verdicts.ERASED, "The person was erased: nothing can be sent")]
    )
    erased_at = fields.Datetime(
        "Erased On", readonly=True, copy=False, help="Number and content were erased."
    )

    _consent_event_index = models.Index(
        "(consent_event_id) WHERE consent_event_id IS NOT NULL"
    )

    def write(self, vals):
        """Keep erased rows empty, even if the carrier reports the number later."""
        is_personal = vals.keys() & set(PERSONAL_FIELDS)
        if is_personal and (erased := self.filtered("erased_at")):
            facts = {k: v for k, v in vals.items() if k not in PERSONAL_FIELDS}
            super(SmsSms, erased).write(facts)
            return super(SmsSms, self - erased).write(vals)
        return super().write(vals)

    def _get_gate_standing(self):
        """Add the verdict for erased texts, which have no recipient."""
        standing = super()._get_gate_standing()
        for sms in self:
            if sms.erased_at:
                standing[sms.id].add(verdicts.ERASED)
        return standing

    @api.model
    def _get_overdue_domain(self, company, limits):
        reviewed = self.env["sms.consent.review"]._get_open_numbers(company)
        overdue = super()._get_overdue_domain(company, limits)
        overdue &= Domain("state", "not in", UNSETTLED_STATES)
        return overdue & Domain("number", "not in", reviewed)

    def _describe_personal(self):
        waiting = self.filtered(lambda sms: sms.state == "outgoing")
        copies = self.mail_message_id._filter_sms_of(self)
        taken = self.filtered(lambda sms: sms.carrier_id or sms.state in IN_FLIGHT)
        removed = self.env["sms.redaction"]._count_for(taken, "record_company_id")
        return [
            (len(self), self.env._("Texts sent, or to be sent")),
            (len(waiting), self.env._("Of these texts, waiting: they are cancelled")),
            (len(copies), self.env._("Their copies in the chatter")),
            (removed, self.env._("Of these texts, at the carrier: removed there next")),
            (len(self._get_own_files()), self.env._("Pictures and files sent")),
        ]

    def _forget(self):
        """Empty the rows, their notifications, and copies and files in the chatter."""
        files, messages = self._get_own_files(), self.mail_message_id
        if rows := self.filtered(lambda sms: not sms.erased_at):
            rows._forget_words()
        messages._forget_sms_attachments(files.exists())

    def _get_own_files(self):
        """Return the pictures and files that nobody else was sent."""
        files = self.attachment_ids
        others = [("attachment_ids", "in", files.ids), ("erased_at", "=", False)]
        others.append(("id", "not in", self.ids))
        return files - self.search(others).attachment_ids

    def _forget_words(self):
        """Empty the rows and all records derived from them; cancel waiting texts."""
        waiting = self.filtered(lambda sms: sms.state == "outgoing")
        messages = self.mail_message_id
        own = [("sms_id_int", "in", self.ids)]
        notifications = self.env["mail.notification"].search(own)
        self.env["sms.redaction"]._queue_sent(self)
        # Written by SQL: the segments that were paid for are not computed again.
        facts = {"erased_at": fields.Datetime.now(), "ticket_waited_since": None}
        self._empty(PERSONAL_FIELDS, **facts)
        self.report_ids._forget_raw()
        if "mailing.trace" in self.env:
            self.env["mailing.trace"].search(own).write({"sms_number": False})
        notifications._forget()
        messages._forget_sms_text()
        # Last, since it notifies open screens, which must not get the content again.
        waiting._ask_gate()
        self.env["helpdesk.ticket"]._note_sms_texts(self.ids)
