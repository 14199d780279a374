# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import timedelta

from psycopg2 import OperationalError

from odoo import api, fields, models, tools
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import clean_context

from ...tools import reply_codes
from ...tools.verdicts import HAVE_OR_WILL

OPEN, MONITORING, RESOLVED = STATES = ("open", "monitoring", "resolved")
#: It is still going on: tickets are linked to it, texts about it are answered.
GOING_ON = (OPEN, MONITORING)
#: What is the news' own to write.
NEWS_FIELDS = {"state", "resolved_at"}
_logger = logging.getLogger(__name__)
#: The page can be opened so long after the incident began: always at one address, so
#: that all texts about it name the same.
PAGE_LIFE = timedelta(days=365)


class SmsIncident(models.Model):
    """An outage from its beginning to its end, and all that is said of it.

    Its texts are broadcasts (``sms.broadcast.incident_id``), its public words are news
    (``sms.incident.news``), which also move its state. Managers make them.
    """

    _name = "sms.incident"
    _description = "Incident"
    _inherit = ["mail.thread", "sms.short.link"]
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
    _short_link_path = "/sms/incident/"
    _short_link_scope = "helpdesk_mgmt_sms.incident"

    status_page = fields.Char(
        compute="_compute_status_page",
        compute_sudo=True,
        help="Anybody who has the address sees what has failed, where, and the news.",
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
        if any(self.sudo().broadcast_ids.mapped("started_at")):
            raise UserError(
                self.env._("People were texted about it: resolve it instead.")
            )
        self.env.registry.clear_cache()

    def _check_by_hand(self, vals):
        own = vals.keys() & NEWS_FIELDS
        if own and not self.env.su:
            raise AccessError(
                self.env._(
                    "How an incident stands is said by publishing news: %s",
                    ", ".join(sorted(own)),
                )
            )

    def _check_works_here(self):
        if not self.env.su and self:
            self.company_id._check_sms_user()

    # ------------------------------------------------------------------
    # Finding
    # ------------------------------------------------------------------

    @api.model
    @tools.ormcache("company_id")
    def _get_going_on_ids(self, company_id):
        """Return the ids of what is going on in a company, the newest first.

        Every new ticket asks, and mostly the answer is: nothing.
        """
        domain = [("company_id", "=", company_id), ("state", "in", GOING_ON)]
        return tuple(self.sudo().search(domain, order="opened_at DESC, id DESC").ids)

    def _is_going_on(self):
        return self.state in GOING_ON

    def _get_name_in(self, lang):
        """Return what has failed, in a language.

        :param str lang: code, may be empty
        """
        self.ensure_one()
        return self.with_context(lang=lang or "en_US").sudo().name

    def _set_state(self, state):
        """Move the state, as the news say."""
        self.ensure_one()
        ended = self.resolved_at or fields.Datetime.now()
        values = {"state": state, "resolved_at": ended if state == RESOLVED else False}
        self.sudo().write(values)

    # ------------------------------------------------------------------
    # Whom an incident concerns who gets in touch: they are told that we know
    # ------------------------------------------------------------------

    # Once for each incident and number, and not those who have muted it.

    @api.model
    def _find_concerning(self, company, partner, number):
        """Return what is going on that concerns a person, the newest, or none.

        :param company: ``res.company``
        :param partner: ``res.partner``, may be empty
        :param str number: E.164, may be empty
        :return: ``sms.incident`` in sudo
        """
        incidents_sudo = self.sudo().browse(self._get_going_on_ids(company.id))
        for incident_sudo in incidents_sudo:
            if incident_sudo._concerns(partner, number):
                return incident_sudo
        return incidents_sudo.browse()

    def _concerns(self, partner, number):
        self.ensure_one()
        if partner and self.area_ids:
            areas = self.with_company(self.company_id).area_ids
            domain = Domain.OR(area._get_contact_domain() for area in areas)
            domain &= Domain("id", "=", partner.id)
            if partner.sudo().search_count(domain, limit=1):
                return True
        return bool(number) and self._has_texted(number)

    def _has_texted(self, number):
        domain = [
            ("incident_id", "=", self.id),
            ("number", "=", number),
            ("broadcast_id", "!=", False),
            ("state", "in", HAVE_OR_WILL),
        ]
        return bool(self.env["sms.sms"].sudo().search_count(domain, limit=1))

    @api.model
    def _find_newest_text(self, company, number):
        """Return the incident of the newest text to a number, of those that it has not
        muted and that are going on; empty if there is none.

        :param str number: E.164
        """
        going_on = self._get_going_on_ids(company.id)
        if not going_on:
            return self.browse()
        self.env["sms.sms"].flush_model(["incident_id", "number", "state"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT sms.incident_id FROM sms_sms sms
                 WHERE sms.incident_id = ANY(%s) AND sms.number = %s
                   AND sms.state = ANY(%s)
                   AND NOT EXISTS (SELECT 1 FROM sms_incident_mute mute
                                    WHERE mute.incident_id = sms.incident_id
                                      AND mute.number = sms.number
                                      AND mute.ended_at IS NULL)
              ORDER BY sms.sent_at DESC NULLS LAST, sms.id DESC LIMIT 1
                """,
                list(going_on),
                number,
                list(HAVE_OR_WILL),
            )
        )
        return self.browse(row[0] for row in rows)

    # ------------------------------------------------------------------
    # Telling that we know
    # ------------------------------------------------------------------

    def _is_to_be_told(self, number):
        """Tell if a number is to be told that we know: once, and not after MUTE.

        :param str number: E.164, may be empty
        """
        if not number or not self._is_going_on() or self._was_told(number):
            return False
        return (self.id, number) not in self.env["sms.incident.mute"]._get_muted(self)

    def _tell_we_know(self, number, partner, **values):
        """Queue the answer that we know. What fails here stops no ticket and no text.

        :param str number: E.164
        :param partner: ``res.partner``, may be empty
        :param values: of the message; at least ``purpose_id``
        """
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                self._queue_known(number, partner, **values)
        except OperationalError:
            raise  # a conflict with another transaction: Odoo starts over
        except Exception:  # whatever another module's hook raises
            _logger.exception("Nobody was told that we know of incident %s", self.id)

    def _queue_known(self, number, partner, **values):
        """Queue the answer that we know; arguments as for :meth:`_tell_we_know`."""
        replies = self.env["sms.reply"]
        body = replies._render_for(
            reply_codes.INCIDENT_KNOWN,
            self.company_id,
            partner,
            self.env["sms.purpose"],
            **self._get_fillers(replies._get_lang(self.company_id, partner)),
        )
        replies._queue_text(
            body, self.company_id, number, partner, incident_id=self.id, **values
        )

    def _was_told(self, number):
        domain = [
            ("incident_id", "=", self.id),
            ("number", "=", number),
            ("broadcast_id", "=", False),
            ("state", "in", HAVE_OR_WILL),
        ]
        return bool(self.env["sms.sms"].sudo().search_count(domain, limit=1))

    def _get_fillers(self, lang):
        self.ensure_one()
        sudo = self.sudo()
        return {"incident": self._get_name_in(lang), "status_page": sudo.status_page}

    # ------------------------------------------------------------------
    # An incident has a public page: everybody with its address sees how it is
    # ------------------------------------------------------------------

    @api.depends("opened_at")
    def _compute_status_page(self):
        for incident in self:
            incident.status_page = incident.id and incident._make_short_link(
                incident.create_date.date() + PAGE_LIFE
            )

    def action_open_status_page(self):
        """Show the page as the public sees it."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": self.status_page, "target": "new"}
