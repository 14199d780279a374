# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

from ...tools import consent
from ..ledger.sms_purpose import ALERT

PENDING, ACTIVE, ENDED = ("pending", "active", "ended")
PORTAL, KEYWORD, AGENT = ("portal", "keyword", "agent")
WAITING = Domain("state", "=", PENDING)


class SmsSubscription(models.Model):
    """A number that is to be told of outages in an area, wherever its owner is.

    Like consent it belongs to a number, not to a contact, who may be unknown. It is not
    consent itself: the gate asks the ledger about each text. An unconfirmed number is
    subscribed once it has answered YES.
    """

    _name = "sms.subscription"
    _description = "Subscription to an Area"
    _inherit = ["sms.setup.mixin", "sms.personal.data", "sms.masked.number"]
    _kept_since = "ended_at"
    _order = "id desc"
    _rec_name = "number"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company,
        ondelete="cascade",
    )
    area_id = fields.Many2one(
        "sms.area",
        required=True,
        ondelete="restrict",
        index=True,
        check_company=True,
        domain=[("takes_subscribers", "=", True)],
    )
    number = fields.Char(readonly=True, help="E.164; empty once it is erased.")
    partner_id = fields.Many2one("res.partner", "Contact", index="btree_not_null")
    lang = fields.Char("Language", readonly=True)
    state = fields.Selection(
        [(PENDING, "Waiting for YES"), (ACTIVE, "Subscribed"), (ENDED, "Ended")],
        required=True,
        readonly=True,
        default=ACTIVE,
    )
    method = fields.Selection(
        [
            (PORTAL, "In the portal"),
            (KEYWORD, "By keyword"),
            (AGENT, "Entered by a user"),
        ],
        "How",
        required=True,
        readonly=True,
        default=AGENT,
    )
    since = fields.Datetime(readonly=True, default=fields.Datetime.now)
    sandbox = fields.Boolean(
        readonly=True,
        help="Created while the company used the sandbox. It ends when the company "
        "leaves it.",
    )
    ended_at = fields.Datetime("Ended On", readonly=True)
    question_id = fields.Many2one(
        "sms.consent.evidence",
        readonly=True,
        index="btree_not_null",
        groups="helpdesk_mgmt_sms.group_sms_compliance",
        help="Becomes a subscription when they answer YES.",
    )

    _number_unique = models.UniqueIndex(
        "(company_id, number, area_id) WHERE state != 'ended' AND number IS NOT NULL"
    )
    _area_index = models.Index("(area_id, number) WHERE state = 'active'")

    @api.model_create_multi
    def create(self, vals_list):
        """Create subscriptions; for an agent, from a contact and an area."""
        if not self.env.su:
            return self.browse().union(*map(self._enter, vals_list))
        is_on_sandbox = self.env["sms.consent.event"]._is_on_sandbox
        for vals in vals_list:
            vals["sandbox"] = is_on_sandbox(self._get_company(vals))
        return super().create(vals_list)

    @api.model
    def _get_company(self, vals):
        company = self.env["res.company"].browse(vals.get("company_id"))
        return company or self.env.company

    def _enter(self, vals):
        """Subscribe the number of a contact, for an agent."""
        self._check_setup(vals)
        company = self._get_company(vals)
        company._check_sms_user()
        self.check_access("create")
        partner = self.env["res.partner"].browse(vals.get("partner_id"))
        area = self.env["sms.area"].browse(vals.get("area_id"))
        partner.check_access("read")
        area.check_access("read")
        if not partner.phone_sanitized:
            raise UserError(
                self.env._("%s has no number that can be texted.", partner.name or "?")
            )
        number = partner.phone_sanitized
        found_sudo = self.sudo()._subscribe(company, number, area, AGENT, partner)
        return found_sudo.with_env(self.env)

    def write(self, vals):
        """Refuse changes by users."""
        if not self.env.su:
            raise AccessError(self.env._("End it and create a new one."))
        return super().write(vals)

    def action_end(self):
        """End it, at the person's request."""
        self.check_access("create")
        self.check_access("read")
        self.company_id._check_sms_user()
        self.sudo()._end()
        return True

    @api.model
    def _subscribe(self, company, number, areas, method, partner, question=None):
        """Subscribe a number to areas that it has not subscribed to yet.

        Pending subscriptions now wait for the YES to the new question. Those of a
        confirmed number that have no contact yet get it.

        :param str number: E.164
        :param partner: ``res.partner`` of the number, may be empty
        :param question: ``sms.consent.evidence`` of the question whose YES activates
            it; None if the number is confirmed
        """
        found = self.search(self._get_current_domain(company, number, areas))
        waiting = found.filtered(lambda it: it.state == PENDING)
        if question is None:
            waiting._activate()
            found.filtered(lambda it: not it.partner_id).partner_id = partner
        else:
            now = fields.Datetime.now()
            waiting.write({"question_id": question.id, "since": now})
        return found | self.create(
            [
                {
                    "company_id": company.id,
                    "area_id": area.id,
                    "number": number,
                    "partner_id": partner.id,
                    "lang": company._find_sms_lang(partner.lang, number),
                    "method": method,
                    "state": ACTIVE if question is None else PENDING,
                    "question_id": question.id if question else False,
                }
                for area in areas._leave_out(found.area_id)
            ]
        )

    @api.model
    def _get_current_domain(self, company, number, areas=None):
        """Return the domain of a number's subscriptions that have not ended.

        :param areas: ``sms.area`` records, for which those that they replace count as
            well; None for all
        """
        domain = Domain("company_id", "=", company.id) & Domain("number", "=", number)
        if areas is not None:
            domain &= Domain("area_id", "in", areas._get_subscribed_ids())
        return domain & Domain("state", "!=", ENDED)

    @api.model
    def _take_yes(self, company, number, domain):
        """Activate those of a number's waiting subscriptions that match a domain."""
        domain &= self._get_current_domain(company, number)
        self.search(domain & WAITING)._activate()

    def _activate(self):
        self.write({"state": ACTIVE, "since": fields.Datetime.now()})

    def _end(self):
        going_on = self.filtered(lambda it: it.state != ENDED)
        going_on.write({"state": ENDED, "ended_at": fields.Datetime.now()})

    @api.model
    def _get_overdue_domain(self, company, limits):
        """Add those whose question nobody has answered."""
        overdue = super()._get_overdue_domain(company, limits)
        if not (limit := limits["text"]):
            return overdue
        unanswered = Domain("company_id", "=", company.id) & Domain("since", "<", limit)
        unanswered &= WAITING & self._remembered
        return overdue | unanswered

    def _forget(self):
        """End it, and erase the person."""
        self._end()
        self.write({"number": False, "partner_id": False, "question_id": False})


class SmsConsent(models.Model):
    """Ends the subscriptions that wait for a YES when the answer is a no."""

    _inherit = "sms.consent"

    @api.model
    def _get_follower_queries(self, change):
        queries = super()._get_follower_queries(change)
        alert = self.env["sms.purpose"]._get(ALERT)
        numbers = {
            change.numbers[values["number_hash"]]
            for values in change.events
            if values["event"] == consent.REVOKED
            and values["purpose_id"] in (None, False, alert.id)
        }
        if numbers := numbers - {None}:
            found_sudo = self.env["sms.subscription"].sudo()
            domain = Domain("company_id", "=", change.company.id)
            domain &= Domain("number", "in", list(numbers)) & WAITING
            queries["subscriptions"] = found_sudo._search(domain)
        return queries

    @api.model
    def _after_answers(self, change):
        refused_ids = change.followers.get("subscriptions")
        self.env["sms.subscription"].sudo().browse(refused_ids)._end()
        return super()._after_answers(change)


class SmsConsentExpiry(models.AbstractModel):
    """Ends the subscriptions whose question nobody has answered in time."""

    _inherit = "sms.consent.expiry"

    def _run(self):
        expired = Domain("since", "<", fields.Datetime.now() - consent.QUESTION_LIFE)
        self.env["sms.subscription"].sudo().search(WAITING & expired)._end()
        return super()._run()


class SmsNumberClaim(models.Model):
    """Ends the subscriptions of numbers that have another holder."""

    _inherit = "sms.number.claim"

    @api.model
    def _hand_over(self, numbers):
        """Also end them: they are of areas that the former holder has chosen."""
        found_sudo = self.env["sms.subscription"].sudo()
        found_sudo.search([("number", "in", list(numbers))])._end()
        return super()._hand_over(numbers)


class SmsKeyword(models.Model):
    """Lets joining keywords also subscribe to areas."""

    _inherit = "sms.keyword"

    area_ids = fields.Many2many(
        "sms.area",
        "sms_keyword_area_rel",
        "keyword_id",
        "area_id",
        string="Areas",
        ondelete="restrict",
        domain=[("takes_subscribers", "=", True)],
        help="The areas people subscribe to by texting this word.",
    )

    @api.constrains("action", "purpose_ids", "area_ids")
    def _check_areas(self):
        """Require that the keyword also opts in to the alerts of its areas."""
        for keyword in self.filtered("area_ids"):
            codes = keyword.purpose_ids.mapped("code")
            if keyword.action != "join" or ALERT not in codes:
                words = self.env._(
                    "%s subscribes people to an area, so it must join them to "
                    "outage alerts.",
                    keyword.word,
                )
                raise ValidationError(words)


class SmsPreferenceLink(models.Model):
    """Adds subscriptions to the preference page."""

    _inherit = "sms.preference.link"

    def _get_subscriptions(self):
        """Return the subscriptions of the number, including pending ones."""
        found_sudo = self.env["sms.subscription"].sudo()
        domain = found_sudo._get_current_domain(self.company_id, self.number)
        return found_sudo.search(domain, order="id")

    def _take(self, form, trace):
        wanted = form.get("end")
        if not wanted:
            return super()._take(form, trace)
        self._get_subscriptions().filtered(lambda it: str(it.id) == wanted)._end()
        return "ended"


class ResCompany(models.Model):
    """Ends subscriptions made in the sandbox when a company leaves it."""

    _inherit = "res.company"

    def _follow_sms_sandbox(self, tried):
        moved = super()._follow_sms_sandbox(tried)
        domain = [("company_id", "in", (moved & tried).ids), ("sandbox", "=", True)]
        self.env["sms.subscription"].sudo().search(domain)._end()
        return moved
