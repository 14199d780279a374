# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64

from odoo import api, models
from odoo.exceptions import UserError

from ..tools import import_rows, tabular


class SmsConsentImport(models.Model):
    """The uploaded file of an import: its columns, or why it is refused."""

    _inherit = "sms.consent.import"

    @api.onchange("file")
    def _onchange_file(self):
        """Show the columns as soon as the list is there."""
        self.column_ids = [(5, 0, 0)]
        if self.file:
            self.column_ids = [
                (0, 0, vals) for vals in self._get_column_values(self.file)
            ]

    def _read_headers(self):
        """Make a line for each column, with what it seems to hold."""
        self.ensure_one()
        vals_list = self._get_column_values(self.file)
        self.column_ids = [(5, 0, 0), *((0, 0, vals) for vals in vals_list)]

    @api.model
    def _get_column_values(self, file):
        """Return the columns of an upload (base64): header, samples, guess.

        :raises UserError: when it is no table
        """
        rows = tabular.iter_rows(base64.b64decode(file))
        try:
            _number, headers = next(rows, (0, []))
            samples = [cells for _index, (_number, cells) in zip(range(3), rows)]  # noqa: B905
        except tabular.FileRefused as error:
            raise UserError(self._explain(error)) from error
        guesses = import_rows.guess_fields(headers)
        return [
            {
                "position": index,
                "header": header,
                "sample": " · ".join(
                    dict.fromkeys(
                        cells[index][:40] for cells in samples if index < len(cells)
                    )
                ),
                "field": guesses[index],
            }
            for index, header in enumerate(headers)
        ]

    @api.model
    def _explain(self, error):
        """Return why a file is refused, and what to do."""
        messages = {
            tabular.EMPTY: self.env._("The file is empty."),
            tabular.TOO_LARGE: self.env._(
                "The file is too large: at most %s MB are taken. Split it.",
                tabular.MAX_BYTES // 1024**2,
            ),
            tabular.TOO_MANY_ROWS: self.env._(
                "The list is too long: at most %s rows are taken at once. Split it.",
                f"{tabular.MAX_ROWS:,}",
            ),
            tabular.TOO_WIDE: self.env._(
                "Row %(row)s has more than %(max)s columns.",
                row=error.row,
                max=tabular.MAX_COLUMNS,
            ),
            tabular.CELL_TOO_LONG: self.env._(
                "A cell of row %(row)s has more than %(max)s letters. Is a quotation "
                "mark missing?",
                row=error.row,
                max=tabular.MAX_CELL,
            ),
            tabular.OLD_EXCEL: self.env._(
                "This is a file of an old Excel. Save it as XLSX or CSV."
            ),
            tabular.ENCODING: self.env._(
                "The letters of this file cannot be read. Save it as “CSV UTF-8”."
            ),
            tabular.BROKEN: self.env._(
                "The file is damaged, or is no table. Save it anew as CSV or XLSX."
            ),
            tabular.NO_TABLE: self.env._("This is no table. Upload a CSV or XLSX."),
        }
        return messages[error.reason]
