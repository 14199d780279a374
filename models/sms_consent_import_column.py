# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class SmsConsentImportColumn(models.Model):
    """A column of the list, and what it holds."""

    _name = "sms.consent.import.column"
    _description = "Column of an Import of Consents"
    _inherit = ["sms.personal.data"]
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
        ],
        "Holds",
    )
