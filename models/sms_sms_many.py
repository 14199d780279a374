# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import NamedTuple

from odoo import api, models
from odoo.tools import split_every

from .res_partner_reader import NOBODY

#: Messages that are made at once: what they need in memory is gone before the next.
BATCH_SIZE = 4000


class Recipient(NamedTuple):
    """Who gets one of many messages: a contact, a number, or both.

    Without a number it is the contact's own. Without a text of its own it gets that of
    its reader's language.
    """

    partner_id: int = 0
    number: str = ""
    body: str = ""


class SmsSms(models.Model):
    """The way in for lists: one message to each of very many people."""

    _inherit = "sms.sms"

    @api.model
    def _queue_many(self, company, purpose, recipients, bodies=(), **values):
        """Make a message to each recipient, batch by batch, each number once.

        What :meth:`create` decides for one is decided for each: footer, number, gate,
        hours. Who has no number, or that of somebody before them, gets a row that says
        so. A generator: the caller commits between two batches, or not.

        :param company: ``res.company`` that sends
        :param purpose: ``sms.purpose``
        :param recipients: iterable of :class:`Recipient`, or ``res.partner``
        :param bodies: dict of texts by language code; the first is for who reads none
            of these
        :param values: other fields of all messages, as ``create`` takes them
        :return: yields the ``sms.sms`` of one batch after the other
        """
        values.update(record_company_id=company.id, purpose_id=purpose.id)
        if isinstance(recipients, models.BaseModel):
            recipients = map(Recipient, recipients._ids)
        seen = set()
        messages_sudo = self.sudo().with_company(company)
        for batch in split_every(BATCH_SIZE, recipients, list):
            partner_ids = {row.partner_id for row in batch if row.partner_id}
            readers = self.env["res.partner"].browse(partner_ids)._get_sms_readers()
            vals_list = self._address_many(company, batch, readers, dict(bodies), seen)
            messages = messages_sudo.with_context(sms_readers=readers).create(
                [{**values, **vals} for vals in vals_list]
            )
            yield messages.with_env(messages_sudo.env)
            # What was read for this batch is of no use to the next.
            self.env.flush_all()
            self.env.invalidate_all(flush=False)

    @api.model
    def _address_many(self, company, recipients, readers, bodies, seen):
        """Return who gets what, as the values of messages.

        :param recipients: list of :class:`Recipient`
        :param Readers readers: the contacts among them
        :param dict bodies: texts by language code
        :param set seen: the numbers (E.164) that have a message already; new ones are
            added
        """
        default = next(iter(bodies.values()), "")
        vals_list = []
        for row in recipients:
            reader = readers.get(row.partner_id, NOBODY)
            number = row.number or reader.number
            vals = {
                "partner_id": reader.partner_id,
                "number": self._to_e164(number, reader, company),
                "body": row.body or bodies.get(reader.lang, default),
            }
            if vals["number"] in seen:
                vals.update(state="canceled", failure_type="sms_duplicate")
            elif vals["number"]:
                seen.add(vals["number"])
            vals_list.append(vals)
        return vals_list
