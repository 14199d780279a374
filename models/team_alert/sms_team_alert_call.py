# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from dataclasses import replace

from odoo import api, fields, models
from odoo.fields import Domain

from ...providers.voice import KEYS, TAKE, Spoken
from ...tools import escalation
from ..core.moments import get_spoken_lang
from . import sms_team_alert_entry as entries
from .sms_team_alert import ACKNOWLEDGED, OPEN, RESOLVED
from .sms_team_alert_escalation import CALL_LIFE

#: Kinds of entries that a key causes, and all kinds that conclude a call.
ANSWERS = {entries.TAKEN, entries.ESCALATED, entries.LATE}
ENDS = ANSWERS | {entries.MISSED}
#: Most alerts that a call names; of further ones only the number.
SAID = 3
#: Shown states of calls that were never placed, or not in time.
NEVER_PLACED = ("blocked", "expired", "cancelled")


class SmsTeamAlert(models.Model):
    """Calls of an alert: whom they may go to, what they say, and what keys do.

    Key 1 takes the alert, key 2 passes it on. A call that nobody takes (busy,
    voicemail, no key) is noted, and the next step of the plan follows at once. Alerts
    that would call the same person at the same time share a call, and its keys apply to
    all of them.
    """

    _inherit = "sms.team.alert"

    # === Whom ===

    def _choose_ways(self, chosen, now):
        """Return ``{user: ways}``: the ways in which a step reaches each person.

        If somebody is texted instead of called, a note gives the reason.
        """
        obstacle = self.company_id._explain_sms_no_calls()
        texted = self._get_reached().filtered(lambda it: not it.sms_id.is_call).user_id
        ways_of, is_replaced = {}, False
        for user, how in chosen.items():
            is_hour = self.plan_id.is_urgent or user._takes_sms_calls(now)
            may_call, order = is_hour and not obstacle, user.sms_alert_order
            ways_of[user] = escalation.choose_ways(how, order, may_call, user in texted)
            is_replaced |= not may_call and escalation.wants_call(how, order)
        if is_replaced:
            reason = obstacle or self.env._("It is outside the hours of their calls.")
            self._message_log(body=self.env._("Texted instead of called. %s", reason))
        return ways_of

    def _prepare_call(self, partner, number):
        return {
            **self._prepare_text(partner, number, self._render_call(partner.lang)),
            "is_call": True,
            "expires_at": fields.Datetime.now() + CALL_LIFE,
        }

    def _join_call(self, number):
        """Add this alert to a waiting or ringing call to a number, if there is one.

        A phone should not ring for two alerts. The row is written, so that whoever
        answers at the same moment hears of this alert as well.

        :return: the ``sms.sms`` of the call, usually empty
        """
        messages = self.env["sms.sms"].sudo()
        call = number and messages._lock_unanswered_call(self.company_id, number)
        if not call:
            return messages
        alerts = call._get_alert_entries().alert_id
        alerts = alerts.filtered(lambda it: it.state == OPEN) | self
        body = alerts._render_call(call.partner_id.lang)
        call.write({"body": body, "expires_at": fields.Datetime.now() + CALL_LIFE})
        return call

    def _find_others_calls(self, messages):
        """Return the calls among messages that are also about other open alerts."""
        entries = messages.filtered("is_call")._get_alert_entries()
        others = entries.filtered(lambda it: it.alert_id != self)
        return others.filtered(lambda it: it.alert_id.state == OPEN).sms_id

    # === What is said ===

    def _render_call(self, lang):
        if len(self) == 1:
            plan = self._speak(lang).plan_id
            return plan._fill_in_call(self.name, self.team_id, self.company_id)
        spoken = self[:1]._speak(lang)
        named = [
            f"{alert.team_id.with_env(spoken.env).name}: {alert.name.rstrip(' .!')}"
            for alert in self[:SAID]
        ]
        if len(self) > SAID:
            named.append(spoken.env._("And %s more", len(self) - SAID))
        return spoken.env._(
            "This is %(company)s, with %(count)s urgent alerts. %(alerts)s. To take "
            "all of them, press 1. To pass all of them on to the next person, press 2.",
            company=spoken.company_id.sudo().name,
            count=len(self),
            alerts=". ".join(named),
        )

    def _speak(self, lang):
        """Return the alerts in a language; an empty one means the company's."""
        return self.with_context(lang=lang or self.company_id.partner_id.lang)

    def _say(self, entry, words):
        return Spoken(words, get_spoken_lang(self._speak(entry.partner_id.lang).env))

    def _greet(self, lines):
        """Return what is said when a call is answered; it may be too late."""
        is_late = all(alert.state != OPEN for alert in self)
        return self._say_late(lines) if is_late else self._ask(lines)

    def _ask(self, lines):
        alerts = self.filtered(lambda it: it.state == OPEN)
        words = alerts._render_call(lines[0].partner_id.lang)
        return replace(alerts[0]._say(lines[0], words), asks=True)

    def _say_late(self, lines):
        spoken = self._speak(lines[0].partner_id.lang)
        own = lines.filtered(lambda it: it.alert_id._is_held_by(it.user_id))
        if own or len(self) > 1:
            words = self._say_done(dict.fromkeys(own, entries.TAKEN), spoken.env)
            words = words or spoken.env._(
                "Somebody has these alerts already. There is nothing to do. Goodbye."
            )
        elif self.state == RESOLVED:
            words = spoken.env._(
                "%(name)s has resolved the alert already, %(time)s. There is nothing "
                "to do. Goodbye.",
                **spoken._get_fillers(lines.partner_id),
            )
        else:
            words = spoken.env._(
                "%(name)s has taken the alert already, %(time)s. There is nothing to "
                "do. Goodbye.",
                **spoken._get_fillers(lines.partner_id),
            )
        return self[0]._say(lines[0], words)

    def _take_key(self, lines, key, is_last):
        """Act on a key of a call, once, and return what is said.

        A key that is pressed twice, or delivered twice by the carrier, gets the same
        answer and does nothing.

        :param lines: timeline entries of the call, one per alert
        :param bool is_last: whether a wrong key ends the call
        """
        done = {line: line.alert_id._get_answer(line) for line in lines}
        if key in KEYS:
            for line in lines.filtered(lambda it: not done[it]):
                done[line] = line.alert_id._act_by_key(line, key)
        env = self._speak(lines[0].partner_id.lang).env
        words = self._say_done(done, env)
        is_late = entries.LATE in done.values()
        if not words and (is_late or all(alert.state != OPEN for alert in self)):
            return self._say_late(lines)
        if not words and is_last:
            words = env._(
                "No key was understood, and the alert is still open. Goodbye."
            )
        if words:
            return self[0]._say(lines[0], words)
        asked = self._ask(lines)
        return replace(asked, words=f"{env._('Please press 1 or 2.')} {asked.words}")

    def _get_answer(self, line):
        """Return the kind of the entry that a key caused in a call, or False."""
        own = self.entry_ids.filtered(lambda it: it.sms_id == line.sms_id)
        return own.filtered(lambda it: it.kind in ANSWERS)[:1].kind

    def _say_done(self, done, env):
        """Say what a key has done (kinds by timeline entry), or return ""."""
        names = defaultdict(list)
        for line, kind in done.items():
            names[kind].append(line.alert_id.name.rstrip(" .!"))
        if taken := ". ".join(names[entries.TAKEN]):
            if len(done) == 1:
                return env._(
                    "Thank you. The alert is yours, and nobody else is told. Goodbye."
                )
            return env._(
                "Thank you. These alerts are yours, and nobody else is told: %s. "
                "Goodbye.",
                taken,
            )
        if passed := ". ".join(names[entries.ESCALATED]):
            if len(done) == 1:
                return env._("The alert is passed on to the next person. Goodbye.")
            return env._("Passed on to the next person: %s. Goodbye.", passed)
        return ""

    def _act_by_key(self, entry, key):
        """Take the alert or pass it on; return the kind of the resulting entry."""
        now, facts = fields.Datetime.now(), entry._get_call_facts()
        if self.state != OPEN and not self._is_held_by(entry.user_id):
            self._note(entries.LATE, now, **facts)
            return entries.LATE
        if key == TAKE:
            self._acknowledge(now, facts)
            return entries.TAKEN
        self._pass_on(now, facts)
        return entries.ESCALATED

    def _is_held_by(self, user):
        return self.state == ACKNOWLEDGED and self.acknowledged_by_id == user

    # === Calls that nobody took ===

    @api.model
    def _find_with_missed_calls(self, domain):
        """Return the alerts of a domain with a missed call that is not noted yet."""
        calls = Domain("alert_id", "any", domain) & Domain("kind", "=", entries.TOLD)
        calls &= Domain("sms_id.is_call", "=", True)
        found = self.env["sms.team.alert.entry"].search(calls).alert_id
        return found.filtered(lambda it: it._find_missed_calls())

    def _get_running_calls(self):
        """Return the entries of calls whose outcome counts, and is not noted yet.

        It does not count once the person has answered in another way, or once somebody
        has taken the alert.
        """
        ended = self.entry_ids.filtered(lambda it: it.kind in ENDS).sms_id
        answers = self.entry_ids.filtered(lambda it: it.kind in ANSWERS)
        calls = self._get_told().filtered("sms_id.is_call")
        calls = calls.filtered(lambda it: it.sms_id not in ended)
        return calls.filtered(lambda it: not it._find_later_answer(answers))

    def _find_missed_calls(self):
        return self._get_running_calls().filtered(
            lambda it: it.sms_id.call_ended_at or it.sms_id.shown_state in NEVER_PLACED
        )

    def _note_missed_calls(self, now):
        """Note the calls that ended without being taken; return their entries."""
        missed = self._find_missed_calls()
        # A call joined while it was still ringing has two entries.
        for same in missed.grouped(lambda it: (it.user_id, it.sms_id)).values():
            self._note(entries.MISSED, now, **same[0]._get_call_facts())
        return missed
