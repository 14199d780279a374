# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from ...tools import TICKET_MODEL
from ..core.sms_shared_row import ADMINISTRATORS


class HelpdeskTicketStage(models.Model):
    """Adds the text that customers get when their ticket reaches a stage.

    Only administrators choose it on a stage shared by all companies: a manager of one
    company must not choose what customers of another get.
    """

    _inherit = "helpdesk.ticket.stage"
    _check_company_auto = True

    sms_template_id = fields.Many2one(
        "sms.template",
        string="SMS Template",
        domain=[("model", "=", "helpdesk.ticket"), ("is_internal", "=", False)],
        check_company=True,
        help="Sent to the customer when a ticket reaches this stage, if they agreed "
        "to texts.",
    )

    @api.constrains("sms_template_id")
    def _check_sms_template_id(self):
        self.sms_template_id._check_for_customers()
        for template_sudo in self.sms_template_id.sudo():
            if template_sudo.model != TICKET_MODEL:
                words = self.env._(
                    "“%s” is not a template for tickets.", template_sudo.name
                )
                raise ValidationError(words)

    @api.model_create_multi
    def create(self, vals_list):
        """Restrict the text of a shared stage to administrators."""
        stages = super().create(vals_list)
        stages.filtered("sms_template_id")._check_sms_text_right()
        return stages

    def write(self, vals):
        """Restrict the text of a shared stage to administrators."""
        if "sms_template_id" in vals:
            self._check_sms_text_right()
        result = super().write(vals)
        if "company_id" in vals:
            self.filtered("sms_template_id")._check_sms_text_right()
        return result

    def _check_sms_text_right(self):
        """Raise an AccessError for a shared stage, and say what to do instead."""
        if self.env.su or self.env.user.has_group(ADMINISTRATORS):
            return
        for stage in self.filtered(lambda it: not it.company_id):
            raise AccessError(
                self.env._(
                    "The stage “%s” is shared by all companies, so only "
                    "administrators can choose its text. Create an automation “A "
                    "ticket reaches a stage” for your company instead.",
                    stage.name,
                )
            )
