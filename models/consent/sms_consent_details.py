# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from ...tools import consent, phone, verdicts
from ...tools.consent import QUESTION_LIFE
from ..core.moments import say_moment
from ..ledger.sms_consent_key import ConsentKeyError

#: Methods by which a colleague or another system entered the statement.
ENTERED_METHODS = ("paper", "in_person", "phone", "written")
ENTERED_METHODS += ("import", "api", "blacklist")
#: Kinds of the offered button: record a statement, or review a doubtful text.
RECORD, REVIEW = ("record", "review")


class SmsConsentDetails(models.AbstractModel):
    """Explains in plain words why a number may be texted or not, and what to do.

    Shown in the popover of the consent badge. The caller must check that the user may
    read the record with the number.
    """

    _name = "sms.consent.details"
    _description = "Consent of a Number in Plain Words"

    def _explain(self, company, number, typed, purpose):
        """Explain the consent of a number; further purposes take no more queries.

        :param number: E.164, or False
        :param typed: the number as it was typed
        :param purpose: ``sms.purpose`` that the record is about, empty for any
        :return: overall ``state`` and ``label``, ``number`` (as people write it),
            ``purposes`` (see :meth:`_explain_purpose`), ``advice`` and ``button`` (the
            one thing to do, see :meth:`_advise`)
        """
        company = company or self.env.company
        found, problem = self._find(company, number, typed)
        purposes_sudo = self._get_purposes(found, purpose)
        get_answer = self.env["sms.consent"]._get_answer
        answers = {it: get_answer(found, it.id) for it in purposes_sudo}
        event_ids = [it.event_id for it in answers.values() if it.event_id]
        events_sudo = self.env["sms.consent.event"].sudo().browse(event_ids)
        said = {event.id: event for event in events_sudo}
        about = [answers[it] for it in purpose.sudo() or purposes_sudo]
        state = consent.summarize(about)
        # The newest event that leads to the overall state.
        event_id = max((it.event_id for it in about if it.state == state), default=0)
        number_shown = number and self.env["res.partner"]._phone_format(
            number=number, force_format="INTERNATIONAL"
        )
        return {
            "state": state,
            "label": self._get_labels("sms.consent", "state")[state],
            "number": number_shown or typed or "",
            "purposes": [
                self._explain_purpose(*item, said, purpose)
                for item in answers.items()
                if problem in ("", verdicts.UNDER_REVIEW)
            ],
            **self._advise(company, state, problem, said.get(event_id)),
            **self._advise_bound(company, number, state, purpose),
        }

    def _find(self, company, number, typed):
        """Return a number's answers, and why the gate blocks texts to it, or empty."""
        if not number:
            refusal = phone.find_refusal(typed) if typed else verdicts.NO_NUMBER
            return {}, refusal or verdicts.BAD_NUMBER
        key = (company.id, number)
        try:
            known = self.env["sms.consent"].sudo()._get_known([company.id], [number])
        except ConsentKeyError:
            return {}, verdicts.LEDGER_UNREADABLE
        is_reviewed = key in known.reviewed
        return known.answers[key], verdicts.UNDER_REVIEW if is_reviewed else ""

    def _get_purposes(self, found, purpose):
        """Return the purposes to show.

        The record's own first, then those for customers, then others that the number's
        owner has made a statement about.
        """
        purposes_sudo = self.env["sms.purpose"].sudo()
        answered = purposes_sudo.browse(filter(None, found))
        return purpose.sudo() | purposes_sudo._get_for_customers() | answered

    # === One purpose ===

    def _explain_purpose(self, purpose_sudo, answer, said, main):
        """Return what is known about one purpose.

        :return: ``id``, ``name``, ``state``, ``label``, ``is_main`` (what the record is
            about), ``facts`` (since when, how, by whom, as texts), ``wording`` (the
            version, may be empty) and ``words`` (its text, may be empty)
        """
        event = said.get(answer.event_id)
        facts = self._get_facts(answer, event)
        if event and answer.state == consent.OPTED_IN:
            facts += filter(None, [purpose_sudo._find_proof_fault(event.method)])
        return {
            "id": purpose_sudo.id,
            "name": purpose_sudo.name,
            "state": answer.state,
            "label": self._get_labels("sms.consent", "state")[answer.state],
            "is_main": purpose_sudo.id == main.id,
            "facts": facts,
            "wording": self._get_wording(event),
            "words": event and event.wording or "",
        }

    def _get_facts(self, answer, event):
        """Return since when an answer stands, how it was given and who entered it."""
        if not event:
            return [self.env._("Nothing has been said yet")]
        when = self._say_date(event.happened_at)
        since = {
            consent.NONE: self.env._("Ended on %s", when),
            consent.PENDING: self.env._("Asked on %s", when),
        }.get(answer.state) or self.env._("Since %s", when)
        facts = [since, self._get_labels("sms.consent.event", "method")[event.method]]
        if event.method in ENTERED_METHODS:
            facts.append(self.env._("Entered by %s", event.user_id.name))
        if event.erased_at:
            facts.append(self.env._("The evidence was erased"))
        return facts

    def _get_wording(self, event):
        if not event or not event.wording:
            return ""
        if event.wording_id:
            return event.wording_id.display_name
        if event.method == "keyword":
            return self.env._("as it was asked by text")
        return self.env._("as it was entered by hand")

    def _get_labels(self, model_name, field_name):
        field = self.env[model_name]._fields[field_name]
        return dict(field._description_selection(self.env))

    def _say_date(self, moment):
        return say_moment(self.env, moment, lasting=True)

    # === Advice ===

    def _advise(self, company, state, problem, event):
        """Return the one thing that the user may do.

        :param str problem: one of the gate's reasons, or empty
        :param event: the event that the state is based on, in sudo, or None
        :return: ``advice`` in words, and ``button``: False, or ``kind``
            (:data:`RECORD`, :data:`REVIEW`), ``label`` and ``context``
        """
        if problem == verdicts.UNDER_REVIEW and state != consent.OPTED_OUT:
            return self._advise_review()
        if problem and problem != verdicts.UNDER_REVIEW:
            labels = self._get_labels("sms.sms", "gate_reason")
            return {"advice": labels[problem], "button": False}
        label, context = self.env._("Record consent"), {}
        if state == consent.PENDING:
            advice = self.env._(
                "They were asked on %(asked)s. Wait for their YES; ask again after "
                "%(expiry)s.",
                asked=self._say_date(event.happened_at),
                expiry=self._say_date(event.happened_at + QUESTION_LIFE),
            )
            return {"advice": advice, "button": False}
        if state == consent.OPTED_IN:
            advice = self.env._("If they want no more texts, record it.")
            label = self.env._("Record an opt-out")
            context = {"default_decision": consent.REVOKED}
        elif state == consent.OPTED_OUT:
            advice = self.env._("If they agree again, record it.")
        elif company.sudo().sms_consent_policy == consent.POLICY_OPT_OUT:
            advice = self.env._(
                "Texts may be sent all the same: this company texts everyone who has "
                "not opted out."
            )
        else:
            advice = self.env._("Ask the person, and record what they say.")
        may_record = self.env.user.has_group("helpdesk_mgmt.group_helpdesk_user_own")
        if not may_record or company not in self.env.companies:
            return {"advice": advice, "button": False}
        button = {"kind": RECORD, "label": label, "context": context}
        return {"advice": advice, "button": button}

    def _advise_review(self):
        """Point to the review queue, with a button for users who may decide."""
        may_decide = self.env["sms.consent.review"].has_access("write")
        advice = self.env._(
            "Their last text may be an opt-out. Until someone has reviewed it, only "
            "replies to their own texts are sent."
        )
        if not may_decide:
            advice += " " + self.env._("A manager or compliance officer must decide.")
        label = self.env._("Open the review queue")
        button = {"kind": REVIEW, "label": label, "context": {}}
        return {"advice": advice, "button": may_decide and button}

    def _advise_bound(self, company, number, state, purpose):
        """Return the advice to show instead if only the person can undo an opt-out.

        There may be two opt-outs: one that an agent recorded later cannot be undone by
        an agent if the person has texted STOP before.
        """
        if state != consent.OPTED_OUT or not number:
            return {}
        said = consent.Said(consent.GRANTED, "", fields.Datetime.now())
        consents = self.env["sms.consent"]
        obstacle = consents._find_obstacle(company, number, said, purpose)
        if not (obstacle and obstacle.is_own):
            return {}
        return {"advice": self._tell_way_back(obstacle), "button": False}

    def _tell_way_back(self, obstacle, number=None):
        """Return when and how somebody opted out, and what undoes it.

        :param obstacle: :class:`sms_consent.Obstacle`
        :param str number: E.164, named if given
        """
        event = obstacle.event
        facts = {
            "number": number,
            "when": self._say_date(event.happened_at),
            "how": self._get_labels("sms.consent.event", "method")[event.method],
        }
        said = self.env._("Opted out on %(when)s (%(how)s).", **facts)
        if number:
            said = self.env._("%(number)s opted out on %(when)s (%(how)s).", **facts)
        if not obstacle.is_own:
            way_back = self.env._("If they agree again, record it.")
        elif obstacle.by_start:
            way_back = self.env._(
                "Only they can undo it: by texting START, on their preference page, or "
                "by a signed form dated later."
            )
        else:
            way_back = self.env._(
                "Only they can undo it: on their preference page, by texting a joining "
                "keyword, or by a signed form dated later."
            )
        return f"{said} {way_back}"
