# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..tools import exemptions, verdicts
from .res_partner_reader import NOBODY
from .sms_gate import GateQuestion
from .sms_purpose import MARKETING


class SmsSms(models.Model):
    """What the gate says of a message, when it is made and when it shall leave."""

    _inherit = "sms.sms"

    @api.model
    def _prepare_gate(self, vals_list, batch):
        """Ask the gate about new messages and put its answers into their values.

        :param IntakeBatch batch: what they share
        """
        waiting = []
        now = fields.Datetime.now()
        for vals in vals_list:
            if vals.get("state", "outgoing") == "outgoing":
                waiting.append(vals)
            else:
                vals.update(
                    gate_verdict=verdicts.BLOCK,
                    gate_reason=verdicts.REFUSED_BY_APP,
                    gate_checked_at=now,
                )
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
            )
            for vals in waiting
        ]
        decisions = self.env["sms.gate"]._decide(questions)
        known = {}
        for vals, (decision, event_id) in zip(waiting, decisions, strict=True):
            key = (id(decision), event_id)  # messages that are alike share one
            if key not in known:
                known[key] = self._get_gate_values(decision, event_id, now)
            vals.update(known[key])

    @api.model
    def _get_gate_values(self, decision, event_id, now):
        """Return the fields that store a decision on a row.

        :param datetime now: when it was made (UTC)
        """
        values = {
            "gate_verdict": decision.verdict,
            "gate_reason": decision.reason,
            "gate_checked_at": now,
            "consent_event_id": event_id,
            "inbound_id": decision.text and decision.text.inbound_id,
            **self._get_time_values(decision),
        }
        if decision.verdict == verdicts.BLOCK:
            values["state"] = "canceled"
            values["failure_type"] = verdicts.FAILURE_TYPES[decision.reason]
        return values

    def _expire(self):
        """End waiting messages whose time is over, as the gate does at their turn."""
        now = fields.Datetime.now()
        for exemption, messages in self.grouped("exemption").items():
            reason = exemptions.get_late_reason(exemption)
            messages.write(
                {
                    "state": "canceled",
                    "failure_type": verdicts.FAILURE_TYPES[reason],
                    "gate_verdict": verdicts.BLOCK,
                    "gate_reason": reason,
                    "gate_checked_at": now,
                }
            )
        self._update_trackers()

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

    def _ask_gate(self):
        """Ask the gate again about waiting messages; store what it says.

        :return: those that may leave now
        """
        readers = self.partner_id._get_sms_readers()
        questions = [sms._get_question(readers, sms_id=sms.id) for sms in self]
        decisions = self.env["sms.gate"]._decide(questions)
        now = fields.Datetime.now()
        self.gate_checked_at = now
        ids = {verdict: [] for verdict in verdicts.VERDICTS}
        for sms, (decision, event_id) in zip(self, decisions, strict=True):
            decided = self._get_gate_values(decision, event_id, now)
            if decision.verdict == verdicts.HOLD:
                decided["tried_at"] = sms._get_first_try(decision.until)
            # Mostly it says what it has said before.
            values = {
                name: value
                for name, value in decided.items()
                if (sms._fields[name].convert_to_write(sms[name], sms) or False)
                != (value or False)
            }
            if values:
                sms.write(values)
            ids[decision.verdict].append(sms.id)
        self.browse(ids[verdicts.BLOCK])._update_trackers()
        self.browse(ids[verdicts.HOLD])._wake_when_due()
        return self.browse(ids[verdicts.SEND])
