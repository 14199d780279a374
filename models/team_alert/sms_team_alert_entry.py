# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain

TOLD, TAKEN, RESOLVED, ESCALATED = ("told", "acknowledged", "resolved", "escalated")
LATE, UNKNOWN, NOBODY, MISSED = ("late", "unknown", "nobody", "missed")
#: States of messages that did not reach their recipient.
FAILED_STATES = ("error", "canceled")


class SmsTeamAlertEntry(models.Model):
    """An entry of a team alert's timeline: a person who was told, or an answer.

    Its message says whether by text or by call. If the text was not delivered, or the
    call never placed, the entry asks for a call by hand.
    """

    _name = "sms.team.alert.entry"
    _description = "Timeline of a Team Alert"
    _inherit = ["sms.personal.data", "sms.masked.number", "sms.own.defaults"]
    _kept_since = "at"
    _order = "at, id"
    _rec_name = "kind"

    alert_id = fields.Many2one(
        "sms.team.alert", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="alert_id.company_id", store=True)
    at = fields.Datetime("When", required=True, readonly=True)
    kind = fields.Selection(
        [
            (TOLD, "Notified"),
            (TAKEN, "Acknowledged"),
            (RESOLVED, "Resolved"),
            (ESCALATED, "Escalated"),
            (LATE, "Late answer"),
            (UNKNOWN, "Unclear answer"),
            (NOBODY, "Nobody could be notified"),
            (MISSED, "Call not taken"),
        ],
        "What",
        required=True,
        readonly=True,
    )
    due_at = fields.Datetime(
        "Due", readonly=True, help="When the plan scheduled it. Empty for answers."
    )
    user_id = fields.Many2one("res.users", "Who", readonly=True)
    partner_id = fields.Many2one(
        "res.partner", "Contact", readonly=True, index="btree_not_null"
    )
    number = fields.Char(readonly=True, help="E.164; empty once it is erased.")
    sms_id = fields.Many2one(
        "sms.sms", "Message", readonly=True, index="btree_not_null"
    )
    inbound_id = fields.Many2one(
        "sms.inbound", "Answer", readonly=True, index="btree_not_null"
    )
    sms_label = fields.Char("Outcome", compute="_compute_sms_label", compute_sudo=True)
    needs_call = fields.Boolean(
        "To Call",
        compute="_compute_needs_call",
        compute_sudo=True,
        search="_search_needs_call",
        help="The text was not delivered, or the call not placed, and nobody has "
        "acknowledged the alert: call them.",
    )
    called_at = fields.Datetime("Called", readonly=True)
    called_by_id = fields.Many2one("res.users", readonly=True)

    _number_index = models.Index("(company_id, number) WHERE number IS NOT NULL")

    @api.depends("sms_id.shown_label", "sms_id.shown_reason", "called_at")
    def _compute_sms_label(self):
        """Show the outcome of the message, and of a call made by hand."""
        for entry in self:
            sms = entry.sms_id
            label = " · ".join(filter(None, (sms.shown_label, sms.shown_reason)))
            if sms.is_call:
                label = self.env._("Call: %s", label)
            if entry.called_at:
                by = entry.called_by_id.name or ""
                label = self.env._("%(text)s. Called by %(name)s", text=label, name=by)
            entry.sms_label = label

    @api.depends("kind", "sms_id.state", "called_at", "alert_id.state")
    def _compute_needs_call(self):
        failed = self.filtered_domain(self._get_call_domain())
        for entry in self:
            entry.needs_call = entry in failed

    @api.model
    def _get_call_domain(self):
        is_unplaced = Domain("sms_id.is_call", "=", False)
        is_unplaced |= Domain("sms_id.sent_at", "=", False)
        return (
            Domain("kind", "=", TOLD)
            & Domain("alert_id.state", "=", "open")
            & Domain("called_at", "=", False)
            & Domain("sms_id.state", "in", FAILED_STATES)
            & is_unplaced
        )

    @api.model
    def _search_needs_call(self, operator, value):
        if operator != "in":
            return NotImplemented
        # In sudo: who is on call may not read all texts.
        wanted = Domain("id", "in", self.sudo()._search(self._get_call_domain()))
        return wanted if True in value else ~wanted

    def action_called(self):
        """Record that the user has called them by hand, whichever message failed.

        :raises AccessError: if the user may not act on the alert
        """
        self.check_access("read")
        self.alert_id._check_may_act()
        now, people = fields.Datetime.now(), self.user_id
        failed = self.alert_id.call_ids.filtered(lambda it: it.user_id in people)
        (self | failed).sudo().write({"called_at": now, "called_by_id": self.env.uid})
        return True

    def _get_call_facts(self):
        """Return who was told by what, as values of an entry of what followed."""
        return {
            "user_id": self.user_id.id,
            "partner_id": self.partner_id.id,
            "number": self.number,
            "sms_id": self.sms_id.id,
        }

    def _find_later_answer(self, answers):
        """Return the answers that the person gave since, or by which it was taken."""
        later = answers.filtered(lambda it: it.id > self.id)
        return later.filtered(lambda it: it.kind == TAKEN or it.user_id == self.user_id)

    def _forget(self):
        """Erase the number and whose it was; that somebody was told stays."""
        self.write({"number": False, "partner_id": False, "user_id": False})
