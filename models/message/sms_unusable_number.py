# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class SmsUnusableNumber(models.Model):
    """A number that its carrier cannot text: a landline, or no phone at all.

    The gate blocks messages to it. It is deleted when a text comes from it, or by a
    manager who knows better.
    """

    _name = "sms.unusable.number"
    _inherit = "sms.personal.data"
    _description = "Number That Cannot Be Texted"
    _order = "id desc"
    _rec_name = "number"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    number = fields.Char(required=True, readonly=True, help="E.164")
    fault_id = fields.Many2one(
        "sms.fault", "Reason", required=True, readonly=True, ondelete="restrict"
    )
    sms_id = fields.Many2one(
        "sms.sms", "Message", readonly=True, ondelete="set null", index="btree_not_null"
    )

    _number_unique = models.UniqueIndex("(company_id, number)")

    @api.model
    def _note_many(self, company, numbers, policy, **values):
        """Note that numbers (E.164) cannot be texted.

        :param values: ``sms_id`` if a message is the proof
        """
        domain = [("company_id", "=", company.id), ("number", "in", numbers)]
        new = set(numbers) - set(self.search(domain).mapped("number"))
        values.update(company_id=company.id, fault_id=policy.id)
        self.create([{**values, "number": number} for number in sorted(new)])
        if new:
            self.env["sms.consent"]._forget_answers()

    def unlink(self):
        """Drop the answers that the gate has read."""
        self.env["sms.consent"]._forget_answers()
        return super().unlink()
