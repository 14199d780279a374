# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import ormcache

from ...tools import EVENT_MODEL, TICKET_MODEL, advice, texts
from ...tools.advice import Wording
from ...tools.names import close_greeting
from ...tools.purpose_rules import MessageSource
from ...tools.quiet_hours import MARKETING
from ...tools.segments import count_segments
from ..core.sms_shared_row import ADMINISTRATORS
from ..ledger.sms_purpose import INTERNAL

#: Models whose templates helpdesk managers may write.
OWN_MODELS = (TICKET_MODEL, EVENT_MODEL)
#: Fields that people type, and the cleaned-up fields that replace them in a text.
TYPED = {
    "partner_id.name": "sms_customer_name",
    "partner_id.display_name": "sms_customer_name",
    "partner_name": "sms_customer_name",
    "user_id.name": "sms_technician_name",
    "user_id.display_name": "sms_technician_name",
    "display_name": "sms_title",
    "name": "sms_title",
}
#: The customer's name, empty where none is known.
NAME_FIELD = "object.sms_customer_name"
_TYPED_FIELD = re.compile(
    rf"\bobject\.({'|'.join(map(re.escape, TYPED))})\b(?!\s*[.(\[])"
)
_EXPRESSION = re.compile(r"\{\{.+?\}\}", re.DOTALL)
#: Path to the number that a text about a record goes to.
NUMBER_FIELDS = {
    TICKET_MODEL: "partner_phone_sanitized",
    EVENT_MODEL: "sms_customer_id.phone_sanitized",
    "res.partner": "phone_sanitized",
}
#: A shortcut is typed after a slash, and contains no blank.
_SHORTCUT = re.compile(r"[\w-]{1,20}")
#: Names that lead to the settings.
SETTINGS = {"get_param", "config_parameter", "password", "signup_token"}
#: With these an expression could read more than its author may.
MORE_RIGHTS = {"sudo", "env", "with_user", "with_env", "cr"}


class SmsTemplate(models.Model):
    """Adds companies' own copies, variants, previews and safety checks to templates.

    A company may replace a shared template with its own copy: stages, automations and
    purpose rules keep referring to the shared template, and the copy is rendered
    (:meth:`_get_for_company`). Templates of other apps have no company, as in Odoo.
    """

    _name = "sms.template"
    _inherit = [
        "sms.template",
        "sms.shared.copy",
        "sms.cached.rules",
        "sms.checked.words",
    ]
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company",
        ondelete="restrict",
        index="btree_not_null",
        help="Leave empty for all companies without their own template.",
    )
    shared_id = fields.Many2one(
        "sms.template",
        "Replaces",
        copy=False,
        ondelete="cascade",
        domain=[("company_id", "=", False)],
        help="The shared template that this one replaces for the company.",
    )
    copy_ids = fields.One2many("sms.template", "shared_id", readonly=True)
    shortcut = fields.Char(
        help="Makes it a saved reply: agents type / and this word in a ticket's reply "
        "box."
    )

    is_internal = fields.Boolean(
        "For Colleagues",
        help="Only offered for texts to the team, never for texts to customers.",
    )
    unassigned_id = fields.Many2one(
        "sms.template",
        "While Nobody Is Assigned",
        domain=[
            ("model", "=", TICKET_MODEL),
            ("shared_id", "=", False),
            ("is_internal", "=", False),
        ],
        check_company=True,
        ondelete="restrict",
        help="Sent instead while the ticket has no technician.",
    )

    #: List of ``{"lang": code, "name": of the language, "body": the text}``.
    language_versions = fields.Json(
        compute="_compute_language_versions", inverse="_inverse_language_versions"
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

    _copy_unique = models.UniqueIndex(
        "(shared_id, company_id) WHERE shared_id IS NOT NULL",
        "The company already has a template that replaces this one.",
    )

    @api.constrains("shortcut")
    def _check_shortcut(self):
        for template in self.filtered("shortcut"):
            if not _SHORTCUT.fullmatch(template.shortcut):
                raise ValidationError(
                    self.env._(
                        "“%s” cannot be typed as a shortcut. Use up to 20 letters, "
                        "digits, hyphens and underscores, without the slash.",
                        template.shortcut,
                    )
                )

    @api.depends("model", "body", "lang")
    def _compute_is_shared(self):
        """Offer no copy that would be refused: Odoo's own may use more expressions."""
        result = super()._compute_is_shared()
        for template in self:
            template_sudo = template.sudo()
            if template_sudo.model not in OWN_MODELS:
                template.is_shared = template.is_locked = template.is_copyable = False
            elif template.is_copyable and self._is_strict(template_sudo):
                template.is_copyable = not template_sudo._has_unsafe_expression()
        return result

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
        languages.sort(key=lambda pair: pair[0] != (self.env.lang or "en_US"))
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
        """Store the texts that were changed, and remove those that were emptied."""
        langs = self.env["res.company"]._get_sms_active_langs()
        for template in self:
            # One without a text shows another's: read before that changes.
            spoken = {it: template.with_context(lang=it) for it in langs}
            former = {lang: (it.body or "").strip() for lang, it in spoken.items()}
            for version in template.language_versions or []:
                lang, body = version.get("lang"), (version.get("body") or "").strip()
                if body == former.get(lang, body):
                    continue
                if body:
                    spoken[lang].body = body
                else:
                    template.update_field_translations("body", {lang: False})

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
        self.preview_ticket_id = self.env[TICKET_MODEL].search(
            [("partner_id", "!=", False)], order="id desc", limit=1
        )

    @api.constrains("unassigned_id", "model_id")
    def _check_unassigned_id(self):
        """Refuse a template of another model, and one with a variant of its own."""
        for template in self.sudo().filtered("unassigned_id"):
            other = template.unassigned_id
            if not template.is_internal:
                other._check_for_customers()
            if {template.model, other.model} != {TICKET_MODEL} or other.unassigned_id:
                raise ValidationError(
                    self.env._(
                        "“%s” cannot stand in while nobody is assigned: choose a "
                        "template of tickets that has none in its place itself.",
                        other.name,
                    )
                )

    @api.constrains("is_internal", "model_id", "company_id")
    def _check_uses(self):
        """Refuse what a template in use cannot be: for colleagues, or of another model.

        Nor may it become another company's. Extended by other rooms.
        """
        for own_sudo in (self.sudo() | self.sudo().copy_ids).filtered("shared_id"):
            shared_sudo = own_sudo.shared_id
            is_other = own_sudo.model != shared_sudo.model
            if is_other or own_sudo.is_internal > shared_sudo.is_internal:
                raise ValidationError(
                    self.env._(
                        "“%s” replaces a shared template, so it must be about the same "
                        "records, and can be for colleagues only if that one is.",
                        own_sudo.name,
                    )
                )
        others_sudo = self.sudo().search([("unassigned_id", "in", self.ids)])
        (self.sudo() | others_sudo)._check_unassigned_id()
        others_sudo._check_company(["unassigned_id"])
        stages_sudo = self.env["helpdesk.ticket.stage"].sudo()
        stages_sudo = stages_sudo.with_context(active_test=False)
        stages = stages_sudo.search([("sms_template_id", "in", self.ids)])
        stages._check_sms_template_id()
        stages._check_company(["sms_template_id"])

    def _check_for_customers(self):
        """Refuse templates for colleagues, naming the first one."""
        for template_sudo in self.sudo().filtered("is_internal"):
            raise ValidationError(
                self.env._(
                    "“%s” is for colleagues. Choose another text for customers.",
                    template_sudo.name,
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        """Complete the form's values; a manager's template belongs to their company."""
        return super().create([self._complete_values(vals) for vals in vals_list])

    @api.model
    def _complete_values(self, vals):
        vals = dict(vals)
        bodies = [it.get("body") for it in vals.get("language_versions") or []]
        if not vals.get("body"):
            vals["body"] = next(filter(None, bodies), "")
        if vals.get("about") and not vals.get("model_id"):
            vals["model_id"] = self.env["ir.model"]._get_id(vals["about"])
        if not self.env.su and not self.env.user.has_group(ADMINISTRATORS):
            given = self.default_get(["model", "model_id"])
            model_id = vals.get("model_id") or given.get("model_id")
            if self.env["ir.model"].sudo().browse(model_id).model in OWN_MODELS:
                vals.setdefault("company_id", self.env.company.id)
        return vals

    # === Copies of companies ===

    def _copy_for_company(self, company):
        """Keep the original name, to which Odoo adds "(copy)"."""
        known = self._get_for_company(company)
        own = super()._copy_for_company(company)
        if own not in (known, self):
            for lang, _label in self.env["res.lang"].get_installed():
                own.with_context(lang=lang).name = self.with_context(lang=lang).name
        return own

    def action_copy_for_company(self):
        """Open the copy in our own form, with the languages side by side."""
        form = self.env.ref("helpdesk_mgmt_sms.sms_template_view_form")
        return {**super().action_copy_for_company(), "views": [(form.id, "form")]}

    def _render_field(self, field, res_ids, *args, **kwargs):
        """Render each record with its company's copy, or the unassigned variant.

        :raises AccessError: for records that the user may not read. What is read here
            in sudo would be in the cache, where Odoo checks nothing.
        """
        if (model := self.sudo().render_model) in NUMBER_FIELDS:
            self.env[model].browse(filter(None, res_ids)).check_access("read")
        has_variants = self.id and (self._get_copies() or self.sudo().unassigned_id)
        if field != "body" or not has_variants:
            return super()._render_field(field, res_ids, *args, **kwargs)
        records_sudo = self.env[model].sudo().browse(res_ids)
        rendered = {}
        for template, its_sudo in records_sudo.grouped(self._get_for_record).items():
            render = super(SmsTemplate, template)._render_field
            rendered |= render(field, its_sudo.ids, *args, **kwargs)
        return rendered

    def _get_for_record(self, record):
        """Return the template for a record in sudo: its company's copy, its variant."""
        company = self._get_company_of(record)
        template = self._get_for_company(company)
        other = template.sudo().unassigned_id
        if other and record._name == TICKET_MODEL and not record.user_id:
            return other._get_for_company(company).with_env(self.env)
        return template

    @api.model
    def _get_company_of(self, record):
        """Return a record's company, or else the current one, in sudo."""
        own = "company_id" in record._fields and record.sudo().company_id
        return own or self.env.company.sudo()

    def _render_lang(self, res_ids, engine="inline_template"):
        """Return for each record an active language that the reader understands.

        Without a contact, or a language on it, the number decides. Odoo would use the
        language of whoever sends the text.
        """
        langs = super()._render_lang(res_ids, engine=engine)
        if self.render_model not in NUMBER_FIELDS:
            return langs
        for record in self.env[self.render_model].sudo().browse(filter(None, res_ids)):
            [number] = record.mapped(NUMBER_FIELDS[self.render_model]) or [""]
            lang = self._get_company_of(record)._find_sms_lang(langs[record.id], number)
            langs[record.id] = self._pick_told_lang(record, lang)
        return langs

    def _pick_told_lang(self, record, lang):
        """Return the language of the text that suits a reader of ``lang`` best."""
        told = self._get_for_record(record)._get_told_langs()
        return self._get_company_of(record)._pick_sms_told_lang(told, lang)

    @ormcache("self.id")
    def _get_told_langs(self):
        """Return the codes of the languages that have a text of their own, cached."""
        return self.env["res.company"]._get_sms_told_langs(self.sudo(), "body")

    def _render_text(self, record, partner=None, lang=None):
        """Render the text about a record.

        :param partner: ``res.partner`` who reads it; None: the record's customer, in
            the template's language
        """
        self.ensure_one()
        if not lang and partner is None:
            lang = self._render_lang(record.ids)[record.id]
        reader = partner or self.env["res.partner"]
        company = self._get_company_of(record)
        lang = company._find_sms_lang(lang or reader.lang, reader.phone_sanitized)
        langs = {record.id: self._pick_told_lang(record.sudo(), lang)}
        return self._render_field("body", record.ids, res_ids_lang=langs)[record.id]

    # === Placeholders ===

    @api.model
    @api.readonly
    def get_placeholders(self, model):
        """Return the placeholders offered for a template, in the user's language.

        :param str model: ``helpdesk.ticket`` or ``calendar.event``
        :return: list of ``{"label": …, "expression": …}``
        :raises AccessError: if the user may not write templates
        """
        self.check_access("create")
        words = self._get_placeholder_words().get(model, {})
        return [{"label": label, "expression": it} for it, label in words.items()]

    @api.model
    def _get_placeholder_words(self):
        preferences = self.env._("Preference link")
        customer, technician = self.env._("Customer"), self.env._("Technician")
        return {
            TICKET_MODEL: {
                "object.sms_customer_name": customer,
                "object.number": self.env._("Ticket number"),
                "object.name": self.env._("Subject"),
                "object.user_id.name": technician,
                "object.stage_id.name": self.env._("Stage"),
                "object.team_id.name": self.env._("Team"),
                "object.company_id.name": self.env._("Company"),
                "object.sms_ticket_url": self.env._("Link to the ticket"),
                "object.sms_preference_url": preferences,
            },
            EVENT_MODEL: {
                "object.sms_customer_name": customer,
                "object.sms_technician_name": technician,
                "object.sms_when": self.env._("Date and time"),
                "object.sms_when_soon": self.env._("Today or tomorrow"),
                "object.sms_start_time": self.env._("Hour"),
                "object.sms_old_when": self.env._("Former time"),
                "object.sms_ticket_note": self.env._("Ticket in brackets"),
                "object.sms_series_note": self.env._("Number of dates"),
                "object.sms_answer_hint": self.env._("How to answer"),
                "object.location": self.env._("Place"),
                "object.sms_preference_url": preferences,
            },
        }

    # === Secrets ===

    @api.model
    def _get_secret_names(self):
        """Return the names that no expression may contain.

        Restricted fields of companies and users, and names that lead to the settings:
        anybody may send a template that an administrator has written.
        """
        known = (self.env["res.company"]._fields, self.env["res.users"]._fields)
        restricted = {name for them in known for name in them if them[name].groups}
        return SETTINGS | (restricted - self.env["res.partner"]._fields.keys())

    @api.model
    def _has_secret(self, text, is_strict=False):
        """Return whether an expression in a template's source names a secret.

        :param bool is_strict: also refuse what would extend the author's rights
        """
        names = self._get_secret_names() | (MORE_RIGHTS if is_strict else set())
        expressions = " ".join(_EXPRESSION.findall(str(text or "")))
        words = set(re.findall(r"\w+", expressions))
        return bool(words & names) or any("__" in word for word in words)

    @api.model
    def _check_secret(self, text, is_strict=False):
        if self._has_secret(text, is_strict):
            raise AccessError(
                self.env._("A text message must not name secrets or settings.")
            )

    def _check_access_right_dynamic_template(self):
        """Refuse secrets to everybody, and unsafe expressions in strict templates."""
        for template_sudo in self.sudo():
            for source in (template_sudo.body, template_sudo.lang):
                self._check_secret(source, is_strict=not self.env.su)
            is_strict = self._is_strict(template_sudo)
            if is_strict and template_sudo._has_unsafe_expression():
                raise AccessError(
                    self.env._(
                        "Templates of tickets and appointments can only use the "
                        "placeholders that are offered. Use those, or ask an "
                        "administrator."
                    )
                )
        return super()._check_access_right_dynamic_template()

    @api.model
    def _is_strict(self, template):
        """Return whether a template may use only the offered placeholders."""
        if self.env.su:
            return False
        # A cron with all rights renders those of appointments, so they are strict too;
        # administrators may still edit Odoo's own.
        is_admin = self.env.user.has_group(ADMINISTRATORS)
        is_event = template.model == EVENT_MODEL
        return template.model == TICKET_MODEL or (is_event and not is_admin)

    @api.model
    def _render_template_inline_template(
        self, template_txt, model, res_ids, add_context=None, options=None
    ):
        """Refuse secrets, however the template got into the database.

        Names and titles are cleaned up by :mod:`tools.names`, since whoever opens a
        ticket has typed them.
        """
        self._check_secret(template_txt)
        is_own = model in OWN_MODELS and bool(template_txt)
        if is_own:
            template_txt = self._name_tidied(str(template_txt))
        rendered = super()._render_template_inline_template(
            template_txt, model, res_ids, add_context=add_context, options=options
        )
        if is_own and NAME_FIELD in template_txt:
            rendered = {it: close_greeting(text) for it, text in rendered.items()}
        return rendered

    @api.model
    def _name_tidied(self, text):
        """Return a template with typed fields replaced, see :data:`TYPED`."""
        return _EXPRESSION.sub(
            lambda expression: _TYPED_FIELD.sub(
                lambda field: f"object.{TYPED[field[1]]}", expression[0]
            ),
            text,
        )

    # === Previews ===

    @api.model
    def get_previews(self, model, record_id, versions, template_id=False):
        """Return how a text would reach the customer of a record, in each language.

        Nothing is stored, and only safe expressions are rendered.

        :param str model: ``helpdesk.ticket`` or ``calendar.event``
        :param int record_id: the record; False: the newest one, if any
        :param list versions: as in ``language_versions``
        :param template_id: id of the stored template, for which a purpose may be set
        :return: for each version ``{"lang", "text", "footer", "segments", "encoding",
            "units", "problem", "advice": [sentences]}``
        :raises AccessError: if the user may not write templates, or not read the record
        :raises UserError: for what no screen of ours sends
        """
        self.check_access("create")
        if model not in OWN_MODELS or not self._are_versions(versions or []):
            raise UserError(self.env._("Choose what the text is about."))
        read_id = self.env[TICKET_MODEL]._read_sms_id
        template = self.browse(template_id and read_id(template_id)).exists()
        if record_id:
            record = self.env[model].browse(read_id(record_id)).exists()
            record.check_access("read")
        else:
            record = self.env[model].search([], order="id desc", limit=1)
        if model == EVENT_MODEL and record and record._check_private_event_conditions():
            record = record.browse()  # others' private appointments are not shown
        return [template._preview(record, version) for version in versions or []]

    @api.model
    def _are_versions(self, versions):
        """Return whether a client's value has the form of ``language_versions``."""
        known = [None, *dict(self.env["res.lang"].get_installed())]
        return isinstance(versions, list) and all(
            isinstance(version, dict)
            and version.get("lang") in known
            and isinstance(version.get("body") or "", str)
            for version in versions
        )

    def _preview(self, record, version):
        """Return one version as the reader would get it, with advice on its wording."""
        lang, source = version.get("lang"), version.get("body") or ""
        text, problem = self._fill_in(record, source, lang)
        company_sudo = self._get_company_of(record)
        purposes_sudo = self.env["sms.purpose.rule"].sudo()
        origin = MessageSource(record._name, self.id or 0)
        purpose = purposes_sudo._find_purpose(company_sudo, origin)
        rules = purpose._get_rules(lang, company_sudo)
        is_promotional = rules.quiet_class == MARKETING
        footer, signed = self._get_preview_footers(record, text, rules, lang)
        names = [company_sudo.name]
        if record._name == TICKET_MODEL and record.sudo().team_id:
            names.append(record.sudo().team_id.name)
        whole = texts.add_footer(text, footer)
        segments = count_segments(whole)
        wording = Wording(
            text,
            signed,
            segments,
            tuple(names),
            is_promotional=is_promotional,
            is_internal=self.sudo().is_internal or purpose.code == INTERNAL,
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

    def _get_preview_footers(self, record, text, rules, lang):
        """Return the footer of a text, and that of the first one to its number.

        The first text to a number names the sender, as does each promotional one.
        """
        company_sudo = self._get_company_of(record)
        subjects = record.sudo()._get_sms_subjects()
        _company, number, _purpose = subjects.get(record.id, (None, "", None))
        footer = company_sudo._get_sms_footer_to(number, rules.footer, lang)
        is_promotional = rules.quiet_class == MARKETING
        if not footer and not is_promotional:
            return footer, footer
        about = (number or "") if is_promotional else None
        signature = self.env["sms.sms"]._get_signature(company_sudo, about)
        signed = advice.sign(text, footer, *signature, lang=lang or "")
        return (signed if is_promotional else footer), signed

    @api.model
    def _fill_in(self, record, source, lang):
        """Render a source for a record; return the text and what is wrong with it."""
        model = record._name
        has_unsafe = self._has_unsafe_expression_template_inline_template
        is_misspelled = texts.find_unknown(_EXPRESSION.sub("", source), ())
        if is_misspelled or self._has_secret(source) or has_unsafe(source, model):
            why = self.env._("It has a placeholder that is not one of those offered.")
            return source, why
        if not record:
            return source, ""
        # Only safe expressions are rendered, so sudo shows no more than a text would.
        speaking = self.with_context(lang=lang).sudo()
        return speaking._render_template(source, model, record.ids)[record.id], ""

    @api.model
    def _describe_advice(self, wording):
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
                "“%s” makes it an offer, which requires written consent to marketing."
            ),
            advice.NO_OPT_OUT: self.env._(
                "No way out: its purpose has no footer, so say how to STOP."
            ),
            advice.UNICODE: self.env._("Costs up to twice as much because of: %s"),
        }
        # A sentence without a placeholder leaves the detail out.
        return [
            sentences[found.code].replace("%s", str(found.detail))
            for found in advice.advise(wording)
        ]
