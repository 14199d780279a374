# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict

from odoo import api, fields, models

from ..tools import gate, verdicts
from .res_partner_reader import NOBODY
from .sms_gate import GateQuestion
from .sms_purpose import MARKETING
from .sms_sms_timing import FAR

NOTHING, REFUSED = frozenset(), frozenset([verdicts.REFUSED_BY_APP])


class SmsSms(models.Model):
    """What the gate says of a message, when it is made and when it shall leave."""

    _inherit = "sms.sms"

    @api.model
    def _prepare_gate(self, vals_list, batch):
        """Ask the gate about new messages and put its answers into their values.

        :param IntakeBatch batch: what they share
        """
        now = fields.Datetime.now()
        questions = [
            GateQuestion(
                vals["record_company_id"],
                vals.get("number"),
                vals["purpose_id"],
                vals.get("exemption"),
                vals["is_personal"],
                reader=batch.get_reader(vals),
                send_at=vals.get("send_at"),
                expires_at=vals.get("expires_at"),
                key=vals["uuid"],
                keeps_hours=bool(vals.get("keeps_hours")),
                is_unmapped=bool(vals.get("is_unmapped")),
                standing=(
                    NOTHING if vals.get("state", "outgoing") == "outgoing" else REFUSED
                ),
            )
            for vals in vals_list
        ]
        decisions = self.env["sms.gate"]._decide(questions)
        known = {}
        for vals, (decision, event_id) in zip(vals_list, decisions, strict=True):
            key = (id(decision), event_id)  # messages that are alike share one
            if key not in known:
                known[key] = self._get_gate_values(decision, event_id, now)
            vals.update(known[key])

    @api.model
    def _get_gate_values(self, decision, event_id, now):
        """Return the fields that store a decision on a row. Nothing else writes them.

        What an app has refused keeps the state and the failure that the app gave it.

        :param event_id: consent event or False; None: the ledger was not asked, and
            what it has said before stays
        :param datetime now: when it was made (UTC)
        """
        values = {
            "gate_verdict": decision.verdict,
            "gate_reason": decision.reason,
            "gate_checked_at": now,
        }
        if event_id is not None:
            values["consent_event_id"] = event_id
            values["inbound_id"] = decision.text and decision.text.inbound_id
            values.update(self._get_time_values(decision))
        if decision.verdict == verdicts.HOLD:
            values["not_before"] = decision.until or FAR
        is_ours = decision.reason != verdicts.REFUSED_BY_APP
        if decision.verdict == verdicts.BLOCK and is_ours:
            values["state"] = "canceled"
            values["failure_type"] = verdicts.FAILURE_TYPES.get(decision.reason, False)
        return values

    @api.model
    def _get_standing_values(self, reason):
        """Return the fields that store what a reason decides, whoever gets a message.

        :param str reason: one of :data:`verdicts.STANDING`
        """
        decision = gate.decide(gate.Facts(standing=frozenset([reason])))
        return self._get_gate_values(decision, None, fields.Datetime.now())

    def _get_question(self, readers, **others):
        """Return what the gate is asked about a stored message.

        :param Readers readers: the contacts, that of the message among them
        :param others: further fields of the question
        :rtype: GateQuestion
        """
        self.ensure_one()
        return GateQuestion(
            self._get_sms_company().id,
            self.number,
            self.purpose_id.id or self.env["sms.purpose"]._get(MARKETING).id,
            self.exemption,
            self.is_personal,
            # Not in the cache of a message that was just made: no query for others.
            self.create_date if self.is_personal or self.exemption else None,
            reader=readers.get(self.partner_id.id, NOBODY),
            send_at=self.send_at,
            expires_at=self.expires_at,
            key=self.uuid,
            keeps_hours=self.keeps_hours,
            is_unmapped=self.is_unmapped,
            **others,
        )

    def _get_gate_standing(self):
        """Return what decides on stored messages, whoever gets them. Rooms add to it.

        :return: ``{message id: set of reasons of verdicts.STANDING}``
        """
        return {sms.id: set() for sms in self}

    def _ask_gate(self):
        """Ask the gate again about waiting messages; store what it says.

        :return: those that may leave now
        """
        standing = self._get_gate_standing()
        readers = self.filtered(lambda sms: not standing[sms.id]).partner_id
        readers = readers._get_sms_readers()
        questions = [
            sms._get_question(
                readers, sms_id=sms.id, standing=frozenset(standing[sms.id])
            )
            for sms in self
        ]
        decided = self.env["sms.gate"]._decide(questions)
        self._store_decisions(decided)
        decisions = {
            sms.id: decision
            for sms, (decision, _event_id) in zip(self, decided, strict=True)
        }
        self._after_decision(decisions)
        return self._filter_decided(decisions, verdicts.SEND)

    def _store_decisions(self, decided):
        """Store what the gate says. Mostly it is what it has said before.

        :param decided: list of ``(Decision, consent event id)``, in order
        """
        now = fields.Datetime.now()
        self.gate_checked_at = now
        alike = defaultdict(list)
        for sms, (decision, event_id) in zip(self, decided, strict=True):
            values = self._get_gate_values(decision, event_id, now)
            if decision.until:
                values["tried_at"] = sms._get_first_try(decision.until)
            changed = tuple(
                (name, value)
                for name, value in values.items()
                if (sms._fields[name].convert_to_write(sms[name], sms) or False)
                != (value or False)
            )
            alike[changed].append(sms.id)
        for changed, sms_ids in alike.items():
            if changed:
                self.browse(sms_ids).write(dict(changed))

    def _filter_decided(self, decisions, verdict):
        """Return the messages with a verdict.

        :param dict decisions: ``Decision`` by message id
        """
        return self.filtered(lambda sms: decisions[sms.id].verdict == verdict)

    def _after_decision(self, decisions):
        """Do what follows from decisions on waiting messages. Rooms add to it.

        :param dict decisions: ``Decision`` by message id
        """
        self._filter_decided(decisions, verdicts.BLOCK)._update_trackers()
        held = self._filter_decided(decisions, verdicts.HOLD)
        held.filtered(lambda sms: decisions[sms.id].until)._wake_when_due()
        held._notify_changed()

    def _notify_changed(self):
        """Tell who looks at messages that they have changed. Rooms add to it."""
