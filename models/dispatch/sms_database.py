# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.exceptions import UserError

from ...providers import faults

#: System parameter: ``database.uuid`` of the database that sends texts.
UUID_PARAMETER = "helpdesk_mgmt_sms.database_uuid"


class SmsDatabase(models.AbstractModel):
    """Tells the database that sends texts from its copies, which share its accounts.

    Odoo gives a new uuid to a duplicate, and to a backup restored as a copy. Until an
    administrator allows it, a copy neither sends to a carrier nor accepts anything from
    one: otherwise both databases would text the same people.
    """

    _name = "sms.database"
    _description = "Database That Texts"

    def _is_copy(self):
        """Return whether this is a copy that nobody has allowed to send."""
        parameters_sudo = self.env["ir.config_parameter"].sudo()
        known = parameters_sudo.get_param(UUID_PARAMETER)
        return bool(known) and known != parameters_sudo.get_param("database.uuid")

    def _check_no_copy(self):
        """Refuse an action that reaches a carrier at once.

        :raises UserError: in a copy
        """
        if self._is_copy():
            raise UserError(self._explain())

    def _explain(self):
        """Return a message on what a copy does not do, and who can change that."""
        return self.env._(
            "This database is a copy, so it sends no texts and takes none from the "
            "carrier. An administrator can change that under Set-up and health."
        )

    def _adopt(self):
        """Send from this database from now on, including what waits in it."""
        parameters_sudo = self.env["ir.config_parameter"].sudo()
        uuid = parameters_sudo.get_param("database.uuid")
        parameters_sudo.set_param(UUID_PARAMETER, uuid)
        senders_sudo = self.env["sms.sender"].sudo()
        senders_sudo.search([("fault_id.fault", "=", faults.COPY)])._start()
        self.env["ir.cron"]._wake_sms("ir_cron_sms_outbox_watch")

    def _cancel_waiting(self):
        """Cancel waiting messages: the original has them too, and may have sent them.

        Messages that a carrier has or may have are neither sent again nor looked up.
        """
        waiting_sudo = self.env["sms.sms"].sudo().search([("state", "=", "outgoing")])
        waiting_sudo.cancelled_by_id = self.env.user
        waiting_sudo.action_set_canceled()
        self.env.flush_all()
        query = """
            UPDATE sms_sms SET state = 'pending' WHERE state IN ('process', 'unknown');
            UPDATE sms_sms SET lookup_at = NULL WHERE lookup_at IS NOT NULL
        """
        self.env.cr.execute(query)
        self.env.invalidate_all()
