# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import TICKET_MODEL, exemptions, verdicts
from ...tools.actions import notify, reload_view
from ...tools.phone import canonical
from ..core.ir_cron import to_minutes

APPOINTMENT_MODEL = "calendar.event"
#: The state of waiting messages.
WAITING = "outgoing"
#: ``not_before`` of a message without a time yet: it waits until somebody goes on.
FAR = datetime(9999, 12, 31)


class SmsSms(models.Model):
    """Waiting texts: moved or canceled by a person, or replaced by newer ones."""

    _inherit = "sms.sms"

    @api.model
    def _prepare_times(self, vals_list):
        """Set when new messages may leave, and when they expire.

        The context ``sms_send_at`` holds a datetime (UTC), which no client can send.
        """
        send_at = self.env.context.get("sms_send_at")
        send_at = send_at if isinstance(send_at, datetime) else None
        for vals in vals_list:
            if send_at:
                vals.setdefault("send_at", send_at)
            if vals.get("mail_message_id") and "expires_at" not in vals:
                message_id = vals["mail_message_id"]
                post_sudo = self.env["mail.message"].sudo().browse(message_id)
                if post_sudo.model == APPOINTMENT_MODEL:
                    event = self.env[APPOINTMENT_MODEL].browse(post_sudo.res_id)
                    vals["expires_at"] = self._get_expiry(event)
            for name in ("send_at", "expires_at"):
                if moment := vals.get(name):
                    # Code and clients may also pass times as strings.
                    vals[name] = fields.Datetime.to_datetime(moment)

    @api.model
    def _get_expiry(self, record):
        """Return the start of an appointment, when messages about it expire.

        :return: datetime (UTC), or None if it is not an appointment in the future
        """
        if record._name != APPOINTMENT_MODEL:
            return None
        start = record.sudo().exists().start
        return start if start and start > fields.Datetime.now() else None

    def _filter_outbox(self):
        return self.filtered(lambda sms: sms._get_sms_company()._uses_sms_outbox())

    def _wake_dispatcher(self):
        if self:
            self._wake_outbox()

    @api.model
    def _wake_outbox(self, at=None):
        """Wake the worker that sends; the outbox extends this.

        :param at: UTC datetime, or several; default now
        """

    @api.model
    def _wake_at(self, of_outbox, of_others):
        """Wake the outbox, and Odoo's own loop, once per minute with due messages.

        :param of_outbox: times at which messages of the outbox may leave (UTC)
        :param of_others: those of Odoo's own loop
        """
        if of_outbox:
            self._wake_outbox(to_minutes(of_outbox))
        if of_others:
            cron = self.env.ref("sms.ir_cron_sms_scheduler_action")
            cron.sudo()._trigger(to_minutes(of_others))

    @api.model
    def _get_due_domain(self):
        not_before = Domain("not_before", "<=", fields.Datetime.now())
        return Domain("not_before", "=", False) | not_before

    # === Replacing ===

    def _replace_older(self):
        """Cancel waiting texts that a newer update on the same ticket replaces.

        Only texts from templates: what an agent wrote is not taken back. Nor is the
        first text about a ticket, which tells the customer that it was received. A text
        scheduled for later replaces none: it is no news yet.
        """
        newer = self.filtered(lambda sms: sms.state == WAITING)._filter_news()
        if not newer:
            return
        self.flush_model()
        pairs = dict(self.env.execute_query(newer._query_older()))
        replaced_sudo = self.sudo().browse(pairs)
        for older_sudo in replaced_sudo:
            older_sudo.replaced_by_id = pairs[older_sudo.id]
        replaced_sudo._update_sms_state_and_trackers("canceled", "sms_replaced")

    def _filter_news(self):
        if self.env.context.get("sms_is_again"):  # old news, said again
            return self.browse()
        return self.filtered(
            lambda sms: (
                sms.template_id
                and not sms.send_at
                and sms.mail_message_id.sudo().model == TICKET_MODEL
                and sms._get_sms_company()._keeps_sms_quiet_hours()
            )
        )

    def _take_places(self, vals_list):
        """Ask again about texts over the limit because of those that they replace.

        Otherwise the customer would get the old news, and the new text be blocked.
        """
        refused = {
            sms_id: vals
            for sms_id, vals in zip(self._ids, vals_list, strict=True)
            if vals["gate_reason"] == verdicts.TOO_MANY and vals["template_id"]
        }
        news = self.browse(refused)._filter_news()
        readers = news.partner_id._get_sms_readers()
        # One after the other: each may be replaced by the next.
        for sms in news:
            self.flush_model()
            older_ids = [row[0] for row in self.env.execute_query(sms._query_older())]
            if not older_ids:
                continue
            question = sms._get_question(readers, replaces=tuple(older_ids))
            [(decision, event_id)] = self.env["sms.gate"]._decide([question])
            if decision.verdict == verdicts.BLOCK:
                continue
            values = self._get_gate_values(decision, event_id, fields.Datetime.now())
            values.update(state=WAITING, failure_type=False)
            sms.sudo().write(values)
            refused[sms.id].update(values)

    def _query_older(self):
        """Return the query for ``(id of a waiting message, id of a newer one)``.

        Ordered so that of several newer ones the first comes last. Messages that the
        outbox has locked are about to leave, and are skipped.
        """
        query = """
            SELECT older.id, newer.id
              FROM sms_sms newer
              JOIN mail_message subject ON subject.id = newer.mail_message_id
              JOIN sms_sms older
                ON older.record_company_id = newer.record_company_id
               AND older.number = newer.number
               AND older.purpose_id = newer.purpose_id
               AND older.state = 'outgoing'
               AND older.template_id IS NOT NULL
               AND older.exemption IS NULL
               AND older.is_personal IS NOT TRUE
               AND older.id < newer.id
              JOIN mail_message about ON about.id = older.mail_message_id
             WHERE newer.id = ANY(%s)
               AND about.model = subject.model
               AND about.res_id = subject.res_id
               AND EXISTS (
                   SELECT 1
                     FROM sms_sms first
                     JOIN mail_message told ON told.id = first.mail_message_id
                    WHERE first.number = older.number
                      AND first.record_company_id = older.record_company_id
                      AND first.state != 'canceled'
                      AND first.id < older.id
                      AND told.model = about.model
                      AND told.res_id = about.res_id
               )
          ORDER BY newer.id DESC
               FOR UPDATE OF older SKIP LOCKED
        """
        return SQL(query, self.ids)

    # === Moving and canceling ===

    def _may_move(self):
        """Return whether the user may move or cancel it, as its author or an agent."""
        self.ensure_one()
        is_agent = self.env.user.has_group("helpdesk_mgmt.group_helpdesk_user")
        return self.env.su or is_agent or self._is_own()

    def _is_own(self):
        """Return whether the user has written it: no customer in the portal has."""
        return not self.env.user.share and self.sudo().create_uid == self.env.user

    def _filter_movable(self):
        """Return the messages that still wait.

        Authors need no right to read the list of messages: they wrote on a record.

        :raises AccessError: if the user is neither their author nor an agent
        :raises UserError: if none waits: they are on their way, or over
        """
        others = self.filtered(lambda sms: not sms._is_own())
        if others or not self:
            others.check_access("read")
        if not all(sms._may_move() for sms in self):
            raise AccessError(
                self.env._("Only its author and helpdesk users may change a message.")
            )
        waiting = self.filtered(lambda sms: sms.sudo().state == WAITING)
        if not waiting:
            raise UserError(
                self.env._("It no longer waits: it is on its way, or was cancelled.")
            )
        return waiting

    def action_cancel_waiting(self):
        """Cancel the messages that still wait.

        The outbox may have sent some since the list was loaded: the others are canceled
        all the same.

        :return: an action that shows how many were canceled, False if all were
        """
        waiting = self._filter_movable()
        waiting_sudo = waiting.sudo()
        waiting_sudo.cancelled_by_id = self.env.user
        waiting_sudo.action_set_canceled()
        if waiting == self:
            return False
        told = self.env._(
            "%(cancelled)s of %(chosen)s messages were cancelled. The others did not "
            "wait any more.",
            cancelled=len(waiting),
            chosen=len(self),
        )
        return notify(told, "warning", next=reload_view())

    @api.model
    def _cancel_waiting(self, company, numbers):
        """Ask the gate again about messages that wait for numbers (E.164)."""
        waiting = self.sudo()._query_waiting(company, numbers)
        self.sudo().browse(waiting)._ask_gate_early()

    def _ask_gate_early(self):
        """Ask the gate again about waiting messages before it is their turn.

        Held ones that may be sent by now stay held until then: by that the outbox knows
        that no later text to their number may overtake them.
        """
        changed = [
            (sms.id, it)
            for sms, it in zip(self, self._decide_again(), strict=True)
            if (sms.gate_verdict, it[0].verdict) != (verdicts.HOLD, verdicts.SEND)
        ]
        messages = self.browse(sms_id for sms_id, _decided in changed)
        messages._record_decisions([decided for _id, decided in changed])

    @api.model
    def _query_waiting(self, company, numbers):
        """Query messages that wait for numbers (E.164), except automatic replies."""
        domain = [
            ("state", "=", WAITING),
            ("record_company_id", "=", company.id),
            ("number", "in", list(map(canonical, numbers))),
            ("exemption", "in", [False, *exemptions.INVITATIONS]),
        ]
        return self._search(domain)

    def action_change_time(self):
        """Open the form that moves a waiting message to another time."""
        self.ensure_one()
        self._filter_movable()
        name, context = self.env._("Change time"), {"default_sms_id": self.id}
        forms = self.env["sms.reschedule"]
        return forms._get_records_action(name=name, target="new", context=context)

    def _move(self, send_at):
        """Move a waiting message to another time; the gate has the last word.

        :param datetime send_at: UTC; False: as soon as allowed
        :raises UserError: if it must not leave then
        """
        self.ensure_one()
        waiting_sudo = self._filter_movable().sudo()
        waiting_sudo.write({"send_at": send_at, "not_before": fields.Datetime.now()})
        waiting_sudo._ask_gate()._filter_outbox()._wake_dispatcher()
        if waiting_sudo.gate_verdict == verdicts.BLOCK:
            raise UserError(waiting_sudo.gate_label)
        self._notify_changed()
