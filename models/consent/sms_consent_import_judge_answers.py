# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Decisions on answers of the Reassigned Numbers Database."""

import base64
from typing import NamedTuple

from ...providers.faults import GONE
from ...tools import consent, reassigned
from ...tools.evidence import sha256
from ...tools.import_rows import Fault
from ..ledger.sms_consent_event import Statement
from .sms_consent_import_judge import Judge
from .sms_consent_import_row import ANSWER_REASONS, SKIPPED, WRONG
from .sms_reassigned_file import ANSWERS


class Question(NamedTuple):
    """A number and day that the query asked about, with earlier answers."""

    row_id: int
    number_hash: str
    day: object
    earlier: list


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
            number_hash = hashes[reply.number]
            try:
                question = self._find_question(number_hash, asked, reply)
                found.append((line, cells, reply, question))
            except Fault as fault:
                self._mark(line, cells, fault, WRONG)
        seen = self._find_seen([self._make_key(it[2], it[3]) for it in found])
        statements = []
        for line, cells, reply, question in found:
            consents = [
                it
                for it in standing.get(question.number_hash, ())
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
            own = standing.get(question.number_hash, ())
            if self.ended.issuperset(it[0] for it in own):
                self.gone.add(reply.number)
        return statements

    @staticmethod
    def _find_question(number_hash, asked, reply):
        """Return the question that a reply answers.

        :raises Fault: if the query did not ask it, or it is ambiguous
        """
        days = asked.get(number_hash)
        if not days:
            raise Fault("not_asked", reply.number)
        if not reply.day and len(days) > 1:
            raise Fault("no_day", reply.number)
        day = reply.day or next(iter(days))
        if day not in days:
            raise Fault("other_day", day.isoformat())
        row_id, earlier = days[day]
        return Question(row_id, number_hash, day, earlier)

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
