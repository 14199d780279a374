# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from ...tools import verdicts
from ...tools.web import IS_GUESS
from ..core.res_company import RIGHT_GROUPS

#: Period in which the texts of a user, or of a team, are counted.
LIMIT_TIME = timedelta(days=1)


class ResUsers(models.Model):
    """Rights and limits of users who send texts.

    Not of what runs by itself: rules, automations and crons have their own limits.
    """

    _inherit = "res.users"

    def authenticate(self, credential, user_agent_env):
        """Mark writes during a login, when Odoo guesses its own address."""
        guessing = self.with_context(**{IS_GUESS: True})
        return super(ResUsers, guessing).authenticate(credential, user_agent_env)

    def _has_sms_free_right(self, company):
        """Return whether the user may text numbers that are on no record of theirs."""
        return self.has_group(RIGHT_GROUPS[company.sudo().sms_free_right])

    def _has_sms_bulk_right(self, company):
        return self.has_group(RIGHT_GROUPS[company.sudo().sms_bulk_right])

    def _check_sms_free_right(self, company):
        """Refuse a typed number, unless the user may text any number."""
        if not self._has_sms_free_right(company):
            raise AccessError(
                self.env._(
                    "You may text the people of your records, but not a number that "
                    "you type in. Enter it on the contact or the ticket first, or ask "
                    "a helpdesk manager."
                )
            )

    def _check_sms_limits(self, company, count):
        """Refuse too many people at once, and too many texts in a day."""
        if self._has_sms_bulk_right(company):
            return
        self._check_sms_bulk_right(company, count)
        limit = company.sudo().sms_user_limit
        if limit and self._count_recent_sms(limit) + count > limit:
            raise UserError(
                self.env._(
                    "You have sent the %s texts that a user may send in 24 hours. Call "
                    "instead, try again later, or ask a helpdesk manager to send it.",
                    limit,
                )
            )

    def _check_sms_bulk_right(self, company, count):
        limit = company.sudo().sms_bulk_from
        if count > limit and not self._has_sms_bulk_right(company):
            raise AccessError(
                self.env._(
                    "You may text %(limit)s people at once, and you chose %(count)s. "
                    "Choose fewer, or ask someone who may text in bulk.",
                    limit=limit,
                    count=count,
                )
            )

    def _count_recent_sms(self, limit):
        """Return how many texts the user has sent lately, without blocked ones.

        Two that are sent at the same moment do not see each other: the limit contains
        mistakes and stolen passwords, and need not be exact.
        """
        domain = [
            ("create_uid", "=", self.id),
            ("create_date", ">", fields.Datetime.now() - LIMIT_TIME),
            ("gate_verdict", "!=", verdicts.BLOCK),
            ("is_call", "=", False),
        ]
        return self.env["sms.sms"].sudo().search_count(domain, limit=limit)
