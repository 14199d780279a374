# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..tools import consent, verdicts
from ..tools.consent import QUESTION_LIFE

#: What may be offered to who looks at an answer: to record, or to read a doubtful text.
RECORD, REVIEW = ("record", "review")


class SmsConsentDetails(models.AbstractModel):
    """The one thing that who looks at a number's consent may do about it."""

    _inherit = "sms.consent.details"

    @api.model
    def _get_main(self, answers, purpose_sudo, state, said):
        """Return the event to speak of: that of the record's purpose, else the newest
        that is in the state of the whole.
        """
        ids = [
            answer.event_id
            for key, answer in answers.items()
            if answer.state == state and key in (purpose_sudo or key)
        ]
        return said.get(max(ids, default=0))

    @api.model
    def _advise(self, company, state, problem, event):
        """Return the one thing that this reader may do.

        :param str problem: one of the gate's reasons, or empty
        :param event: the :class:`Said` that the state rests on, or None
        :return: ``advice`` in words, and ``button``: False, or ``kind``
            (:data:`RECORD`, :data:`REVIEW`), ``label`` and ``context``
        :rtype: dict
        """
        if problem == verdicts.UNDER_REVIEW and state != consent.OPTED_OUT:
            return self._advise_review()
        if problem and problem != verdicts.UNDER_REVIEW:
            labels = self._get_labels("sms.sms", "gate_reason")
            return {"advice": labels[problem], "button": False}
        advise = {
            consent.OPTED_IN: self._advise_opted_in,
            consent.PENDING: self._advise_pending,
            consent.OPTED_OUT: self._advise_opted_out,
            consent.NONE: self._advise_none,
        }[state]
        return advise(company, event)

    @api.model
    def _advise_review(self):
        """Send who may decide to the review queue."""
        may_decide = self.env["sms.consent.review"].has_access("write")
        advice = self.env._(
            "Their last text may be an opt-out. Until somebody has read it, only "
            "answers to their own texts are sent."
        )
        if not may_decide:
            advice += " " + self.env._("A manager or compliance officer decides it.")
        label = self.env._("Open the review queue")
        button = {"kind": REVIEW, "label": label, "context": {}}
        return {"advice": advice, "button": may_decide and button}

    @api.model
    def _advise_opted_in(self, company, event):
        return {
            "advice": self.env._("When they want no more texts, record it."),
            "button": self._offer_record(
                company,
                self.env._("Record an opt-out"),
                default_decision=consent.REVOKED,
            ),
        }

    @api.model
    def _advise_pending(self, company, event):
        advice = self.env._(
            "They were asked on %(asked)s. Wait for their YES; ask again after "
            "%(expiry)s.",
            asked=self._format_time(event.happened_at),
            expiry=self._format_time(event.happened_at + QUESTION_LIFE),
        )
        return {"advice": advice, "button": False}

    @api.model
    def _advise_opted_out(self, company, event):
        """Name the ways back; what we were told can be told us anew.

        See :meth:`_advise_bound` for those who have opted out themselves.
        """
        return {
            "advice": self.env._("When they agree anew, record it."),
            "button": self._offer_record(company, self.env._("Record consent")),
        }

    @api.model
    def _advise_bound(self, company, number, state, purpose):
        """Return what is to be said instead where only the person can undo it.

        The no that the answer rests on may be the later of two: what an agent was told
        is not undone by another agent's word where the person has texted STOP before.

        :param purpose: ``sms.purpose`` that the record is about, empty for any
        """
        if state != consent.OPTED_OUT or not number:
            return {}
        consents = self.env["sms.consent"]
        said = consent.Said(consent.GRANTED, "", fields.Datetime.now())
        obstacle = consents._find_obstacle(company, number, said, purpose)
        if not (obstacle and obstacle.is_own):
            return {}
        return {"advice": self._tell_way_back(obstacle), "button": False}

    @api.model
    def _tell_way_back(self, obstacle, number=None):
        """Return when and how somebody has opted out, and what undoes it.

        :param obstacle: :class:`sms_consent.Obstacle`
        :param str number: E.164, named if given
        :rtype: str
        """
        facts = {
            "number": number,
            "when": self._format_time(obstacle.event.happened_at),
            "how": self._get_labels("sms.consent.event", "method")[
                obstacle.event.method
            ],
        }
        opted_out = (
            self.env._("%(number)s opted out on %(when)s (%(how)s).", **facts)
            if number
            else self.env._("Opted out on %(when)s (%(how)s).", **facts)
        )
        return f"{opted_out} {self._get_way_back(obstacle)}"

    @api.model
    def _get_way_back(self, obstacle):
        """Return what undoes an opt-out."""
        if not obstacle.is_own:
            return self.env._("When they agree anew, record it.")
        if obstacle.by_start:
            return self.env._(
                "Only they can undo it: by texting START, on their preference page, or "
                "by a signed form dated later."
            )
        return self.env._(
            "Only they can undo it: on their preference page, by texting a joining "
            "keyword, or by a signed form dated later."
        )

    @api.model
    def _advise_none(self, company, event):
        advice = self.env._("Ask the person, and record what they say.")
        if company.sudo().sms_consent_policy == consent.POLICY_OPT_OUT:
            advice = self.env._(
                "Texts may leave all the same: this company texts everybody who has "
                "not opted out."
            )
        button = self._offer_record(company, self.env._("Record consent"))
        return {"advice": advice, "button": button}

    @api.model
    def _offer_record(self, company, label, **context):
        """Return the button that opens the form to record, for who may."""
        may_record = self.env.user.has_group("helpdesk_mgmt.group_helpdesk_user_own")
        if not may_record or company not in self.env.companies:
            return False
        return {"kind": RECORD, "label": label, "context": context}
