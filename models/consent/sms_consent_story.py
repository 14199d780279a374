# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from typing import NamedTuple

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date, format_list, format_time, groupby

from ...tools import consent, evidence

#: Events that one page of a story tells of.
PAGE_SIZE = 200
#: What was entered so long after it was said is told with both times.
ENTERED_LATER = timedelta(minutes=1)
#: Texts are answered in the same transaction; what is further apart is no answer.
CONFIRMATION_WINDOW = "1 minute"
#: Words of a person that are quoted in a sentence.
QUOTE_LIMIT = 160
#: Which method tells of an event: by what happened and how, else by what happened.
SENTENCES = {
    (consent.REQUESTED, "keyword"): "_say_asked_by_text",
    (consent.REQUESTED, "web"): "_say_asked_on_page",
    (consent.REQUESTED, None): "_say_asked",
    (consent.CONFIRMED, None): "_say_confirmed",
    (consent.GRANTED, "web"): "_say_agreed_on_page",
    (consent.GRANTED, "paper"): "_say_agreed_on_paper",
    (consent.GRANTED, "import"): "_say_agreed_in_list",
    (consent.GRANTED, "api"): "_say_agreed_elsewhere",
    (consent.GRANTED, "keyword"): "_say_agreed_by_text",
    (consent.GRANTED, None): "_say_agreed_to_agent",
    (consent.REVOKED, "keyword"): "_say_stopped_by_text",
    (consent.REVOKED, "web"): "_say_stopped_on_page",
    (consent.REVOKED, "carrier"): "_say_stopped_at_carrier",
    (consent.REVOKED, "import"): "_say_stopped_in_list",
    (consent.REVOKED, "api"): "_say_stopped_elsewhere",
    (consent.REVOKED, "blacklist"): "_say_blacklisted",
    (consent.REVOKED, None): "_say_stopped_to_agent",
    (consent.RESTORED, "keyword"): "_say_rejoined_by_text",
    (consent.RESTORED, None): "_say_rejoined",
    (consent.EXPIRED, "carrier"): "_say_gone",
    (consent.EXPIRED, "keyword"): "_say_strangers",
    (consent.EXPIRED, "erasure"): "_say_erased",
    (consent.EXPIRED, None): "_say_expired",
}


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
        :return: ``days``, each with ``day`` (for people) and ``entries`` (see
            :meth:`_tell_moment`), and ``before`` to ask for what was earlier, or False
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
        texts = self.env["sms.inbound"].sudo()
        return texts.browse(event.res_id if event.res_model == texts._name else [])

    @api.model
    def _get_texts(self, events):
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
        numbers = [event.sequence for event in moment.events if event.sequence]
        if len(numbers) < len(moment.events):
            return self.env._("Not yet sealed")
        first, last = min(numbers), max(numbers)
        span = f"{first}" if first == last else f"{first}–{last}"
        return self.env._("No. %s", span)

    # ------------------------------------------------------------------
    # The sentences of the story: one method for each kind of event
    # ------------------------------------------------------------------

    @api.model
    def _say(self, moment):
        event = moment.event
        name = SENTENCES.get((event.event, event.method))
        say = getattr(self, name or SENTENCES[event.event, None])
        return say(moment, self._get_facts(moment)) + self._say_how_confirmed(moment)

    @api.model
    def _get_facts(self, moment):
        """Return what the sentences are filled with."""
        event = moment.event
        methods = dict(event._fields["method"]._description_selection(self.env))
        words = moment.text.body or event.note or ""
        return {
            "who": event.name
            or moment.text.partner_id.name
            or self.env._("The person"),
            "user": event.user_id.name,
            "purposes": self._get_purposes(moment),
            "words": self._quote(words),
            "how": methods.get(event.method, ""),
            "witness": event.evidence_id.witness or "",
        }

    @api.model
    def _get_purposes(self, moment):
        names = moment.events.purpose_id.sorted().mapped("name")
        return format_list(self.env, names) if names else self.env._("all texts")

    @api.model
    def _quote(self, words):
        words = " ".join(words.split())
        if len(words) > QUOTE_LIMIT:
            words = words[: QUOTE_LIMIT - 1] + "…"
        return f"“{words}”" if words else self.env._("a text")

    # ------------------------------------------------------------------
    # Asked
    # ------------------------------------------------------------------

    @api.model
    def _say_asked_by_text(self, moment, facts):
        return self.env._(
            "%(who)s texted %(words)s and was asked to confirm: %(purposes)s.", **facts
        )

    @api.model
    def _say_asked_on_page(self, moment, facts):
        return self.env._(
            "%(who)s entered the number on a web page, and it was asked by text to "
            "confirm: %(purposes)s.",
            **facts,
        )

    @api.model
    def _say_asked(self, moment, facts):
        return self.env._("%(who)s was asked to confirm: %(purposes)s.", **facts)

    # ------------------------------------------------------------------
    # Agreed
    # ------------------------------------------------------------------

    @api.model
    def _say_confirmed(self, moment, facts):
        return self.env._(
            "%(who)s answered %(words)s: may get texts about %(purposes)s.", **facts
        )

    @api.model
    def _say_agreed_on_page(self, moment, facts):
        return self.env._(
            "%(who)s agreed on a web page to texts about %(purposes)s.", **facts
        )

    @api.model
    def _say_agreed_on_paper(self, moment, facts):
        if facts["witness"]:
            return self.env._(
                "%(user)s recorded a form signed by %(who)s, witnessed by %(witness)s: "
                "may get texts about %(purposes)s.",
                **facts,
            )
        return self.env._(
            "%(user)s recorded a form signed by %(who)s: may get texts about "
            "%(purposes)s.",
            **facts,
        )

    @api.model
    def _say_agreed_in_list(self, moment, facts):
        return self.env._(
            "%(user)s imported a list in which %(who)s agreed to texts about "
            "%(purposes)s.",
            **facts,
        )

    @api.model
    def _say_agreed_elsewhere(self, moment, facts):
        return self.env._(
            "Another system (%(user)s) reported that %(who)s agreed to texts about "
            "%(purposes)s.",
            **facts,
        )

    @api.model
    def _say_agreed_by_text(self, moment, facts):
        return self.env._(
            "%(who)s texted %(words)s: may get texts about %(purposes)s.", **facts
        )

    @api.model
    def _say_agreed_to_agent(self, moment, facts):
        return self.env._(
            "%(user)s recorded that %(who)s agreed to texts about %(purposes)s "
            "(%(how)s).",
            **facts,
        )

    # ------------------------------------------------------------------
    # The sentences of the story for what ends a consent, and what brings it back
    # ------------------------------------------------------------------

    # ------------------------------------------------------------------
    # Opted out
    # ------------------------------------------------------------------

    @api.model
    def _say_stopped_by_text(self, moment, facts):
        facts["end"] = self._say_end(moment, facts)
        if moment.event.res_model == "sms.consent.review":
            return self.env._(
                "%(user)s read %(words)s from %(who)s as an opt-out: %(end)s", **facts
            )
        return self.env._("%(who)s texted %(words)s: %(end)s", **facts)

    @api.model
    def _say_stopped_on_page(self, moment, facts):
        end = self._say_end(moment, facts)
        return self.env._("%(who)s opted out on a web page: %(end)s", end=end, **facts)

    @api.model
    def _say_stopped_at_carrier(self, moment, facts):
        end = self._say_end(moment, facts)
        return self.env._("The carrier knows of an opt-out: %(end)s", end=end)

    @api.model
    def _say_stopped_in_list(self, moment, facts):
        return self.env._(
            "%(user)s imported a list of opt-outs with %(who)s in it: %(end)s",
            end=self._say_end(moment, facts),
            **facts,
        )

    @api.model
    def _say_stopped_elsewhere(self, moment, facts):
        return self.env._(
            "Another system (%(user)s) reported that %(who)s opted out: %(end)s",
            end=self._say_end(moment, facts),
            **facts,
        )

    @api.model
    def _say_blacklisted(self, moment, facts):
        return self.env._(
            "%(user)s put the number on the phone blacklist: %(end)s",
            end=self._say_end(moment, facts),
            **facts,
        )

    @api.model
    def _say_stopped_to_agent(self, moment, facts):
        return self.env._(
            "%(user)s recorded that %(who)s opted out (%(how)s): %(end)s",
            end=self._say_end(moment, facts),
            **facts,
        )

    @api.model
    def _is_for_all(self, moment):
        return any(not event.purpose_id for event in moment.events)

    @api.model
    def _say_end(self, moment, facts):
        if self._is_for_all(moment):
            return self.env._("no more texts of any kind.")
        return self.env._("no more texts about %(purposes)s.", **facts)

    @api.model
    def _say_how_confirmed(self, moment):
        """Return how long the confirmation of an opt-out took, if there is one."""
        sms = moment.confirmation
        if not sms:
            return ""
        if not sms.sent_at:
            return " " + self.env._("The confirmation has not left.")
        seconds = max(
            0, round((sms.sent_at - moment.event.recorded_at).total_seconds())
        )
        return " " + self.env._("Confirmed after %s s.", seconds)

    # ------------------------------------------------------------------
    # Came back, ended
    # ------------------------------------------------------------------

    @api.model
    def _say_rejoined_by_text(self, moment, facts):
        if self._is_for_all(moment):
            return self.env._(
                "%(who)s texted %(words)s: what had been agreed to before holds again.",
                **facts,
            )
        return self.env._(
            "%(who)s texted %(words)s: gets texts about %(purposes)s again.", **facts
        )

    @api.model
    def _say_rejoined(self, moment, facts):
        return self.env._("%(who)s gets texts about %(purposes)s again.", **facts)

    @api.model
    def _say_gone(self, moment, facts):
        return self.env._(
            "The carrier does not know the number any more: the consent to "
            "%(purposes)s has ended.",
            **facts,
        )

    @api.model
    def _say_strangers(self, moment, facts):
        return self.env._(
            "%(words)s came from the number, which has another holder now: the consent "
            "to %(purposes)s has ended.",
            **facts,
        )

    @api.model
    def _say_expired(self, moment, facts):
        return self.env._("%(purposes)s: expired by itself.", **facts)

    @api.model
    def _say_erased(self, moment, facts):
        return self.env._(
            "%(user)s erased the person at their request: the consent to %(purposes)s "
            "cannot be proved any more and has ended.",
            **facts,
        )
