# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta

from odoo.tests import TransactionCase, tagged

from ..clock import freeze_time


@tagged("post_install", "-at_install")
class TestJobsThatGoOn(TransactionCase):
    """A job that has more to do wakes the workers if it makes progress."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ours = cls.env.ref("helpdesk_mgmt_sms.ir_cron_sms_dispatch")

    def end(self, cron, *done):
        """End runs with this progress and more to do; return how often it wakes."""
        progress = [{"cron_id": cron.id, "done": it, "remaining": 1} for it in done]
        self.env["ir.cron.progress"].sudo().create(progress)
        woken = []
        self.patch(type(cron), "_notifydb", lambda self: woken.append(self))
        self.env.cr.postcommit.clear()
        cron._reschedule_asap({"id": cron.id})
        self.assertTrue(self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]))
        self.env.cr.postcommit.run()
        return len(woken)

    def test_it_goes_on_at_once(self):
        self.assertEqual(self.end(self.ours, 5), 1)

    def test_its_last_turn_found_its_time_over(self):
        self.assertEqual(self.end(self.ours, 5, 0), 1)

    def test_what_gets_nowhere_waits_for_its_turn(self):
        self.assertEqual(self.end(self.ours, 5, 0, 0), 0)

    def test_jobs_of_others_are_left_alone(self):
        self.assertEqual(self.end(self.env.ref("base.autovacuum_job"), 5), 0)


@tagged("post_install", "-at_install")
class TestProgress(TransactionCase):
    """A job that tells its progress may wait for the network afterwards."""

    def test_no_transaction_is_left_open(self):
        names = ("ir_cron_sms_dispatch", "ir_cron_sms_media")
        crons = [self.env.ref(f"helpdesk_mgmt_sms.{name}") for name in names]
        for cron in (*crons, self.env.ref("base.autovacuum_job")):
            progress = self.env["ir.cron.progress"].create({"cron_id": cron.id})
            context = {"cron_id": cron.id, "ir_cron_progress_id": progress.id}
            with (
                self.subTest(cron.cron_name),
                self.enter_registry_test_mode(),
                self.registry.cursor() as cr,
            ):
                crons = self.env(cr=cr, context=context)["ir.cron"]
                crons._commit_progress(1, remaining=1)
                self.assertFalse(cr._savepoint, "its transaction has not ended")

    def test_a_clock_that_is_ahead_of_the_databases_delays_nothing(self):
        """Odoo asks the database which jobs are due: by its clock."""
        for name, wake in (
            ("ir_cron_sms_dispatch", self.env["sms.dispatcher"]._wake),
            ("ir_cron_sms_webhook", self.env["sms.webhook.event"]._wake),
        ):
            cron = self.env.ref(f"helpdesk_mgmt_sms.{name}")
            cron.nextcall = datetime.now() + timedelta(days=1)
            with self.subTest(name), freeze_time(datetime.now() + timedelta(seconds=9)):
                wake()
                self.cr.flush()
                ready = self.env["ir.cron"]._get_all_ready_jobs(self.cr)
                self.assertIn(cron.id, [job["id"] for job in ready])
