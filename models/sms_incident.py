# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models, tools
from odoo.exceptions import AccessError, UserError
from odoo.tools.misc import clean_context

OPEN, MONITORING, RESOLVED = STATES = ("open", "monitoring", "resolved")
#: It is still going on: tickets are linked to it, texts about it are answered.
GOING_ON = (OPEN, MONITORING)

#: What is the news' own to write.
NEWS_FIELDS = {"state", "resolved_at"}


class SmsIncident(models.Model):
    """An outage from its beginning to its end, and all that is said of it.

    Its texts are broadcasts (``sms.broadcast.incident_id``), its public words are news
    (``sms.incident.news``), which also move its state. Managers make them.
    """

    _name = "sms.incident"
    _description = "Incident"
    _inherit = ["mail.thread"]
    _order = "resolved_at DESC NULLS FIRST, opened_at DESC, id DESC"

    name = fields.Char(
        "What Has Failed",
        required=True,
        translate=True,
        help="Everybody sees it: on the status page, and in answers by text.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    area_ids = fields.Many2many(
        "sms.area",
        string="Areas",
        help="Who is told of it, and whose new tickets are linked to it.",
    )
    state = fields.Selection(
        [
            (OPEN, "Open"),
            (MONITORING, "Monitoring"),
            (RESOLVED, "Resolved"),
        ],
        default=OPEN,
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
    )
    opened_at = fields.Datetime(
        "Since", required=True, default=fields.Datetime.now, copy=False
    )
    resolved_at = fields.Datetime("Resolved On", readonly=True, copy=False)
    text_limit = fields.Integer(
        "Warn Above",
        default=3,
        required=True,
        help="So many texts about it are enough for one person: at the beginning, at "
        "substantial news, and at the end.",
    )
    news_ids = fields.One2many("sms.incident.news", "incident_id", copy=False)
    broadcast_ids = fields.One2many("sms.broadcast", "incident_id", copy=False)
    ticket_ids = fields.One2many("helpdesk.ticket", "sms_incident_id", copy=False)
    mute_ids = fields.One2many("sms.incident.mute", "incident_id", copy=False)

    _text_limit_positive = models.Constraint(
        "CHECK (text_limit > 0)", "At least one text can be sent about an incident."
    )

    # ------------------------------------------------------------------
    # Setting it up
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Let what is new count for tickets at once, in companies of the user alone."""
        for vals in vals_list:
            self._check_by_hand(vals)
        # Defaults of a client's context would come after the check.
        # pylint: disable-next=context-overridden
        self = self.with_context(clean_context(self.env.context))
        incidents = super().create(vals_list)
        incidents._check_works_here()
        self.env.registry.clear_cache()
        return incidents

    def write(self, vals):
        """Take a change; what the news say of the state is theirs alone."""
        self._check_by_hand(vals)
        self._check_works_here()
        result = super().write(vals)
        self._check_works_here()
        if vals.keys() & {"state", "company_id"}:
            self.env.registry.clear_cache()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_told(self):
        """Keep what people were told of."""
        if any(self.sudo().broadcast_ids.mapped("started_at")):
            raise UserError(
                self.env._("People were texted about it: resolve it instead.")
            )
        self.env.registry.clear_cache()

    def _check_by_hand(self, vals):
        """Refuse what users say by news, and not by hand."""
        own = vals.keys() & NEWS_FIELDS
        if own and not self.env.su:
            raise AccessError(
                self.env._(
                    "How an incident stands is said by publishing news: %s",
                    ", ".join(sorted(own)),
                )
            )

    def _check_works_here(self):
        """Refuse a company that the user does not work in now."""
        if not self.env.su and self:
            self.company_id._check_user_works_here()

    # ------------------------------------------------------------------
    # Finding
    # ------------------------------------------------------------------

    @api.model
    @tools.ormcache("company_id")
    def _get_going_on_ids(self, company_id):
        """Return the ids of what is going on in a company, the newest first.

        Every new ticket asks, and mostly the answer is: nothing.

        :rtype: tuple
        """
        domain = [("company_id", "=", company_id), ("state", "in", GOING_ON)]
        return tuple(self.sudo().search(domain, order="opened_at DESC, id DESC").ids)

    def _is_going_on(self):
        """Tell if there is an incident, and it is not resolved."""
        return self.state in GOING_ON

    def _get_name_in(self, lang):
        """Return what has failed, in a language.

        :param str lang: code, may be empty
        """
        self.ensure_one()
        return self.with_context(lang=lang or "en_US").sudo().name

    def _set_state(self, state):
        """Move the state, as the news say.

        :param str state: one of :data:`STATES`
        """
        self.ensure_one()
        ended = self.resolved_at or fields.Datetime.now()
        values = {"state": state, "resolved_at": ended if state == RESOLVED else False}
        self.sudo().write(values)
