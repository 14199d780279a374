# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64

from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from ...tools import consent, media, phone, verdicts
from ...tools.import_rows import FIRST_TEXT


class SmsConsentEntry(models.AbstractModel):
    """Checks a person's statement before it is recorded in the ledger.

    Used by all entries made by a user or another system: the agent's form, paper forms,
    the API. Each error message says what to do.
    """

    _name = "sms.consent.entry"
    _description = "Entry into the Consent Ledger"

    def _enter(self, company, number, said, purposes, words, files=(), **facts):
        """Check a statement and record it.

        :param str number: as it was typed, E.164 or national
        :param said: :class:`tools.consent.Said`, ``granted`` or ``revoked``; an opt-out
            counts from now at the latest
        :param purposes: ``sms.purpose``; empty: an opt-out from everything
        :param str words: the text that the person agreed to
        :raises UserError: if something is missing, unreadable or overtaken
        """
        number = self._read_number(company, number)
        if not said.is_yes:
            # A no counts whenever it is entered, even if another clock is ahead.
            happened_at = min(said.happened_at, fields.Datetime.now())
            said = said._replace(happened_at=happened_at)
        elif not purposes:
            raise UserError(self.env._("Choose what the person agreed to."))
        elif not (words or "").strip():
            raise UserError(self.env._("Enter the text that the person agreed to."))
        if fault := self._find_fault(company, number, said, purposes):
            raise UserError(fault)
        if said.is_yes and said.method == consent.PAPER and not files:
            raise UserError(self.env._("Attach the scan of the signed form."))
        subject = (company, number, said.event, said.method, purposes or None)
        facts |= {"wording": words, "files": files, "happened_at": said.happened_at}
        facts["wordings"] = self._match_wordings(company, purposes, words)
        return self.env["sms.consent.event"].sudo()._record(*subject, **facts)

    def _check_may_record(self, company):
        """Raise an AccessError unless a helpdesk user with ``company`` selected."""
        if not self.env.user.has_group("helpdesk_mgmt.group_helpdesk_user_own"):
            raise AccessError(self.env._("Only helpdesk users may record consent."))
        company.with_env(self.env)._check_sms_user()

    def _find_number(self, company, number):
        """Return a number as E.164, empty if it cannot be read."""
        country = company.sudo().country_id
        return self.env["res.partner"]._phone_format_number(number or "", country) or ""

    def _read_number(self, company, number):
        """Return a number as E.164; raise a UserError if it cannot be read."""
        if found := self._find_number(company, number):
            return found
        refusal = phone.find_refusal(number or "")
        if refusal not in ("", verdicts.BAD_NUMBER):
            details = self.env["sms.consent.details"]
            labels = details._get_labels("sms.sms", "gate_reason")
            message = self.env._(
                "“%(number)s”: %(reason)s.", number=number, reason=labels[refusal]
            )
            raise UserError(message)
        message = self.env._(
            "“%s” is not a phone number. Enter it with its country code, for "
            "example +1 303 555 0100.",
            number or "",
        )
        raise UserError(message)

    # === Opt-outs that stand in the way ===

    def _find_fault(self, company, number, said, purposes):
        """Return why a :class:`tools.consent.Said` does not count, or an empty string.

        An opt-in without effect is refused: the person has opted out, and the ledger
        would keep what only looks like a consent (47 CFR 64.1200(a)(10)).
        """
        if said.happened_at > fields.Datetime.now():
            return self.env._("A consent cannot be given in the future.")
        consents = self.env["sms.consent"]
        if obstacle := consents._find_obstacle(company, number, said, purposes):
            return self._explain_obstacle(number, said, obstacle)
        if not said.is_yes:
            return ""
        number_hash = self.env["sms.consent.key"]._hash([number])[number]
        handover = consents._find_outdated(company, [number_hash]).get(number_hash)
        if reason := self._find_age_fault(company, said.happened_at, handover):
            return self.env._(
                "%s Only a new consent counts: ask the person again.", reason
            )
        return purposes._find_proof_fault(said.method)

    def _find_age_fault(self, company, happened_at, handover):
        """Return why a consent is too old to count, or an empty string.

        :param datetime happened_at: when it was given (UTC)
        :param datetime handover: since when the number may have another holder, or
            its person was erased (UTC), or None
        """
        if happened_at < FIRST_TEXT:
            return self.env._("There were no text messages yet.")
        if handover and happened_at <= handover:
            return self.env._(
                "The number may have had another holder since %s, or its person was "
                "erased then.",
                self.env["sms.consent.details"]._say_date(handover),
            )
        limit = self.env["sms.consent.expiry"]._get_limit(company)
        if limit and happened_at < limit:
            months = company.sms_consent_months
            return self.env._("Not given again for %s months.", months)
        return ""

    def _find_notice(self, company, number, said, purposes):
        """Return a note on the opt-out that a consent would undo, or empty."""
        subject = (company, number, said._replace(method=""), purposes)
        obstacle = self.env["sms.consent"]._find_obstacle(*subject)
        details = self.env["sms.consent.details"]
        return details._tell_way_back(obstacle, number) if obstacle else ""

    def _explain_obstacle(self, number, said, obstacle):
        """Return why an opt-in does not count, and what would."""
        details = self.env["sms.consent.details"]
        way_back = details._tell_way_back(obstacle, number)
        if said.happened_at >= obstacle.since:
            return way_back
        overtaken = self.env._(
            "%(number)s opted out on %(date)s, after this consent.",
            number=number,
            date=details._say_date(obstacle.since),
        )
        if obstacle.is_own:
            return f"{overtaken} {way_back}"
        return self.env._(
            "%s Only a new consent counts: ask the person again.", overtaken
        )

    # === Words and scans ===

    def _propose_words(self, company, purposes, lang=None):
        wordings = self.env["sms.wording"]
        purposes = purposes.sorted()
        return wordings._get_published(company, purposes, lang, True)._render(company)

    def _match_wordings(self, company, purposes, words):
        """Return the published wordings that match these words, also former versions.

        Words edited by hand match no version, and are stored as they are.

        :return: ``sms.wording``, in sudo, one for each purpose or none at all
        """
        rest, none_sudo = (words or "").split(), self.env["sms.wording"].sudo()
        found_sudo = none_sudo
        versions_sudo = none_sudo._find_versions(company, purposes)
        for purpose in purposes.sorted():
            own_sudo = versions_sudo.filtered_domain([("purpose_id", "=", purpose.id)])
            texts = [(it._render(company).split(), it) for it in own_sudo]
            fits = [pair for pair in texts if rest[: len(pair[0])] == pair[0]]
            if not fits:
                return none_sudo
            text, wording_sudo = max(fits, key=lambda pair: len(pair[0]))
            found_sudo += wording_sudo
            rest = rest[len(text) :]
        return none_sudo if rest else found_sudo

    def _read_scan(self, form):
        """Return the scan of a signed form as a file for the ledger.

        :param form: record with ``scan`` and ``scan_name``
        :return: ``(name, data)``, with a file extension that matches the content
        :raises UserError: if it is missing, too large or not a scan
        """
        name, data = form.scan_name, base64.b64decode(form.scan or b"")
        fault = media.find_scan_fault(data)
        if fault == media.EMPTY:
            raise UserError(self.env._("Attach the scan of the signed form."))
        if fault == media.TOO_LARGE:
            message = self.env._(
                "The scan “%(name)s” has %(size)s MB; at most %(limit)s MB are "
                "accepted. Scan it in gray or at a lower resolution.",
                name=name or "",
                size=len(data) // 1024**2,
                limit=media.MAX_SCAN_BYTES // 1024**2,
            )
            raise UserError(message)
        if fault:
            message = self.env._(
                "“%s” is not a scan, whatever its name says. Attach a PDF, PNG, "
                "JPEG, TIFF or HEIC file.",
                name or "",
            )
            raise UserError(message)
        return media.get_scan_name(name, media.find_type(data)), data
