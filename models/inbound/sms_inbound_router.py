# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import re
from datetime import timedelta
from functools import partial
from itertools import filterfalse

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import ormcache

from ...tools import automatic, consent, keywords, phrases, replies, reply_codes, timing
from ..core.batch_jobs import contain
from ..dispatch.res_company import REAL
from ..ledger.sms_consent_event import IS_REAL, to_said
from .sms_consent_review import CONVERSATION, OPT_OUT
from .sms_inbound import AUTOMATIC

_logger = logging.getLogger(__name__)
#: The exemption of the text that confirms an opt-out.
CONFIRMATION = "opt_out_confirmation"
#: Answers that are sent however many a number has had.
UNCOUNTED = (CONFIRMATION, "opt_in_confirmation")
#: An opt-in repeated within this time is not recorded again. Without this pause a
#: machine that answers our answers would fill the ledger.
RENEWAL_PAUSE = timedelta(days=1)
_SENTENCE = re.compile(r"[^.!?？؟\n]+[.!?？؟]*")
#: Our last texts to a number that are read for the names that they use.
READ = 20
#: Texts that follow each other within this time are one answer.
SAME_ANSWER = timedelta(minutes=1)
#: These end everything, whatever a scope rule says about the others.
WORDS_FOR_ALL = frozenset(("STOPALL",))


class SmsInboundRouter(models.AbstractModel):
    """Interprets a received text, and acts on it.

    In this order: opt-out (before anything that can fail), help, start, the open
    questions to this number, the joining keywords, the customers' commands, an opt-out
    in the person's own words, else conversation.
    """

    _name = "sms.inbound.router"
    _description = "Text Message Router"

    def _route(self, inbound):
        """Interpret one new ``sms.inbound``."""
        if not inbound.number:
            inbound.kind = "unreadable"
            return
        action, word, keyword = self._find_action(inbound)
        if keyword:
            inbound.lang = self._get_keyword_lang(keyword.id)
        if self._take_instead(inbound, action, word):
            return
        if action == keywords.STOP:
            self._stop(inbound, self._get_stopped_purposes(inbound, word))
            return
        inbound.partner_id = self._find_partner(inbound)
        if not action and automatic.is_automatic(inbound.body):
            self._keep_automatic(inbound)
        elif inbound.is_overtaken:
            # It can still answer a question, and triggers nothing else.
            if not self.env["sms.question"]._take(inbound):
                self._converse(inbound)
        elif action == keywords.HELP:
            self._answer(inbound, "help", reply_codes.HELP, "help")
        elif action == keywords.START:
            self._start(inbound)
        elif self._take_answer(inbound):
            pass
        elif action == keywords.JOIN:
            self._join(inbound, keyword)
        elif action in keywords.SERVICES:
            self._serve(inbound, keyword)
        elif self._serve_without_keyword(inbound):
            pass
        elif not self._read_own_words(inbound):
            self._converse(inbound)

    def _route_failed(self, inbound):
        """Route a text that could not be interpreted to people; review opt-outs."""
        inbound.partner_id = self._find_partner(inbound)
        action, word = self._find_word(inbound)
        verdict = phrases.judge(inbound.body)
        is_no = not action and verdict.kind != phrases.CONVERSATION
        if action == keywords.STOP or is_no:
            for company in self.env["sms.sender"]._find_companies(inbound):
                reason = word or verdict.reason
                self.env["sms.consent.review"]._open(inbound, company, reason)
        self._converse(inbound)

    def _is_urgent(self, company, event):
        """Return whether to record a text before its carrier is answered: STOP, START.

        They must not wait for anything: an opt-out is to take effect at once (by law,
        47 CFR 64.1200(a)(10), within a reasonable time).

        :param InboundEvent event: the text as it came
        """
        words = self.env["sms.keyword"]._get_words(company)
        action, _word = keywords.find_action(event.body, words, event.opt_out_type)
        return action in keywords.URGENT

    def _find_word(self, inbound):
        """Return a text's action and keyword, whatever was asked."""
        words = self.env["sms.keyword"]._get_words(inbound.company_id)
        return keywords.find_action(inbound.body, words, inbound.opt_out_type)

    def _find_action(self, inbound):
        """Return a text's action, its word, and the company's keyword if it is one."""
        words = self.env["sms.keyword"]._get_words(inbound.company_id)
        action, word = self._find_word(inbound)
        if action == keywords.YES:
            action, word = keywords.find_action(self._get_said(inbound), words)
        keyword_id = words.get(action, {}).get(word)
        return action, word, self.env["sms.keyword"].browse(keyword_id)

    # === Answers ===

    def _get_said(self, inbound):
        """Return the words of a text, without laughter if the question was in Spanish.

        "Ja, ja" is a yes in German, and laughter in Spanish.
        """
        body = inbound.body or ""
        if not replies.LAUGHTER.search(body):
            return body
        wording = self._get_newest_question(inbound).wording_id[:1]
        lang = wording.lang or self._get_lang(inbound)
        return replies.LAUGHTER.sub("", body) if lang.startswith("es") else body

    def _read_answer(self, inbound):
        """Return ``keywords.YES`` or ``NO`` if a text says that and nothing else."""
        action, _word, _keyword = self._find_action(inbound)
        if action in (keywords.YES, keywords.NO):
            return action
        return None if action else replies.read_answer(self._get_said(inbound))

    def _take_answer(self, inbound):
        """Take a text as the answer to the last question; return whether it is one.

        A YES or NO to a user's question is conversation, and no consent to what was
        asked before.
        """
        questions, answer = self.env["sms.question"], self._read_answer(inbound)
        if not answer:
            return questions._take(inbound)
        asked = self._get_newest_question(inbound)
        if self._get_users_question(inbound):
            asked = asked.browse()
        take_yes_or_no = partial(self._take_yes_or_no, answer=answer, asked=asked)
        takers = [take_yes_or_no, questions._take]
        if questions._is_asked_since(inbound, asked):
            takers.reverse()
        return any(take(inbound) for take in takers)

    def _take_yes_or_no(self, inbound, answer, asked):
        """Take a text as the answer to the question to confirm joining.

        A no is an opt-out from what was asked about.

        :param asked: ``sms.consent.event`` records of that question, may be empty
        :return: whether it is an answer
        """
        if answer == keywords.YES:
            return self._confirm(inbound, asked)
        if asked:
            self._stop(inbound, asked.purpose_id)
        return bool(asked)

    def _take_instead(self, inbound, action, word):
        """Take a company's own STOP or START word as an answer; return whether it is.

        "Cancelar" answers a question about an appointment, "baja" (low) one about a
        priority. The words of the law and the carriers mean the same whatever was
        asked.
        """
        if (
            action not in keywords.URGENT
            or inbound.opt_out_type
            or keywords.is_mandatory(action, word)
        ):
            return False
        inbound.partner_id = self._find_partner(inbound)
        if self.env["sms.question"]._take(inbound):
            return True
        if self._was_offered(inbound, word):
            self._converse(inbound)
            return True
        return False

    def _was_offered(self, inbound, word):
        """Return whether a user has just asked with this word: "Is it high or low?".

        In capitals, or beside a link, it is how people may opt out.
        """
        parts = [it for it in self._get_users_words(inbound) if "://" not in it]
        words = re.findall(r"\w+", "\n".join(parts))
        said = filterfalse(keywords.is_in_capitals, words)
        return keywords.squeeze(word) in map(keywords.squeeze, said)

    def _get_users_question(self, inbound):
        """Return the last text to a number, in sudo, if it is a user's open question.

        Not if it asks for a YES in capitals, which is one to another text, nor if the
        person has texted since.
        """
        last_sudo = self._get_last_personal(inbound)
        said = "\n".join(self._get_users_words(inbound))
        words = self.env["sms.keyword"]._get_words(inbound.company_id)
        asks_for_yes = keywords.names(said, words.get(keywords.YES, ()))
        if asks_for_yes or replies.QUESTION_MARKS.isdisjoint(said):
            return last_sudo.browse()
        since = Domain("company_id", "=", inbound.company_id.id)
        since &= Domain("number", "=", inbound.number) & Domain("id", "<", inbound.id)
        left_at = last_sudo.claimed_at or last_sudo.create_date
        since &= Domain("received_at", ">", left_at)
        since &= Domain("received_at", "<=", inbound.received_at - SAME_ANSWER)
        is_answered = self.env["sms.inbound"].search_count(since, limit=1)
        return last_sudo.browse() if is_answered else last_sudo

    def _get_users_words(self, inbound):
        """Return the sentences of that text that do not tell how to opt out.

        Its last line may be a footer, and is read as a whole.
        """
        *lines, last = (self._get_last_personal(inbound).body or "").split("\n")
        parts = _SENTENCE.findall("\n".join(lines) or last)
        parts += [last] if lines else []
        words = self.env["sms.keyword"]._get_words(inbound.company_id)
        stops = words.get(keywords.STOP, ())
        return [it for it in parts if not keywords.names(it, stops)]

    def _get_last_personal(self, inbound):
        """Return the last text to a number, in sudo, if a user has written it."""
        found_id = self._get_sender(inbound)["last_personal_id"]
        return self.env["sms.sms"].sudo().browse(found_id or ())

    # === Hooks for other rooms ===

    def _serve(self, inbound, keyword):
        """Carry out a keyword of ``keywords.SERVICES``: each room has its actions.

        An action that none of them knows is conversation.
        """
        return self._converse(inbound)

    def _serve_without_keyword(self, inbound):
        """Serve a request without a keyword; return whether the text is one."""
        return False

    def _converse(self, inbound, **place):
        """Treat a text as conversation, and route it to the people who answer it."""
        inbound.kind = "conversation"

    def _keep_automatic(self, inbound):
        """Keep what a phone or a carrier has written: nobody has to answer it.

        It is no answer to a question, and no answer is due to it.
        """
        inbound.kind = AUTOMATIC

    def _after_yes(self, inbound, asked):
        """Hook: confirm the number for the login for which it was asked."""
        self.env["sms.number.claim"].sudo()._take_yes(asked)

    # === Leaving ===

    def _stop(self, inbound, purposes=None, note=None):
        """End everything for this number, or some purposes, and confirm it once.

        47 CFR 64.1200(a)(10) asks for it within a reasonable time; it is done at once.
        One text may confirm it (a)(12); a second STOP is recorded and not answered.
        The confirmation does not ask which purposes are meant: a question would invite
        answers that are no stop word, and who texts STOP wants no more questions.

        :param purposes: ``sms.purpose`` records, None for everything
        """
        companies = self.env["sms.sender"]._find_companies(inbound)
        was_stopped = all(self._is_stopped(inbound, it) for it in companies)
        words = inbound.body or ""
        note = f"{note} {words}" if note else words
        for company in companies:
            self._record(inbound, consent.REVOKED, purposes, company, note=note)
        inbound.partner_id = self._find_partner(inbound)
        self._close_reviews(inbound, OPT_OUT, companies)
        if was_stopped:
            inbound.kind = "stop"
        else:
            self._confirm_stop(inbound, purposes)

    def _confirm_stop(self, inbound, purposes=None):
        """Confirm by one text that some purposes were ended, or everything.

        The company does so that has texted last: the person may not know the other.
        """
        reply = reply_codes.STOP_PURPOSE if purposes else reply_codes.STOP_DONE
        last_id = self._get_sender(inbound)["last_company_id"]
        company = inbound.company_id.browse(last_id or ()) or inbound.company_id
        self._answer(inbound, "stop", reply, CONFIRMATION, purposes, company)

    def _get_stopped_purposes(self, inbound, word):
        """Return the purposes that a stop word ends, or None for everything.

        After a STOP that the carrier has answered, it blocks everything. So does the
        rule of one of the companies that share a number: to people they are one sender.
        A STOP that would change nothing ends everything: none is without effect.
        """
        if inbound.opt_out_type or keywords.squeeze(word) in WORDS_FOR_ALL:
            return None
        purpose_id = self._get_sender(inbound)["last_purpose_id"]
        if not purpose_id:
            return None
        purpose = self.env["sms.purpose"].browse(purpose_id)
        find_ended = self.env["sms.scope.rule"]._get_ended_purposes
        today = fields.Date.context_today(inbound)
        companies = self.env["sms.sender"]._find_companies(inbound)
        ended = [find_ended(purpose, today, company) for company in companies]
        if not all(ended):
            return None
        stopped = self._get_purposes_in(inbound, consent.OPTED_OUT)
        return ended[0] if ended[0] - stopped else None

    def _read_own_words(self, inbound):
        """Treat a free text as an opt-out if it is one; return whether it was.

        47 CFR 64.1200(a)(10): any reasonable way of opting out. A doubtful text is
        reviewed by a person in each company that it concerns; until then it is
        conversation.
        """
        kind, reason = phrases.judge(inbound.body, self._get_known(inbound))
        if kind == phrases.OPT_OUT:
            self._stop(inbound)
        elif kind == phrases.WRONG_NUMBER:
            self._end_for_stranger(inbound)
        elif kind == phrases.DOUBTFUL:
            for company in self.env["sms.sender"]._find_companies(inbound):
                if not self._is_stopped(inbound, company):
                    self.env["sms.consent.review"]._open(inbound, company, reason)
        return kind in phrases.ENDING

    def _get_known(self, inbound):
        """Return what is known of the conversation (``phrases.Known``)."""
        domain = Domain("number", "=", inbound.number)
        domain &= Domain("record_company_id", "=", inbound.company_id.id)
        domain &= Domain("claimed_at", "!=", False) & Domain("erased_at", "=", False)
        texts_sudo = self.env["sms.sms"].sudo()
        texts_sudo = texts_sudo.search_fetch(
            domain,
            ["body", "partner_id"],
            order="create_date desc, id desc",
            limit=READ,
        )
        bodies = [it.body or "" for it in texts_sudo]
        people = inbound.partner_id | texts_sudo.partner_id
        names = [it.name or "" for it in people]
        return phrases.Known(
            last_text=bodies[0] if bodies else "",
            names=phrases.find_names(names, bodies),
            lang=inbound.lang or inbound.partner_id.lang or "",
        )

    def _end_for_stranger(self, inbound):
        """End the consent of a number that has another holder now.

        What the former one agreed to, or not, expires first, and no START restores it.
        The new one gets the one confirmation that any opt-out gets; it names no
        customer. No login may call the number its own any more.
        """
        self.env["sms.number.claim"].sudo()._hand_over([inbound.number])
        note = self.env._("Wrong number. In their words:")
        words, consents = f"{note} {inbound.body or ''}", self.env["sms.consent"]
        for company in self.env["sms.sender"]._find_companies(inbound):
            known = consents._find_standing(company, inbound.number)
            known = known or self.env["sms.purpose"]._get("ticket")
            self._record(inbound, consent.EXPIRED, known, company, note=words)
        self._stop(inbound, note=note)

    def _close_reviews(self, inbound, state, companies):
        """Close the open reviews of a number, since the person has been explicit.

        A failure here (in a hook of another module) must not undo what they said.
        """
        reviews, number = self.env["sms.consent.review"], inbound.number
        known = self.env["sms.consent"]._get_known(companies.ids, [number])
        if known.reviewed.isdisjoint((it, number) for it in companies.ids):
            return
        if found := reviews._find_open(companies, number):
            note = self.env._("Settled by a later text: %s", inbound.body or "")
            close = partial(found._close, state, note=note)
            failure = "%s: its reviews were not closed"
            contain(self.env, close, _logger, failure, inbound)

    def _stop_reviewed(self, review):
        """Record the opt-out that a reviewer has found in a text.

        It was given when the text came. A confirmation is sent only while it is
        presumed to be covered by the consent that it ends, and only for the company
        that received the text.
        """
        inbound = review._get_own_text()
        found = self.env["sms.consent"]._get_found(review.company_id, review.number)
        was_stopped = consent.has_left(found)
        subject = (review.company_id, review.number, consent.REVOKED, "keyword")
        self._get_ledger(review.inbound_id, consent.REVOKED)._record(
            *subject,
            happened_at=review.received_at,
            note=review.body,
            name=inbound.partner_id.name,
            message_ref=review.inbound_id.provider_sid,
            res_model=review._name,
            res_id=review.id,
        )
        since = fields.Datetime.now() - timing.CONFIRMATION_LIFE
        if inbound and review.received_at >= since and not was_stopped:
            self._confirm_stop(inbound)
        elif inbound:
            inbound.kind = "stop"

    # === Coming back ===

    def _start(self, inbound):
        """Restore consents that were ended by text, never more than was once granted.

        After an opt-out in another way a new consent is needed (:mod:`tools.consent`).
        """
        companies = self.env["sms.sender"]._find_companies(inbound)
        for company in companies:
            self._restore(inbound, company)
        self._close_reviews(inbound, CONVERSATION, companies)
        get_purposes = partial(self._get_purposes_in, inbound, consent.OPTED_IN)
        joined = {company: get_purposes(company) for company in companies}
        company = next(filter(joined.get, companies), inbound.company_id)
        reply = reply_codes.START_DONE if joined[company] else reply_codes.START_NOTHING
        self._answer(inbound, "start", reply, "start", joined[company], company)

    def _restore(self, inbound, company):
        restorable = consent.find_restorable(self._get_history(inbound, company))
        purpose_ids = restorable - {consent.ALL}
        if consent.ALL in restorable:
            self._end_unproven(inbound, company)
            self._record(inbound, consent.RESTORED, company=company)
        if purpose_ids:
            purposes = self.env["sms.purpose"].browse(sorted(purpose_ids))
            self._record(inbound, consent.RESTORED, purposes, company)

    def _end_unproven(self, inbound, company):
        """Expire consents that a START would restore but whose evidence is gone.

        While everything was stopped, retention may have erased it.
        """
        consents = self.env["sms.consent"].sudo()
        number_hash = self.env["sms.consent.key"]._hash([inbound.number])
        standing = consents._replay(company, list(number_hash.values()))
        events_sudo = self.env["sms.consent.event"].sudo()
        events_sudo = events_sudo.browse(
            row.answer.event_id
            for (_hash, purpose_id), row in standing.items()
            if purpose_id and row.answer.state == consent.OPTED_IN
        )
        if gone := events_sudo.filtered("evidence_id.erased_at").purpose_id:
            # Not by this text, which would say that the number has another holder.
            subject = (company, inbound.number, consent.EXPIRED, "time", gone)
            self.env["sms.consent.event"]._record(*subject)

    def _get_history(self, inbound, company):
        """Return a company's events of the sender as :mod:`tools.consent` reads them.

        Only those that count with its carrier, oldest first, and no opt-ins that are no
        proof for their purpose: they restore nothing.
        """
        hashes = self.env["sms.consent.key"]._hash([inbound.number])
        consents = self.env["sms.consent"].sudo()
        history = []
        for row in consents._read_applied(company, list(hashes.values())):
            said = to_said(row)
            purpose = self.env["sms.purpose"].browse(row["purpose_id"] or ())
            if not (said.is_yes and purpose._find_proof_fault(said.method)):
                history.append((purpose.id, said))
        return history

    # === Joining ===

    def _join(self, inbound, keyword):
        self._renew(inbound, keyword.purpose_ids)
        self._ask_to_join(inbound, keyword)

    def _renew(self, inbound, purposes):
        """Record a renewed opt-in for those purposes that the sender has agreed to.

        It refers to the wording that they have agreed to: nothing else was shown.
        Without it their consent would expire though they keep giving it
        (``res.company.sms_consent_months``).
        """
        found, consents = self._get_found(inbound), self.env["sms.consent"]
        purposes -= consents._find_unproven(inbound.company_id, inbound.number)
        answers = [consents._get_answer(found, it.id) for it in purposes]
        agreed = [it.event_id for it in answers if it.state == consent.OPTED_IN]
        agreed_sudo = self.env["sms.consent.event"].sudo().browse(agreed)
        until = fields.Datetime.now() - RENEWAL_PAUSE
        old_sudo = agreed_sudo.filtered(lambda event: event.happened_at <= until)
        for evidence_sudo, own_sudo in old_sudo.grouped("evidence_id").items():
            words = {"wordings": own_sudo.wording_id, "wording": evidence_sudo.wording}
            self._record(inbound, consent.GRANTED, own_sudo.purpose_id, **words)

    def _ask_to_join(self, inbound, keyword):
        """Ask the sender of a joining keyword to confirm it (double opt-in)."""
        company, number = inbound.company_id, inbound.number
        joined = self._get_purposes_in(inbound, consent.OPTED_IN)
        joined -= self.env["sms.consent"]._find_unproven(company, number)
        wanted = keyword.purpose_ids - joined
        # Without any left: those of the keyword were archived.
        if keyword.purpose_ids and not wanted:
            self._answer(inbound, "join", reply_codes.JOIN_ALREADY, "start", joined)
            return
        wanted = wanted.filtered("accepts_text")
        if not wanted:
            self._converse(inbound)
            return
        inbound.kind = "join"
        if self._may_answer(inbound, "opt_in_question"):
            facts, partner = self._get_facts(inbound), inbound.partner_id
            ask = self.env["sms.opt.in"]._ask
            lang = self._get_lang(inbound)
            ask(company, number, wanted, "keyword", partner, lang, **facts)

    def _confirm(self, inbound, asked):
        """Take a yes as the answer to the open question; return whether it is one.

        YES also lifts the carrier's own block, so without an open question it means
        START if the sender has stopped, and is conversation from anybody else.
        """
        if not asked:
            _action, word, _keyword = self._find_action(inbound)
            is_start = keywords.is_mandatory(keywords.YES, word) or inbound.opt_out_type
            if not is_start or not self._is_stopped(inbound):
                return False
            self._start(inbound)
            return True
        purposes, company = asked.purpose_id, asked.company_id
        self._close_reviews(inbound, CONVERSATION, company)
        inbound.lang = inbound.lang or asked.wording_id[:1].lang
        words = {"wordings": asked.wording_id, "wording": asked[0].wording}
        self._record(inbound, consent.CONFIRMED, purposes, company, **words)
        reply, exemption = reply_codes.JOIN_DONE, "opt_in_confirmation"
        self._answer(inbound, "confirm", reply, exemption, purposes, company)
        self._after_yes(inbound, asked)
        return True

    def _get_newest_question(self, inbound):
        """Return :meth:`_get_open_question` of the company that has asked last.

        One of those that send from the texted number: to people they are one sender.
        """
        companies = self.env["sms.sender"]._find_companies(inbound)
        found = (self._get_open_question(inbound, company) for company in companies)
        return max(found, key=lambda asked: max(asked.ids, default=0))

    def _get_open_question(self, inbound, company=None):
        """Return the newest questions to this number that nothing has answered since.

        A later text answers all of them, as does a statement on all purposes; a
        statement in another way (to an agent), and a renewed opt-in, answer for their
        purpose only.

        :return: ``sms.consent.event`` records, one per purpose that was asked
        """
        ledger = self.env["sms.consent.event"]
        events = ledger.search(
            ledger._number_domain(company or inbound.company_id, inbound.number)
            & Domain("recorded_at", ">=", fields.Datetime.now() - consent.QUESTION_LIFE)
        )
        asked = events.filtered(lambda event: event.event == consent.REQUESTED)
        asked = asked.filtered(lambda it: it.evidence_id == asked[0].evidence_id)
        later = events.filtered(lambda event: event.id > max(asked.ids, default=0))
        if any(
            not it.purpose_id
            or (it.method == "keyword" and it.event != consent.GRANTED)
            for it in later
        ):
            return events.browse()
        return asked.filtered(lambda it: it.purpose_id not in later.purpose_id)

    # === Ledger and answers ===

    @ormcache("keyword_id")
    def _get_keyword_lang(self, keyword_id):
        """Return the code of the language of a keyword, cached: each command asks."""
        return self.env["sms.keyword"].sudo().browse(keyword_id).lang

    def _get_lang(self, inbound):
        """Return the code of the language in which a text is answered."""
        partner = inbound.partner_id or self._find_partner(inbound)
        langs = (partner.lang, inbound.lang, self._get_sender(inbound)["lang"])
        return inbound.company_id._pick_sms_lang(*langs, number=inbound.number)

    def _find_partner(self, inbound):
        """Return the contact of a text's number, if there is exactly one."""
        found = self._get_sender(inbound)["partner_ids"]
        partner = self.env["res.partner"].browse(found if len(found) == 1 else ())
        if partner:
            # Together with the company's own: an answer needs the places of both.
            (partner | inbound.company_id.partner_id).fetch()
        return partner

    def _record(self, inbound, event, purposes=None, company=None, **facts):
        """Record what a text says, for its company, or for another and its contact."""
        company = company or inbound.company_id
        subject = (company, inbound.number, event, "keyword")
        facts = {**self._get_facts(inbound), **facts}
        if company != inbound.company_id:
            find_contact = self.env["sms.number.claim"]._find_contact
            facts["name"] = find_contact(company, inbound.number).name
        facts["happened_at"] = inbound.received_at
        self._get_ledger(inbound, event)._record(*subject, purposes, **facts)

    def _get_ledger(self, inbound, event):
        """Return the ledger for what was texted.

        A STOP to a real number also counts once its company has left the sandbox.
        """
        is_no = event in (consent.REVOKED, consent.EXPIRED)
        is_real = {IS_REAL: is_no and inbound.provider in REAL}
        return self.env["sms.consent.event"].with_context(**is_real)

    def _get_facts(self, inbound):
        return {
            "note": inbound.body,
            "name": inbound.partner_id.name,
            "message_ref": inbound.provider_sid,
            "res_model": inbound._name,
            "res_id": inbound.id,
        }

    def _get_found(self, inbound, company=None):
        company = company or inbound.company_id
        return self.env["sms.consent"]._get_found(company, inbound.number)

    def _is_stopped(self, inbound, company=None):
        """Return whether the number has stopped everything and joined nothing since."""
        return consent.has_left(self._get_found(inbound, company))

    def _get_purposes_in(self, inbound, state, company=None):
        found = self._get_found(inbound, company)
        get_answer = self.env["sms.consent"]._get_answer
        purposes = self.env["sms.purpose"].search([])
        return purposes.filtered(lambda it: get_answer(found, it.id).state == state)

    def _answer(self, inbound, kind, code, exemption, purposes=None, company=None):
        """Note the kind of a text, and queue the answer to it.

        If the carrier has answered, its answer is the only one.

        :param company: ``res.company`` that answers, default the text's
        """
        inbound.kind = kind
        if inbound.opt_out_type or not self._may_answer(inbound, exemption):
            return
        own, partner = inbound.company_id, inbound.partner_id
        company = company or own
        sender = (company, inbound.number, partner if company == own else partner[:0])
        purposes = purposes or self.env["sms.purpose"]
        facts = {"lang": self._get_lang(inbound), "asked_at": inbound.received_at}
        self.env["sms.reply"]._queue(code, *sender, exemption, purposes, **facts)

    def _may_answer(self, inbound, exemption):
        """Return whether a number may get another automatic answer now.

        Otherwise two machines that answer each other would never end. Confirmations of
        leaving or joining are sent only once anyway, and always.
        """
        if exemption in UNCOUNTED:
            return True
        key = f"{inbound.company_id.id}:{inbound.number}"
        if not self.env["sms.rate.limit"]._is_over("answers", key):
            return True
        _logger.warning("%s: not answered, too many in an hour", inbound)
        return False
