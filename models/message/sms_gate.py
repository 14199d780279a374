# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from odoo import fields, models
from odoo.tools import SQL, ormcache

from ...tools import consent, gate, geography, phone, quiet_hours, verdicts
from ...tools.gate_refusals import find_block
from ...tools.geography import read_number
from ...tools.phone import E164
from ...tools.purpose_rules import (
    ADDRESS,
    CONSENT,
    IN_WRITING,
    SPOKEN,
    is_proof_accepted,
)
from ...tools.timing import ANSWER, DAY, When, get_day
from ..core.bulk_insert import as_array
from ..ledger.sms_consent_key import ConsentKeyError
from .res_partner import NOBODY, Reader
from .sms_consent import Known

_logger = logging.getLogger(__name__)

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


class GateQuestion(NamedTuple):
    """The gate's question about one message. Times are UTC.

    :param str key: distinguishes it from other messages that wait
    :param int sms_id: of a stored message about which the gate is asked again
    :param bool keeps_hours: it waits for business hours though its purpose need not
    :param tuple replaces: ids of messages that it replaces, which do not count
    :param bool is_unmapped: no rule gives its purpose
    :param bool is_call: it is a call, for which some untextable numbers are allowed
    :param str sender_refusal: why no sender may take it, of ``verdicts``, or empty

    The others are those of :class:`gate.Facts`; ``written_at`` is now by default.
    """

    company_id: int
    number: str
    purpose_id: int
    exemption: str = ""
    is_personal: bool = False
    written_at: datetime | None = None
    reader: Reader = NOBODY
    send_at: object = None
    expires_at: object = None
    key: str = ""
    sms_id: int = 0
    keeps_hours: bool = False
    replaces: tuple = ()
    is_unmapped: bool = False
    is_call: bool = False
    sender_refusal: str = ""
    standing: frozenset = frozenset()


class SmsGate(models.AbstractModel):
    """Gathers the facts that decide on a message, for a batch at a time.

    The rule itself is :func:`tools.gate.decide`. Asked when a message is created and
    again when it is about to leave, because people change their minds in between.
    """

    _name = "sms.gate"
    _description = "Text Message Gate"

    def _decide(self, questions):
        """Decide a batch of messages with one query for people's answers.

        :param questions: list of :class:`GateQuestion`
        :return: list of ``(Decision, consent event id or False)``, in the same order;
            None in place of the id where the ledger was not asked
        """
        open_questions = [it for it in questions if not it.standing]
        batch = GateBatch(self.env, open_questions, self._read_ledger(open_questions))
        return [batch.decide(question) for question in questions]

    def _find_block(self, question):
        """Return why a message must not leave, whatever the time, or empty."""
        batch = GateBatch(self.env, [question], self._read_ledger([question]))
        return batch.find_block(question) or ""

    def _read_ledger(self, questions):
        """Return what is recorded of the recipients (``Known``), None if unreadable."""
        company_ids = [question.company_id for question in questions]
        numbers = [question.number for question in questions]
        try:
            return self.env["sms.consent"]._get_known(company_ids, numbers)
        except ConsentKeyError:
            _logger.critical("The key of the consent ledger is wrong: nothing is sent")
            return None

    def _locate(self, company, number, reader):
        """Return where a person may be (``geography.Place``).

        :param str number: E.164
        :param Reader reader: the contact, or ``NOBODY``
        """
        return geography.locate(
            number,
            reader.tz or "",
            self._get_code("res.country", reader.country_id),
            self._get_code("res.country.state", reader.state_id),
            company._get_sms_place(),
        )

    @ormcache("model_name", "record_id")
    def _get_code(self, model_name, record_id):
        """Return the ISO code of a country or a state."""
        return self.env[model_name].sudo().browse(record_id or ()).code or ""


class GateBatch:
    """Decides the messages of one batch; those that are alike only once.

    The rule is :func:`tools.gate.decide` for each of them. A mass message differs
    little from person to person, and gathering and weighing facts costs ten times as
    much as finding that they are the same.
    """

    def __init__(self, env, questions, known):
        """Gather the facts that the messages share.

        :param questions: those without ``standing`` reasons
        :param known: ``Known``, None if it cannot be looked up
        """
        self._consent = env["sms.consent"]
        self._is_ledger_readable = known is not None
        self._known = known or Known()
        self._now = fields.Datetime.now()
        self._clock = GateClock(env, questions, self._now)
        companies = env["res.company"].browse({it.company_id for it in questions})
        self._companies = {it.id: it for it in companies}
        self._company_facts = {it.id: it._get_sms_gate_facts() for it in companies}
        purposes = env["sms.purpose"].browse({it.purpose_id for it in questions})
        self._rules = {
            (company.id, purpose.id): purpose._get_rules(env.lang, company)
            for company in companies
            for purpose in purposes
        }
        self._decisions = {}
        doubtful = {
            (it.company_id, it.number)
            for it in questions
            if phone.find_refusal(it.number or "") in phone.DOUBTFUL
        }
        self._heard = self._consent._find_heard(doubtful) if doubtful else ()

    def _find_number_refusal(self, question):
        """Return why a number is not texted; none for one that has texted us."""
        refusal = phone.find_refusal(question.number or "")
        is_callable = question.is_call and refusal in phone.CALLABLE
        if is_callable or (question.company_id, question.number) in self._heard:
            return ""
        return refusal

    def decide(self, question):
        """Decide one message, with the result of ``sms.gate._decide``."""
        if question.standing:
            return self._decide_standing(question), None
        key, answer, hours = self._look_up(question)
        facts = self._get_facts(question, key, answer, hours)
        # All that decides on a message; equal for many messages.
        circumstances = (
            question.company_id,
            question.purpose_id,
            bool(question.number),
            question.is_unmapped,
            question.send_at,
            question.expires_at,
            hours,
            *facts.values(),
        )
        decision = self._decisions.get(circumstances)
        if decision is None:
            facts.update(self._get_shared_facts(question, hours))
            decision = self._decisions[circumstances] = gate.decide(gate.Facts(**facts))
        decision = decision.spread(question.key)
        self._clock.note(key, question.purpose_id, decision)
        return decision, answer.event_id or False

    def find_block(self, question):
        """Return why a message must not leave, whatever the time, or None."""
        key, answer, hours = self._look_up(question)
        # For the duties at the person's place; texts of the day are not counted.
        hours = hours and replace(hours, day_limit=None)
        facts = self._get_facts(question, key, answer, hours)
        facts.update(self._get_shared_facts(question, hours))
        return find_block(gate.Facts(**facts))

    def _look_up(self, question):
        """Return company and number of a message, the person's answer, its hours."""
        key = (question.company_id, question.number)
        found = self._known.answers.get(key, {})
        answer = self._consent._get_answer(found, question.purpose_id)
        rules = self._rules[question.company_id, question.purpose_id]
        return key, answer, self._clock.get_hours(question, rules)

    def _decide_standing(self, question):
        """Decide a message whose recipient does not matter."""
        key = question.standing, question.exemption, question.expires_at
        if key not in self._decisions:
            standing, exemption = question.standing, question.exemption or ""
            when = self._clock.get_when(None, None, question.expires_at or None)
            facts = gate.Facts(standing=standing, exemption=exemption, when=when)
            self._decisions[key] = gate.decide(facts)
        return self._decisions[key]

    def _get_facts(self, question, key, answer, hours):
        """Return the facts that differ from message to message, by name."""
        known, number, purpose_id = self._known, question.number, question.purpose_id
        proofs = self._rules[question.company_id, purpose_id].proofs
        if hours and IN_WRITING in hours.duties:
            proofs -= {SPOKEN}
        texts_today = 0
        if hours and hours.day_limit is not None:
            send_at = question.send_at or None
            texts_today = self._clock.count(key, purpose_id, hours, send_at)
        return {
            "exemption": question.exemption or "",
            "is_valid_number": bool(number and E164.match(number)),
            "number_refusal": number and self._find_number_refusal(question),
            "sender_refusal": question.sender_refusal,
            "state": answer.state,
            "is_proven": answer.state != consent.OPTED_IN
            or is_proof_accepted(known.methods.get(answer.event_id), proofs),
            "is_under_review": key in known.reviewed,
            "is_unusable": key in known.unusable and not question.is_call,
            "is_typed_only": (question.reader.partner_id, number) in known.typed,
            "is_personal": question.is_personal,
            "text": known.texts.get(key),
            "stopped_at": known.stops and known.get_stopped_at(key, purpose_id) or None,
            "written_at": question.written_at or self._now,
            "texts_today": texts_today,
        }

    def _get_shared_facts(self, question, hours):
        """Return the facts that follow from what many messages share, by name."""
        company = self._companies[question.company_id]
        company_facts = self._company_facts[question.company_id]
        # Messages of other apps through Twilio for which no rule gives a purpose are
        # left as in Odoo: most of them are no offers.
        is_left = question.is_unmapped and company_facts["provider"] == "twilio"
        rules = self._rules[question.company_id, question.purpose_id]
        duties = hours.duties if hours else frozenset()
        times = (question.send_at or None, question.expires_at or None)
        return {
            "number": question.number or "",
            "is_helpdesk_purpose": rules.is_helpdesk,
            "is_ledger_readable": self._is_ledger_readable,
            "now": self._now,
            "when": self._clock.get_when(hours, *times),
            "day_limit": hours and hours.day_limit,
            "asks_consent": CONSENT in duties and not is_left,
            "lacks_address": ADDRESS in duties
            and bool(rules.footer)
            and company._uses_sms_outbox()
            and not company._get_sms_postal_address(),
            **company_facts,
        }


@dataclass(eq=False)
class Hours:
    """Hours and limits of messages to a place, compared by identity: one per batch.

    :param When when: without the times that an author has set
    :param day_limit: messages that a number may get per day, None for no limit
    :param duties: what the law there requires of an offer, ``purpose_rules.DUTIES``
    """

    when: When
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
        reader, of_number = question.reader, read_number(question.number)
        terms = (company.id, rules.quiet_class, rules.max_per_day)
        key = (*terms, of_number, reader.address)
        if key not in self._hours:
            place = self._env["sms.gate"]._locate(company, question.number, reader)
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
        return Hours(When(self._now, quiet_class, place, hours), limit, duties)

    def get_when(self, hours, send_at, expires_at):
        """Return the time of messages as the gate needs it; each part may be None."""
        when = hours.when if hours else When(self._now)
        return replace(when, send_at=send_at, expires_at=expires_at)

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
            self._days[day] = get_day(leaves_at, hours.when.place.zones[0])
        since, until = self._days[day]
        return sum(since < leaves_at < until for leaves_at in leavings)

    def note(self, key, purpose_id, decision):
        """Count a message of this batch for those that come after it.

        :param key: the company's id and the number
        """
        if self._leavings is None:
            return
        if decision.verdict != verdicts.BLOCK and decision.timing != ANSWER:
            self._leavings[(*key, purpose_id)].append(decision.until or self._now)

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
        numbers = {it.number for it in self._questions if it.number}
        query = SQL(
            READ_LEAVINGS,
            numbers=as_array(numbers, "varchar"),
            company_ids=list({it.company_id for it in self._questions}),
            purpose_ids=list({it.purpose_id for it in self._questions}),
            states=states,
            answer=ANSWER,
            since=self._now - DAY,
            now=self._now,
            left_out_ids=as_array(sms_ids + replaced_ids, "int4"),
        )
        rows = self._env.execute_query(query)
        found = defaultdict(list)
        found.update((tuple(key), leavings) for *key, leavings in rows)
        return found
