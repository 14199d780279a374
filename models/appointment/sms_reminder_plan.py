# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import appointments, geography
from ...tools.appointments import BOOKED, CALLED_OFF, Change
from ...tools.geography import read_number
from ...tools.quiet_hours import URGENT
from ..core.bulk_insert import as_arrays, create_many
from .sms_reminder import CANCELLED, GRACE, PLANNED, SENT


class ReminderClock:
    """When the customers of one company are reminded, by the clock where they are.

    The hours that a place keeps are looked up once.
    """

    def __init__(self, company, now):
        """Prepare for the appointments of one transaction.

        :param company: ``res.company`` that texts
        :param datetime now: UTC
        """
        self._env = company.env
        self._company = company
        self._now = now
        self._keeps_hours = company._keeps_quiet_hours()
        self._whereabouts = Whereabouts(company)
        self._hours = {}

    def find_due(self, appointment, partner, rule):
        """Return when a reminder leaves (UTC), or None: see ``tools.appointments``.

        :param sms_reminder_appointment.Appointment appointment: what it is about
        :param partner: ``res.partner``, who is reminded
        :param sms_reminder_rules.TextRule rule: how long before, for what purpose
        """
        zone = self._whereabouts.get_zone(partner)
        place = self._whereabouts.get_place(partner)
        return appointments.find_due(
            appointments.get_anchor(appointment.start, appointment.is_allday, zone),
            rule.offset,
            self._now,
            place.zones,
            self._get_hours(place, rule.purpose_id),
            f"{appointment.event_id}/{appointment.partner_id}",
        )

    def _get_hours(self, place, purpose_id):
        if not self._keeps_hours:
            return ()
        key = place, purpose_id
        if key not in self._hours:
            self._hours[key] = self._select_hours(place, purpose_id)
        return self._hours[key]

    def _select_hours(self, place, purpose_id):
        purpose = self._env["sms.purpose"].browse(purpose_id)
        quiet_class = purpose._get_rules(self._env.lang, self._company).quiet_class
        if quiet_class == URGENT:
            return ()
        hours = self._env["sms.quiet.hours"]
        return tuple(hours._select(self._company, place, quiet_class))


class Whereabouts:
    """Where the customers of one company are, as the gate sees it, and by which clock.

    Of many people few live in different places: each place is looked up once.
    """

    def __init__(self, company):
        """Prepare for customers of a company.

        :param company: ``res.company`` that texts
        """
        self._env = company.env
        place = company._get_sms_place()
        self._company_place = place
        #: Name of the zone in which the company is.
        self.here = place.zones[0]
        self._known, self._of_partner = {}, {}

    def get_place(self, partner):
        """Return where a customer may be.

        :param partner: ``res.partner``
        """
        return self._find(partner)[0]

    def get_zone(self, partner):
        """Return the name of the zone by whose clock a customer is told times."""
        return self._find(partner)[1]

    def _find(self, partner):
        if partner.id not in self._of_partner:
            of_number = read_number(partner.phone_sanitized)
            key = partner.tz, partner.country_id.id, partner.state_id.id, of_number
            if key not in self._known:
                self._known[key] = self._locate(partner)
            self._of_partner[partner.id] = self._known[key]
        return self._of_partner[partner.id]

    def _locate(self, partner):
        get_code = self._env["sms.gate"]._get_code
        place = geography.locate(
            partner.phone_sanitized or "",
            partner.tz or "",
            get_code("res.country", partner.country_id.id),
            get_code("res.country.state", partner.state_id.id),
            self._company_place,
        )
        return place, appointments.pick_zone(partner.tz, place.zones, self.here)


class SmsReminder(models.Model):
    """Compares what customers know with what holds, for all that a transaction did."""

    _inherit = "sms.reminder"

    @api.model
    def _plan(self, touched):
        """Plan the texts about changed appointments, and cancel what is void.

        Set-based, whatever the number of events: nothing is rendered or sent here.
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

    # ------------------------------------------------------------------
    # Booked, moved, called off: told once, of the whole change, when it stands
    # ------------------------------------------------------------------

    @api.model
    def _plan_notices(self, found, obstacles, touched):
        """Plan what customers are told of the changes of a transaction."""
        changes = self._find_changes(found, obstacles, touched)
        notices = [
            notice
            for notice in appointments.find_notices(changes)
            if notice.kind != BOOKED or notice.first.subject[1]
        ]
        pending = self._group_pending(notices)
        new_vals = []
        for notice in notices:
            key = notice.first.partner_id, notice.first.key
            older = pending.get(key, self)
            told = self._merge_pending(older, notice)
            if told:
                new_vals.append(self._prepare_notice(notice, *told, touched.at_once))
        self._store_known(changes)
        if new_vals:
            create_many(self, new_vals)
        self._wake_for([vals["due_at"] for vals in new_vals])

    @api.model
    def _merge_pending(self, older, notice):
        """Take back what has not left and is overtaken; return what is left to tell.

        :param older: the ``sms.reminder`` that have not left, the newest last
        :return: ``(kind, known)``, or None if the customer knows it all
        """
        kind, known = notice.kind, notice.known
        for row in reversed(older):
            if not appointments.follows(row.kind, row.start, notice):
                continue
            if not row._take_back():
                continue
            told = appointments.merge_changes(row.kind, row.known_start, notice)
            if told is None:
                row.reason = "undone"
                return None
            kind, known = told
            notice = notice._replace(kind=kind, known=known)
        return kind, known

    def _take_back(self):
        """Cancel a notice that has not left; say if it could be.

        What the outbox has locked is about to leave, and is told.
        """
        self.ensure_one()
        if self.state == SENT and not self._withdraw():
            return False
        self.write({"state": CANCELLED, "reason": "replaced"})
        return True

    def _withdraw(self):
        """Cancel the messages of rows that still wait in the outbox.

        :return: the ``sms.sms`` that were cancelled
        """
        self.env["sms.sms"].flush_model(["state"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM sms_sms
                 WHERE id = ANY(%s) AND state = 'outgoing'
                   FOR UPDATE SKIP LOCKED
                """,
                self.sms_id.ids,
            )
        )
        waiting_sudo = self.env["sms.sms"].sudo().browse(sms_id for (sms_id,) in rows)
        if waiting_sudo:
            waiting_sudo._update_sms_state_and_trackers("canceled", "sms_replaced")
        return waiting_sudo

    @api.model
    def _prepare_notice(self, notice, kind, known, at_once):
        """Return the values of a new notice.

        A booking is told at once. A change waits a moment, so that it can be undone.
        """
        appointment, _is_loud, text = notice.first.subject
        now = fields.Datetime.now()
        is_late = kind != BOOKED and appointment.event_id not in at_once
        company = self.env["res.company"].browse(appointment.company_id)
        ticket = self.env["helpdesk.ticket"].browse(appointment.ticket_id or ())
        rule = self._get_rule(company, kind, ticket)
        return {
            "kind": kind,
            "state": PLANNED if rule else CANCELLED,
            "reason": False if rule else "no_text",
            "company_id": company.id,
            "event_id": appointment.event_id or False,
            "partner_id": appointment.partner_id,
            "ticket_id": appointment.ticket_id,
            "subject_key": appointment.key,
            "start": known if kind == CALLED_OFF else notice.start,
            "known_start": known,
            "is_allday": appointment.is_allday,
            "count": notice.count,
            "due_at": now + GRACE if is_late else now,
            "automation_id": rule.automation_id if rule else False,
            "body": text if kind == CALLED_OFF else False,
        }

    @api.model
    def _wake_for(self, moments):
        """Wake the cron for what is planned next: once, it looks further by itself."""
        if moments:
            first = min(moments)
            self._wake(first if first > fields.Datetime.now() else None)

    # ------------------------------------------------------------------
    # Follows a merge of contacts, which moves rows from one person to another
    # ------------------------------------------------------------------

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
        events = self.env["calendar.event"].search(
            [
                ("partner_ids", "in", partner.ids),
                *(("start", ">", fields.Datetime.now()), ("sms_enabled", "=", True)),
            ]
        )
        self.env.add_to_compute(events._fields["sms_confirmation"], events)
        events.with_context(dont_notify=True)._touch_appointments()
