# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import ormcache

from ...providers import faults
from ...tools import dispatch


class SmsFault(models.Model):
    """The rule for messages that a carrier does not accept or does not deliver.

    One row per fault that adapters distinguish. The adapter maps its carrier's codes to
    faults; managers set per company what follows from each.
    """

    _name = "sms.fault"
    _inherit = ["sms.shared.row", "sms.cached.rules"]
    _description = "Text Message Error"
    _order = "sequence, id"

    sequence = fields.Integer()
    fault = fields.Selection(faults.SELECTION, required=True, readonly=True)
    name = fields.Char(
        "Description", required=True, translate=True, help="Shown to agents."
    )
    advice = fields.Char(translate=True, help="What agents can do about it.")
    action = fields.Selection(
        [
            (dispatch.AGAIN, "Try again"),
            (dispatch.END, "End the message"),
            (dispatch.NUMBER, "End the message and the number"),
            (dispatch.SENDER, "Stop the sender, keep the message"),
        ],
        required=True,
        help="A sender that was stopped is tried again after the pause.",
    )
    first_pause = fields.Integer(
        "First Pause (s)", help="In seconds. Each further pause is twice as long."
    )
    max_pause = fields.Integer("Longest Pause (s)")
    max_attempts = fields.Integer(
        "Attempts", default=1, help="Total number of attempts."
    )
    deadline_hours = fields.Float(
        "Give Up After (h)", help="Hours from the first attempt."
    )
    use_backup = fields.Boolean(
        "Use the Second Carrier",
        help="Messages that the carrier refused for this reason are sent through the "
        "company's second carrier, if it has one.",
    )
    number_after = fields.Integer(
        "Stop Texting the Number After",
        help="Number of consecutive messages with this error after which the number "
        "is no longer texted. 0 for never.",
    )
    company_id = fields.Many2one(
        "res.company",
        ondelete="restrict",
        default=lambda self: self._default_row_company(),
        help="Leave empty for all companies without their own row.",
    )

    _fault_company_unique = models.UniqueIndex(
        "(fault, COALESCE(company_id, 0))", "This error already exists."
    )
    _pauses_positive = models.Constraint(
        "CHECK (first_pause >= 0 AND max_pause >= first_pause AND max_attempts >= 1"
        " AND deadline_hours BETWEEN 0 AND 8760 AND number_after >= 0)",
        "Pauses, attempts and hours cannot be negative, hours cannot exceed a year, "
        "and the longest pause cannot be shorter than the first.",
    )
    _no_backup_after_opt_out = models.Constraint(
        "CHECK (NOT use_backup OR fault != 'opted_out')",
        "People who opted out at one carrier cannot be texted through the other one.",
    )

    @api.depends("fault")
    def _compute_display_name(self):
        labels = dict(self._fields["fault"]._description_selection(self.env))
        for fault in self:
            fault.display_name = labels.get(fault.fault)

    def _get_copy_domain(self):
        return [("fault", "=", self.fault)]

    @api.ondelete(at_uninstall=False)
    def _unlink_except_own(self):
        """Refuse to delete a shared row: every fault needs a rule."""
        if any(not fault.company_id for fault in self):
            raise UserError(self.env._("This row is required. Edit it instead."))

    @api.model
    @ormcache("fault", "company.id if company else False")
    def _get_policy(self, fault, company=None):
        """Return the rule for a fault; without one the message ends.

        :param company: ``res.company``, whose own row comes first; None: the shared one
        :return: ``tools.dispatch.Policy``
        """
        owners = [False, company.id] if company else [False]
        domain = [("fault", "=", fault), ("company_id", "in", owners)]
        row_sudo = self.sudo().search(domain).sorted(lambda row: not row.company_id)[:1]
        if not row_sudo:
            return dispatch.Policy(fault, dispatch.END)
        pauses = (row_sudo.first_pause, row_sudo.max_pause, row_sudo.max_attempts)
        deadline = round(row_sudo.deadline_hours * 3600)
        others = (row_sudo.number_after, row_sudo.id, row_sudo.use_backup)
        return dispatch.Policy(fault, row_sudo.action, *pauses, deadline, *others)
