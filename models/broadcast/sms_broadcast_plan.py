# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import formatLang

from ...tools import clocks, moments
from ..core.moments import say_moment
from ..message.res_partner import NOBODY
from . import sms_broadcast as states
from .sms_broadcast_recipient import HELD, QUEUED, WILL

#: Longest time over which texts can be spread, in hours.
MAX_SPREAD = 168
#: A broadcast that is this late, after a downtime, is no longer sent by itself.
TOO_LATE = timedelta(days=1)


class SmsBroadcast(models.Model):
    """Plans when a broadcast is sent: now, later, in local time, or spread out.

    The recipients of a planned broadcast are selected anew when it is due.
    """

    _inherit = "sms.broadcast"

    send_at = fields.Datetime(
        tracking=True, copy=False, help="Leave empty to send it as soon as you say so."
    )
    is_local_time = fields.Boolean(
        "In Each Recipient's Local Time",
        help="Everybody gets it when their clock shows this time, as yours does.",
    )
    spread_hours = fields.Integer(
        "Spread Over",
        help="Hours over which the texts leave evenly, so that the desk can answer. 0 "
        "for as fast as possible.",
    )
    leaves_at = fields.Datetime(
        readonly=True,
        copy=False,
        help="When the first texts leave: where it is this time first.",
    )
    when_note = fields.Char("When", compute="_compute_confirmation")
    send_label = fields.Char(compute="_compute_confirmation")

    _spread_hours_valid = models.Constraint(
        f"CHECK (spread_hours BETWEEN 0 AND {MAX_SPREAD})",
        "Texts can be spread over a week at most.",
    )

    # === Confirmation ===

    @api.depends(
        *("send_at", "is_local_time", "spread_hours", "state"),
        *("reached_count", "needs_approval"),
    )
    @api.depends_context("tz", "lang")
    def _compute_confirmation(self):
        for broadcast in self:
            broadcast.when_note = broadcast._describe_when()
            broadcast.send_label = broadcast._get_send_label()

    def _describe_when(self):
        when = self.env._("Now")
        if self.send_at:
            when = say_moment(self.env, self.send_at)
            if self.is_local_time:
                own = self.with_context(tz=self._get_clock())
                when = say_moment(own.env, self.send_at)
                when = self.env._("%s, in each recipient's local time", when)
        if self.spread_hours:
            hours = self.spread_hours
            when = self.env._("%(when)s, over %(hours)s h", when=when, hours=hours)
        return when

    def _get_send_label(self):
        count = formatLang(self.env, self.reached_count, 0)
        if self.needs_approval and self.state != states.WAITING:
            return self.env._("Ask to text %s people", count)
        if self.reached_count == 1:
            return self.env._("Text 1 person")
        return self.env._("Text %s people", count)

    def action_confirm(self):
        """Open a dialog with recipients, time and cost, before it is sent."""
        self._take(states.CHECKED, states.WAITING)._check_time()
        return self._open_dialog("sms_broadcast_view_form_confirm", self.name)

    def action_confirm_cancel(self):
        """Open a dialog with what was sent and what would be cancelled."""
        self.ensure_one()
        self.check_access("write")
        title = self.env._("Cancel “%s”", self.name)
        return self._open_dialog("sms_broadcast_view_form_cancel", title)

    def _open_dialog(self, view, title):
        view = self.env.ref(f"helpdesk_mgmt_sms.{view}")
        options = {"views": [(view.id, "form")], "target": "new", "context": {}}
        return self._get_records_action(name=title, **options)

    # === Plan ===

    def _check_time(self):
        """Raise a UserError if the time has passed, even only for some recipients."""
        if not self.leaves_at:
            return
        fault = self._get_send_at_fault()
        if not fault and self.leaves_at <= fields.Datetime.now():
            fault = self.env._(
                "It is later than “Send at” already where some of the recipients are. "
                "Choose a later time."
            )
        if fault:
            raise UserError(fault)

    def _start(self):
        if not self.leaves_at:
            self._begin()
            return
        self.state = states.PLANNED
        self.env["ir.cron"]._wake_sms("ir_cron_sms_broadcast", self.leaves_at)

    def _begin(self):
        self.write({"state": states.QUEUEING, "started_at": fields.Datetime.now()})
        self.env["ir.cron"]._wake_sms("ir_cron_sms_broadcast")

    def action_change(self):
        """Return a planned broadcast to draft, to change it."""
        self._take(states.PLANNED).state = states.DRAFT
        return True

    # === When it is due ===

    def _leave(self):
        """Select the recipients anew, and note what has changed.

        If that is no longer possible, or it is far too late, the broadcast is returned
        to its author.

        :return: 1 if it was due, else 0
        """
        now = fields.Datetime.now()
        if self.leaves_at > now:
            return 0
        if self.send_at < now - TOO_LATE:
            self._give_back(self._get_send_at_fault())
            return 1
        before = self._get_selected()
        try:
            with self.env.cr.savepoint():
                self._check_news()
                self._select_recipients()
        except UserError as error:
            self._give_back(str(error))
            return 1
        self.state = states.LEAVING
        self._on_recipients_selected()
        if self.audience != states.LIST:
            self._note_changes(before, self._get_selected())
        return 1

    def _check_news(self):
        """Raise a UserError if the text is outdated, or its incident is gone."""
        self._check_body()
        if self._is_follow_up():
            self._check_told()
        if self._is_overtaken():
            raise UserError(self.incident_id.sudo()._say_overtaken())

    def _get_selected(self):
        """Return the set of recipients, each as contact id or else number."""
        own, names = [("broadcast_id", "=", self.id)], ["partner_id", "number"]
        found = self.env["sms.broadcast.recipient"]._read_group(own, names)
        return {partner.id or number for partner, number in found}

    def _note_changes(self, before, after):
        limit = self.company_id.sudo().sms_approve_from
        if limit and len(after - before) > limit:
            self.approver_id = False
        if before != after:
            self.message_post(
                body=self.env._(
                    "Its recipients were selected again when it left: %(joined)s "
                    "people were added, %(gone)s no longer match.",
                    joined=formatLang(self.env, len(after - before), 0),
                    gone=formatLang(self.env, len(before - after), 0),
                )
            )

    def _end_check(self):
        """End the check; after the second one, send a planned broadcast.

        Mails are marked first, since their recipients count towards approval.
        """
        if self._tells_news():
            self._mark_mails()
        now = fields.Datetime.now()
        self.write({"checked_at": now, "longest": self._find_longest()})
        if self.audience == states.LIST:  # its languages are known only now
            self._on_recipients_selected()
        if self.state == states.CHECKING:
            self.state = states.CHECKED
            self._send_by_itself()
            return
        self.invalidate_recordset(["reached_count", "needs_approval"])
        if not self._count_told():
            self._give_back(self.env._("Nobody would get it."))
        elif self.needs_approval and not self.approver_id:
            self.write({"state": states.WAITING, "leaves_at": False})
            self._tell_author(
                self.env._(
                    "It has not left: so many people match now that another manager "
                    "must approve it."
                )
            )
        else:
            self._begin()

    def _send_by_itself(self):
        """Send checked news that a maintenance plan has triggered, without a user.

        A reminder or the end goes only to those who were told before, in a broadcast
        that was approved.
        """
        if self.user_id.id == SUPERUSER_ID and self._get_news() and self._count_told():
            self._start()

    def _give_back(self, reason):
        self.state = states.DRAFT
        self._tell_author(self.env._("It has not left. %s", reason))

    def _find_author(self):
        """Return the author, unless they have left Odoo, or the company."""
        author = self.user_id.filtered("active")
        return author if self.company_id in author.company_ids else author.browse()

    def _tell_author(self, words):
        """Notify the author, or the company's managers if they have left."""
        people = self._find_author() or self.company_id._get_sms_managers()
        self.message_post(body=words, partner_ids=people.partner_id.ids)

    # === Time of each text ===

    def _get_times(self, recipients, readers):
        """Return the planned time (UTC) for each recipient, None for at once."""
        if not (self.send_at and self.is_local_time):
            return [self.send_at or None] * len(recipients)
        wall = moments.to_local(self.send_at, self._get_clock())
        gate, times = self.env["sms.gate"], []
        for recipient in recipients:
            reader = readers.get(recipient.partner_id.id, NOBODY)
            place = gate._locate(self.company_id, recipient.number, reader)
            times.append(clocks.to_utc(wall, place.zones[0]))
        return times

    def _get_clock(self):
        """Return the time zone in which its author has entered its time."""
        return (self.user_id or self.env.user).tz or self.company_id._get_sms_zone()

    def _note_first(self, times):
        """Store during the check when the first texts are due."""
        first = min(filter(None, times), default=None)
        if first and self.state == states.CHECKING and first < self.leaves_at:
            self.leaves_at = first

    def _get_send_times(self, recipients):
        """Return when to send each text of the next batch (UTC), None for now.

        Spread evenly in full minutes, so that the gate decides on whole groups.
        """
        readers = {}
        if self.is_local_time:
            readers = recipients.partner_id._get_sms_readers()
        times = self._get_times(recipients, readers)
        if not self.spread_hours:
            return times
        people = self.env["sms.broadcast.recipient"]
        own = [("broadcast_id", "=", self.id)]
        done = people.search_count([*own, ("outcome", "=", QUEUED)])
        total = done + people.search_count([*own, ("outcome", "in", (WILL, HELD))])
        minutes = self.spread_hours * 60
        return [
            (time or self.started_at) + timedelta(minutes=minutes * place // total)
            for place, time in enumerate(times, done)
        ]
