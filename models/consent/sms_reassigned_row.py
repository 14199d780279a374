# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from ...tools import reassigned

ANSWER_SELECTION = [
    (reassigned.YES, "Yes (disconnected since)"),
    (reassigned.NO, "No (not disconnected)"),
    (reassigned.NO_DATA, "No data"),
]


class SmsReassignedRow(models.Model):
    """A number that a query asks about, or an answer to that.

    It contains no personal data: the number is a keyed hash.
    """

    _name = "sms.reassigned.row"
    _description = "Row of a Reassigned Numbers File"
    _inherit = "sms.ledger.row"
    _order = "id"
    _log_access = False

    file_id = fields.Many2one(
        "sms.reassigned.file", required=True, readonly=True, ondelete="restrict"
    )
    number_hash = fields.Char("Number (Keyed Hash)", required=True, readonly=True)
    number = fields.Char(compute="_compute_number", compute_sudo=True)
    day = fields.Date(
        "Date Asked About",
        required=True,
        readonly=True,
        help="That of the consent, or when the number was last verified.",
    )
    question_id = fields.Many2one(
        "sms.reassigned.row",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="The row of the query that it answers.",
    )
    answer = fields.Selection(ANSWER_SELECTION, readonly=True)

    _row_unique = models.UniqueIndex("(file_id, number_hash, day)")
    _number_index = models.Index("(company_id, number_hash)")

    def _compute_number(self):
        """Show the numbers that were not erased, in one query."""
        consents = self.env["sms.consent"].search_fetch(
            [
                ("company_id", "in", self.company_id.ids),
                ("number_hash", "in", self.mapped("number_hash")),
                ("number", "!=", False),
            ],
            ["company_id", "number_hash", "number"],
        )
        numbers = {(it.company_id, it.number_hash): it.number for it in consents}
        for row in self:
            row.number = numbers.get((row.company_id, row.number_hash))
