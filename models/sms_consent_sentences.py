# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.tools import format_list

from ..tools import consent

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


class SmsConsentStory(models.AbstractModel):
    """The sentences of the story: one method for each kind of event."""

    _inherit = "sms.consent.story"

    @api.model
    def _say(self, moment):
        """Return the sentence for a moment, and how an opt-out was confirmed."""
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
        """Return the purposes of a moment as a list for people."""
        names = moment.events.purpose_id.sorted().mapped("name")
        return format_list(self.env, names) if names else self.env._("all texts")

    @api.model
    def _quote(self, words):
        """Return a person's words for a sentence, on one line and not too long."""
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
