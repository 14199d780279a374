# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.http import request

from .sms_webhook_event import TEXT


class IrCron(models.Model):
    """Lets our long jobs give way to urgent texts.

    Of Odoo's usual two workers one may be queueing a broadcast and the other fetching
    delivery reports, each for ten seconds and more, while an alert waits.
    """

    _inherit = "ir.cron"

    @api.model
    def _commit_progress(self, processed=0, *, remaining=None, deactivate=False):
        """End the run of a job of ours after a batch if urgent texts need the worker.

        The job goes on in its next turn. A batch is always done, so that it gets on.
        """
        seconds_left = super()._commit_progress(
            processed, remaining=remaining, deactivate=deactivate
        )
        makes_way = processed and remaining and self._must_make_way_for_sms()
        # The job may wait for the network next, so no transaction is left open.
        self.env.cr.commit()  # pylint: disable=invalid-commit
        if makes_way:
            self.sudo().browse(self.env.context["cron_id"])._trigger()
            super()._commit_progress(remaining=0)
            return 0.0
        return seconds_left

    @api.model
    def _must_make_way_for_sms(self):
        """Return whether a job of ours runs, and urgent texts wait for a worker.

        The jobs of a model with ``_never_gives_way`` are urgent themselves. One that a
        user runs by hand occupies no worker.
        """
        if request:
            return False
        job_sudo = self.sudo().browse(self.env.context.get("cron_id"))
        model_name = job_sudo.model_name or ""
        is_urgent = getattr(self.env.get(model_name), "_never_gives_way", False)
        is_ours = model_name.startswith("sms.")
        return is_ours and not is_urgent and self._lacks_sms_worker()

    @api.model
    def _lacks_sms_worker(self):
        """Return whether urgent texts wait, and no worker sends or reads them.

        Commits, and locks nothing for longer than a moment.
        """
        commit = self.env["sms.dispatcher"]._in_new_transaction
        urgent = commit(self._find_urgent_sms_work)
        return any(commit(self._is_sms_unattended, model_name) for model_name in urgent)

    @api.model
    def _find_urgent_sms_work(self):
        """Return the models whose jobs have urgent texts to send or to read.

        Those of a sender that may not send now are not urgent.
        """
        urgent, unread = [], [("kind", "=", TEXT), ("is_failed", "!=", True)]
        if self.env["sms.webhook.event"].sudo().search_count(unread, limit=1):
            urgent.append("sms.webhook.event")
        if sender_ids := self.env["sms.dispatcher"]._find_urgent_senders():
            ready = self.env["sms.sender.pace"]._get_ready()
            if sender_ids.intersection(sender.id for sender in ready):
                urgent.append("sms.dispatcher")
        return urgent
