# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_datetime

from ..tools import exemptions, quiet_hours, verdicts
from ..tools.phone import canonical
from .sms_sms import UNKNOWN_STATE

#: State of a row: the state in an agent's words (a blocked row is ``canceled`` too).
SHOWN_STATES = {
    "outgoing": "waiting",
    "process": "sending",
    UNKNOWN_STATE: "checking",
    "pending": "sent",
    "sent": "delivered",
    "error": "failed",
    "canceled": "cancelled",
}


class SmsSms(models.Model):
    """What waits, or has waited too long: until when, and what ends it at once."""

    _inherit = "sms.sms"

    shown_label = fields.Char("State in Words", compute="_compute_shown_label")
    is_movable = fields.Boolean(compute="_compute_is_movable")

    @api.depends(
        *("state", "failure_type", "fault_id", "carrier_code", "not_before"),
        *("gate_verdict", "gate_reason", "gate_label"),
        *("replaced_by_id", "cancelled_by_id"),
    )
    def _compute_shown_state(self):
        for sms in self:
            sms.shown_state = sms._get_shown_state()
            sms.shown_reason = sms._get_shown_reason()

    def _get_shown_state(self):
        """Return the state of the message in an agent's words."""
        self.ensure_one()
        if self._is_held():
            return "held"
        if self.state == "canceled":
            if self.replaced_by_id:
                return "replaced"
            if self.gate_reason in exemptions.TOO_LATE:
                return "expired"
            is_called_off = self.gate_reason in verdicts.CALLED_OFF
            if self.gate_verdict == verdicts.BLOCK and not is_called_off:
                return "blocked"
        return SHOWN_STATES.get(self.state)

    def _get_shown_reason(self):
        """Return why the message is in the state that is shown."""
        self.ensure_one()
        if self.shown_state == "cancelled" and self.cancelled_by_id:
            return self.env._("by %s", self.cancelled_by_id.sudo().name)
        is_refused = self.gate_verdict == verdicts.BLOCK and self.state == "canceled"
        if is_refused or self.shown_state == "held":
            return self.gate_label
        is_answer = self.gate_reason == verdicts.CONVERSATION
        return self._explain_fault() or (self.gate_label if is_answer else "")

    @api.depends("shown_state")
    def _compute_shown_label(self):
        labels = dict(self._fields["shown_state"]._description_selection(self.env))
        for sms in self:
            is_held = sms.shown_state == "held"
            label = labels.get(sms.shown_state, "")
            sms.shown_label = sms._get_held_label() if is_held else label

    @api.depends("state")
    @api.depends_context("uid")
    def _compute_is_movable(self):
        for sms in self:
            sms.is_movable = sms.state == "outgoing" and sms._may_move()

    def _is_held(self):
        """Tell if the message waits for its hour."""
        self.ensure_one()
        is_waiting = self.state == "outgoing" and self.gate_verdict == verdicts.HOLD
        later = self.not_before and self.not_before > fields.Datetime.now()
        return bool(is_waiting and later)

    def _get_held_label(self):
        """Return until when a message is held, by the recipient's clock."""
        self.ensure_one()
        zone = (self.zone_names or "").split(",")[0]
        until = self._format_local(self.not_before, zone)
        place = quiet_hours.place_name(zone)
        if not place:
            return self.env._("Held until %s", until)
        return self.env._("Held until %(time)s (%(place)s)", time=until, place=place)

    @api.model
    def _format_local(self, moment, zone):
        """Return a time as a reader wants it: the hour, with its day if it is far.

        :param datetime moment: UTC
        :param str zone: name of a time zone; empty: the reader's own
        """
        zone = zone or self.env.user.tz or "UTC"
        is_far = moment - fields.Datetime.now() >= timedelta(days=1)
        pattern = "EEE d MMM H:mm" if is_far else "H:mm"
        return format_datetime(self.env, moment, tz=zone, dt_format=pattern)

    @api.model
    def _get_zone_note(self, moment, zone_names):
        """Return what the clock shows at a time where somebody may be.

        :param datetime moment: UTC, may be empty
        :param zone_names: names of time zones
        :rtype: str
        """
        if not moment:
            return ""
        clocks = {}
        for zone in zone_names:
            clock = self._format_local(moment, zone)
            clocks.setdefault(clock, quiet_hours.place_name(zone))
        return ", ".join(f"{clock} ({place})" for clock, place in clocks.items())

    @api.model
    def _cancel_waiting(self, company, numbers):
        """Ask the gate again about what waits for numbers that it now refuses.

        :param company: ``res.company``
        :param numbers: iterable of E.164
        """
        waiting = self.sudo().search(
            [
                ("state", "=", "outgoing"),
                ("record_company_id", "=", company.id),
                ("number", "in", list(map(canonical, numbers))),
                ("exemption", "in", [False, *exemptions.INVITATIONS]),
            ]
        )
        waiting._ask_gate()
