# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import UTC, timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ...tools import oncall
from ..core.mixins import open_linked
from ..core.moments import say_moment

#: How far ahead gaps are searched, and the schedule is calculated.
HORIZON = timedelta(days=7)
#: How far ahead the calendar shows, and how long it keeps past turns.
CALENDAR_AHEAD, CALENDAR_KEPT = timedelta(weeks=9), timedelta(days=180)
#: Groups that may see who is on call.
READERS = (
    "helpdesk_mgmt.group_helpdesk_user_own",
    "helpdesk_mgmt_sms.group_sms_compliance",
)


class SmsOncall(models.AbstractModel):
    """Looks up the people on call from shifts, working schedules and time off."""

    _name = "sms.oncall"
    _description = "Who Is on Call"

    def _get_people(self, team, company, now):
        """Return the people (``res.users``) of a team in the order to notify them.

        Those on duty come first, then others with shifts; without shifts, the team's
        members. People with time off are left out.

        :param datetime now: UTC
        """
        shifts = self._find_shifts(team, company, now)
        people = self._get_on_duty(team, company, now) | shifts.user_id
        if not shifts:
            people = team.user_ids.filtered(
                lambda user: not user.share and company in user.company_ids
            )
        return people - self._find_away(people, now)

    def _find_shifts(self, team, company, now):
        """Return the active shifts of a team, without those that are over for good.

        Nor those of people who have left the company.
        """
        own = Domain("team_id", "=", team.id) & Domain("company_id", "=", company.id)
        is_on = Domain("stop_at", "=", False) | Domain("stop_at", ">", now)
        is_on |= Domain("repeat_weeks", ">", 0)
        return self.env["sms.oncall.shift"].search(own & is_on)._filter_staffed()

    def _get_on_duty(self, team, company, now):
        """Return who is on duty at a time (UTC), in order, ignoring time off."""
        shifts = self._find_shifts(team, company, now)
        duties = [it._to_duty() for it in shifts if it._is_on_duty(now)]
        return self.env["res.users"].browse(oncall.order(duties))

    def _find_away(self, users, now):
        """Return the users who have time off at a time (UTC)."""
        return users & self._find_leaves(users, now, now).resource_id.user_id

    def _find_leaves(self, users, start, stop):
        """Return the users' time off between two times (UTC), in sudo.

        That is leaves of their resources, entered by hand or, once approved, by
        ``hr_holidays``. Public holidays have no resource, so they do not count.
        """
        domain = Domain("resource_id", "in", users.sudo().resource_ids.ids)
        domain &= Domain("date_from", "<=", stop) & Domain("date_to", ">", start)
        domain &= Domain("time_type", "=", "leave")
        return self.env["resource.calendar.leaves"].sudo().search(domain)

    def _get_hours(self, calendar, start, stop):
        """Return the ``(start, stop)`` of a schedule's hours (UTC), holidays too."""
        start, stop = start.replace(tzinfo=UTC), stop.replace(tzinfo=UTC)
        found = calendar.sudo()._attendance_intervals_batch(start, stop)
        return [
            tuple(it.astimezone(UTC).replace(tzinfo=None) for it in (opens, closes))
            for opens, closes, _lines in found[False]
        ]

    # === The days to come ===

    def _draw(self, team, company, now, ahead=HORIZON):
        """Return who will be on call when, as a list of ``tools.oncall.Stretch``."""
        stop = now + ahead
        shifts = self._find_shifts(team, company, now)
        spans = [span for shift in shifts for span in shift._get_spans(now, stop)]
        away = [
            oncall.Span(leave.date_from, leave.date_to, user.id)
            for leave in self._find_leaves(shifts.user_id, now, stop)
            for user in leave.resource_id.user_id
        ]
        return oncall.draw(spans, away, now, stop)

    def _find_gaps(self, team, company, now):
        """Return the ``(start, stop)`` in which nobody on call has a number."""
        users = self._find_shifts(team, company, now).user_id
        can_be_told = users.sudo().filtered("partner_id.phone_sanitized").ids
        calendar = team.sms_oncall_calendar_id
        wanted = self._get_hours(calendar, now, now + HORIZON) if calendar else None
        return oncall.find_gaps(self._draw(team, company, now), can_be_told, wanted)

    def _find_teams(self, companies):
        """Return the ``(team, company)`` pairs that have shifts, in sudo."""
        domain = Domain("company_id", "in", companies.ids)
        domain &= Domain("team_id.active", "=", True)
        domain &= Domain("replaced_user_id", "=", False)
        shifts_sudo = self.env["sms.oncall.shift"].sudo().search(domain)
        shifts_sudo = shifts_sudo._filter_staffed()
        return list(shifts_sudo.grouped(lambda it: (it.team_id, it.company_id)))

    # === Screens ===

    @api.model
    @api.readonly
    def get_on_call(self):
        """Return who is on call now, for every team with shifts, and the next gaps.

        :return: ``teams``: a list of ``id``, ``name``, ``people`` (``id``, ``name``,
            ``has_number``), ``until`` (in the user's words) and ``is_me``; ``gaps``:
            a list of ``id`` and ``name``
        :raises AccessError: if the user is not a helpdesk user
        """
        if not self._may_see():
            raise AccessError(
                self.env._("Only helpdesk users and compliance officers see this.")
            )
        now = fields.Datetime.now()
        visible = self.env["helpdesk.ticket.team"].search([])
        ahead = [("company_id", "in", self.env.companies.ids), ("stop_at", ">", now)]
        gaps = self.env["sms.oncall.gap"].search(ahead)
        return {
            "teams": [
                self._prepare_team(team, company, now)
                for team, company in self._find_teams(self.env.companies)
                if team in visible
            ],
            "gaps": [{"id": gap.id, "name": gap.display_name} for gap in gaps],
        }

    def _may_see(self):
        return self.env.su or any(map(self.env.user.has_group, READERS))

    def _prepare_team(self, team_sudo, company, now):
        [first, *later] = self.sudo()._draw(team_sudo, company, now)
        people = team_sudo.env["res.users"].browse(first.people)
        changed = (it.start for it in later if it.people[:1] != first.people[:1])
        reachable = people.filtered("partner_id.phone_sanitized")
        name = team_sudo.name
        if len(self.env.companies) > 1 and not team_sudo.company_id:
            name = f"{name} ({company.name})"
        return {
            "id": team_sudo.id,
            "name": name,
            "people": [
                {"id": it.id, "name": it.name, "has_number": it in reachable}
                for it in people
            ],
            "until": say_moment(self.env, next(changed, None)),
            "is_me": people[:1] == self.env.user,
        }

    # === Watch ===

    def _wake_watch(self):
        """Wake the cron that searches for gaps, after the commit."""
        self.env["ir.cron"]._wake_sms("ir_cron_sms_oncall")

    def _run(self):
        """Update the gaps, warning of new ones, and the calendar of turns (cron)."""
        now = fields.Datetime.now()
        gaps, kept = self.env["sms.oncall.gap"].sudo(), self.env["sms.oncall.gap"]
        turns = drawn = self.env["sms.oncall.turn"].sudo()
        midnight = (now + CALENDAR_AHEAD).replace(hour=0, minute=0, second=0)
        for team, company in self._find_teams(self.env["res.company"].search([])):
            kept |= gaps._keep(team, company, self._find_gaps(team, company, now), now)
            stretches = self._draw(team, company, now, midnight - now)
            drawn |= turns._keep(team, company, stretches, now)
        (gaps.search([]) - kept).unlink()
        (turns.search([("stop_at", ">", now)]) - drawn)._end(now)
        turns.search([("stop_at", "<", now - CALENDAR_KEPT)]).unlink()
        over = [("replaced_user_id", "!=", False), ("stop_at", "<=", now)]
        self.env["sms.oncall.shift"].sudo().search(over).active = False


class SmsOncallPeriod(models.AbstractModel):
    """Mixin for a time of a team in its on-call calendar."""

    _name = "sms.oncall.period"
    _description = "On-Call Period"
    _order = "start_at, id"

    team_id = fields.Many2one(
        "helpdesk.ticket.team",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    start_at = fields.Datetime("From", required=True, readonly=True)
    stop_at = fields.Datetime("Until", required=True, readonly=True)


class SmsOncallGap(models.Model):
    """A time in the days to come in which nobody of a team is on call.

    Created by a cron, which warns of it once, and deleted when somebody covers it,
    together with the activity that asks for somebody.
    """

    _name = "sms.oncall.gap"
    _description = "On-Call Gap"
    _inherit = ["sms.oncall.period", "mail.thread", "mail.activity.mixin"]

    @api.depends("team_id", "start_at", "stop_at")
    @api.depends_context("lang", "tz")
    def _compute_display_name(self):
        """Name the team and the time, in the user's time zone."""
        for gap in self:
            gap.display_name = gap._describe()

    def _describe(self, lasting=False):
        return self.env._(
            "%(team)s: %(start)s to %(stop)s",
            team=self.team_id.name,
            start=say_moment(self.env, self.start_at, lasting=lasting),
            stop=say_moment(self.env, self.stop_at, lasting=lasting),
        )

    @api.model
    def _keep(self, team, company, found, now):
        """Store the gaps of a team, and warn of new ones.

        A gap that has begun, or now extends further, keeps its row.

        :param list found: ``(start, stop)`` of each gap
        :return: the rows of these gaps
        """
        domain = [("team_id", "=", team.id), ("company_id", "=", company.id)]
        known, kept = self.search(domain), self.browse()
        for start, stop in found:
            same = known.filtered(
                lambda it, a=start, b=stop: it.start_at < b and it.stop_at > a
            )[:1]
            known -= same
            if same and start == now:
                start = min(start, same.start_at)
            values = {"start_at": start, "stop_at": stop}
            if same:
                same.write(values)
            else:
                values |= {"team_id": team.id, "company_id": company.id}
                same = self.with_context(tracking_disable=True).create(values)
                same._warn()
            kept |= same
        return kept

    def _warn(self):
        """Ask the team's leader, or else the company's managers, to fill the gap.

        A team of all companies may have a leader who is in another one.
        """
        leader = self.team_id.user_id.filtered("active")
        people = leader | self.company_id._get_sms_managers()
        people = people.filtered(lambda it: self.with_user(it).has_access("read"))
        for user in people & leader or people:
            gap = self.with_context(lang=user.lang, tz=user.tz)
            gap.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=fields.Date.context_today(gap, self.start_at),
                user_id=user.id,
                summary=gap.env._("Nobody is on call for %s", gap._describe(True)),
            )

    def action_view_shifts(self):
        """Show the shifts of the team, to fill the gap."""
        xmlid = "helpdesk_mgmt_sms.sms_oncall_shift_action"
        return open_linked(self.team_id, xmlid, "team_id")


class SmsOncallTurn(models.Model):
    """A person's time on call in the weeks to come, for the calendar.

    Calculated from shifts, hand-overs and time off by the cron that searches for gaps,
    each day and whenever a shift changes. The past stays as it was.
    """

    _name = "sms.oncall.turn"
    _description = "On-Call Turn"
    _inherit = "sms.oncall.period"

    user_id = fields.Many2one(
        "res.users", "On Call", readonly=True, ondelete="cascade", help="Empty: nobody."
    )
    next_user_id = fields.Many2one("res.users", "Next", readonly=True)
    shift_id = fields.Many2one("sms.oncall.shift", compute="_compute_shift_id")
    may_take_over = fields.Boolean(compute="_compute_shift_id")
    may_hand_over = fields.Boolean(compute="_compute_shift_id")

    @api.depends("team_id", "user_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for turn in self:
            who = turn.user_id.sudo().name or self.env._("nobody")
            turn.display_name = f"{turn.team_id.name} · {who}"

    @api.depends("team_id", "user_id", "start_at")
    @api.depends_context("uid")
    def _compute_shift_id(self):
        """Find the shift that puts the person on call, and what the user may do."""
        now, shifts = fields.Datetime.now(), self.env["sms.oncall.shift"]
        names = ("team_id", "company_id", "user_id")
        for turn in self:
            at = max(turn.start_at, now)
            own = [(name, "=", turn[name].id) for name in names]
            is_ahead = turn.stop_at > now and turn.user_id
            found = shifts.search(own) if is_ahead else shifts
            turn.shift_id = found.filtered(lambda it, at=at: it._is_on_duty(at))[:1]
            turn.may_take_over = turn.shift_id.may_take_over
            turn.may_hand_over = turn.shift_id.may_hand_over

    # === Drawing ===

    @api.model
    def _keep(self, team, company, stretches, now):
        """Store and return a team's turns from now; unchanged ones keep their row."""
        own = [("team_id", "=", team.id), ("company_id", "=", company.id)]
        known = self.search([*own, ("stop_at", ">", now)])
        rows = [
            (start, stop, *(*people, False, False)[:2])
            for start, stop, people in stretches
        ]
        for turn in known.filtered(lambda it: it.start_at < now):
            if turn._to_row()[2:] == rows[0][2:]:
                rows[0] = (turn.start_at, *rows[0][1:])
        same = known.filtered(lambda it: it._to_row() in rows)
        (known - same)._end(now)
        names = ("start_at", "stop_at", "user_id", "next_user_id")
        values = {"team_id": team.id, "company_id": company.id}
        new = set(rows) - {turn._to_row() for turn in same}
        return same | self.create(
            [values | dict(zip(names, row, strict=True)) for row in sorted(new)]
        )

    def _to_row(self):
        return self.start_at, self.stop_at, self.user_id.id, self.next_user_id.id

    def _end(self, now):
        """End outdated turns now, and delete those that have not begun."""
        begun = self.filtered(lambda it: it.start_at < now)
        begun.filtered(lambda it: it.stop_at > now).stop_at = now
        (self - begun).unlink()

    # === Buttons ===

    def action_take_over(self):
        """Open the form to take over this turn."""
        return self._move("action_take_over")

    def action_hand_over(self):
        """Open the form to hand this turn over."""
        return self._move("action_hand_over")

    def _move(self, name):
        self.ensure_one()
        self.check_access("read")
        if not self.shift_id:
            raise UserError(self.env._("This turn is over, or nobody has it."))
        action = getattr(self.shift_id, name)()
        start = max(self.start_at, fields.Datetime.now())
        times = {"default_start_at": start, "default_stop_at": self.stop_at}
        return {**action, "context": {**action["context"], **times}}
