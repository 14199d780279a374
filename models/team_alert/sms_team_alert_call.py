# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from dataclasses import replace

from odoo import api, fields, models
from odoo.fields import Domain

from ...providers.voice import KEYS, TAKE, Spoken
from ...tools import escalation
from . import sms_team_alert_entry as entries
from .sms_team_alert import OPEN, RESOLVED
from .sms_team_alert_escalation import CALL_LIFE

#: Entries of what a key has done, and all that say what came of a call.
ANSWERS = {entries.TAKEN, entries.ESCALATED, entries.LATE}
ENDS = ANSWERS | {entries.MISSED}
#: How a call is shown that was never placed, or not in time.
NEVER_PLACED = ("blocked", "expired")


class SmsTeamAlert(models.Model):
    """Calls of an alert: whom they may go to, what is said in them, and what follows.

    1 takes the alert, 2 passes it on. A call that nobody takes (busy, voicemail, no
    key) is noted, and the next step of the plan does not wait.
    """

    _inherit = "sms.team.alert"

    # === Whom ===

    def _choose_ways(self, chosen, now):
        """Return ``{user: ways}``, of people and how a step would reach them.

        That somebody is texted who should have been called is noted.
        """
        self.ensure_one()
        obstacle = self.company_id._explain_sms_no_calls()
        texts = self._get_told().filtered(lambda it: not it.sms_id.is_call)
        texted = texts.filtered(
            lambda it: it.sms_id.state not in entries.FAILED_STATES
        ).user_id
        ways_of, is_replaced = {}, False
        for user, how in chosen.items():
            is_hour = self.plan_id.is_urgent or user._takes_sms_calls(now)
            may_call, order = is_hour and not obstacle, user.sms_alert_order
            ways_of[user] = escalation.choose_ways(how, order, may_call, user in texted)
            is_replaced |= not may_call and escalation.wants_call(how, order)
        if is_replaced:
            reason = obstacle or self.env._("It is outside the hours of their calls.")
            self._message_log(
                body=self.env._("Texted instead of called. %s", reason),
            )
        return ways_of

    def _prepare_call(self, partner, number):
        return {
            **self._prepare_text(partner, number, self._render_call(partner.lang)),
            "is_call": True,
            "expires_at": fields.Datetime.now() + CALL_LIFE,
        }

    # === What is said ===

    def _render_call(self, lang):
        """Return what is said to somebody who is called, in a language."""
        plan = self._speak(lang).plan_id
        return plan._fill_in_call(self.name, self.team_id, self.company_id)

    def _speak(self, lang):
        """Return the alert as it is spoken of in a language, which may be empty."""
        return self.with_context(lang=lang or self.company_id.partner_id.lang)

    def _say(self, entry, words):
        partner = entry.partner_id
        return Spoken(words, partner.lang or self.company_id.partner_id.lang or "")

    def _greet(self, entry):
        """Return what is said to who has answered; they may be too late."""
        return self._say_late(entry) if self.state != OPEN else self._ask(entry)

    def _ask(self, entry):
        words = self._render_call(entry.partner_id.lang)
        return replace(self._say(entry, words), asks=True)

    def _say_late(self, entry):
        alert = self._speak(entry.partner_id.lang)
        fillers = alert._get_fillers(entry.partner_id)
        if self.state == RESOLVED:
            words = alert.env._(
                "%(name)s has resolved the alert already, %(time)s. There is nothing "
                "to do. Goodbye.",
                **fillers,
            )
        else:
            words = alert.env._(
                "%(name)s has taken the alert already, %(time)s. There is nothing to "
                "do. Goodbye.",
                **fillers,
            )
        return self._say(entry, words)

    def _take_key(self, entry, key, is_last):
        """Do what a key of a call means, once, and return what is said.

        A key that is pressed twice, or brought twice by the carrier, is answered again
        and does nothing.

        :param entry: the line of the timeline that the call is
        :param bool is_last: a wrong key ends the call
        """
        spoken_env = self._speak(entry.partner_id.lang).env
        of_call = self.entry_ids.filtered(lambda it: it.sms_id == entry.sms_id)
        done = set(of_call.mapped("kind"))
        if key in KEYS and not done & ANSWERS:
            done = {self._act_by_key(entry, key)}
        if entries.TAKEN in done:
            words = spoken_env._(
                "Thank you. The alert is yours, and nobody else is told. Goodbye."
            )
        elif entries.ESCALATED in done:
            words = spoken_env._("The alert is passed on to the next person. Goodbye.")
        elif entries.LATE in done or self.state != OPEN:
            return self._say_late(entry)
        elif is_last:
            words = spoken_env._(
                "No key was understood, and the alert is still open. Goodbye."
            )
        else:
            asked = self._ask(entry)
            hint = spoken_env._("Please press 1 or 2.")
            return replace(asked, words=f"{hint} {asked.words}")
        return self._say(entry, words)

    def _act_by_key(self, entry, key):
        """Take the alert or pass it on, and note it; return the kind of the note."""
        now = fields.Datetime.now()
        facts = {
            "user_id": entry.user_id.id,
            "partner_id": entry.partner_id.id,
            "number": entry.number,
            "sms_id": entry.sms_id.id,
        }
        if self.state != OPEN:
            self._note(entries.LATE, now, **facts)
            return entries.LATE
        if key == TAKE:
            self._acknowledge(now, facts)
            return entries.TAKEN
        self._pass_on(now, facts)
        return entries.ESCALATED

    # === Calls that nobody took ===

    @api.model
    def _find_with_missed_calls(self, domain):
        """Return those of some alerts with a call that is over, and not noted yet."""
        calls = Domain("alert_id", "any", domain) & Domain("kind", "=", entries.TOLD)
        calls &= Domain("sms_id.is_call", "=", True)
        found = self.env["sms.team.alert.entry"].search(calls).alert_id
        return found.filtered(lambda it: it._find_missed_calls())

    def _get_running_calls(self):
        """Return the entries of calls of which it is not known what came of them."""
        ended = self.entry_ids.filtered(lambda it: it.kind in ENDS).sms_id
        calls = self._get_told().filtered("sms_id.is_call")
        return calls.filtered(lambda it: it.sms_id not in ended)

    def _find_missed_calls(self):
        return self._get_running_calls().filtered(
            lambda it: it.sms_id.call_ended_at or it.sms_id.shown_state in NEVER_PLACED
        )

    def _find_open_calls(self):
        return self._get_running_calls() - self._find_missed_calls()

    def _note_missed_calls(self, now):
        """Note the calls that are over and that nobody took; return their entries."""
        missed = self._find_missed_calls()
        for entry in missed:
            self._note(
                entries.MISSED,
                now,
                user_id=entry.user_id.id,
                partner_id=entry.partner_id.id,
                number=entry.number,
                sms_id=entry.sms_id.id,
            )
        return missed
