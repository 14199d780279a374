# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools import consent


class SmsConsentApi(models.AbstractModel):
    """Consent for other systems, over Odoo's JSON-2 API. See ``docs/api.md``.

    Called with the API key of a helpdesk user; what is recorded names that user. A
    statement is told apart by the caller's ``message_ref``, so that a request that was
    sent twice is recorded once.
    """

    _name = "sms.consent.api"
    _description = "Consent for Other Systems"

    @api.model
    def record_consent(
        self,
        number,
        purposes,
        how,
        happened_at,
        wording,
        source,
        message_ref,
        company_id=None,
        **evidence,
    ):
        """Record that a person has agreed to text messages.

        :param str number: E.164, or national in the company's country
        :param list purposes: codes, such as ``["ticket", "appointment"]``
        :param str how: how it was given: web, paper, text, phone, in_person, written
        :param str happened_at: when, ISO 8601; UTC unless it names its zone
        :param str wording: the words as the person saw them
        :param str source: where the proof lies: an address, a file, a record's number
        :param str message_ref: the caller's own reference, unique for each statement
        :param int company_id: default the user's company
        :param evidence: ``name``, ``note``, ``address`` (IP), ``device``, ``page``,
            ``witness``
        :return: ``{"recorded", "number", "event_ids", "state"}``
        :raises ValidationError: for what is missing or wrong, in words
        :raises UserError: also when the person has opted out, or a purpose accepts no
            consent that was given so
        """
        company = self._check_user(company_id)
        purposes = self._read_purposes(purposes)
        if not purposes:
            raise ValidationError(self.env._("purposes: name at least one."))
        facts = self._read_proof(how, source, wording, evidence)
        purposes._check_proof(self._read_way(how))
        return self._record_once(
            company,
            number,
            consent.GRANTED,
            purposes,
            happened_at,
            message_ref,
            **facts,
        )

    @api.model
    def record_opt_out(
        self,
        number,
        message_ref,
        happened_at=None,
        purposes=None,
        company_id=None,
        **evidence,
    ):
        """Record that a person wants no more text messages; what waits is cancelled.

        :param str number: E.164, or national in the company's country
        :param str message_ref: the caller's own reference, unique for each statement
        :param str happened_at: when, ISO 8601; default now
        :param list purposes: codes; none: all messages
        :param int company_id: default the user's company
        :param evidence: as :meth:`record_consent`
        :return: ``{"recorded", "number", "event_ids", "state"}``
        """
        company = self._check_user(company_id)
        facts = self._read_texts(required={}, **evidence)
        return self._record_once(
            company,
            number,
            consent.REVOKED,
            self._read_purposes(purposes),
            happened_at,
            message_ref,
            **facts,
        )

    @api.model
    @api.readonly
    def get_state(self, number, company_id=None):
        """Return what a number may be sent.

        :param str number: E.164, or national in the company's country
        :param int company_id: default the user's company
        :return: ``{"number", "state", "purposes": {code: {"state", "since"}}}``
        """
        company = self._check_user(company_id)
        number = self._read_number(company, number)
        return self._describe(company, number)

    @api.model
    @api.readonly
    def get_wordings(self, purposes, lang=None, company_id=None):
        """Return the words in force, to be shown where a person is asked.

        Sent back unchanged as ``wording``, they are recognised as their version.

        :param list purposes: codes
        :param str lang: code of the reader's language, such as ``fr_FR``
        :param int company_id: default the user's company
        :return: ``{"wording", "versions": [{"purpose", "lang", "version", "digest"}]}``
        """
        company = self._check_user(company_id)
        purposes = self._read_purposes(purposes).sorted()
        wordings_sudo = self.env["sms.wording"]._get_published(company, purposes, lang)
        return {
            "wording": wordings_sudo._render(company),
            "versions": [
                {
                    "purpose": wording.purpose_id.code,
                    "lang": wording.lang,
                    "version": wording.version,
                    "digest": wording.digest,
                }
                for wording in wordings_sudo
            ],
        }

    # ------------------------------------------------------------------
    # Recording
    # ------------------------------------------------------------------

    @api.model
    def _record_once(
        self, company, number, event, purposes, happened_at, message_ref, **facts
    ):
        """Record a statement, unless its reference says that it was recorded before.

        :return: what the caller gets
        """
        number = self._read_number(company, number)
        reference = self._read_reference(message_ref)
        moment = None
        if happened_at is not None or event == consent.GRANTED:
            moment = self._read_instant(happened_at)
        said = {
            "number_hash": self.env["sms.consent.key"]._hash([number])[number],
            "event": event,
            "purposes": sorted(purposes.mapped("code")),
            "happened_at": moment,
        }
        request_sudo = self.env["sms.consent.request"].sudo()
        request_sudo = request_sudo._claim(company, reference, said)
        is_new = not request_sudo._find_events()
        if is_new:
            events_sudo = self.env["sms.consent.entry"]._enter(
                company,
                number,
                event,
                "api",
                purposes,
                moment or fields.Datetime.now(),
                facts.pop("wording", None),
                message_ref=reference,
                **facts,
            )
            request_sudo.evidence_id = events_sudo.evidence_id
        events_sudo = request_sudo._find_events()
        return {
            "recorded": is_new,
            "event_ids": events_sudo.ids,
            **self._describe(company, number),
        }

    @api.model
    def _describe(self, company, number):
        """Return what holds for a number now, overall and for each purpose."""
        found = self.env["sms.consent"]._get_found(company, number)
        purposes = self.env["sms.purpose"].search([])
        answers = {
            purpose.code: self.env["sms.consent"]._get_answer(found, purpose.id)
            for purpose in purposes
        }
        event_ids = [answer.event_id for answer in answers.values() if answer.event_id]
        events_sudo = self.env["sms.consent.event"].sudo().browse(event_ids)
        since = {event.id: event.happened_at for event in events_sudo}
        return {
            "number": number,
            "state": consent.summarize(answers.values()),
            "purposes": {
                code: {
                    "state": answer.state,
                    "since": answer.event_id
                    and since[answer.event_id].isoformat() + "Z"
                    or None,
                }
                for code, answer in answers.items()
            },
        }
