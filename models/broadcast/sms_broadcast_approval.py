# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_list, formatLang

from .sms_broadcast import CHECKED, CHECKING, DRAFT, SHOWN, UNDER_WAY, WAITING

TODO = "mail.mail_activity_data_todo"
#: Most approvers that are named.
NAMED = 5


class SmsBroadcast(models.Model):
    """Asks a second person to approve or refuse a broadcast.

    Each manager of the company but its author has an activity until one of them
    decides, or until the broadcast is changed.
    """

    _inherit = "sms.broadcast"

    refused_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    refusal_reason = fields.Char(readonly=True, copy=False)
    may_approve = fields.Boolean(compute="_compute_approval")
    approval_note = fields.Char(compute="_compute_approval")
    refusal_note = fields.Char(compute="_compute_refusal_note")

    @api.depends("state", "needs_approval", "user_id", "company_id")
    @api.depends_context("uid", "lang")
    def _compute_approval(self):
        for broadcast in self:
            is_asked = broadcast.state == WAITING
            is_approver = is_asked and self.env.user in broadcast._get_approvers()
            broadcast.may_approve = is_approver
            is_to_be = broadcast.state == CHECKED and broadcast.needs_approval
            note = (is_asked or is_to_be) and broadcast._describe_approval()
            broadcast.approval_note = note

    @api.depends("refused_by_id", "refusal_reason")
    @api.depends_context("lang")
    def _compute_refusal_note(self):
        for broadcast in self:
            user, reason = broadcast.refused_by_id, broadcast.refusal_reason
            values = {"user": user.name, "reason": reason}
            note = self.env._("Not approved by %(user)s: %(reason)s", **values)
            broadcast.refusal_note = bool(user) and note

    def _get_approvers(self):
        return self.company_id._get_sms_managers() - self.user_id

    def _describe_approval(self):
        """Return why it needs a second person, and who that may be."""
        whom = self._describe_approvers()
        if not self.needs_approval:
            return whom
        why = self.env._(
            "It reaches %(people)s people. Above %(limit)s another manager must "
            "approve it.",
            people=formatLang(self.env, self._origin._count_told(), 0),
            limit=formatLang(self.env, self.company_id.sudo().sms_approve_from, 0),
        )
        return f"{why} {whom}"

    def _describe_approvers(self):
        if self.may_approve:
            return self.env._(
                "%s prepared it. Read it, then approve or refuse it.", self.user_id.name
            )
        approvers = self._get_approvers()
        if not approvers:
            return self.env._(
                "There is no other one in this company. Ask an administrator to add a "
                "helpdesk manager, or to raise the limit in the settings."
            )
        names = approvers[:NAMED].mapped("name")
        if len(approvers) > NAMED:
            names.append(self.env._("%s others", len(approvers) - NAMED))
        names = format_list(self.env, names, "or")
        if self.state == WAITING:
            return self.env._("It waits for %s.", names)
        return self.env._("%s can do so.", names)

    # === Asking ===

    def _on_state_changed(self, former):
        """Ask or dismiss approvers; post its news once the check has ended."""
        if former == CHECKING and self._tells_news():
            # Who gets it otherwise is not mailed by their ticket.
            self.env["ir.cron"]._wake_sms("ir_cron_sms_incident")
        if former == WAITING:
            self.activity_unlink([TODO])
        if self.state == WAITING:
            self._ask_approvers()
        elif self.state == DRAFT and self.approver_id:
            self.approver_id = False
        elif self.state == CHECKING and self.refused_by_id:
            self.write({"refused_by_id": False, "refusal_reason": False})

    def _ask_approvers(self):
        count = self._count_told()
        for user in self._get_approvers():
            it = self.with_context(lang=user.lang)
            people = formatLang(it.env, count, 0)
            words = it.env._("Approve or refuse: a text to %s people", people)
            it.activity_schedule(TODO, summary=words, user_id=user.id)

    def _before_news_changes(self):
        """Return it to its author if its words were shown, maybe approved, before.

        :raises UserError: while it is being sent, since all get the same words
        """
        for broadcast in self:
            broadcast._wait_for_row()
            if broadcast.state in UNDER_WAY:
                reason = self.env._(
                    "“%s” is being sent in these words. Publish further news "
                    "instead, or correct them once it is sent.",
                    broadcast.name,
                )
                raise UserError(reason)
            if broadcast.state in SHOWN:
                # They are notified even if they have changed the news themselves.
                own = broadcast.with_context(mail_notify_author_mention=True)
                own = own._in_words_of_author()
                own._give_back(own.env._("Its news was changed. Check it again."))

    def _return_outdated(self):
        """Return published news that was not sent yet to its author: its plan moved."""
        for broadcast in self.filtered(lambda it: it.state in SHOWN and it._get_news()):
            own = broadcast._in_words_of_author()
            words = own.env._("The maintenance was moved. Publish its new time.")
            own._give_back(words)

    # === Deciding ===

    def _take_to_decide(self):
        broadcast_sudo = self._take(WAITING)
        if broadcast_sudo.user_id == self.env.user:
            raise AccessError(
                self.env._("You prepared it, so another manager must approve it.")
            )
        return broadcast_sudo

    def action_approve(self):
        """Approve and send a colleague's checked broadcast."""
        self._take(WAITING)._check_time()
        broadcast_sudo = self._take_to_decide()
        broadcast_sudo._check_news()
        broadcast_sudo.approver_id = self.env.user
        broadcast_sudo._start()
        for_author = broadcast_sudo._in_words_of_author()
        when = for_author._describe_when()
        for_author._tell_author(for_author.env._("Approved. Send at: %s", when))
        return True

    def action_ask_why(self):
        """Open the form to refuse it."""
        self._take_to_decide()
        return self.env["sms.broadcast.refusal"]._get_records_action(
            name=self.env._("Refuse “%s”", self.name),
            target="new",
            context={"default_broadcast_id": self.id},
        )

    def action_refuse(self, reason):
        """Return it to its author, with what the author has to change."""
        broadcast_sudo = self._take_to_decide()
        reason = reason.strip() if isinstance(reason, str) else ""
        if not reason:
            raise UserError(self.env._("Enter why it is refused."))
        refused = {"refused_by_id": self.env.uid, "refusal_reason": reason}
        broadcast_sudo.write({"state": DRAFT, **refused})
        for_author = broadcast_sudo._in_words_of_author()
        for_author._tell_author(for_author.env._("Not approved: %s", reason))
        return True

    def _in_words_of_author(self):
        return self.with_context(lang=self.user_id.lang, tz=self.user_id.tz)
