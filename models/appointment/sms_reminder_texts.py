# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import frozendict

from ...tools.appointments import CALLED_OFF
from ..automation.sms_automation_engine import CONFLICTS
from ..core.bulk_insert import create_many, insert_many
from .calendar_event_texts import FACTS_KEY, AppointmentFacts

_logger = logging.getLogger(__name__)


class SmsReminder(models.Model):
    """The words of a batch, and the messages that carry them."""

    _inherit = "sms.reminder"

    def _render_rows(self, rules):
        """Return the texts of rows, each in its reader's language, by row id.

        Together as far as template and language are one. An event with two customers
        is filled in twice, since its words depend on who reads them.

        :param dict rules: :class:`TextRule`, or None, by row id
        """
        groups = defaultdict(list)
        bodies = {}
        for row in self:
            rule = rules[row.id]
            if rule and row.body:
                bodies[row.id] = row.body
            elif rule and row.event_id:
                key = (rule.template_id, row._get_lang(), row.company_id)
                groups[key].append(row)
        for (template_id, lang, company), rows in groups.items():
            texts = self.with_company(company)
            while rows:
                by_event = {row.event_id.id: row for row in rows}
                bodies |= texts._render_template(template_id, lang, by_event)
                rows = [row for row in rows if by_event[row.event_id.id] != row]
        return bodies

    @api.model
    def _render_template(self, template_id, lang, by_event):
        """Fill in one template in one language, for events of one reader each.

        In the words of the company that the environment is in.

        :param dict by_event: ``sms.reminder`` by event id
        :return: ``{row id: text}``
        """
        facts = {
            event_id: AppointmentFacts(
                row.partner_id.id,
                row.start,
                row.is_allday,
                row.known_start or None,
                row.count,
            )
            for event_id, row in by_event.items()
        }
        template_sudo = self.env["sms.template"].sudo().browse(template_id).exists()
        if not template_sudo:
            return {}
        template_sudo = template_sudo.with_context(**{FACTS_KEY: frozendict(facts)})
        texts = template_sudo._render_field("body", list(by_event), set_lang=lang)
        return {by_event[it].id: text.strip() for it, text in texts.items()}

    @api.model
    def _render_gone(self, lost):
        """Return what tells that appointments are called off, by attendee.

        Filled in for the earliest of a series and person alone: more is not told.

        :param list lost: of ``Appointment``, the earliest first
        """
        first = {}
        for it in lost:
            first.setdefault((it.partner_id, it.key), it)
        texts = {}
        for it in first.values():
            company = self.env["res.company"].browse(it.company_id)
            ticket = self.env["helpdesk.ticket"].browse(it.ticket_id or ())
            rule = self._get_rule(company, CALLED_OFF, ticket)
            if not rule:
                continue
            row = self.new(
                {
                    "kind": CALLED_OFF,
                    "company_id": it.company_id,
                    "event_id": it.event_id,
                    "partner_id": it.partner_id,
                    "start": it.known,
                    "is_allday": it.is_allday,
                    "automation_id": rule.automation_id,
                }
            )
            texts[it.attendee_id] = row._render_safely()
        return texts

    def _render_safely(self):
        """Return the text of a row; none if its template cannot be filled in.

        Nobody is kept from deleting an appointment by a manager's template.
        """
        self.ensure_one()
        try:
            # A savepoint that flushes would plan in the middle of the change.
            with self.env.cr.savepoint(flush=False):
                return self._render_rows(self._find_own_rules()).get(self.id)
        except CONFLICTS:
            raise
        except Exception:  # whatever a template raises
            _logger.exception("A text about an appointment cannot be filled in")
            return False

    def _get_lang(self):
        self.ensure_one()
        company_sudo = self.company_id.sudo()
        return self.partner_id.lang or company_sudo.partner_id.lang or "en_US"

    def _post(self, bodies):
        """Show the texts where people look for them: at the event, at the ticket.

        :return: the ``mail.message`` that carries each text, by row id
        """
        messages = {}
        for records, rows in self._group_for_chatter():
            by_record = {
                record.id: row for record, row in zip(records, rows, strict=True)
            }
            posted = records._message_log_batch(
                {record_id: bodies[row.id] for record_id, row in by_record.items()},
                message_type="sms",
            )
            for message in posted:
                messages[by_record[message.res_id].id] = message
        return messages

    def _group_for_chatter(self):
        """Yield records of one model, each once, with the rows that are told there.

        On the event; where that is deleted on the ticket, else on the customer.
        """
        waiting = list(self)
        while waiting:
            picked = {}
            for row in waiting:
                record = row.event_id or row.ticket_id or row.partner_id
                picked.setdefault(record, row)
            by_model = defaultdict(list)
            for record, row in picked.items():
                by_model[record._name].append((record, row))
            for name, pairs in by_model.items():
                ids = [record.id for record, _row in pairs]
                yield self.env[name].browse(ids), [row for _record, row in pairs]
            done = {row.id for row in picked.values()}
            waiting = [row for row in waiting if row.id not in done]

    @api.model
    def _notify(self, sms_sudo):
        """Show the state of messages in the chatter, as Odoo does for its own."""
        if not sms_sudo:
            return
        notifications_sudo = self.env["mail.notification"].sudo()
        ids = insert_many(
            notifications_sudo,
            [
                {
                    "author_id": sms.mail_message_id.author_id.id,
                    "mail_message_id": sms.mail_message_id.id,
                    "res_partner_id": sms.partner_id.id,
                    "sms_number": sms.number,
                    "notification_type": "sms",
                    "sms_id_int": sms.id,
                    "is_read": True,
                    "read_date": fields.Datetime.now(),
                    "notification_status": (
                        "ready" if sms.state == "outgoing" else "exception"
                    ),
                    "failure_type": sms.failure_type or "",
                }
                for sms in sms_sudo
            ],
        )
        create_many(
            self.env["sms.tracker"].sudo(),
            [
                {"sms_uuid": sms.uuid, "mail_notification_id": notification_id}
                for sms, notification_id in zip(sms_sudo, ids, strict=True)
            ],
        )
        sms_sudo.invalidate_recordset(["sms_tracker_id"])
        sms_sudo.mail_message_id.invalidate_recordset(["notification_ids"])
