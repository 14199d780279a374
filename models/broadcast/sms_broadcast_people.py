# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ...tools import advice, texts, verdicts
from ...tools.names import NAME_LIMIT, close_greeting, tidy_name
from ...tools.segments import GSM7_BASIC, GSM7_EXTENSION, count_segments
from ...tools.timing import SCHEDULED
from ..core.batch_jobs import lock_next
from ..ledger.sms_purpose import ALERT
from ..message.res_partner import NOBODY
from ..message.sms_gate import GateQuestion
from .sms_broadcast import CANCELLED, CHECKING, LEAVING, NEWS, OPEN, SENT, STATUS_PAGE
from .sms_broadcast_recipient import BLOCKED, HELD, MUTED, REACHED, WILL
from .sms_incident import GOING_ON, OPENING, PLANNED, RESOLVED, UPDATE

#: A regular expression of PostgreSQL for a character that is not in GSM-7.
NOT_GSM7 = f"[^{re.escape(''.join(sorted(GSM7_BASIC | GSM7_EXTENSION)))}]"
OUTCOME_OF = {verdicts.SEND: WILL, verdicts.HOLD: HELD, verdicts.BLOCK: BLOCKED}


class Sample(NamedTuple):
    """The longest text in a language, with its footer.

    :param str lang: code of the recipients' language, or False
    :param str language: its name
    :param segments: ``Segments`` of the text; nobody's text needs more
    :param int count: number of recipients of that language
    """

    lang: str
    language: str
    text: str
    segments: object
    count: int


class Words(NamedTuple):
    """A text for readers of one language.

    :param dict areas: names by area id
    :param dict shared: other values filled in for everybody, by placeholder
    :param str lang: code of the language that the text is in
    """

    body: str
    areas: dict
    shared: dict
    lang: str


class SmsBroadcast(models.Model):
    """Checks the recipients of a broadcast, and fills in the text to each of them.

    Who they are is decided in ``sms_broadcast_audience.py``. About an incident, the
    announcement goes to its whole audience; news and the end go only to those who were
    told before.
    """

    _inherit = "sms.broadcast"

    incident_id = fields.Many2one("sms.incident", index="btree_not_null")
    kind = fields.Selection(
        [
            (OPENING, "Announcement"),
            (UPDATE, "Update, to those already told"),
            (RESOLVED, "All clear, to those already told"),
        ],
        "Type",
        required=True,
        default=OPENING,
    )

    @api.constrains("kind", "incident_id", "company_id")
    def _check_incident(self):
        for broadcast in self:
            incident_sudo = broadcast.incident_id.sudo()
            if broadcast._is_follow_up() and not incident_sudo:
                words = self.env._("Choose the incident of which this tells.")
                raise ValidationError(words)
            if incident_sudo and incident_sudo.company_id != broadcast.company_id:
                raise ValidationError(self.env._("The incident is another company's."))

    def _is_follow_up(self):
        return self.kind != OPENING

    def _is_overtaken(self):
        """Return whether its incident ended or maintenance began since the check."""
        incident, ended_at = self.incident_id, self.incident_id.resolved_at
        if self.kind == RESOLVED or not incident:
            return False
        is_begun = incident.planned_from and incident.state in GOING_ON
        if is_begun and self._get_news().state == PLANNED:
            return True
        return bool(ended_at and ended_at >= self.checked_at) or any(
            other.kind == RESOLVED
            and other.started_at
            and (other.started_at, other.id) > (self.checked_at, self.id)
            and other.state != CANCELLED
            for other in incident.broadcast_ids - self
        )

    def _is_end_to_come(self):
        """Return whether it tells of the incident's end to people who wait for it."""
        if self.kind != RESOLVED:
            return False
        if self.state in OPEN[:3]:
            return bool(self._get_news())
        return self.state not in (SENT, CANCELLED) or bool(self.waiting_count)

    def _judge(self, recipients):
        """Store the gate's decision on recipients who have no message yet."""
        if not recipients:
            return
        purpose_id = self.env["sms.purpose"]._get(ALERT).id
        readers = recipients.partner_id._get_sms_readers()
        times = self._get_times(recipients, readers)
        self._note_first(times)
        numbers = recipients.mapped("number")
        refusals = self.company_id._find_sms_sender_refusals(numbers)
        facts = zip(recipients, times, refusals, strict=True)
        questions = [
            GateQuestion(
                self.company_id.id,
                recipient.number,
                purpose_id,
                reader=readers.get(recipient.partner_id.id, NOBODY),
                keeps_hours=not self.is_emergency,
                send_at=time,
                sender_refusal=refusal,
            )
            for recipient, time, refusal in facts
        ]
        decided = self.env["sms.gate"]._decide(questions)
        rows = []
        for recipient, (decision, _id) in zip(recipients, decided, strict=True):
            # Waiting for the planned time is not a hold.
            is_planned = decision.reason == SCHEDULED
            outcome = WILL if is_planned else OUTCOME_OF[decision.verdict]
            rows.append((recipient.id, outcome, decision.reason))
        recipients._write_rows(rows, "outcome", "reason")

    # === Text ===

    def _get_words(self, langs):
        """Return the text and its values for readers of several languages.

        :param langs: language codes; an empty one stands for the company's
        :return: :class:`Words` by code
        """
        words, told = {}, self._get_told_langs()
        for lang in langs:
            own = self.company_id._pick_sms_told_lang(told, lang)
            it = self.with_context(lang=own, active_test=False)
            areas = it.area_ids
            if it._is_follow_up():
                areas |= it.incident_id.broadcast_ids.area_ids
            areas = {area.id: area.name for area in areas}
            words[lang] = Words(it.body, areas, it._get_shared_words(), own)
        return words

    def _get_told_langs(self):
        """Return the codes of the languages in which the text, or its news, exists."""
        if not self._tells_news():
            return self.company_id._get_sms_told_langs(self, "body")
        if (news := self.env.context.get("sms_news")) is not None:
            return frozenset(news)
        news = self._get_news()
        return self.company_id._get_sms_told_langs(news, "body") if news else {"en_US"}

    @api.model
    def _fill_in(self, words, recipient):
        name = tidy_name(recipient.name or recipient.partner_id.name)
        area = words.areas.get(recipient.area_id.id, "")
        text = texts.fill(words.body, {**words.shared, "area": area, "customer": name})
        return text if name else close_greeting(text)

    def _get_shared_words(self):
        """Return what is filled in for everybody: the page, and the news.

        A draft of the news for a preview is in the context key ``sms_news``, as a text
        by language.
        """
        if not self.incident_id:
            return {}
        lang = self.env.context.get("lang")
        if (news := self.env.context.get("sms_news")) is not None:
            text = news.get(lang) or next(iter(news.values()), "")
        else:
            text = self._get_news().body
        page = self.incident_id.sudo().status_page
        return {STATUS_PAGE: page, NEWS: (text or "").strip()}

    def _tells_news(self):
        """Return whether it carries news of an incident, which is mailed as well."""
        return f"{{{NEWS}}}" in (self.body or "")

    def _get_news(self):
        news_sudo = self.env["sms.incident.news"].sudo()
        return news_sudo.search([("broadcast_id", "=", self.id)], limit=1)

    def _preview(self, words, recipient, is_first=False):
        """Return the text for one recipient, with its footer.

        :param bool is_first: whether the company's first text to a number is shown,
            which names its sender
        """
        number = recipient.number or recipient.partner_id.phone_sanitized
        purpose = self.env["sms.purpose"]._get(ALERT)
        footer = purpose._get_rules(words.lang, self.company_id).footer
        footer = self.company_id._get_sms_footer_to(number, footer, words.lang)
        text = self._fill_in(words, recipient)
        if is_first and footer and self.company_id._uses_sms_outbox():
            signature = self.env["sms.sms"]._get_signature(self.company_id, None)
            footer = advice.sign(text, footer, *signature, lang=words.lang)
        return texts.add_footer(text, footer)

    def _get_samples(self):
        """Return a :class:`Sample` for each language of the recipients."""
        names = dict(self.env["res.lang"].get_installed())
        recipients_sudo = self.env["sms.broadcast.recipient"].sudo()
        is_counted = self.state not in (CHECKING, LEAVING)
        groups = self.longest or (self._find_longest() if is_counted else [])
        words = self._get_words({lang for lang, *_others in groups})
        samples = {}
        # Checks before an upgrade have not noted who gets a first text.
        for own_lang, recipient_id, count, *is_first in groups:
            own_words = words[own_lang]
            recipient = recipients_sudo.browse(recipient_id)
            text = self._preview(own_words, recipient, *is_first)
            language = names.get(own_words.lang, own_words.lang)
            sample = Sample(own_lang, language, text, count_segments(text), count)
            if other := samples.get(own_lang):
                longer = max(other, sample, key=lambda it: it.segments.count)
                sample = longer._replace(count=other.count + count)
            samples[own_lang] = sample
        return list(samples.values())

    def action_test_text(self):
        """Open the form to text it to oneself, filled in for a real recipient.

        Before the check it is filled in for the user.
        """
        self.ensure_one()
        self.check_access("read")
        return self._test_text()

    def _test_text(self, **values):
        """Return the form with further values; see :meth:`action_test_text`."""
        samples = self._get_samples()
        own = [sample for sample in samples if sample.lang == self.env.lang]
        text = (own or samples)[0].text if samples else self._fill_in_for_user()
        values["company_id"] = self.company_id.id
        return self.env["sms.test.text"]._open(text, **values)

    def _fill_in_for_user(self):
        lang = self.env.lang
        reader = self.env["sms.broadcast.recipient"].new(
            {"name": self.env.user.name, "area_id": self.area_ids[:1].id}
        )
        return self._preview(self._get_words({lang})[lang], reader)

    def _find_longest(self):
        """Return for each language the recipient with the longest name and area.

        And the one with the longest among those that are not in GSM-7, which may make
        the text take more segments.

        :return: tuples of language (may be False), recipient id, number of people, and
            whether any of them gets the company's first text; most people first
        """
        self.env["sms.broadcast.recipient"].flush_model()
        self.env.cr.execute(
            """
            SELECT own.lang, array_agg(own.number), max(ARRAY[
                       least(length(COALESCE(own.name, partner.name, '')), %s)
                       + COALESCE(length(COALESCE(area.name ->> own.lang,
                                                  area.name ->> 'en_US')), 0),
                       -own.id])
              FROM sms_broadcast_recipient own
         LEFT JOIN res_partner partner ON partner.id = own.partner_id
         LEFT JOIN sms_area area ON area.id = own.area_id
             WHERE own.broadcast_id = %s AND own.outcome IN %s
          GROUP BY own.lang,
                   concat(COALESCE(own.name, partner.name),
                          COALESCE(area.name ->> own.lang, area.name ->> 'en_US')) ~ %s
          ORDER BY count(*) DESC
            """,
            [NAME_LIMIT, self.id, REACHED, NOT_GSM7],
        )
        rows, company_id = self.env.cr.fetchall(), self.company_id.id
        pairs = {(company_id, it) for _lang, numbers, _key in rows for it in numbers}
        first = pairs - self.env["sms.sms"].sudo()._find_known_numbers(pairs)
        first = {number for _company_id, number in first}
        return [
            (lang or False, -key[1], len(numbers), not first.isdisjoint(numbers))
            for lang, numbers, key in rows
        ]

    # === Queueing ===

    def _leave_out_muted(self, recipients):
        """Return the recipients who have not muted the incident since the check."""
        if not self.incident_id or not recipients:
            return recipients
        muted = self.env["sms.incident.mute"]._get_muted(self.incident_id)
        incident_id = self.incident_id.id
        silent = recipients.filtered(lambda it: (incident_id, it.number) in muted)
        silent.sudo().write({"outcome": MUTED})
        return recipients - silent

    def _replace_waiting(self, recipients):
        """Cancel waiting earlier texts to people who get this one.

        Those locked by the dispatcher are about to be sent, and are skipped.
        """
        newer = recipients.sudo().filtered(lambda it: it.sms_id.state == "outgoing")
        newer_of = {it.number: it.sms_id for it in newer}
        is_older = SQL(
            "incident_id = %s AND broadcast_id != %s AND state = 'outgoing'"
            " AND number = ANY(%s)",
            self.incident_id.id,
            self.id,
            list(newer_of),
        )
        older_sudo = self.env["sms.sms"].sudo()
        older_sudo = lock_next(older_sudo, is_older, SQL("id"), limit=None)
        for sms_sudo in older_sudo:
            sms_sudo.replaced_by_id = newer_of[sms_sudo.number]
        older_sudo._update_sms_state_and_trackers("canceled", "sms_replaced")
