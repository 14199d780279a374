# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
from datetime import timedelta
from operator import itemgetter

from odoo import SUPERUSER_ID, api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date, groupby, is_html_empty

from ...tools import TICKET_MODEL, exemptions
from ...tools.phone import canonical
from ..inbound.sms_consent_review import CONVERSATION, OPEN
from ..inbound.sms_inbound import AUTOMATIC
from ..ledger.sms_consent_key import ConsentKeyError
from ..ledger.sms_purpose import INTERNAL
from ..message.sms_sms_waiting import APPOINTMENT_MODEL

#: Entries per page, without those about other tickets.
PAGE_SIZE = 30
#: Entries per page including those, which the screen folds.
PAGE_LIMIT = 300
#: Entries that a client may request by id at once.
CHANGES_LIMIT = 200
#: Kind of an entry, and the first part of its id on screen: their text, ours, a
#: consent event, a text that may be an opt-out, an internal note.
IN, OUT, EVENT, REVIEW, NOTE = "in", "out", "event", "review", "note"
#: Order within one second: their text, what it caused, our answer.
RANKS = {IN: 0, EVENT: 1, REVIEW: 2, NOTE: 3, OUT: 4}
_ID = re.compile(rf"({'|'.join(RANKS)})-([0-9]{{1,9}})")
#: Kinds of texts that only make sense together with the question they answer.
ANSWER_KINDS = ("confirm", "answer")
#: Exemptions of the texts that ask to confirm an opt-in.
QUESTIONS = ("opt_in_question", exemptions.REMINDER)
#: An incoming text is placed before the records created in its transaction, which
#: began a moment before the text was stored.
LEAD = timedelta(seconds=1)
#: Columns: kind, id, rank, time (to the second), id of the other ticket it is about,
#: if any. Texts are found both by number and by ticket; those to colleagues about the
#: ticket are not between the company and the customer.
READ_THREAD = """
    SELECT 'in' AS kind, id, 0 AS rank,
           date_trunc('second', received_at - %(lead)s) AS at,
           NULLIF(ticket_id, %(id)s) AS other_id
      FROM sms_inbound
     WHERE company_id = %(company)s AND number = %(number)s
     UNION
    SELECT 'in', id, 0, date_trunc('second', received_at - %(lead)s), NULL
      FROM sms_inbound
     WHERE ticket_id = %(id)s
     UNION
    SELECT 'out', sms.id, 4, date_trunc('second', sms.create_date),
           CASE message.model WHEN %(model)s THEN NULLIF(message.res_id, %(id)s) END
      FROM sms_sms sms
 LEFT JOIN mail_message message ON message.id = sms.mail_message_id
     WHERE sms.record_company_id = %(company)s AND sms.number = %(number)s
       AND sms.is_call IS NOT TRUE
     UNION
    SELECT 'out', sms.id, 4, date_trunc('second', sms.create_date), NULL
      FROM mail_message message
      JOIN sms_sms sms ON sms.mail_message_id = message.id
     WHERE message.model = %(model)s AND message.res_id = %(id)s
       AND sms.purpose_id IS DISTINCT FROM %(internal)s
     UNION ALL
    SELECT 'event', min(event.id), 1,
           date_trunc('second', COALESCE(min(inbound.received_at) - %(lead)s,
                                         event.recorded_at)), NULL
      FROM sms_consent_event event
      JOIN sms_consent_evidence evidence ON evidence.id = event.evidence_id
 LEFT JOIN sms_inbound inbound
        ON evidence.res_model = 'sms.inbound' AND inbound.id = evidence.res_id
     WHERE event.company_id = %(company)s AND event.number_hash = %(hash)s
  GROUP BY event.evidence_id, event.event, event.recorded_at
     UNION ALL
    SELECT 'review', id, 2, date_trunc('second', received_at - %(lead)s), NULL
      FROM sms_consent_review
     WHERE company_id = %(company)s AND number = %(number)s
     UNION ALL
    SELECT 'note', message.id, 3, date_trunc('second', message.date), NULL
      FROM mail_message message
      JOIN mail_message_subtype subtype ON subtype.id = message.subtype_id
     WHERE message.model = %(model)s AND message.res_id = %(id)s
       AND message.message_type = 'comment' AND subtype.internal
"""


class HelpdeskTicket(models.Model):
    """The thread of a ticket: everything between its company and its number, in order.

    Texts are found by number and by ticket. Those about other records are shown to
    users who may read these records; others see that there is a text, not its words.
    """

    _inherit = "helpdesk.ticket"

    # === Pages ===

    @api.model
    def _parse_sms_text_ids(self, message_ids):
        """Return ``{kind: row ids}`` for ids sent by a client; ignore invalid ones."""
        rows = {kind: [] for kind in RANKS}
        if isinstance(message_ids, (list, tuple)):
            for message_id in message_ids[:CHANGES_LIMIT]:
                if match := _ID.fullmatch(str(message_id)):
                    rows[match[1]].append(int(match[2]))
        return rows

    def _get_sms_number_hash(self):
        """Return the hash of the ticket's number in the ledger, or None."""
        number = canonical(self.partner_phone_sanitized)
        if not number:
            return None
        try:
            return self.env["sms.consent.key"].sudo()._hash([number])[number]
        except ConsentKeyError:
            return None

    def _query_sms_thread(self):
        self.ensure_one()
        for name in (
            *("sms.sms", "sms.inbound", "mail.message"),
            *("sms.consent.event", "sms.consent.review"),
        ):
            self.env[name].flush_model()
        return SQL(
            READ_THREAD,
            id=self.id,
            model=TICKET_MODEL,
            lead=LEAD,
            internal=self.env["sms.purpose"]._get(INTERNAL).id,
            company=self.sudo().company_id.id or None,
            number=self.partner_phone_sanitized or None,
            hash=self._get_sms_number_hash(),
        )

    def _read_sms_page(self, before=False):
        """Return the newest entries, or those before one, and whether more exist.

        A page has :data:`PAGE_SIZE` entries besides those about other tickets, of which
        only the time and the ticket are read.
        """
        start = SQL("TRUE")
        if before:
            parsed = self._parse_sms_text_ids([before]).items()
            kind, row_id = next(((it, ids[0]) for it, ids in parsed if ids), ("", 0))
            start = SQL(
                "(at, rank, id) < (SELECT at, rank, id FROM thread"
                " WHERE kind = %s AND id = %s)",
                kind,
                row_id,
            )
        query = SQL(
            """
            WITH thread AS (%s), placed AS (
                SELECT *, count(*) FILTER (WHERE other_id IS NULL) OVER newest AS place
                  FROM thread WHERE %s
                WINDOW newest AS (ORDER BY at DESC, rank DESC, id DESC)
            )
            SELECT kind, id, at, other_id, place FROM placed WHERE place <= %s
             ORDER BY at DESC, rank DESC, id DESC LIMIT %s
            """,
            self._query_sms_thread(),
            start,
            PAGE_SIZE + 1,
            PAGE_LIMIT + 1,
        )
        found = self.env.execute_query(query)
        page = [row for row in found if row[4] <= PAGE_SIZE][:PAGE_LIMIT]
        rows, folded = {kind: [] for kind in RANKS}, []
        for kind, row_id, at, other_id, _place in page:
            if other_id:
                folded.append((kind, row_id, at, other_id))
            else:
                rows[kind].append(row_id)
        entries = self._read_sms_entries(rows) + self._prepare_sms_folded(folded)
        return self._sort_sms_entries(entries), len(page) < len(found)

    @api.model
    def _sort_sms_entries(self, entries):
        def get_key(entry):
            kind, row_id = entry["id"].split("-")
            return entry["at"], RANKS[kind], int(row_id)

        return sorted(entries, key=get_key)

    def _prepare_sms_folded(self, rows):
        """Return the entries for texts about other tickets, without their words."""
        keys = {(TICKET_MODEL, other_id) for *_text, other_id in rows}
        about = self._get_sms_about(keys)
        return [
            self._hide_sms_text(
                self._start_sms_entry(kind, row_id, at + LEAD if kind == IN else at),
                about[TICKET_MODEL, other_id],
            )
            for kind, row_id, at, other_id in rows
        ]

    @api.model
    def _hide_sms_text(self, text, about):
        hidden = {name: text[name] for name in ("id", "direction", "date", "at")}
        return {**hidden, "about": about, "is_hidden": True}

    # === Rights ===

    def _get_sms_about(self, keys):
        """Return the records that texts are about, as far as the user may read them.

        :param keys: pairs of a model's name and an id
        :return: by pair: ``model``, ``id`` (False if not readable) and ``name``
        """
        found = {}
        for model_name, about in groupby(keys, itemgetter(0)):
            if model_name in self.env:  # else its module was uninstalled
                records = self.env[model_name].with_context(active_test=False)
                records = records.browse(record_id for _name, record_id in about)
                shown = records.exists()._filtered_access("read")
                if model_name == APPOINTMENT_MODEL:
                    shown = shown.filtered(
                        lambda it: not it._check_private_event_conditions()
                    )
                for record in shown:
                    is_ticket = model_name == TICKET_MODEL
                    name = record.number if is_ticket else record.display_name
                    found[model_name, record.id] = {"id": record.id, "name": name or ""}
        return {
            key: {"model": key[0], "id": False, "name": "", **found.get(key, {})}
            for key in keys
        }

    def _is_sms_of_number(self, company, number):
        """Return whether a text has the ticket's number and company."""
        own_company = self.sudo().company_id
        own_number = self.partner_phone_sanitized
        return bool(number) and (company, number) == (own_company, own_number)

    # === Entries ===

    def _read_sms_entries(self, rows):
        """Return the thread's entries of rows (ids by kind), oldest first."""
        return self._sort_sms_entries(
            self._read_sms_texts(rows[IN], rows[OUT])
            + self._read_sms_events(rows[EVENT])
            + self._read_sms_reviews(rows[REVIEW])
            + self._read_sms_notes(rows[NOTE])
        )

    def _read_sms_texts(self, inbound_ids, sms_ids):
        inbound_sudo = self.env["sms.inbound"].sudo()
        inbound_sudo = inbound_sudo.search([("id", "in", inbound_ids)]).filtered(
            lambda it: (
                it.ticket_id == self or self._is_sms_of_number(it.company_id, it.number)
            )
        )
        sms_sudo = self.env["sms.sms"].sudo()
        sms_sudo = sms_sudo.search([("id", "in", sms_ids)]).filtered(
            lambda it: (
                self._has_sms_posted(it)
                or self._is_sms_of_number(it.record_company_id, it.number)
            )
        )
        questions = self._get_sms_questions(inbound_sudo)
        may_move = self.env["sms.reschedule"].has_access("create")
        texts = [self._prepare_sms_inbound(it, questions) for it in inbound_sudo]
        keys = [(TICKET_MODEL, it.ticket_id.id) for it in inbound_sudo]
        texts += [self._prepare_sms_outgoing(it, may_move) for it in sms_sudo]
        keys += map(self._get_sms_post, sms_sudo)
        return self._add_sms_about(texts, keys)

    def _add_sms_about(self, texts, keys):
        """Add the other record that a text is about, and hide texts by access rights.

        :param list keys: the key of each text's record
        """
        about = self._get_sms_about(set(filter(all, keys)) - {(TICKET_MODEL, self.id)})
        result = []
        for text, key in zip(texts, keys, strict=True):
            record = about.get(key, False)
            if record and not record["id"]:
                result.append(self._hide_sms_text(text, record))
            else:
                result.append({**text, "about": record})
        return result

    def _has_sms_posted(self, sms):
        """Return whether a text was posted here, unless it is to a colleague."""
        is_here = self._get_sms_post(sms) == (TICKET_MODEL, self.id)
        return is_here and sms.purpose_id.code != INTERNAL

    @api.model
    def _get_sms_post(self, sms):
        return sms.mail_message_id.model, sms.mail_message_id.res_id

    def _get_sms_questions(self, inbounds):
        """Return the questions that texts answer, if readable, by the text's id."""
        answers = inbounds.filtered(lambda it: it.kind in ANSWER_KINDS)
        if not answers:
            return {}
        self.env["sms.question"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT inbound.id, COALESCE(question.sms_id, latest.id)
                  FROM sms_inbound inbound
             LEFT JOIN sms_question question ON question.inbound_id = inbound.id
             LEFT JOIN LATERAL (
                           SELECT sms.id FROM sms_sms sms
                            WHERE sms.number = inbound.number
                              AND sms.record_company_id = inbound.company_id
                              AND sms.create_date < inbound.received_at
                                                    + interval '1 second'
                              AND (inbound.kind = 'answer' OR sms.exemption IN %s)
                              AND sms.is_call IS NOT TRUE
                            ORDER BY sms.create_date DESC, sms.id DESC LIMIT 1
                       ) latest ON question.sms_id IS NULL
                 WHERE inbound.id = ANY(%s)
                """,
                QUESTIONS,
                answers.ids,
            )
        )
        asked = {row_id: sms_id for row_id, sms_id in rows if sms_id}
        asked_sudo = self.env["sms.sms"].sudo().browse(set(asked.values()))
        posts = {it.id: self._get_sms_post(it) for it in asked_sudo}
        about = self._get_sms_about(set(filter(all, posts.values())))
        hidden = {key for key, record in about.items() if not record["id"]}
        return {
            row_id: asked_sudo.browse(sms_id).body or ""
            for row_id, sms_id in asked.items()
            if posts[sms_id] not in hidden
        }

    @api.model
    def _start_sms_entry(self, kind, row_id, moment, is_text=False):
        """Return what all entries have, with the time and the one they are ordered by.

        :param bool is_text: of another kind than :data:`IN`, but placed like their text
        """
        at = moment - LEAD if is_text or kind == IN else moment
        date, at = map(fields.Datetime.to_string, (moment, at))
        return {"id": f"{kind}-{row_id}", "direction": kind, "date": date, "at": at}

    def _prepare_sms_text(self, text, direction, moment):
        """Return what the conversation shows of a text, incoming or outgoing.

        :return: ``id`` (``in-5``), ``direction``, ``body``, ``date`` (UTC, ``YYYY-MM-DD
            HH:MM:SS``), ``at`` (by which it is ordered), ``number`` (when it is not the
            ticket's), ``attachments`` (``id``, ``name``, ``mimetype``)
        """
        is_other = text.number != self.partner_phone_sanitized
        return {
            **self._start_sms_entry(direction, text.id, moment),
            "body": text.body or "",
            "number": is_other and text.number or "",
            "attachments": self._prepare_sms_files(text.attachment_ids),
        }

    @api.model
    def _prepare_sms_files(self, files):
        return [
            {"id": file.id, "name": file.name, "mimetype": file.mimetype or ""}
            for file in files
        ]

    def _prepare_sms_inbound(self, inbound, questions):
        """Return the entry of an incoming text.

        Adds ``author``, ``note`` (why a picture is missing, or that no person has
        written it), ``is_loading``, ``kind``, and the ``question`` that it answers.
        """
        is_automatic = inbound.kind == AUTOMATIC
        is_told = inbound.media_note or inbound.erased_at
        is_missing = inbound.media_count > len(inbound.attachment_ids)
        return {
            **self._prepare_sms_text(inbound, IN, inbound.received_at),
            "author": inbound.partner_id.name or self.sms_contact_label,
            "note": inbound.media_note
            or (is_automatic and self.env._("Automatic reply. Nobody has written it."))
            or "",
            "is_loading": not is_told and is_missing,
            "kind": inbound.kind or "",
            "question": "" if inbound.erased_at else questions.get(inbound.id, ""),
        }

    def _prepare_sms_outgoing(self, sms, may_move):
        """Return the entry of an outgoing text.

        Adds ``author``, ``template`` (unless a person wrote it) and the shown state.
        """
        # Portal users and the webhook's user write no texts, but may trigger some.
        maker = sms.create_uid
        may_cancel = sms.state == "outgoing" and sms.sudo(False)._may_move()
        is_automatic = maker.id == SUPERUSER_ID or maker.share
        author = sms.mail_message_id.author_id or maker.partner_id
        return {
            **self._prepare_sms_text(sms, OUT, sms.create_date),
            "author": "" if is_automatic else author.name,
            "template": "" if sms.is_personal else self._get_sms_source_name(sms),
            "state": sms.shown_state or "",
            "label": sms.shown_label or "",
            "reason": sms.shown_reason or "",
            "is_movable": may_cancel and may_move,
            "is_cancellable": may_cancel,
            "ways": self._get_sms_ways(sms) if self._has_sms_posted(sms) else [],
        }

    @api.model
    def _get_sms_source_name(self, sms):
        if sms.exemption and not sms.template_id:
            labels = sms._fields["exemption"]._description_selection(self.env)
            return dict(labels)[sms.exemption]
        return sms.template_id.name or sms.purpose_id.name or ""

    def _read_sms_events(self, event_ids):
        """Return the consent events in sentences, one entry per act."""
        events_sudo = self.env["sms.consent.event"].sudo()
        number_hash = event_ids and self._get_sms_number_hash()
        if not number_hash:
            return []
        own = Domain("company_id", "=", self.sudo().company_id.id)
        own &= Domain("number_hash", "=", number_hash)
        asked = events_sudo.search(own & Domain("id", "in", event_ids))
        acts = own & Domain("evidence_id", "in", asked.evidence_id.ids)
        story = self.env["sms.consent.story"]
        entries = {}
        for moment in story._get_moments(events_sudo.search(acts, order="id")):
            event = moment.event
            key = event.evidence_id.id, event.event
            sentence = story._say(moment)
            if key in entries:
                entries[key]["words"] += f" {sentence}"
                continue
            at = moment.text.received_at or event.recorded_at
            entries[key] = {
                **self._start_sms_entry(EVENT, event.id, at, bool(moment.text)),
                "event": event.event,
                "words": sentence,
            }
        return list(entries.values())

    def _read_sms_reviews(self, review_ids):
        """Return the reviews of possible opt-outs, in sentences."""
        reviews_sudo = self.env["sms.consent.review"].sudo()
        reviews_sudo = reviews_sudo.search([("id", "in", review_ids)])
        return [
            {
                **self._start_sms_entry(REVIEW, review.id, review.received_at, True),
                "event": review.state,
                "words": self._tell_sms_review(review),
            }
            for review in reviews_sudo
            if self._is_sms_of_number(review.company_id, review.number)
        ]

    def _tell_sms_review(self, review):
        if review.state == OPEN:
            return self.env._(
                "This may be an opt-out. Until it is decided, by %s, only answers to "
                "their own texts are sent.",
                format_date(self.env, review.deadline),
            )
        if not review.decided_by:
            return self.env._("A later text settled whether this was an opt-out.")
        user = review.decided_by.name
        if review.state == CONVERSATION:
            return self.env._("%s decided that this is not an opt-out.", user)
        return self.env._("%s decided that this is an opt-out.", user)

    def _read_sms_notes(self, message_ids):
        """Return the internal notes of the ticket's chatter, without deleted ones."""
        messages_sudo = self.env["mail.message"].sudo()
        messages_sudo = messages_sudo.search(
            [
                ("id", "in", message_ids),
                ("model", "=", TICKET_MODEL),
                ("res_id", "=", self.id),
                ("message_type", "=", "comment"),
                ("subtype_id.internal", "=", True),
            ]
        )
        return [
            {
                **self._start_sms_entry(NOTE, message.id, message.date),
                "author": message.author_id.name or message.email_from or "",
                "html": message.body or "",
                "attachments": self._prepare_sms_files(message.attachment_ids),
            }
            for message in messages_sudo
            if message.attachment_ids or not is_html_empty(message.body)
        ]
