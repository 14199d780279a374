# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import TICKET_MODEL, verdicts
from ..core.sql_settings import group_in_memory
from ..ledger.sms_purpose import INTERNAL
from .sms_sms import RECORDED
from .sms_sms_waiting import APPOINTMENT_MODEL

#: How long texts that did not reach people are followed up; then they are history.
UNTOLD_TIME = timedelta(days=7)
#: Condition: the gate refused the text. One that we have called off ourselves was not
#: refused.
REFUSED = SQL(
    "(sms.gate_verdict IS NOT DISTINCT FROM 'block'"
    " AND COALESCE(sms.gate_reason, '') != ALL(%s))",
    list(verdicts.CALLED_OFF),
)
#: Condition: the carrier or the gate refused the text, and nobody was erased.
FAILED = SQL(
    "(sms.body IS NOT NULL"
    " AND (sms.state = 'error' OR (sms.state = 'canceled' AND %s)))",
    REFUSED,
)
#: Condition: nobody has called the text off. Others say nothing about whom it reached.
MEANT = SQL("(sms.state != 'canceled' OR %s)", REFUSED)
#: Reasons of blocked texts that nobody needs to be told of.
NEEDLESS = (*verdicts.CALLED_OFF, verdicts.MUTED)


class SmsSms(models.Model):
    """Finds people who were never told what their last text says."""

    _inherit = "sms.sms"

    told_at = fields.Datetime(
        "Told Otherwise On",
        **RECORDED,
        help="When someone noted that the person was told another way: by phone, or "
        "at the desk.",
    )
    told_by_id = fields.Many2one("res.users", "Told Otherwise By", **RECORDED)
    is_untold = fields.Boolean(
        "Never Told",
        compute="_compute_is_untold",
        search="_search_is_untold",
        help="The last text about a ticket, an appointment or an outage did not reach "
        "its reader, and nothing has reached them since.",
    )

    def action_mark_told(self):
        """Note that people were told another way: by phone, email or at the desk."""
        self.check_access("read")
        return self._note_told()

    def _note_told(self):
        for sms in self:
            sms._check_may_act()
        untold_sudo = self.sudo().filtered(
            lambda sms: sms._get_stop_reason() and not sms.told_at
        )
        untold_sudo.told_at = fields.Datetime.now()
        untold_sudo.told_by_id = self.env.user
        return True

    def _compute_is_untold(self):
        found = self._filter_untold()
        for sms in self:
            sms.is_untold = sms in found

    @api.model
    def _search_is_untold(self, operator, value):
        if operator != "in":
            return NotImplemented
        found = Domain("id", "in", self.browse()._find_untold_ids())
        return found if True in value else ~found

    def _filter_untold(self):
        """Return the failed texts whose recipients were not told another way either."""
        stopped = self.filtered(lambda sms: sms.id and sms._get_stop_reason())
        if not stopped:
            return stopped
        found = set(stopped._find_untold_ids())
        return stopped.filtered(lambda sms: sms.id in found)

    def _find_untold_ids(self):
        """Return the ids of texts whose recipients were never told.

        :param self: texts whose records the query is limited to; empty: no limit
        """
        for name in ("sms.sms", "mail.message", "mail.notification"):
            self.env[name].flush_model()
        queries = [self._query_untold(), *self._query_untold_more()]
        with group_in_memory(self.env.cr):
            rows = self.env.execute_query(SQL(" UNION ALL ").join(queries))
        return [sms_id for (sms_id,) in rows]

    def _query_untold_more(self):
        """Return further such queries. Rooms add to them."""
        return []

    def _query_untold(self):
        """Query the last text about each record, if it has not reached its recipient.

        Nor has anything since: no email to them, no call that was logged. ``OFFSET 0``
        limits that lookup to the few rows in question, and the query for all to recent
        texts and their posts: otherwise the planner would read the whole chatter.
        """
        posts_sudo = self.sudo().mail_message_id
        about, fence = SQL("TRUE"), SQL("OFFSET 0")
        if self:
            about = SQL("post.res_id = ANY(%s)", posts_sudo.mapped("res_id"))
            fence = SQL("")
        query = """
            SELECT sms.id
              FROM (
                  SELECT DISTINCT ON (post.model, post.res_id, reader_id)
                         sms.id, post.model, post.res_id,
                         CASE WHEN post.model = %(ticket)s
                               AND purpose_id IS DISTINCT FROM %(internal)s THEN 0
                              ELSE COALESCE(sms.partner_id, 0) END AS reader_id
                    FROM (SELECT id, partner_id, mail_message_id, purpose_id
                            FROM sms_sms sms
                           WHERE create_date >= %(since)s AND exemption IS NULL
                             AND %(meant)s AND mail_message_id IS NOT NULL
                          %(fence)s) sms
                    JOIN LATERAL (SELECT model, res_id FROM mail_message
                                   WHERE id = sms.mail_message_id %(fence)s) post
                         ON TRUE
                   WHERE post.model = ANY(%(models)s) AND %(about)s
                ORDER BY post.model, post.res_id, reader_id, sms.id DESC
              ) post
              JOIN sms_sms sms ON sms.id = post.id
             WHERE sms.create_date >= %(since)s AND %(failed)s AND %(limits)s
               AND NOT EXISTS (
                   SELECT FROM mail_message answer
                    WHERE answer.model = post.model AND answer.res_id = post.res_id
                      AND answer.date >= date_trunc('second', sms.create_date)
                      AND (answer.mail_activity_type_id IN (
                               SELECT id FROM mail_activity_type
                                WHERE category = 'phonecall')
                           OR EXISTS (
                               SELECT FROM mail_notification mail
                                WHERE mail.mail_message_id = answer.id
                                  AND mail.notification_type = 'email'
                                  AND mail.res_partner_id = sms.partner_id
                                  AND mail.notification_status
                                      IN ('ready', 'process', 'pending', 'sent')))
                   OFFSET 0)
        """
        return SQL(
            query,
            ticket=TICKET_MODEL,
            internal=self.env["sms.purpose"]._get(INTERNAL).id,
            models=[TICKET_MODEL, APPOINTMENT_MODEL],
            since=self._get_untold_since(),
            about=about,
            fence=fence,
            meant=MEANT,
            failed=self._get_untold_condition(),
            limits=SQL(" AND ").join(self._get_untold_limits()),
        )

    @api.model
    def _get_untold_limits(self):
        """Return further conditions of the query. Rooms add to them.

        They are on ``sms``, and on ``post.model`` and ``post.res_id`` of its record.
        """
        return [SQL("TRUE")]

    @api.model
    def _get_untold_since(self):
        return fields.Datetime.now() - UNTOLD_TIME

    @api.model
    def _get_untold_condition(self):
        """Return the condition that a text (``sms``) was missed by its recipient."""
        condition = """(
            %s AND sms.told_at IS NULL AND sms.sent_again_id IS NULL
            AND sms.failure_type IS DISTINCT FROM 'sms_duplicate'
            AND COALESCE(sms.gate_reason, '') != ALL(%s)
        )"""
        return SQL(condition, FAILED, list(NEEDLESS))
