# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ...tools import replies, reply_codes
from ..inbound.sms_question import OPEN
from ..ledger.sms_purpose import INTERNAL
from .sms_team_alert import RESOLVED
from .sms_team_alert_entry import UNKNOWN

TEAM_ALERT = "team_alert"
ALERT_MODEL = "sms.team.alert"
#: Most alerts that are named in a text.
NAMED = 10
#: An alert may stay open for long; resolving it shortens this to a few days.
LIFE = timedelta(days=365)


class SmsQuestion(models.Model):
    """The question for a team alert's codes, for each number that was alerted.

    It stays open when answered: one text acknowledges the alert, the next resolves it.
    It has priority over all other questions, since it is urgent.
    """

    _inherit = "sms.question"

    kind = fields.Selection(
        selection_add=[(TEAM_ALERT, "Team alert")], ondelete={TEAM_ALERT: "cascade"}
    )

    @api.model
    def _ask_team_alert(self, alert, messages):
        """Open a question for each number that was told of an alert, once.

        :param messages: ``sms.sms``; blocked ones are ignored, and of a text and a call
            to one number the text is linked
        """
        told = messages.filtered(lambda it: it.state != "canceled")
        first = {it.number: it for it in told.sorted("is_call", reverse=True)}
        asked = set(self._find_team_alert(alert).mapped("number"))
        expires_at = fields.Datetime.now() + LIFE
        self.sudo().create(
            [
                self._prepare(TEAM_ALERT, alert, message, expires_at)
                for number, message in first.items()
                if number not in asked
            ]
        )

    @api.model
    def _find_team_alert(self, alert):
        """Return the open questions about an alert, in sudo."""
        domain = Domain("res_model", "=", ALERT_MODEL) & Domain("res_id", "=", alert.id)
        return self.sudo().search(domain & Domain("state", "=", OPEN))

    def _get_alert(self):
        """Return the alerts that the questions are about, in sudo."""
        ids = [it.res_id for it in self if it.kind == TEAM_ALERT]
        return self.env[ALERT_MODEL].sudo().browse(ids).exists()

    # === Answers ===

    def _is_urgent(self):
        return super()._is_urgent() or bool(self._get_unresolved())

    def _may_answer(self, company):
        """Accept a code to a number of several companies for the alert of any."""
        return self.kind == TEAM_ALERT or super()._may_answer(company)

    @api.model
    def _take_unclaimed(self, inbound):
        return super()._take_unclaimed(inbound) or self._take_unknown_code(inbound)

    def _take_team_alert(self, inbound):
        """Act on a code of the alert; return whether the text is one.

        Words without a code ("on it") count if only one alert can be meant.
        """
        answer = replies.read_code(inbound.body)
        alert = self._get_alert()
        if not answer or not answer.action or not alert:
            return False
        if answer.code is None:
            if self._find_open(inbound)._get_meant(inbound) != alert:
                return False
        elif replies.get_block(answer.code) != alert.code_block:
            return False
        values = {"answered_at": inbound.received_at, "inbound_id": inbound.id}
        self.write({"answer": answer.action, **values})
        alert._answer(answer.action, self, inbound)
        return True

    def _get_meant(self, inbound):
        """Return the alerts that words without a code may mean: unresolved ones.

        None if a user has asked something since. If all are resolved, it is the newest,
        provided that our last text to them was about an alert: "got it" in reply to
        "Bo has resolved it" needs no ticket.
        """
        messages = self.env["sms.sms"]
        last_sudo = messages._get_last_said(inbound.company_id, inbound.number)
        users_sudo = self.env["sms.inbound.router"]._get_users_question(inbound)
        unresolved = self._get_unresolved()
        if unresolved and not (users_sudo and users_sudo == last_sudo):
            return unresolved
        if last_sudo.purpose_id.code != INTERNAL:
            return self.env[ALERT_MODEL]
        return self.filtered(lambda it: it.kind == TEAM_ALERT)[:1]._get_alert()

    def _get_unresolved(self):
        return self._get_alert().filtered(lambda it: it.state != RESOLVED)

    @api.model
    def _take_unknown_code(self, inbound):
        """Answer an unknown code while an alert is open; return whether it was one."""
        if not (answer := replies.read_code(inbound.body)):
            return False
        questions = self._find_open(inbound)
        is_meant = answer.code is not None or questions._get_meant(inbound)
        alerts = questions._get_unresolved()
        if not alerts or not is_meant:
            return False
        partner = questions.partner_id[:1]
        for alert in alerts:
            question = questions.filtered(lambda it, row=alert: it._get_alert() == row)
            facts = alert._get_facts(question[:1], inbound)
            alert._note(UNKNOWN, inbound.received_at, **facts)
        described = alerts.with_context(lang=partner.lang)
        choices = [it._describe_codes() for it in described[:NAMED]]
        if left := described[NAMED:]:
            choices.append(left.env._("And %s more", len(left)))
        fillers = {"choices": "\n".join(choices)}
        alerts._say_alert(inbound, reply_codes.ALERT_WHICH, partner, fillers)
        return True
