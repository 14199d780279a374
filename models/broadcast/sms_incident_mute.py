# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

from ..core.mixins import NUMBER_GROUPS
from .sms_incident import ENDED


class SmsIncidentMute(models.Model):
    """A number that wants no more texts about one incident, without opting out.

    Started by MUTE, undone by UNMUTE or by an agent at the person's request.
    """

    _name = "sms.incident.mute"
    _description = "Muted Incident"
    _inherit = ["sms.personal.data", "sms.masked.number"]
    _kept_since = "muted_at"
    _order = "id desc"
    _rec_name = "number"

    incident_id = fields.Many2one(
        "sms.incident", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="incident_id.company_id", store=True)
    number = fields.Char(
        readonly=True, groups=NUMBER_GROUPS, help="E.164; empty once it is erased."
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Contact",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    muted_at = fields.Datetime("Since", required=True, readonly=True)
    ended_at = fields.Datetime("Undone On", readonly=True)
    ended_by_id = fields.Many2one(
        "res.users",
        "Undone By",
        readonly=True,
        help="Empty: by the person, by text.",
    )

    _number_unique = models.UniqueIndex(
        "(incident_id, number) WHERE ended_at IS NULL AND number IS NOT NULL"
    )
    _number_index = models.Index("(company_id, number) WHERE ended_at IS NULL")

    @api.model
    def _get_muted(self, incidents):
        """Return pairs of incident id and a number that has muted it."""
        mutes_sudo = self.sudo().search_fetch(
            [
                ("incident_id", "in", incidents.ids),
                ("ended_at", "=", False),
                ("number", "!=", False),
            ],
            ["incident_id", "number"],
        )
        return {(mute.incident_id.id, mute.number) for mute in mutes_sudo}

    @api.model
    def _search_standing(self, incidents, number):
        return self.search(
            [
                ("incident_id", "in", incidents.ids),
                ("number", "=", number),
                ("ended_at", "=", False),
            ]
        )

    @api.model
    def _mute(self, incident, number, partner):
        """Mute an incident for a number, and have the gate cancel waiting texts."""
        self.sudo().create(
            {
                "incident_id": incident.id,
                "number": number,
                "partner_id": partner.id,
                "muted_at": fields.Datetime.now(),
            }
        )
        waiting_sudo = self.env["sms.sms"].sudo()
        waiting_sudo = waiting_sudo.search(
            [
                ("incident_id", "=", incident.id),
                ("number", "=", number),
                ("state", "=", "outgoing"),
                ("broadcast_id", "!=", False),
            ]
        )
        waiting_sudo._ask_gate()

    def action_unmute(self):
        """Undo it, at the person's request."""
        self.check_access("read")
        if not self.env.user.has_group("helpdesk_mgmt.group_helpdesk_user"):
            raise AccessError(self.env._("Only helpdesk users can undo this."))
        self.company_id._check_sms_user()
        self.sudo()._end(self.env.user)
        return True

    def _end(self, user=None):
        """Undo it, by a user or by the person's own text (None)."""
        self.filtered(lambda mute: not mute.ended_at).write(
            {"ended_at": fields.Datetime.now(), "ended_by_id": user and user.id}
        )

    @api.model
    def _get_overdue_domain(self, company, limits):
        """Keep those of incidents that go on: they must hold."""
        overdue = super()._get_overdue_domain(company, limits)
        return overdue & Domain("incident_id.state", "in", ENDED)

    def _forget(self):
        self.write({"number": False, "partner_id": False})
