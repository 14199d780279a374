# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from ..tools import import_rows, texts

#: Longest reference and longest text that other systems send, in characters.
MAX_REFERENCE = 200
MAX_TEXT = 10_000


class SmsConsentApi(models.AbstractModel):
    """Reads what other systems send: each fault is named, and nothing is guessed."""

    _inherit = "sms.consent.api"

    @api.model
    def _check_user(self, company_id):
        """Return the company that is meant, after checking what the user may.

        :raises AccessError: for who is no helpdesk user or does not work there
        """
        if not self.env.user.has_group("helpdesk_mgmt.group_helpdesk_user"):
            raise AccessError(self.env._("Only helpdesk users may use this API."))
        if company_id is not None and not isinstance(company_id, int):
            raise ValidationError(self.env._("company_id: give the company's number."))
        company = self.env["res.company"].browse(company_id or self.env.company.id)
        if company not in self.env.companies:
            raise AccessError(self.env._("You do not work in company %s.", company.id))
        return company

    @api.model
    def _read_number(self, company, number):
        """Return a number as E.164."""
        if not isinstance(number, str):
            raise ValidationError(
                self.env._("number: give it as text, such as “+13035550100”.")
            )
        return self.env["sms.consent.entry"]._read_number(company, number)

    @api.model
    def _read_purposes(self, codes):
        """Return the purposes with some codes."""
        if codes is None:
            codes = []
        if not isinstance(codes, list) or not all(isinstance(c, str) for c in codes):
            raise ValidationError(
                self.env._("purposes: give a list of codes, such as [“ticket”].")
            )
        found = self.env["sms.purpose"].search([("code", "in", codes)])
        if unknown := set(codes) - set(found.mapped("code")):
            known = self.env["sms.purpose"].search([]).mapped("code")
            raise ValidationError(
                self.env._(
                    "purposes: there is no %(unknown)s. There are: %(known)s.",
                    unknown=", ".join(sorted(unknown)),
                    known=", ".join(known),
                )
            )
        return found

    @api.model
    def _read_way(self, how):
        """Return the way in which consent was given."""
        way = import_rows.read_way(how)
        if not way:
            ways = ", ".join(import_rows.WAYS)
            raise ValidationError(self.env._("how: say one of %s.", ways))
        return way

    @api.model
    def _read_instant(self, text):
        """Return when something was said, in UTC."""
        try:
            moment = import_rows.parse_instant(text)
        except ValueError as error:
            raise ValidationError(
                self.env._(
                    "happened_at: give the time as in 2026-11-25T10:18:00Z, not %s.",
                    text,
                )
            ) from error
        return import_rows.settle_clock(moment, fields.Datetime.now())

    @api.model
    def _read_proof(self, how, source, wording, evidence):
        """Return what proves a consent: the words, how it was given, where it lies.

        :return: the evidence, as :meth:`SmsConsentEvent._record` takes it
        """
        way = self._read_way(how)
        facts = self._read_texts(
            required={"source": source, "wording": wording}, **evidence
        )
        note = import_rows.make_note(way, facts.pop("source"), facts.get("note"))
        return {**facts, "note": note}

    @api.model
    def _read_texts(self, required, **optional):
        """Return the evidence's texts, cleaned.

        :raises ValidationError: for what is missing, too long, no text, or not known
        """
        known = ("name", "note", "address", "device", "page", "witness")
        if unknown := optional.keys() - set(known):
            raise ValidationError(
                self.env._(
                    "There is no argument %(unknown)s. As evidence there are: "
                    "%(known)s.",
                    unknown=", ".join(sorted(unknown)),
                    known=", ".join(known),
                )
            )
        found = {}
        for name, value in {**required, **optional}.items():
            if value is not None and not isinstance(value, str):
                raise ValidationError(self.env._("%s: give a text.", name))
            if len(value or "") > MAX_TEXT:
                raise ValidationError(
                    self.env._("%(name)s: at most %(max)s letters.", name=name,
                               max=MAX_TEXT)
                )  # fmt: skip
            found[name] = texts.clean(value).strip()
            if name in required and not found[name]:
                raise ValidationError(
                    self.env._(
                        "%s: it is missing. Without it the consent proves nothing.",
                        name,
                    )
                )
        return found

    @api.model
    def _read_reference(self, reference):
        """Return the caller's reference."""
        is_text = isinstance(reference, str)
        if not is_text or not 0 < len(reference.strip()) <= MAX_REFERENCE:
            raise ValidationError(
                self.env._(
                    "message_ref: give a reference of your own, of at most %s letters, "
                    "another one for each statement.",
                    MAX_REFERENCE,
                )
            )
        return texts.clean(reference).strip()
