# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..core.batch_jobs import DATABASE_FAULTS, try_work_off
from .sms_broadcast import CHECKING
from .sms_broadcast_recipient import MUTED, REACHED, TOLD_BY_MAIL
from .sms_incident import CALLED_OFF, MONITORING, OPEN, PLANNED, RESOLVED

#: Tickets that get a message in one transaction.
TICKET_BATCH = 100


class SmsIncidentNews(models.Model):
    """An entry on an incident's status page, also posted on its tickets.

    Publishing it changes the incident's state. It can be corrected but not withdrawn,
    since people have read it.
    """

    _name = "sms.incident.news"
    _inherit = ["sms.setup.mixin", "sms.checked.words"]
    _description = "News of an Incident"
    _order = "id desc"
    _rec_name = "published_at"

    incident_id = fields.Many2one(
        "sms.incident", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="incident_id.company_id")
    state = fields.Selection(
        [
            (PLANNED, "Planned"),
            (OPEN, "We are working on it"),
            (MONITORING, "Working again, and we are monitoring it"),
            (RESOLVED, "Resolved"),
            (CALLED_OFF, "Called off"),
        ],
        "Status",
        required=True,
        default=OPEN,
    )
    body = fields.Text(
        "Public Text",
        required=True,
        translate=True,
        help="In plain words: what works, what does not, and when you will post the "
        "next update.",
    )
    published_at = fields.Datetime(
        "Published On", required=True, readonly=True, default=fields.Datetime.now
    )
    user_id = fields.Many2one(
        "res.users", "Published By", readonly=True, default=lambda self: self.env.user
    )
    broadcast_id = fields.Many2one(
        "sms.broadcast",
        "Text",
        readonly=True,
        index="btree_not_null",
        help="The broadcast that told people. Empty: it is on the page only.",
    )
    is_to_be_posted = fields.Boolean(
        readonly=True,
        default=True,
        help="Some tickets of the incident do not have it yet.",
    )

    _posted_index = models.Index("(id) WHERE is_to_be_posted")

    @api.model_create_multi
    def create(self, vals_list):
        """Publish news: set the incident's state, and wake the job for its tickets."""
        news = super().create(vals_list)
        for entry in news:
            entry._check_step()
            entry.incident_id._set_state(entry.state)
        self.env["ir.cron"]._wake_sms("ir_cron_sms_incident")
        return news

    def write(self, vals):
        """Accept corrections of the text; ignore other fields unless in sudo."""
        if not self.env.su:
            vals = {name: value for name, value in vals.items() if name == "body"}
        if "body" in vals:
            self._before_correction()
        return super().write(vals)

    def _update_field_translations(self, *args, **options):
        """Treat translations, which bypass ``write``, as corrections too."""
        self._before_correction()
        return super()._update_field_translations(*args, **options)

    def _before_correction(self):
        self.check_access("write")
        self.sudo().broadcast_id._before_news_changes()

    def _translate(self, bodies):
        """Store translations (by language code), except those equal to the original."""
        own = self.body
        for lang, body in bodies.items():
            if body != own:
                self.with_context(lang=lang).body = body

    def _check_step(self):
        is_planned = self.state in (PLANNED, CALLED_OFF)
        if is_planned and self.incident_id.state not in (PLANNED, self.state):
            name = self.incident_id.name
            raise UserError(self.env._("“%s” has begun. Resolve it instead.", name))

    # === Tickets ===

    @api.model
    def _post_waiting(self):
        """Post news on the tickets of their incidents, in batches (cron).

        News that is texted waits until its recipients are checked, since those who get
        it otherwise are not mailed by their ticket.
        """
        is_checked = Domain("broadcast_id.state", "!=", CHECKING)
        waiting = Domain("is_to_be_posted", "=", True)
        waiting &= Domain("broadcast_id", "=", False) | is_checked
        while news := self.search(waiting, order="id", limit=1):
            done = try_work_off(news, news._post_next, DATABASE_FAULTS)
            if done is None:
                news.is_to_be_posted, done = False, 1
            left = self.search_count(waiting)
            if not self.env["ir.cron"]._commit_progress(done, remaining=left) and left:
                return

    def _post_next(self):
        """Post it on the next open tickets, and return their number."""
        domain = Domain("sms_incident_id", "=", self.incident_id.id)
        domain &= Domain("sms_incident_news_id", "!=", self.id)
        domain &= Domain("stage_id.closed", "!=", True)
        domain &= Domain("create_date", "<=", self.published_at)
        tickets = self.env["helpdesk.ticket"]
        tickets = tickets.search(domain, order="id", limit=TICKET_BATCH)
        untold = tickets.partner_id - self._find_told(tickets.partner_id)
        if untold:
            self.env["sms.incident"]._wake_mails()
        for ticket in tickets:
            self._post_on(ticket, ticket.partner_id & untold)
            untold -= ticket.partner_id
        tickets.sms_incident_news_id = self
        if len(tickets) < TICKET_BATCH:
            self.is_to_be_posted = False
        return len(tickets)

    def _find_told(self, partners):
        """Return the contacts who get no mail: reached, muted or blacklisted.

        Or who had it on another ticket of theirs.
        """
        own = Domain("broadcast_id", "=", self.broadcast_id.id)
        own &= Domain("partner_id", "in", partners.ids)
        is_told = Domain("outcome", "in", (*REACHED, MUTED))
        is_told |= Domain("mail_outcome", "in", TOLD_BY_MAIL)
        rows = self.env["sms.broadcast.recipient"].search(own & is_told)
        posted = Domain("sms_incident_news_id", "=", self.id)
        posted &= Domain("partner_id", "in", partners.ids)
        posted = self.env["helpdesk.ticket"].search(posted)
        incident = self.incident_id
        muted = self.env["sms.incident.mute"]._get_muted(incident)
        return (
            rows.partner_id
            | posted.partner_id
            | partners.filtered(
                lambda it: (
                    it.is_blacklisted or (incident.id, it.phone_sanitized) in muted
                )
            )
        )

    def _post_on(self, ticket, untold):
        """Post it on a ticket for the customer; mail it to contacts not yet told."""
        company = self.company_id
        told = company._get_sms_told_langs(self, "body")
        number = ticket.partner_phone_sanitized
        lang = company._find_sms_lang(ticket.partner_id.lang, number)
        it = self.with_context(lang=company._pick_sms_told_lang(told, lang))
        ticket.message_post(
            body=it.incident_id._render_news(it.body),
            message_type="auto_comment",
            subtype_xmlid="mail.mt_comment",
            author_id=self.user_id.partner_id.id,
            partner_ids=untold.filtered("email").ids,
            notify_skip_followers=True,
            force_send=False,
        )
