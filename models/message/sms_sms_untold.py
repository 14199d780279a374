# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import TICKET_MODEL, verdicts
from .sms_sms_timing import APPOINTMENT_MODEL

#: What was not told is looked after for so long; then it is history.
UNTOLD_TIME = timedelta(days=7)
#: Blocked for these, nobody needs to be told.
NEEDLESS = (*verdicts.CALLED_OFF, verdicts.MUTED, verdicts.ERASED)


class SmsSms(models.Model):
    """Finds who was never told of what their last text says."""

    _inherit = "sms.sms"

    told_at = fields.Datetime(
        "Told Otherwise On",
        readonly=True,
        copy=False,
        help="When somebody noted that the person knows it: by phone, or at the desk.",
    )
    told_by_id = fields.Many2one(
        "res.users", "Told Otherwise By", readonly=True, copy=False
    )
    is_untold = fields.Boolean(
        "Never Told",
        compute="_compute_is_untold",
        search="_search_is_untold",
        help="The last text about a ticket, an appointment or an outage did not reach "
        "its reader, and nothing has reached them since.",
    )

    def action_mark_told(self):
        """Note that the people know it otherwise: by phone, e-mail or at the desk."""
        self.check_access("read")
        return self._note_told()

    def _note_told(self):
        for sms in self:
            sms._check_may_act()
        untold_sudo = self.sudo().filtered(
            lambda sms: sms._get_stop_reason() and not sms.told_at
        )
        untold_sudo.write(
            {"told_at": fields.Datetime.now(), "told_by_id": self.env.uid}
        )
        return True

    def _compute_is_untold(self):
        found = self.search(
            Domain("id", "in", self.ids) & Domain("is_untold", "=", True)
        )
        for sms in self:
            sms.is_untold = sms in found

    @api.model
    def _search_is_untold(self, operator, value):
        if operator != "in":
            return NotImplemented
        for name in ("sms.sms", "mail.message", "mail.notification"):
            self.env[name].flush_model()
        queries = SQL(" UNION ALL ").join(self._get_untold_queries())
        found = Domain.custom(
            to_sql=lambda _model, alias, _query: SQL(
                "%s IN (%s)", SQL.identifier(alias, "id"), queries
            )
        )
        return found if True in value else ~found

    @api.model
    def _get_untold_queries(self):
        """Return the queries for the ids of texts that tell what nobody knows.

        Each is the last about a record, and nothing about that has reached its reader
        since: no text, no e-mail, no call that was noted. Rooms add to it.

        ``OFFSET 0`` keeps each look-up to the few rows in question: the planner would
        else read all of the chatter.
        """
        return [
            SQL(
                """
                SELECT sms.id
                  FROM sms_sms sms
                  JOIN mail_message post ON post.id = sms.mail_message_id
                 WHERE %(failed)s AND post.model = ANY(%(models)s)
                   AND NOT EXISTS (
                       SELECT FROM mail_message later_post
                         JOIN sms_sms later ON later.mail_message_id = later_post.id
                        WHERE later_post.model = post.model
                          AND later_post.res_id = post.res_id
                          AND later.id > sms.id
                          AND (later.state != 'canceled'
                               OR later.gate_verdict = 'block')
                          AND (post.model = %(ticket)s
                               OR later.partner_id IS NOT DISTINCT FROM sms.partner_id)
                       OFFSET 0)
                   AND NOT EXISTS (
                       SELECT FROM mail_message answer
                        WHERE answer.model = post.model AND answer.res_id = post.res_id
                          AND answer.date >= date_trunc('second', sms.create_date)
                          AND (%(call)s OR %(mail)s)
                       OFFSET 0)
                   AND %(conditions)s
                """,
                failed=self._get_untold_condition(),
                models=[TICKET_MODEL, APPOINTMENT_MODEL],
                ticket=TICKET_MODEL,
                call=SQL(
                    """answer.mail_activity_type_id IN (
                        SELECT id FROM mail_activity_type WHERE category = 'phonecall'
                    )"""
                ),
                mail=SQL(
                    """EXISTS (
                        SELECT FROM mail_notification mail
                         WHERE mail.mail_message_id = answer.id
                           AND mail.notification_type = 'email'
                           AND mail.res_partner_id = sms.partner_id
                           AND mail.notification_status
                               IN ('ready', 'process', 'pending', 'sent')
                    )"""
                ),
                conditions=SQL(" AND ").join(self._get_untold_limits()),
            )
        ]

    @api.model
    def _get_untold_limits(self):
        """Return further conditions on ``sms`` and its ``post``. Rooms add to them."""
        return [SQL("TRUE")]

    @api.model
    def _get_untold_condition(self):
        """Return the condition that a text (``sms``) has not arrived lately."""
        return SQL(
            """(
                sms.create_date >= %(since)s
                AND (sms.state = 'error'
                     OR (sms.state = 'canceled' AND sms.gate_verdict = 'block'))
                AND sms.told_at IS NULL AND sms.exemption IS NULL
                AND sms.sent_again_id IS NULL AND sms.body IS NOT NULL
                AND sms.failure_type IS DISTINCT FROM 'sms_duplicate'
                AND COALESCE(sms.gate_reason, '') != ALL(%(needless)s)
            )""",
            since=fields.Datetime.now() - UNTOLD_TIME,
            needless=list(NEEDLESS),
        )
