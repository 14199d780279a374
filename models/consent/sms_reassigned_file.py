# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL, split_every

from odoo.addons.base.models.res_partner import _tz_get

from ...tools import consent, reassigned
from ...tools.evidence import sha256
from ..core.bulk_insert import INSERT_SIZE, as_array, insert_many
from ..ledger.ledger_guards import ENTERED_AT, ENTERED_BY

QUERY, ANSWERS = ("query", "answers")
#: The date to ask about: that of the consent, or the last one on which the number was
#: known to be the person's.
CONSENT_DAY, VERIFIED_DAY = ("consent", "verified")
#: The day of a time (UTC in the database) in the company's time zone.
DAY = "(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)::date"

ANSWER_SELECTION = [
    (reassigned.YES, "Yes (disconnected since)"),
    (reassigned.NO, "No (not disconnected)"),
    (reassigned.NO_DATA, "No data"),
]


class Question(NamedTuple):
    """A number and day that a query asked about, with earlier answers."""

    row_id: int
    number_hash: str
    day: date
    earlier: list


class SmsReassignedFile(models.Model):
    """A query to the FCC's Reassigned Numbers Database, or its answers.

    The proof required by the safe harbor of 47 CFR 64.1200(m): who asked, when, about
    which numbers and dates, and what was answered. Append-only. The file itself is not
    kept; its digest can identify a copy. For the file format see
    ``tools/reassigned.py``.
    """

    _name = "sms.reassigned.file"
    _description = "Reassigned Numbers File"
    _inherit = "sms.ledger.row"
    _rec_name = "file_name"
    _log_access = False

    company_id = fields.Many2one(index=True)
    kind = fields.Selection([(QUERY, "Query"), (ANSWERS, "Answer File")], required=True)
    query_id = fields.Many2one(
        "sms.reassigned.file", ondelete="restrict", index="btree_not_null"
    )
    file_name = fields.Char("File", required=True)
    file_digest = fields.Char("Digest of the File", required=True, help="SHA-256")
    user_id = fields.Many2one(string="Created By", **ENTERED_BY)
    made_at = fields.Datetime("Created On", **ENTERED_AT)
    scope = fields.Char("Asked About")
    company_code = fields.Char(
        "Company ID", help="What the Reassigned Numbers Database calls the company."
    )
    tz = fields.Selection(
        _tz_get, "Time Zone", help="Where the dates of the query begin and end."
    )
    row_count = fields.Integer("Rows")
    row_ids = fields.One2many("sms.reassigned.row", "file_id")
    answer_file_ids = fields.One2many("sms.reassigned.file", "query_id")
    # That of the newest, which comes first.
    answered_at = fields.Datetime("Answered On", related="answer_file_ids.made_at")
    yes_count = fields.Integer("Yes", compute="_compute_counts")
    no_count = fields.Integer("No", compute="_compute_counts")
    no_data_count = fields.Integer("No Data", compute="_compute_counts")
    open_count = fields.Integer("Not Answered", compute="_compute_counts")

    def _compute_counts(self):
        """Count the last answers to all questions, in one query."""
        answers = defaultdict(Counter)
        for query_id, answer, count in self._read_last_answers():
            answers[query_id][answer] = count
        for file in self:
            counts = answers[file.id]
            file.yes_count = counts[reassigned.YES]
            file.no_count = counts[reassigned.NO]
            file.no_data_count = counts[reassigned.NO_DATA]
            file.open_count = file.row_count - counts.total()

    def _read_last_answers(self):
        query = """
            SELECT query_id, answer, count(*)
              FROM (SELECT DISTINCT ON (own.question_id) file.query_id, own.answer
                      FROM sms_reassigned_row own
                      JOIN sms_reassigned_file file ON file.id = own.file_id
                     WHERE file.query_id = ANY(%s)
                  ORDER BY own.question_id, own.id DESC) AS last
          GROUP BY query_id, answer
        """
        return self.env.execute_query(SQL(query, self.ids))

    @api.model
    def _check_officer(self):
        """Raise an AccessError unless the user is a compliance officer."""
        if not self.env.user.has_group("helpdesk_mgmt_sms.group_sms_compliance"):
            message = self.env._(
                "Only compliance officers may query the Reassigned Numbers "
                "Database and import its answers."
            )
            raise AccessError(message)

    # === Asking ===

    @api.model
    def _select(self, company, days, day_kind, condition):
        """Return the SQL query for the questions about a company's consents.

        One row per number and day of consent, the one verified longest ago first:
        ``number_hash``, ``number``, ``day``, and ``is_known``, whether the Reassigned
        Numbers Database covers such numbers.

        :param int days: only consents neither given nor verified in the last ``days``
        :param SQL condition: on ``consent``
        """
        self.env["sms.consent"].flush_model()
        known_at = SQL("GREATEST(consent.since, consent.verified_at)")
        moment = known_at if day_kind == VERIFIED_DAY else SQL("consent.since")
        query = """
            SELECT consent.number_hash, consent.number, %(day)s AS day,
                   starts_with(consent.number, '+1') AND length(consent.number) = 12
                   AND substr(consent.number, 3, 3) = ANY(%(codes)s) AS is_known
              FROM sms_consent consent
             WHERE consent.company_id = %(company)s AND consent.state = %(state)s
               AND consent.purpose_id IS NOT NULL AND consent.number IS NOT NULL
               AND %(known_at)s < %(limit)s AND %(condition)s
          GROUP BY 1, 2, 3
          ORDER BY min(%(known_at)s), 1
        """
        about = {"company": company.id, "state": consent.OPTED_IN}
        about |= {"known_at": known_at, "condition": condition}
        day = SQL(DAY, moment, company._get_sms_zone())
        limit = fields.Datetime.now() - timedelta(days=days)
        codes = list(reassigned.AREA_CODES)
        return SQL(query, day=day, codes=codes, limit=limit, **about)

    @api.model
    def _count(self, selection):
        """Return how many rows of a selection can be asked about, and how many not."""
        query = """
            SELECT count(*) FILTER (WHERE is_known),
                   count(*) FILTER (WHERE NOT is_known)
              FROM (%s) AS selection
        """
        [[known, others]] = self.env.execute_query(SQL(query, selection))
        return known, others

    @api.model
    def _ask(self, company, selection, scope, company_code="", has_header=True):
        """Create a query and its file.

        :param SQL selection: as returned by :meth:`_select`
        :return: the record and the file (bytes); an empty set and None if there is
            nothing to ask
        """
        query = """
            SELECT number_hash, number, day FROM (%s) AS selection
             WHERE is_known LIMIT %s
        """
        rows = self.env.execute_query(SQL(query, selection, reassigned.MAX_ROWS))
        if not rows:
            return self.browse(), None
        pairs = ((number, day) for _hash, number, day in rows)
        data = reassigned.write_query(pairs, company_code, has_header)
        now = fields.Datetime.now()
        query_sudo = self.sudo().create(
            {
                "company_id": company.id,
                "kind": QUERY,
                "file_name": f"reassigned-numbers-{now:%Y%m%d-%H%M%S}.csv",
                "file_digest": sha256(data),
                "made_at": now,
                "scope": scope,
                "company_code": company_code,
                "tz": company._get_sms_zone(),
                "row_count": len(rows),
            }
        )
        query_sudo._enter((number_hash, day) for number_hash, _number, day in rows)
        return query_sudo.sudo(self.env.su), data

    def _enter(self, rows):
        """Store the rows of the file.

        :param rows: iterable of tuples: number hash, day and, for an answer, the
            question's id and the answer
        """
        names = ("number_hash", "day", "question_id", "answer")
        own = {**dict.fromkeys(names), "file_id": self.id}
        own["company_id"] = self.company_id.id
        row_model = self.env["sms.reassigned.row"].sudo()
        for chunk in split_every(INSERT_SIZE, rows):
            values = [own | dict(zip(names, row, strict=False)) for row in chunk]
            insert_many(row_model, values)
        row_model.invalidate_model()

    # === Answers ===

    def _read_questions(self, hashes):
        """Return ``{number_hash: {day: Question}}``, with earlier answers."""
        query = """
            SELECT own.id, own.number_hash, own.day,
                   ARRAY(SELECT answer FROM sms_reassigned_row
                          WHERE question_id = own.id)
              FROM sms_reassigned_row own
             WHERE own.file_id = %s AND own.number_hash = ANY(%s)
        """
        rows = self.env.execute_query(SQL(query, self.id, as_array(hashes, "varchar")))
        found = defaultdict(dict)
        for row in rows:
            question = Question(*row)
            found[question.number_hash][question.day] = question
        return found

    def _read_consents(self, hashes):
        """Return the consents of numbers that were given before the query.

        :return: ``{number_hash: [(id, purpose id, day of consent, day known)]}``
        """
        self.env["sms.consent"].flush_model()
        query = """
            SELECT number_hash, id, purpose_id, %s, %s
              FROM sms_consent
             WHERE company_id = %s AND number_hash = ANY(%s)
               AND state = %s AND purpose_id IS NOT NULL AND since <= %s
        """
        days = (SQL("since"), SQL("GREATEST(since, verified_at)"))
        days = (SQL(DAY, moment, self.tz) for moment in days)
        numbers = (self.company_id.id, as_array(hashes, "varchar"))
        query = SQL(query, *days, *numbers, consent.OPTED_IN, self.made_at)
        found = {}
        for number_hash, *row in self.env.execute_query(query):
            found.setdefault(number_hash, []).append(tuple(row))
        return found

    def _verify(self, consent_ids):
        """Mark the numbers of consents as not reassigned at the time of the query."""
        consents = self.env["sms.consent"].browse(consent_ids)
        moment = self.made_at
        older = consents.filtered(lambda it: (it.verified_at or datetime.min) < moment)
        older.verified_at = moment

    def action_import_answers(self):
        """Open the import of its answers."""
        self.ensure_one()
        self.check_access("read")
        self._check_officer()
        return self.env["sms.consent.import"]._get_records_action(
            name=self.env._("Import answers"),
            context={
                "default_decision": ANSWERS,
                "default_query_id": self.id,
                "default_company_id": self.company_id.id,
            },
        )

    def action_view_rows(self):
        """Show the numbers of the file."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.file_name,
            "res_model": "sms.reassigned.row",
            "views": [(False, "list")],
            "domain": [("file_id", "=", self.id)],
        }


class SmsReassignedRow(models.Model):
    """A number that a query asks about, or an answer to that.

    It contains no personal data: the number is a keyed hash.
    """

    _name = "sms.reassigned.row"
    _description = "Row of a Reassigned Numbers File"
    _inherit = "sms.ledger.row"
    _order = "id"
    _log_access = False

    file_id = fields.Many2one("sms.reassigned.file", required=True)
    number_hash = fields.Char("Number (Keyed Hash)", required=True)
    number = fields.Char(compute="_compute_number", compute_sudo=True)
    day = fields.Date(
        "Date Asked About",
        required=True,
        help="That of the consent, or when the number was last verified.",
    )
    question_id = fields.Many2one(
        "sms.reassigned.row",
        ondelete="restrict",
        index="btree_not_null",
        help="The row of the query that it answers.",
    )
    answer = fields.Selection(ANSWER_SELECTION)

    # A long file may answer a question again, more strongly.
    _row_unique = models.UniqueIndex(
        "(file_id, number_hash, day, (COALESCE(answer, '')))"
    )
    _number_index = models.Index("(company_id, number_hash)")

    def _compute_number(self):
        """Show the numbers that were not erased, in one query."""
        domain = [("company_id", "in", self.company_id.ids), ("number", "!=", False)]
        domain.append(("number_hash", "in", self.mapped("number_hash")))
        names = ["company_id", "number_hash", "number"]
        consents = self.env["sms.consent"].search_fetch(domain, names)
        numbers = {(it.company_id, it.number_hash): it.number for it in consents}
        for row in self:
            row.number = numbers.get((row.company_id, row.number_hash))
