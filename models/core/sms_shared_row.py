# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from functools import partial

from lxml.builder import E

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import ormcache

ADMINISTRATORS = "base.group_system"


class SmsSharedRow(models.AbstractModel):
    """Mixin for rows of one company, or of all companies.

    A row without a company applies to companies that have no row of their own in its
    place, so only administrators write it (record rules of
    ``security/sms_security.xml``). Managers write the rows of their companies, which
    :meth:`action_copy_for_company` creates from shared ones.
    """

    _name = "sms.shared.row"
    _inherit = "sms.own.defaults"
    _description = "Rows That Companies Share"

    #: The field with the row's company.
    _row_company = "company_id"

    is_shared = fields.Boolean(compute="_compute_is_shared")
    is_locked = fields.Boolean(
        compute="_compute_is_shared", help="Shared, and not the user's to change."
    )
    is_copyable = fields.Boolean(
        compute="_compute_is_shared", help="Shared, and a company may have its own."
    )

    @api.depends(lambda self: (self._row_company,))
    @api.depends_context("uid")
    def _compute_is_shared(self):
        may_copy = self.browse().has_access("create")
        for row in self:
            row.is_shared = bool(row._origin) and not row._get_row_company()
            row.is_locked = row.is_shared and not self.env.is_system()
            row.is_copyable = row.is_shared and may_copy

    @api.model
    def _default_row_company(self):
        """Return the company of a new row: none for administrators."""
        return self.env["res.company"] if self.env.is_system() else self.env.company

    def _get_row_company(self):
        """Return the company of a row, empty for a shared one."""
        return self.mapped(self._row_company)

    def write(self, vals):
        """Refuse to move a row out of reach: Odoo checks only where it was before."""
        result = super().write(vals)
        self.check_access("write")
        return result

    def _check_access(self, operation):
        """Tell users what to do instead if a shared row is refused."""
        refused = super()._check_access(operation)
        if not refused or operation == "read" or not any(self._ids):
            return refused
        access = self.env["ir.model.access"]
        if access.check(self._name, operation, raise_exception=False):
            rows = refused[0]
            if shared := rows.sudo().filtered(lambda row: not row._get_row_company()):
                return rows, partial(self._make_shared_row_error, shared[0])
        return refused

    @api.model
    def _make_shared_row_error(self, row):
        """Return the error for users who may not write a shared row."""
        return AccessError(
            self.env._(
                "“%s” is shared by all companies, so only administrators can change "
                "it. Choose “Edit for my company” on it to create a version for your "
                "company.",
                row.display_name,
            )
        )

    # === A company's own row ===

    def _get_copy_domain(self):
        """Return the domain of the companies' own rows that replace this one."""
        raise NotImplementedError

    def _prepare_company_copy(self, company):
        """Return the values in which a company's own row differs from this one."""
        return {"company_id": company.id}

    def _copy_for_company(self, company):
        """Return a company's own row in place of this one; create it if needed."""
        self.ensure_one()
        if self._get_row_company():
            return self
        own = [*self._get_copy_domain(), ("company_id", "=", company.id)]
        found = self.with_context(active_test=False).search(own, limit=1)
        return found or self.copy(self._prepare_company_copy(company))

    def action_copy_for_company(self):
        """Open the row of the user's company in place of this one."""
        own = self._copy_for_company(self.env.company)
        return own._get_records_action(name=own._description, context={})

    def copy(self, default=None):
        """Copy also links to what is archived or hidden from the user: it limits."""
        whole = self.with_context(active_test=False)
        copies = super(SmsSharedRow, whole).copy(default)
        links = [it for it in self._fields.values() if it.type == "many2many"]
        names = {it.name for it in links if it.store and it.copy and not it.readonly}
        for old_sudo, new_sudo in zip(whole.sudo(), copies.sudo(), strict=True):
            new_sudo.update({it: old_sudo[it] for it in names - {*(default or ())}})
        return copies.with_env(self.env)

    # === Screens ===

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """Show a shared row read-only to others, with a button to copy it."""
        arch, view = super()._get_view(view_id, view_type, **options)
        if view_type in ("form", "list"):
            for node in arch.xpath("//field[not(ancestor::field)]"):
                readonly = node.get("readonly")
                if not readonly and self._fields[node.get("name")].readonly:
                    continue
                condition = f"is_locked or ({readonly})" if readonly else "is_locked"
                node.set("readonly", condition)
            button = E.button(
                name="action_copy_for_company",
                type="object",
                string=self.env._("Edit for my company"),
                invisible="not is_copyable",
            )
            if view_type == "list":
                arch.append(button)
            else:
                self._add_shared_banner(arch, button)
        return arch, view

    @api.model
    def _add_shared_banner(self, arch, button):
        """Add a banner that a form's row is shared, with the button to copy it."""
        button.set("class", "btn-link p-0 ms-1 align-baseline")
        banner = E.div(
            {"class": "alert alert-info mb-0 text-center"},
            E.span(
                self.env._(
                    "All companies share this. Only administrators can change it."
                )
            ),
            button,
            role="status",
            invisible="not is_shared",
        )
        sheet = arch.find("./sheet")
        if sheet is None:
            arch.insert(0, banner)
        else:
            sheet.addprevious(banner)


class SmsSharedCopy(models.AbstractModel):
    """Mixin for rows of companies that replace the shared one in ``shared_id``.

    An archived one replaces it, too: the company then has neither.
    """

    _name = "sms.shared.copy"
    _description = "Rows in Place of Shared Ones"
    _inherit = "sms.shared.row"

    def _get_copy_domain(self):
        self.ensure_one()
        return [("shared_id", "=", self.id)]

    def _prepare_company_copy(self, company):
        return {**super()._prepare_company_copy(company), "shared_id": self.id}

    @api.constrains("shared_id", "company_id")
    def _check_shared_id(self):
        """Refuse to replace a company's own row, or to replace for all companies."""
        for row in self.filtered("shared_id"):
            if not row.company_id or row.shared_id.sudo().company_id:
                raise ValidationError(
                    self.env._(
                        "“%s” replaces a shared record for one company. Choose the "
                        "company.",
                        row.display_name,
                    )
                )

    def write(self, vals):
        """Refuse to change which row is replaced."""
        if "shared_id" in vals and any(
            row.shared_id.id != (vals["shared_id"] or False) for row in self
        ):
            raise UserError(
                self.env._(
                    "The shared record that this one replaces cannot be changed."
                )
            )
        return super().write(vals)

    def _get_for_company(self, company):
        """Return the row that a ``res.company`` uses in place of this one."""
        own_id = self._get_copies().get((self.id, company.id))
        return self.browse(own_id) if own_id else self

    @api.model
    @ormcache()
    def _get_copies(self):
        """Return which row replaces which: ``{(shared id, company id): id}``."""
        own = self.sudo().search([("shared_id", "!=", False)])
        return {(it.shared_id.id, it.company_id.id): it.id for it in own}
