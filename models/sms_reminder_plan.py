# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.appointments import CALLED_OFF, Change
from .sql_array import as_arrays


class SmsReminder(models.Model):
    """Compares what customers know with what holds, for all that a transaction did."""

    _inherit = "sms.reminder"

    @api.model
    def _plan(self, touched):
        """Plan the texts about changed appointments, and cancel what is void.

        Set-based, whatever the number of events: nothing is rendered or sent here.

        :param calendar_event_changes.Touched touched: what a transaction has changed
        """
        found = self._read_appointments(
            SQL("event.id = ANY(%s)", list(touched.events)), only_customers=False
        )
        if not (found or touched.gone):
            return
        now = fields.Datetime.now()
        companies = self._get_texting_companies(found)
        obstacles = {it: it.get_obstacle(companies, now) for it in found}
        self._plan_notices(found, obstacles, touched)
        self._plan_reminders(found, obstacles)
        self.env["calendar.attendee"].invalidate_model(["sms_told_start"])
        self.invalidate_model()

    @api.model
    def _note_gone(self, attendees):
        """Remember who is told that appointments are called off, before they are gone.

        The text is filled in now: afterwards there is nothing to fill it in from. It
        is sent only if nothing takes the appointment's place in this transaction.

        :param attendees: ``calendar.attendee`` that are about to be deleted
        """
        if not attendees:
            return
        found = self._read_appointments(
            SQL("attendee.id = ANY(%s)", attendees.ids), only_customers=False
        )
        now = fields.Datetime.now()
        companies = self._get_texting_companies(found)
        lost = [it for it in found if not it.get_obstacle(companies, now) and it.known]
        texts = self._render_gone(lost)
        touched = self.env["calendar.event"]._get_touched_appointments()
        touched.gone += [
            (it._replace(event_id=0), texts.get(it.attendee_id)) for it in lost
        ]
        self._cancel_deleted(attendees)

    @api.model
    def _cancel_deleted(self, attendees):
        """Cancel the reminders of invitations that are about to be deleted."""
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE sms_reminder SET state = 'cancelled', reason = 'called_off'
                  FROM calendar_attendee attendee
                 WHERE attendee.id = ANY(%s)
                   AND attendee.event_id = sms_reminder.event_id
                   AND attendee.partner_id = sms_reminder.partner_id
                   AND sms_reminder.state = 'planned'
                   AND sms_reminder.kind NOT IN ('booked', 'moved', 'called_off')
                """,
                attendees.ids,
            )
        )
        rows = self.search(
            [
                *(("kind", "=", CALLED_OFF), ("state", "=", "planned")),
                *(("event_id", "in", attendees.event_id.ids), ("body", "=", False)),
            ]
        )
        for row in rows:
            row.body = row._render_safely()
        self.invalidate_model()

    @api.model
    def _find_changes(self, found, obstacles, touched):
        """Return what each customer knows and what holds, where both differ.

        Who has declined, or gets no texts, is told nothing and knows what they knew.

        :return: list of :class:`Change`, its subject ``(Appointment, loud, text)``
        """
        now = fields.Datetime.now()
        changes = []
        for it in found:
            obstacle = obstacles[it]
            subject = it, bool(touched.events.get(it.event_id)), None
            if not obstacle and it.known != it.start:
                change = Change(it.key, it.partner_id, it.known, it.start, subject)
                changes.append(change)
            elif (
                obstacle in ("called_off", "uninvited")
                and it.is_enabled
                and not it.has_declined
                and it.known
                and it.known > now
            ):
                changes.append(Change(it.key, it.partner_id, it.known, None, subject))
        for it, text in touched.gone:
            subject = it, True, text
            changes.append(Change(it.key, it.partner_id, it.known, None, subject))
        return changes

    @api.model
    def _store_known(self, changes):
        """Write down what the customers know from now on."""
        rows = [
            (change.subject[0].attendee_id, change.start)
            for change in changes
            if change.subject[0].event_id
        ]
        if not rows:
            return
        self.env.cr.execute(
            SQL(
                """
                UPDATE calendar_attendee SET sms_told_start = new.start
                  FROM unnest(%s) AS new (id, start)
                 WHERE calendar_attendee.id = new.id
                """,
                as_arrays(rows, "int4", "timestamp"),
            )
        )

    @api.model
    def _group_pending(self, notices):
        """Return the notices that have not left, by person and appointment.

        What was handed over and still waits in the outbox counts too: it is taken back.

        :return: ``{(partner id, key): list of sms.reminder}``, the newest last
        """
        if not notices:
            return {}
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT row.id
                  FROM sms_reminder row
                  JOIN unnest(%s) AS new (partner_id, key)
                    ON new.partner_id = row.partner_id AND new.key = row.subject_key
             LEFT JOIN sms_sms sms ON sms.id = row.sms_id
                 WHERE row.kind IN ('booked', 'moved', 'called_off')
                   AND (row.state = 'planned'
                        OR row.state = 'sent' AND sms.state = 'outgoing')
              ORDER BY row.id
                """,
                as_arrays(
                    [(it.first.partner_id, it.first.key) for it in notices],
                    *("int4", "text"),
                ),
            )
        )
        pending = defaultdict(self.browse)
        for row in self.browse(row_id for (row_id,) in rows):
            pending[row.partner_id.id, row.subject_key] |= row
        return pending
