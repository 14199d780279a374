# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import SUPERUSER_ID, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...tools import verdicts
from ...tools.web import IS_GUESS
from ..core.res_company import RIGHT_GROUPS

#: The time for which the texts of one user, or of one team, are counted.
LIMIT_TIME = timedelta(days=1)


class ResUsers(models.Model):
    """What a user may text, and how much: asked by everything that people send with.

    Not for what runs by itself: rules, automations and crons have their own limits.
    """

    _inherit = "res.users"

    def authenticate(self, credential, user_agent_env):
        """Mark what a login writes: Odoo guesses its own address from it."""
        guessing = self.with_context(**{IS_GUESS: True})
        return super(ResUsers, guessing).authenticate(credential, user_agent_env)

    def _may_text_any_number(self, company):
        """Tell if the user may text a number that stands on no record of theirs.

        :param company: ``res.company`` that sends
        """
        return self.has_group(RIGHT_GROUPS[company.sudo().sms_free_right])

    def _may_text_in_bulk(self, company):
        return self.has_group(RIGHT_GROUPS[company.sudo().sms_bulk_right])

    def _check_may_text_any_number(self, company):
        """Refuse a number that was typed.

        :raises AccessError: if the user has no right to text any number
        """
        if not self._may_text_any_number(company):
            raise AccessError(
                self.env._(
                    "You may text the people of your records, and no number that is "
                    "typed in. Enter it on the contact or the ticket first, or ask a "
                    "helpdesk manager."
                )
            )

    def _check_may_text_many(self, company, count):
        """Refuse too many people at once, and too many texts in a day.

        :raises AccessError: for a list that only who may text in bulk may send
        :raises UserError: if the user has sent as many as they may for now
        """
        if self._may_text_in_bulk(company):
            return
        self._check_may_text_at_once(company, count)
        limit = company.sudo().sms_user_limit
        if limit and self._count_texts_lately(limit) + count > limit:
            raise UserError(
                self.env._(
                    "You have sent the %s texts that a user may send in 24 hours. Call "
                    "instead, try again later, or ask a helpdesk manager to send it.",
                    limit,
                )
            )

    def _check_may_text_at_once(self, company, count):
        """Refuse too many people at once.

        :raises AccessError: for a list that only who may text in bulk may send
        """
        limit = company.sudo().sms_bulk_from
        if count > limit and not self._may_text_in_bulk(company):
            raise AccessError(
                self.env._(
                    "You may text %(limit)s people at once, and these are %(count)s. "
                    "Ask who may text in bulk, or choose fewer.",
                    limit=limit,
                    count=count,
                )
            )

    def _count_texts_lately(self, limit):
        """Return how many texts the user has sent lately, blocked ones not counted.

        Two that are sent in the same moment do not see each other: a limit keeps
        mistakes and stolen passwords small, and is no account.
        """
        self.env["sms.sms"].flush_model()
        counted = SQL(
            """
            SELECT 1 FROM sms_sms
             WHERE create_uid = %s AND create_uid <> %s AND create_date > %s
               AND gate_verdict <> %s
             LIMIT %s
            """,
            self.id,
            SUPERUSER_ID,
            fields.Datetime.now() - LIMIT_TIME,
            verdicts.BLOCK,
            limit,
        )
        [[count]] = self.env.execute_query(
            SQL("SELECT count(*) FROM (%s) AS x", counted)
        )
        return count
