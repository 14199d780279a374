# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import plaintext2html

from ..core.batch_jobs import DATABASE_FAULTS, try_work_off
from ..core.moments import say_moment
from .sms_incident import CALLED_OFF, OPEN, OPENING, PLANNED, RESOLVED, UPDATE

#: How long before its beginning people are reminded of a maintenance.
LEAD = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


class SmsIncident(models.Model):
    """A planned maintenance: announced, reminded of, begun and ended by one record.

    It is not told by itself that it was moved: that is news, which a manager publishes
    to those who were told before.
    """

    _inherit = "sms.incident"

    planned_from = fields.Datetime(
        copy=False,
        help="For maintenance. It begins by itself at this time, also on the page.",
    )
    planned_to = fields.Datetime(copy=False)
    reminder = fields.Selection(
        [("day", "The day before"), ("hour", "An hour before"), ("none", "Never")],
        default="day",
        required=True,
        help="Texts and e-mails a reminder to those who were told.",
    )
    reminded_at = fields.Datetime("Reminded On", readonly=True, copy=False)
    is_moved = fields.Boolean(
        readonly=True, copy=False, help="Those who were told do not know the new time."
    )

    @api.constrains("planned_from", "planned_to")
    def _check_plan(self):
        for incident in self.filtered("planned_to"):
            begin = incident.planned_from
            if not begin or begin >= incident.planned_to:
                raise ValidationError(
                    self.env._("A maintenance ends after it has begun.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Plan what begins later."""
        incidents = super().create(vals_list)
        incidents.filtered("planned_from")._follow_plan()
        return incidents

    def write(self, vals):
        """Follow a change of the plan."""
        result = super().write(vals)
        if vals.keys() & {"planned_from", "planned_to"}:
            self._follow_plan()
        return result

    def _follow_plan(self):
        """Plan anew what has not begun; what goes on stays as it is."""
        now = fields.Datetime.now()
        for incident_sudo in self.sudo():
            begin = incident_sudo.planned_from
            is_new = incident_sudo.state == OPEN and not incident_sudo.news_ids
            if incident_sudo.state != PLANNED and not (is_new and begin):
                continue
            told = bool(incident_sudo.broadcast_ids.filtered("started_at"))
            is_ahead = bool(begin) and (begin > now or incident_sudo.state == PLANNED)
            incident_sudo.write(
                {
                    "state": PLANNED if is_ahead else OPEN,
                    "opened_at": begin or now,
                    "reminded_at": False,
                    "is_moved": told and is_ahead,
                }
            )
            if is_ahead:
                due = {begin, begin - LEAD.get(incident_sudo.reminder, timedelta())}
                self._wake_incidents(sorted(due))

    def _set_state(self, state):
        """Note with the news that people know of the plan's change."""
        if self.is_moved:
            self.sudo().is_moved = False
        if self.state == PLANNED and state == OPEN:
            self.sudo().opened_at = fields.Datetime.now()
        return super()._set_state(state)

    # === Words ===

    def _get_planned_words(self):
        """Return from when until when, by the company's clock."""
        zone = self.company_id.sudo().partner_id.tz or "UTC"
        own = self.with_context(tz=zone)
        begin, end = (
            say_moment(own.env, moment, zone, lasting=True)
            for moment in (self.planned_from, self.planned_to)
        )
        if not end:
            return self.env._("from %s", begin)
        return self.env._("from %(begin)s until %(end)s", begin=begin, end=end)

    def _suggest_news(self, state):
        """Return the words to begin with, to be made more precise."""
        kind, name = self._get_kind(state), self.name
        if state == PLANNED and (kind == OPENING or self.is_moved):
            when = self._get_planned_words()
            if kind == OPENING:
                return self.env._(
                    "%(name)s: maintenance %(when)s.", name=name, when=when
                )
            return self.env._(
                "%(name)s is moved: maintenance is now %(when)s.", name=name, when=when
            )
        if state == CALLED_OFF:
            return self.env._("%s: the maintenance is cancelled.", name)
        if state == RESOLVED:
            if self.planned_from:
                return self.env._("%s: the maintenance is finished.", name)
            return self.env._("%s: this is resolved.", name)
        if kind == OPENING:
            return self.env._(
                "%s. Our team is investigating, and we will send updates.", name
            )
        return ""

    def _get_body(self, kind):
        """Call a maintenance by its name; what is cancelled fails nowhere."""
        if not self.planned_from:
            return super()._get_body(kind)
        if kind == UPDATE:
            return self.env._(
                "[Maintenance] {news} {status_page} Reply MUTE for no more texts "
                "about this."
            )
        return self.env._("[Maintenance] {news} {status_page}")

    def _render_news(self, words):
        """Return news as HTML, for tickets and mails, with the page's address."""
        page = self.sudo().status_page
        return Markup("<p><strong>%s</strong></p>%s<p><a href='%s'>%s</a></p>") % (
            self.name,
            plaintext2html(words or ""),
            page,
            self.env._("How it stands"),
        )

    # === Job ===

    @api.model
    def _wake_incidents(self, moments=None):
        """Run the job now, or at some times (UTC)."""
        cron_sudo = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_incident").sudo()
        cron_sudo._trigger(moments)

    @api.model
    def _run_incidents(self):
        """Begin and remind of what is planned, then tell tickets of news (cron)."""
        for incident in self.search([("state", "=", PLANNED)]):
            try_work_off(incident, incident._follow_clock, DATABASE_FAULTS)
            self.env["ir.cron"]._commit_progress(1)
        self.env["sms.incident.news"]._post_waiting()

    def _follow_clock(self):
        """Begin it when its time has come, or remind of it."""
        self._take_for_news()
        now = fields.Datetime.now()
        lang = self.company_id.partner_id.lang or "en_US"
        it = self.with_context(lang=lang, tz=self.company_id.partner_id.tz)
        if self.state != PLANNED or not self.planned_from:
            return 0
        if self.planned_from <= now:
            it._publish(OPEN, it.env._("The maintenance has begun."))
            return 1
        lead = LEAD.get(self.reminder)
        if not lead or self.reminded_at or now < self.planned_from - lead:
            return 0
        told = self.broadcast_ids.filtered("started_at")
        # Who was told within that time needs no reminder.
        if told and max(told.mapped("started_at")) <= self.planned_from - lead:
            it._remind()
        self.reminded_at = now
        return 1

    def _publish(self, state, words, broadcast=None):
        """Publish news that no user has written."""
        return self.env["sms.incident.news"].create(
            {
                "incident_id": self.id,
                "state": state,
                "body": words,
                "broadcast_id": broadcast and broadcast.id,
            }
        )

    def _remind(self):
        """Publish the reminder, and text it to who was told before."""
        words = self.env._(
            "Reminder: %(name)s, %(when)s.",
            name=self.name,
            when=self._get_planned_words(),
        )
        broadcast = self._prepare_broadcast(UPDATE)
        self._publish(PLANNED, words, broadcast)
        broadcast.action_check()
