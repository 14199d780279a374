# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ...tools import reassigned, verdicts

GOOD, SKIPPED, WRONG = ("good", "skipped", "wrong")
REASONS = [
    ("opted_out", "The number has opted out: an import does not change that"),
    ("outdated", "No longer counts: ask the person again"),
    ("twice", "The same as an earlier row of this list"),
    ("known", "In the ledger already"),
    ("no_number", "No phone number"),
    (verdicts.BAD_NUMBER, "The phone number cannot be read"),
    (
        verdicts.EXTENSION,
        "Has an extension, text messages cannot reach it: enter a direct number",
    ),
    (verdicts.SHORT_CODE, "A short code: only phone numbers are texted"),
    (verdicts.EMERGENCY, "An emergency number: it is never texted"),
    ("no_time", "It does not say when"),
    ("bad_time", "The date cannot be read"),
    ("future", "The date lies in the future"),
    ("no_how", "It does not say how consent was given"),
    ("no_words", "Neither the words nor their version"),
    ("bad_version", "There is no such version of the wording"),
    ("no_source", "No evidence"),
    ("no_purpose", "No purpose"),
    ("bad_purpose", "There is no such purpose"),
    ("no_proof", "The purpose does not accept consent given so (offers: in writing)"),
    ("bad_decision", "Neither agreed nor opted out"),
    ("too_long", "A cell is too long"),
    ("answer_yes", "Yes: the consent ends"),
    ("answer_no", "No: the number is verified"),
    ("answer_no_data", "No data: nothing changes"),
    ("bad_answer", "Neither yes, no nor no data"),
    ("other_company", "The Company ID is not that of the query"),
    ("not_asked", "The query did not ask about this number"),
    ("other_day", "The query asked about this number with another date"),
    ("no_day", "The query asked about this number with several dates: which one?"),
    ("answered", "Already answered"),
    ("stale", "No consent this is about: it has ended or was given again since"),
]
#: Reasons of accepted answers of the Reassigned Numbers Database.
ANSWER_REASONS = {answer: f"answer_{answer}" for answer in reassigned.ANSWERS}


class SmsConsentImportRow(models.Model):
    """A row of a list that an import has processed.

    Rows not recorded keep their cells and the reason. Of the others only a digest is
    kept, to detect duplicates, until the import is done. Written only by the job, in
    bulk.
    """

    _name = "sms.consent.import.row"
    _description = "Row of an Import of Consents"
    _inherit = "sms.personal.data"
    _order = "import_id, row"
    _log_access = False

    import_id = fields.Many2one("sms.consent.import", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="import_id.company_id")
    row = fields.Integer(help="Its number in the spreadsheet.")
    outcome = fields.Selection(
        [(GOOD, "Recorded"), (SKIPPED, "Skipped"), (WRONG, "Wrong")], required=True
    )
    reason = fields.Selection(REASONS)
    detail = fields.Char()
    cells = fields.Text(help="The row as it was, as JSON.")
    key = fields.Char(help="Digest of what the row says.")
    stopped = fields.Char(help="Keyed hash of a number that opted out.")
    stopped_purposes = fields.Char(help="Ids; empty: all purposes.")

    _row_unique = models.UniqueIndex("(import_id, row)")
    _key_index = models.Index("(import_id, key) WHERE key IS NOT NULL")
    _stopped_index = models.Index("(import_id, stopped) WHERE stopped IS NOT NULL")


class SmsConsentImportColumn(models.Model):
    """A column of the list, and what it holds."""

    _name = "sms.consent.import.column"
    _description = "Column of an Import of Consents"
    _inherit = "sms.personal.data"
    _order = "position"
    _log_access = False

    import_id = fields.Many2one(
        "sms.consent.import", required=True, ondelete="cascade", index=True
    )
    position = fields.Integer(required=True)
    header = fields.Char("Column")
    sample = fields.Char("For Example")
    field = fields.Selection(
        [
            ("number", "Phone number"),
            ("happened_at", "When it was given"),
            ("how", "How it was given"),
            ("wording", "Words as they were shown"),
            ("version", "Version of the wording"),
            ("source", "Evidence (where the proof is)"),
            ("name", "Name"),
            ("purposes", "Purposes"),
            ("decision", "Agreed or opted out"),
            ("witness", "Witness"),
            ("address", "IP address"),
            ("note", "Note"),
            ("answer", "Answer (yes, no, no data)"),
            ("asked_day", "Date in the query"),
            ("company_code", "Company ID in the query"),
        ],
        "Holds",
    )

    def write(self, vals):
        """Have the list checked again; refuse changes while it is processed."""
        if not self.env.su:
            self._reopen_import()
        return super().write(vals)

    @api.constrains("import_id")
    @api.ondelete(at_uninstall=False)
    def _reopen_import(self):
        self.sudo(False).import_id.write({})
