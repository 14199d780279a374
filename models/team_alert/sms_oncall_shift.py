# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.base.models.res_partner import _tz_get

from ...tools import clocks, consent, escalation, oncall
from ...tools.actions import reload_view
from ..consent.sms_consent_mixin import SubjectColumns
from ..core.moments import say_moment
from ..ledger.sms_purpose import INTERNAL

AGENTS = "helpdesk_mgmt.group_helpdesk_user_own"
MANAGERS = "helpdesk_mgmt.group_helpdesk_manager"
#: Suggested length of a hand-over when the turn has no end.
USUAL_TIME = timedelta(hours=12)
#: How far ahead the next turn of a shift is searched.
AHEAD = timedelta(days=28)
#: Longest interval of a repeating shift: a year.
MOST_WEEKS = 53


class SmsOncallShift(models.Model):
    """A person's on-call shift in a team; the first on duty is alerted first.

    A shift follows one of Odoo's working schedules, or a start and an end that may
    repeat weekly. People with time off are left out, wherever it was entered. A
    hand-over is a shift of its own, which names the replaced person and ends by itself.
    """

    _name = "sms.oncall.shift"
    _description = "On-Call Shift"
    _inherit = ["sms.setup.mixin", "sms.consent.mixin"]
    _order = "team_id, sequence, id"
    _check_company_auto = True
    _rec_name = "user_id"

    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    team_id = fields.Many2one(
        "helpdesk.ticket.team",
        required=True,
        ondelete="cascade",
        index=True,
        check_company=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    user_id = fields.Many2one(
        "res.users",
        "Person",
        required=True,
        ondelete="cascade",
        index=True,
        domain=[("share", "=", False)],
    )
    calendar_id = fields.Many2one(
        "resource.calendar",
        "Hours",
        ondelete="restrict",
        check_company=True,
        help="On duty during this working schedule. Leave empty for any hour.",
    )
    start_at = fields.Datetime("From", help="Leave empty for no start date.")
    stop_at = fields.Datetime("Until", help="Leave empty for no end date.")
    repeat_weeks = fields.Integer(
        "Repeat Every (Weeks)",
        help="The shift repeats after this many weeks, at the same hour. 0 for never.",
    )
    tz = fields.Selection(
        _tz_get,
        "Time Zone",
        required=True,
        default=lambda self: self.env.user.tz or "UTC",
        help="The time zone in which it repeats.",
    )
    replaced_user_id = fields.Many2one(
        "res.users",
        "Instead of",
        readonly=True,
        copy=False,
        ondelete="cascade",
        help="Whose place this person takes, until the end of the shift.",
    )
    phone = fields.Char(related="user_id.partner_id.phone", related_sudo=True)
    duty = fields.Selection(
        [
            ("on_call", "On call now"),
            ("next", "Next"),
            ("off", "Off duty"),
            ("away", "Time off"),
        ],
        string="On Duty",
        compute="_compute_duty",
    )
    may_take_over = fields.Boolean(compute="_compute_may_take_over")
    may_hand_over = fields.Boolean(compute="_compute_may_take_over")
    may_end = fields.Boolean(compute="_compute_may_take_over")

    _repeat_weeks_positive = models.Constraint(
        "CHECK (repeat_weeks >= 0)", "The weeks cannot be negative."
    )
    _times_in_order = models.Constraint(
        "CHECK (start_at IS NULL OR stop_at IS NULL OR start_at < stop_at)",
        "A shift must end after it starts.",
    )

    @api.constrains("repeat_weeks", "start_at", "stop_at", "tz")
    def _check_repeat(self):
        """Refuse a repeating shift without times, or one that overlaps itself.

        Also one of which no calendar could show the next time.
        """
        for shift in self.filtered("repeat_weeks"):
            if shift.repeat_weeks > MOST_WEEKS:
                raise ValidationError(
                    self.env._("A shift repeats after %s weeks at most.", MOST_WEEKS)
                )
            if not (shift.start_at and shift.stop_at):
                raise ValidationError(
                    self.env._("A shift that repeats needs a start and an end.")
                )
            # By the clock, as it repeats: a week may have an hour more or less.
            start, stop = (
                clocks.to_local(it, shift.tz) for it in (shift.start_at, shift.stop_at)
            )
            if stop - start > timedelta(weeks=shift.repeat_weeks):
                raise ValidationError(self.env._("A shift must end before it repeats."))

    @api.depends(
        *("team_id", "user_id", "calendar_id", "start_at", "stop_at", "sequence"),
        "replaced_user_id",
    )
    def _compute_duty(self):
        now = fields.Datetime.now()
        oncall_sudo = self.env["sms.oncall"].sudo()
        by_team = self.grouped(lambda it: (it.team_id, it.company_id))
        for (team, company), shifts in by_team.items():
            people = oncall_sudo._get_on_duty(team, company, now)
            away = oncall_sudo._find_away(shifts.user_id | people, now)
            people -= away
            for shift in shifts:
                if shift.user_id in away:
                    shift.duty = "away"
                elif shift.user_id not in people or not shift._is_on_duty(now):
                    shift.duty = "off"
                else:
                    shift.duty = "on_call" if shift.user_id == people[:1] else "next"

    @api.depends("team_id", "user_id", "stop_at")
    @api.depends_context("uid")
    def _compute_may_take_over(self):
        now = fields.Datetime.now()
        for shift in self:
            user = self.env.user
            is_over = shift.stop_at and shift.stop_at <= now and not shift.repeat_weeks
            may = bool(shift.id) and not is_over and shift._may_move()
            is_own, is_handover = shift.user_id == user, bool(shift.replaced_user_id)
            shift.may_end = may and is_handover and shift._may_end(user)
            shift.may_hand_over = may and (is_own or user.has_group(MANAGERS))
            may_take_over = may and not (is_own or shift.may_end)
            shift.may_take_over = may_take_over and user in shift._get_members()

    def _is_on_duty(self, now):
        """Return whether it covers a time (UTC), ignoring time off and hand-overs."""
        return bool(self._get_spans(now, now + timedelta.resolution))

    def _to_duty(self):
        rank, instead_of = (self.sequence, self.id), self.replaced_user_id.id or None
        return oncall.Duty(self.user_id.id, rank, self.id, instead_of)

    def _get_spans(self, start, stop):
        """Return the ``tools.oncall.Span`` of the shift within a period (UTC)."""
        times = (self.start_at, self.stop_at, self.repeat_weeks, self.tz)
        turns = oncall.expand(escalation.Turn(*times), start, stop)
        if turns and self.calendar_id:
            hours = self.env["sms.oncall"]._get_hours(self.calendar_id, start, stop)
            turns = [
                (max(begin, opens), min(end, closes))
                for begin, end in turns
                for opens, closes in hours
                if opens < end and closes > begin
            ]
        duty = self._to_duty()
        return [oncall.Span(begin, end, duty) for begin, end in turns]

    # === Consent of the person ===

    def _get_sms_subject_fields(self):
        return ("user_id.partner_id.phone_sanitized", "company_id")

    def _get_sms_subjects(self):
        purpose = self.env["sms.purpose"]._get(INTERNAL)
        subjects = {}
        for shift in self:
            number = shift.sudo().user_id.partner_id.phone_sanitized
            subjects[shift.id] = shift.company_id, number, purpose
        return subjects

    def _get_sms_subject_columns(self, alias):
        self.env["res.partner"].flush_model(["phone_sanitized"])
        number = SQL(
            """(
                SELECT partner.phone_sanitized
                  FROM res_users person
                  JOIN res_partner partner ON partner.id = person.partner_id
                 WHERE person.id = %s
            )""",
            SQL.identifier(alias, "user_id"),
        )
        purpose_id = SQL("%s", self.env["sms.purpose"]._get(INTERNAL).id)
        return SubjectColumns(SQL.identifier(alias, "company_id"), number, purpose_id)

    def _get_sms_typed_number(self):
        return self.phone

    # === Who covers what ===

    @api.constrains(lambda self: self._get_setup_fields())
    @api.ondelete(at_uninstall=True)
    def _look_for_gaps(self):
        self.env["sms.oncall"]._wake_watch()

    # === Hand-overs ===

    def action_take_over(self):
        """Open the form to take over the shift until some time."""
        return self._open_handover(self.env._("Take over"), self.env.user)

    def action_hand_over(self):
        """Open the form to hand the shift over to somebody until some time."""
        return self._open_handover(self.env._("Hand over"), self.env["res.users"])

    def _open_handover(self, name, user):
        self.ensure_one()
        self.check_access("read")
        context = {"default_shift_id": self.id, "default_user_id": user.id}
        return self.env["sms.oncall.handover"]._get_records_action(
            name=name, target="new", context=context
        )

    def action_end_handover(self):
        """End a hand-over now: the replaced person is on call again.

        :raises AccessError: unless one of the two people, or a manager
        """
        self.check_access("read")
        self.company_id._check_sms_user()
        now = fields.Datetime.now()
        for shift in self:
            if not shift.replaced_user_id or not shift._may_end(self.env.user):
                raise AccessError(
                    self.env._("Only the two people and managers end a hand-over.")
                )
            shift_sudo = shift.sudo()
            if shift_sudo.start_at < now:
                shift_sudo.stop_at = min(shift_sudo.stop_at, now)
            shift_sudo.active = False
            shift_sudo._tell_both(
                lambda reader, it=shift_sudo: reader._(
                    "%(back)s is on call again for %(team)s instead of %(name)s.",
                    back=it.replaced_user_id.name,
                    name=it.user_id.name,
                    team=it.team_id.name,
                )
            )
        return reload_view()

    def _may_end(self, user):
        self.ensure_one()
        both = self.user_id | self.replaced_user_id
        return user in both or user.has_group(MANAGERS)

    def _may_move(self):
        """Return whether the user may change on-call shifts at all."""
        self.ensure_one()
        in_company = self.company_id in self.env.companies
        return in_company and self.env.user.has_group(AGENTS)

    def _get_members(self):
        """Return who may stand in: members of the team and people with shifts."""
        own = Domain("team_id", "=", self.team_id.id)
        own &= Domain("company_id", "=", self.company_id.id)
        shifts_sudo = self.sudo().search(own & Domain("replaced_user_id", "=", False))
        users_sudo = self.team_id.sudo().user_ids | shifts_sudo.user_id
        return self._filter_colleagues(users_sudo)

    def _filter_staffed(self):
        """Leave out the shifts of people who have left the company."""
        return self.filtered(lambda it: it._filter_colleagues(it.user_id))

    def _filter_colleagues(self, users):
        automations = self.env["sms.automation"]
        return automations._filter_colleagues(users.sudo(), self.company_id)

    def _check_hand_over(self, user):
        """Check that the current user may put ``user`` in place of the shift's person.

        :param user: ``res.users`` who would be on call
        :raises AccessError: for somebody else's shift to a third person, unless a
            manager
        :raises UserError: if ``user`` does not belong to the team
        """
        self.ensure_one()
        self.check_access("read")
        self.company_id._check_sms_user()
        me = self.env.user
        if not me.has_group(AGENTS):
            raise AccessError(
                self.env._("Only helpdesk users can change who is on call.")
            )
        if not me.has_group(MANAGERS) and me not in (user, self.user_id):
            reason = self.env._(
                "You can hand over your own shift or take over another one. Ask a "
                "helpdesk manager for anything else."
            )
            raise AccessError(reason)
        is_manager = me.has_group(MANAGERS) and self._filter_colleagues(user)
        if not is_manager and user not in self._get_members():
            words = self.env._(
                "%(name)s does not belong to “%(team)s”. Choose a member of the team.",
                name=user.sudo().name,
                team=self.team_id.sudo().name,
            )
            raise UserError(words)

    def _hand_over(self, user, start, stop):
        """Put somebody in place of the shift's person for a time (UTC).

        :return: the new shift of the hand-over, in sudo
        """
        self._check_hand_over(user)
        self._check_stand_in(user, start, stop)
        override_sudo = self.sudo().create(
            {
                "team_id": self.team_id.id,
                "company_id": self.company_id.id,
                "user_id": user.id,
                "replaced_user_id": self.user_id.id,
                "sequence": self.sequence,
                "start_at": start,
                "stop_at": stop,
                "tz": self.tz,
                # Else the user's own defaults would apply.
                "repeat_weeks": 0,
                "calendar_id": False,
            }
        )
        override_sudo._tell_both(
            lambda reader: reader._(
                "%(name)s is on call for %(team)s instead of %(other)s from "
                "%(start)s until %(stop)s.",
                name=override_sudo.user_id.name,
                other=override_sudo.replaced_user_id.name,
                team=override_sudo.team_id.name,
                start=say_moment(reader, start, lasting=True),
                stop=say_moment(reader, stop, lasting=True),
            )
        )
        return override_sudo

    def _check_stand_in(self, user, start, stop):
        """Refuse a stand-in whom alerts would not reach, or not at that time (UTC)."""
        if user == self.user_id:
            raise UserError(self.env._("%s is on call already.", user.sudo().name))
        if not user.sudo().partner_id.phone_sanitized:
            reason = self.env._(
                "%s has no phone number, so alerts would reach nobody. Enter the "
                "number on their contact first.",
                user.sudo().name,
            )
            raise UserError(reason)
        if not start < stop or stop <= fields.Datetime.now():
            raise UserError(self.env._("Choose an end that is still to come."))
        if self.replaced_user_id and stop > self.stop_at:
            words = self.env._(
                "%(name)s stands in only until %(time)s. Choose an earlier end.",
                name=self.user_id.sudo().name,
                time=say_moment(self.env, self.stop_at),
            )
            raise UserError(words)

    def _get_reach_note(self, user):
        """Return why alerts would not reach a stand-in, or an empty string."""
        user_sudo = user.sudo()
        company, number = self.company_id, user_sudo.partner_id.phone_sanitized
        if not number:
            return self.env._("%s has no phone number.", user_sudo.name)
        purpose = self.env["sms.purpose"]._get(INTERNAL)
        consents_sudo = self.env["sms.consent"].sudo()
        found = consents_sudo._get_found(company, number)
        if consents_sudo._get_answer(found, purpose.id).state == consent.OPTED_IN:
            return ""
        return self.env._(
            "%s has not agreed to get team alerts by text. Record the consent in the "
            "list.",
            user_sudo.name,
        )

    def _tell_both(self, write):
        """Notify both people of a hand-over, each in their time zone and language."""
        for user in self.user_id | self.replaced_user_id:
            reader = self.with_context(lang=user.lang, tz=user.tz).env
            self.team_id.with_env(reader).message_notify(
                author_id=self.env.ref("base.partner_root").id,
                partner_ids=user.partner_id.ids,
                subject=reader._("On call for %s", self.team_id.name),
                body=write(reader),
            )

    def _find_next_turn(self, now):
        """Return the ``(start, stop)`` to suggest for a hand-over."""
        spans = self._get_spans(now, now + AHEAD)
        start, stop = spans[0][:2] if spans else (now, now + USUAL_TIME)
        return start, stop if stop < now + AHEAD else start + USUAL_TIME
