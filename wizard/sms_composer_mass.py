# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from odoo import models
from odoo.tools import SQL, split_every

from ..models.core.bulk_insert import BULK_FROM

#: Records that are texted at once; what they need in memory is gone before the next.
BATCH_SIZE = 2000

#: How many of them are rendered to find a long text.
TESTED = 50

#: A field of the record in a template's text.
FIELD_IN_TEXT = re.compile(r"\bobject\.(\w+)")
#: What Odoo and the gate ask of a record or a contact that is texted.
READ_FIELDS = ("phone_sanitized", "company_id", "lang", "tz", "country_id", "state_id")


class SeenNumbers:
    """The numbers to which a mass message has a row already, over all its batches."""

    def __init__(self):
        self.numbers = set()


class SmsComposer(models.TransientModel):
    """A mass message to very many: batch by batch, and nothing is looked for twice.

    What is sent is what Odoo sends. Its own way takes time that grows with the square
    of the recipients, and memory for all of them at once.
    """

    _inherit = "sms.composer"

    def _action_send_sms_mass(self, records=None):
        """Work off a long list in batches. A mailing keeps Odoo's one batch.

        It looks up whom it has reached before, which is as long as the list.
        """
        records = records if records is not None else self._get_records()
        if len(records) <= BATCH_SIZE or self._is_mailing():
            return super()._action_send_sms_mass(records)
        composer = self.with_context(sms_seen_numbers=SeenNumbers())
        message_ids = []
        for ids in split_every(BATCH_SIZE, records.ids):
            batch = records.browse(ids)
            messages = super(SmsComposer, composer)._action_send_sms_mass(batch)
            message_ids += messages.ids
            self.env.flush_all()
            self.env.invalidate_all(flush=False)
        return self.env["sms.sms"].sudo().browse(message_ids)

    def action_sms_test_text(self):
        """Open the form that texts it to oneself, as one of the people would read it.

        Of the first of them whose text is the longest.
        """
        self.ensure_one()
        records = (self._get_records() or self.env["res.partner"])[:TESTED]
        bodies = self._prepare_body_values(records).values()
        body = max(bodies, key=len, default=self.body or "")
        footer = self.sms_footer
        return self.env["sms.test.text"]._open(
            "\n".join(filter(None, (body, footer))),
            company_id=self._get_sms_company().id,
            back_ref=f"{self._name},{self.id}",
        )

    def _prepare_mass_sms_values(self, records):
        """Read of the records what is needed: Odoo would read all that they have."""
        if len(records) < BULK_FROM:
            return super()._prepare_mass_sms_values(records)
        names = {
            records._rec_name,
            *READ_FIELDS,
            *FIELD_IN_TEXT.findall(self.body or ""),
            *records._phone_get_number_fields(),
            *records._mail_get_partner_fields(),
        }
        records.fetch(
            [
                name
                for name in names & records._fields.keys()
                if records._fields[name].store and records._fields[name].column_type
            ]
        )
        return super()._prepare_mass_sms_values(records)

    def _get_done_record_ids(self, records, recipients_info):
        """Find those whose number has a message already, each by one look.

        Odoo compares each number with all others. An app that adds to its answer (a
        mailing: whom it has reached before) is still asked, and only for that.
        """
        seen = self.env.context.get("sms_seen_numbers")
        numbers = seen.numbers if isinstance(seen, SeenNumbers) else set()
        done_ids = []
        for record_id in records.ids:
            number = recipients_info[record_id]["sanitized"]
            if number in numbers:
                done_ids.append(record_id)
            numbers.add(number)
        return done_ids + super()._get_done_record_ids(
            records.browse(), recipients_info
        )

    def _get_blacklist_record_ids(self, records, recipients_info):
        """Ask for these numbers, where Odoo compares each with all of the blacklist."""
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
        """Take the numbers that the database has in E.164 already; read the others."""
        known = self._read_recipients(records)
        others = records.filtered(lambda record: record.id not in known)
        return {**known, **super()._prepare_recipient_values(others)}

    def _read_recipients(self, records):
        """Return Odoo's description of recipients whose number is known as E.164."""
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
