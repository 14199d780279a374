# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ..tools import consent, exemptions
from . import sms_reply

#: How long the question to confirm joining may be answered.
QUESTION_LIFE = timedelta(days=7)

#: A number that somebody typed on a page is asked at most once in this time.
QUESTION_PAUSE = timedelta(days=1)


class SmsOptIn(models.AbstractModel):
    """The double opt-in: a number is asked by text, and answers YES or does not.

    Needed where a joining is no proof of whose the number is: a page on which anybody
    can type any number. A joining keyword is asked in the same words.
    """

    _name = "sms.opt.in"
    _description = "Double Opt-in"

    @api.model
    def _ask(self, company, number, purposes, method, partner, **facts):
        """Enter the request and queue the question to which YES is the answer.

        :param company: ``res.company``
        :param str number: E.164
        :param purposes: ``sms.purpose``, what the person would join
        :param str method: how it was requested, as in the ledger
        :param partner: ``res.partner`` of the number, may be empty
        :param facts: the evidence; ``wording`` is the question unless given
        """
        reply = self.env["sms.reply"]
        question = reply._render_for(
            sms_reply.JOIN_QUESTION, company, partner, purposes
        )
        self.env["sms.consent.event"]._record(
            company,
            number,
            consent.REQUESTED,
            method,
            purposes,
            **{"wording": question, **facts},
        )
        reply._queue(
            sms_reply.JOIN_QUESTION,
            company,
            number,
            partner,
            "opt_in_question",
            purposes,
        )
        self._plan_reminder(company, number, purposes, partner)

    @api.model
    def _plan_reminder(self, company, number, purposes, partner):
        """Queue the question a second time, if the company reminds at all.

        The gate lets it leave only if the question is still open by then. Whoever asks
        anew by texting the keyword again is reminded of the new question alone.
        """
        hours = company.sudo().sms_opt_in_reminder_hours
        self.env["sms.sms"].sudo().search(
            [
                ("record_company_id", "=", company.id),
                ("number", "=", number),
                ("state", "=", "outgoing"),
                ("exemption", "=", exemptions.REMINDER),
            ]
        ).action_set_canceled()
        if not hours:
            return
        now = fields.Datetime.now()
        self.env["sms.reply"]._queue(
            sms_reply.JOIN_QUESTION,
            company,
            number,
            partner,
            exemptions.REMINDER,
            purposes,
            # The least urgent: an alert would keep no quiet hours.
            purpose_id=purposes.sorted("sequence")[-1:].id,
            send_at=now + timedelta(hours=hours),
            expires_at=now + QUESTION_LIFE,
        )

    @api.model
    def _ask_on_web(self, company, number, purposes, **facts):
        """Ask a number that somebody has typed on a page, if it may be asked.

        It may not when it has opted out (START is its owner's to text), has been asked
        within a day, or has nothing left to join. Nobody is told which: the page must
        not say what is known of a number.

        :param facts: as for :meth:`_ask`
        :return: whether the question was put
        :rtype: bool
        """
        wanted = self._get_wanted(company, number, purposes)
        if not wanted or not self.env["sms.line"]._try(company, number):
            return False
        if self._was_asked(company, number):
            return False
        partner = self.env["res.partner"]._find_by_sms_number(company, number)
        self._ask(company, number, wanted, "web", partner, **facts)
        return True

    @api.model
    def _get_wanted(self, company, number, purposes):
        """Return those purposes that a number may be asked for by text."""
        found = self.env["sms.consent"]._get_found(company, number)
        if any(answer.state == consent.OPTED_OUT for answer in found.values()):
            return purposes.browse()
        get_answer = self.env["sms.consent"]._get_answer
        unproven = self.env["sms.consent"]._find_unproven(company, number)
        return purposes.filtered(
            lambda purpose: (
                purpose.accepts_text
                and (
                    purpose in unproven
                    or get_answer(found, purpose.id).state != consent.OPTED_IN
                )
            )
        )

    @api.model
    def _was_asked(self, company, number):
        """Tell if a number has been asked lately, in whatever way."""
        ledger = self.env["sms.consent.event"].sudo()
        since = fields.Datetime.now() - QUESTION_PAUSE
        domain = ledger._number_domain(company, number)
        domain &= Domain("event", "=", consent.REQUESTED)
        domain &= Domain("recorded_at", ">", since)
        return bool(ledger.search_count(domain, limit=1))
