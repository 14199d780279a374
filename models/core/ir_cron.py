# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .bulk_insert import as_arrays

MODULE = "helpdesk_mgmt_sms"
#: Key of the crons that a transaction wakes, in ``cr.precommit.data``.
WOKEN = "helpdesk_mgmt_sms.woken"


def to_minutes(moments):
    """Return times, future ones rounded up to full minutes: crons run by the minute."""
    now = fields.Datetime.now()
    minute = timedelta(minutes=1)
    return {
        it if it <= now else it.replace(second=0, microsecond=0) + minute
        for it in moments
    }


class IrCron(models.Model):
    """Wakes our busiest crons once per transaction, all with one query.

    Odoo's ``_trigger`` takes two or three queries per call. Also, our jobs that have
    more to do continue at once.
    """

    _inherit = "ir.cron"

    def _trigger(self, at=None):
        """Do not wake Odoo's own loop for new texts that the outbox sends."""
        if self.env.context.get("sms_in_outbox"):
            data = self.env["ir.model.data"]
            loop_id = data._xmlid_to_res_id("sms.ir_cron_sms_scheduler_action")
            self = self.filtered(lambda cron: cron.id != loop_id)
        return super()._trigger(at) if self else self.env["ir.cron.trigger"]

    @api.model
    def _wake_sms(self, name, at=None):
        """Wake a cron of ours at the commit, or later.

        :param str name: the cron's XML id in this module
        :param at: UTC datetime or several, default now
        """
        cron_id = self.env["ir.model.data"]._xmlid_to_res_id(f"{MODULE}.{name}")
        at = at or fields.Datetime.now()
        moments = [at] if isinstance(at, datetime) else at
        precommit = self.env.cr.precommit
        if WOKEN not in precommit.data:
            precommit.data[WOKEN] = set()
            precommit.add(self.sudo()._trigger_woken_sms)
        precommit.data[WOKEN].update((cron_id, moment) for moment in moments)

    @api.model
    def _trigger_woken_sms(self):
        """Trigger the crons that were woken, without inactive ones, as Odoo does."""
        # Now is by the database's clock: if ours were ahead, Odoo would find none due.
        woken = self.env.cr.precommit.data.pop(WOKEN)
        now = fields.Datetime.now()
        self.flush_model(["active"])
        query = """
            INSERT INTO ir_cron_trigger
                (cron_id, call_at, create_uid, create_date, write_uid, write_date)
            SELECT cron.id, CASE WHEN woken.call_at > %(now)s THEN woken.call_at
                                 ELSE LEAST(woken.call_at, now() AT TIME ZONE 'UTC')
                            END, %(uid)s, %(now)s, %(uid)s, %(now)s
              FROM unnest(%(woken)s) AS woken (cron_id, call_at)
              JOIN ir_cron cron ON cron.id = woken.cron_id
             WHERE cron.active OR woken.call_at > %(now)s
        """
        rows = as_arrays(sorted(woken), "int4", "timestamp")
        self.env.cr.execute(SQL(query, woken=rows, uid=self.env.uid, now=now))
        if any(call_at <= now for _cron_id, call_at in woken):
            self.env.cr.postcommit.add(self._notifydb)

    @api.model
    def _is_sms_unattended(self, model_name):
        """Return whether a job of a model is due, and no worker runs one.

        A worker locks the row of the cron that it runs. The rows are locked here for a
        moment, so call this in a transaction of its own.
        """
        crons_sudo = self.sudo().search([("model_id.model", "=", model_name)])
        is_one = SQL("id = ANY(%s)", crons_sudo.ids)
        is_ready = self._get_ready_sql_condition(self.env.cr)
        query = SQL("SELECT 1 FROM ir_cron WHERE %s AND %s LIMIT 1", is_one, is_ready)
        if not self.env.execute_query(query):
            return False
        query = "SELECT 1 FROM ir_cron WHERE %s FOR NO KEY UPDATE SKIP LOCKED"
        return len(self.env.execute_query(SQL(query, is_one))) == len(crons_sudo)

    def _reschedule_asap(self, job):
        """Wake the workers for a job of ours that has more to do.

        Odoo marks it as due and wakes nobody, so its workers, which sleep for up to a
        minute, would let a queue stand still most of the time.
        """
        result = super()._reschedule_asap(job)
        cron = self.browse(job["id"])
        if cron.model_name.startswith("sms.") and cron._has_sms_progress():
            self.env.cr.postcommit.add(self._notifydb)
        return result

    def _has_sms_progress(self):
        """Return whether the job's last run has done anything: else it would spin.

        The run may have ended with an iteration that found its time over.
        """
        progress_sudo = self.env["ir.cron.progress"].sudo()
        domain = [("cron_id", "=", self.id)]
        last = progress_sudo.search(domain, order="id desc", limit=2)
        return any(last.mapped("done"))
