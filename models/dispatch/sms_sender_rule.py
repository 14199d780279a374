# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import ormcache

from ...providers import account
from ...tools import sender_rules
from ...tools.phone import PARTS
from ...tools.sender_rules import ALLOWED, OWN, REFUSED, SenderRule, find_reach


class SmsSenderRule(models.Model):
    """Countries that a kind of sender may text, by law or by the carriers' rules.

    A kind without a rule may text any country. All companies share the rows, so only
    administrators write them.
    """

    _name = "sms.sender.rule"
    _description = "Kind of Senders, by Country"
    _inherit = "sms.dated.law"
    _strictness_fields = frozenset(
        {"active", "kind", "country_id", "ruling", "effective_from", "effective_to"}
    )
    _scope_fields = ("kind", "country_id")
    _order = "kind, country_id, effective_from, id"
    _rec_name = "kind"

    kind = fields.Selection(
        [
            (account.ALPHANUMERIC, "Name (alphanumeric)"),
            (account.SHORT_CODE, "Short code"),
            (account.TOLL_FREE, "Toll-free number"),
            (account.LONG_CODE, "Number"),
        ],
        "Kind of Sender",
        required=True,
        tracking=True,
    )
    country_id = fields.Many2one(
        "res.country",
        ondelete="restrict",
        tracking=True,
        help="Where the person is. Leave empty for every other country.",
    )
    ruling = fields.Selection(
        [
            (ALLOWED, "Allowed"),
            (OWN, "Only by senders for this country"),
            (REFUSED, "Not allowed"),
        ],
        "May Text",
        required=True,
        default=REFUSED,
        tracking=True,
        help="“Only by senders for this country”: those whose form names it under “For "
        "Countries”, as when a name must be registered there first.",
    )

    @api.depends("kind", "country_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for rule in self:
            country = rule.country_id.name or self.env._("every other country")
            rule.display_name = f"{labels.get(rule.kind, '')}: {country}"

    def _get_usual_strictness(self):
        """Compare a new rule with a refusal: it may let texts through."""
        return (), self.new({"ruling": REFUSED})

    def _is_less_strict_than(self, before):
        """Return whether a new rule allows texts, or one that barred some is gone."""
        after = self._to_rules()
        return any(
            rule.ruling != REFUSED and not any(self._covers(rule, it) for it in before)
            for rule in after
        ) or any(
            rule.ruling != ALLOWED and not any(self._covers(it, rule) for it in after)
            for rule in before
        )

    @staticmethod
    def _covers(after, before):
        """Return whether a rule bars at least what another one did."""
        rank = sender_rules.RULINGS.index
        is_same = after._replace(ruling=before.ruling) == before
        return is_same and rank(after.ruling) >= rank(before.ruling)

    def _describe_rule(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        rulings = dict(self._fields["ruling"]._description_selection(self.env))
        whose = kinds[self.kind] if self.country_id else self.display_name
        return f"{whose}: {rulings[self.ruling]}"

    def _to_rules(self):
        return [
            SenderRule(
                rule.kind,
                rule.country_id.code or "",
                rule.ruling,
                rule.effective_from or None,
                rule.effective_to or None,
            )
            for rule in self
            if rule.active
        ]

    @api.model
    @ormcache("kind", "today")
    def _get_rulings(self, kind, today):
        """Return the rulings of a day for a kind of sender, by country (ISO code)."""
        return sender_rules.get_rulings(self._get_rules(), kind, today)

    @api.model
    def _get_reach(self, kind, countries, today):
        """Return which countries a sender may text (``dispatch.Reach`` or None).

        :param countries: ISO codes of those assigned to it, else of its own
        """
        rulings = self._get_rulings(kind, today)
        return find_reach(rulings, countries, kind == account.ALPHANUMERIC)

    @api.model
    def _check_countries(self, kind, address, countries):
        """Refuse to assign countries to a sender that its kind may not text.

        :raises ValidationError: with the rule's source
        """
        today = fields.Date.context_today(self)
        for country in countries:
            code = PARTS.get(country.code, country.code)
            rulings = self._get_rulings(kind, today)
            if rulings.get(code, rulings.get("", ALLOWED)) != REFUSED:
                continue
            domain = [("kind", "=", kind), ("ruling", "=", REFUSED)]
            domain += [("country_id.code", "in", [code, False])]
            refusing = self.sudo().search(domain)
            found = refusing.filtered(lambda it: it._to_rules()[0].is_in_force(today))
            labels = dict(self._fields["kind"]._description_selection(self.env))
            raise ValidationError(
                self.env._(
                    "“%(sender)s” cannot text %(country)s, where this kind of sender "
                    "is not allowed (%(kind)s). Use a number instead. Source: "
                    "%(origin)s",
                    sender=address,
                    country=country.name,
                    kind=labels[kind],
                    origin=found[:1].source or "",
                )
            )
