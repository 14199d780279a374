# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

from ...tools import texts
from .sms_team_alert import RESOLVED, WORDS_LIMIT


class SmsTeamAlert(models.Model):
    """Raises an alert out of a mail to the address of a plan.

    The subject is what is wrong. Whose mails are taken says the plan.
    """

    _inherit = "sms.team.alert"

    @api.model
    def message_new(self, msg_dict, custom_values=None):
        """Raise an alert out of a mail; the same again is noted on the open one.

        :raises AccessError: for all but Odoo's mail gateway, which has all rights:
            whoever calls it over RPC could say that the mail is anybody's
        """
        if not self.env.su:
            raise AccessError(self.env._("Mails come in by the mail gateway."))
        plans_sudo = self.env["sms.team.alert.plan"].sudo()
        plan_sudo = plans_sudo.browse((custom_values or {})["plan_id"])
        words = texts.shorten(msg_dict.get("subject") or "", WORDS_LIMIT, sign="...")
        words = texts.clean(words) or self.env._("A mail without a subject")
        alert_sudo = self.sudo()._find_same(plan_sudo, words)
        if alert_sudo:
            alert_sudo._note_again()
            return alert_sudo
        author = self.env["res.partner"].browse(msg_dict.get("author_id") or ())
        users_sudo = author.sudo().user_ids.filtered(lambda user: not user.share)
        return self._raise(
            plan_sudo.team_id,
            words,
            plan_id=plan_sudo.id,
            user_id=users_sudo[:1].id,
            origin="mail",
        )

    @api.model
    def _find_same(self, plan, words):
        domain = Domain("plan_id", "=", plan.id) & Domain("name", "=", words)
        return self.search(domain & Domain("state", "!=", RESOLVED), limit=1)


class MailThread(models.AbstractModel):
    """Mails make nothing of ours, but by the address that a manager has given it."""

    _inherit = "mail.thread"

    @api.model
    def _routing_check_route(self, message, message_dict, route, raise_exception=True):
        """Refuse a mail that names one of our models itself.

        Odoo makes what such a mail asks for with all rights, and lets every employee
        hand in mails over RPC: anybody could wake a team, or announce an incident.
        """
        model, thread_id, _values, _user_id, alias = route
        if model and model.startswith("sms.") and not (thread_id or alias):
            self._routing_warn(
                self.env._("texts are made by an address of Odoo alone"),
                message_dict["message_id"],
                route,
                raise_exception,
            )
            return ()
        return super()._routing_check_route(
            message, message_dict, route, raise_exception
        )
