# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL


class CalendarAttendee(models.Model):
    """A customer who was told by text when an appointment is."""

    _inherit = "calendar.attendee"

    sms_told_start = fields.Datetime(
        "Told by Text",
        readonly=True,
        copy=False,
        help="The start that the texts to this person say, those that still wait "
        "included.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Plan the texts to who is invited."""
        attendees = super().create(vals_list)
        attendees.event_id._touch_appointments()
        return attendees

    def write(self, vals):
        """Plan anew when somebody has answered: who declines is not reminded."""
        result = super().write(vals)
        if "state" in vals:
            self.event_id._touch_appointments()
        return result

    def unlink(self):
        """Tell who is no longer invited."""
        events = self.event_id
        self.env["sms.reminder"].sudo()._note_gone(self.sudo())
        result = super().unlink()
        events._touch_appointments()
        return result

    def _filter_without_email(self):
        return self.filtered(lambda it: not it.partner_id.email_normalized)

    # ------------------------------------------------------------------
    # Who turns out to be one person after a merge of contacts is invited once
    # ------------------------------------------------------------------

    @api.model
    def _find_duplicates(self, partners, dst_partner):
        """Return the invitations that are too many, each with the one that is kept."""
        self.flush_model()
        self.env["sms.question"].flush_model(["res_model", "res_id"])
        return self.env.execute_query(
            SQL(
                """
                SELECT id, kept FROM (
                       SELECT id, first_value(id) OVER (
                                  PARTITION BY event_id
                                  ORDER BY state = 'needsAction', partner_id != %s, id
                              ) AS kept
                         FROM calendar_attendee
                        WHERE partner_id = ANY(%s) AND event_id IS NOT NULL
                       ) AS invited
                 WHERE id != kept
                """,
                dst_partner.id,
                partners.ids,
            )
        )

    @api.model
    def _drop_duplicates(self, src_partners, dst_partner):
        """Keep one of several invitations of one person, with what was asked about it.

        One that was answered before one that was not. By SQL: nobody is told that they
        are no longer invited.

        :param src_partners: ``res.partner`` that are merged into another
        :param dst_partner: ``res.partner`` that stays
        """
        rows = self._find_duplicates(src_partners | dst_partner, dst_partner)
        if not rows:
            return
        ids, kept_ids = (list(column) for column in zip(*rows, strict=True))
        self.env.cr.execute(
            SQL(
                """
                UPDATE sms_question SET res_id = same.kept
                  FROM unnest(%s::int[], %s::int[]) AS same (id, kept)
                 WHERE res_model = %s AND res_id = same.id
                """,
                ids,
                kept_ids,
                self._name,
            )
        )
        self.env.cr.execute(
            SQL("DELETE FROM calendar_attendee WHERE id = ANY(%s)", ids)
        )
        self.env.invalidate_all(flush=False)
