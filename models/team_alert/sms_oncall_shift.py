# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import UTC, timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from odoo.addons.base.models.res_partner import _tz_get

from ...tools import escalation
from ..consent.sms_consent_mixin import SubjectColumns
from ..ledger.sms_purpose import INTERNAL


class SmsOncallShift(models.Model):
    """A person's turn of duty in a team: the first on duty is told of alerts first.

    Hours come from one of Odoo's working schedules, single turns and those that come
    again from two times. People with time off are left out, wherever it was entered.
    """

    _name = "sms.oncall.shift"
    _description = "On-Call Shift"
    _inherit = "sms.consent.mixin"
    _order = "team_id, sequence, id"
    _check_company_auto = True
    _rec_name = "user_id"

    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    team_id = fields.Many2one(
        "helpdesk.ticket.team", required=True, ondelete="cascade", index=True
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

    _repeat_weeks_positive = models.Constraint(
        "CHECK (repeat_weeks >= 0)", "The weeks cannot be negative."
    )
    _times_in_order = models.Constraint(
        "CHECK (start_at IS NULL OR stop_at IS NULL OR start_at < stop_at)",
        "A shift must end after it starts.",
    )

    @api.constrains("repeat_weeks", "start_at", "stop_at")
    def _check_repeat(self):
        """Refuse a turn that comes again without times, or before it is over."""
        for shift in self.filtered("repeat_weeks"):
            if not (shift.start_at and shift.stop_at):
                raise ValidationError(
                    self.env._("A shift that repeats needs a start and an end.")
                )
            if (shift.stop_at - shift.start_at).days >= 7 * shift.repeat_weeks + 1:
                raise ValidationError(self.env._("A shift must end before it repeats."))

    @api.constrains("team_id", "company_id")
    def _check_team_company(self):
        for shift in self:
            team = shift.team_id
            if team.company_id and team.company_id != shift.company_id:
                raise ValidationError(
                    self.env._("“%s” is a team of another company.", team.name)
                )

    @api.depends("team_id", "user_id", "calendar_id", "start_at", "stop_at", "sequence")
    def _compute_duty(self):
        now = fields.Datetime.now()
        oncall_sudo = self.env["sms.oncall"].sudo()
        for team, shifts in self.grouped("team_id").items():
            people = oncall_sudo._get_people(team, shifts.company_id[:1], now)
            away = oncall_sudo._find_away(shifts.user_id, now)
            for shift in shifts:
                if shift.user_id in away:
                    shift.duty = "away"
                elif not shift._is_on_duty(now):
                    shift.duty = "off"
                else:
                    shift.duty = "on_call" if shift.user_id == people[:1] else "next"

    def _is_on_duty(self, now):
        """Tell if the shift covers a time (UTC), time off aside."""
        self.ensure_one()
        turn = escalation.Turn(self.start_at, self.stop_at, self.repeat_weeks, self.tz)
        if not escalation.covers(turn, now):
            return False
        return not self.calendar_id or self.env["sms.oncall"]._is_in_hours(
            self.calendar_id, now
        )

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
        return SubjectColumns(
            SQL.identifier(alias, "company_id"),
            number,
            SQL("%s", self.env["sms.purpose"]._get(INTERNAL).id),
        )

    def _get_sms_typed_number(self):
        return self.phone


class SmsOncall(models.AbstractModel):
    """Look-up of the people on call: shifts, working schedules and time off."""

    _name = "sms.oncall"
    _description = "Who Is on Call"

    @api.model
    def _get_people(self, team, company, now):
        """Return the people (``res.users``) of a team in the order to be told.

        Those on duty come first, then the others with shifts. A team without shifts has
        its members. Those with time off are left out.

        :param datetime now: UTC
        """
        shifts = self.env["sms.oncall.shift"].search(
            [
                ("team_id", "=", team.id),
                ("company_id", "=", company.id),
                ("user_id.active", "=", True),
            ]
        )
        people = shifts.filtered(lambda it: it._is_on_duty(now)).user_id
        people |= shifts.user_id
        if not shifts:
            people = team.user_ids.filtered(
                lambda user: not user.share and company in user.company_ids
            )
        return people - self._find_away(people, now)

    @api.model
    def _find_away(self, users, now):
        """Return those of some users who have time off at a time (UTC).

        ``hr_holidays`` enters it, once approved, as the leave of a person's resource,
        as people do by hand. Public holidays are nobody's own, so they do not count.
        """
        domain = [
            ("resource_id", "in", users.sudo().resource_ids.ids),
            ("date_from", "<=", now),
            ("date_to", ">", now),
            ("time_type", "=", "leave"),
        ]
        leaves_sudo = self.env["resource.calendar.leaves"].sudo().search(domain)
        away = leaves_sudo.resource_id.user_id
        return users.filtered(lambda user: user in away)

    @api.model
    def _is_in_hours(self, calendar, now):
        """Tell if a time (UTC) is in a working schedule; holidays do not count."""
        start = now.replace(tzinfo=UTC)
        end = start + timedelta(minutes=1)
        found = calendar.sudo()._attendance_intervals_batch(start, end)
        return bool(found[False])
