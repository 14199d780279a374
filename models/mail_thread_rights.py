# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class MailThread(models.AbstractModel):
    """What a user posts as a text is theirs to send: nobody else's door leads past it.

    Odoo takes numbers to text with every kind of message, from any client, and posts
    to any record that the user can read.
    """

    _inherit = "mail.thread"

    def _notify_thread(self, message, msg_vals=False, **kwargs):
        """Ask for the right to text before anybody is told, now or at a set time."""
        msg_vals = msg_vals or {}
        numbers = [number for number in kwargs.get("sms_numbers") or [] if number]
        by_partner = kwargs.get("sms_pid_to_number") or {}
        is_text = msg_vals.get("message_type") == "sms"
        partner_ids = list(msg_vals.get("partner_ids") or []) if is_text else []
        if not self.env.su and (numbers or partner_ids):
            record = self._get_texted_record(msg_vals)
            typed = numbers + [
                by_partner[pid] for pid in partner_ids if pid in by_partner
            ]
            record._check_sms_rights(partner_ids, numbers, typed)
        return super()._notify_thread(message, msg_vals=msg_vals or False, **kwargs)

    def _get_texted_record(self, msg_vals):
        """Return the record that a message is posted on.

        ``message_notify`` may be called on no record and told of one by name.
        """
        model = self.env.get(msg_vals.get("model") or "")
        if self or model is None or not isinstance(model, self.pool["mail.thread"]):
            return self
        return model.browse(msg_vals.get("res_id"))

    def _check_sms_rights(self, partner_ids, numbers, typed):
        """Refuse texts that the user may not send from this record.

        :param partner_ids: ids of contacts to text
        :param numbers: numbers to text beside them
        :param typed: all numbers that the caller named
        :raises AccessError: without the right to text any number, or so many people
        :raises UserError: over the daily limit
        """
        company = self._get_sms_sending_company()
        if not self._has_sms_limits(company):
            return
        user = self.env.user
        user._check_may_text_many(company, len(partner_ids) + len(numbers))
        may_type = not typed or user._may_text_any_number(company)
        if not may_type and set(typed) - self._get_sms_own_numbers(partner_ids):
            user._check_may_text_any_number(company)

    def _get_sms_sending_company(self):
        """Return the company of the record, else the current one."""
        if not self:
            return self.env.company
        return self._mail_get_companies(default=self.env.company)[self.id]

    def _has_sms_limits(self, company):
        """Tell if rights and daily limits hold for what people text from here."""
        return company._restricts_texting()

    def _get_sms_own_numbers(self, partner_ids):
        """Return the numbers of the record and of its contacts, as they may be named.

        :return: set of numbers, as stored and in E.164
        """
        fields_here = self._phone_get_number_fields() if self else []
        holders = [(self, name) for name in fields_here if name in self._fields]
        partners = self.env["res.partner"].browse(partner_ids)
        partners += self._mail_get_partners()[self.id] if self else partners.browse()
        holders += [(partner, "phone") for partner in partners]
        own = set()
        for record, name in holders:
            own |= {record[name], record._phone_format(fname=name)}
        return own
