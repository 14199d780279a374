# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ...tools import consent, exemptions, reply_codes


class SmsOptIn(models.AbstractModel):
    """The double opt-in: a number is asked by text, and joins by answering YES.

    Needed where a joining is no proof of whose the number is: a page on which anybody
    can type any number. A joining keyword is asked in the same words.
    """

    _name = "sms.opt.in"
    _description = "Double Opt-in"

    @api.model
    def _ask(self, company, number, purposes, method, partner, lang=None, **facts):
        """Enter the request and queue the question to which YES is the answer.

        :param purposes: ``sms.purpose``, what the person would join
        :param str lang: code of the language; default: that of who is asked
        :param facts: the evidence; ``wording`` is the question unless given
        """
        reply, code = self.env["sms.reply"], reply_codes.JOIN_QUESTION
        lang = lang or company._find_sms_lang(partner.lang, number)
        question = reply._render_for(code, company, lang, purposes)
        facts = {"wording": question, **facts}
        record = self.env["sms.consent.event"]._record
        asked = record(company, number, consent.REQUESTED, method, purposes, **facts)
        reply._queue(code, company, number, partner, "opt_in_question", purposes, lang)
        # A number that has not texted us itself is asked once.
        if method == "keyword":
            self._plan_reminder(company, number, purposes, partner, lang)
        return asked

    @api.model
    def _plan_reminder(self, company, number, purposes, partner, lang):
        """Queue the question a second time, if the company reminds at all.

        The gate lets it leave only if the question is still open by then. Whoever asks
        anew by texting the keyword again is reminded of the new question alone.
        """
        waiting = Domain("record_company_id", "=", company.id)
        waiting &= Domain("number", "=", number) & Domain("state", "=", "outgoing")
        waiting &= Domain("exemption", "=", exemptions.REMINDER)
        self.env["sms.sms"].sudo().search(waiting).action_set_canceled()
        hours = company.sudo().sms_opt_in_reminder_hours
        if not hours:
            return
        now = fields.Datetime.now()
        self.env["sms.reply"]._queue(
            reply_codes.JOIN_QUESTION,
            company,
            number,
            partner,
            exemptions.REMINDER,
            purposes,
            lang,
            # The least urgent: an alert would keep no quiet hours.
            purpose_id=purposes.sorted("sequence")[-1:].id,
            send_at=now + timedelta(hours=hours),
            expires_at=now + consent.QUESTION_LIFE,
        )

    @api.model
    def _ask_on_web(self, company, number, purposes, is_login=False, **facts):
        """Ask a number that somebody has typed on a page, if it may be asked.

        It may not when it has opted out (START is its owner's to text), has been asked
        too often (:mod:`tools.consent`), or has nothing left to join. Nobody is told
        which: the page must not say what is known of a number.

        :return: the events that ask, empty if the question was not put
        """
        wanted = self._get_wanted(company, number, purposes, is_login)
        if not wanted or not self.env["sms.number.lock"]._try_acquire(company, number):
            return self.env["sms.consent.event"]
        # Of two that ask at once the later one starts over, and finds the first.
        self.env["sms.rate.limit"]._is_over("questions", f"{company.id}:{number}")
        if not self._may_ask(company, number):
            return self.env["sms.consent.event"]
        partner = self.env["sms.number.claim"]._find_contact(company, number)
        # Who is no contact has read the page in the language of its words.
        shown = facts.get("wordings") or self.env["sms.wording"]
        lang = company._pick_sms_lang(partner.lang, shown[:1].lang, number=number)
        return self._ask(company, number, wanted, "web", partner, lang, **facts)

    @api.model
    def _get_wanted(self, company, number, purposes, is_login):
        """Return those purposes that a number may be asked for by text."""
        purposes = purposes.filtered("accepts_text")
        found = self.env["sms.consent"]._get_found(company, number)
        stops = [it.event_id for it in found.values() if it.state == consent.OPTED_OUT]
        if is_login:
            # A number that was stopped by this login may come back by it.
            events = self.env["sms.consent.event"].browse(stops)
            is_stopped = any(event.user_id != self.env.user for event in events)
            return purposes.browse() if is_stopped else purposes
        if stops:
            return purposes.browse()
        get_answer = self.env["sms.consent"]._get_answer
        unproven = self.env["sms.consent"]._find_unproven(company, number)
        return purposes.filtered(
            lambda purpose: (
                purpose in unproven
                or get_answer(found, purpose.id).state != consent.OPTED_IN
            )
        )

    @api.model
    def _may_ask(self, company, number):
        """Tell if a number may be asked now, by what is in the ledger of it.

        Its owner has answered by a yes or a no, however it came, or by a joining word.
        """
        ledger = self.env["sms.consent.event"].sudo()
        newest, unanswered = None, {}
        events = ledger.search(ledger._number_domain(company, number), order="id")
        for event in events:
            is_question = event.event == consent.REQUESTED
            if is_question:
                newest = event.recorded_at
            if is_question and event.method == "web":
                unanswered[event.evidence_id.id] = event.recorded_at
            elif is_question or event.event in consent.STATEMENTS:
                unanswered.clear()
        now = fields.Datetime.now()
        start = consent.get_next_asking(newest, list(unanswered.values()))
        return start is None or now >= start
