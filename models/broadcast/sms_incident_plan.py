# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import plaintext2html

from ...tools import moments, topics
from ...tools.appointments import find_due
from ...tools.quiet_hours import INFORMATIONAL
from ..core.batch_jobs import DATABASE_FAULTS, try_work_off
from ..core.moments import get_spoken_lang, say_moment
from .sms_area import PLACE
from .sms_broadcast import RUNNING
from .sms_incident import CALLED_OFF, GOING_ON, OPEN, OPENING, PLANNED, RESOLVED, UPDATE

#: How long before a maintenance people are reminded of it.
LEAD = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
#: Button of the publishing form: the maintenance ends later than planned.
LONGER = "longer"
#: Longest wait for an earlier text that is still being queued; delay after which the
#: end is no longer texted.
PATIENCE, TOO_LATE = timedelta(hours=1), timedelta(days=1)


class SmsIncident(models.Model):
    """A planned maintenance: announced, reminded of, begun and ended by one record.

    It begins and ends by itself, in the words that were set when it was announced. That
    it was moved or takes longer is not announced automatically: a manager publishes
    that as news to those who were told before.

    Also matches tickets with an incident, by its areas, categories and words.
    """

    _inherit = "sms.incident"

    planned_from = fields.Datetime(
        copy=False, help="For maintenance. It begins and ends by itself at these times."
    )
    planned_to = fields.Datetime(copy=False)
    may_plan = fields.Boolean(compute="_compute_may_plan")
    begin_words = fields.Text(
        "At Its Beginning",
        translate=True,
        help="Published on the status page and on tickets when it begins by itself.",
    )
    begin_hint = fields.Char(compute="_compute_hints")
    end_words = fields.Text(
        "At Its End",
        translate=True,
        help="Published when it ends by itself, and texted to those who were told.",
    )
    end_hint = fields.Char(compute="_compute_hints")
    tells_end = fields.Boolean(
        "Text and E-mail Its End",
        default=True,
        help="To those who were told of it, within business hours. Otherwise the end "
        "is shown on the status page and on the tickets only.",
    )
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

    category_ids = fields.Many2many(
        "helpdesk.ticket.category",
        string="Ticket Categories",
        ondelete="restrict",
        help="New tickets in these categories are about it.",
    )
    words = fields.Char(
        compute="_compute_words",
        store=True,
        readonly=False,
        precompute=True,
        help="New tickets that have one of these words are about it. Separate them by "
        "commas. Without words and categories all new tickets of its areas are.",
    )

    @api.depends("state", "news_ids")
    def _compute_may_plan(self):
        """Allow planning only before the beginning."""
        for incident in self:
            is_new = incident.state == OPEN and not incident.news_ids
            is_new = is_new and not incident._origin.planned_from
            incident.may_plan = incident.state == PLANNED or is_new

    @api.depends("name")
    @api.depends_context("lang")
    def _compute_hints(self):
        for incident in self:
            name = incident.name or "…"
            incident.begin_hint = self.env._("The maintenance has begun.")
            incident.end_hint = self.env._("%s: the maintenance is finished.", name)

    @api.constrains("planned_from", "planned_to")
    def _check_plan(self):
        for incident in self.filtered("planned_to"):
            begin = incident.planned_from
            if not begin or begin >= incident.planned_to:
                raise ValidationError(
                    self.env._("A maintenance ends after it has begun.")
                )

    def _check_may_plan(self):
        if begun := self.filtered(lambda it: not it.may_plan):
            words = self.env._(
                "“%s” has begun, so its plan cannot be changed. Publish that it "
                "takes longer, or that it has ended.",
                begun[0].name,
            )
            raise UserError(words)

    def _follow_plan(self):
        """Reschedule incidents; once begun, only the planned end counts."""
        now = fields.Datetime.now()
        for incident_sudo in self.sudo():
            begin, end = incident_sudo.planned_from, incident_sudo.planned_to
            if end and end <= now:
                words = self.env._(
                    "The planned time has passed. Enter times that are to come."
                )
                raise ValidationError(words)
            if end:
                self.env["ir.cron"]._wake_sms("ir_cron_sms_incident", end)
            is_new = incident_sudo.state == OPEN and not incident_sudo.news_ids
            if incident_sudo.state != PLANNED and not (is_new and begin):
                continue
            told = bool(incident_sudo.broadcast_ids.filtered("started_at"))
            is_ahead = bool(begin) and (begin > now or incident_sudo.state == PLANNED)
            values = {"state": PLANNED if is_ahead else OPEN, "opened_at": begin or now}
            values |= {"reminded_at": False, "is_moved": told and is_ahead}
            incident_sudo.write(values)
            incident_sudo.broadcast_ids._return_outdated()
            incident_sudo._wake_planned()

    def _wake_planned(self):
        """Run the job when planned incidents begin, and when their reminder is due."""
        for incident in self.filtered(lambda it: it.state == PLANNED):
            if begin := incident.planned_from:
                moments = {begin, incident._get_reminder_time() or begin}
                self.env["ir.cron"]._wake_sms("ir_cron_sms_incident", moments)

    def _get_reminder_time(self):
        """Return when people are reminded (UTC), None for never.

        Before business hours close where they are, if the next ones begin too late: a
        reminder of a Sunday night would wait until it has begun.
        """
        lead, company = LEAD.get(self.reminder), self.company_id
        if not lead:
            return None
        place, texts_sudo = company._get_sms_place(), self.env["sms.sms"].sudo()
        rules = self.env["sms.quiet.hours"]._select(company, place, INFORMATIONAL)
        told = texts_sudo._read_group([("incident_id", "=", self.id)], ["zone_names"])
        zones = {it for [names] in told if names for it in names.split(",")}
        zones.update(place.zones)
        due = find_due(self.planned_from, lead, datetime.min, zones, rules, "")
        return due or self.planned_from - lead

    # === Words ===

    def _get_planned_words(self):
        begin, end = map(self._say_time, (self.planned_from, self.planned_to))
        if not end:
            return self.env._("from %s", begin)
        zone = self.company_id._get_sms_zone()
        first = moments.to_local(self.planned_from, zone)
        last = moments.to_local(self.planned_to, zone)
        if first.date() == last.date():
            end = moments.say_hour(last, moments.get_locale(get_spoken_lang(self.env)))
        return self.env._("from %(begin)s until %(end)s", begin=begin, end=end)

    def _say_time(self, moment):
        """Return a time (UTC) in words, in the company's time zone."""
        own = self.with_context(tz=self.company_id._get_sms_zone())
        return say_moment(own.env, moment, lasting=True)

    def _suggest_news(self, state):
        kind, name = self._get_kind(state), self.name
        if state == PLANNED and (kind == OPENING or self.is_moved):
            values = {"name": name, "when": self._get_planned_words()}
            if kind == OPENING:
                return self.env._("%(name)s: maintenance %(when)s.", **values)
            return self.env._(
                "%(name)s is moved: maintenance is now %(when)s.", **values
            )
        if state == CALLED_OFF:
            return self.env._("%s: the maintenance is cancelled.", name)
        if state == RESOLVED:
            if self.planned_from:
                return self._say_end()
            return self.env._("%s: this is resolved.", name)
        if kind == OPENING:
            return self.env._(
                "%s. Our team is investigating, and we will send updates.", name
            )
        return ""

    def _say_begin(self):
        return self.begin_words or self.begin_hint

    def _say_end(self):
        return self.end_words or self.end_hint

    def _say_reminder(self):
        values = {"name": self.name, "when": self._get_planned_words()}
        return self.env._("Reminder: %(name)s, %(when)s.", **values)

    def _say_longer(self, end):
        """Return the news for a later end (UTC), in the company's time zone."""
        values = {"name": self.name, "end": self._say_time(end)}
        return self.env._(
            "%(name)s takes longer. It should be finished by %(end)s.", **values
        )

    def _describe_plan(self):
        """Return what will be published automatically, for the announcing manager."""
        lines = []
        if self.planned_from:
            when, words = say_moment(self.env, self.planned_from), self._say_begin()
            said = self.env._("%s: begins by itself", when)
            lines.append(f"{said} (“{words}”)")
        if self.planned_to:
            when, words = say_moment(self.env, self.planned_to), self._say_end()
            said = self.env._("%s: ends by itself", when)
            if self.tells_end:
                said = self.env._("%s: ends by itself, and is texted", when)
            lines.append(f"{said} (“{words}”)")
        return "\n".join(lines)

    def _get_maintenance_body(self, kind):
        if kind == UPDATE:
            return self.env._(
                "[Maintenance] {news} {status_page} Reply MUTE for no more texts "
                "about this."
            )
        return self.env._("[Maintenance] {news} {status_page}")

    def _render_news(self, words):
        """Return news as HTML for tickets and mails, with a link to the page."""
        return Markup("<p><strong>%s</strong></p>%s<p><a href='%s'>%s</a></p>") % (
            self.name,
            plaintext2html(words or ""),
            self.sudo().status_page,
            self.env._("How it stands"),
        )

    # === Job ===

    @api.model
    def _wake_mails(self):
        """Have queued mails sent now; Odoo's cron runs hourly."""
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    @api.model
    def _run_incidents(self):
        """Begin, end and remind of maintenances; then post news on tickets (cron)."""
        is_over = Domain("planned_to", "<=", fields.Datetime.now())
        is_over &= Domain("state", "in", GOING_ON)
        for incident in self.search(Domain("state", "=", PLANNED) | is_over):
            try_work_off(incident, incident._follow_clock, DATABASE_FAULTS)
            self.env["ir.cron"]._commit_progress(1)
        self.env["sms.incident.news"]._post_waiting()

    def _follow_clock(self):
        """Begin, end or remind of a maintenance when that is due.

        One that ended while the server was down is not announced as begun.
        """
        self._take_for_news()
        now = fields.Datetime.now()
        lang = self.company_id.partner_id.lang or "en_US"
        it = self.with_context(lang=lang, tz=self.company_id._get_sms_zone())
        if self._is_over(now):
            it._end_by_itself(now)
        elif self.state == PLANNED and self.planned_from:
            if self.planned_from <= now:
                it._publish(OPEN, lambda it: it._say_begin())
            else:
                it._remind(now)
        return 1

    def _is_over(self, now):
        """Return whether it ends by itself now; not if news came after an end."""
        end = self.planned_to
        if not end or end > now:
            return False
        last = self.news_ids.sorted("id")[-1:].published_at
        is_late = last and last >= end or RESOLVED in self.news_ids.mapped("state")
        return self.state == PLANNED or self.state in GOING_ON and not is_late

    def _end_by_itself(self, now):
        """Publish and text the end, once earlier texts are queued."""
        is_told = self.tells_end and now < self.planned_to + TOO_LATE
        kind = is_told and self._get_kind(RESOLVED)
        if not (kind and self._is_busy(self.planned_to)):
            self._tell(RESOLVED, lambda it: it._say_end(), kind)

    def _remind(self, now):
        """Publish the reminder when it is due, and text it to those told before."""
        due = self._get_reminder_time()
        if not due or self.reminded_at:
            return
        if now < due:
            if due - now < LEAD["hour"]:  # it may differ by where people are
                self.env["ir.cron"]._wake_sms("ir_cron_sms_incident", due)
            return
        told = self.broadcast_ids.filtered("started_at")
        # People told since it was due need no reminder.
        if told and max(told.mapped("started_at")) <= due:
            if self._is_busy(due):
                return
            self._tell(PLANNED, lambda it: it._say_reminder(), UPDATE)
        self.reminded_at = now

    def _is_busy(self, due):
        """Return whether an earlier text is still being queued; retry in a minute."""
        now = fields.Datetime.now()
        is_busy = any(it.state in RUNNING for it in self.broadcast_ids)
        if not is_busy or now >= due + PATIENCE:
            return False
        in_a_minute = now + timedelta(minutes=1)
        self.env["ir.cron"]._wake_sms("ir_cron_sms_incident", in_a_minute)
        return True

    def _tell(self, state, say, kind):
        """Publish automatic news, and text it to those who were told.

        :param say: function of the incident that returns the news in its context's
            language
        :param kind: kind of the text, False for none
        """
        broadcast = self.env["sms.broadcast"]
        obstacle = kind and self._find_obstacle(kind)
        if obstacle:
            self._message_log(body=self.env._("Nobody was texted. %s", obstacle))
        elif kind:
            broadcast, self.is_moved = self._prepare_broadcast(kind), False
        self._publish(state, say, broadcast)
        if broadcast:
            broadcast.action_check()

    def _publish(self, state, say, broadcast=None):
        """Publish news in all languages that have a text; see :meth:`_tell`."""
        values = {"incident_id": self.id, "state": state, "body": say(self)}
        values["broadcast_id"] = broadcast and broadcast.id
        news = self.env["sms.incident.news"].create(values)
        langs = self.env["res.lang"].get_installed()
        news._translate({it: say(self.with_context(lang=it)) for it, _name in langs})

    # === Matching ===

    @api.depends("name")
    def _compute_words(self):
        """Suggest the words of the name, and those that people use for outages."""
        for incident in self.filtered(lambda it: not it.words):
            lang = incident.company_id.sudo().partner_id.lang
            own = incident.with_context(lang=lang)
            usual = own.env._(
                "down, outage, offline, not working, nothing works, not reachable, "
                "cannot connect, disconnected"
            )
            # People do use the name of a service, but not that of a place.
            places = own.sudo().area_ids.filtered(lambda it: it.kind == PLACE)
            left_out = places.mapped("name")
            incident.words = own.name and topics.suggest(own.name, left_out, usual)

    def _is_about(self, partner, number, words, category):
        """Return whether a new ticket is about it.

        The words or category must match, if any are set, since people in its areas may
        write about something else. An incident without areas is everywhere.

        :param str number: E.164, may be empty, as may ``partner``
        :param str words: of the ticket, or of the incoming text
        :param category: ``helpdesk.ticket.category``, may be empty
        """
        self = self.with_context(active_test=False)  # archived areas are places too
        is_named = category in self.category_ids if category else False
        is_named = is_named or topics.mentions(words, self.words)
        if not is_named and (self.words or self.category_ids):
            return False
        return (is_named and not self.area_ids) or self._concerns(partner, number)
