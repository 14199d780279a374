# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import SUPERUSER_ID, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..tools import verdicts
from .res_users import LIMIT_TIME


class HelpdeskTicket(models.Model):
    """Who may text from a ticket: helpdesk users who may edit it, within limits."""

    _inherit = "helpdesk.ticket"

    def _check_may_text(self):
        """Refuse to text from a ticket to who may merely read it.

        :raises AccessError: for who is no helpdesk user or may not edit the ticket
        """
        if self.env.su:
            return
        if not self.env.user.has_group("helpdesk_mgmt.group_helpdesk_user_own"):
            raise AccessError(
                self.env._("Only helpdesk users may send text messages from a ticket.")
            )
        self.check_access("write")

    def _has_sms_limits(self, company):
        """Tickets are ours: their limits hold under every policy."""
        return True

    def _check_sms_rights(self, partner_ids, numbers, typed):
        """Ask for the right to text from the ticket first, and for the team's limit."""
        self._check_may_text()
        result = super()._check_sms_rights(partner_ids, numbers, typed)
        self._check_sms_team_limit()
        return result

    def _check_sms_team_limit(self):
        """Refuse more than the tickets' teams may send in a day.

        :raises UserError: if its people have sent as many as they may for now
        """
        for team_sudo, tickets in self.sudo().grouped("team_id").items():
            limit = team_sudo.sms_daily_limit
            if limit and team_sudo._count_texts_lately() + len(tickets) > limit:
                raise UserError(
                    self.env._(
                        "The team %(team)s has sent the %(limit)s texts that it may "
                        "send in 24 hours. Call instead, try again later, or ask a "
                        "helpdesk manager to raise the team's limit.",
                        team=team_sudo.name,
                        limit=limit,
                    )
                )


class HelpdeskTicketTeam(models.Model):
    """A team may send so many texts in a day."""

    _inherit = "helpdesk.ticket.team"

    sms_daily_limit = fields.Integer(
        "Texts in 24 Hours",
        help="What people write from the team's tickets. Automatic texts do not count. "
        "0: no limit.",
    )

    def _count_texts_lately(self):
        """Return how many texts people have sent from the team's tickets lately."""
        self.ensure_one()
        for name in ("sms.sms", "mail.message", "helpdesk.ticket"):
            self.env[name].flush_model()
        query = SQL(
            """
            SELECT count(*)
              FROM sms_sms AS sms
              JOIN mail_message AS message ON message.id = sms.mail_message_id
              JOIN helpdesk_ticket AS ticket ON ticket.id = message.res_id
              JOIN res_users AS author ON author.id = sms.create_uid
             WHERE message.model = 'helpdesk.ticket' AND ticket.team_id = %s
               AND sms.create_uid <> %s AND author.share IS NOT TRUE
               AND sms.create_date > %s
               AND sms.gate_verdict <> %s
            """,
            self.id,
            SUPERUSER_ID,
            fields.Datetime.now() - LIMIT_TIME,
            verdicts.BLOCK,
        )
        [[count]] = self.env.execute_query(query)
        return count
