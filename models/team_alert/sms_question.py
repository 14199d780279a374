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
#: An alert may be open for long; the question ends some days after it.
LIFE = timedelta(days=365)


class SmsQuestion(models.Model):
    """A team alert's codes, for each number that was told of it.

    The question stays open when it is answered: one text takes the alert, the next one
    resolves it. It comes before all other questions, since it cannot wait.
    """

    _inherit = "sms.question"

    kind = fields.Selection(
        selection_add=[(TEAM_ALERT, "Team alert")], ondelete={TEAM_ALERT: "cascade"}
    )

    @api.model
    def _ask_team_alert(self, alert, messages):
        """Note which numbers were told of an alert, each once.

        :param messages: ``sms.sms``; one that the gate has blocked asks nobody, and of
            a text and a call to one number the text does
        """
        told = messages.filtered(lambda it: it.state != "canceled")
        first = {it.number: it for it in told.sorted("is_call", reverse=True)}
        asked = set(self._find_team_alert(alert).mapped("number"))
        self.sudo().create(
            [
                {
                    "company_id": alert.company_id.id,
                    "number": number,
                    "partner_id": message.partner_id.id,
                    "kind": TEAM_ALERT,
                    "res_model": ALERT_MODEL,
                    "res_id": alert.id,
                    "sms_id": message.id,
                    "expires_at": fields.Datetime.now() + LIFE,
                }
                for number, message in first.items()
                if number not in asked
            ]
        )

    @api.model
    def _keep_team_alert(self, alert, until):
        """Understand an alert's codes until a time (UTC)."""
        self._find_team_alert(alert).expires_at = until

    @api.model
    def _find_team_alert(self, alert):
        domain = Domain("res_model", "=", ALERT_MODEL) & Domain("res_id", "=", alert.id)
        return self.sudo().search(domain & Domain("state", "=", OPEN))

    def _get_alert(self):
        """Return the alert that a question is about, in sudo; empty for others."""
        ids = [it.res_id for it in self if it.kind == TEAM_ALERT]
        return self.env[ALERT_MODEL].sudo().browse(ids).exists()

    # === Answers ===

    def _is_urgent(self):
        return super()._is_urgent() or bool(self._get_unresolved())

    @api.model
    def _take_unclaimed(self, inbound):
        return super()._take_unclaimed(inbound) or self._take_unknown_code(inbound)

    def _take_team_alert(self, inbound):
        """Do what a code of the alert says; tell if the text is one.

        Words alone ("on it") count where one alert alone can be meant.
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
        self.write(
            {
                "answer": answer.action,
                "answered_at": inbound.received_at,
                "inbound_id": inbound.id,
            }
        )
        alert._answer(answer.action, self, inbound)
        return True

    def _get_meant(self, inbound):
        """Return the alerts that words alone may mean: those that are not over.

        Where all are over it is the newest, while our last text to them was about an
        alert: "got it" to "Bo has resolved it" is no ticket.
        """
        if unresolved := self._get_unresolved():
            return unresolved
        messages = self.env["sms.sms"]
        last_sudo = messages._get_last_said(inbound.company_id, inbound.number)
        if last_sudo.purpose_id.code != INTERNAL:
            return self.env[ALERT_MODEL]
        return self.filtered(lambda it: it.kind == TEAM_ALERT)[:1]._get_alert()

    def _get_unresolved(self):
        return self._get_alert().filtered(lambda it: it.state != RESOLVED)

    @api.model
    def _take_unknown_code(self, inbound):
        """Answer a code of no alert, while one is open; tell if the text is one."""
        if not replies.read_code(inbound.body):
            return False
        questions = self._find_open(inbound)
        alerts = questions._get_unresolved()
        if not alerts:
            return False
        partner = questions.partner_id[:1]
        for alert in alerts:
            question = questions.filtered(lambda it, row=alert: it._get_alert() == row)
            facts = alert._get_facts(question[:1], inbound)
            alert._note(UNKNOWN, inbound.received_at, **facts)
        described = alerts.with_context(lang=partner.lang)
        fillers = {"choices": "\n".join(it._describe_codes() for it in described)}
        alerts._say_alert(inbound, reply_codes.ALERT_WHICH, partner, fillers)
        return True
