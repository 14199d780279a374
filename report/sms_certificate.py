# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import pytz
from babel.dates import format_datetime

from odoo import models
from odoo.exceptions import AccessError
from odoo.tools.misc import babel_locale_parse

from ..models.consent.sms_consent_details import ENTERED_METHODS
from ..models.core.moments import get_spoken_lang
from ..models.privacy.sms_evidence_packet import Facts
from ..tools import consent, evidence

#: Most rows of a table that are printed; the JSON has all of them.
PRINTED_ROWS = 200

#: Methods of events that a user enters; other events have a system user.
ENTERED_BY_PEOPLE = (*ENTERED_METHODS, "erasure")


class SmsCertificate(models.AbstractModel):
    """The certificate of a person's consent.

    It shows what ``sms.evidence`` has gathered, without adding facts. Words of others
    are printed without characters that could make them look like words of the document.
    """

    _name = "report.helpdesk_mgmt_sms.sms_certificate"
    _description = "Certificate of Text Message Consent"

    def _get_report_values(self, docids, data=None):
        """Return the values of the template.

        :param dict data: ``facts`` (see :meth:`SmsEvidence._gather`) and ``digest``
            (of their JSON)
        :raises AccessError: if the facts do not come from the ledger
        """
        facts = (data or {}).get("facts")
        if not isinstance(facts, Facts):
            # Otherwise anybody could print a certificate of invented facts.
            message = self.env._("A certificate is made from the ledger alone.")
            raise AccessError(message)
        events = facts["events"]
        wordings = self._get_shown_wordings(facts)
        return {
            "facts": facts,
            "digest": data["digest"],
            "company": self.env["res.company"].browse(facts["company_id"]).sudo(),
            "labels": self.env["sms.evidence"]._get_labels(),
            "summary": self._get_summary(facts),
            "made": self.env._(
                "%(date)s, by %(user)s",
                date=self._when(facts["made_at"]),
                user=facts["made_by"],
            ),
            "erased_on": max((e["erased_at"] or "" for e in events), default=""),
            "shown_wordings": wordings,
            "story": self._get_story(events, wordings),
            "links": {e["content"]["event_id"]: e["sequence"] for e in events},
            "say": self._get_sentences(),
            "all_purposes": self.env._("All text messages"),
            "erased_text": self.env._("(the text was erased)"),
            "no_text": self.env._("(no text on record)"),
            "no_answer": self.env._("no answer was imported"),
            "purposes": {it["purpose"]: it["purpose_name"] for it in facts["answers"]},
            "tail": lambda rows: rows[-PRINTED_ROWS:],
            "rest": self._say_rest,
            "when": self._when,
            "span": self._span,
            "words": evidence.printable,
            "zone": self._get_zone(),
        }

    def _get_story(self, events, wordings):
        """Return the events for display; those of one statement are one entry."""
        groups = {}
        for event in events:
            kind, is_sealed = event["content"]["event"], bool(event["sequence"])
            key = (event["evidence_id"], kind, is_sealed, self._say_effect(event))
            groups.setdefault(key, []).append(event)
        letters = {
            event_id: wording["letter"]
            for wording in wordings
            for event_id in wording["event_ids"]
        }
        return [
            {
                "event": group[0],
                "links": evidence.say_ranges([e["sequence"] for e in group]),
                "purposes": ", ".join(
                    e["shown"]["purpose"] or self.env._("All text messages")
                    for e in group
                ),
                "how": self._say_how(group[0]),
                "is_late": self._is_late(group[0]["content"]),
                "effect": key[-1],
                "wording": letters.get(group[0]["content"]["event_id"]),
            }
            for key, group in groups.items()
        ]

    def _say_effect(self, event):
        """Return how an event undid an opt-out, or why it did not count."""
        effect = event["effect"]
        if not effect:
            return ""
        stop = effect["undone"] or effect["obstacle"]
        opt_out = {
            "since": self._when(stop["happened_at"]),
            "by": self._get_methods()[stop["method"]],
        }
        if effect["obstacle"]:
            return self.env._(
                "Did not count: they had opted out on %(since)s (%(by)s).", **opt_out
            )
        return self._say_return(event, opt_out)

    def _say_return(self, event, opt_out):
        """Return when, how and by whom an opt-out was undone, and which one."""
        method = event["content"]["method"]
        facts = {
            "date": self._when(event["content"]["happened_at"]),
            "words": " ".join(((event["evidence"] or {}).get("note") or "").split()),
            "user": event["shown"]["user"],
            "scan": ", ".join(scan["name"] for scan in event["files"]) or "–",
            "how": self._get_methods()[method],
            **opt_out,
        }
        entered = self.env._(
            "Brought back on %(date)s by what %(user)s entered (%(how)s); they had "
            "opted out on %(since)s (%(by)s)."
        )
        sentences = {
            consent.TEXT: self.env._(
                "Brought back on %(date)s by the person's own text %(words)s; they had "
                "opted out on %(since)s (%(by)s)."
            ),
            consent.PAGE: self.env._(
                "Brought back on %(date)s by the person on a web page; they had opted "
                "out on %(since)s (%(by)s)."
            ),
            consent.PAPER: self.env._(
                "Brought back by a signed form dated %(date)s, entered by %(user)s, "
                "scan %(scan)s; they had opted out on %(since)s (%(by)s)."
            ),
        }
        return sentences.get(method, entered) % facts

    def _get_methods(self):
        labels = self.env["sms.consent.details"]._get_labels
        return labels("sms.consent.event", "method")

    def _say_how(self, event):
        method = event["content"]["method"]
        label, user = self._get_methods()[method], event["shown"]["user"]
        if method not in ENTERED_BY_PEOPLE:
            return label
        return self.env._("%(method)s, entered by %(user)s", method=label, user=user)

    def _get_sentences(self):
        """Return the sentences with placeholders in the document, by name."""
        return {
            "lead": self.env._(
                "This document states what the consent ledger of %s holds about the "
                "number below: what was agreed to and ended, in which words, and what "
                "was sent."
            ),
            "changed": self.env._(
                "Events that are not what was sealed when they were recorded: %s. This "
                "record was changed from outside."
            ),
            "erased": self.env._("(personal data erased on %s)"),
            "zone": self.env._("All times in this document are of the zone %s."),
            "unsealed": self.env._("not sealed yet"),
            "recorded": self.env._("recorded %s"),
            "wording": self.env._("Wording %s, see section 2"),
            "sent_after": self.env._("sent after %s"),
            "made": self.env._("not handed over; made %s"),
            "under_link": self.env._("under link %s"),
            "end": self.env._("The chain ended at link %s when this was made:"),
            "verified": self.env._(
                "The whole chain was last verified on %(date)s up to link %(link)s. "
                "Result: %(result)s."
            ),
            "signature": self.env._("Signature of the custodian of records (%s)"),
        }

    @staticmethod
    def _is_late(content):
        times = (content["happened_at"], content["recorded_at"])
        said, recorded = map(evidence.parse_time, times)
        return (recorded - said).total_seconds() > 60

    def _get_zone(self):
        return self.env.user.tz or "UTC"

    def _when(self, text):
        """Return a time of the JSON in the user's language and zone, or empty.

        With the month as a word, since 07/06 is ambiguous.
        """
        moment = evidence.parse_time(text)
        if not moment:
            return ""
        locale = babel_locale_parse(get_spoken_lang(self.env))
        moment = pytz.utc.localize(moment)
        zone = pytz.timezone(self._get_zone())
        return format_datetime(moment, "medium", zone, locale)

    def _span(self, seconds):
        """Return a number of seconds in words, such as ``4 s``."""
        parts = evidence.split_seconds(seconds)
        return " ".join(f"{count} {unit}" for count, unit in parts)

    def _say_rest(self, rows):
        """Return how many rows of a table are printed, empty if all of them are."""
        if len(rows) <= PRINTED_ROWS:
            return ""
        return self.env._(
            "The last %(shown)s of %(all)s; the rest is in the data.",
            shown=PRINTED_ROWS,
            all=len(rows),
        )

    def _get_summary(self, facts):
        sentences = []
        for number in facts["person"]["numbers"]:
            states = {consent.OPTED_IN: [], consent.PENDING: [], consent.OPTED_OUT: []}
            for row in facts["answers"]:
                if row["number_hash"] == number["number_hash"]:
                    states.get(row["state"], []).append(row["purpose_name"])
            sentences += self._say_states(number["number"], states)
        return sentences

    def _say_states(self, number, states):
        number = number or self.env._("The erased number")
        sentences = {
            consent.OPTED_IN: self.env._(
                "%(number)s may be sent text messages about: %(purposes)s."
            ),
            consent.PENDING: self.env._(
                "%(number)s was asked and has not confirmed yet: %(purposes)s."
            ),
            consent.OPTED_OUT: self.env._("%(number)s has opted out of: %(purposes)s."),
        }
        return [
            sentence % {"number": number, "purposes": ", ".join(states[state])}
            for state, sentence in sentences.items()
            if states[state]
        ] or [self.env._("%s has no consent on record.", number)]

    # === Wordings ===

    def _get_shown_wordings(self, facts):
        """Return the distinct wordings that were shown, each with a letter.

        Erased wordings are replaced by the published versions that the events refer to.
        """
        versions = {wording["digest"]: wording for wording in facts["wordings"]}
        found = {}
        for event in facts["events"]:
            version = versions.get(event["content"]["wording_digest"])
            shown = (event["evidence"] or {}).get("wording")
            text = shown or (version and version["body"])
            if not text:
                continue
            entry = found.setdefault(
                text, {"text": text, "is_template": not shown, "events": [], "used": {}}
            )
            entry["events"].append(event)
            if version:
                entry["used"][version["digest"]] = version
        return [
            {
                "letter": evidence.say_letter(index),
                "title": self.env._("Wording %s", evidence.say_letter(index)),
                "origin": self._say_origin(entry),
                "text": entry["text"],
                "event_ids": [e["content"]["event_id"] for e in entry["events"]],
                "digests": list(entry["used"]),
            }
            for index, entry in enumerate(found.values())
        ]

    def _say_origin(self, entry):
        parts = [
            self.env._(
                "%(purpose)s (%(lang)s, version %(version)s)",
                purpose=wording["purpose_name"],
                lang=wording["lang"],
                version=wording["version"],
            )
            for wording in entry["used"].values()
        ]
        if links := evidence.say_ranges([e["sequence"] for e in entry["events"]]):
            parts.append(self.env._("link %s", links))
        if entry["is_template"]:
            words = self.env._("the published text; the words as shown were erased")
            parts.append(words)
        return "; ".join(parts)
