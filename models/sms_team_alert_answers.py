# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.exceptions import AccessError

from ..tools import replies, reply_codes
from ..tools.phone import E164
from . import sms_team_alert_entry as entries
from .sms_team_alert import ACKNOWLEDGED, OPEN, RESOLVED

#: What is said to who has done something.
DONE = {
    replies.ACKNOWLEDGE: reply_codes.ALERT_ACKNOWLEDGED,
    replies.RESOLVE: reply_codes.ALERT_RESOLVED,
    replies.ESCALATE: reply_codes.ALERT_ESCALATED,
}


class SmsTeamAlert(models.Model):
    """What somebody does about an alert, by text or by a button: take it, pass it on.

    Two who take it at once: the second transaction starts over, and finds it taken.
    """

    _inherit = "sms.team.alert"

    # ------------------------------------------------------------------
    # By text
    # ------------------------------------------------------------------

    def _answer(self, action, question, inbound):
        """Do what the code of a text says, and answer it.

        :param str action: one of :data:`tools.replies.ACTIONS`
        :param question: ``sms.question`` of the number about this alert
        :param inbound: ``sms.inbound``
        """
        facts = self._get_facts(question, inbound)
        if self._act(action, inbound.received_at, facts):
            code = DONE[action]
        else:
            self._note(entries.LATE, inbound.received_at, **facts)
            code = reply_codes.ALERT_LATE
        self._reply(code, inbound, question.partner_id)

    def _get_facts(self, question, inbound):
        """Return who answers by a text, as fields of ``sms.team.alert.entry``."""
        self.ensure_one()
        told = self.entry_ids.filtered(
            lambda it: it.kind == entries.TOLD and it.number == question.number
        )
        return {
            "user_id": told.user_id[:1].id,
            "partner_id": question.partner_id.id,
            "number": question.number,
            "inbound_id": inbound.id,
        }

    def _reply(self, code, inbound, partner):
        """Answer a text about this alert."""
        self.env["sms.inbound.router"]._say_alert(
            inbound, code, partner, self._get_fillers(partner)
        )

    def _get_fillers(self, partner):
        """Return what the answers' placeholders are filled with, for a reader."""
        self.ensure_one()
        is_over = self.state == RESOLVED
        who = self.resolved_by_id if is_over else self.acknowledged_by_id
        at = self.resolved_at if is_over else self.acknowledged_at
        zone = partner.tz or self.company_id.partner_id.tz
        return {
            # The wordings go on behind it, with a stop of their own.
            "alert": self.name.rstrip(" .!"),
            "name": who.sudo().name or self.env._("somebody"),
            "time": at and self.env["sms.sms"]._format_local(at, zone) or "",
            **self._get_codes(),
        }

    # ------------------------------------------------------------------
    # By a button
    # ------------------------------------------------------------------

    def action_acknowledge(self):
        """Take the alert: nobody else is told any more."""
        return self._press(replies.ACKNOWLEDGE)

    def action_resolve(self):
        """Say that the trouble is over."""
        return self._press(replies.RESOLVE)

    def action_escalate(self):
        """Pass the alert on: the next step is done at once."""
        return self._press(replies.ESCALATE)

    def action_refresh(self):
        """Wake what should have told the next by now; the client asks."""
        self.check_access("read")
        self.sudo()._wake_next()
        return True

    def _press(self, action):
        """Do what a button says."""
        self._check_may_act()
        user = self.env.user
        facts = {"user_id": user.id, "partner_id": user.partner_id.id}
        for alert in self.sudo():
            alert._act(action, fields.Datetime.now(), facts)
        return True

    def _check_may_act(self):
        """Refuse who may not read the alert, or only looks on.

        :raises AccessError: then, and for who does not work in its company now
        """
        self.check_access("read")
        self.company_id._check_user_works_here()
        if not self.env.user.has_group("helpdesk_mgmt.group_helpdesk_user_own"):
            raise AccessError(self.env._("Only helpdesk users act on team alerts."))

    # ------------------------------------------------------------------
    # Doing it
    # ------------------------------------------------------------------

    def _act(self, action, at, facts):
        """Take, resolve or pass on the alert; say if that could be done.

        :param datetime at: when it was said (UTC)
        :param dict facts: who said it, as fields of ``sms.team.alert.entry``
        """
        return {
            replies.ACKNOWLEDGE: self._acknowledge,
            replies.RESOLVE: self._resolve,
            replies.ESCALATE: self._pass_on,
        }[action](at, facts)

    def _acknowledge(self, at, facts):
        """Note who has taken it; say if nobody had."""
        if self.state != OPEN:
            return False
        self.write(
            {
                "state": ACKNOWLEDGED,
                "acknowledged_at": at,
                "acknowledged_by_id": facts["user_id"],
                "next_at": False,
            }
        )
        self._close_step(entries.TAKEN, reply_codes.ALERT_TAKEN_BY_OTHER, at, facts)
        return True

    def _resolve(self, at, facts):
        """Note that it is over; say if it was not before.

        Its codes are understood a while longer, and mean nothing else.
        """
        if self.state == RESOLVED:
            return False
        values = {"state": RESOLVED, "resolved_at": at, "next_at": False}
        values["resolved_by_id"] = facts["user_id"]
        if not self.acknowledged_at:
            values.update(acknowledged_at=at, acknowledged_by_id=facts["user_id"])
        self.write(values)
        self.env["sms.question"]._keep_team_alert(self, at + replies.KEPT)
        self._close_step(
            entries.RESOLVED, reply_codes.ALERT_RESOLVED_BY_OTHER, at, facts
        )
        return True

    def _pass_on(self, at, facts):
        """Give it back, and do the next step at once; say if it was not over yet."""
        if self.state == RESOLVED:
            return False
        self.write(
            {"state": OPEN, "acknowledged_at": False, "acknowledged_by_id": False}
        )
        self._note(entries.ESCALATED, at, **facts)
        self._hasten(fields.Datetime.now())
        return True

    def _close_step(self, kind, code, at, facts):
        """Note what was done, call off what waits, tell the others and the ticket."""
        self._note(kind, at, **facts)
        told = self.entry_ids.filtered(lambda it: it.kind == entries.TOLD)
        waiting = told.sms_id.filtered(lambda sms: sms.state == "outgoing")
        waiting.action_set_canceled()
        if self.plan_id.tell_others:
            self._tell_others(
                told - told.filtered(lambda it: it.sms_id in waiting), code, facts
            )
        words = dict(self._fields["state"]._description_selection(self.env))[self.state]
        user = self.env["res.users"].browse(facts["user_id"] or ())
        self._note_on_ticket(
            self.env._(
                "Team alert “%(alert)s”: %(state)s (%(name)s)",
                alert=self.name,
                state=words,
                name=user.name or self.env._("by text"),
            )
        )

    def _tell_others(self, told, code, facts):
        """Text those who were told, and not who has done it, that it is in hands.

        :param told: entries whose text has left
        """
        own_number = (
            facts.get("number")
            or self.env["res.users"]
            .browse(facts["user_id"] or ())
            .partner_id.phone_sanitized
        )
        values_of = {}
        for entry in told:
            is_other = (
                entry.user_id.id != facts["user_id"] and entry.number != own_number
            )
            if (
                is_other
                and entry.sms_id.state != "canceled"
                and E164.match(entry.number or "")
            ):
                partner = entry.partner_id
                body = self.env["sms.reply"]._render(
                    code, self.company_id, partner.lang, **self._get_fillers(partner)
                )
                values_of[entry.number] = self._prepare_text(
                    partner, entry.number, body
                )
        self.env["sms.sms"].create(list(values_of.values()))
