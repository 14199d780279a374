# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging

from odoo import api, fields, models

_logger = logging.getLogger(__name__)


class SmsOutboxAlert(models.Model):
    """Something that keeps texts from leaving, until it is over.

    One row stands for one trouble while it lasts: the administrators get one activity,
    not one a message. The settings and the outbox show what is open.
    """

    _name = "sms.outbox.alert"
    _description = "Trouble of the Text Message Outbox"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "message"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    key = fields.Char(required=True, readonly=True, help="What it is about.")
    message = fields.Char("What Is Wrong", required=True, readonly=True)
    closed_at = fields.Datetime("Over Since", readonly=True)

    _open_unique = models.UniqueIndex("(company_id, key) WHERE closed_at IS NULL")

    @api.model
    def _raise(self, company, key, message):
        """Tell the administrators of a trouble, unless they know.

        :param company: ``res.company``
        :param str key: what it is about; one trouble of a kind is open at a time
        :param str message: what is wrong and what to do, in plain words
        :return: the row
        """
        alert_sudo = self.sudo()._find_open(company, key)
        if alert_sudo:
            alert_sudo.message = message
            return alert_sudo
        _logger.error("Text message outbox of company %s: %s", company.id, key)
        alert_sudo = self.sudo().create(
            {"company_id": company.id, "key": key, "message": message}
        )
        for user in alert_sudo._get_administrators():
            alert_sudo.activity_schedule(
                "mail.mail_activity_data_warning", summary=message, user_id=user.id
            )
        return alert_sudo

    @api.model
    def _close(self, company, key):
        """Note that a trouble is over, and take its activities away."""
        alert_sudo = self.sudo()._find_open(company, key)
        if alert_sudo:
            alert_sudo.closed_at = fields.Datetime.now()
            alert_sudo.activity_unlink(["mail.mail_activity_data_warning"])

    @api.model
    def _find_open(self, company, key):
        """Return the open row about ``key``, or an empty set."""
        return self.search(
            [
                ("company_id", "=", company.id),
                ("key", "=", key),
                ("closed_at", "=", False),
            ],
            limit=1,
        )

    def _get_administrators(self):
        """Return who can mend it: the administrators of the company."""
        self.ensure_one()
        users = self.env.ref("base.group_system").all_user_ids
        return users.filtered(lambda user: self.company_id in user.company_ids)
