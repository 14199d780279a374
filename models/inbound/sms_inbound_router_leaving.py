# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging

from psycopg2 import OperationalError

from odoo import api, fields, models

from ...tools import consent, keywords, phrases, reply_codes, timing
from ..ledger.sms_consent_event import to_said
from . import sms_consent_review

_logger = logging.getLogger(__name__)
#: The exemption of the text that confirms an opt-out.
CONFIRMATION = "opt_out_confirmation"
#: These end everything, whatever a scope rule says of the others.
WORDS_FOR_ALL = frozenset(("STOPALL",))


class SmsInboundRouter(models.AbstractModel):
    """Leaving and coming back: STOP, the person's own words, START."""

    _inherit = "sms.inbound.router"

    # ------------------------------------------------------------------
    # Leaving
    # ------------------------------------------------------------------

    @api.model
    def _stop(self, inbound, purposes=None, note=None):
        """End everything for this number, or some purposes, and confirm it once.

        47 CFR 64.1200(a)(10)-(12): at once, by one text that only confirms. A second
        STOP is recorded and not answered: the first confirmation was the last message.
        It does not ask which purposes are meant: a question would invite answers that
        are no stop word, and who texts STOP wants no more questions either.

        :param purposes: ``sms.purpose`` records, None for everything
        """
        was_stopped = self._is_stopped(inbound)
        words = inbound.body or ""
        companies = self.env["sms.sender"]._find_companies(inbound)
        for company in companies:
            self._record(
                inbound,
                consent.REVOKED,
                purposes,
                company,
                note=f"{note} {words}" if note else words,
            )
        inbound.partner_id = self._find_partner(inbound)
        self._settle_reviews(inbound, sms_consent_review.OPT_OUT, companies)
        if was_stopped:
            inbound.kind = "stop"
            return
        self._confirm_stop(inbound, purposes)

    @api.model
    def _confirm_stop(self, inbound, purposes=None):
        """Confirm an opt-out by the one text that does.

        :param purposes: ``sms.purpose`` that were ended, None for everything
        """
        reply = reply_codes.STOP_PURPOSE if purposes else reply_codes.STOP_DONE
        self._answer(inbound, "stop", reply, CONFIRMATION, purposes)

    @api.model
    def _stop_by_keyword(self, inbound, word):
        self._stop(inbound, self._get_stopped_purposes(inbound, word))

    @api.model
    def _get_stopped_purposes(self, inbound, word):
        """Return what a stop word ends: the purposes, or None for everything.

        What the carrier has answered, it blocks altogether. A STOP that would change
        nothing ends everything: no STOP is ever without effect.
        """
        if inbound.opt_out_type or keywords.squeeze(word) in WORDS_FOR_ALL:
            return None
        last_sudo = self.env["sms.sms"]._get_last_said(
            inbound.company_id, inbound.number
        )
        if not last_sudo.purpose_id or last_sudo.exemption:
            return None
        today = fields.Date.context_today(inbound)
        rules = self.env["sms.scope.rule"]
        purposes = rules._get_ended_purposes(
            last_sudo.purpose_id, today, inbound.company_id
        )
        stopped = self._get_purposes_in(inbound, consent.OPTED_OUT)
        return purposes if purposes and purposes - stopped else None

    @api.model
    def _read_own_words(self, inbound):
        """Take a free text for an opt-out if it is one; say if it was.

        47 CFR 64.1200(a)(10): any reasonable way of saying no. What is doubtful is put
        to a person and is conversation until then.
        """
        finding = phrases.classify(inbound.body)
        if finding.kind == phrases.OPT_OUT:
            self._stop(inbound)
            return True
        if finding.kind == phrases.WRONG_NUMBER:
            self._end_for_stranger(inbound)
            return True
        if finding.kind == phrases.DOUBTFUL:
            self._open_reviews(inbound, finding.reason)
        return False

    @api.model
    def _open_reviews(self, inbound, reason):
        """Put a doubtful text to a person, in each company to which it is said."""
        for company in self.env["sms.sender"]._find_companies(inbound):
            if not self._is_stopped(inbound, company):
                self.env["sms.consent.review"]._open(inbound, company, reason)

    @api.model
    def _end_for_stranger(self, inbound):
        """End the consent of a number that has another holder now.

        What was granted was another person's, so it expires first: no START of the
        stranger brings it back. They get the one confirmation that anybody gets who
        leaves; it names no customer. No login may call the number its own any more.
        """
        self.env["sms.number.claim"].sudo()._reopen([inbound.number])
        note = self.env._("Wrong number. In their words:")
        known = self._get_known_purposes(inbound)
        if known:
            self._record(
                inbound, consent.EXPIRED, known, note=f"{note} {inbound.body or ''}"
            )
        self._stop(inbound, note=note)

    @api.model
    def _get_known_purposes(self, inbound):
        found = self._get_found(inbound)
        return self.env["sms.purpose"].browse(
            purpose_id
            for purpose_id, answer in found.items()
            if purpose_id and answer.state != consent.NONE
        )

    @api.model
    def _settle_reviews(self, inbound, state, companies):
        """Close what waits to be read: the person has said it plainly since.

        What fails here (a hook of another module) must not undo what they said.

        :param companies: ``res.company`` to which they have said it
        """
        try:
            with self.env.cr.savepoint():
                reviews = self.env["sms.consent.review"]
                reviews._settle_by_text(inbound, state, companies)
        except OperationalError:
            raise  # a conflict with another transaction: Odoo starts the request over
        except Exception:  # whatever another module's hook raises
            _logger.exception("The reviews of text %s were not settled", inbound.id)

    @api.model
    def _stop_reviewed(self, review):
        """Enter the opt-out that a person has read out of a text.

        It was said when the text came. A confirmation is sent only while it is presumed
        to be covered by the consent that it ends, and by the company alone to which the
        text came.

        :param review: ``sms.consent.review``, one
        """
        inbound = review._get_own_text()
        found = self.env["sms.consent"]._get_found(review.company_id, review.number)
        was_stopped = self.env["sms.consent"]._is_stopped(found)
        self.env["sms.consent.event"]._record(
            review.company_id,
            review.number,
            consent.REVOKED,
            "keyword",
            happened_at=review.received_at,
            note=review.body,
            name=inbound.partner_id.name,
            message_ref=review.inbound_id.provider_sid,
            res_model=review._name,
            res_id=review.id,
        )
        now = fields.Datetime.now()
        is_prompt = review.received_at >= now - timing.CONFIRMATION_LIFE
        if inbound and is_prompt and not was_stopped:
            self._confirm_stop(inbound)
        elif inbound:
            inbound.kind = "stop"

    # ------------------------------------------------------------------
    # Coming back
    # ------------------------------------------------------------------

    @api.model
    def _start(self, inbound):
        """Give back what was taken by text, nothing more than was once granted.

        An opt-out that was said in another way needs a new consent: see
        :mod:`tools.consent`.
        """
        companies = self.env["sms.sender"]._find_companies(inbound)
        for company in companies:
            self._restore(inbound, company)
        self._settle_reviews(inbound, sms_consent_review.CONVERSATION, companies)
        purposes = self._get_purposes_in(inbound, consent.OPTED_IN)
        reply = reply_codes.START_DONE if purposes else reply_codes.START_NOTHING
        self._answer(inbound, "start", reply, "start", purposes=purposes)

    @api.model
    def _restore(self, inbound, company):
        restorable = consent.find_restorable(self._get_history(inbound, company))
        purpose_ids = restorable - {consent.ALL}
        if consent.ALL in restorable:
            self._end_unproven(inbound, company)
            self._record(inbound, consent.RESTORED, company=company)
        if purpose_ids:
            purposes = self.env["sms.purpose"].browse(sorted(purpose_ids))
            self._record(inbound, consent.RESTORED, purposes, company)

    @api.model
    def _end_unproven(self, inbound, company):
        """Let what a START would bring back end where its evidence is gone.

        While everything is stopped, the retention policy may have let it go.
        """
        consents = self.env["sms.consent"].sudo()
        number_hash = self.env["sms.consent.key"]._hash([inbound.number])
        standing = consents._replay(company, list(number_hash.values()))
        events_sudo = (
            self.env["sms.consent.event"]
            .sudo()
            .browse(
                row.answer.event_id
                for (_hash, purpose_id), row in standing.items()
                if purpose_id and row.answer.state == consent.OPTED_IN
            )
        )
        gone = events_sudo.filtered("evidence_id.erased_at").purpose_id
        if gone:
            self._record(inbound, consent.EXPIRED, gone, company)

    @api.model
    def _get_history(self, inbound, company):
        """Return a company's events of the sender as :mod:`tools.consent` reads them.

        Those that count with its carrier, oldest first. Without what is no proof for
        its purpose: nothing comes back by it.
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

    @api.model
    def _is_stopped(self, inbound, company=None):
        """Tell if the number has stopped everything, and agreed to nothing since.

        :param company: ``res.company`` that is asked about, default that of the text
        """
        return self.env["sms.consent"]._is_stopped(self._get_found(inbound, company))
