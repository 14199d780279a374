# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.verdicts import HAVE_GOT
from .sms_broadcast_recipient import HELD, WILL

#: News that come sooner after the last text are hardly substantial.
SHORT_WHILE = timedelta(minutes=30)


class SmsBroadcast(models.Model):
    """A warning before people get too many texts about one incident.

    At the beginning, at substantial news, at the end: more is noise, and ends in STOP.
    """

    _inherit = "sms.broadcast"

    discipline_note = fields.Char(compute="_compute_discipline_note")

    @api.depends("state", "incident_id.text_limit", "recipient_ids.outcome")
    def _compute_discipline_note(self):
        for broadcast in self:
            notes = broadcast._origin._get_discipline_notes()
            broadcast.discipline_note = " ".join(notes)

    def _get_discipline_notes(self):
        """Return what speaks against another text about the incident now.

        :rtype: list[str]
        """
        incident_sudo = self.incident_id.sudo()
        if not incident_sudo or self.started_at:
            return []
        notes = []
        if people := self._count_told_enough():
            notes.append(
                self.env._(
                    "%(people)s people have had %(limit)s texts about this incident or "
                    "more. Is this news worth another one?",
                    people=f"{people:,}",
                    limit=incident_sudo.text_limit,
                )
            )
        begun = incident_sudo.broadcast_ids.filtered("started_at").mapped("started_at")
        passed = fields.Datetime.now() - max(begun) if begun else SHORT_WHILE
        if passed < SHORT_WHILE:
            notes.append(
                self.env._(
                    "The last text about it was sent less than half an hour ago. The "
                    "status page tells small news without a text."
                )
            )
        return notes

    def _count_told_enough(self):
        """Return how many of those who would get it have had as many texts already."""
        self.env["sms.sms"].flush_model(["incident_id", "number", "state"])
        [[count]] = self.env.execute_query(
            SQL(
                """
                SELECT count(*) FROM sms_broadcast_recipient own
                 WHERE own.broadcast_id = %s AND own.outcome IN (%s, %s)
                   AND (SELECT count(*) FROM sms_sms had
                         WHERE had.incident_id = %s AND had.number = own.number
                           AND had.state = ANY(%s)) >= %s
                """,
                self.id,
                WILL,
                HELD,
                self.incident_id.id,
                list(HAVE_GOT),
                self.incident_id.sudo().text_limit,
            )
        )
        return count
