# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Odoo's API classes, behind the gate.

Most code creates ``sms.sms`` rows, which are then sent. Some code calls the company's
API class directly (the test wizard of mass mailings): it must not bypass the gate.
"""

from odoo.addons.sms.tools.sms_api import SmsApi, SmsApiBase

from ...tools import links, verdicts


def _split_by_gate(env, messages):
    """Sort the numbers of a batch by the decision stored on their rows.

    A number without a row gets one, so that the gate decides and the text is stored and
    visible; only the queue sends that row.

    :return: ``(rows that may leave now, results for all other numbers)``
    """
    sms_sudo = env["sms.sms"].sudo()
    wanted = [
        {"uuid": entry["uuid"], "number": entry["number"], "body": message["content"]}
        for message in messages
        for entry in message["numbers"]
    ]
    rows_sudo = sms_sudo.search([("uuid", "in", [v["uuid"] for v in wanted])])
    known = set(rows_sudo.mapped("uuid"))
    queued_sudo = sms_sudo.create([v for v in wanted if v["uuid"] not in known])
    allowed = rows_sudo.filtered(
        lambda row: row.gate_verdict not in (verdicts.BLOCK, verdicts.HOLD)
    )
    results = [
        {
            "uuid": row.uuid,
            "state": row.failure_type or "processing",
            "failure_reason": row.gate_label,
        }
        for row in rows_sudo - allowed + queued_sudo
    ]
    return allowed, results


def _reveal(messages, rows):
    """Reveal masked links; a message that has one becomes one message per number.

    :param rows: the messages' ``sms.sms``
    """
    by_id = rows._get_revealed_bodies()
    bodies = {row.uuid: by_id[row.id] for row in rows}
    revealed = []
    for message in messages:
        if not links.is_masked(message["content"]):
            revealed.append(message)
            continue
        revealed += [
            {**message, "content": bodies[entry["uuid"]], "numbers": [entry]}
            for entry in message["numbers"]
        ]
    return revealed


class SmsApiOutbox(SmsApiBase):
    """An API that leaves the rows to the outbox."""

    def _send_sms_batch(self, messages, delivery_reports_url=False):
        """Wake the outbox for the rows that may leave; nothing is sent here."""
        waiting, results = _split_by_gate(self.env, messages)
        waiting._wake_dispatcher()
        return results + [{"uuid": row.uuid, "state": "success"} for row in waiting]


class SmsApiGated(SmsApi):
    """Odoo's IAP, limited to the numbers that the gate lets through."""

    def _send_sms_batch(self, messages, delivery_reports_url=False):
        """Send what may leave; answer for the rest with the gate's reason.

        :raises UserError: in a copy of the database
        """
        self.env["sms.database"]._check_no_copy()
        allowed, results = _split_by_gate(self.env, messages)
        uuids = set(allowed.mapped("uuid"))
        remaining = [
            {**message, "numbers": numbers}
            for message in messages
            if (numbers := [n for n in message["numbers"] if n["uuid"] in uuids])
        ]
        if not remaining:
            return results
        return results + super()._send_sms_batch(
            _reveal(remaining, allowed), delivery_reports_url=delivery_reports_url
        )
