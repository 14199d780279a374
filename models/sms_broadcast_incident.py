# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..tools.verdicts import HAVE_GOT, HAVE_OR_WILL
from .sms_broadcast import PAUSED, RUNNING
from .sms_broadcast_recipient import DUPLICATE, MUTED, NEW
from .sms_incident import RESOLVED

OPENING, UPDATE = "opening", "update"


class SmsBroadcast(models.Model):
    """A broadcast may be about an incident: its beginning, news of it, its end.

    News and the end go to who was told before, and to nobody else.
    """

    _inherit = "sms.broadcast"

    incident_id = fields.Many2one("sms.incident", index="btree_not_null")
    kind = fields.Selection(
        [
            (OPENING, "The beginning"),
            (UPDATE, "News, to who was told"),
            (RESOLVED, "The end, to who was told"),
        ],
        "What It Tells",
        required=True,
        default=OPENING,
    )

    @api.constrains("kind", "incident_id", "company_id")
    def _check_incident(self):
        """Refuse news of nothing, and texts about another company's incident."""
        for broadcast in self:
            incident_sudo = broadcast.incident_id.sudo()
            if broadcast._is_follow_up() and not incident_sudo:
                raise ValidationError(
                    self.env._("Choose the incident of which this tells.")
                )
            if incident_sudo and incident_sudo.company_id != broadcast.company_id:
                raise ValidationError(self.env._("The incident is another company's."))

    def _is_follow_up(self):
        """Tell if it goes to who was told before."""
        return self.kind != OPENING

    def _is_overtaken(self):
        """Tell if the incident has ended since this was begun, or its end was told."""
        self.ensure_one()
        ended_at = self.incident_id.resolved_at
        return bool(ended_at and ended_at >= self.started_at) or any(
            other.kind == RESOLVED
            and other.started_at
            and other.started_at >= self.started_at
            and other.state != "cancelled"
            for other in self.incident_id.broadcast_ids - self
        )

    # ------------------------------------------------------------------
    # Whom
    # ------------------------------------------------------------------

    def _check_told(self):
        """Refuse news while nobody was told yet, or not everybody.

        :raises UserError: then
        """
        others = self.incident_id.broadcast_ids - self
        if not any(others.mapped("started_at")):
            raise UserError(
                self.env._("Nobody was told of the incident yet: announce it first.")
            )
        if busy := others.filtered(lambda it: it.state in (*RUNNING, PAUSED)):
            raise UserError(
                self.env._(
                    "“%s” is not finished: let it end, or cancel it, first.",
                    busy[0].name,
                )
            )

    def _select_told(self):
        """Note whom earlier texts about the incident have reached.

        By the number that was told, whatever the contact's is now. Who still waits for
        an earlier text gets news in its place, and need not hear of the end.
        """
        states = HAVE_GOT if self.kind == RESOLVED else HAVE_OR_WILL
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO sms_broadcast_recipient
                       (broadcast_id, partner_id, area_id, number, lang, outcome)
                SELECT DISTINCT ON (told.number) %(broadcast)s, told.partner_id,
                       told.area_id, told.number,
                       COALESCE(partner.lang, told.lang), %(new)s
                  FROM sms_broadcast_recipient told
                  JOIN sms_broadcast before ON before.id = told.broadcast_id
                  JOIN sms_sms sms ON sms.id = told.sms_id
             LEFT JOIN res_partner partner ON partner.id = told.partner_id
                 WHERE before.incident_id = %(incident)s
                   AND before.id != %(broadcast)s
                   AND told.number IS NOT NULL
                   AND sms.state = ANY(%(states)s)
              ORDER BY told.number, told.id
                    ON CONFLICT (broadcast_id, partner_id) DO NOTHING
                """,
                broadcast=self.id,
                new=NEW,
                incident=self.incident_id.id,
                states=list(states),
            )
        )

    def _get_muting(self):
        """Return the statement that marks who has muted the incident."""
        return SQL(
            """
            UPDATE sms_broadcast_recipient own
               SET outcome = %s
             WHERE own.broadcast_id = %s AND own.outcome IN (%s, %s)
               AND EXISTS (SELECT 1 FROM sms_incident_mute mute
                            WHERE mute.incident_id = %s AND mute.ended_at IS NULL
                              AND mute.number = own.number)
            """,
            MUTED,
            self.id,
            NEW,
            DUPLICATE,
            self.incident_id.id,
        )

    # ------------------------------------------------------------------
    # Queueing
    # ------------------------------------------------------------------

    def _leave_out_muted(self, recipients):
        """Return the recipients who have not muted the incident since."""
        if not self.incident_id or not recipients:
            return recipients
        muted = self.env["sms.incident.mute"]._get_muted(self.incident_id)
        silent = recipients.filtered(
            lambda it: (self.incident_id.id, it.number) in muted
        )
        silent.sudo().write({"outcome": MUTED})
        return recipients - silent

    def _replace_waiting(self, recipients):
        """Call off what still waits of earlier texts to people who get this one.

        What is about to leave is locked by who sends it, and leaves.
        """
        older = self.env.execute_query(
            SQL(
                """
                SELECT older.id, own.sms_id
                  FROM sms_sms older
                  JOIN sms_broadcast_recipient own ON own.number = older.number
                  JOIN sms_sms newer ON newer.id = own.sms_id
                 WHERE own.id = ANY(%s)
                   AND older.incident_id = %s AND older.state = 'outgoing'
                   AND older.broadcast_id IS NOT NULL AND older.broadcast_id != %s
                   AND newer.state = 'outgoing'
                   FOR NO KEY UPDATE OF older SKIP LOCKED
                """,
                recipients.ids,
                self.incident_id.id,
                self.id,
            )
        )
        replaced_sudo = self.env["sms.sms"].sudo()
        for older_id, newer_id in older:
            older_sudo = replaced_sudo.browse(older_id)
            older_sudo.replaced_by_id = newer_id
            replaced_sudo |= older_sudo
        replaced_sudo._update_sms_state_and_trackers("canceled", "sms_replaced")
