# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from odoo import models
from odoo.tools import SQL, split_every

from ..models.core.bulk_insert import BULK_FROM

#: Records texted per batch; the memory is freed before the next batch.
BATCH_SIZE = 2000

#: Records rendered to find a long text for a test.
TESTED = 50

#: A field of the record in a template's text.
FIELD_IN_TEXT = re.compile(r"\bobject\.(\w+)")
#: Fields that Odoo and the gate read of texted records or contacts.
READ_FIELDS = ("phone_sanitized", "company_id", "lang", "tz", "country_id", "state_id")


class SeenNumbers:
    """The numbers that already have a row of a mass message, over all batches."""

    def __init__(self):
        self.numbers = set()


class SmsComposer(models.TransientModel):
    """Sends mass messages to very many recipients in batches.

    The result is the same as Odoo's, whose own code takes time that grows with the
    square of the number of recipients, and memory for all of them at once.
    """

    _inherit = "sms.composer"

    def _action_send_sms_mass(self, records=None):
        """Process a long list in batches, except for mailings.

        A mailing looks up whom it has reached before, which takes as long per batch as
        for the whole list.
        """
        records = records if records is not None else self._get_records()
        if len(records) <= BATCH_SIZE or self._is_mailing():
            return super()._action_send_sms_mass(records)
        composer = self.with_context(sms_seen_numbers=SeenNumbers())
        message_ids = []
        for ids in split_every(BATCH_SIZE, records.ids):
            batch = records.browse(ids)
            message_ids += super(SmsComposer, composer)._action_send_sms_mass(batch).ids
            self.env.flush_all()
            self.env.invalidate_all(flush=False)
        return self.env["sms.sms"].sudo().browse(message_ids)

    def action_sms_test_text(self):
        """Open the form to text it to oneself, rendered for one of the recipients.

        The one with the longest text among the first :data:`TESTED`.
        """
        self.ensure_one()
        records = (self._get_records() or self.env["res.partner"])[:TESTED]
        bodies = self._prepare_body_values(records).values()
        body = max(bodies, key=len, default=self.body or "")
        return self.env["sms.test.text"]._open(
            "\n".join(filter(None, (body, self.sms_footer))),
            company_id=self._get_sms_company().id,
            back_ref=f"{self._name},{self.id}",
        )

    def _prepare_mass_sms_values(self, records):
        """Prefetch only the needed fields; Odoo would read all of them."""
        if len(records) < BULK_FROM:
            return super()._prepare_mass_sms_values(records)
        names = {
            records._rec_name,
            *READ_FIELDS,
            *FIELD_IN_TEXT.findall(self.body or ""),
            *records._phone_get_number_fields(),
            *records._mail_get_partner_fields(),
        }
        known = {name: records._fields[name] for name in names & records._fields.keys()}
        records.fetch(
            [name for name, it in known.items() if it.store and it.column_type]
        )
        return super()._prepare_mass_sms_values(records)

    def _get_done_record_ids(self, records, recipients_info):
        """Return the records whose number already has a message, by a set lookup.

        Odoo compares each number with all others. Its method is still called, without
        records, for apps that extend it (mailings: whom they have reached before).
        """
        seen = self.env.context.get("sms_seen_numbers")
        numbers = seen.numbers if isinstance(seen, SeenNumbers) else set()
        done_ids = []
        for record_id in records.ids:
            number = recipients_info[record_id]["sanitized"]
            if number in numbers:
                done_ids.append(record_id)
            numbers.add(number)
        none = records.browse()
        return done_ids + super()._get_done_record_ids(none, recipients_info)

    def _get_blacklist_record_ids(self, records, recipients_info):
        """Query these numbers only; Odoo compares each with the whole blacklist."""
        if not self.use_exclusion_list:
            return []
        numbers = {recipients_info[it]["sanitized"] for it in records.ids} - {False}
        self.env["phone.blacklist"].flush_model(["number", "active"])
        rows = self.env.execute_query(
            SQL(
                "SELECT number FROM phone_blacklist WHERE active AND number = ANY(%s)",
                list(numbers),
            )
        )
        listed = {number for (number,) in rows}
        return [it for it in records.ids if recipients_info[it]["sanitized"] in listed]

    def _prepare_recipient_values(self, records):
        """Use the numbers already stored as E.164; let Odoo parse the others."""
        known = self._read_recipients(records)
        others = records.filtered(lambda record: record.id not in known)
        return {**known, **super()._prepare_recipient_values(others)}

    def _read_recipients(self, records):
        """Return Odoo's recipient values for records with a stored E.164 number."""
        fields = records._phone_get_number_fields()
        is_usual = self.number_field_name in (False, *fields) and len(fields) == 1
        if not is_usual or not isinstance(records, self.pool["mail.thread.phone"]):
            return {}
        [name] = fields
        partners = records._mail_get_partners()
        return {
            record.id: {
                "partner": partners[record.id][:1] or self.env["res.partner"],
                "sanitized": record.phone_sanitized,
                "number": record[name],
                "partner_store": False,
                "field_store": name,
            }
            for record in records
            if record.phone_sanitized
        }
