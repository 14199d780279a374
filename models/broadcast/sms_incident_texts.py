# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.verdicts import HAVE_GOT
from .sms_broadcast_people import OPENING, UPDATE
from .sms_incident import RESOLVED


class SmsIncident(models.Model):
    """The texts about an incident: who has had how many, and which comes next."""

    _inherit = "sms.incident"

    next_kind = fields.Selection(
        [(OPENING, "Beginning"), (UPDATE, "News"), (RESOLVED, "End")],
        compute="_compute_next_kind",
        help="Which text can be sent next. None once its end was told.",
    )
    texted_count = fields.Integer("People Texted", compute="_compute_texts")
    texts_html = fields.Html(compute="_compute_texts", sanitize=False)
    muted_count = fields.Integer("Muted", compute="_compute_counts")
    ticket_count = fields.Integer("Tickets", compute="_compute_counts")
    broadcast_count = fields.Integer("Broadcasts", compute="_compute_counts")

    @api.depends("state", "broadcast_ids.kind", "broadcast_ids.started_at")
    def _compute_next_kind(self):
        for incident in self:
            told = incident.broadcast_ids.filtered("started_at").mapped("kind")
            if not told:
                incident.next_kind = incident.state != RESOLVED and OPENING
            elif incident.state != RESOLVED:
                incident.next_kind = UPDATE
            else:
                incident.next_kind = RESOLVED not in told and RESOLVED

    @api.depends("broadcast_ids", "ticket_ids", "mute_ids.ended_at")
    def _compute_counts(self):
        tickets = self._count("helpdesk.ticket", [], "sms_incident_id")
        mutes = self._count("sms.incident.mute", [("ended_at", "=", False)])
        broadcasts = self._count("sms.broadcast", [])
        for incident in self:
            incident.ticket_count = tickets.get(incident._origin.id, 0)
            incident.muted_count = mutes.get(incident._origin.id, 0)
            incident.broadcast_count = broadcasts.get(incident._origin.id, 0)

    def _count(self, model_name, domain, field="incident_id"):
        records = self.env[model_name]
        if not records.has_access("read"):
            return {}
        groups = records._read_group(
            [(field, "in", self._origin.ids), *domain], [field], ["__count"]
        )
        return {incident.id: count for incident, count in groups}

    @api.depends("broadcast_ids.state")
    def _compute_texts(self):
        found = self._origin._count_texts()
        for incident in self:
            counts = found.get(incident._origin.id, {})
            incident.texted_count = sum(counts.values())
            incident.texts_html = incident._render_texts(counts)

    def _count_texts(self):
        """Return how many people have had how many texts: broadcasts and answers.

        :return: ``{incident id: {texts: people}}``, the most texts first
        """
        self.env["sms.sms"].flush_model(["incident_id", "number", "state"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT incident_id, texts, count(*)
                  FROM (SELECT incident_id, number, count(*) AS texts FROM sms_sms
                         WHERE incident_id = ANY(%s) AND state = ANY(%s)
                      GROUP BY incident_id, number) AS person
              GROUP BY incident_id, texts ORDER BY incident_id, texts DESC
                """,
                self.ids,
                list(HAVE_GOT),
            )
        )
        found = {}
        for incident_id, texts, people in rows:
            found.setdefault(incident_id, {})[texts] = people
        return found

    def _render_texts(self, counts):
        """Return in a table how many people have had how many texts."""
        if not counts:
            return False
        line = Markup(
            "<tr><td class='text-end fw-bold pe-3'>%s</td><td class='%s'>%s</td></tr>"
        )
        rows = Markup("").join(
            line
            % (
                f"{people:,}",
                "text-danger" if texts > self.text_limit else "",
                self.env._("have had one text")
                if texts == 1
                else self.env._("have had %s texts", texts),
            )
            for texts, people in counts.items()
        )
        return Markup("<table class='o_sms_counts'><tbody>%s</tbody></table>") % rows

    # ------------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------------

    def action_publish(self):
        """Open the form of news for the status page."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Publish news"),
            "res_model": "sms.incident.news",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_incident_id": self.id,
                "default_state": self.env.context.get("sms_news_state", self.state),
            },
        }

    def action_text(self):
        """Prepare the text that comes next; it is checked and sent as any broadcast."""
        self.ensure_one()
        kind = self.next_kind or UPDATE
        first = self.broadcast_ids.filtered("started_at")[-1:]
        is_emergency = first.is_emergency and kind == UPDATE
        labels = dict(self._fields["next_kind"]._description_selection(self.env))
        broadcast = self.env["sms.broadcast"].create(
            {
                "name": f"{self.name}: {labels[kind]}",
                "company_id": self.company_id.id,
                "incident_id": self.id,
                "kind": kind,
                "area_ids": [(6, 0, self.area_ids.ids)],
                "body": self._get_body(kind),
                "is_emergency": is_emergency,
                "emergency_reason": is_emergency and first.emergency_reason,
            }
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": "sms.broadcast",
            "res_id": broadcast.id,
            "view_mode": "form",
        }

    def _get_body(self, kind):
        """Return the house's words for a text, to be made more precise."""
        if kind == OPENING:
            words = self.env["sms.broadcast"]._default_body()
            return self.env._("%s How it stands: {status_page}", words)
        if kind == RESOLVED:
            return self.env._(
                "[System Alert] The outage in the {area} region is resolved. If "
                "anything still fails, reply to this text. {status_page}"
            )
        return self.env._(
            "[System Alert] News of the outage in the {area} region: {status_page} "
            "Reply MUTE for no more texts about this outage."
        )

    def _get_records_action(self, xmlid, domain, context=None):
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        return {**action, "domain": domain, "context": context or {}}

    def action_view_broadcasts(self):
        """Show the broadcasts about it."""
        return self._get_records_action(
            "helpdesk_mgmt_sms.sms_broadcast_action", [("incident_id", "=", self.id)]
        )

    def action_view_tickets(self):
        """Show the tickets that are about it."""
        return self._get_records_action(
            "helpdesk_mgmt.helpdesk_ticket_action",
            [("sms_incident_id", "=", self.id)],
            {"default_sms_incident_id": self.id},
        )

    def action_view_mutes(self):
        """Show who wants no more texts about it."""
        return self._get_records_action(
            "helpdesk_mgmt_sms.sms_incident_mute_action",
            [("incident_id", "=", self.id)],
        )

    def action_view_texts(self):
        """Show the texts about it, by person."""
        return self._get_records_action(
            "helpdesk_mgmt_sms.sms_sms_action",
            [("incident_id", "=", self.id)],
            {"group_by": ["number"]},
        )
