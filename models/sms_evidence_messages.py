# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain

from ..tools import evidence

#: Rows that are read at once.
BATCH_SIZE = 2000

#: What is read of a message, by its name in the documents.
MESSAGE_FIELDS = {
    "id": "id",
    "made_at": "create_date",
    "handed_over_at": "sent_at",
    "number": "number",
    "body": "body",
    "state": "shown_state",
    "reason": "shown_reason",
    "decision": "gate_verdict",
    "decision_reason": "gate_reason",
    "decided_at": "gate_checked_at",
    "exemption": "exemption",
    "segments": "segment_count",
    "encoding": "encoding",
    "carrier": "provider",
    "carrier_id": "carrier_id",
    "carrier_code": "carrier_code",
    "erased_at": "erased_at",
}
RECEIVED_FIELDS = {
    "id": "id",
    "received_at": "received_at",
    "number": "number",
    "to_number": "to_number",
    "body": "body",
    "kind": "kind",
    "answered_by_carrier": "opt_out_type",
    "carrier": "provider",
    "carrier_id": "provider_sid",
}


class SmsSms(models.Model):
    """What evidence is looked up by: a number, and a consent."""

    _inherit = "sms.sms"

    _consent_event_index = models.Index(
        "(consent_event_id) WHERE consent_event_id IS NOT NULL"
    )


class SmsEvidence(models.AbstractModel):
    """What was sent and received: texts as they were, and what was decided."""

    _inherit = "sms.evidence"

    @api.model
    def _get_messages_domain(self, company, numbers, event_ids):
        """Return the domain of the messages to some numbers, or under some events.

        The events find also those whose number was erased.
        """
        return Domain("record_company_id", "=", company.id) & (
            Domain("number", "in", numbers)
            | Domain("consent_event_id", "in", event_ids)
        )

    @api.model
    def _iter_messages(self, domain):
        """Yield messages sent and blocked, oldest first, a batch at a time."""
        names = [*MESSAGE_FIELDS.values(), "purpose_id", "consent_event_id"]
        codes = self._get_purpose_codes()
        for values in self._iter_rows("sms.sms", domain, names):
            row = _rename(values, MESSAGE_FIELDS)
            row["purpose"] = codes.get(values["purpose_id"])
            row["consent_event_id"] = values["consent_event_id"] or None
            yield row

    @api.model
    def _iter_received(self, domain):
        """Yield received texts, oldest first, a batch at a time."""
        names = list(RECEIVED_FIELDS.values())
        for values in self._iter_rows("sms.inbound", domain, names):
            yield _rename(values, RECEIVED_FIELDS)

    @api.model
    def _iter_rows(self, model_name, domain, names):
        """Yield the values of the rows of a model, and forget each batch.

        Who may take evidence out was checked, and the domain names the company: in the
        lists officers do not see the numbers that a document must have.
        """
        model_sudo, last_id = self.env[model_name].sudo(), 0
        while records_sudo := model_sudo.search_fetch(
            Domain(domain) & Domain("id", ">", last_id),
            [name for name in names if model_sudo._fields[name].store],
            limit=BATCH_SIZE,
            order="id",
        ):
            yield from records_sudo.read(names, load=None)
            last_id = records_sudo[-1].id
            model_sudo.invalidate_model()

    @api.model
    def _get_purpose_codes(self):
        """Return ``{purpose id: code}``."""
        purposes = self.env["sms.purpose"].with_context(active_test=False).search([])
        return {purpose.id: purpose.code for purpose in purposes}


def _rename(values, names):
    """Return a row by the names that it has in the documents."""
    return {name: evidence.plain(values[field]) for name, field in names.items()}
