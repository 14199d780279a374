# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class MailThread(models.AbstractModel):
    """Lets mails create our records only through an alias set up by a manager."""

    _inherit = "mail.thread"

    @api.model
    def _routing_check_route(self, message, message_dict, route, raise_exception=True):
        """Refuse a mail routed to one of our models without alias or thread.

        Odoo creates the record with all rights, and lets every employee submit mails
        over RPC: anybody could wake a team, or announce an incident.
        """
        model, thread_id, _values, _user_id, alias = route
        if model and model.startswith("sms.") and not (thread_id or alias):
            self._routing_warn(
                self.env._("only an address of Odoo can create texts"),
                message_dict["message_id"],
                route,
                raise_exception,
            )
            return ()
        return super()._routing_check_route(
            message, message_dict, route, raise_exception
        )
