# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from dataclasses import dataclass

from odoo.tools import SQL

from ...tools import geography, quiet_hours, verdicts
from ...tools.geography import read_number
from ...tools.timing import ANSWER, DAY, When, get_day
from ..core.bulk_insert import as_array

#: Reads when texts to numbers have left within a day or will leave. Number by number
#: (``OFFSET 0``): while many texts are being created, the planner believes that there
#: are few, and would read all of them for each batch.
READ_LEAVINGS = """
    SELECT text.record_company_id, text.number, text.purpose_id,
           array_agg(text.leaves_at)
      FROM unnest(%(numbers)s) AS wanted (number),
           LATERAL (
               SELECT record_company_id, number, purpose_id,
                      CASE WHEN state = 'outgoing'
                           THEN GREATEST(not_before, %(now)s)
                           ELSE COALESCE(claimed_at, create_date)
                       END AS leaves_at
                 FROM sms_sms
                WHERE number = wanted.number
                  AND record_company_id = ANY(%(company_ids)s)
                  AND purpose_id = ANY(%(purpose_ids)s)
                  AND state = ANY(%(states)s)
                  AND is_call IS NOT TRUE
                  AND gate_timing IS DISTINCT FROM %(answer)s
                  AND id != ALL(%(left_out_ids)s)
               OFFSET 0
           ) AS text
     WHERE text.leaves_at > %(since)s
  GROUP BY text.record_company_id, text.number, text.purpose_id
"""


@dataclass(eq=False)
class Hours:
    """Hours and limits of messages to a place, compared by identity: one per batch.

    :param tuple rules: of ``quiet_hours.Rule``
    :param day_limit: messages that a number may get per day, None for no limit
    :param duties: what the law there requires of an offer, ``purpose_rules.DUTIES``
    """

    place: geography.Place
    quiet_class: str
    rules: tuple
    day_limit: int | None
    duties: frozenset


class GateClock:
    """The hours and the daily limits of one batch, each looked up once.

    A company that keeps no quiet hours costs no query here.
    """

    def __init__(self, env, questions, now):
        """Prepare for a list of ``GateQuestion`` that are decided now (UTC)."""
        self._env = env
        self._now = now
        companies = env["res.company"].browse({it.company_id for it in questions})
        self._keeping = {it.id: it for it in companies if it._keeps_sms_quiet_hours()}
        self._hours = {}
        self._found_rules = {}
        self._days = {}
        self._leavings = None
        self._questions = questions

    def get_hours(self, question, rules):
        """Return the hours of a message, None if its company keeps none.

        :param PurposeRules rules: of its purpose
        """
        company = self._keeping.get(question.company_id)
        if not company:
            return None
        if question.keeps_hours and rules.quiet_class == quiet_hours.URGENT:
            rules = rules._replace(quiet_class=quiet_hours.INFORMATIONAL)
        reader = question.reader
        address = (reader.tz, reader.country_id, reader.state_id)
        of_number = read_number(question.number)
        key = (company.id, rules.quiet_class, rules.max_per_day, of_number, address)
        if key not in self._hours:
            gate = self._env["sms.gate"]
            place = gate._locate(company, question.number, reader)
            self._hours[key] = self._make_hours(company, place, rules)
        return self._hours[key]

    def _make_hours(self, company, place, rules):
        quiet_class = rules.quiet_class
        key = company, place, quiet_class
        if key not in self._found_rules:
            self._found_rules[key] = self._env["sms.quiet.hours"]._select(*key)
        hours = self._found_rules[key]
        is_offer = quiet_class == quiet_hours.MARKETING
        laws = self._env["sms.consent.law"]
        duties = laws._find_duties(place) if is_offer else frozenset()
        limit = self._get_limit(place, hours, rules)
        return Hours(place, quiet_class, hours, limit, duties)

    def get_when(self, hours, send_at, expires_at):
        """Return the time of messages as the gate needs it; each part may be None."""
        times = {"now": self._now, "send_at": send_at, "expires_at": expires_at}
        if not hours:
            return When(**times)
        return When(
            place=hours.place,
            quiet_class=hours.quiet_class,
            rules=hours.rules,
            **times,
        )

    def count(self, key, purpose_id, hours, send_at):
        """Return how many messages to a number for a purpose leave on a message's day.

        :param key: the company's id and the number
        """
        if self._leavings is None:
            self._leavings = self._read_leavings()
        leavings = self._leavings.get((*key, purpose_id))
        if not leavings:
            return 0
        day = (hours, send_at)
        if day not in self._days:
            leaves_at, _why = self.get_when(hours, send_at, None).find_time()
            self._days[day] = get_day(leaves_at, hours.place.zones[0])
        since, until = self._days[day]
        return sum(since < leaves_at < until for leaves_at in leavings)

    def note(self, key, purpose_id, decision):
        """Count a message of this batch for those that come after it.

        :param key: the company's id and the number
        """
        if self._leavings is None:
            return
        if decision.verdict != verdicts.BLOCK and decision.timing != ANSWER:
            leaves_at = decision.until or self._now
            self._leavings[(*key, purpose_id)].append(leaves_at)

    def _get_limit(self, place, hours, rules):
        if rules.quiet_class == quiet_hours.URGENT:
            return rules.max_per_day or None
        day = quiet_hours.local_times(self._now, place.zones[:1])[0][0].date()
        limits = (quiet_hours.get_day_limit(hours, day), rules.max_per_day)
        return min(filter(None, limits), default=None)

    def _read_leavings(self):
        """Read when messages have left within a day or will leave.

        Answers to a person's own text do not count, nor messages that are replaced. For
        new messages waiting ones count, at the time at which they are to leave. When
        the gate is asked again, waiting messages do not count: they were counted when
        they were created, and must not count against themselves.

        :return: ``{(company id, number, purpose id): [UTC, ...]}``
        """
        sms_ids = [it.sms_id for it in self._questions if it.sms_id]
        states = ["process", "unknown", "pending", "sent"]
        if not sms_ids:
            states.append("outgoing")
        replaced_ids = [sms_id for it in self._questions for sms_id in it.replaces]
        names = ["state", "number", "purpose_id", "record_company_id", "claimed_at"]
        self._env["sms.sms"].flush_model([*names, "gate_timing", "not_before"])
        rows = self._env.execute_query(
            SQL(
                READ_LEAVINGS,
                numbers=as_array(
                    {it.number for it in self._questions if it.number}, "varchar"
                ),
                company_ids=list({it.company_id for it in self._questions}),
                purpose_ids=list({it.purpose_id for it in self._questions}),
                states=states,
                answer=ANSWER,
                since=self._now - DAY,
                now=self._now,
                left_out_ids=as_array(sms_ids + replaced_ids, "int4"),
            )
        )
        found = defaultdict(list)
        found.update((tuple(key), leavings) for *key, leavings in rows)
        return found
