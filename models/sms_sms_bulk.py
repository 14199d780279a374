# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from .bulk_insert import BULK_FROM, create_many, is_extended

#: Modules whose additions to ``create`` are seen to here.
KNOWN_MODULES = ("sms", "sms_twilio", "helpdesk_mgmt_sms")


class SmsSms(models.Model):
    """Many messages at once: the same rows as one by one, without the ORM's work."""

    _inherit = "sms.sms"

    @api.model
    def _is_for_bulk(self, vals_list):
        """Tell if new messages are written at once: many, made by our own code.

        The ORM checks the rights of others row by row, and imports name their rows.
        """
        is_plain = self.env.su and not self.env.context.get("_import_current_module")
        is_many = is_plain and len(vals_list) >= BULK_FROM
        return is_many and not is_extended(self, KNOWN_MODULES)

    @api.model
    def _insert_many(self, vals_list):
        """Store new messages at once.

        :param vals_list: completed values, as the ORM takes them
        :return: the new messages, in order
        """
        # As ``sms`` does; what ``sms_twilio`` adds, the company, is there already.
        self.env.ref("sms.ir_cron_sms_scheduler_action")._trigger()
        return create_many(self, vals_list)
