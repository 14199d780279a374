# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import ast

from odoo import api, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import frozendict

from ..tools import TICKET_MODEL

MANAGER_GROUP = "helpdesk_mgmt.group_helpdesk_manager"


class SmsAutomation(models.Model):
    """The conditions that a manager writes: only over what a manager may read.

    Whether a text goes out tells if a condition holds, so a condition over a secret
    would tell it letter by letter. What is checked is what managers may read, whoever
    saves it: they may copy the automation, and edit it.
    """

    _inherit = "sms.automation"

    def _parse_domain(self):
        """Return the conditions as a list; only plain values are read.

        :raises ValueError: when they are anything else
        """
        self.ensure_one()
        try:
            domain = ast.literal_eval(self.domain or "[]")
        except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
            raise ValueError(str(error)) from error
        if not isinstance(domain, list):
            raise ValueError("no list")
        return domain

    @api.constrains("domain")
    def _check_domain(self):
        """Refuse conditions that cannot be read, or over what managers may not read."""
        for rule in self.filtered("domain"):
            try:
                domain = Domain(rule._parse_domain())
                rule._check_paths(domain, TICKET_MODEL)
                # Odoo's own look at the user's rights, fields, operators and values.
                self.env[TICKET_MODEL].with_context(active_test=False).search(
                    domain, limit=1
                )
            except (AccessError, UserError, ValueError, TypeError, KeyError) as error:
                raise ValidationError(
                    self.env._(
                        "The conditions of “%(name)s” cannot be used: a part of them "
                        "is unknown, is none of plain values, or is about what "
                        "helpdesk managers may not read (%(error)s).",
                        name=rule.name,
                        error=error,
                    )
                ) from error

    @api.model
    def _check_paths(self, domain, model_name):
        """Refuse fields that managers may not read, on any way of the conditions.

        :raises ValueError: names the field
        """
        for condition in domain.iter_conditions():
            model = self.env[model_name]
            for name in condition.field_expr.split("."):
                field = model._fields.get(name)
                if field is None:
                    break  # a part of a date or of a property: Odoo judges it
                if not self._is_readable(field, model._name):
                    raise ValueError(condition.field_expr)
                if field.relational:
                    model = self.env[field.comodel_name]
            if isinstance(condition.value, (Domain, list, tuple)) and "any" in (
                condition.operator
            ):
                self._check_paths(Domain(condition.value), model._name)

    @api.model
    def _is_readable(self, field, model_name):
        """Tell if helpdesk managers may read a field and the records that have it."""
        groups = self._get_manager_groups()
        allowed = (field.groups or "").replace(" ", "").split(",")
        if field.groups and not groups.keys() & set(allowed):
            return False
        access = self.env["ir.model.access"].sudo()
        return bool(
            access.search_count(
                [
                    ("model_id.model", "=", model_name),
                    ("perm_read", "=", True),
                    ("group_id", "in", [False, *groups.values()]),
                ],
                limit=1,
            )
        )

    @api.model
    def _get_manager_groups(self):
        """Return the groups of a helpdesk manager: ``{xml id: id}``."""
        group = self.env.ref(MANAGER_GROUP).sudo()
        xmlids = group.all_implied_ids.get_external_id()
        return frozendict({xmlid: group_id for group_id, xmlid in xmlids.items()})
