# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import ormcache

#: Kinds of authority that make a rule binding: selection values.
AUTHORITIES = [
    ("law", "Law"),
    ("guidance", "Regulator's guidance"),
    ("carrier", "Carriers or trade"),
]


class SmsDatedLaw(models.AbstractModel):
    """Rules of law: data with their source and dates.

    Laws change on a date and not with a release. Expired rules are kept, because
    messages were decided by them.
    """

    _name = "sms.dated.law"
    _description = "Rules of Law With Their Dates"
    _inherit = ["sms.relaxation.reason", "sms.cached.rules"]

    active = fields.Boolean(default=True, tracking=True)
    effective_from = fields.Date(tracking=True, help="The first day of the rule.")
    effective_to = fields.Date(tracking=True, help="The last day of the rule.")
    source = fields.Text(
        required=True, help="Where the rule is published, and its status."
    )
    source_url = fields.Char("Web Page", help="Where the source can be read.")
    read_on = fields.Date(
        help="When someone last read the source, or where it is quoted word for word. "
        "Empty if nobody did.",
    )
    authority = fields.Selection(
        AUTHORITIES, "Kind of Rule", required=True, default="law", tracking=True
    )
    is_confirmed = fields.Boolean(
        "Confirmed",
        tracking=True,
        help="Tick it once someone has read the law itself, and name it in the "
        "source. Until then the rule relies on secondary sources, and applies all the "
        "same.",
    )

    @api.constrains("effective_from", "effective_to")
    def _check_dates(self):
        for law in self:
            start, end = law.effective_from, law.effective_to
            if start and end and end < start:
                raise ValidationError(
                    self.env._("“%s” ends before it starts.", law.display_name)
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Archive the rule instead, and say why."))

    def _describe_rule(self):
        """Return what the rule says, in whole sentences."""
        raise NotImplementedError

    def _get_strictness(self):
        return self._to_rules()

    def _to_rules(self):
        """Return the active rules as a list of plain data."""
        raise NotImplementedError

    @api.model
    @ormcache()
    def _get_rules(self):
        """Return all active rules as plain data, cached: each message needs them."""
        return tuple(self.sudo().search([])._to_rules())
