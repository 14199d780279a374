# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command, Domain
from odoo.tools import SQL, escape_psql

from ...tools import geography
from ..core.mixins import open_linked

PLACES = ("state_ids", "cities", "zips")
#: The fields that select an area's people; without any they would be everybody.
CRITERIA = (*PLACES, "category_ids", "company_partner_ids", "team_ids")
PLACE, SERVICE = ("place", "service")


class SmsArea(models.Model):
    """A group of customers, by where they are or what they have.

    Places are alternatives (a state, a city or a postal code); other criteria narrow
    them down. Customers may subscribe to an area; a service has subscribers, but no
    place.
    """

    _name = "sms.area"
    _inherit = "sms.shared.copy"
    _description = "Area of Customers"
    _order = "name, id"

    name = fields.Char(
        required=True,
        translate=True,
        help="As named in the text: “… is affecting the {area} region.”",
    )
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        ondelete="restrict",
        default=lambda self: self._default_row_company(),
        help="Leave empty to share it between all companies.",
    )
    shared_id = fields.Many2one(
        "sms.area",
        "Replaces",
        copy=False,
        domain=[("company_id", "=", False)],
        help="The shared area that this one replaces for the company.",
    )
    copy_ids = fields.One2many("sms.area", "shared_id", readonly=True)
    # Without one of its criteria, an area would mean more people: none can be deleted.
    state_ids = fields.Many2many(
        "res.country.state", string="States", ondelete="restrict"
    )
    cities = fields.Char(help="Separated by commas.")
    zips = fields.Text(
        "ZIP Codes", help="Codes, prefixes and ranges: 80202, 803*, 80401-80419"
    )
    category_ids = fields.Many2many(
        "res.partner.category", string="Tags", ondelete="restrict"
    )
    company_partner_ids = fields.Many2many(
        "res.partner",
        string="Companies",
        ondelete="restrict",
        domain=[("is_company", "=", True)],
        help="The contacts of these customers.",
    )
    team_ids = fields.Many2many(
        "helpdesk.ticket.team",
        string="Teams",
        ondelete="restrict",
        help="Customers with a ticket of one of these teams.",
    )
    contact_count = fields.Integer("Contacts", compute="_compute_contact_count")
    kind = fields.Selection(
        [(PLACE, "A place"), (SERVICE, "A service")],
        required=True,
        default=PLACE,
        help="The heading under which customers find it when they choose their alerts.",
    )
    takes_subscribers = fields.Boolean(
        "Open to Subscribers",
        help="Customers can subscribe to it in the portal or by texting its keyword, "
        "wherever they are.",
    )
    keyword_ids = fields.Many2many(
        "sms.keyword",
        "sms_keyword_area_rel",
        "area_id",
        "keyword_id",
        string="Joining Keywords",
        readonly=True,
        groups="helpdesk_mgmt.group_helpdesk_user_own,base.group_system",
    )
    subscriber_count = fields.Integer(
        "Subscribers", compute="_compute_subscriber_count"
    )

    @api.depends("takes_subscribers", *CRITERIA)
    def _compute_contact_count(self):
        for area in self:
            domain = area._get_contact_domain()
            area.contact_count = self.env["res.partner"].search_count(domain)

    def _compute_subscriber_count(self):
        subscriptions = self.env["sms.subscription"]
        if not subscriptions.has_access("read"):
            self.subscriber_count = 0
            return
        for area in self:
            domain = area._get_subscription_domain() & Domain("state", "=", "active")
            area.subscriber_count = subscriptions.search_count(domain)

    @api.constrains("company_id")
    def _check_subscribers(self):
        """Refuse a company that is not its subscribers': they would be told nothing."""
        found_sudo = self.env["sms.subscription"].sudo()
        found_sudo.search([("area_id", "in", self.ids)])._check_company(["area_id"])

    @api.constrains("zips")
    def _check_zips(self):
        for area in self:
            try:
                geography.parse_zips(area.zips)
            except ValueError as error:
                words = self.env._(
                    "“%s” is not a ZIP code. Enter codes, prefixes and ranges: "
                    "80202, 803*, 80401-80419.",
                    error,
                )
                raise ValidationError(words) from error

    @api.constrains("name", "takes_subscribers", *CRITERIA)
    def _check_criteria(self):
        """Refuse an area without criteria or subscribers, which would be everybody."""
        for area in self.filtered(lambda area: not area.takes_subscribers):
            if not any(area[name] for name in CRITERIA):
                words = self.env._(
                    "Say who belongs to “%s”: a place, tags or companies.", area.name
                )
                raise ValidationError(words)

    def _get_contact_domain(self):
        """Return the domain of the area's contacts and the company's subscribers."""
        domain = self._get_criteria_domain()
        if self.takes_subscribers:
            domain |= Domain.custom(to_sql=self._get_subscriber_sql)
        return domain

    def _get_criteria_domain(self):
        # A tag that is archived must not let the area mean more people; nor are
        # archived tickets left out.
        self = self.with_context(active_test=False)
        if not any(self[name] for name in CRITERIA):
            return Domain.FALSE
        places = []
        if self.cities:
            # Only commas name no city, which must not mean everybody.
            names = geography.split_names(self.cities)
            cities = (Domain("city", "=ilike", escape_psql(name)) for name in names)
            places.append(Domain.OR(cities))
        if self.state_ids:
            places.append(Domain("state_id", "in", self.state_ids._origin.ids))
        if self.zips:
            places.append(Domain.custom(to_sql=self._get_zip_sql))
        domain = Domain.OR(places) if places else Domain.TRUE
        if self.category_ids:
            domain &= Domain("category_id", "in", self.category_ids.ids)
        if self.company_partner_ids:
            domain &= Domain("id", "child_of", self.company_partner_ids.ids)
        if self.team_ids:
            tickets_sudo = self.env["helpdesk.ticket"].sudo()
            found = tickets_sudo._search([("team_id", "in", self.team_ids.ids)])
            domain &= Domain("id", "in", found.subselect("partner_id"))
        return domain

    def _get_zip_sql(self, _model, alias, _query):
        ranges = geography.parse_zips(self.zips)
        column = SQL(
            "upper(regexp_replace(%s, '[^0-9A-Za-z]', '', 'g')) COLLATE \"C\"",
            SQL.identifier(alias, "zip"),
        )
        conditions = (
            SQL("left(%s, %s) BETWEEN %s AND %s", column, length, low, high)
            for low, high, length in ranges
        )
        return SQL("(%s)", SQL(" OR ").join(conditions)) if ranges else SQL("FALSE")

    def _get_subscribed_ids(self):
        """Return whose subscribers are the area's, for a company's subscriptions.

        Its own, those of the shared area that it replaces, and those of the companies'
        areas that replace it.
        """
        own_sudo = self._origin.sudo().with_context(active_test=False)
        return (own_sudo | own_sudo.shared_id | own_sudo.copy_ids).ids

    def _get_subscription_domain(self):
        """Return the domain of the subscriptions that count as the area's."""
        domain = Domain("area_id", "in", self._get_subscribed_ids())
        if self.company_id:
            domain &= Domain("company_id", "=", self.company_id.id)
        return domain

    def _get_subscriber_sql(self, _model, alias, _query):
        self.env["res.partner"].flush_model(["phone_sanitized"])
        self.env["sms.subscription"].flush_model()
        return SQL(
            """
            EXISTS (SELECT 1 FROM sms_subscription
                     WHERE number = %s AND area_id = ANY(%s) AND company_id = %s
                       AND state = 'active')
            """,
            SQL.identifier(alias, "phone_sanitized"),
            self._get_subscribed_ids(),
            self.env.company.id,
        )

    @api.model
    def _get_offered(self, company):
        """Return the areas for a company's customers, its own instead of shared."""
        is_visible = Domain("company_id", "in", [False, company.id])
        found = self.search(is_visible & Domain("takes_subscribers", "=", True))
        own = Domain("company_id", "=", company.id) & Domain("shared_id", "!=", False)
        return found - self.with_context(active_test=False).search(own).shared_id

    def _leave_out(self, chosen):
        """Return the areas without the chosen ones, and what stands for those."""
        return self.filtered(lambda it: not (it | it.shared_id | it.copy_ids) & chosen)

    @api.model
    def _follow_merge(self, sources, target):
        """Name the contact into which others are merged, which are deleted then."""
        areas = self.with_context(active_test=False)
        areas = areas.search([("company_partner_ids", "in", sources.ids)])
        gone = map(Command.unlink, sources.ids)
        areas.company_partner_ids = [Command.link(target.id), *gone]

    def action_view_contacts(self):
        """Show who belongs to the area."""
        self.ensure_one()
        partners = self.env["res.partner"].search(self._get_contact_domain())
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("base.action_partner_form"),
            "name": self.name,
            "domain": [("id", "in", partners.ids)],
            "context": {},
        }

    def action_view_subscribers(self):
        """Show who has chosen the area."""
        context = {"default_area_id": self.id, "search_default_active": 1}
        xmlid = "helpdesk_mgmt_sms.sms_subscription_action"
        action = open_linked(self, xmlid, "area_id", **context)
        return {**action, "domain": list(self._get_subscription_domain())}
