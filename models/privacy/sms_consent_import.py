# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import json

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import phone, tabular
from ..consent.sms_consent_import import FAILED, RUNNING


def _find_cell(cells, numbers):
    """Return whether a cell is one of the numbers, in any spelling."""
    wanted = set().union(*map(phone.get_spellings, numbers))
    return any(phone.digits(cell) in wanted for cell in cells)


def is_in_list(file, numbers):
    """Return whether an uploaded list has one of the numbers, or is unreadable."""
    rows = tabular.iter_rows(base64.b64decode(file))
    try:
        return _find_cell((cell for _row, cells in rows for cell in cells), numbers)
    except tabular.FileRefused:
        return True


class SmsConsentImport(models.Model):
    """Deletes uploaded lists when a person in them is erased.

    A file cannot be edited. What it has recorded is in the ledger; the rest must not be
    recorded any more.
    """

    _inherit = "sms.consent.import"

    @api.model
    def _find_personal(self, company, numbers):
        jobs = self.search([("company_id", "=", company.id), ("state", "!=", "done")])
        return jobs.filtered(lambda job: job.file and is_in_list(job.file, numbers))

    def _describe_personal(self):
        return [(len(self), self.env._("Uploaded lists, which are removed"))]

    def _forget(self):
        """Delete the list with a note why; refuse while it is being processed."""
        if any(job.state in RUNNING for job in self):
            raise UserError(
                self.env._(
                    "A list that may hold this number is being imported. Erase the "
                    "person when that is done."
                )
            )
        for job in self:
            job._forget_rows()
        self.column_ids.unlink()
        problem = self.env._(
            "It contained a person who has been erased since. Remove them from the "
            "list and upload it again."
        )
        emptied = dict.fromkeys(("file", "packed", "report"), False)
        self.write({**emptied, "state": FAILED, "problem": problem})


class SmsConsentImportRow(models.Model):
    """Deletes rows that were not recorded when their person is erased."""

    _inherit = "sms.consent.import.row"

    @api.model
    def _find_personal(self, company, numbers):
        tails = [f"%{phone.get_tail(number)}%" for number in numbers]

        def has_tail(_model, alias, _query):
            cells = SQL.identifier(alias, "cells")
            return SQL(r"regexp_replace(%s, '\D', '', 'g') LIKE ANY(%s)", cells, tails)

        own = Domain("import_id.company_id", "=", company.id)
        found = self.search(own & Domain.custom(to_sql=has_tail))
        return found.filtered(lambda row: _find_cell(json.loads(row.cells), numbers))

    def _describe_personal(self):
        return [(len(self), self.env._("Rows of imported lists"))]

    def _forget(self):
        jobs = self.import_id
        self.unlink()
        for job in jobs.filtered("report"):
            job.report = bool(job.row_ids) and base64.b64encode(job._make_report())


class SmsConsentImportColumn(models.Model):
    """Empties the samples of columns, which show the first people of a list."""

    _inherit = "sms.consent.import.column"
    _is_counted = False

    @api.model
    def _find_personal(self, company, numbers):
        own = Domain("import_id.company_id", "=", company.id)
        columns = self.search(own & Domain("sample", "!=", False))
        return columns.filtered(lambda it: _find_cell(it.sample.split(" · "), numbers))

    def _forget(self):
        """Empty the samples of all columns, since they show the same people."""
        self.import_id.column_ids.write({"sample": False})
