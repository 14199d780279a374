# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from typing import NamedTuple

from odoo import models
from odoo.tools import SQL, format_date, format_list, format_time, groupby
from odoo.tools.translate import LazyTranslate

from ...tools import consent, evidence

_lt = LazyTranslate(__name__)
#: Events on one page of a story.
PAGE_SIZE = 200
#: Delay between a statement and its entry from which both times are shown.
ENTERED_LATER = timedelta(minutes=1)
#: Largest distance between an opt-out and its confirmation, made in one transaction.
CONFIRMATION_WINDOW = "1 minute"
#: Characters of a person's words that are quoted in a sentence.
QUOTE_LIMIT = 160

# Keys of sentences besides the ledger's methods.
ANY, REVIEWED, WITNESSED, ALL_BACK = ("any", "reviewed", "witnessed", "all_back")
#: Sentences about events, by event and method.
SENTENCES = {
    consent.REQUESTED: {
        "keyword": _lt(
            "%(who)s texted %(words)s and was asked to confirm: %(purposes)s."
        ),
        "web": _lt(
            "%(who)s entered the number on a web page, and it was asked by text to "
            "confirm: %(purposes)s."
        ),
        ANY: _lt("%(who)s was asked to confirm: %(purposes)s."),
    },
    consent.CONFIRMED: {
        ANY: _lt("%(who)s answered %(words)s: may get texts about %(purposes)s.")
    },
    consent.GRANTED: {
        "web": _lt("%(who)s agreed on a web page to texts about %(purposes)s."),
        WITNESSED: _lt(
            "%(user)s recorded a form signed by %(who)s, witnessed by %(witness)s: may "
            "get texts about %(purposes)s."
        ),
        consent.PAPER: _lt(
            "%(user)s recorded a form signed by %(who)s: may get texts about "
            "%(purposes)s."
        ),
        "import": _lt(
            "%(user)s imported a list in which %(who)s agreed to texts about "
            "%(purposes)s."
        ),
        "api": _lt(
            "Another system (%(user)s) reported that %(who)s agreed to texts about "
            "%(purposes)s."
        ),
        "keyword": _lt("%(who)s texted %(words)s: may get texts about %(purposes)s."),
        ANY: _lt(
            "%(user)s recorded that %(who)s agreed to texts about %(purposes)s "
            "(%(how)s)."
        ),
    },
    consent.REVOKED: {
        REVIEWED: _lt("%(user)s read %(words)s from %(who)s as an opt-out: %(end)s"),
        "keyword": _lt("%(who)s texted %(words)s: %(end)s"),
        "web": _lt("%(who)s opted out on a web page: %(end)s"),
        "carrier": _lt("The carrier knows of an opt-out: %(end)s"),
        "import": _lt(
            "%(user)s imported a list of opt-outs with %(who)s in it: %(end)s"
        ),
        "api": _lt(
            "Another system (%(user)s) reported that %(who)s opted out: %(end)s"
        ),
        "blacklist": _lt("%(user)s put the number on the phone blacklist: %(end)s"),
        ANY: _lt("%(user)s recorded that %(who)s opted out (%(how)s): %(end)s"),
    },
    consent.RESTORED: {
        ALL_BACK: _lt(
            "%(who)s texted %(words)s: what had been agreed to before holds again."
        ),
        "keyword": _lt(
            "%(who)s texted %(words)s: gets texts about %(purposes)s again."
        ),
        ANY: _lt("%(who)s gets texts about %(purposes)s again."),
    },
    consent.EXPIRED: {
        "carrier": _lt(
            "The carrier does not know the number any more: the consent to "
            "%(purposes)s has ended."
        ),
        "keyword": _lt(
            "%(words)s came from the number, which has another holder now: the consent "
            "to %(purposes)s has ended."
        ),
        "reassigned": _lt(
            "The Reassigned Numbers Database answered that the number was disconnected "
            "since: the consent to %(purposes)s has ended."
        ),
        "erasure": _lt(
            "%(user)s erased the person at their request: the consent to %(purposes)s "
            "cannot be proved any more and has ended."
        ),
        ANY: _lt("%(purposes)s: expired by itself."),
    },
}


class Moment(NamedTuple):
    """Events of one act, told in one sentence, with related records.

    ``text`` is the ``sms.inbound`` with the statement, ``confirmation`` the ``sms.sms``
    that confirmed an opt-out; both may be empty. ``effect`` is its relation to an
    opt-out, see
    :meth:`SmsConsent._read_effects`.
    """

    events: models.BaseModel
    text: models.BaseModel
    confirmation: models.BaseModel
    effect: dict | None = None

    @property
    def event(self):
        """The first of its events; the others differ only in purpose."""
        return self.events[0]


class SmsConsentStory(models.AbstractModel):
    """Tells the history of a number's consent in sentences, oldest first.

    The ledger is for machines and courts; this is for people. Runs in the user's
    environment on events that the caller may show; records that the user may not read
    get no link.
    """

    _name = "sms.consent.story"
    _description = "Story of a Number's Consent"

    def _tell(self, company, number_hash, before=False):
        """Return a page of a number's events, for all purposes.

        :param before: id of an event: return only earlier ones
        :return: ``days``, each with ``day`` (formatted) and ``entries`` (see
            :meth:`_tell_moment`), and ``before`` to request earlier events, or False
        """
        events, is_more = self._read_events(company, number_hash, before)
        moments = self._get_moments(events)
        if is_more and len(moments) > 1:
            del moments[0]  # may be incomplete; the earlier page has all of it
        openable = self._get_openable(events)

        def get_day(moment):
            return format_date(self.env, moment.event.recorded_at, date_format="long")

        days = [
            {"day": day, "entries": [self._tell_moment(it, openable) for it in group]}
            for day, group in groupby(moments, get_day)
        ]
        return {"days": days, "before": moments[0].event.id if is_more else False}

    # === Reading ===

    def _read_events(self, company, number_hash, before):
        domain = [("company_id", "=", company.id), ("number_hash", "=", number_hash)]
        if before:
            domain.append(("id", "<", before))
        # The newest come first.
        found = self.env["sms.consent.event"].sudo().search(domain, limit=PAGE_SIZE + 1)
        return found[:PAGE_SIZE].sorted("id"), len(found) > PAGE_SIZE

    def _get_moments(self, events):
        """Group the events of each act: those of one piece of evidence or one text."""
        texts_sudo = self.env["sms.inbound"].sudo()
        text_ids = {it.res_id for it in events if it.res_model == texts_sudo._name}
        found = texts_sudo.browse(filter(None, text_ids)).exists()
        texts = {text.id: text for text in found}
        confirmations = self._read_confirmations(events.ids)
        sms_ids = [sms_id for sms_id, _sent_at in confirmations.values()]
        effects = self.env["sms.consent"]._read_effects(events.ids)

        def get_act(event):
            said_in = event.message_ref or event.evidence_id.id
            return event.event, event.method, said_in, str(effects.get(event.id))

        moments = []
        for _key, group in groupby(events, get_act):
            own = events.browse(event.id for event in group)
            own = own.with_prefetch(events._prefetch_ids)
            first = own[0]
            is_text = first.res_model == texts_sudo._name
            text = is_text and texts.get(first.res_id) or texts_sudo
            sms_id, _sent_at = confirmations.get(first.evidence_id.id, (None, None))
            confirmation = self.env["sms.sms"].sudo().browse(sms_id)
            confirmation = confirmation.with_prefetch(sms_ids)
            moments.append(Moment(own, text, confirmation, effects.get(first.id)))
        return moments

    def _read_confirmations(self, event_ids):
        """Return the text that confirmed each opt-out.

        Each text confirms one opt-out, the one recorded at the same time, give or take
        a second. A second STOP is recorded, but not answered.

        :return: ``{evidence id: (message id, when it was sent, or None)}``
        """
        self.env["sms.sms"].flush_model()
        query = """
            SELECT DISTINCT ON (sms.id) event.evidence_id, sms.id, sms.sent_at
              FROM sms_consent_event event
         LEFT JOIN sms_consent answer ON answer.company_id = event.company_id
               AND answer.number_hash = event.number_hash
              JOIN sms_sms sms ON sms.record_company_id = event.company_id
               AND sms.exemption = 'opt_out_confirmation'
               AND (sms.consent_event_id = event.id
                    OR sms.number = answer.number
                   AND sms.create_date
                       BETWEEN event.recorded_at - %(near)s::interval
                           AND event.recorded_at + %(near)s::interval)
             WHERE event.id = ANY(%(ids)s) AND event.event = %(revoked)s
          ORDER BY sms.id,
                   greatest(
                       abs(extract(epoch FROM sms.create_date - event.recorded_at)), 1
                   ),
                   event.id
        """
        opt_outs = {"ids": list(event_ids), "revoked": consent.REVOKED}
        rows = self.env.execute_query(SQL(query, near=CONFIRMATION_WINDOW, **opt_outs))
        return {row[0]: row[1:] for row in reversed(rows)}

    def _get_openable(self, events):
        """Return the records behind events that the user may read, by model and id."""
        found = {}
        # A model is missing if its module was uninstalled.
        named = events.filtered(lambda it: it.res_id and it.res_model in self.env)
        for model_name, own in named.grouped("res_model").items():
            records = self.env[model_name].browse(set(own.mapped("res_id"))).exists()
            for record in records._filtered_access("read"):
                found[model_name, record.id] = record
        return found

    # === Entries ===

    def _tell_moment(self, moment, openable):
        """Return one entry of the history.

        :return: ``id``, ``time``, ``event`` (one of ``EVENTS``), ``sandbox`` (whether
            it counts only there), ``sentence``, ``details`` (further texts),
            ``wording`` and ``words`` (version and text, may be empty), ``links`` and
            ``seal`` (its place in the chain)
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

    def _get_details(self, moment):
        event = moment.event
        say_date = self.env["sms.consent.details"]._say_date
        details = []
        if event.sandbox:
            details.append(self.env._("Said in the sandbox: it counts there alone."))
        if event.recorded_at - event.happened_at > ENTERED_LATER:
            when = say_date(event.happened_at)
            signed = self.env._("It was signed on %s.", when)
            said = self.env._("It was said on %s.", when)
            details.append(signed if event.method == consent.PAPER else said)
        if event.note and event.method != "keyword":
            details.append(event.note)
        if moment.effect:
            details.append(self._say_effect(moment))
        if erased_at := event.evidence_id.erased_at:
            when = say_date(erased_at)
            details.append(self.env._("Name, words and scans were erased on %s.", when))
        return details

    def _say_effect(self, moment):
        """Return which opt-out it undid, or which one kept it from counting."""
        stop = moment.effect["undone"] or moment.effect["obstacle"]
        details = self.env["sms.consent.details"]
        how = details._get_labels("sms.consent.event", "method")[stop["method"]]
        when = details._say_date(evidence.parse_time(stop["happened_at"]))
        facts = {"when": when, "how": how}
        if moment.effect["undone"]:
            return self.env._(
                "It brought the number back: they had opted out on %(when)s (%(how)s).",
                **facts,
            )
        return self.env._(
            "It did not count: they had opted out on %(when)s (%(how)s).", **facts
        )

    def _get_links(self, moment, openable):
        """Return links with ``label``, and ``model`` and ``id`` or else ``url``."""
        event = moment.event
        links = []
        if record := openable.get((event.res_model, event.res_id)):
            label = self.env["ir.model"]._get(record._name).name
            if moment.text:
                label = self.env._("The text")
            links.append({"label": label, "model": record._name, "id": record.id})
        if self.env["sms.consent.evidence"].has_access("read"):
            scans = event.evidence_id.attachment_ids
            links += [{"label": s.name, "url": f"/web/content/{s.id}"} for s in scans]
        return links

    def _get_seal(self, moment):
        numbers = [event.sequence for event in moment.events if event.sequence]
        if len(numbers) < len(moment.events):
            return self.env._("Not yet sealed")
        first, last = min(numbers), max(numbers)
        span = f"{first}" if first == last else f"{first}–{last}"
        return self.env._("No. %s", span)

    # === Sentences ===

    def _say(self, moment):
        sentences = SENTENCES[moment.event.event]
        sentence = self.env._(sentences.get(self._get_way(moment), sentences[ANY]))
        return sentence % self._get_facts(moment) + self._say_how_confirmed(moment)

    def _get_way(self, moment):
        """Return the key of :data:`SENTENCES` for how an event came."""
        event = moment.event
        if event.res_model == "sms.consent.review":
            return REVIEWED
        if event.method == consent.PAPER and event.evidence_id.witness:
            return WITNESSED
        is_return = event.event == consent.RESTORED and event.method == "keyword"
        return ALL_BACK if is_return and self._is_for_all(moment) else event.method

    def _get_facts(self, moment):
        event = moment.event
        methods = self.env["sms.consent.details"]._get_labels(event._name, "method")
        who = event.name or moment.text.partner_id.name or self.env._("The person")
        purposes = moment.events.purpose_id.sorted().mapped("name")
        words = " ".join((moment.text.body or event.note or "").split())
        if len(words) > QUOTE_LIMIT:
            words = words[: QUOTE_LIMIT - 1] + "…"
        facts = {
            "who": who,
            "user": event.user_id.name,
            "purposes": (
                format_list(self.env, purposes) if purposes else self.env._("all texts")
            ),
            "words": f"“{words}”" if words else self.env._("a text"),
            "how": methods.get(event.method, ""),
            "witness": event.evidence_id.witness or "",
        }
        facts["end"] = self.env._("no more texts about %(purposes)s.", **facts)
        if self._is_for_all(moment):
            facts["end"] = self.env._("no more texts of any kind.")
        return facts

    def _is_for_all(self, moment):
        return any(not event.purpose_id for event in moment.events)

    def _say_how_confirmed(self, moment):
        """Return a sentence on how long an opt-out's confirmation took, if any."""
        sms = moment.confirmation
        if not sms:
            return ""
        if not sms.sent_at:
            return " " + self.env._("The confirmation was not sent.")
        seconds = round((sms.sent_at - moment.event.recorded_at).total_seconds())
        return " " + self.env._("Confirmed after %s s.", max(0, seconds))
