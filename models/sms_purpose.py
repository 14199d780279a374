# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import ormcache

TICKET, APPOINTMENT, ALERT, INTERNAL, MARKETING = SHIPPED_CODES = (
    "ticket",
    "appointment",
    "alert",
    "internal",
    "marketing",
)

#: What a customer of the helpdesk can agree to on a form, in this order.
CUSTOMER_CODES = (TICKET, APPOINTMENT, ALERT)


class PurposeCode(NamedTuple):
    """A code that our own code puts into the context ``sms_purpose``.

    A client can send any text in a context, but none of this type: it must not choose
    which consent a message passes by. No text is equal to it either: Odoo gives equal
    contexts the same environment, that of whoever came first.
    """

    code: str


class PurposeRules(NamedTuple):
    """What every message asks of its purpose."""

    footer: str
    is_helpdesk: bool
    priority: int


class SmsPurpose(models.Model):
    """What a person agrees to, and what a message is for.

    Consent is per purpose: who wants to hear of a ticket has not asked for offers.
    The shipped purposes are fixed points of the code and cannot be removed; their
    names and footers are the manager's.
    """

    _name = "sms.purpose"
    _description = "Text Message Purpose"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, copy=False)
    sequence = fields.Integer(
        default=50, help="Messages with a lower number leave first."
    )
    active = fields.Boolean(default=True)
    description = fields.Char(
        translate=True,
        help="What the person will get, in their words. Shown where they agree.",
    )
    footer = fields.Text(
        translate=True,
        help="Added once to every message of this purpose: how to stop and get help.",
    )
    is_helpdesk = fields.Boolean(
        string="Helpdesk Purpose",
        help="Sent by the helpdesk. Such messages do not leave through a provider "
        "that cannot bring a STOP back, unless the company's policy is opt-out.",
    )

    _code_unique = models.Constraint(
        "unique(code)", "Another purpose has this code already."
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Forget what is cached of purposes."""
        self.env.registry.clear_cache()
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_shipped(self):
        """Keep the purposes that the code names."""
        if any(purpose.code in SHIPPED_CODES for purpose in self):
            raise UserError(
                self.env._("This purpose ships with the module; it cannot be deleted.")
            )

    def write(self, vals):
        """Refuse another code: rules name it, and the ledger is sealed over it."""
        if "code" in vals and any(purpose.code != vals["code"] for purpose in self):
            raise UserError(self.env._("The code of a purpose is fixed."))
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        """Forget what is cached of purposes."""
        self.env.registry.clear_cache()
        return super().unlink()

    @api.model
    def _get(self, code):
        """Return the purpose with ``code``, archived or not.

        :param str code: one of :data:`SHIPPED_CODES` or a manager's own
        :raises UserError: when there is none
        """
        purpose_id = self._get_id(code)
        if not purpose_id:
            raise UserError(self.env._("Unknown text message purpose: %s", code))
        return self.browse(purpose_id)

    @api.model
    @ormcache("code")
    def _get_id(self, code):
        """Return the id of the purpose with ``code``, or False."""
        purpose_sudo = self.sudo().with_context(active_test=False)
        return purpose_sudo.search([("code", "=", code)], limit=1).id

    @ormcache("self.id", "lang")
    def _get_rules(self, lang):
        """Return what a message in ``lang`` asks of its purpose.

        Cached like the id: every message asks, and the answer changes once a year.

        :param str lang: code of the reader's language, may be empty
        :rtype: PurposeRules
        """
        purpose_sudo = self.sudo().with_context(lang=lang)
        return PurposeRules(
            purpose_sudo.footer or "", purpose_sudo.is_helpdesk, purpose_sudo.sequence
        )

    @api.model
    def _get_for_customers(self):
        """Return the purposes that a customer is offered on a form."""
        found = self.sudo().search([("code", "in", CUSTOMER_CODES)])
        return found.sorted(lambda purpose: CUSTOMER_CODES.index(purpose.code))
