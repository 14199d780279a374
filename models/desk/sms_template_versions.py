# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools import EVENT_MODEL, TICKET_MODEL, advice, texts
from ...tools.advice import Wording
from ...tools.purpose_rules import MessageSource
from ...tools.quiet_hours import MARKETING
from ...tools.segments import count_segments
from ..core.sms_shared_row import ADMINISTRATORS
from ..ledger.sms_purpose import INTERNAL
from .sms_template import OWN_MODELS


class SmsTemplate(models.Model):
    """A company may have its own words in place of a shared template's.

    Stages, automations and purpose rules go on naming the shared template; what is
    filled in is the company's own (:meth:`_get_for_company`). Templates of other apps
    have no company, as Odoo has it.
    """

    _name = "sms.template"
    _inherit = ["sms.template", "sms.shared.copy"]

    company_id = fields.Many2one(
        "res.company",
        ondelete="restrict",
        index="btree_not_null",
        help="Empty: in all companies that have no template in its place.",
    )
    shared_id = fields.Many2one(
        "sms.template",
        "In Place Of",
        ondelete="cascade",
        domain=[("company_id", "=", False)],
        help="The shared template whose words the company does not use any more.",
    )
    copy_ids = fields.One2many("sms.template", "shared_id", readonly=True)

    _copy_unique = models.UniqueIndex(
        "(shared_id, company_id) WHERE shared_id IS NOT NULL",
        "The company has a template in place of this one already.",
    )

    #: List of ``{"lang": code, "name": of the language, "body": the text}``.
    language_versions = fields.Json(
        compute="_compute_language_versions",
        inverse="_inverse_language_versions",
    )
    body_in_words = fields.Char("Text", compute="_compute_body_in_words")
    about = fields.Selection(
        [(TICKET_MODEL, "Tickets"), (EVENT_MODEL, "Appointments")],
        compute="_compute_about",
        inverse="_inverse_about",
        help="The records that the text can be about.",
    )
    preview_ticket_id = fields.Many2one(
        "helpdesk.ticket",
        "Preview With",
        compute="_compute_preview_ticket_id",
        readonly=False,
    )

    @api.depends("model")
    def _compute_is_shared(self):
        result = super()._compute_is_shared()
        for template in self:
            if template.sudo().model not in OWN_MODELS:
                template.is_shared = template.is_locked = False
        return result

    @api.model_create_multi
    def create(self, vals_list):
        """Give a manager's templates of the helpdesk the company of the manager.

        Body and records come out of what the form gives instead of them.
        """
        vals_list = [self._add_form_values(vals) for vals in vals_list]
        templates = super().create([self._add_row_company(vals) for vals in vals_list])
        self.env.registry.clear_cache()
        return templates

    @api.model
    def _add_row_company(self, vals):
        if self.env.su or self.env.user.has_group(ADMINISTRATORS):
            return vals
        model_id = vals.get("model_id") or self.default_get(["model_id"])["model_id"]
        if self.env["ir.model"].sudo().browse(model_id).model in OWN_MODELS:
            vals.setdefault("company_id", self.env.company.id)
        return vals

    def _copy_for_company(self, company):
        """Keep the name: Odoo calls a copy one."""
        known = self._get_for_company(company)
        own = super()._copy_for_company(company)
        if own not in (known, self):
            for lang, _label in self.env["res.lang"].get_installed():
                own.with_context(lang=lang).name = self.with_context(lang=lang).name
        return own

    def action_copy_for_company(self):
        """Open it in our own form, with the languages side by side."""
        form = self.env.ref("helpdesk_mgmt_sms.sms_template_view_form")
        return {**super().action_copy_for_company(), "views": [(form.id, "form")]}

    def _render_field(self, field, res_ids, *args, **kwargs):
        """Fill in a company's own words for its records."""
        copies = self._get_copies()
        if field != "body" or not copies or not self.id:
            return super()._render_field(field, res_ids, *args, **kwargs)
        by_template = {}
        for res_id, company in self._get_record_companies(res_ids):
            template = self._get_for_company(company)
            by_template.setdefault(template, []).append(res_id)
        rendered = {}
        for template, ids in by_template.items():
            rendered |= super(SmsTemplate, template)._render_field(
                field, ids, *args, **kwargs
            )
        return rendered

    def _get_record_companies(self, res_ids):
        records = self.env[self.sudo().render_model].sudo().browse(res_ids)
        has_company = "company_id" in records._fields
        return [
            (record.id, has_company and record.company_id or self.env.company)
            for record in records
        ]

    # ------------------------------------------------------------------
    # A template in all languages side by side, and how each would look
    # ------------------------------------------------------------------

    # The form edits ``language_versions``; the words themselves stay in ``body``, which
    # Odoo translates.

    @api.depends("body", "model_id")
    @api.depends_context("lang")
    def _compute_body_in_words(self):
        """Show placeholders by their names, as the form does."""
        words = self._get_placeholder_words()
        for template in self:
            known = words.get(template.sudo().model, {})
            template.body_in_words = re.sub(
                r"\{\{\s*([\w.]+)\s*\}\}",
                lambda match, known=known: (
                    f"{{{known[match[1]]}}}" if match[1] in known else match[0]
                ),
                template.body or "",
            )

    @api.depends("body")
    def _compute_language_versions(self):
        languages = self.env["res.lang"].get_installed()
        own = self.env.lang or "en_US"
        languages.sort(key=lambda pair: pair[0] != own)
        for template in self:
            template.language_versions = [
                {
                    "lang": lang,
                    "name": name,
                    "body": template.with_context(lang=lang).body or "",
                }
                for lang, name in languages
            ]

    def _inverse_language_versions(self):
        """Store the text of each language; one that is empty is told by the others."""
        known = dict(self.env["res.lang"].get_installed())
        for template in self:
            versions = template.language_versions or []
            for version in versions:
                lang, body = version.get("lang"), (version.get("body") or "").strip()
                spoken = template.with_context(lang=lang) if lang in known else None
                if spoken is not None and body and spoken.body != body:
                    spoken.body = body

    @api.depends("model_id")
    def _compute_about(self):
        for template in self:
            model = template.sudo().model_id.model
            template.about = model if model in OWN_MODELS else False

    def _inverse_about(self):
        for template in self.filtered("about"):
            template.model_id = self.env["ir.model"]._get(template.about)

    @api.depends("about")
    def _compute_preview_ticket_id(self):
        ticket = self.env[TICKET_MODEL].search(
            [("partner_id", "!=", False)], order="id desc", limit=1
        )
        self.preview_ticket_id = ticket

    @api.model
    def _add_form_values(self, vals):
        """Return values with body and records, out of what the form gives instead."""
        vals = dict(vals)
        versions = vals.get("language_versions") or []
        bodies = [version.get("body") for version in versions]
        if not vals.get("body"):
            vals["body"] = next(filter(None, bodies), "")
        if vals.get("about") and not vals.get("model_id"):
            vals["model_id"] = self.env["ir.model"]._get_id(vals["about"])
        return vals

    # ------------------------------------------------------------------
    # How it would look
    # ------------------------------------------------------------------

    @api.model
    def get_previews(self, model, record_id, versions, template_id=False):
        """Return how a text would reach the customer of a record, in each language.

        Nothing is stored, and only safe expressions are filled in.

        :param str model: ``helpdesk.ticket`` or ``calendar.event``
        :param int record_id: the record; False: the newest one, where there is one
        :param list versions: as in ``language_versions``
        :param template_id: of the stored template, by which a purpose may be meant
        :return: for each version ``{"lang", "text", "footer", "segments", "encoding",
            "units", "problem", "advice": [sentences]}``
        :raises AccessError: for who may not write templates, or not read the record
        """
        self.check_access("create")
        record = self._get_preview_record(model, record_id)
        return [
            self._preview(record, version, template_id or 0)
            for version in versions or []
        ]

    @api.model
    def _get_preview_record(self, model, record_id):
        if model not in OWN_MODELS:
            raise UserError(self.env._("Choose what the text is about."))
        records = self.env[model]
        if record_id:
            records = records.browse(int(record_id)).exists()
            records.check_access("read")
            return records
        return records.search([], order="id desc", limit=1)

    @api.model
    def _preview(self, record, version, template_id):
        """Return one version as the reader would get it, and what to look at."""
        lang, source = version.get("lang"), version.get("body") or ""
        text, problem = self._fill_in(record, source, lang)
        purpose = self._get_preview_purpose(record, template_id)
        rules = purpose._get_rules(lang, self._get_preview_company(record))
        footer = rules.footer
        if rules.quiet_class == MARKETING:
            name = self._get_preview_company(record).sudo().name
            footer = advice.sign(text, footer, name)
        whole = texts.add_footer(text, footer)
        segments = count_segments(whole)
        wording = Wording(
            text,
            footer,
            segments,
            self._get_sender_names(record),
            is_promotional=rules.quiet_class == MARKETING,
            is_internal=purpose.code == INTERNAL,
        )
        return {
            "lang": lang,
            "text": whole if source else "",
            "problem": problem,
            "segments": segments.count,
            "units": segments.units,
            "encoding": segments.encoding,
            "advice": self._describe_advice(wording) if source else [],
        }

    @api.model
    def _fill_in(self, record, source, lang):
        """Return a text about a record in a language, and what is wrong with it."""
        is_unsafe = self._has_unsafe_expression_template_inline_template(
            source, record._name
        )
        if is_unsafe or self._has_secret(source):
            problem = self.env._(
                "It has a placeholder that is not one of those offered."
            )
            return source, problem
        if not record:
            return source, ""
        # Only what is safe is filled in, so that sudo shows no more than a text.
        speaking = self.with_context(lang=lang).sudo()
        rendered = speaking._render_template(source, record._name, record.ids)
        return rendered[record.id], ""

    @api.model
    def _get_preview_purpose(self, record, template_id):
        company = self._get_preview_company(record)
        source = MessageSource(record._name, int(template_id))
        rules = self.env["sms.purpose.rule"].sudo()
        return rules._find_purpose(company, source)

    @api.model
    def _get_preview_company(self, record):
        has_company = "company_id" in record._fields and record.sudo().company_id
        return has_company or self.env.company

    @api.model
    def _get_sender_names(self, record):
        names = [self._get_preview_company(record).sudo().name]
        if record._name == TICKET_MODEL and record.sudo().team_id:
            names.append(record.sudo().team_id.name)
        return tuple(names)

    @api.model
    def _describe_advice(self, wording):
        """Return what to look at, in plain sentences."""
        sentences = {
            advice.TOO_LONG: self.env._(
                "Too long: it costs %s segments. Say one thing."
            ),
            advice.NO_NEXT_STEP: self.env._(
                "No next step: say what the reader can do, or what you will do."
            ),
            advice.ALL_CAPS: self.env._("Capitals read as shouting: %s"),
            advice.SLANG: self.env._("Write it out, it is slang: %s"),
            advice.NO_SENDER: self.env._(
                "No sender: name the company or the team, a number tells nobody."
            ),
            advice.SHORTENER: self.env._(
                "Carriers filter shared link shorteners: %s. Use your own address."
            ),
            advice.PROMOTION: self.env._(
                "“%s” makes it an offer, which needs the written consent of marketing."
            ),
            advice.NO_OPT_OUT: self.env._(
                "No way out: its purpose has no footer, so say how to STOP."
            ),
            advice.UNICODE: self.env._("Costs up to twice as much because of: %s"),
        }
        return [
            sentences[found.code] % found.detail
            if "%s" in sentences[found.code]
            else sentences[found.code]
            for found in advice.advise(wording)
        ]
