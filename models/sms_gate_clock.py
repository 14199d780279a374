# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter
from datetime import timedelta

from odoo.tools import SQL

from ..tools import gate, quiet_hours, zones
from ..tools.timing import ANSWER, When
from .sql_array import as_array

#: Daily limits count the messages of this time.
DAY = timedelta(days=1)


class Hours:
    """What is known of the hour and the number of messages to somewhere.

    Compared by identity: there is one of each kind in a batch.
    """

    def __init__(self, place, quiet_class, rules, day_limit):
        self.place = place
        self.quiet_class = quiet_class
        self.rules = rules
        #: How many messages a day may go to a number, None for any.
        self.day_limit = day_limit


class GateClock:
    """The hours and the numbers of one batch, gathered once, asked for each message.

    A company that keeps no quiet hours costs no query here.
    """

    def __init__(self, env, questions, now):
        """Prepare for a batch.

        :param questions: list of :class:`sms_gate.GateQuestion`
        :param datetime now: the time of the decision (UTC)
        """
        self._env = env
        self._now = now
        companies = env["res.company"].browse({it.company_id for it in questions})
        self._keeping = {it.id: it for it in companies if it._keeps_quiet_hours()}
        self._company_places = {}
        self._addresses = {}
        self._hours = {}
        self._found_rules = {}
        self._counts = None
        self._questions = questions

    def get_hours(self, question, rules):
        """Return the hours of a message, None if its company keeps none.

        :param GateQuestion question: the message
        :param PurposeRules rules: what it asks of its purpose
        :rtype: Hours
        """
        company = self._keeping.get(question.company_id)
        if not company:
            return None
        if question.keeps_hours and rules.quiet_class == quiet_hours.URGENT:
            rules = rules._replace(quiet_class=quiet_hours.INFORMATIONAL)
        address = self._get_address(question.reader)
        digits = zones.get_region_digits(question.number)
        key = (company.id, rules.quiet_class, rules.max_per_day, digits, address)
        if key not in self._hours:
            place = self._locate(company, question.number, address)
            hours = self._select(company, place, rules.quiet_class)
            limit = self._get_limit(place, hours, rules)
            self._hours[key] = Hours(place, rules.quiet_class, hours, limit)
        return self._hours[key]

    def get_when(self, hours, send_at, expires_at):
        """Return what the gate needs to know of the time of some messages.

        :param Hours hours: of the messages, or None
        :param datetime send_at: UTC, or None
        :param datetime expires_at: UTC, or None
        """
        times = {"now": self._now, "send_at": send_at, "expires_at": expires_at}
        if not hours:
            return When(**times)
        return When(
            quiet_class=hours.quiet_class,
            place=hours.place,
            rules=hours.rules,
            **times,
        )

    def count(self, key, purpose_id):
        """Return how many messages went to a number for a purpose within a day.

        :param key: the company's id and the number
        """
        if self._counts is None:
            self._counts = self._read_counts()
        return self._counts[(*key, purpose_id)]

    def note(self, key, purpose_id, decision):
        """Count a message of this batch for those that come after it.

        :param key: the company's id and the number
        """
        if self._counts is None:
            return
        if decision.verdict != gate.BLOCK and decision.timing != ANSWER:
            self._counts[(*key, purpose_id)] += 1

    def _get_address(self, reader):
        """Return what is known of where somebody is: zone, country and state."""
        key = (reader.tz, reader.country_id, reader.state_id)
        if key not in self._addresses:
            get_code = self._env["sms.gate"]._get_code
            self._addresses[key] = (
                key[0] or "",
                get_code("res.country", key[1]),
                get_code("res.country.state", key[2]),
            )
        return self._addresses[key]

    def _locate(self, company, number, address):
        """Return where the recipient may be."""
        if company not in self._company_places:
            self._company_places[company] = company._get_sms_place()
        return zones.locate(number, *address, self._company_places[company])

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
        # Number by number (``OFFSET 0``): while many texts are made, the planner thinks
        # that there are few, and would read all of them for each batch.
        rows = self._env.execute_query(
            SQL(
                """
                SELECT text.record_company_id, text.number, text.purpose_id, count(*)
                  FROM unnest(%s) AS wanted (number),
                       LATERAL (
                           SELECT record_company_id, number, purpose_id
                             FROM sms_sms
                            WHERE number = wanted.number
                              AND record_company_id = ANY(%s)
                              AND purpose_id = ANY(%s)
                              AND state = ANY(%s)
                              AND gate_timing IS DISTINCT FROM %s
                              AND COALESCE(claimed_at, create_date) > %s
                              AND id != ALL(%s)
                           OFFSET 0
                       ) AS text
              GROUP BY text.record_company_id, text.number, text.purpose_id
                """,
                as_array({it.number for it in self._questions if it.number}, "varchar"),
                list({it.company_id for it in self._questions}),
                list({it.purpose_id for it in self._questions}),
                states,
                ANSWER,
                self._now - DAY,
                sms_ids,
            )
        )
        return Counter({tuple(key): count for *key, count in rows})
