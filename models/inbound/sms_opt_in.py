# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields, models
from odoo.fields import Domain

from ...tools import consent, exemptions, reply_codes


class SmsOptIn(models.AbstractModel):
    """The double opt-in: a number is asked by text, and joins by answering YES.

    Needed where joining does not prove whose number it is: on a page where anybody can
    type any number. A joining keyword is asked about in the same words.
    """

    _name = "sms.opt.in"
    _description = "Double Opt-in"

    def _ask(self, company, number, purposes, method, partner, lang=None, **facts):
        """Record the request and queue the question to which YES is the answer.

        :param purposes: ``sms.purpose``, what the person would join
        :param str lang: code of the language; default: the recipient's
        :param facts: the evidence; ``wording`` is the question unless given
        """
        reply, code = self.env["sms.reply"], reply_codes.JOIN_QUESTION
        lang = lang or company._find_sms_lang(partner.lang, number)
        facts = {"wording": reply._render_for(code, company, lang, purposes), **facts}
        record = self.env["sms.consent.event"]._record
        asked = record(company, number, consent.REQUESTED, method, purposes, **facts)
        reply._queue(code, company, number, partner, "opt_in_question", purposes, lang)
        # A number that has not texted us itself is asked once.
        if method == "keyword":
            self._plan_reminder(company, number, purposes, partner, lang)
        return asked

    def _plan_reminder(self, company, number, purposes, partner, lang):
        """Queue the question a second time, if the company sends reminders.

        The gate lets it leave only if the question is still open by then. A person who
        texts the keyword again is reminded of the new question only.
        """
        waiting = Domain("record_company_id", "=", company.id)
        waiting &= Domain("number", "=", number) & Domain("state", "=", "outgoing")
        waiting &= Domain("exemption", "=", exemptions.REMINDER)
        self.env["sms.sms"].sudo().search(waiting).action_set_canceled()
        hours = company.sudo().sms_opt_in_reminder_hours
        if not hours:
            return
        now = fields.Datetime.now()
        subject = (company, number, partner, exemptions.REMINDER, purposes, lang)
        self.env["sms.reply"]._queue(
            reply_codes.JOIN_QUESTION,
            *subject,
            # The least urgent: an alert would keep no quiet hours.
            purpose_id=purposes.sorted("sequence")[-1:].id,
            send_at=now + timedelta(hours=hours),
            expires_at=now + consent.QUESTION_LIFE,
        )

    def _ask_on_web(self, company, number, purposes, is_login=False, **facts):
        """Ask a number that somebody has typed on a page, if it may be asked.

        It may not if it has opted out (only its owner can text START), has been asked
        too often (:mod:`tools.consent`), or has nothing left to join. The page does not
        say which: it must not reveal what is known of a number.

        :return: the events that ask, empty if the question was not asked
        """
        wanted = self._get_wanted(company, number, purposes, is_login)
        if not wanted or not self.env["sms.number.lock"]._try_acquire(company, number):
            return self.env["sms.consent.event"]
        # Of two requests at once the later one starts over, and finds the first.
        self.env["sms.rate.limit"]._is_over("questions", f"{company.id}:{number}")
        if not self._may_ask(company, number):
            return self.env["sms.consent.event"]
        partner = self.env["sms.number.claim"]._find_contact(company, number)
        # Without a contact: the person has read the page in its wording's language.
        shown = facts.get("wordings") or self.env["sms.wording"]
        lang = company._pick_sms_lang(partner.lang, shown[:1].lang, number=number)
        return self._ask(company, number, wanted, "web", partner, lang, **facts)

    def _get_wanted(self, company, number, purposes, is_login):
        """Return those purposes that a number may be asked about by text."""
        purposes = purposes.filtered("accepts_text")
        found = self.env["sms.consent"]._get_found(company, number)
        stops = [it.event_id for it in found.values() if it.state == consent.OPTED_OUT]
        if is_login:
            # A number that this login has stopped may come back through it.
            events = self.env["sms.consent.event"].browse(stops)
            is_stopped = any(event.user_id != self.env.user for event in events)
            return purposes.browse() if is_stopped else purposes
        if stops:
            return purposes.browse()
        get_answer = self.env["sms.consent"]._get_answer
        unproven = self.env["sms.consent"]._find_unproven(company, number)
        joined = purposes.filtered(
            lambda it: get_answer(found, it.id).state == consent.OPTED_IN
        )
        return purposes - (joined - unproven)

    def _may_ask(self, company, number):
        """Return whether a number may be asked now, by its events in the ledger.

        An opt-in or opt-out, however it came, and a joining keyword count as answers.
        """
        ledger = self.env["sms.consent.event"].sudo()
        newest, unanswered = None, {}
        for event in ledger.search(ledger._number_domain(company, number), order="id"):
            is_question = event.event == consent.REQUESTED
            if is_question:
                newest = event.recorded_at
            if is_question and event.method == "web":
                unanswered[event.evidence_id.id] = event.recorded_at
            elif is_question or event.event in consent.STATEMENTS:
                unanswered.clear()
        start = consent.get_next_asking(newest, list(unanswered.values()))
        return start is None or fields.Datetime.now() >= start
