# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL


class SmsReminder(models.Model):
    """Follows a merge of contacts, which moves rows from one person to another."""

    _inherit = "sms.reminder"

    @api.model
    def _drop_duplicates(self, src_partners, dst_partner):
        """Keep one of several texts that tell people the same who turn out to be one.

        One that was sent before one that is planned, so that it does not go again.
        Else the merge would fail: a reminder is unique for a person.

        :param src_partners: ``res.partner`` that are merged into another
        :param dst_partner: ``res.partner`` that stays
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM sms_reminder
                 USING (
                       SELECT id, row_number() OVER (
                                  PARTITION BY kind, event_id, start, offset_minutes
                                  ORDER BY state = 'sent' DESC, state = 'planned' DESC,
                                           partner_id = %s DESC, id
                              ) AS place
                         FROM sms_reminder
                        WHERE partner_id = ANY(%s) AND event_id IS NOT NULL
                          AND (kind = 'reminder' OR state = 'planned')
                       ) AS same
                 WHERE same.id = sms_reminder.id AND same.place > 1
                """,
                dst_partner.id,
                (src_partners | dst_partner).ids,
            )
        )
        self.invalidate_model()

    @api.model
    def _plan_again(self, partner):
        """Have a person's appointments looked at again, without telling anything."""
        events = self.env["calendar.event"].search(
            [
                ("partner_ids", "in", partner.ids),
                *(("start", ">", fields.Datetime.now()), ("sms_enabled", "=", True)),
            ]
        )
        self.env.add_to_compute(events._fields["sms_confirmation"], events)
        events.with_context(dont_notify=True)._touch_appointments()
