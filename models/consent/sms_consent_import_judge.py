# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Decisions on rows of an imported list that need the database."""

import json

from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import chain, consent, import_rows, languages, purpose_rules
from ...tools.import_rows import Fault, simplify
from ...tools.phone import find_refusal_of_words
from ..ledger.sms_consent_event import Statement
from .sms_consent_import_row import GOOD, SKIPPED, WRONG

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
        self.purposes = self._read_purposes()
        self.default_purposes = job.purpose_ids.sorted()
        self.words = {}

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
        """Record the statements of :meth:`judge`, as the user who started the job."""
        ledger_sudo = self.env["sms.consent.event"].with_user(self.job.user_id).sudo()
        ledger_sudo._record_many(self.company, statements)

    @staticmethod
    def _mark(line, cells, fault, outcome):
        line.update(
            outcome=outcome,
            reason=fault.reason,
            detail=fault.detail[:200],
            cells=json.dumps(cells, ensure_ascii=False),
            key=None,
        )

    # === One row ===

    def _read(self, row, cells):
        """Return the statement that a row would record."""
        job = self.job
        said = import_rows.read_row(
            cells, self.columns, job.date_order, job.tz, self.now, job.decision
        )
        number = self._read_number(said.number)
        purposes = self._find_purposes(said)
        self._check_proof(said, purposes)
        wordings, words = self._find_words(said, purposes)
        note = import_rows.make_note(said.how, said.source, said.note)
        facts = {
            "wording": words,
            "note": f"{note}\n{job.file_name or ''}, {row}",
            "name": said.name,
            "witness": said.witness,
            "address": said.address,
            "res_model": job._name,
            "res_id": job.id,
        }
        subject = (number, said.event, "import", purposes or None)
        return Statement(*subject, said.happened_at, wordings, facts)

    def _read_number(self, text):
        """Return a number as E.164, using the company's country."""
        try:
            return self.job._phone_format_number(
                text, self.company.country_id, raise_exception=True
            )
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
        stopped = self._find_stopped(hashes.values())
        consents = self.env["sms.consent"]
        handovers = consents._find_handovers(self.company, list(hashes.values()))
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
            else:
                stops = stopped.get(number_hash, [])
                fault = self._find_opt_out(statement, found, stops)
                fault = fault or self._find_age(statement, handovers.get(number_hash))
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

    def _find_opt_out(self, statement, found, stopped):
        if statement.event != consent.GRANTED:
            return None
        for purpose in statement.purposes:
            answer = self.env["sms.consent"]._get_answer(found, purpose.id)
            in_list = any(not ids or purpose.id in ids for ids in stopped)
            if in_list or answer.state == consent.OPTED_OUT:
                return Fault("opted_out", purpose.name)
        return None

    def _find_age(self, statement, handover):
        """Return the fault of a consent that is too old to count, or None."""
        if statement.event != consent.GRANTED:
            return None
        reason = self.env["sms.consent.entry"]._find_age_fault(
            self.company, statement.happened_at, handover
        )
        return Fault("outdated", reason) if reason else None

    def _find_seen(self, keys):
        """Return the keys that earlier batches had, each with its first row."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT key, min("row") FROM sms_consent_import_row
                 WHERE import_id = %s AND key = ANY(%s) GROUP BY key
                """,
                self.job.id,
                keys,
            )
        )
        return dict(rows)

    def _find_stopped(self, hashes):
        """Return the opt-outs of numbers in earlier batches of the list.

        :return: lists of purpose ids (empty: all purposes), by the number's hash
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT stopped, stopped_purposes FROM sms_consent_import_row
                 WHERE import_id = %s AND stopped = ANY(%s)
                """,
                self.job.id,
                list(hashes),
            )
        )
        found = {}
        for number_hash, ids in rows:
            found.setdefault(number_hash, []).append(json.loads(ids))
        return found

    def _find_known(self, hashes):
        """Return the valid ledger events of numbers, as a set of tuples."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT number_hash, COALESCE(purpose_id, 0), event, happened_at
                  FROM sms_consent_event
                 WHERE company_id = %s AND number_hash = ANY(%s) AND %s
                """,
                self.company.id,
                list(hashes),
                self.env["sms.consent"]._get_counting_sql(self.company),
            )
        )
        return set(rows)

    # === Words ===

    def _find_words(self, said, purposes):
        """Return a row's wordings, and the words as they were shown."""
        if said.event != consent.GRANTED:
            return None, said.wording
        key = (purposes._ids, said.version, said.wording)
        if key not in self.words:
            if len(self.words) >= MAX_WORDS:
                self.words.clear()
            self.words[key] = self._match_words(said, purposes)
        return self.words[key]

    def _match_words(self, said, purposes):
        if not said.version:
            wordings = self.env["sms.consent.entry"]._match_wordings(
                self.company, purposes, said.wording
            )
            return wordings, said.wording
        found = self.env["sms.wording"]
        for purpose in purposes:
            found += self._find_version(purpose, said.version)
        return found, said.wording or found._render(self.company)

    def _find_version(self, purpose, version):
        """Return a purpose's wording by version number or digest."""
        text = version.casefold().lstrip("v").strip()
        domain = [
            ("purpose_id", "=", purpose.id),
            ("company_id", "in", [False, self.company.id]),
            ("state", "!=", "draft"),
        ]
        if len(text) == 64:
            domain.append(("digest", "=", text))
        elif text.isdecimal() and len(text) < 6:
            domain.append(("version", "=", int(text)))
        else:
            raise Fault("bad_version", version)
        found = self.env["sms.wording"].search(domain)
        if not found:
            raise Fault("bad_version", f"{purpose.name}: {version}")
        own = languages.get_language(self.company._pick_sms_lang())
        order = [own, "en"]

        def rank(wording):
            """Sort the company's own first, then its language, then English."""
            language = languages.get_language(wording.lang)
            place = order.index(language) if language in order else len(order)
            return (not wording.company_id, place)

        return found.sorted(rank)[0]
