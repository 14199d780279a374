# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, groupby

from ...tools import appointments
from ...tools.appointments import BOOKED, CALLED_OFF, MOVED, NOTICES, Change
from ..core.bulk_insert import as_arrays, create_many, update_many
from ..inbound.sms_question import OPEN
from ..message.sms_sms_waiting import WAITING
from .sms_reminder import (
    CANCELLED,
    GRACE,
    ON_THE_WAY,
    PLANNED,
    REMINDER,
    SENT,
    ReminderClock,
)

#: Columns of a planned reminder, with their SQL types.
COLUMNS = {
    "event_id": "int4",
    "partner_id": "int4",
    "company_id": "int4",
    "ticket_id": "int4",
    "subject_key": "text",
    "start": "timestamp",
    "is_allday": "bool",
    "offset_minutes": "int4",
    "due_at": "timestamp",
    "automation_id": "int4",
    "alarm_id": "int4",
}
#: The unique key of a reminder.
KEY_COLUMNS = ("event_id", "partner_id", "start", "offset_minutes")
#: Reasons that no longer count once a cancelled reminder is valid again.
PASSING = ("moved", "called_off", "declined", "uninvited", "switched_off", "no_text")
#: Reasons after which nothing more is told, not even what has changed.
SILENT = ("switched_off", "declined")
#: Failure type of a message that a newer one replaces.
REPLACED = "sms_replaced"
#: Texts that are planned, or still wait in the outbox.
IS_WAITING = Domain("state", "=", PLANNED)
IS_WAITING |= Domain("state", "=", SENT) & Domain("sms_id.state", "=", WAITING)
#: Upserts planned reminders. One that was sent stays sent; one that was cancelled, and
#: is valid again, is planned again.
UPSERT = """
    INSERT INTO sms_reminder
        (%(names)s, kind, state, count, create_uid, create_date, write_uid, write_date)
    SELECT new.*, 'reminder', 'planned', 1, %(uid)s, %(now)s, %(uid)s, %(now)s
      FROM unnest(%(arrays)s) AS new (%(names)s)
    ON CONFLICT (event_id, partner_id, start, offset_minutes) WHERE kind = 'reminder'
    DO UPDATE SET state = 'planned', reason = NULL, sms_id = NULL,
                  due_at = EXCLUDED.due_at, is_allday = EXCLUDED.is_allday,
                  company_id = EXCLUDED.company_id, ticket_id = EXCLUDED.ticket_id,
                  automation_id = EXCLUDED.automation_id, alarm_id = EXCLUDED.alarm_id
            WHERE sms_reminder.state = 'cancelled'
               OR sms_reminder.state = 'planned'
              AND (sms_reminder.due_at, sms_reminder.is_allday,
                   sms_reminder.company_id, sms_reminder.ticket_id,
                   sms_reminder.automation_id, sms_reminder.alarm_id)
                  IS DISTINCT FROM (EXCLUDED.due_at, EXCLUDED.is_allday,
                                    EXCLUDED.company_id, EXCLUDED.ticket_id,
                                    EXCLUDED.automation_id, EXCLUDED.alarm_id)
"""


class SmsReminder(models.Model):
    """Planning: compares what customers know with the calendar, once per transaction.

    Set-based, whatever the number of events; nothing is sent here.
    """

    _inherit = "sms.reminder"

    @api.model
    def _plan(self, touched):
        """Plan the texts about changed appointments, and cancel invalid ones."""
        are_touched = SQL("event.id = ANY(%s)", list(touched.events))
        found = self._read_appointments(are_touched)
        if not (found or touched.gone):
            return
        if self._keep_answers(found):
            found = self._read_appointments(are_touched)
        obstacles = self._find_obstacles(found)
        self._plan_notices(found, obstacles, touched)
        self._plan_reminders(found, obstacles)
        self.env["calendar.attendee"].invalidate_model(["sms_told_start"])

    @api.model
    def _keep_answers(self, found):
        """Take answers and questions over to dates that were created again.

        Odoo does so with all dates of a series when one is added.

        :return: whether there were any
        """

        def get_place(it):
            return it.partner_id, it.key, it.start

        former = {get_place(it): it for it in found if not it.is_active}
        pairs = {
            it.attendee_id: former[get_place(it)]
            for it in found
            if it.is_active and not it.known and get_place(it) in former
        }
        attendees = self.env["calendar.attendee"].with_context(dont_notify=True)
        asked = Domain("res_model", "=", attendees._name) & Domain("state", "=", OPEN)
        asked &= Domain("res_id", "in", [it.attendee_id for it in pairs.values()])
        questions = self.env["sms.question"].search(asked).grouped("res_id")
        for attendee_id, old in pairs.items():
            if old.answer not in (None, "needsAction"):
                attendees.browse(attendee_id).state = old.answer
            if old.attendee_id in questions:
                questions[old.attendee_id].res_id = attendee_id
        return bool(pairs)

    @api.model
    def _note_gone(self, attendees):
        """Collect the people to be told that appointments are called off.

        The text is rendered now, while the records exist. It is sent only if nothing
        takes the appointment's place in this transaction.

        :param attendees: ``calendar.attendee`` that are about to be deleted
        """
        if not attendees:
            return
        found = self._read_appointments(SQL("attendee.id = ANY(%s)", attendees.ids))
        obstacles = self._find_obstacles(found)
        lost = [it for it in found if not obstacles[it] and it.known]
        texts = self._render_gone(lost)
        self.env["calendar.event"]._get_sms_touched().gone += [
            (it._replace(event_id=0), texts.get(it.attendee_id, {})) for it in lost
        ]
        self._cancel_deleted(attendees)

    @api.model
    def _cancel_deleted(self, attendees):
        """Cancel the reminders of invitations that are about to be deleted.

        Also those in the outbox. Planned notices of a cancellation, or about several
        dates, are rendered now, while the records exist.
        """
        events = Domain("event_id", "in", attendees.event_id.ids)
        waiting = self.search(events & IS_WAITING)
        pairs = {(it.event_id, it.partner_id) for it in attendees}
        void = waiting.filtered(
            lambda row: (
                row.kind in (REMINDER, ON_THE_WAY)
                and (row.event_id, row.partner_id) in pairs
            )
        )
        sent = void.filtered(lambda row: row.state == SENT)
        withdrawn = sent._withdraw()
        void -= sent.filtered(lambda row: row.sms_id not in withdrawn)
        void.write({"state": CANCELLED, "reason": "called_off"})
        planned = (waiting - void).filtered(lambda row: row.state == PLANNED)
        for row in planned.filtered(lambda it: not it.body):
            if row.kind == CALLED_OFF or row.count > 1:
                row.body = row._render_safely()

    @api.model
    def _find_changes(self, found, obstacles, touched):
        """Return where the calendar differs from what a customer knows.

        After a refusal, or without texts, nothing new is told.

        :return: list of :class:`Change` with subjects ``(Appointment, loud, text)``
        """
        now = fields.Datetime.now()
        retold = self._find_retold(found)
        changes = []
        for it in found:
            obstacle = obstacles[it]
            is_off = obstacle in ("called_off", "uninvited") and it.is_enabled
            is_lost = is_off and it.answer != "declined" and it.knows_of_more(now)
            is_moved = it.known != it.start or it in retold
            if is_lost or (not obstacle and is_moved):
                subject = it, bool(touched.events.get(it.event_id)), None
                start = None if obstacle else it.start
                about = it.key, it.partner_id, it.known, start, subject
                changes.append(Change(*about, is_retold=it in retold))
        for it, text in touched.gone:
            subject = it, True, text
            changes.append(Change(it.key, it.partner_id, it.known, None, subject))
        return changes

    @api.model
    def _find_retold(self, found):
        """Return the appointments told as a day that have an hour now, or the reverse.

        Odoo stores a day like an hour of it: only that hour takes a query.
        """
        doubtful = [
            it
            for it in found
            if it.known == it.start and it.start.time() == appointments.ALL_DAY_TIME
        ]
        rows = self.search(
            [
                ("partner_id", "in", [it.partner_id for it in doubtful]),
                ("subject_key", "in", [it.key for it in doubtful]),
                ("kind", "in", (BOOKED, MOVED)),
                ("state", "in", (PLANNED, SENT)),
            ],
            order="id",
        )
        # A text about a series names its first date only.
        told = {
            (row.partner_id.id, row.subject_key, start): row.is_allday
            for row in rows
            for start in (row.start, None)[: min(row.count, 2)]
        }
        return {
            it
            for it in doubtful
            for about in [(it.partner_id, it.key)]
            if told.get((*about, it.start), told.get((*about, None), it.is_allday))
            != it.is_allday
        }

    @api.model
    def _group_pending(self, notices):
        """Return the notices not sent yet by partner id and key, the newest last."""
        return self.search(
            Domain("partner_id", "in", [it.first.partner_id for it in notices])
            & Domain("subject_key", "in", [it.first.key for it in notices])
            & Domain("kind", "in", NOTICES)
            & IS_WAITING,
            order="id",
        ).grouped(lambda row: (row.partner_id.id, row.subject_key))

    # === Notices ===

    @api.model
    def _plan_notices(self, found, obstacles, touched):
        """Plan the notices to customers about a transaction's changes."""
        changes = self._find_changes(found, obstacles, touched)
        # Of a series that is changed, Odoo writes only one occurrence aloud.
        loud = {(it.partner_id, it.key) for it in changes if it.start and it.subject[1]}
        notices = [
            notice
            for notice in appointments.find_notices(changes)
            if notice.kind != BOOKED
            or (notice.first.partner_id, notice.first.key) in loud
        ]
        pending = self._group_pending(notices)
        new_vals = []
        for notice in notices:
            key = notice.first.partner_id, notice.first.key
            if left := self._merge_pending(pending.get(key, self), notice):
                new_vals.append(self._prepare_notice(left, touched.at_once))
        told = [
            (change.subject[0].attendee_id, change.start)
            for change in changes
            if change.subject[0].event_id
        ]
        update_many(self.env["calendar.attendee"], ["sms_told_start"], told)
        if new_vals:
            create_many(self, new_vals)
        self._wake([vals["due_at"] for vals in new_vals])

    @api.model
    def _merge_pending(self, older, notice):
        """Withdraw overtaken notices not sent yet; return the one left, or None."""
        for row in reversed(older):
            is_overtaken = appointments.follows(row.kind, row.start, notice)
            if notice.kind == CALLED_OFF:
                # The other dates of a series stand.
                is_overtaken &= row.count <= notice.count
            # Locked by the outbox means about to be sent: the customer will know it.
            if not is_overtaken or (row.state == SENT and not row._withdraw(REPLACED)):
                continue
            row.write({"state": CANCELLED, "reason": "replaced"})
            told = appointments.merge_changes(row.known_start, notice)
            if told is None:
                row.reason = "undone"
                return None
            kind, known = told
            count = notice.count
            if CALLED_OFF not in (kind, row.kind):
                count = max(count, row.count)
            notice = notice._replace(kind=kind, known=known, count=count)
        return notice

    def _withdraw(self, failure_type=None):
        """Cancel the rows' messages that still wait in the outbox; return them."""
        sms_sudo = self.sms_id.sudo().filtered(lambda it: it.state == "outgoing")
        if waiting_sudo := sms_sudo.try_lock_for_update():
            waiting_sudo._update_sms_state_and_trackers("canceled", failure_type)
        return waiting_sudo

    def _write_again(self):
        """Fill in and queue the rows' messages anew that still wait in the outbox."""
        withdrawn = self._withdraw(REPLACED)
        again = self.filtered(lambda row: row.sms_id in withdrawn)
        again.write({"state": PLANNED, "due_at": fields.Datetime.now()})
        if again:
            self._wake()
        return withdrawn

    @api.model
    def _prepare_notice(self, notice, at_once):
        """Return the values of a new notice.

        A booking is announced at once. A change waits for :data:`GRACE`, so that it can
        be undone.
        """
        appointment, _is_loud, text = notice.first.subject
        kind, known = notice.kind, notice.known
        now = fields.Datetime.now()
        is_late = kind != BOOKED and appointment.event_id not in at_once
        company = self.env["res.company"].browse(appointment.company_id)
        ticket = self.env["helpdesk.ticket"].browse(appointment.ticket_id or ())
        rule = self._get_rule(company, kind, ticket)
        is_off = kind == CALLED_OFF
        vals = {
            "kind": kind,
            "state": PLANNED if rule else CANCELLED,
            "reason": False if rule else "no_text",
            "company_id": company.id,
            "event_id": appointment.event_id or False,
            "partner_id": appointment.partner_id,
            "ticket_id": appointment.ticket_id,
            "subject_key": appointment.key,
            "start": known if is_off else notice.start,
            "known_start": known,
            "is_allday": appointment.is_allday,
            "count": notice.count,
            "due_at": now + GRACE if is_late else now,
            "automation_id": rule.automation_id if rule else False,
            "body": text.get(known) if text and is_off else False,
        }
        return {**vals, "is_allday": self.new(vals)._was_allday()} if is_off else vals

    # === Reminders ===

    @api.model
    def _plan_reminders(self, found, obstacles):
        standing = [it for it in found if not obstacles[it]]
        valid, rows = self._find_reminders(standing)
        void = {(it.event_id, it.partner_id): obstacles[it] for it in found}
        # A person invited twice is reminded as long as one of the invitations stands.
        void |= {(it.event_id, it.partner_id): "" for it in standing}
        self._upsert_reminders(rows)
        own = Domain("event_id", "in", [it.event_id for it in found])
        kinds = (REMINDER, ON_THE_WAY, BOOKED, MOVED)
        known = self.search(own & Domain("kind", "in", kinds))
        known._cancel_void(void, valid)
        known._restore_withdrawn(valid)
        self._wake([row["due_at"] for row in rows])

    @api.model
    def _find_reminders(self, standing):
        """Return the keys of all valid reminders, and the rows of those to come.

        :return: set of values of :data:`KEY_COLUMNS`, list of dicts of :data:`COLUMNS`
        """
        partners = self.env["res.partner"].browse({it.partner_id for it in standing})
        partners.fetch(["tz", "lang", "country_id", "state_id", "phone_sanitized"])
        partner_of = {partner.id: partner for partner in partners}
        now = fields.Datetime.now()
        valid, rows = set(), []
        for company_id, own in groupby(standing, lambda it: it.company_id):
            company = self.env["res.company"].browse(company_id)
            clock = ReminderClock(company, now)
            for appointment, rule in self._match_rules(company, own):
                values = self._prepare_reminder(appointment, rule)
                valid.add(tuple(values[name] for name in KEY_COLUMNS))
                partner = partner_of[appointment.partner_id]
                values["due_at"] = clock.find_due(appointment, partner, rule)
                if values["due_at"]:
                    rows.append(values)
        return valid, rows

    @api.model
    def _match_rules(self, company, standing):
        """Yield each appointment of a company with each rule for its reminders.

        An automation overrides an alarm of Odoo at the same time before, and the first
        of several automations the others.
        """
        events = self.env["calendar.event"].browse({it.event_id for it in standing})
        alarms = self._get_alarm_rules(events, company)
        ticket_ids = {it.ticket_id for it in standing}
        tickets = self.env["helpdesk.ticket"].browse(filter(None, ticket_ids))
        fitting = {
            ticket.id or None: self._get_rules(company, REMINDER, ticket)
            for ticket in (tickets.browse(), *tickets)
        }
        for it in standing:
            both = {rule.offset: rule for rule in alarms.get(it.event_id, ())}
            both |= {rule.offset: rule for rule in reversed(fitting[it.ticket_id])}
            for rule in both.values():
                # An all-day event has no hour to remind of.
                if not it.is_allday or rule.offset >= appointments.ALL_DAY_OFFSET:
                    yield it, rule

    @api.model
    def _prepare_reminder(self, appointment, rule):
        """Return the values of a reminder, without its due time."""
        return {
            "event_id": appointment.event_id,
            "partner_id": appointment.partner_id,
            "company_id": appointment.company_id,
            "ticket_id": appointment.ticket_id,
            "subject_key": appointment.key,
            "start": appointment.start,
            "is_allday": appointment.is_allday,
            "offset_minutes": rule.offset // timedelta(minutes=1),
            "automation_id": rule.automation_id or None,
            "alarm_id": rule.alarm_id or None,
        }

    @api.model
    def _upsert_reminders(self, rows):
        if not rows:
            return
        # Somebody may be invited twice, after a merge of contacts.
        rows = {tuple(row[it] for it in KEY_COLUMNS): row for row in rows}.values()
        values = [[row[name] for name in COLUMNS] for row in rows]
        self.flush_model()
        query = SQL(
            UPSERT,
            names=SQL(", ").join(map(SQL.identifier, COLUMNS)),
            arrays=as_arrays(values, *COLUMNS.values()),
            uid=self.env.uid,
            now=fields.Datetime.now(),
        )
        self.env.cr.execute(query)
        self.invalidate_model()

    def _get_key(self):
        """Return the values of :data:`KEY_COLUMNS`, which identify a reminder."""
        return self.event_id.id, self.partner_id.id, self.start, self.offset_minutes

    def _cancel_void(self, void, valid):
        """Cancel what is void: planned reminders, and texts in the outbox.

        A reminder that is already due, and waits for the cron, is valid as long as the
        appointment. Notices of a change are withdrawn by the next one
        (:meth:`_merge_pending`), but nothing more is told after a refusal, or without
        texts. Should that end, what the customer knew before counts.

        :param self: all rows about these appointments, but cancellation notices
        :param dict void: why somebody gets none, or empty, by event and person
        :param set valid: keys of the valid reminders, see :meth:`_get_key`
        """

        def get_reason(row):
            reason = void.get((row.event_id.id, row.partner_id.id), "uninvited")
            return reason or ("no_text" if row.event_id.start == row.start else "moved")

        def is_wrong(row):
            if row.kind in (REMINDER, ON_THE_WAY):
                # What it says is still true if merely its automation is gone.
                return get_reason(row) != "no_text"
            return row.count == 1 and get_reason(row) in SILENT

        planned = self.filtered(
            lambda row: row.kind == REMINDER and row.state == PLANNED
        )
        planned.filtered(lambda row: row._get_key() not in valid)._cancel(get_reason)
        wrong = self.filtered(lambda row: row.state == SENT and is_wrong(row))
        withdrawn = wrong._withdraw()
        taken_back = wrong.filtered(lambda row: row.sms_id in withdrawn)
        taken_back._cancel(get_reason)
        for row in taken_back.filtered(lambda row: row.kind in (BOOKED, MOVED)):
            row._get_attendees().sms_told_start = row.known_start

    def _restore_withdrawn(self, valid):
        """Plan valid reminders again that were due when they were cancelled.

        Otherwise a customer would get none after an appointment was dragged away and
        back. The same for one shifted by quiet hours: it is not due yet, but could no
        longer be planned, also after an opt-out that was taken back. A planned notice
        takes the reminder's place.

        :param set valid: keys of the valid reminders, see :meth:`_get_key`
        """
        now = fields.Datetime.now()
        back = self.filtered(
            lambda row: (
                row.kind == REMINDER
                and row.state == CANCELLED
                and (
                    (row.reason in PASSING and row.due_at <= row.write_date)
                    or (row.reason in (*PASSING, "opted_out") and row.due_at > now)
                )
                and row._get_key() in valid
            )
        )
        pending = self.search(
            Domain("partner_id", "in", back.partner_id.ids)
            & Domain("kind", "in", NOTICES)
            & Domain("state", "=", PLANNED)
        )
        noticed = {(row.partner_id, row.subject_key) for row in pending}
        back = back.filtered(lambda it: (it.partner_id, it.subject_key) not in noticed)
        if back:
            back.write({"state": PLANNED, "reason": False, "sms_id": False})
            self._wake()

    # === Changed and merged contacts ===

    @api.model
    def _follow_numbers(self, partners, former):
        """Send texts that still wait to contacts' new numbers.

        Except about deleted appointments, which cannot be filled in again. Whoever has
        the former number answers for nobody any more.

        :param dict former: E.164 by the contact's id
        """
        theirs = Domain("partner_id", "in", partners.ids)
        waiting = Domain("state", "=", SENT) & Domain("sms_id.state", "=", WAITING)
        waiting &= Domain("event_id", "!=", False)
        misdirected = self.search(theirs & waiting).filtered(
            lambda row: row.sms_id.number == former[row.partner_id.id]
        )
        misdirected._write_again()
        asked = Domain("state", "=", OPEN) & Domain(
            "res_model", "=", "calendar.attendee"
        )
        questions = self.env["sms.question"].search(theirs & asked)
        questions.filtered(
            lambda it: it.number == former[it.partner_id.id]
        ).state = CANCELLED

    @api.model
    def _drop_duplicates(self, src_partners, dst_partner):
        """Keep one of several texts that tell merged contacts the same.

        Preferably a sent one, so that it is not sent again. With duplicates the merge
        would fail, since a reminder is unique per person.
        """
        rows = self.search(
            Domain("partner_id", "in", (src_partners | dst_partner).ids)
            & Domain("event_id", "!=", False)
            & (Domain("kind", "=", REMINDER) | Domain("state", "=", PLANNED))
        )
        rank = {SENT: 0, PLANNED: 1}
        best_first = rows.sorted(
            lambda it: (rank.get(it.state, 2), it.partner_id != dst_partner, it.id)
        )
        by_text = best_first.grouped(
            lambda it: (it.kind, it.event_id, it.start, it.offset_minutes)
        )
        for same in by_text.values():
            same[1:].unlink()

    @api.model
    def _plan_again(self, partners):
        """Plan again what is to come: the time zone of contacts may have changed.

        That of a company's own contact counts for customers whose place is unknown.
        """
        domain = Domain("partner_ids", "in", partners.ids)
        companies = self.env["res.company"].search([("partner_id", "in", partners.ids)])
        if companies:
            domain |= Domain("sms_company_id", "in", companies.ids)
        events = self.env["calendar.event"]._plan_sms_again(domain)
        self.env.add_to_compute(events._fields["sms_confirmation"], events)
