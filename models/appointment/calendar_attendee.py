# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

#: Fields of a contact that decide where they are, and so when they are reminded.
PLACE_FIELDS = {"tz", "country_id", "state_id", "phone"}


class CalendarAttendee(models.Model):
    """Stores on an invitation which start its customer was told by text."""

    _inherit = "calendar.attendee"

    sms_told_start = fields.Datetime(
        "Start Told by Text",
        readonly=True,
        copy=False,
        help="The start time in the texts to this person, including texts still to be "
        "sent.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Plan the texts to the invited people."""
        attendees = super().create(vals_list)
        attendees.event_id._touch_sms_reminders()
        return attendees

    def write(self, vals):
        """Plan again when somebody has answered: a refusal ends the reminders."""
        result = super().write(vals)
        if "state" in vals:
            self.event_id._touch_sms_reminders()
        return result

    def unlink(self):
        """Plan texts to those who are no longer invited."""
        events = self.event_id
        self.env["sms.reminder"].sudo()._note_gone(self.sudo())
        result = super().unlink()
        events._touch_sms_reminders()
        return result

    def _filter_sms_without_email(self):
        return self.filtered(lambda it: not it.partner_id.email_normalized)

    @api.model
    def _drop_sms_duplicates(self, src_partners, dst_partner):
        """Keep one of several invitations of merged contacts, and all questions.

        Preferably one that was answered. Deleted by SQL, so that nobody is told that
        they are no longer invited.
        """
        people = src_partners | dst_partner
        invited = self.search(
            [("partner_id", "in", people.ids), ("event_id", "!=", False)]
        )
        open_states = (False, "needsAction")
        best_first = invited.sorted(
            lambda it: (it.state in open_states, it.partner_id != dst_partner, it.id)
        )
        duplicates = self.browse()
        for attendees in best_first.grouped("event_id").values():
            if same := attendees[1:]:
                questions = self.env["sms.question"].search(
                    [("res_model", "=", self._name), ("res_id", "in", same.ids)]
                )
                questions.res_id = attendees[0].id
                duplicates |= same
        if not duplicates:
            return
        self.env.flush_all()
        query = SQL("DELETE FROM calendar_attendee WHERE id = ANY(%s)", duplicates.ids)
        self.env.cr.execute(query)
        self.env.invalidate_all(flush=False)


class ResPartner(models.Model):
    """Takes texts about appointments along to a contact's new number and place.

    Not to a number that customers have typed themselves: it must be confirmed first.
    """

    _inherit = "res.partner"

    def write(self, vals):
        """Have texts that wait follow the number; a country changes it, too."""
        if not PLACE_FIELDS & vals.keys():
            return super().write(vals)
        former = {it.id: it.phone_sanitized for it in self.sudo()}
        result = super().write(vals)
        reminders_sudo = self.env["sms.reminder"].sudo()
        changed_sudo = self.sudo().filtered(
            lambda it: former[it.id] and it.phone_sanitized != former[it.id]
        )
        if changed_sudo and not self.env.user.share:
            reminders_sudo._follow_numbers(changed_sudo, former)
        reminders_sudo._plan_again(self)
        return result


class CalendarAlarm(models.Model):
    """Takes planned reminders along that replace those of Odoo."""

    _inherit = "calendar.alarm"

    def write(self, vals):
        """Plan the reminders at their new time."""
        result = super().write(vals)
        if {"alarm_type", "duration", "interval"} & vals.keys():
            events_sudo = self.env["calendar.event"].sudo()
            events_sudo._plan_sms_again(Domain("alarm_ids", "in", self.ids))
        return result


class ResCompany(models.Model):
    """Plans reminders by a company's new business hours."""

    _inherit = "res.company"

    def _after_sms_write(self, before, vals):
        result = super()._after_sms_write(before, vals)
        if "courtesy" in before:
            events_sudo = self.env["calendar.event"].sudo()
            events_sudo._plan_sms_again(Domain("sms_company_id", "in", self.ids))
        return result
