# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ...tools import consent, keywords, reply_codes
from ...tools.consent import QUESTION_LIFE
from . import sms_consent_review

_logger = logging.getLogger(__name__)
#: Answers that are sent however many a number has got.
UNCOUNTED = ("opt_out_confirmation", "opt_in_confirmation")
#: A yes that is said again within this says nothing new. Without it a machine that
#: answers our answers would fill the ledger.
RENEWAL_PAUSE = timedelta(days=1)


class SmsInboundRouter(models.AbstractModel):
    """Finds out what an incoming text wants, and does it.

    In this order: opt-out (before anything that can fail), help, start, the open
    questions to this number, the joining keywords, the customers' commands, an opt-out
    in the person's own words, else conversation.
    """

    _name = "sms.inbound.router"
    _description = "Text Message Router"

    @api.model
    def _route(self, inbound):
        """Interpret one stored text.

        :param inbound: ``sms.inbound``, one, new
        """
        if not inbound.number:
            inbound.kind = "unreadable"
            return
        words = self.env["sms.keyword"]._get_words(inbound.company_id)
        action, word = keywords.find_action(
            inbound.body, words, inbound.opt_out_type or ""
        )
        if action == keywords.STOP:
            self._stop_by_keyword(inbound, word)
            return
        inbound.partner_id = self._find_partner(inbound)
        if action == keywords.HELP:
            self._answer(inbound, "help", reply_codes.HELP, "help")
        elif action == keywords.START:
            self._start(inbound)
        elif (
            word == keywords.YES
            and self._confirm(inbound)
            or self.env["sms.question"]._take(inbound)
        ):
            pass
        elif action == keywords.JOIN:
            self._join(inbound, words[keywords.JOIN][word])
        elif action in keywords.SERVICES:
            self._serve(inbound, words[action][word])
        elif self._serve_without_keyword(inbound):
            pass
        elif not self._read_own_words(inbound):
            self._converse(inbound)

    # ------------------------------------------------------------------
    # What other rooms do with a text
    # ------------------------------------------------------------------

    @api.model
    def _serve(self, inbound, keyword):
        """Do what a keyword of the company says: each room does its own actions.

        What none of them knows is conversation.

        :param keyword: ``sms.keyword``, one, with an action of ``keywords.SERVICES``
        """
        return self._converse(inbound)

    @api.model
    def _serve_without_keyword(self, inbound):
        """Serve a text that asks for something by no keyword; say if it does."""
        return False

    @api.model
    def _converse(self, inbound, **place):
        """Take a text for conversation, and bring it to who answers it."""
        inbound.kind = "conversation"

    # ------------------------------------------------------------------
    # Joining
    # ------------------------------------------------------------------

    @api.model
    def _join(self, inbound, keyword):
        """Renew what the sender has agreed to already, then join the rest.

        :param keyword: ``sms.keyword``, one
        """
        self._renew(inbound, keyword.purpose_ids)
        self._ask_to_join(inbound, keyword)

    @api.model
    def _ask_to_join(self, inbound, keyword):
        """Ask who texted a joining keyword to confirm it (double opt-in)."""
        joined = self._get_purposes_in(inbound, consent.OPTED_IN)
        joined -= self.env["sms.consent"]._find_unproven(
            inbound.company_id, inbound.number
        )
        wanted = keyword.purpose_ids - joined
        if not wanted:
            self._answer(
                inbound, "join", reply_codes.JOIN_ALREADY, "start", purposes=joined
            )
            return
        wanted = wanted.filtered("accepts_text")
        if not wanted:
            self._converse(inbound)
            return
        inbound.kind = "join"
        if not self._may_answer(inbound, "opt_in_question"):
            return
        self.env["sms.opt.in"]._ask(
            inbound.company_id,
            inbound.number,
            wanted,
            "keyword",
            inbound.partner_id,
            **self._get_facts(inbound),
        )

    @api.model
    def _confirm(self, inbound):
        """Take a YES as the answer to the open question; say if there was one.

        YES also lifts the carrier's own block, so without an open question it means
        START to somebody who has stopped, and is conversation from anybody else.
        """
        asked = self._get_open_question(inbound)
        if not asked:
            if not self._is_stopped(inbound):
                return False
            self._start(inbound)
            return True
        self._settle_reviews(
            inbound, sms_consent_review.CONVERSATION, inbound.company_id
        )
        self._record(
            inbound,
            consent.CONFIRMED,
            asked.purpose_id,
            wordings=asked.wording_id,
            wording=asked[0].wording,
        )
        self._answer(
            inbound,
            "confirm",
            reply_codes.JOIN_DONE,
            "opt_in_confirmation",
            purposes=asked.purpose_id,
        )
        self._after_yes(inbound, asked)
        return True

    @api.model
    def _after_yes(self, inbound, asked):
        """Do what else a YES brings about: it confirms the number for its login.

        :param asked: ``sms.consent.event`` records that asked
        """
        self.env["sms.number.claim"].sudo()._take_yes(asked)

    @api.model
    def _get_open_question(self, inbound):
        """Return the newest questions to this number that nothing has answered since.

        What they text since answers all of them, as does what is said of everything;
        what is said in another way (to an agent), and a yes said anew, answers for its
        purpose alone.

        :return: ``sms.consent.event`` records, one for each purpose that was asked
        """
        ledger = self.env["sms.consent.event"]
        events = ledger.search(
            ledger._number_domain(inbound.company_id, inbound.number)
            & Domain("recorded_at", ">=", fields.Datetime.now() - QUESTION_LIFE)
        )
        asked = events.filtered(lambda event: event.event == consent.REQUESTED)
        asked = asked.filtered(lambda it: it.evidence_id == asked[0].evidence_id)
        later = events.filtered(lambda event: event.id > max(asked.ids, default=0))
        if later.filtered(
            lambda it: (
                not it.purpose_id
                or (it.method == "keyword" and it.event != consent.GRANTED)
            )
        ):
            return events.browse()
        return asked.filtered(lambda it: it.purpose_id not in later.purpose_id)

    # ------------------------------------------------------------------
    # Shared
    # ------------------------------------------------------------------

    @api.model
    def _find_partner(self, inbound):
        claims = self.env["sms.number.claim"]
        return claims._find_contact(inbound.company_id, inbound.number)

    @api.model
    def _record(self, inbound, event, purposes=None, company=None, **facts):
        """Enter into the ledger what the sender said by this text.

        :param company: ``res.company`` to which it was said, default that of the text
        """
        self.env["sms.consent.event"]._record(
            company or inbound.company_id,
            inbound.number,
            event,
            "keyword",
            purposes,
            **{**self._get_facts(inbound), **facts},
        )

    @api.model
    def _get_facts(self, inbound):
        return {
            "note": inbound.body,
            "name": inbound.partner_id.name,
            "message_ref": inbound.provider_sid,
            "res_model": inbound._name,
            "res_id": inbound.id,
        }

    @api.model
    def _get_found(self, inbound, company=None):
        """Return the recorded answers of the sender, by purpose.

        :param company: ``res.company`` that was told, default that of the text
        """
        company = company or inbound.company_id
        return self.env["sms.consent"]._get_found(company, inbound.number)

    @api.model
    def _get_purposes_in(self, inbound, state):
        found = self._get_found(inbound)
        get_answer = self.env["sms.consent"]._get_answer
        return (
            self.env["sms.purpose"]
            .search([])
            .filtered(lambda purpose: get_answer(found, purpose.id).state == state)
        )

    @api.model
    def _answer(self, inbound, kind, code, exemption, purposes=None):
        """Note what the text was, and queue the answer to it.

        Where the carrier has answered, its answer is the only one.

        :param str kind: value of ``sms.inbound.kind``
        """
        inbound.kind = kind
        if inbound.opt_out_type or not self._may_answer(inbound, exemption):
            return
        self.env["sms.reply"]._queue(
            code,
            inbound.company_id,
            inbound.number,
            inbound.partner_id,
            exemption,
            purposes or self.env["sms.purpose"],
            asked_at=inbound.received_at,
        )

    @api.model
    def _may_answer(self, inbound, exemption):
        """Tell if a number may get another automatic answer now.

        Else two machines that answer each other would never end. What confirms that
        somebody leaves or joins is said once anyway, and always.
        """
        if exemption in UNCOUNTED:
            return True
        key = f"{inbound.company_id.id}:{inbound.number}"
        if not self.env["sms.rate.limit"]._is_over("answers", key):
            return True
        _logger.warning("Text %s is not answered: too many in an hour", inbound.id)
        return False

    # ------------------------------------------------------------------
    # A joining word from who has joined is a yes said anew: their consent is young
    # ------------------------------------------------------------------

    @api.model
    def _renew(self, inbound, purposes):
        """Enter a yes said anew for those purposes that the sender agrees to.

        It is a yes to the words that they have agreed to: nothing else was shown.
        Without it their consent would grow old though they go on to give it
        (``res.company.sms_consent_months``).

        :param purposes: ``sms.purpose``, those of the joining word
        """
        found = self._get_found(inbound)
        answers = [self.env["sms.consent"]._get_answer(found, it.id) for it in purposes]
        agreed_sudo = (
            self.env["sms.consent.event"]
            .sudo()
            .browse(it.event_id for it in answers if it.state == consent.OPTED_IN)
        )
        until = fields.Datetime.now() - RENEWAL_PAUSE
        old_sudo = agreed_sudo.filtered(lambda event: event.happened_at <= until)
        for evidence_sudo, events_sudo in old_sudo.grouped("evidence_id").items():
            self._record(
                inbound,
                consent.GRANTED,
                events_sudo.purpose_id,
                wordings=events_sudo.wording_id,
                wording=evidence_sudo.wording,
            )
