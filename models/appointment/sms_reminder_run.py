# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from collections import Counter, defaultdict
from functools import partial

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, frozendict

from ...tools import appointments
from ...tools.appointments import BOOKED, CALLED_OFF, MOVED, TOMORROW, say
from ...tools.dispatch import NEEDED
from ..core.batch_jobs import contain, lock_next, work_off_safely
from ..core.bulk_insert import insert_many, update_many
from ..core.trail import LINE_IDS
from .calendar_event_texts import FACTS_KEY, AppointmentFacts
from .sms_reminder import (
    CANCELLED,
    FAILED,
    NO_SHOW,
    PLANNED,
    REMINDER,
    SENT,
    Whereabouts,
)
from .sms_reminder_plan import IS_WAITING

_logger = logging.getLogger(__name__)
#: Rows processed between two commits.
BATCH_SIZE = 500


class SmsReminder(models.Model):
    """Sending: renders the due texts, and creates their messages."""

    _inherit = "sms.reminder"

    # === Processing ===

    @api.model
    def _run(self):
        """Queue the messages of all due texts, in batches (cron)."""
        while done := work_off_safely(self, self._hand_over_next):
            left = int(done == BATCH_SIZE)
            has_time = self.env["ir.cron"]._commit_progress(done, remaining=left)
            if left and not has_time:
                return
        following = self.search([("state", "=", PLANNED)], order="due_at", limit=1)
        self._wake(following.mapped("due_at"))

    @api.model
    def _hand_over_next(self):
        """Hand over the next due rows, without those of other workers; count them."""
        due = SQL("state = 'planned' AND due_at <= %s", fields.Datetime.now())
        rows = lock_next(self, due, SQL("due_at, id"), BATCH_SIZE)
        rows._hand_over()
        return len(rows)

    def _hand_over(self):
        """Create the messages of rows that are still valid.

        A text that cannot be rendered does not keep the others from being sent.
        """
        current = self._cancel_stale()
        failure, named = "%s: its text was not made", current[:LINE_IDS]
        if contain(self.env, lambda: [current._send()], _logger, failure, named):
            return
        if len(current) == 1:
            current.write({"state": FAILED, "reason": "bad_text"})
            return
        for row in current:
            row._hand_over()

    def _cancel_stale(self):
        """Cancel invalid rows that planning has missed; return the rest."""
        now = fields.Datetime.now()
        reasons = {}
        for row in self:
            if row.kind == NO_SHOW:
                continue
            if row._get_end() <= now:
                reasons[row] = "too_late"
            elif row.kind == CALLED_OFF or row._has_other_dates():
                continue
            elif not row.event_id.active:
                reasons[row] = "called_off"
            elif not row.event_id.sms_enabled:
                reasons[row] = "switched_off"
            elif all(it.state == "declined" for it in row._get_attendees()):
                reasons[row] = "declined"
            elif row.event_id.start != row.start:
                reasons[row] = "moved"
        standing = self.filtered(lambda row: row not in reasons)
        reasons |= dict.fromkeys(standing._find_overtaken(), "replaced")
        cancelled = self.filtered(reasons.get)
        cancelled._cancel(reasons.get)
        return self - cancelled

    def _has_other_dates(self):
        """Return whether the first date that it tells is off, and others stand."""
        if self.count == 1 or self.event_id.active:
            return False
        series = [("sms_series_key", "=", self.subject_key)]
        events = self.env["calendar.event"]
        return bool(events.search_count([*series, ("start", ">", self.start)], limit=1))

    def _cancel(self, get_reason):
        """Cancel the rows, each for the ``reason`` that the function returns for it."""
        if not self:
            return
        reasons = [(row.id, get_reason(row)) for row in self]
        self.flush_recordset()
        # By SQL, to set write_date: it tells later whether the row was due by then.
        now = fields.Datetime.now()
        update_many(self, ["reason"], reasons, state=CANCELLED, write_date=now)
        self.invalidate_recordset(["state", "reason", "write_date"])

    def _get_attendees(self):
        """Return the customer's invitations; there may be two after a merge."""
        self.ensure_one()
        partner = self.partner_id
        return self.event_id.attendee_ids.filtered(lambda it: it.partner_id == partner)

    def _find_overtaken(self):
        """Return the reminders superseded by a due one nearer to the appointment.

        So nobody is reminded twice at once after a downtime.
        """
        nearest, overtaken = {}, self.browse()
        reminders = self.filtered(lambda row: row.kind == REMINDER)
        for row in reminders.sorted("offset_minutes"):
            key = row.event_id, row.partner_id
            if key in nearest:
                overtaken |= row
            nearest[key] = row
        return overtaken

    def _is_past_tomorrow(self):
        """Return whether its text in the outbox says "tomorrow" of a day that came."""
        zone = Whereabouts(self.company_id).get_zone(self.partner_id)
        spoken = partial(say, self.start, self.is_allday, zone, zone, None)
        said, now = spoken(self.sms_id.create_date), spoken(fields.Datetime.now())
        is_past = said.day == TOMORROW != now.day
        return is_past and self.kind == REMINDER and bool(self.event_id)

    def _get_end(self):
        """Return when the text expires (UTC)."""
        if not self.is_allday:
            return self.start
        zone = Whereabouts(self.company_id).get_zone(self.partner_id)
        return appointments.get_day_end(self.start, zone)

    def _send(self):
        """Post the texts of rows and queue their messages, all at once."""
        if not self:
            return
        rules = self._find_own_rules()
        bodies = self._render_rows(rules)
        empty = self.filtered(lambda row: not bodies.get(row.id))
        empty._cancel(lambda _row: "no_text")
        rows = self - empty
        messages = rows._post(bodies)
        asking_ids = rows._find_asking(rules)
        vals_list = [
            {
                **row._prepare_sms(rules[row.id], bodies[row.id], messages[row.id]),
                "asks_answer": NEEDED if row.id in asking_ids else "",
            }
            for row in rows
        ]
        sms_sudo = self.env["sms.sms"].sudo().create(vals_list)
        self._notify(sms_sudo)
        rows._note_sent(sms_sudo)
        rows._await_answers(asking_ids, sms_sudo)

    def _prepare_sms(self, rule, body, message):
        """Return the values of the ``sms.sms`` that a ``mail.message`` shows."""
        return {
            "partner_id": self.partner_id.id,
            "number": self.partner_id.phone_sanitized or self.partner_id.phone,
            "body": body,
            "mail_message_id": message.id,
            "record_company_id": self.company_id.id,
            "expires_at": False if self.kind == NO_SHOW else self._get_end(),
            "purpose_id": rule.purpose_id,
            "template_id": rule.template_id,
            "automation_id": rule.automation_id or False,
        }

    def _note_sent(self, messages):
        self.flush_recordset()
        pairs = list(zip(self.ids, messages.ids, strict=True))
        now = fields.Datetime.now()
        update_many(self, ["sms_id"], pairs, state=SENT, body=None, write_date=now)
        self.invalidate_recordset(["state", "sms_id", "body", "write_date"])

    def _find_asking(self, rules):
        """Return the ids of the rows whose text says how to answer.

        Nobody can answer about an appointment that is over.
        """
        template_ids = {row.id: rules[row.id].template_id for row in self}
        templates_sudo = self.env["sms.template"].sudo()
        templates_sudo = templates_sudo.browse({*template_ids.values()}).exists()
        asking = templates_sudo.filtered_domain([("body", "like", "sms_answer_hint")])
        rows = self.filtered(lambda row: row.kind != NO_SHOW)
        return {row.id for row in rows if template_ids[row.id] in asking.ids}

    def _await_answers(self, asking_ids, messages):
        """Open the questions of the messages, one per row, that say how to answer."""
        self.env["sms.question"]._ask_appointments(
            [
                (attendee, sms, row)
                for row, sms in zip(self, messages, strict=True)
                if row.id in asking_ids
                for attendee in row._get_attendees()[:1]
            ]
        )

    # === Words ===

    def _render_rows(self, rules):
        """Return the texts of rows, each in its reader's language, by row id.

        Rows with the same template, language and company are rendered together; an
        event with two customers is rendered twice, since the words depend on the
        reader.
        """
        groups = defaultdict(list)
        bodies = {}
        for row in self:
            rule = rules[row.id]
            if rule and row.body:
                bodies[row.id] = row.body
            elif rule and row.event_id:
                company = row.company_id
                partner = row.partner_id
                lang = company._find_sms_lang(partner.lang, partner.phone_sanitized)
                groups[rule.template_id, lang, company].append(row)
        for (template_id, lang, company), rows in groups.items():
            reminders = self.with_company(company)
            while rows:
                by_event = {row.event_id.id: row for row in rows}
                bodies |= reminders._render_template(template_id, lang, by_event)
                rows = [row for row in rows if by_event[row.event_id.id] != row]
        return bodies

    @api.model
    def _render_template(self, template_id, lang, by_event):
        """Render a template, or the company's own copy of it.

        :param dict by_event: one ``sms.reminder`` per event, by event id
        :return: ``{row id: text}``
        """
        facts = {
            event_id: AppointmentFacts(
                row.partner_id.id,
                row.start,
                row.is_allday,
                row.known_start or None,
                row.count,
                row._was_allday(),
            )
            for event_id, row in by_event.items()
        }
        template_sudo = self.env["sms.template"].sudo().browse(template_id).exists()
        if not template_sudo:
            return {}
        told = template_sudo._get_for_company(self.env.company)._get_told_langs()
        lang = self.env.company._pick_sms_told_lang(told, lang)
        template_sudo = template_sudo.with_context(**{FACTS_KEY: frozendict(facts)})
        texts = template_sudo._render_field("body", list(by_event), set_lang=lang)
        return {by_event[it].id: text.strip() for it, text in texts.items()}

    def _was_allday(self):
        """Return whether the time that the customer knew before was a whole day.

        Only a time at which Odoo stores days takes a query.
        """
        known = self.known_start
        if not known or known.time() != appointments.ALL_DAY_TIME:
            return False
        domain = [
            ("partner_id", "=", self.partner_id.id),
            ("subject_key", "=", self.subject_key),
            ("kind", "in", (BOOKED, MOVED)),
            *("|", ("start", "=", known), ("count", ">", 1)),
            ("state", "=", SENT),
        ]
        told = self.search(domain, order="id desc")
        told = told.filtered(lambda row: row.start == known) or told
        return (told[:1] or self).is_allday

    @api.model
    def _render_gone(self, lost):
        """Return the texts that call appointments off, by attendee id and known start.

        Rendered only for the earliest one of a series and person, which is told. If a
        move was not told yet, also for the start before it.

        :param list lost: :class:`Appointment` items, the earliest first
        """
        texts = defaultdict(dict)
        counts = Counter((it.partner_id, it.key) for it in lost)
        theirs = Domain("partner_id", "in", [it.partner_id for it in lost])
        moves = self.search(theirs & Domain("kind", "=", MOVED) & IS_WAITING)
        before = {
            (row.partner_id.id, row.subject_key, row.start): row.known_start
            for row in moves
        }
        for it in {(it.partner_id, it.key): it for it in reversed(lost)}.values():
            about = it.partner_id, it.key
            for known in {it.known, before.get((*about, it.known), it.known)}:
                row = self.new(
                    {
                        "kind": CALLED_OFF,
                        "company_id": it.company_id,
                        "event_id": it.event_id,
                        "partner_id": it.partner_id,
                        "subject_key": it.key,
                        "start": known,
                        "known_start": known,
                        "is_allday": it.is_allday,
                        "ticket_id": it.ticket_id,
                        "count": counts[about],
                    }
                )
                row.is_allday = row._was_allday()
                texts[it.attendee_id][known] = row._render_safely()
        return texts

    def _render_safely(self):
        """Return the text of a row; None if its template cannot be rendered.

        A broken template must not keep anybody from deleting an appointment.
        """

        def render():
            return self._render_rows(self._find_own_rules()).get(self.id)

        failure = "%s: its text cannot be filled in"
        # A savepoint that flushes would run the planning in the middle of the change.
        return contain(self.env, render, _logger, failure, self, flush=False)

    def _post(self, bodies):
        """Log the texts on the event or, if that is deleted, on ticket or customer.

        In batches of records, in rounds, since a record takes one text per batch.

        :return: the ``mail.message`` that carries each text, by row id
        """
        rounds, turns = defaultdict(dict), Counter()
        for row in self:
            record = row.event_id or row.ticket_id or row.partner_id
            rounds[record._name, turns[record]][record.id] = row
            turns[record] += 1
        messages = {}
        for (model, _turn), by_id in rounds.items():
            texts = {record_id: bodies[row.id] for record_id, row in by_id.items()}
            records = self.env[model].browse(by_id)
            posted = records._message_log_batch(texts, message_type="sms")
            messages |= {by_id[it.res_id].id: it for it in posted}
        return messages

    @api.model
    def _notify(self, sms_sudo):
        """Create notifications, so that the chatter shows the messages' state."""
        if not sms_sudo:
            return
        insert_many(
            self.env["mail.notification"].sudo(),
            [
                {
                    "author_id": sms.mail_message_id.author_id.id,
                    "mail_message_id": sms.mail_message_id.id,
                    "res_partner_id": sms.partner_id.id,
                    "sms_number": sms.number,
                    "notification_type": "sms",
                    "sms_id_int": sms.id,
                    "is_read": True,
                    "read_date": fields.Datetime.now(),
                    "notification_status": (
                        "ready" if sms.state == "outgoing" else "exception"
                    ),
                    "failure_type": sms.failure_type or "",
                }
                for sms in sms_sudo
            ],
        )
        sms_sudo._ensure_trackers()
        sms_sudo.mail_message_id.invalidate_recordset(["notification_ids"])
