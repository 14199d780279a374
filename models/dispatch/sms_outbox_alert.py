# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import plaintext2html

_logger = logging.getLogger(__name__)
#: Troubles that anybody who knows an address could cause, and how soon after it was
#: closed such a trouble is reopened instead of raised anew.
PROVOKED, CALM = ("webhook",), timedelta(hours=6)
#: Trouble to come that managers can prevent: rules with dates end.
RULES = "rules"


class SmsOutboxAlert(models.Model):
    """Something that keeps texts from leaving, until it is over.

    One row stands for one trouble while it lasts: administrators get one activity, not
    one per message. The settings and the outbox show open alerts.
    """

    _name = "sms.outbox.alert"
    _description = "Sending Issue of Text Messages"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "message"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    key = fields.Char(required=True, readonly=True, help="What it is about.")
    message = fields.Char("Problem", required=True, readonly=True)
    closed_at = fields.Datetime("Resolved On", readonly=True)

    _open_unique = models.UniqueIndex("(company_id, key) WHERE closed_at IS NULL")

    @api.model
    def _raise(self, company, key, message):
        """Alert a company's administrators to a trouble, unless it is open already."""
        if alert_sudo := self.sudo()._find_open(company, key):
            alert_sudo.message = message
            return alert_sudo
        _logger.error("Text message outbox of company %s: %s", company.id, key)
        if alert_sudo := self.sudo()._reopen(company, key, message):
            quiet_sudo = alert_sudo.with_context(mail_activity_quick_update=True)
            quiet_sudo._schedule_activities()
            return alert_sudo
        values = {"company_id": company.id, "key": key, "message": message}
        alert_sudo = self.sudo().create(values)
        alert_sudo._schedule_activities()
        alert_sudo._mail_administrators()
        return alert_sudo

    @api.model
    def _reopen(self, company, key, message):
        """Reopen a trouble that was closed recently; return it, or an empty recordset.

        Only a trouble that outsiders could cause again and again: nobody gets a mail
        for each recurrence.
        """
        if key not in PROVOKED:
            return self.browse()
        is_recent = ("closed_at", ">", fields.Datetime.now() - CALM)
        domain = [("company_id", "=", company.id), ("key", "=", key), is_recent]
        alert = self.search(domain, limit=1)
        alert.write({"closed_at": False, "message": message})
        return alert

    def _schedule_activities(self):
        self.ensure_one()
        for user in self._get_helpers():
            self.activity_schedule(
                "mail.mail_activity_data_warning", summary=self.message, user_id=user.id
            )

    def _mail_administrators(self):
        """Mail people whom Odoo notifies of activities on the screen only."""
        readers = self._get_helpers().filtered(
            lambda user: user.notification_type == "inbox" and user.email
        )
        subject = self.env._("Text messages: something is wrong")
        mail = {"subject": subject, "body_html": plaintext2html(self.message)}
        self.env["mail.mail"].sudo().create(
            [
                {**mail, "email_to": user.email_formatted, "auto_delete": True}
                for user in readers
            ]
        )

    @api.model
    def _close(self, company, key):
        if alert_sudo := self.sudo()._find_open(company, key):
            alert_sudo.closed_at = fields.Datetime.now()
            alert_sudo.activity_unlink(["mail.mail_activity_data_warning"])

    @api.model
    def _find_open(self, company, key):
        domain = [("company_id", "=", company.id), ("key", "=", key)]
        return self.search([*domain, ("closed_at", "=", False)], limit=1)

    def _get_helpers(self):
        """Return who can solve the trouble: administrators; of rules, managers too."""
        administrators = self.company_id._get_sms_users("base.group_system")
        if self.key != RULES:
            return administrators
        return administrators | self.company_id._get_sms_managers()
