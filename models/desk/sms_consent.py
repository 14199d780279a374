# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict

from odoo import api, models

from ...tools import TICKET_MODEL
from .helpdesk_ticket_thread import EVENT


class SmsConsent(models.Model):
    """Shows consent events on open conversations, whatever their source."""

    _inherit = "sms.consent"

    @api.model
    def _after_answers(self, change):
        """Notify the conversations of all numbers of a batch, with one query."""
        result = super()._after_answers(change)
        text_ids = {(change.company.id, it): [] for it in change.numbers.values()}
        acts = defaultdict(set)
        for values in change.events:
            act = change.numbers[values["number_hash"]], values.get("evidence_id")
            acts[act].add((values["event"], values["id"]))
        for (number, _evidence_id), said in acts.items():
            first = {event: row_id for event, row_id in sorted(said, reverse=True)}
            text_ids[change.company.id, number] += [
                f"{EVENT}-{row_id}" for row_id in first.values()
            ]
        self.env[TICKET_MODEL]._notify_sms_number_desks(text_ids)
        return result
