# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.tools import SQL


class CalendarAttendee(models.Model):
    """Who turns out to be one person after a merge of contacts is invited once."""

    _inherit = "calendar.attendee"

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
