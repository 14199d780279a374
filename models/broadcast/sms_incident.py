# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import timedelta
from functools import partial

from odoo import SUPERUSER_ID, api, fields, models, tools
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import reply_codes
from ...tools.figures import render_counts
from ...tools.verdicts import HAVE_GOT, HAVE_OR_WILL
from ..core.batch_jobs import contain, lock_next
from ..core.mixins import count_linked, open_linked
from .sms_broadcast import AREAS, CANCELLED, WAITING

OPEN, MONITORING, RESOLVED = ("open", "monitoring", "resolved")
#: States of a maintenance that has not begun, and of one that was called off.
PLANNED, CALLED_OFF = ("planned", "cancelled")
#: States in which tickets are linked to it, and texts about it are answered.
GOING_ON = (OPEN, MONITORING)
ENDED = (RESOLVED, CALLED_OFF)
#: Kinds of texts about it; the kind of its end is :data:`RESOLVED`.
OPENING, UPDATE = ("opening", "update")
PLAN_FIELDS = {"planned_from", "planned_to"}
#: How long the status page works after the incident was created. Its address never
#: changes, so that all texts about the incident contain the same one.
PAGE_LIFE = timedelta(days=365)
_logger = logging.getLogger(__name__)


class SmsIncident(models.Model):
    """An outage from its beginning to its end, with all texts and news about it.

    Its texts are broadcasts (``sms.broadcast.incident_id``). Its public words are news
    (``sms.incident.news``), which also change its state. Managers create both.
    """

    _name = "sms.incident"
    _description = "Incident"
    _inherit = ["mail.thread", "sms.setup.mixin", "sms.short.link", "sms.replied.mixin"]
    _reply_field = "incident_id"
    _order = "resolved_at DESC NULLS FIRST, opened_at DESC, id DESC"

    name = fields.Char(
        "What Failed",
        required=True,
        translate=True,
        help="Shown publicly: on the status page and in replies by text.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    area_ids = fields.Many2many(
        "sms.area",
        string="Areas",
        ondelete="restrict",
        help="Who is told about it, and whose new tickets may be about it.",
    )
    state = fields.Selection(
        [
            (PLANNED, "Planned"),
            (OPEN, "Open"),
            (MONITORING, "Monitoring"),
            (RESOLVED, "Resolved"),
            (CALLED_OFF, "Called off"),
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
        help="Warns when a person would get more texts about it: usually an "
        "announcement, important news and the all clear are enough.",
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
        help="Anyone with the link sees what failed, where, and the news.",
    )
    next_kind = fields.Selection(
        [(OPENING, "Beginning"), (UPDATE, "News"), (RESOLVED, "End")],
        compute="_compute_next_kind",
        help="The next text that can be sent. Empty once the all clear was sent.",
    )
    texted_count = fields.Integer("People Texted", compute="_compute_texts")
    texts_html = fields.Html(compute="_compute_texts", sanitize=False)
    muted_count = fields.Integer("Muted", compute="_compute_counts")
    ticket_count = fields.Integer("Tickets", compute="_compute_counts")
    broadcast_count = fields.Integer("Broadcasts", compute="_compute_counts")

    @api.constrains("company_id")
    def _check_company_of_texts(self):
        known_sudo = self.sudo().with_context(active_test=False)
        known_sudo.broadcast_ids._check_incident()
        known_sudo.ticket_ids._check_sms_incident()

    @api.depends("opened_at")
    def _compute_status_page(self):
        for incident in self:
            incident.status_page = incident.id and incident._make_short_link(
                incident.create_date.date() + PAGE_LIFE
            )

    @api.depends("state", "broadcast_ids.kind", "broadcast_ids.state")
    def _compute_next_kind(self):
        for incident in self:
            incident.next_kind = incident._get_kind(incident.state)

    def _get_kind(self, state):
        """Return the kind of the text that announces a state, or False for none.

        The end is sent once, and only if the incident was announced by text. A text
        that was cancelled is followed by one of its kind.
        """
        begun = self.broadcast_ids.filtered("started_at").sorted("id")
        told = begun.filtered(lambda it: it.state != CANCELLED)[-1:].kind
        if state in ENDED:
            return bool(begun) and told != RESOLVED and RESOLVED
        return UPDATE if told else OPENING

    @api.depends("broadcast_ids", "ticket_ids", "mute_ids.ended_at")
    def _compute_counts(self):
        mutes, standing = "sms.incident.mute", ("ended_at", "=", False)
        count_linked(self, "ticket_count", "helpdesk.ticket", "sms_incident_id")
        count_linked(self, "muted_count", mutes, "incident_id", standing)
        count_linked(self, "broadcast_count", "sms.broadcast", "incident_id")

    @api.depends("broadcast_ids.state")
    def _compute_texts(self):
        found = self._origin._count_texts()
        for incident in self:
            counts = found.get(incident._origin.id, {})
            incident.texted_count = sum(counts.values())
            incident.texts_html = incident._render_texts(counts)

    def _count_texts(self):
        """Count the people by how many texts they have had, including answers.

        Those who were erased count as the same people in each broadcast.

        :return: ``{incident id: {texts: people}}``, the most texts first
        """
        self.env["sms.sms"].flush_model(["incident_id", "number", "state"])
        self.env.cr.execute(
            """
            WITH own AS (
                SELECT incident_id, broadcast_id, number FROM sms_sms
                 WHERE incident_id = ANY(%s) AND state = ANY(%s)
            ), text AS (
                SELECT incident_id, number AS who FROM own WHERE number IS NOT NULL
                 UNION ALL
                SELECT incident_id, (row_number() OVER (
                           PARTITION BY incident_id, broadcast_id))::varchar
                  FROM own WHERE number IS NULL
            )
            SELECT incident_id, texts, count(*)
              FROM (SELECT incident_id, count(*) AS texts
                      FROM text GROUP BY incident_id, who) AS person
          GROUP BY incident_id, texts ORDER BY incident_id, texts DESC
            """,
            [self.ids, list(HAVE_GOT)],
        )
        found = {}
        for incident_id, texts, people in self.env.cr.fetchall():
            found.setdefault(incident_id, {})[texts] = people
        return found

    def _render_texts(self, counts):
        rows = []
        for texts, people in counts.items():
            one = self.env._("have had one text")
            words = one if texts == 1 else self.env._("have had %s texts", texts)
            color = "text-danger" if texts > self.text_limit else ""
            rows.append((people, words, color))
        return render_counts(rows) if rows else False

    @api.model_create_multi
    def create(self, vals_list):
        """Schedule those that begin later."""
        incidents = super().create(vals_list)
        self.env.registry.clear_cache()
        incidents.filtered("planned_from")._follow_plan()
        return incidents

    def write(self, vals):
        """Reschedule if the plan changes."""
        is_plan = bool(vals.keys() & PLAN_FIELDS)
        if is_plan and not self.env.su:
            self._check_may_plan()
        result = super().write(vals)
        if vals.keys() & {"state", "company_id"}:
            self.env.registry.clear_cache()
        if is_plan:
            self._follow_plan()
        elif "reminder" in vals:
            self.sudo()._wake_planned()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_told(self):
        """Delete texts about it, too, that have not left yet: they still would."""
        texts_sudo = self.sudo().broadcast_ids
        if any(texts_sudo.mapped("started_at")):
            raise UserError(
                self.env._("People were texted about it. Resolve it instead.")
            )
        texts_sudo.filtered(lambda it: it.state != CANCELLED).unlink()
        self.env.registry.clear_cache()

    def _set_state(self, state):
        """Follow news, which also announces a change of the plan."""
        now = fields.Datetime.now()
        ended = (self.resolved_at or now) if state in ENDED else False
        values = {"state": state, "resolved_at": ended}
        if state != PLANNED:  # else people are still to be told the new time
            values["is_moved"] = False
        if self.state == PLANNED and state == OPEN:
            values["opened_at"] = now
        if self.state in ENDED and not ended:
            for end_sudo in self.sudo().broadcast_ids:
                if end_sudo._is_end_to_come():
                    end_sudo.action_cancel()
        self.sudo().write(values)
        if state in ENDED:
            self._lock_known().with_user(SUPERUSER_ID)._ask_gate()

    def _say_overtaken(self):
        """Return why a text about it is outdated, which was written before."""
        if self.planned_from and self.state not in ENDED:
            return self.env._("The maintenance has begun meanwhile")
        return self.env._("The incident has been resolved meanwhile")

    # === Lookup ===

    @api.model
    @tools.ormcache("company_id")
    def _get_going_on_ids(self, company_id):
        """Return the ids of a company's current and planned incidents, newest first.

        Cached: every new ticket asks, and usually there is none.
        """
        domain = [("company_id", "=", company_id), ("state", "not in", ENDED)]
        return tuple(self.sudo().search(domain, order="opened_at DESC, id DESC").ids)

    def _concerns(self, partner, number):
        if partner and self.area_ids:
            areas = self.with_company(self.company_id).area_ids
            domain = Domain.OR(area._get_contact_domain() for area in areas)
            domain &= Domain("id", "=", partner.id)
            if partner.sudo().search_count(domain, limit=1):
                return True
        return bool(number) and self._has_texted(number, by_broadcast=True)

    def _has_texted(self, number, by_broadcast):
        """Return whether a number got or gets a text about it.

        :param bool by_broadcast: look for a broadcast's text; False: for an answer
        """
        domain = Domain("incident_id", "=", self.id) & Domain("number", "=", number)
        domain &= Domain("broadcast_id", "!=" if by_broadcast else "=", False)
        domain &= Domain("state", "in", HAVE_OR_WILL)
        return bool(self.env["sms.sms"].sudo().search_count(domain, limit=1))

    @api.model
    def _find_newest_text(self, company, number):
        """Return the incident of the newest text to a number (E.164), if any.

        Among current and planned ones that the number has not muted.
        """
        going_on = self.browse(self._get_going_on_ids(company.id))
        mutes_sudo = self.env["sms.incident.mute"].sudo()
        muted_sudo = mutes_sudo._search_standing(going_on, number).incident_id
        domain = Domain("incident_id", "in", (going_on - muted_sudo).ids)
        domain &= Domain("number", "=", number) & Domain("state", "in", HAVE_OR_WILL)
        text_sudo = self.env["sms.sms"].sudo()
        newest_first = "sent_at DESC NULLS LAST, id DESC"
        text_sudo = text_sudo.search(domain, order=newest_first, limit=1)
        return self.browse(text_sudo.incident_id.id)

    # === Answer to those who get in touch ===

    def _is_to_be_told(self, number):
        """Return whether to tell a number that we know: once, and not after MUTE.

        :param str number: E.164, may be empty
        """
        if not number or self.state not in GOING_ON:
            return False
        if self._has_texted(number, by_broadcast=False):
            return False
        return not self.env["sms.incident.mute"].sudo()._search_standing(self, number)

    def _tell_we_know(self, number, partner, **values):
        """Queue the known-issue reply; a failure is logged, and stops nothing else.

        :param str number: E.164
        :param partner: ``res.partner``, may be empty
        :param values: values of the message; at least ``purpose_id``
        """
        queue = partial(self._queue_known, number, partner, **values)
        failure = "%s: somebody was not told that we know of it"
        contain(self.env, queue, _logger, failure, self)

    def _queue_known(self, number, partner, **values):
        replies, company = self.env["sms.reply"], self.company_id
        lang = company._find_sms_lang(partner.lang, number)
        code, fillers = reply_codes.INCIDENT_KNOWN, self._get_fillers(lang)
        body = replies._render(code, company, lang, purposes="", **fillers)
        values["incident_id"] = self.id
        replies._queue_text(body, company, number, partner, **values)

    def _lock_known(self, number=None):
        """Return the waiting known-issue replies, locked, in sudo.

        Those locked by the outbox are about to be sent, and are skipped.

        :param str number: only replies to this number (E.164)
        """
        condition = SQL(
            "incident_id = %s AND broadcast_id IS NULL AND state = 'outgoing'", self.id
        )
        if number:
            condition = SQL("%s AND number = %s", condition, number)
        return lock_next(self.env["sms.sms"].sudo(), condition, SQL("id"), limit=None)

    def _get_fillers(self, lang):
        it_sudo = self.with_context(lang=lang).sudo()
        return {"incident": it_sudo.name, "status_page": it_sudo.status_page}

    # === Buttons ===

    def action_publish(self):
        """Open the screen to publish news and text people about it.

        The context key ``sms_news_state`` is the incident's new state; default: the
        current one.
        """
        self.ensure_one()
        self.check_access("write")
        state = self.env.context.get("sms_news_state") or self.state
        return self.env["sms.incident.publish"]._open(self, state)

    def _take_for_news(self):
        """Lock the incident for news; Odoo retries a concurrent publication.

        It updates the row, since a mere lock would not reveal the other's news.
        """
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_incident SET state = state WHERE id = %s", [self.id]
        )
        self.invalidate_recordset(["news_ids", "state"])

    def _find_obstacle(self, kind, own=()):
        """Return why no text can be sent now, or False.

        :param kind: kind of the text (:meth:`_get_kind`)
        :param own: the ``sms.broadcast`` of this text, which is not an obstacle
        """
        if not kind:
            return self.env._("Nobody has been told about it, or of its end already.")
        if kind == OPENING and not self.area_ids:
            return self.env._("No areas are chosen, so it is not known whom to tell.")
        others = self.broadcast_ids.filtered(lambda it: it not in own)
        waiting = others.filtered(lambda it: it.state == WAITING)
        # The end overtakes all but another end.
        if waiting := waiting.filtered(lambda it: kind != RESOLVED or it.kind == kind):
            return self.env._(
                "“%s” waits for approval. Approve or cancel it first.", waiting[0].name
            )
        return others._describe_busy()

    def _prepare_broadcast(self, kind, **values):
        """Create the broadcast for a kind of text, not yet checked."""
        broadcast = self.env["sms.broadcast"].create(
            {
                **self._prepare_kind(kind),
                "company_id": self.company_id.id,
                "incident_id": self.id,
                "audience": AREAS,
                "area_ids": self.area_ids.ids,
                "body": self._get_body(kind),
                **values,
            }
        )
        if "body" not in values:
            self._say_around_news(broadcast)
        return broadcast

    def _prepare_kind(self, kind):
        labels = dict(self._fields["next_kind"]._description_selection(self.env))
        return {"kind": kind, "name": f"{self.name}: {labels[kind]}"}

    def _say_around_news(self, broadcast):
        """Translate the text around the news into each installed language."""
        for lang, _name in self.env["res.lang"].get_installed():
            spoken = broadcast.with_context(lang=lang)
            body = self.with_context(lang=lang)._get_body(broadcast.kind)
            if spoken.body != body:
                spoken.body = body

    def _get_body(self, kind):
        if self.planned_from:
            return self._get_maintenance_body(kind)
        mark = self.env._("[System Alert]")
        if kind == OPENING:
            return self.env._("%s {news} How it stands: {status_page}", mark)
        if kind == RESOLVED:
            return self.env._(
                "%s {news} If anything still fails, reply to this text. {status_page}",
                mark,
            )
        return self.env._(
            "%s {news} {status_page} Reply MUTE for no more texts about this.", mark
        )

    def action_view_broadcasts(self):
        """Show the broadcasts about it."""
        xmlid = "helpdesk_mgmt_sms.sms_broadcast_action"
        return open_linked(self, xmlid, "incident_id")

    def action_view_tickets(self):
        """Show the tickets about it."""
        xmlid = "helpdesk_mgmt.helpdesk_ticket_action"
        new = {"default_sms_incident_id": self.id}
        return open_linked(self, xmlid, "sms_incident_id", **new)

    def action_view_mutes(self):
        """Show who has muted it."""
        xmlid = "helpdesk_mgmt_sms.sms_incident_mute_action"
        return open_linked(self, xmlid, "incident_id")

    def action_view_texts(self):
        """Show the texts about it, by person."""
        xmlid = "helpdesk_mgmt_sms.sms_sms_action"
        return open_linked(self, xmlid, "incident_id", group_by=["number"])

    def action_open_status_page(self):
        """Open the status page as the public sees it."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": self.status_page, "target": "new"}


class SmsIncidentMute(models.Model):
    """A number that wants no more texts about one incident, without opting out.

    Started by MUTE, undone by UNMUTE or by an agent at the person's request.
    """

    _name = "sms.incident.mute"
    _description = "Muted Incident"
    _inherit = ["sms.personal.data", "sms.masked.number"]
    _kept_since = "muted_at"
    _order = "id desc"
    _rec_name = "number"

    incident_id = fields.Many2one(
        "sms.incident", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="incident_id.company_id", store=True)
    number = fields.Char(readonly=True, help="E.164; empty once it is erased.")
    partner_id = fields.Many2one(
        "res.partner", "Contact", readonly=True, index="btree_not_null"
    )
    muted_at = fields.Datetime("Since", required=True, readonly=True)
    ended_at = fields.Datetime("Undone On", readonly=True)
    ended_by_id = fields.Many2one(
        "res.users", "Undone By", readonly=True, help="Empty: by the person, by text."
    )

    _number_unique = models.UniqueIndex(
        "(incident_id, number) WHERE ended_at IS NULL AND number IS NOT NULL"
    )
    _number_index = models.Index("(company_id, number) WHERE ended_at IS NULL")

    @api.model
    def _get_muted(self, incidents):
        standing = [("incident_id", "in", incidents.ids), ("ended_at", "=", False)]
        domain = [*standing, ("number", "!=", False)]
        mutes_sudo = self.sudo().search_fetch(domain, ["incident_id", "number"])
        return {(mute.incident_id.id, mute.number) for mute in mutes_sudo}

    @api.model
    def _search_standing(self, incidents, number):
        standing = [("incident_id", "in", incidents.ids), ("ended_at", "=", False)]
        return self.search([*standing, ("number", "=", number)])

    @api.model
    def _mute(self, incident, number, partner):
        """Mute an incident for a number, and have the gate cancel waiting texts."""
        values = {"partner_id": partner.id, "muted_at": fields.Datetime.now()}
        self.sudo().create({"incident_id": incident.id, "number": number, **values})
        domain = Domain("incident_id", "=", incident.id) & Domain("number", "=", number)
        domain &= Domain("state", "=", "outgoing") & Domain("broadcast_id", "!=", False)
        self.env["sms.sms"].sudo().search(domain)._ask_gate()

    def action_unmute(self):
        """Undo it, at the person's request."""
        self.check_access("read")
        if not self.env.user.has_group("helpdesk_mgmt.group_helpdesk_user"):
            raise AccessError(self.env._("Only helpdesk users can undo this."))
        self.company_id._check_sms_user()
        self.sudo()._end(self.env.user)
        return True

    def _end(self, user=None):
        """Undo it, by a user or by the person's own text (None)."""
        values = {"ended_at": fields.Datetime.now(), "ended_by_id": user and user.id}
        self.filtered(lambda mute: not mute.ended_at).write(values)

    @api.model
    def _get_overdue_domain(self, company, limits):
        """Keep those of incidents that go on: they must hold."""
        overdue = super()._get_overdue_domain(company, limits)
        return overdue & Domain("incident_id.state", "in", ENDED)

    def _forget(self):
        self.write({"number": False, "partner_id": False})
