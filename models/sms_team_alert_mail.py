# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import email_normalize

from odoo.addons.mail.tools.alias_error import AliasError

from ..tools import texts
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
        """Return the alert of a plan that says the same and is not over."""
        domain = Domain("plan_id", "=", plan.id) & Domain("name", "=", words)
        return self.search(domain & Domain("state", "!=", RESOLVED), limit=1)


class SmsTeamAlertPlan(models.Model):
    """Who may raise an alert by mail: they wake people.

    A mail of anybody whom the plan does not know is sent back, as is one too many.
    """

    _inherit = "sms.team.alert.plan"

    def _alias_get_error(self, message, message_dict, alias):
        """Take a mail of users and of known senders, and not too many.

        Asked of the plan, since its address is.
        """
        error = super()._alias_get_error(message, message_dict, alias)
        if error:
            return error
        author_sudo = self.env["res.partner"].sudo()
        author_sudo = author_sudo.browse(message_dict.get("author_id") or ())
        sender = email_normalize(message_dict.get("email_from") or "") or ""
        if not self.active or not self._takes_mail_of(sender, author_sudo):
            return AliasError(
                "error_team_alert_sender",
                self.env._("This address takes alerts of known senders only."),
            )
        limits_sudo = self.env["sms.rate.limit"].sudo()
        if limits_sudo._is_over("team_alert_mails", str(self.id)):
            return AliasError(
                "error_team_alert_many",
                self.env._("Too many alerts in an hour: call instead."),
            )
        return False

    def _takes_mail_of(self, sender, author):
        """Tell if a sender may raise an alert: a user of its company, or who is named.

        :param str sender: normalized e-mail address
        :param author: ``res.partner`` of it, may be empty
        """
        self.ensure_one()
        users = author.user_ids.filtered(lambda user: user.active and not user.share)
        if self.company_id & users.company_ids:
            return True
        known = {line.strip().lower() for line in (self.mail_senders or "").split()}
        domain = f"@{sender.rpartition('@')[2]}"
        return bool(sender) and (sender in known or domain in known)
