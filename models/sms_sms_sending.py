# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..providers import PROVIDERS
from .sms_sms import IN_FLIGHT, LEFT

#: What belongs to one attempt to send, and to how it ended: a new one starts without
#: it, and a late report on the old one finds nothing to change.
ATTEMPT_FIELDS = (
    *("provider", "carrier_id", "carrier_code", "carrier_detail", "report_rank"),
    *("attempts", "claimed_at", "sent_at", "tried_at", "fault_id"),
    *("lookup_at", "lookups", "refused_by", "replaced_by_id", "cancelled_by_id"),
)


class SmsSms(models.Model):
    """Odoo's own sending loop, kept behind the gate and off the outbox's rows."""

    _inherit = "sms.sms"

    @api.model
    def _wake_outbox(self, at=None):
        """Wake the dispatcher."""
        result = super()._wake_outbox(at)
        self.env["sms.dispatcher"]._wake(at)
        return result

    def send(self, unlink_failed=False, unlink_sent=True, raise_exception=False):
        """Leave the outbox's messages to the outbox; send the others as Odoo does."""
        outbox = self._filter_outbox()
        outbox._wake_dispatcher()
        return super(SmsSms, self - outbox).send(
            unlink_failed=unlink_failed,
            unlink_sent=unlink_sent,
            raise_exception=raise_exception,
        )

    def resend_failed(self):
        """Let the outbox's failed messages wait again; send the others as Odoo does.

        Odoo tells how many have left at once, which in the outbox is none.
        """
        outbox = self._filter_outbox()
        failed = outbox.filtered(lambda sms: sms.state == "error")
        others = self - outbox
        told = super(SmsSms, others).resend_failed() if others or not failed else {}
        if not failed:
            return told
        failed.action_set_outgoing()
        waiting = failed.filtered(lambda sms: sms.state == "outgoing")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": self.env._("Text messages"),
                "type": "success" if waiting == failed else "warning",
                "message": self.env._(
                    "%(waiting)s of %(failed)s messages wait to be sent again.",
                    waiting=len(waiting),
                    failed=len(failed),
                ),
            },
        }

    def _send(self, unlink_failed=False, unlink_sent=True, raise_exception=False):
        """Let nothing past the gate, and nothing of the outbox into Odoo's loop."""
        outbox = self._filter_outbox()
        outbox._wake_dispatcher()
        allowed = (self - outbox)._ask_gate()
        if not allowed:
            return None
        return super(SmsSms, allowed)._send(
            unlink_failed=unlink_failed,
            unlink_sent=unlink_sent,
            raise_exception=raise_exception,
        )

    @api.model
    def _process_queue(self):
        """Send what Odoo's own loop has to send, one company at a time.

        Odoo's method fails on a batch of two companies and would find the rows of the
        outbox for ever, since it may not send them.
        """
        domain = Domain("state", "=", "outgoing") & Domain("to_delete", "!=", True)
        domain &= Domain("record_company_id.sms_provider", "not in", list(PROVIDERS))
        domain &= self._get_due_domain()
        batch_size = self._get_send_batch_size()
        found = self.search(domain, limit=batch_size, order="id")
        batch = found.try_lock_for_update()
        for company, messages in batch.grouped(
            lambda sms: sms._get_sms_company()
        ).items():
            messages.with_company(company)._send()
        remaining = self.search_count(domain) if len(found) == batch_size else 0
        self.env["ir.cron"]._commit_progress(len(batch), remaining=remaining)

    @api.autovacuum
    def _gc_device(self):
        """Keep the rows of the outbox from Odoo's daily clean-up: they are records.

        ``sms_twilio``'s own route marks rows for deletion that we have carried.
        """
        self.env.cr.execute(
            "UPDATE sms_sms SET to_delete = FALSE "
            "WHERE to_delete AND provider IS NOT NULL"
        )
        return super()._gc_device()

    def _update_sms_state_and_trackers(self, new_state, failure_type=None):
        """Send a message again only if the gate lets it.

        A message that was blocked when it was made has no tracker; it gets one, so
        that its notification in the chatter follows.
        """
        is_again = new_state == "outgoing"
        if is_again or new_state == "canceled":
            self._check_not_left()
        if is_again:
            self._ensure_trackers()
            retried = self.filtered(lambda sms: sms.state in ("error", "canceled"))
            now = fields.Datetime.now()
            retried.write({**dict.fromkeys(ATTEMPT_FIELDS), "not_before": now})
        result = super()._update_sms_state_and_trackers(new_state, failure_type)
        if is_again:
            self._ask_gate()._filter_outbox()._wake_dispatcher()
        # Of what Odoo's own loop sends nothing more is read than without us.
        if is_again or new_state == "canceled":
            self._notify_changed()
        return result

    def _check_not_left(self):
        """Refuse to send again, or to cancel, what the carrier has or may have.

        Whoever asks may look at an old page: somebody else has sent it again since.

        :raises UserError: then
        """
        states = set(self.mapped("state"))
        if states & set(IN_FLIGHT):
            raise UserError(
                self.env._(
                    "The carrier may have sent this message already. It is being "
                    "checked; send a new message if it cannot wait."
                )
            )
        if states & set(LEFT):
            raise UserError(
                self.env._("The carrier has this message already. Reload the page.")
            )

    def _ensure_trackers(self):
        """Tie messages to their notification where Odoo did not."""
        orphans = self.filtered(lambda sms: not sms.sms_tracker_id)
        notifications_sudo = (
            self.env["mail.notification"]
            .sudo()
            .search([("sms_id_int", "in", orphans.ids)])
        )
        uuids = {sms.id: sms.uuid for sms in orphans}
        self.env["sms.tracker"].sudo().create(
            [
                {
                    "sms_uuid": uuids[notification.sms_id_int],
                    "mail_notification_id": notification.id,
                }
                for notification in notifications_sudo
            ]
        )
        self.invalidate_recordset(["sms_tracker_id"])
