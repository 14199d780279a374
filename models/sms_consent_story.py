# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from typing import NamedTuple

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date, format_time, groupby

from ..tools import consent, evidence

#: Events that one page of a story tells of.
PAGE_SIZE = 200

#: What was entered so long after it was said is told with both times.
ENTERED_LATER = timedelta(minutes=1)

#: Texts are answered in the same transaction; what is further apart is no answer.
CONFIRMATION_WINDOW = "1 minute"


class Moment(NamedTuple):
    """Events of one moment, which are told in one sentence, and what belongs to them.

    ``text`` is the ``sms.inbound`` that said so, ``confirmation`` the ``sms.sms`` that
    confirmed an opt-out; both may be empty. ``effect`` is what it did about an opt-out,
    as :meth:`SmsConsent._read_effects` has it.
    """

    events: models.BaseModel
    text: models.BaseModel
    confirmation: models.BaseModel
    effect: dict | None = None

    @property
    def event(self):
        """The first of its events, of which all but the purpose is true of each."""
        return self.events[0]


class SmsConsentStory(models.AbstractModel):
    """Tells what happened with a number's consent, in sentences, oldest first.

    The ledger is for machines and courts; this is for who has to understand it. Runs in
    the reader's environment over events that the caller has checked; what the reader
    may not open is told without a link.
    """

    _name = "sms.consent.story"
    _description = "Story of a Number's Consent"

    @api.model
    def _tell(self, company, number_hash, before=False):
        """Tell the newest events of a number, those of all purposes.

        :param company: ``res.company``
        :param str number_hash: keyed hash of the number
        :param before: an id: only events that are older
        :return: ``days``, each with ``day`` (for people) and ``entries`` (see
            :meth:`_tell_moment`), and ``before`` to ask for what was earlier, or False
        :rtype: dict
        """
        events, is_more = self._read_events(company, number_hash, before)
        moments = self._get_moments(events)
        if is_more and len(moments) > 1:
            del moments[0]  # the page before begins with all of it
        openable = self._get_openable(moments)
        days = [
            {
                "day": day,
                "entries": [self._tell_moment(moment, openable) for moment in group],
            }
            for day, group in groupby(moments, self._get_day)
        ]
        first = moments[0].event.id if is_more else False
        return {"days": days, "before": first}

    # ------------------------------------------------------------------
    # Reading
    # ------------------------------------------------------------------

    @api.model
    def _read_events(self, company, number_hash, before):
        """Return a page of events, oldest first, and whether there are earlier ones."""
        domain = Domain("company_id", "=", company.id)
        domain &= Domain("number_hash", "=", number_hash)
        if before:
            domain &= Domain("id", "<", before)
        events_sudo = self.env["sms.consent.event"].sudo()
        found = events_sudo.search(domain, order="id desc", limit=PAGE_SIZE + 1)
        return found[:PAGE_SIZE].sorted("id"), len(found) > PAGE_SIZE

    @api.model
    def _get_moments(self, events):
        """Put together what one act of a person has entered, as list of moments."""
        texts = {text: text for text in self._get_texts(events)}
        confirmations = self._read_confirmations(events.ids)
        sms_ids = [sms_id for sms_id, _sent_at in confirmations.values()]
        messages_sudo = self.env["sms.sms"].sudo()
        effects = self.env["sms.consent"]._read_effects(events.ids)
        moments = []

        def get_act(event):
            """Return what is told in one sentence."""
            effect = effects.get(event.id)
            return *self._get_act(event), str(effect)

        for _key, group in groupby(events, get_act):
            own = events.browse(event.id for event in group)
            own = own.with_prefetch(events._prefetch_ids)
            text = self._get_text(own[0])
            sms_id, _sent_at = confirmations.get(own[0].evidence_id.id, (None, None))
            confirmation = messages_sudo.browse(sms_id).with_prefetch(sms_ids)
            effect = effects.get(own[0].id)
            text = texts.get(text, text.browse())
            moments.append(Moment(own, text, confirmation, effect))
        return moments

    @api.model
    def _read_confirmations(self, event_ids):
        """Return the text that confirmed each opt-out.

        Each text confirms one: that which was recorded when it was made. A second STOP
        is recorded and not answered.

        :param list event_ids: those that are no opt-outs are left out
        :return: ``{evidence id: (message id, when it was handed over, or None)}``
        """
        self.env["sms.sms"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (sms.id) event.evidence_id, sms.id, sms.sent_at
                  FROM sms_consent_event event
             LEFT JOIN sms_consent answer ON answer.company_id = event.company_id
                   AND answer.number_hash = event.number_hash
                  JOIN sms_sms sms ON sms.record_company_id = event.company_id
                   AND sms.exemption = 'opt_out_confirmation'
                   AND (sms.consent_event_id = event.id
                        OR sms.number = answer.number
                       AND sms.create_date BETWEEN event.recorded_at - %s::interval
                                               AND event.recorded_at + %s::interval)
                 WHERE event.id = ANY(%s) AND event.event = %s
              ORDER BY sms.id,
                       abs(extract(epoch FROM sms.create_date - event.recorded_at)),
                       event.id
                """,
                CONFIRMATION_WINDOW,
                CONFIRMATION_WINDOW,
                list(event_ids),
                consent.REVOKED,
            )
        )
        return {row[0]: row[1:] for row in reversed(rows)}

    @api.model
    def _get_act(self, event):
        """Return what events of one act have in common: one evidence, or one text."""
        evidence = event.message_ref or event.evidence_id.id
        return event.event, event.method, evidence

    @api.model
    def _get_text(self, event):
        """Return the ``sms.inbound`` that an event names, or an empty set."""
        texts = self.env["sms.inbound"].sudo()
        return texts.browse(event.res_id if event.res_model == texts._name else [])

    @api.model
    def _get_texts(self, events):
        """Return the texts that some events name, as far as they are still there."""
        texts = self.env["sms.inbound"].sudo()
        return texts.union(*(self._get_text(event) for event in events)).exists()

    @api.model
    def _get_openable(self, moments):
        """Return the records behind some moments that the reader may open.

        :return: ``{(model name, id): record}``, in the reader's rights
        """
        wanted = {}
        for moment in moments:
            for event in moment.events:
                if event.res_model and event.res_id:
                    wanted.setdefault(event.res_model, set()).add(event.res_id)
        found = {}
        for model_name, ids in wanted.items():
            if model_name not in self.env:
                continue  # its module was uninstalled
            records = self.env[model_name].browse(ids).exists()
            for record in records._filtered_access("read"):
                found[model_name, record.id] = record
        return found

    # ------------------------------------------------------------------
    # Telling
    # ------------------------------------------------------------------

    @api.model
    def _tell_moment(self, moment, openable):
        """Return one entry of the story.

        :return: ``id``, ``time``, ``event`` (of ``EVENTS``), ``sentence``, ``details``
            (further texts), ``wording`` and ``words`` (version and text, may be empty),
            ``links`` and ``seal`` (its place in the chain)
        :rtype: dict
        """
        event = moment.event
        return {
            "id": event.id,
            "time": format_time(self.env, event.recorded_at, time_format="short"),
            "event": event.event,
            "sandbox": event.sandbox,
            "sentence": self._say(moment),
            "details": self._get_details(moment),
            "wording": ", ".join(moment.events.wording_id.mapped("display_name")),
            "words": event.wording or "",
            "links": self._get_links(moment, openable),
            "seal": self._get_seal(moment),
        }

    @api.model
    def _get_day(self, moment):
        """Return the reader's day on which a moment was entered."""
        return format_date(self.env, moment.event.recorded_at, date_format="long")

    @api.model
    def _get_details(self, moment):
        """Return what else should be known of a moment, as a list of texts."""
        event = moment.event
        evidence = event.evidence_id
        details = []
        if event.sandbox:
            details.append(self.env._("Said in the sandbox: it counts there alone."))
        if event.recorded_at - event.happened_at > ENTERED_LATER:
            when = self.env["sms.consent.details"]._format_time(event.happened_at)
            is_paper = event.method == "paper"
            details.append(
                self.env._("It was signed on %s.", when)
                if is_paper
                else self.env._("It was said on %s.", when)
            )
        if event.note and event.method != "keyword":
            details.append(event.note)
        if moment.effect:
            details.append(self._say_effect(moment))
        if evidence.erased_at:
            when = self.env["sms.consent.details"]._format_time(evidence.erased_at)
            details.append(self.env._("Name, words and scans were erased on %s.", when))
        return details

    @api.model
    def _say_effect(self, moment):
        """Return which opt-out was undone, or because of which it did not count."""
        stop = moment.effect["undone"] or moment.effect["obstacle"]
        methods = moment.event._fields["method"]._description_selection(self.env)
        facts = {
            "when": self.env["sms.consent.details"]._format_time(
                evidence.parse_time(stop["happened_at"])
            ),
            "how": dict(methods)[stop["method"]],
        }
        if moment.effect["undone"]:
            return self.env._(
                "It brought the number back: they had opted out on %(when)s (%(how)s).",
                **facts,
            )
        return self.env._(
            "It did not count: they had opted out on %(when)s (%(how)s).", **facts
        )

    @api.model
    def _get_links(self, moment, openable):
        """Return what can be opened: ``label``; ``model`` and ``id``, or ``url``."""
        event = moment.event
        links = []
        record = openable.get((event.res_model, event.res_id))
        if record:
            label = self.env["ir.model"]._get(record._name).name
            if moment.text:
                label = self.env._("The text")
            links.append({"label": label, "model": record._name, "id": record.id})
        if self.env["sms.consent.evidence"].has_access("read"):
            links += [
                {"label": scan.name, "url": f"/web/content/{scan.id}"}
                for scan in event.evidence_id.attachment_ids
            ]
        return links

    @api.model
    def _get_seal(self, moment):
        """Return where a moment stands in the company's chain, in words."""
        numbers = [event.sequence for event in moment.events if event.sequence]
        if len(numbers) < len(moment.events):
            return self.env._("Not yet sealed")
        first, last = min(numbers), max(numbers)
        span = f"{first}" if first == last else f"{first}–{last}"
        return self.env._("No. %s", span)
