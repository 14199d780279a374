# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..tools import verdicts
from .sms_broadcast import (
    CANCELLED,
    CHECKED,
    CHECKING,
    DRAFT,
    OPEN,
    PAUSED,
    QUEUEING,
    SENT,
    WAITING,
)
from .sms_broadcast_recipient import REACHED


class SmsBroadcast(models.Model):
    """What people do with a broadcast: check, send, approve, pause, go on, cancel."""

    _inherit = "sms.broadcast"

    def _take(self, *states):
        """Check that a button may be pressed now; return the broadcast in sudo.

        :param states: in which of them it may
        :raises UserError: when somebody else was faster, or it is too early
        """
        self.ensure_one()
        self.check_access("write")
        self._check_works_here()
        broadcast_sudo = self.sudo()
        broadcast_sudo._wait_for_row()
        if broadcast_sudo.state not in states:
            raise UserError(self.env._("This cannot be done now: load the page anew."))
        return broadcast_sudo

    def action_check(self):
        """Find out who gets it, and who not and why. Nothing is sent."""
        broadcast_sudo = self._take(DRAFT, CHECKED, WAITING)
        self._check_audience()
        broadcast_sudo.write(
            {"state": CHECKING, "user_id": self.env.uid, "approver_id": False}
        )
        broadcast_sudo._select_recipients()
        broadcast_sudo._wake()
        self._on_recipients_selected()
        return True

    def _on_recipients_selected(self):
        """Do what follows once it is noted who may get it. Extended by other rooms."""

    def _check_audience(self):
        """Refuse to look for people when nothing says who they are."""
        if self._is_follow_up():
            self._check_told()
        elif not self.area_ids:
            raise UserError(self.env._("Choose the areas first: whom does it concern?"))

    def action_send(self):
        """Send what was checked, or ask another manager to approve it."""
        broadcast_sudo = self._take(CHECKED)
        count = broadcast_sudo._count_reached()
        if not count:
            raise UserError(self.env._("Nobody would get it: see below why."))
        limit = broadcast_sudo.company_id.sms_approve_from
        if limit and count > limit:
            broadcast_sudo.state = WAITING
        else:
            broadcast_sudo._start()
        return True

    def action_approve(self):
        """Approve what a colleague has checked: it is sent."""
        broadcast_sudo = self._take(WAITING)
        if broadcast_sudo.user_id == self.env.user:
            raise AccessError(
                self.env._("You have prepared it: another manager must approve it.")
            )
        broadcast_sudo.approver_id = self.env.user
        broadcast_sudo._start()
        return True

    def _start(self):
        """Let the job queue the texts."""
        self.write({"state": QUEUEING, "started_at": fields.Datetime.now()})
        self._wake()

    def _count_reached(self):
        """Return how many get it."""
        return self.env["sms.broadcast.recipient"].search_count(
            [("broadcast_id", "=", self.id), ("outcome", "in", REACHED)]
        )

    # ------------------------------------------------------------------
    # Once it leaves
    # ------------------------------------------------------------------

    def action_pause(self):
        """Keep what has not left yet until somebody goes on.

        Whoever takes a message to send it looks at its broadcast's state: that alone
        decides, also on what comes back from the carrier to be tried again.
        """
        self._take(QUEUEING, SENT).state = PAUSED
        return True

    def action_resume(self):
        """Go on with what was paused; the gate is asked anew about each."""
        broadcast_sudo = self._take(PAUSED)
        broadcast_sudo.state = QUEUEING
        broadcast_sudo._change_waiting(
            {"not_before": fields.Datetime.now()},
            SQL("gate_reason = %s", verdicts.PAUSED),
        )
        self.env["sms.dispatcher"].sudo()._wake()
        broadcast_sudo._wake()
        return True

    def action_cancel(self):
        """Call off what has not left yet.

        What is held is called off here, all else by who would send it.
        """
        broadcast_sudo = self._take(*OPEN, QUEUEING, SENT, PAUSED)
        broadcast_sudo.write({"state": CANCELLED, "cancelled_by_id": self.env.uid})
        values = self.env["sms.sms"]._get_standing_values(verdicts.CANCELLED)
        broadcast_sudo._change_waiting(
            {**values, "cancelled_by_id": self.env.uid},
            SQL("not_before > %s", fields.Datetime.now()),
        )
        return True

    def _keep_paused(self):
        """Let nobody go on with what is paused, nor cancel it, before the commit.

        Whoever does it at the same moment is waited for, or starts over then, and finds
        what was put aside meanwhile: else nothing would bring that back. A lock alone
        would not do, since their transaction may be older than what it waits for.
        """
        paused = self.filtered(lambda broadcast: broadcast.state == PAUSED)
        if not paused:
            return
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE sms_broadcast SET state = state"
                " WHERE id = ANY(%s) AND state = %s",
                paused.ids,
                PAUSED,
            )
        )
        paused.invalidate_recordset(["state"])

    def _change_waiting(self, values, condition):
        """Change messages that wait and that nobody is about to take.

        :param dict values: of stored fields
        :param SQL condition: of which of them
        """
        changes = SQL(", ").join(
            SQL("%s = %s", SQL.identifier(name), value or None)
            for name, value in values.items()
        )
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE sms_sms SET %s
                 WHERE broadcast_id = %s AND state = 'outgoing' AND %s
                """,
                changes,
                self.id,
                condition,
            )
        )
        self.env["sms.sms"].invalidate_model()

    # ------------------------------------------------------------------
    # Looking closer
    # ------------------------------------------------------------------

    def action_view_recipients(self):
        """Show everybody whom it concerns, by what becomes of them."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "helpdesk_mgmt_sms.sms_broadcast_recipient_action"
        )
        return {**action, "domain": [("broadcast_id", "=", self.id)]}

    def action_view_messages(self):
        """Show the messages."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "helpdesk_mgmt_sms.sms_sms_action"
        )
        return {
            **action,
            "domain": [("broadcast_id", "=", self.id)],
            "context": {},
        }

    def action_refresh(self):
        """Wake a job whose server was restarted meanwhile; the client asks."""
        self.check_access("read")
        if any(broadcast.state in (CHECKING, QUEUEING) for broadcast in self):
            self._wake()
        return True
