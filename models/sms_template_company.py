# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import ormcache

from .sms_shared_row import ADMINISTRATORS
from .sms_template_placeholders import OWN_MODELS


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
        """Return values of a new template with its company, if it is to have one."""
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

    def _get_for_company(self, company):
        """Return the template whose words a company uses in place of this one.

        :param company: ``res.company``
        """
        own_id = self._get_copies().get((self.id, company.id))
        return self.browse(own_id) if own_id else self

    @api.model
    @ormcache()
    def _get_copies(self):
        """Return which template stands for which: ``{(shared id, company id): id}``."""
        own = self.sudo().search([("shared_id", "!=", False)])
        return {(it.shared_id.id, it.company_id.id): it.id for it in own}

    @api.model
    def _get_shared_ids(self):
        """Return the shared template in whose place one is, by id."""
        return {own: shared for (shared, _), own in self._get_copies().items()}

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
        """Return the ids of records, each with the company whose it is."""
        records = self.env[self.sudo().render_model].sudo().browse(res_ids)
        has_company = "company_id" in records._fields
        return [
            (record.id, has_company and record.company_id or self.env.company)
            for record in records
        ]
