# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import hashlib

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools import advice, languages, texts
from .ledger_guards import Guard, install_guards

DRAFT, PUBLISHED, SUPERSEDED = STATES = ("draft", "published", "superseded")
#: Fields of a version that are fixed once it is published.
FIXED_FIELDS = frozenset({"purpose_id", "lang", "body", "version", "company_id"})
#: Fields that only publishing sets.
STATE_FIELDS = frozenset({"state", "published_at", "published_by_id"})
#: A published version keeps its words, and does not become a draft again.
KEEP_PUBLISHED = f"""
BEGIN
    IF OLD.state = '{DRAFT}' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.state != '{DRAFT}'
       AND (NEW.body, NEW.lang, NEW.version, NEW.purpose_id, NEW.company_id)
           IS NOT DISTINCT FROM
           (OLD.body, OLD.lang, OLD.version, OLD.purpose_id, OLD.company_id)
       AND NEW.digest = encode(sha256(convert_to(NEW.body, 'UTF8')), 'hex')
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'A published wording stays as it is: % refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END
"""
GUARD = "sms_wording_guard"
PUBLISHED_GUARD = Guard(GUARD, GUARD, KEEP_PUBLISHED, ("DELETE", "UPDATE"), "ROW")


class SmsWording(models.Model):
    """The words in which consent to a purpose is asked for, version by version.

    A published version never changes, so that a consent of years ago can be shown in
    its own words; a new version supersedes it.
    """

    _name = "sms.wording"
    _inherit = "sms.shared.row"
    _description = "Consent Wording"
    _order = "purpose_id, lang, version desc, id desc"
    _ledger_guards = (PUBLISHED_GUARD,)

    purpose_id = fields.Many2one("sms.purpose", required=True, ondelete="restrict")
    company_id = fields.Many2one(
        "res.company",
        ondelete="restrict",
        default=lambda self: self._default_row_company(),
        help="Leave empty for all companies.",
    )
    lang = fields.Selection(
        selection=lambda self: self._get_languages(),
        string="Language",
        required=True,
        default=lambda self: self.env.lang or "en_US",
    )
    version = fields.Integer(default=1, readonly=True, copy=False)
    body = fields.Text(
        "Wording",
        required=True,
        help="Placeholders: {company}, {purpose} (its name), {privacy} and {terms} "
        "(the addresses in the settings).",
    )
    state = fields.Selection(
        [(DRAFT, "Draft"), (PUBLISHED, "Published"), (SUPERSEDED, "Superseded")],
        default=DRAFT,
        required=True,
        readonly=True,
        copy=False,
    )
    published_at = fields.Datetime(readonly=True, copy=False)
    published_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    digest = fields.Char(
        "Digest (SHA-256)",
        compute="_compute_digest",
        store=True,
        help="SHA-256 of the wording, recorded with every consent.",
    )
    missing = fields.Char(
        compute="_compute_missing",
        help="What CTIA requires of a call to action and this wording lacks.",
    )

    _published_unique = models.UniqueIndex(
        "(purpose_id, lang, COALESCE(company_id, 0)) WHERE state = 'published'",
        "Another version of this wording is already published.",
    )

    def init(self):
        """Install the trigger that keeps published versions, for every role."""
        install_guards(self)
        return super().init()

    @api.model
    def _get_languages(self):
        """Return the active languages, and those with shipped texts."""
        langs = self.env["res.lang"].sudo().with_context(active_test=False).search([])
        shipped = set(languages.SHIPPED.values())
        return [(it.code, it.name) for it in langs if it.active or it.code in shipped]

    @api.depends("purpose_id", "lang", "version")
    def _compute_display_name(self):
        for record in self:
            purpose, lang, version = record.purpose_id.name, record.lang, record.version
            record.display_name = f"{purpose} ({lang}) v{version}"

    @api.depends("body")
    def _compute_digest(self):
        for record in self:
            record.digest = hashlib.sha256((record.body or "").encode()).hexdigest()

    @api.depends("body")
    def _compute_missing(self):
        """Name what a call to action must say and this wording does not.

        Source: CTIA Messaging Principles and Best Practices, section 5.1.1.
        """
        labels = {
            "program": self.env._("the program ({company})"),
            "frequency": self.env._("the message frequency"),
            "rates": self.env._("that message and data rates may apply"),
            "STOP": self.env._("how to STOP"),
            "HELP": self.env._("how to get HELP"),
            "privacy policy": self.env._("the privacy policy ({privacy})"),
            "terms": self.env._("the terms ({terms})"),
        }
        for record in self:
            elements = advice.missing_elements(record.body)
            record.missing = ", ".join(labels[element] for element in elements)

    @api.model_create_multi
    def create(self, vals_list):
        """Create drafts, whatever a client sends; shipped ones are in force at once."""
        dropped = {"digest"} if self.env.su else {"digest", *STATE_FIELDS}
        return super().create(
            [{name: vals[name] for name in vals.keys() - dropped} for vals in vals_list]
        )

    def write(self, vals):
        """Refuse to change a published version: consents were given under it."""
        if "digest" in vals:
            raise UserError(self.env._("The digest of a wording follows its words."))
        if STATE_FIELDS & vals.keys() and not self.env.su:
            raise UserError(self.env._("A wording is put in force by publishing it."))
        if FIXED_FIELDS & vals.keys() and any(r.state != DRAFT for r in self):
            raise UserError(
                self.env._(
                    "A published wording cannot be changed. Create a new version "
                    "instead."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        if any(record.state != DRAFT for record in self):
            raise UserError(self.env._("A published wording cannot be deleted."))

    def action_publish(self):
        """Put these drafts in force; what they supersede stays readable.

        A draft whose number a published version has gets the next one.
        """
        self.check_access("write")
        values = {"state": PUBLISHED, "published_by_id": self.env.uid}
        for record in self.sudo().filtered(lambda record: record.state == DRAFT):
            former = record._get_versions().filtered(lambda r: r.state != DRAFT)
            current = former.filtered(lambda r: r.state == PUBLISHED)
            current.write({"state": SUPERSEDED})
            current.flush_recordset()
            version = max([record.version, *(it.version + 1 for it in former)])
            now = fields.Datetime.now()
            record.write({**values, "version": version, "published_at": now})

    def action_new_version(self):
        """Open a draft that starts from this version."""
        self.ensure_one()
        draft = self.copy({"version": max(self._get_versions().mapped("version")) + 1})
        return draft._get_records_action()

    def _get_copy_domain(self):
        return [("purpose_id", "=", self.purpose_id.id), ("lang", "=", self.lang)]

    def _get_versions(self):
        return self.search(
            [*self._get_copy_domain(), ("company_id", "=", self.company_id.id)]
        )

    @api.model
    def _find_versions(self, company, purposes):
        """Return all versions that were ever in force, the likeliest first."""
        domain = [("purpose_id", "in", purposes.ids), ("state", "!=", DRAFT)]
        domain.append(("company_id", "in", [False, company.id]))
        return self.search(domain).sorted(
            lambda it: (it.state != PUBLISHED, not it.company_id, -it.version)
        )

    @api.model
    def _get_published(self, company, purposes, lang=None, as_one=False):
        """Return the wordings in force for purposes, one for each that has any.

        In the reader's language, else in English; the company's own before shared ones.
        In the order of ``purposes``.

        :param bool as_one: they are read as one text: in one language, if it has all
        """
        domain = [("purpose_id", "in", purposes.ids), ("state", "=", PUBLISHED)]
        domain.append(("company_id", "in", [False, company.id]))
        found = self.sudo().search(domain)
        active = company._get_sms_active_langs()
        found = found.filtered(lambda it: languages.find_nearest(it.lang, active))
        wanted = languages.find_nearest(lang or self.env.lang, active)
        order = [languages.get_language(code) for code in (wanted, "en_US")]
        by_language = found.grouped(lambda it: languages.get_language(it.lang))
        spoken = (by_language.get(language, self) for language in order if as_one)
        complete = (it for it in spoken if it.purpose_id == found.purpose_id)
        found = next(complete, found)

        def rank(record):
            """Put the wanted language first, and in it the wanted country's variant."""
            language = languages.get_language(record.lang)
            place = order.index(language) if language in order else len(order)
            return (place, record.lang != wanted, not record.company_id)

        by_purpose = found.sorted(rank).grouped("purpose_id")
        chosen = (by_purpose[it][:1] for it in purposes if it in by_purpose)
        return self.browse().concat(*chosen)

    def _render(self, company):
        """Return the words as a person sees them when ``company`` asks."""
        return "\n\n".join(
            texts.fill(record.body, record._get_fillers(company)) for record in self
        )

    def _get_fillers(self, company):
        """Return the values of the placeholders, in the wording's language.

        In the sandbox a missing address is visibly marked as not set. A company that
        texts real phones without these pages gives a contact to ask for them instead.
        """
        company_sudo = company.sudo()
        wording = self.with_context(lang=company_sudo._pick_sms_lang(self.lang))
        contact = company_sudo.website or company_sudo.email or company_sudo.phone
        if not contact or self.env["sms.consent.event"]._is_on_sandbox(company):
            contact = wording.env._("not set yet")
        return {
            "company": company_sudo.name,
            "privacy": company_sudo.sms_privacy_url or contact,
            "terms": company_sudo.sms_terms_url or contact,
            "purpose": wording.purpose_id.name,
        }
