# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import chain, consent, import_rows, texts

#: Longest reference and longest text accepted from other systems, in characters.
MAX_REFERENCE = 200
MAX_TEXT = 10_000


class SmsConsentApi(models.AbstractModel):
    """Consent for other systems, over Odoo's JSON-2 API. See ``docs/api.md``.

    Called with the API key of a helpdesk user, who is named in what is recorded. The
    caller's ``message_ref`` identifies a statement, so a request sent twice is recorded
    once.
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
        :param str source: where the proof is: a URL, a file, a record's number
        :param str message_ref: the caller's own reference, unique for each statement
        :param int company_id: default: the user's company
        :param evidence: ``name``, ``note``, ``address`` (IP), ``device``, ``page``,
            ``witness``
        :return: ``{"recorded", "number", "event_ids", "state", "purposes"}``
        :raises ValidationError: if an argument is missing or wrong; the message says so
        :raises UserError: also if the person has opted out, or a purpose does not
            accept consent given in this way
        """
        company = self._check_user(company_id)
        purposes = self._read_purposes(purposes)
        if not purposes:
            raise ValidationError(self.env._("purposes: name at least one."))
        way = import_rows.read_way(how)
        if not way:
            ways = ", ".join(import_rows.WAYS)
            raise ValidationError(self.env._("how: say one of %s.", ways))
        facts = self._read_texts({"source": source, "wording": wording}, **evidence)
        source = facts.pop("source")
        facts["note"] = import_rows.make_note(way, source, facts.get("note"))
        purposes._check_proof(way)
        subject = (company, number, consent.GRANTED, purposes)
        return self._record_once(*subject, happened_at, message_ref, **facts)

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
        """Record an opt-out from text messages; waiting ones are cancelled.

        :param str number: E.164, or national in the company's country
        :param str message_ref: the caller's own reference, unique for each statement
        :param str happened_at: when, ISO 8601; default, and at the latest: now
        :param list purposes: codes; None or empty: all messages
        :param int company_id: default: the user's company
        :param evidence: as in :meth:`record_consent`
        :return: ``{"recorded", "number", "event_ids", "state", "purposes"}``
        """
        company = self._check_user(company_id)
        facts = self._read_texts(required={}, **evidence)
        subject = (company, number, consent.REVOKED, self._read_purposes(purposes))
        return self._record_once(*subject, happened_at, message_ref, **facts)

    @api.model
    @api.readonly
    def get_state(self, number, company_id=None):
        """Return the consent of a number, overall and by purpose.

        :param str number: E.164, or national in the company's country
        :param int company_id: default: the user's company
        :return: ``{"number", "state", "purposes": {code: {"state", "since"}}}``
        """
        company = self._check_user(company_id)
        return self._describe(company, self._read_number(company, number))

    @api.model
    @api.readonly
    def get_wordings(self, purposes, lang=None, company_id=None):
        """Return the wordings in force, to be shown where a person is asked.

        Sent back unchanged as ``wording``, their versions are recognized.

        :param list purposes: codes
        :param str lang: code of the reader's language, such as ``fr_FR``
        :param int company_id: default: the user's company
        :return: ``{"wording", "versions": [{"purpose", "lang", "version", "digest"}]}``
        """
        company = self._check_user(company_id)
        purposes = self._read_purposes(purposes).sorted()
        self._check_text("lang", lang)
        wordings = self.env["sms.wording"]
        wordings_sudo = wordings._get_published(company, purposes, lang, as_one=True)
        names = ("lang", "version", "digest")
        versions = [
            {"purpose": it.purpose_id.code, **{name: it[name] for name in names}}
            for it in wordings_sudo
        ]
        return {"wording": wordings_sudo._render(company), "versions": versions}

    def _record_once(
        self, company, number, event, purposes, happened_at, message_ref, **facts
    ):
        """Record a statement, unless one with its reference was recorded before."""
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
        requests_sudo = self.env["sms.consent.request"].sudo()
        request_sudo = requests_sudo._claim(company, reference, said)
        is_new = not request_sudo._find_events()
        if is_new:
            now = fields.Datetime.now()
            said_at = import_rows.settle_clock(moment or now, now)
            subject = (company, number, consent.Said(event, "api", said_at), purposes)
            words = facts.pop("wording", None)
            enter = self.env["sms.consent.entry"]._enter
            events_sudo = enter(*subject, words, message_ref=reference, **facts)
            request_sudo.evidence_id = events_sudo.evidence_id
        recorded = {"recorded": is_new, "event_ids": request_sudo._find_events().ids}
        return {**recorded, **self._describe(company, number)}

    def _describe(self, company, number):
        consents = self.env["sms.consent"]
        found = consents._get_found(company, number)
        purposes = self.env["sms.purpose"].search([])
        answers = {it.code: consents._get_answer(found, it.id) for it in purposes}
        event_ids = [answer.event_id for answer in answers.values() if answer.event_id]
        events_sudo = self.env["sms.consent.event"].sudo().browse(event_ids)
        since = {it.id: f"{it.happened_at.isoformat()}Z" for it in events_sudo}
        state = consent.summarize(answers.values())
        by_purpose = {
            code: {"state": it.state, "since": since.get(it.event_id)}
            for code, it in answers.items()
        }
        return {"number": number, "state": state, "purposes": by_purpose}

    # === Arguments: each error is named, and nothing is guessed ===

    def _check_user(self, company_id):
        """Check the user's rights, and return the company of a request."""
        if not self.env.user.has_group("helpdesk_mgmt.group_helpdesk_user"):
            raise AccessError(self.env._("Only helpdesk users may use this API."))
        if company_id is not None and type(company_id) is not int:  # bool is one too
            raise ValidationError(self.env._("company_id: give the company's number."))
        company = self.env["res.company"].browse(company_id or self.env.company.id)
        if company not in self.env.companies:
            raise AccessError(self.env._("You do not work in company %s.", company.id))
        return company

    def _read_number(self, company, number):
        if not isinstance(number, str):
            message = self.env._("number: give it as text, such as “+13035550100”.")
            raise ValidationError(message)
        return self.env["sms.consent.entry"]._read_number(company, number)

    def _read_purposes(self, codes):
        codes = [] if codes is None else codes
        if not isinstance(codes, list) or not all(isinstance(c, str) for c in codes):
            message = self.env._("purposes: give a list of codes, such as [“ticket”].")
            raise ValidationError(message)
        purposes = self.env["sms.purpose"].search([])
        if unknown := set(codes) - set(purposes.mapped("code")):
            message = self.env._(
                "purposes: there is no %(unknown)s. Available: %(known)s.",
                unknown=", ".join(sorted(unknown)),
                known=", ".join(purposes.mapped("code")),
            )
            raise ValidationError(message)
        return purposes.filtered(lambda purpose: purpose.code in codes)

    def _read_instant(self, text):
        try:
            return import_rows.parse_instant(text)
        except ValueError as error:
            message = self.env._(
                "happened_at: give the time as in 2026-11-25T10:18:00Z, not %s.", text
            )
            raise ValidationError(message) from error

    def _check_text(self, name, value):
        if value is not None and not isinstance(value, str):
            raise ValidationError(self.env._("%s: give a text.", name))

    def _read_texts(self, required, **optional):
        """Return the texts of the evidence, cleaned; refuse missing required ones."""
        known = ("name", "note", "address", "device", "page", "witness")
        if unknown := optional.keys() - set(known):
            message = self.env._(
                "There is no argument %(unknown)s. Available as evidence: %(known)s.",
                unknown=", ".join(sorted(unknown)),
                known=", ".join(known),
            )
            raise ValidationError(message)
        found = {}
        for name, value in {**required, **optional}.items():
            self._check_text(name, value)
            if len(value or "") > MAX_TEXT:
                message = self.env._(
                    "%(name)s: at most %(max)s letters.", name=name, max=MAX_TEXT
                )
                raise ValidationError(message)
            found[name] = texts.clean(value).strip()
            if name in required and not found[name]:
                message = self.env._(
                    "%s: it is missing. Without it the consent proves nothing.", name
                )
                raise ValidationError(message)
        return found

    def _read_reference(self, reference):
        found = texts.clean(reference).strip() if isinstance(reference, str) else ""
        if not 0 < len(found) <= MAX_REFERENCE:
            message = self.env._(
                "message_ref: give a reference of your own, of at most %s letters, "
                "another one for each statement.",
                MAX_REFERENCE,
            )
            raise ValidationError(message)
        return found


class SmsConsentRequest(models.Model):
    """A statement recorded for another system, kept so that a repeat does nothing.

    It contains no personal data: reference and statement are stored as hashes, so a
    repeat is recognized even after the person was erased.
    """

    _name = "sms.consent.request"
    _description = "Recorded Request of Another System"
    _order = "id desc"
    _log_access = False

    company_id = fields.Many2one("res.company", required=True)
    reference_hash = fields.Char(
        required=True, help="Stands for the other system's reference."
    )
    digest = fields.Char("Digest (SHA-256)", required=True, help="Of what was said.")
    evidence_id = fields.Many2one(
        "sms.consent.evidence", ondelete="restrict", index=True
    )

    _reference_unique = models.UniqueIndex("(company_id, reference_hash)")

    @api.model
    def _claim(self, company, reference, said):
        """Return the request with a reference, creating it if necessary.

        Of two concurrent requests with one reference, the unique index makes the later
        one wait and then fail with a serialization error, which Odoo retries.

        :return: the request; without ``evidence_id`` while nothing is recorded
        :raises ValidationError: if the reference was used for another statement
        """
        reference_hash = self.env["sms.consent.key"]._hash([reference])[reference]
        digest = chain.digest(said)
        query = """
            INSERT INTO sms_consent_request (company_id, reference_hash, digest)
            VALUES (%s, %s, %s)
            ON CONFLICT (company_id, reference_hash) DO NOTHING
        """
        self.env.cr.execute(SQL(query, company.id, reference_hash, digest))
        request = self.search(
            [("company_id", "=", company.id), ("reference_hash", "=", reference_hash)]
        )
        if request.digest != digest:
            message = self.env._(
                "The message_ref “%s” was used already, for another statement. "
                "Give each statement a reference of its own.",
                reference,
            )
            raise ValidationError(message)
        return request

    def _find_events(self):
        """Return the recorded events that are valid with the company's carrier.

        Events of the sandbox are not, so the statement can be recorded again.
        """
        ledger = self.env["sms.consent.event"]
        domain = ledger._get_counting_domain(self.company_id)
        domain &= Domain("evidence_id", "=", self.evidence_id.id)
        return ledger.search(domain, order="id")
