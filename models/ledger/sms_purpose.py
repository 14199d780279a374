# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from functools import partial
from typing import NamedTuple

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import format_list, ormcache

from ...tools import purpose_rules, quiet_hours
from ...tools.strictness import PROOF_FIELDS, Terms, are_terms_less_strict
from ..core.sms_shared_row import ADMINISTRATORS

TICKET, APPOINTMENT, ALERT, INTERNAL = "ticket", "appointment", "alert", "internal"
MARKETING = "marketing"
SHIPPED_CODES = (TICKET, APPOINTMENT, ALERT, INTERNAL, MARKETING)
#: Purposes that customers can agree to on a form, in this order.
CUSTOMER_CODES = (TICKET, APPOINTMENT, ALERT)
#: Default terms of a new purpose; less strict ones need a reason.
DEFAULT_TERMS = Terms(quiet_hours.MARKETING, max_per_day=10, is_helpdesk=False)
#: The terms that are fields of a purpose.
TERM_FIELDS = tuple(name for name in Terms._fields if name != "has_footer")


class PurposeCode(NamedTuple):
    """A purpose's code that server code puts into the context ``sms_purpose``.

    A client can send any string in a context, but nothing of this type, so it cannot
    choose which consent a message needs. Nor does a string equal it: Odoo gives equal
    contexts the same environment.
    """

    code: str


class PurposeRules(NamedTuple):
    """Terms of a purpose that every message needs."""

    footer: str
    is_helpdesk: bool
    priority: int
    quiet_class: str
    max_per_day: int
    proofs: frozenset


class SmsPurposeTerms(models.AbstractModel):
    """The footer, hours and limit of a purpose's messages, everywhere or in a company.

    A footer names STOP and HELP in each language, or is empty. Removing it needs a
    reason, but not from the superuser: the test suites of other apps run without.
    """

    _name = "sms.purpose.terms"
    _description = "Terms of Text Messages"
    _inherit = ["sms.relaxation.reason", "sms.checked.words"]

    footer = fields.Text(
        translate=True,
        help="Added once to every message of this purpose: how to stop and get help. "
        "It names STOP and HELP, or the words for them in its language.",
    )
    quiet_class = fields.Selection(
        [
            (quiet_hours.MARKETING, "Offers: in the hours of the law"),
            (quiet_hours.INFORMATIONAL, "Informational: in business hours"),
            (quiet_hours.URGENT, "Urgent: at any hour"),
        ],
        string="Quiet Hours",
        required=True,
        default=DEFAULT_TERMS.quiet_class,
        tracking=True,
        help="When messages of this purpose may be sent, in the recipient's local "
        "time.",
    )
    max_per_day = fields.Integer(
        "Maximum per Day",
        default=DEFAULT_TERMS.max_per_day,
        tracking=True,
        help="Messages to one number in 24 hours; further ones are blocked. 0 for no "
        "limit.",
    )

    _max_per_day_positive = models.Constraint(
        "CHECK (max_per_day >= 0)", "The messages per day cannot be negative."
    )

    def _get_footer_company(self):
        """Return the company whose keywords a footer may name; empty: all companies."""
        return self.env["res.company"]

    def _has_footer(self):
        return bool((self.footer or "").strip())

    def _asks_about_footer(self):
        return self.env.uid != SUPERUSER_ID

    def _is_less_strict_than(self, before):
        after = self._get_strictness()
        if not self._asks_about_footer():
            after = after._replace(has_footer=before.has_footer)
        return are_terms_less_strict(before, after)

    def _update_field_translations(
        self, field_name, translations, digest=None, source_lang=""
    ):
        """Refuse to empty a footer where no reason can be given.

        :raises UserError: names the form where it can
        """
        is_emptied = field_name == "footer" and any(
            isinstance(text, str) and not text.strip() for text in translations.values()
        )
        if is_emptied and self._asks_about_footer():
            raise UserError(
                self.env._(
                    "To remove a footer, open its form in the language in question, "
                    "and enter who decided it, and why, under “Reason for Relaxing”."
                )
            )
        return super()._update_field_translations(
            field_name, translations, digest=digest, source_lang=source_lang
        )


class SmsPurpose(models.Model):
    """A purpose of messages, which people agree to one by one.

    Consent is per purpose: a person who wants to hear about a ticket has not asked for
    offers. Code refers to the shipped purposes, so they cannot be removed. All
    companies share purposes, so administrators write them; managers set what differs in
    their company (``sms.purpose.company``).
    """

    _name = "sms.purpose"
    _inherit = ["sms.purpose.terms", "sms.cached.rules"]
    _strictness_fields = frozenset({*TERM_FIELDS, "footer"})
    _description = "Text Message Purpose"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, copy=False)
    sequence = fields.Integer(
        default=50, help="Messages with a lower number are sent first."
    )
    active = fields.Boolean(default=True)
    description = fields.Char(
        translate=True,
        help="What the person gets, in plain words. Shown on their preference page.",
    )
    footer = fields.Text(
        default=lambda self: self.env._("Reply STOP to opt out, HELP for help.")
    )
    is_helpdesk = fields.Boolean(
        string="Helpdesk Purpose",
        tracking=True,
        help="Sent by the helpdesk. Such messages are not sent through a provider "
        "that cannot receive a STOP, unless the company's policy is opt-out.",
    )
    # A new purpose accepts what offers may accept: 47 CFR 64.1200(a)(2), (f)(9).
    accepts_web = fields.Boolean("Web Form", default=True, tracking=True)
    accepts_text = fields.Boolean("Text Message", default=True, tracking=True)
    accepts_paper = fields.Boolean("Signed Paper", default=True, tracking=True)
    accepts_written = fields.Boolean("Email or Letter", default=True, tracking=True)
    accepts_spoken = fields.Boolean(
        "In Person or by Phone",
        tracking=True,
        help="Not for offers: they need prior express written consent (47 CFR "
        "64.1200(a)(2) and (f)(9)).",
    )

    own_ids = fields.One2many(
        "sms.purpose.company",
        "purpose_id",
        "Company Overrides",
        readonly=True,
        help="What differs in these companies.",
    )

    _code_unique = models.Constraint(
        "unique(code)", "Another purpose already has this code."
    )

    def _init_column(self, column_name):
        """Set the new column of the shipped purposes in an older database."""
        result = super()._init_column(column_name)
        if column_name == "accepts_spoken":
            # It was accepted for all; it remains so for purposes that are no offers.
            self.env.cr.execute(
                "UPDATE sms_purpose SET accepts_spoken = TRUE"
                " WHERE is_helpdesk AND code != %s AND quiet_class != %s",
                [MARKETING, quiet_hours.MARKETING],
            )
        return result

    @api.constrains("quiet_class", "is_helpdesk", "code")
    def _check_quiet_class(self):
        for purpose in self:
            purpose._check_class(purpose.quiet_class)
            purpose.own_ids._check_quiet_class()

    def _check_class(self, quiet_class):
        """Refuse hours other than the legal ones for purposes that may be offers."""
        is_offer = self.code == MARKETING or not self.is_helpdesk
        if is_offer and quiet_class != quiet_hours.MARKETING:
            raise ValidationError(
                self.env._(
                    "“%s” may be an offer, so it follows the legal hours.", self.name
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_shipped(self):
        if any(purpose.code in SHIPPED_CODES for purpose in self):
            raise UserError(
                self.env._("This purpose ships with the module; it cannot be deleted.")
            )

    def _get_usual_strictness(self):
        """Compare with the default terms of a new purpose.

        Otherwise one could be deleted and created again, or other apps' messages be
        mapped to one without quiet hours.
        """
        usual = {name: getattr(DEFAULT_TERMS, name) for name in TERM_FIELDS}
        return DEFAULT_TERMS, self.new(usual)

    def _get_strictness(self):
        terms = {name: self[name] for name in TERM_FIELDS}
        return Terms(**terms, has_footer=self._has_footer())

    def write(self, vals):
        """Refuse another code: rules name it, and the ledger's seals cover it."""
        if "code" in vals and any(purpose.code != vals["code"] for purpose in self):
            raise UserError(self.env._("The code of a purpose is fixed."))
        return super().write(vals)

    @api.model
    def _get(self, code):
        """Return the purpose with ``code``, archived or not; refuse unknown codes."""
        if purpose_id := self._get_id(code):
            return self.browse(purpose_id)
        raise UserError(self.env._("Unknown text message purpose: %s", code))

    @api.model
    @ormcache("code")
    def _get_id(self, code):
        purpose_sudo = self.sudo().with_context(active_test=False)
        return purpose_sudo.search([("code", "=", code)], limit=1).id

    @ormcache("self.id", "lang", "company.id")
    def _get_rules(self, lang, company):
        """Return the terms of the purpose for a message of a company in ``lang``.

        Cached: every message needs them, and they change once a year.
        """
        purpose_sudo = self.sudo().with_context(lang=lang)
        own_sudo = purpose_sudo.own_ids.filtered(lambda it: it.company_id == company)
        terms_sudo = own_sudo or purpose_sudo
        proofs = (kind for name, kind in PROOF_FIELDS.items() if purpose_sudo[name])
        return PurposeRules(
            terms_sudo.footer or "",
            purpose_sudo.is_helpdesk,
            purpose_sudo.sequence,
            terms_sudo.quiet_class,
            terms_sudo.max_per_day,
            frozenset(proofs),
        )

    def _check_proof(self, way):
        """Refuse a consent that was given in a way that proves nothing.

        :param str way: a method of the ledger, or one of ``import_rows.WAYS``
        :raises UserError: with the law where it requires writing
        """
        if fault := self._find_proof_fault(way):
            raise UserError(fault)

    def _find_proof_fault(self, way):
        """Return why a way to consent proves nothing for these purposes, or ``""``."""
        for purpose_sudo in self.sudo():
            accepted = purpose_sudo._get_rules(self.env.lang, self.env.company).proofs
            if purpose_rules.is_proof_accepted(way, accepted):
                continue
            labels = [
                self._fields[name]._description_string(self.env)
                for name, kind in PROOF_FIELDS.items()
                if kind in accepted
            ]
            facts = {
                "purpose": purpose_sudo.name,
                "kinds": format_list(self.env, labels, "or") if labels else "–",
            }
            if purpose_rules.KIND_OF[way] == purpose_rules.SPOKEN:
                return self.env._(
                    "“%(purpose)s” needs consent in writing; spoken consent is not "
                    "sufficient (47 CFR 64.1200(a)(2) and (f)(9)). Ask for it by: "
                    "%(kinds)s.",
                    **facts,
                )
            return self.env._(
                "“%(purpose)s” does not accept consent given in this way. Ask for it "
                "by: %(kinds)s.",
                **facts,
            )
        return ""

    def _check_access(self, operation):
        """Tell managers what to do instead if they are refused."""
        refused = super()._check_access(operation)
        own = self.env["sms.purpose.company"]
        if not refused or operation == "read" or not own.has_access("write"):
            return refused
        return refused[0], partial(
            self.env["sms.shared.row"]._make_shared_row_error, self[:1]
        )

    def action_copy_for_company(self):
        """Open the terms of the user's company, which begin as the shared ones."""
        self.ensure_one()
        company = self.env.company
        own = self.own_ids.filtered(lambda it: it.company_id == company)
        own = own or own._copy_purpose(self, company)
        return own.action_copy_for_company()

    @api.model
    def _get_for_customers(self):
        return self.sudo().browse(map(self._get_id, CUSTOMER_CODES)).filtered("active")


class SmsPurposeCompany(models.Model):
    """A company's own footer, hours and limit for the messages of a purpose.

    Consent is given for a purpose, so purposes themselves are never copied.
    """

    _name = "sms.purpose.company"
    _description = "Purpose in One Company"
    _inherit = ["sms.shared.row", "sms.purpose.terms", "sms.cached.rules"]
    _strictness_fields = frozenset({"quiet_class", "max_per_day", "footer"})
    _order = "company_id, purpose_id"
    _rec_name = "purpose_id"

    purpose_id = fields.Many2one("sms.purpose", required=True, ondelete="cascade")
    company_id = fields.Many2one(
        "res.company",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
    )
    _purpose_unique = models.UniqueIndex(
        "(purpose_id, company_id)",
        "The company already has its own row for this purpose.",
    )

    @api.constrains("quiet_class", "purpose_id")
    def _check_quiet_class(self):
        for own in self:
            own.purpose_id._check_class(own.quiet_class)

    @api.model_create_multi
    def create(self, vals_list):
        """Default to the shared footer."""
        purposes = self.env["sms.purpose"]
        return super().create(
            [
                {"footer": purposes.browse(vals.get("purpose_id")).footer, **vals}
                for vals in vals_list
            ]
        )

    def write(self, vals):
        """Refuse to change the purpose or the company."""
        fixed = {"purpose_id", "company_id"} & vals.keys()
        if any(row[name].id != vals[name] for name in fixed for row in self):
            raise UserError(
                self.env._(
                    "The purpose and the company cannot change. Create another row."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_stricter(self):
        """Keep a row that is stricter than the shared terms."""
        for row in self:
            if are_terms_less_strict(
                row._get_strictness(), row.purpose_id._get_strictness()
            ):
                raise ValidationError(
                    self.env._(
                        "“%s” is stricter here than in other companies. Say why it "
                        "should not be, by changing it.",
                        row.display_name,
                    )
                )

    def _get_strictness(self):
        shared = self.purpose_id.sudo()._get_strictness()
        own = {"quiet_class": self.quiet_class, "max_per_day": self.max_per_day}
        return shared._replace(**own, has_footer=self._has_footer())

    def _get_usual_strictness(self):
        """Compare with the shared terms."""
        purpose_sudo = self.purpose_id.sudo()
        return purpose_sudo._get_strictness(), purpose_sudo

    def _get_footer_company(self):
        return self.company_id

    @api.constrains("footer")
    def _check_footer_is_kept(self):
        """Allow only administrators to remove a footer."""
        if self.env.user.has_group(ADMINISTRATORS) or not self._asks_about_footer():
            return
        for own in self:
            if not own._has_footer() and own.purpose_id.sudo()._has_footer():
                raise AccessError(
                    self.env._(
                        "“%s”: only administrators can remove a footer.",
                        own.display_name,
                    )
                )

    @api.model
    def _copy_purpose(self, purpose, company):
        """Return a new row with the shared terms, in all languages."""
        terms = {name: purpose[name] for name in self._strictness_fields}
        row = self.create({"purpose_id": purpose.id, "company_id": company.id, **terms})
        for lang, _name in self.env["res.lang"].get_installed():
            row.with_context(lang=lang).footer = purpose.with_context(lang=lang).footer
        return row
