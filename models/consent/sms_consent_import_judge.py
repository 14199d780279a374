# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Decisions on rows of an imported list that need the database."""

import base64
import json
from functools import lru_cache

from odoo.exceptions import UserError
from odoo.tools import SQL

from ...providers.faults import GONE
from ...tools import chain, consent, import_rows, languages, purpose_rules, reassigned
from ...tools.evidence import sha256
from ...tools.import_rows import Fault, simplify
from ...tools.phone import find_refusal_of_words
from ..ledger.sms_consent_event import Statement
from .sms_consent_import_row import ANSWER_REASONS, GOOD, SKIPPED, WRONG
from .sms_reassigned_file import ANSWERS

#: Most different texts whose wordings are cached; lists usually contain a few.
MAX_WORDS = 1000
#: Fields of a row that are empty by default.
LINE_DETAILS = ("reason", "detail", "cells", "key", "stopped", "stopped_purposes")


class Judge:
    """Decides on batches of rows of one import, with a fixed number of queries each.

    :param job: the ``sms.consent.import``, in sudo
    :param datetime now: later times count as future (UTC)
    """

    def __init__(self, job, now):
        self.job, self.env, self.company, self.now = job, job.env, job.company_id, now
        self.columns = {it.field: it.position for it in job.column_ids if it.field}
        decisions = job.column_ids.filtered(lambda it: it.field == "decision")
        self.heading = decisions[-1:].header or ""
        # Columns that nobody reads, or only as a date, can still say yes or no.
        self.others = {
            it.position: it.header
            for it in job.column_ids
            if it.field in (False, "happened_at")
            and import_rows.get_meaning(it.header or "")
        }
        self.purposes = self._read_purposes()
        self._say_date = self.env["sms.consent.details"]._say_date
        self.default_purposes = job.purpose_ids.sorted()
        self._match_words = lru_cache(MAX_WORDS)(self._match_words)

    def _read_purposes(self):
        """Return all purposes by code and by name in each language."""
        by_name = {}
        langs = [code for code, _name in self.env["res.lang"].get_installed()]
        for purpose in self.env["sms.purpose"].search([]):
            by_name[simplify(purpose.code)] = purpose
            for lang in langs:
                name = simplify(purpose.with_context(lang=lang).name)
                by_name.setdefault(name, purpose)
        return by_name

    def judge(self, rows):
        """Decide on several rows.

        :param rows: pairs of a row's number and its cells
        :return: the statements to record, and for each row the values of a
            ``sms.consent.import.row``
        """
        lines, read = [], []
        for number, cells in rows:
            line = {"import_id": self.job.id, "row": number, "outcome": GOOD}
            line |= dict.fromkeys(LINE_DETAILS)
            lines.append(line)
            try:
                read.append((line, cells, self._read(number, cells)))
            except Fault as fault:
                self._mark(line, cells, fault, WRONG)
        return self._compare(read), lines

    def record(self, statements):
        """Record statements as the job's user, oldest first: the newest one stands."""
        ledger_sudo = self.env["sms.consent.event"].with_user(self.job.user_id).sudo()
        statements = sorted(statements, key=lambda it: it.happened_at or self.now)
        ledger_sudo._record_many(self.company, statements)

    @staticmethod
    def _mark(line, cells, fault, outcome):
        line.update(outcome=outcome, reason=fault.reason, detail=fault.detail[:200])
        line.update(cells=json.dumps(cells, ensure_ascii=False), key=None)

    # === One row ===

    def _read(self, row, cells):
        job = self.job
        formats = (job.date_order, job.tz, self.now)
        said = import_rows.read_row(
            cells, self.columns, *formats, job.decision, self.heading
        )
        number = self._read_number(said.number)
        self._check_others(said.event, cells)
        purposes = self._find_purposes(said)
        self._check_proof(said, purposes)
        wordings, words = None, said.wording
        if said.event == consent.GRANTED:
            wordings, words = self._match_words(purposes, said.version, words)
        note = import_rows.make_note(said.how, said.source, said.note)
        facts = {"name": said.name, "witness": said.witness, "address": said.address}
        place = f"{job.file_name or ''}, {row}"
        facts |= {"wording": words, "note": f"{note}\n{place}" if note else place}
        facts |= {"res_model": job._name, "res_id": job.id}
        subject = (number, said.event, "import", purposes or None)
        return Statement(*subject, said.happened_at, wordings, facts)

    def _check_others(self, event, cells):
        """Refuse a row that elsewhere says the opposite; its own opt-out prevails."""
        own = import_rows.pick_cells(cells, self.columns, ("decision",))["decision"]
        if event == consent.REVOKED and own:
            return
        for position, heading in self.others.items():
            cell = "".join(cells[position : position + 1])
            if import_rows.denies(event, cell, heading):
                is_yes = event == consent.GRANTED
                raise Fault(
                    "opted_out" if is_yes else "bad_decision", f"{heading}: {cell}"
                )

    def _read_number(self, text):
        """Return a number as E.164, using the company's country."""
        country = self.company.country_id
        try:
            return self.job._phone_format_number(text, country, raise_exception=True)
        except UserError as error:
            raise Fault(find_refusal_of_words(text), text) from error

    def _find_purposes(self, said):
        """Return the purposes that a row names, or else those of the whole list."""
        purposes = self.env["sms.purpose"]
        for name in said.purposes:
            purpose = self.purposes.get(simplify(name))
            if not purpose:
                raise Fault("bad_purpose", name)
            purposes |= purpose
        purposes = purposes or self.default_purposes
        if said.event == consent.GRANTED and not purposes:
            raise Fault("no_purpose")
        return purposes

    @staticmethod
    def _check_proof(said, purposes):
        """Refuse a consent given in a way that its purposes do not accept as proof.

        An unknown name for the way counts only for purposes that accept every way.
        """
        if said.event != consent.GRANTED:
            return
        way = import_rows.read_way(said.how)
        for purpose in purposes:
            accepted = purpose._get_rules(None, purpose.env.company).proofs
            counts = way and purpose_rules.is_proof_accepted(way, accepted)
            if not counts and not accepted >= set(purpose_rules.KINDS):
                raise Fault("no_proof", f"{purpose.name}: {said.how}")

    # === Against the list and the ledger ===

    def _compare(self, read):
        """Return the statements that are new and allowed; mark the other rows."""
        numbers = {statement.number for _line, _cells, statement in read}
        hashes = self.env["sms.consent.key"]._hash(numbers)
        keys = [self._get_key(statement) for _line, _cells, statement in read]
        seen = self._find_seen(keys)
        known = self._find_known(hashes.values())
        newest = {tuple(subject): at for *subject, at in sorted(known)}
        stopped = self._find_stopped(hashes.values())
        consents = self.env["sms.consent"]
        handovers = consents._find_outdated(self.company, list(hashes.values()))
        answers = consents._get_answers([self.company.id], numbers)
        chosen = []
        for key, (line, cells, statement) in zip(keys, read, strict=True):
            number_hash = hashes[statement.number]
            found = answers[self.company.id, statement.number]
            ids = statement.purposes.ids if statement.purposes else []
            entries = {
                (number_hash, purpose_id, statement.event, statement.happened_at)
                for purpose_id in ids or [0]
            }
            if key in seen:
                fault = Fault("twice", self.env._("row %s", seen[key]))
            elif entries <= known:
                fault = Fault("known")
            elif statement.event == consent.GRANTED:
                stops = stopped.get(number_hash, [])
                handover = handovers.get(number_hash)
                fault = self._find_obstacle(statement, found, stops, handover)
                times = [newest.get(it[:-1], statement.happened_at) for it in entries]
                if not fault and min(times) > statement.happened_at:
                    fault = Fault("known", self._say_date(min(times)))  # a newer one
            else:
                fault = None
            if fault:
                self._mark(line, cells, fault, SKIPPED)
                continue
            seen[key] = line["row"]
            line["key"] = key
            if statement.event == consent.REVOKED:
                line.update(stopped=number_hash, stopped_purposes=json.dumps(ids))
                stopped.setdefault(number_hash, []).append(ids)
            chosen.append(statement)
        return chosen

    @staticmethod
    def _get_key(statement):
        purposes = statement.purposes.ids if statement.purposes else []
        said = [statement.number, statement.event, sorted(purposes)]
        return chain.digest({"said": said, "at": statement.happened_at})[:32]

    def _find_obstacle(self, statement, found, stopped, handover):
        """Return why a consent does not count, an opt-out or its age, or None."""
        for purpose in statement.purposes:
            answer = self.env["sms.consent"]._get_answer(found, purpose.id)
            in_list = any(not ids or purpose.id in ids for ids in stopped)
            if in_list or answer.state == consent.OPTED_OUT:
                return Fault("opted_out", purpose.name)
        entry = self.env["sms.consent.entry"]
        reason = entry._find_age_fault(self.company, statement.happened_at, handover)
        return Fault("outdated", reason) if reason else None

    def _find_seen(self, keys):
        """Return the keys that earlier batches had, each with its first row."""
        domain = [("import_id", "=", self.job.id), ("key", "in", keys)]
        rows = self.env["sms.consent.import.row"]
        return dict(rows._read_group(domain, ["key"], ["row:min"]))

    def _find_stopped(self, hashes):
        """Return the purpose ids (empty: all) stopped in earlier batches, by hash."""
        domain = [("import_id", "=", self.job.id), ("stopped", "in", list(hashes))]
        rows = self.env["sms.consent.import.row"]
        found = rows._read_group(domain, ["stopped"], ["stopped_purposes:array_agg"])
        return {number_hash: list(map(json.loads, ids)) for number_hash, ids in found}

    def _find_known(self, hashes):
        """Return the valid ledger events of numbers, as a set of tuples."""
        query = """
            SELECT number_hash, COALESCE(purpose_id, 0), event, happened_at
              FROM sms_consent_event
             WHERE company_id = %s AND number_hash = ANY(%s) AND %s
        """
        numbers = (self.company.id, list(hashes))
        counting = self.env["sms.consent"]._get_counting_sql(self.company)
        return set(self.env.execute_query(SQL(query, *numbers, counting)))

    # === Words ===

    def _match_words(self, purposes, version, wording):
        """Return a consent's wordings, and the words as they were shown."""
        if not version:
            match = self.env["sms.consent.entry"]._match_wordings
            return match(self.company, purposes, wording), wording
        found = self.env["sms.wording"]
        for purpose in purposes:
            found += self._find_version(purpose, version)
        return found, wording or found._render(self.company)

    def _find_version(self, purpose, version):
        """Return a purpose's wording by version number or digest."""
        text = version.casefold().lstrip("v").strip()
        found = self.env["sms.wording"]._find_versions(self.company, purpose)
        texts = {text, text.lstrip("0")}
        found = found.filtered(lambda it: texts & {it.digest, str(it.version)})
        if not found:
            raise Fault("bad_version", f"{purpose.name}: {version}")
        own = languages.get_language(self.company._pick_sms_lang())
        rank = [(it.company_id, languages.get_language(it.lang), it) for it in found]
        return max(rank, key=lambda it: (bool(it[0]), it[1] == own, it[1] == "en"))[2]


class AnswerJudge(Judge):
    """Decides on batches of answers, with a fixed number of queries each.

    Keeps for :meth:`record` what :meth:`judge` has accepted: the answers, the consents
    that a "no" verifies, and the numbers without a consent left.
    """

    def __init__(self, job, now):
        super().__init__(job, now)
        self.query = job.query_id
        self.chosen, self.verified, self.ended, self.gone = [], set(), set(), set()

    def _read(self, row, cells):
        reply = reassigned.read_reply(cells, self.columns, self.job.date_order)
        code = self.query.company_code
        if code and reply.company_code.casefold() not in ("", code.casefold()):
            raise Fault("other_company", reply.company_code)
        return reply

    def _compare(self, read):
        """Return the statements that end consents upon a "yes"; mark each row."""
        numbers = {reply.number for _line, _cells, reply in read}
        hashes = self.env["sms.consent.key"]._hash(numbers)
        asked = self.query._read_questions(hashes.values())
        standing = self.query._read_consents(hashes.values())
        found = []
        for line, cells, reply in read:
            try:
                question = self._find_question(asked[hashes[reply.number]], reply)
                found.append((line, cells, reply, question))
            except Fault as fault:
                self._mark(line, cells, fault, WRONG)
        # Of several answers to one question in a file, only the strongest is stored.
        found.sort(key=lambda it: reassigned.ANSWERS.index(it[2].answer), reverse=True)
        seen = self._find_seen([self._make_key(it[2], it[3]) for it in found])
        statements = []
        for line, cells, reply, question in found:
            own = standing.get(question.number_hash, ())
            consents = [
                it
                for it in own
                if reassigned.concerns(reply.answer, question.day, *it[2:])
                and it[0] not in self.ended
            ]
            if fault := self._find_fault(seen, reply, question, consents):
                self._mark(line, cells, fault, SKIPPED)
                continue
            key = self._make_key(reply, question)
            seen[key] = line["row"]
            line.update(key=key, reason=ANSWER_REASONS[reply.answer])
            statements += self._take(line, reply, question, consents)
            if self.ended.issuperset(it[0] for it in own):
                self.gone.add(reply.number)
        return statements

    @staticmethod
    def _find_question(days, reply):
        """Return the question that a reply answers.

        :param dict days: those about its number, by day
        :raises Fault: if the query did not ask it, or it is ambiguous
        """
        if not days:
            raise Fault("not_asked", reply.number)
        if not reply.day and len(days) > 1:
            raise Fault("no_day", reply.number)
        day = reply.day or next(iter(days))
        if day not in days:
            raise Fault("other_day", day.isoformat())
        return days[day]

    @staticmethod
    def _make_key(reply, question):
        return f"{question.row_id} {reply.answer}"

    def _find_fault(self, seen, reply, question, consents):
        """Return why an answer changes nothing, or None."""
        key = self._make_key(reply, question)
        if key in seen:
            return Fault("twice", self.env._("row %s", seen[key]))
        if not reassigned.is_news(reply.answer, question.earlier):
            return Fault("answered")
        if not consents and reply.answer != reassigned.NO_DATA:
            return Fault("stale", question.day.isoformat())
        return None

    def _take(self, line, reply, question, consents):
        """Keep an answer for :meth:`record`; return its statements."""
        question.earlier.append(reply.answer)
        values = (question.number_hash, question.day, question.row_id, reply.answer)
        self.chosen.append(values)
        ids = [it[0] for it in consents]
        if reply.answer == reassigned.NO:
            self.verified.update(ids)
        if reply.answer != reassigned.YES:
            return []
        self.ended.update(ids)
        self.verified.difference_update(ids)
        purposes = self.env["sms.purpose"].browse(sorted({it[1] for it in consents}))
        facts = {
            "note": self.env._(
                "Disconnected on or after %(day)s. Query %(query)s, answers %(file)s, "
                "row %(row)s.",
                day=question.day.isoformat(),
                query=self.query.file_name,
                file=self.job.file_name or "",
                row=line["row"],
            ),
            "res_model": self.query._name,
            "res_id": self.query.id,
        }
        subject = (reply.number, consent.EXPIRED, "reassigned", purposes)
        return [Statement(*subject, facts=facts)]

    def record(self, statements):
        """Store the answers, end consents, and mark others as verified."""
        if not self.chosen:
            return
        self._get_answer_file()._enter(self.chosen)
        super().record(statements)
        self.query._verify(sorted(self.verified))
        if statements:
            self._block([statement.number for statement in statements])

    def _block(self, numbers):
        """Block texts to numbers that have another holder."""
        if self.company.sms_consent_policy == consent.POLICY_OPT_OUT:
            # Under this policy only an opt-out blocks, not the end of a consent.
            policy = self.env["sms.fault"]._get_policy(GONE, self.company)
            gone = self.gone.intersection(numbers)
            self.env["sms.unusable.number"]._note_many(self.company, gone, policy)
        self.env["sms.sms"]._cancel_waiting(self.company, numbers)

    def _get_answer_file(self):
        """Return the record of the answers' file, created by the first batch."""
        job = self.job
        if not job.answer_file_id:
            job.answer_file_id = self.query.create(
                {
                    "company_id": self.company.id,
                    "kind": ANSWERS,
                    "query_id": self.query.id,
                    "file_name": job.file_name or "answers",
                    "file_digest": sha256(base64.b64decode(job.file)),
                    "user_id": job.user_id.id,
                    "company_code": self.query.company_code,
                    "row_count": job.row_total,
                }
            )
        return job.answer_file_id
