# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from .sms_broadcast_recipient import NEW
from .sms_purpose import ALERT

PLACE, SERVICE = ("place", "service")


class SmsArea(models.Model):
    """An area may be chosen by whoever wants to be told of its outages.

    A service is an area without a place: its people are its subscribers.
    """

    _inherit = "sms.area"

    kind = fields.Selection(
        [(PLACE, "A place"), (SERVICE, "A service")],
        required=True,
        default=PLACE,
        help="Under which heading customers find it, where they choose what to be told "
        "of.",
    )
    takes_subscribers = fields.Boolean(
        "Can Be Subscribed To",
        help="Customers may choose it in the portal, or text its word, and count as "
        "its people then, wherever they are.",
    )
    keyword_ids = fields.Many2many(
        "sms.keyword",
        "sms_keyword_area_rel",
        "area_id",
        "keyword_id",
        string="Words to Join",
        readonly=True,
    )
    subscriber_count = fields.Integer(
        "Subscribers", compute="_compute_subscriber_count"
    )

    def _compute_subscriber_count(self):
        subscriptions = self.env["sms.subscription"]
        counts = {}
        if subscriptions.has_access("read"):
            groups = subscriptions._read_group(
                [("area_id", "in", self.ids), ("state", "=", "active")],
                ["area_id"],
                ["__count"],
            )
            counts = {area.id: count for area, count in groups}
        for area in self:
            area.subscriber_count = counts.get(area.id, 0)

    @api.model
    def _get_offered(self, company):
        """Return the areas that customers of a company may choose.

        Not a shared one in whose place the company has an own one.
        """
        domain = Domain("takes_subscribers", "=", True)
        found = self.search(domain & Domain("company_id", "in", [False, company.id]))
        own = self.with_context(active_test=False).search(
            Domain("company_id", "=", company.id) & Domain("shared_id", "!=", False)
        )
        return found - own.shared_id

    def _get_subscriber_sql(self, _model, alias, _query):
        """Return the SQL condition that a contact's number has subscribed."""
        self.env["res.partner"].flush_model(["phone_sanitized"])
        self.env["sms.subscription"].flush_model()
        return SQL(
            """
            EXISTS (SELECT 1 FROM sms_subscription
                     WHERE number = %s AND area_id = %s AND company_id = %s
                       AND state = 'active')
            """,
            SQL.identifier(alias, "phone_sanitized"),
            self._origin.id,
            self.env.company.id,
        )

    def action_view_subscribers(self):
        """Show who has chosen the area."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "helpdesk_mgmt_sms.sms_subscription_action"
        )
        return {
            **action,
            "domain": [("area_id", "=", self.id)],
            "context": {"default_area_id": self.id, "search_default_active": 1},
        }


class SmsBroadcast(models.Model):
    """A broadcast reaches subscribers who are no contacts, too."""

    _inherit = "sms.broadcast"

    def _get_subscriber_selection(self, area):
        """Return the statement that notes an area's subscribers.

        Only of numbers that are no contact's noted so far.
        """
        return SQL(
            """
            INSERT INTO sms_broadcast_recipient
                   (broadcast_id, area_id, number, lang, outcome)
            SELECT %(broadcast)s, sub.area_id, sub.number, sub.lang, %(new)s
              FROM sms_subscription sub
             WHERE sub.area_id = %(area)s AND sub.company_id = %(company)s
               AND sub.state = 'active' AND sub.number IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM sms_broadcast_recipient noted
                                WHERE noted.broadcast_id = %(broadcast)s
                                  AND noted.number = sub.number)
          ORDER BY sub.id
            """,
            broadcast=self.id,
            area=area.id,
            company=self.company_id.id,
            new=NEW,
        )


class SmsKeyword(models.Model):
    """A joining word may be an area's: who texts it is told of its outages."""

    _inherit = "sms.keyword"

    area_ids = fields.Many2many(
        "sms.area",
        "sms_keyword_area_rel",
        "keyword_id",
        "area_id",
        string="Areas",
        domain=[("takes_subscribers", "=", True)],
        help="Who texts this word subscribes to these.",
    )

    @api.constrains("action", "purpose_ids", "area_ids")
    def _check_areas(self):
        """Have whoever subscribes agree to what they will get."""
        for keyword in self.filtered("area_ids"):
            codes = keyword.purpose_ids.mapped("code")
            if keyword.action != "join" or ALERT not in codes:
                raise ValidationError(
                    self.env._(
                        "Who texts %s subscribes to an area, so it must join the "
                        "purpose of outage alerts.",
                        keyword.word,
                    )
                )
