# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter
from datetime import timedelta

from odoo import fields
from odoo.tools import SQL

from ..tools import gate, quiet_hours, zones
from ..tools.timing import ANSWER, When

#: Daily limits count the messages of this time.
DAY = timedelta(days=1)


class GateClock:
    """The hours and the numbers of one batch, gathered once, asked for each message.

    A company that keeps no quiet hours costs no query here.
    """

    def __init__(self, env, questions):
        self._env = env
        self._now = fields.Datetime.now()
        companies = {question.company for question in questions}
        self._keeping = {it for it in companies if it._keeps_quiet_hours()}
        self._company_places = {}
        self._found_rules = {}
        self._counts = None
        self._questions = questions

    def get_facts(self, question, rules):
        """Return what the gate needs to know of a message's time and number.

        :param GateQuestion question: the message
        :param PurposeRules rules: what it asks of its purpose
        :return: keyword arguments of ``gate.Facts``
        """
        times = {
            "now": self._now,
            "send_at": question.send_at or None,
            "expires_at": question.expires_at or None,
            "key": question.key,
        }
        if question.company not in self._keeping:
            return {"when": When(**times)}
        place = self._locate(question)
        hours = self._select(question.company, place, rules.quiet_class)
        limit = self._get_limit(place, hours, rules)
        return {
            "when": When(
                quiet_class=rules.quiet_class, place=place, rules=hours, **times
            ),
            "day_limit": limit,
            "texts_today": 0 if limit is None else self._count(question),
        }

    def note(self, question, decision):
        """Count a message of this batch for those that come after it."""
        is_counted = decision.verdict != gate.BLOCK and decision.timing != ANSWER
        if self._counts is not None and is_counted:
            self._counts[_key(question)] += 1

    def _locate(self, question):
        """Return where the recipient may be."""
        company = question.company
        partner_sudo = (question.partner or self._env["res.partner"]).sudo()
        if company not in self._company_places:
            self._company_places[company] = company._get_sms_place()
        codes = self._env["sms.gate"]
        return zones.locate(
            question.number,
            partner_sudo.tz or "",
            codes._get_code("res.country", partner_sudo.country_id.id),
            codes._get_code("res.country.state", partner_sudo.state_id.id),
            self._company_places[company],
        )

    def _select(self, company, place, quiet_class):
        """Return the rules for a class of messages to a place."""
        key = company, place, quiet_class
        if key not in self._found_rules:
            self._found_rules[key] = self._env["sms.quiet.hours"]._select(*key)
        return self._found_rules[key]

    def _get_limit(self, place, hours, rules):
        """Return how many messages a day may go to the number, None for any."""
        if rules.quiet_class == quiet_hours.URGENT:
            return rules.max_per_day or None
        day = quiet_hours.local_times(self._now, place.zones[:1])[0][0].date()
        limits = (quiet_hours.get_day_limit(hours, day), rules.max_per_day)
        return min(filter(None, limits), default=None)

    def _count(self, question):
        """Return how many messages went to a number for a purpose within a day."""
        if self._counts is None:
            self._counts = self._read_counts()
        return self._counts[_key(question)]

    def _read_counts(self):
        """Count what has left within a day, by company, number and purpose.

        Answers to a person's own text do not count. For new messages what waits does.
        Who asks again about a waiting message has it counted already, and must not
        count it against itself.
        """
        sms_ids = [it.sms_id for it in self._questions if it.sms_id]
        states = ["process", "unknown", "pending", "sent"]
        if not sms_ids:
            states.append("outgoing")
        self._env["sms.sms"].flush_model(
            [
                *("state", "number", "purpose_id", "record_company_id"),
                *("claimed_at", "gate_timing"),
            ]
        )
        rows = self._env.execute_query(
            SQL(
                """
                SELECT record_company_id, number, purpose_id, count(*)
                  FROM sms_sms
                 WHERE record_company_id = ANY(%s)
                   AND number = ANY(%s)
                   AND purpose_id = ANY(%s)
                   AND state = ANY(%s)
                   AND gate_timing IS DISTINCT FROM %s
                   AND COALESCE(claimed_at, create_date) > %s
                   AND id != ALL(%s)
              GROUP BY record_company_id, number, purpose_id
                """,
                list({it.company.id for it in self._questions}),
                list({it.number for it in self._questions if it.number}),
                list({it.purpose.id for it in self._questions}),
                states,
                ANSWER,
                self._now - DAY,
                sms_ids,
            )
        )
        return Counter({tuple(key): count for *key, count in rows})


def _key(question):
    """Return what daily limits count by."""
    return question.company.id, question.number, question.purpose.id
