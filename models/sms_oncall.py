# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import UTC, timedelta

from odoo import api, models
from odoo.fields import Domain


class SmsOncall(models.AbstractModel):
    """Finds who is on call in a team: shifts, working schedules and time off."""

    _name = "sms.oncall"
    _description = "Who Is on Call"

    @api.model
    def _get_people(self, team, company, now):
        """Return who can be told of a team's alert, in the order to be told.

        Those on duty come first, then the others who have shifts at other times. A team
        without shifts has its members. Who has time off is nobody's help.

        :param team: ``helpdesk.ticket.team``
        :param company: ``res.company`` of the alert
        :param datetime now: UTC
        :return: ``res.users``
        """
        shifts = self.env["sms.oncall.shift"]._get_shifts(team, company)
        on_duty = shifts.filtered(lambda shift: shift._is_on_duty(now))
        people = on_duty.user_id | shifts.user_id
        if not shifts:
            people = team.user_ids.filtered(
                lambda user: not user.share and company in user.company_ids
            )
        return people - self._find_away(people, now)

    @api.model
    def _find_away(self, users, now):
        """Return those who have time off at a time (UTC).

        ``hr_holidays`` enters it, once approved, as the leave of a person's resource;
        so does who enters it by hand. Public holidays are nobody's own: somebody is on
        call on them.
        """
        resources_sudo = users.sudo().resource_ids
        domain = Domain("resource_id", "in", resources_sudo.ids)
        domain &= Domain("date_from", "<=", now) & Domain("date_to", ">", now)
        leaves_sudo = self.env["resource.calendar.leaves"].sudo()
        leaves_sudo = leaves_sudo.search(domain & Domain("time_type", "=", "leave"))
        away = leaves_sudo.resource_id.user_id
        return users.filtered(lambda user: user in away)

    @api.model
    def _is_in_hours(self, calendar, now):
        """Tell if a time (UTC) is in the hours of a working schedule.

        Its holidays do not count: who is on call at night is so at Christmas too.
        """
        start = now.replace(tzinfo=UTC)
        end = start + timedelta(minutes=1)
        found = calendar.sudo()._attendance_intervals_batch(start, end)
        return bool(found[False])
