# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import threading
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import SUPERUSER_ID, api, fields
from odoo.tests import HttpCase, new_test_user, tagged

from ...models.broadcast import sms_broadcast_job
from ..common import ACTION
from .common import BroadcastCase

MANY = 2000
OUTBOX = "helpdesk_mgmt_sms.ir_cron_sms_dispatch"
MANAGERS = "helpdesk_mgmt.group_helpdesk_manager"


class BroadcastTourCase(BroadcastCase, HttpCase):
    """Tours that begin at the list of broadcasts."""

    #: In seconds: the crons beside the browser hold the cursor for a batch.
    test_cursor_lock_timeout = 60

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.colleague = new_test_user(cls.env, "sms-colleague", MANAGERS, name="Carla")

    def tour(self, name, login="sms-manager"):
        """Run a tour that begins at the list of broadcasts."""
        self.env.flush_all()
        self.start_tour(
            f"{ACTION}sms_broadcast_action",
            f"helpdesk_sms_broadcast_{name}",
            login=login,
            timeout=300,
        )
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestBroadcastTours(BroadcastTourCase):
    """The manager's buttons while a broadcast is approved, leaves, waits and ends."""

    def begin(self):
        """Return a broadcast with two of its three texts sent."""
        broadcast = self.make(name="Outage of Denver")
        self.check(broadcast)
        broadcast.action_send()
        with patch.object(sms_broadcast_job, "BATCH_SIZE", 2):
            broadcast.sudo()._work_off()
        self.run_outbox()
        return broadcast

    def test_a_second_person_approves(self):
        self.company.sms_approve_from = 2
        broadcast = self.make(
            name="Outage of Denver", send_at=fields.Datetime.now() + timedelta(days=1)
        )
        self.check(broadcast)
        self.tour("asks")
        self.assertEqual(broadcast.state, "waiting")
        self.tour("refuses", "sms-colleague")
        self.assertEqual(broadcast.refused_by_id, self.colleague)
        broadcast.body = "{customer}, there is an outage in {area}."
        self.tour("learns")
        self.work()
        broadcast.action_send()
        self.tour("approves", "sms-colleague")
        self.assertEqual(broadcast.state, "planned")
        self.assertEqual(broadcast.approver_id, self.colleague)
        self.tour("changes")
        self.assertEqual(broadcast.state, "draft")
        self.assertFalse(broadcast.approver_id)
        self.assertFalse(self.texts(broadcast))

    def test_paused_and_gone_on_with(self):
        broadcast = self.begin()
        self.tour("pauses")
        self.work()
        self.run_outbox()
        self.assertEqual(self.texts(broadcast).mapped("state"), ["sent", "sent"])
        self.tour("resumes", "sms-colleague")
        self.work()
        self.run_outbox()
        texts = self.texts(broadcast)
        self.assertEqual(
            sorted(texts.mapped("number")), sorted(set(texts.mapped("number")))
        )
        self.assertEqual(texts.mapped("state"), ["sent"] * 3)

    def test_cancelled_half_way(self):
        broadcast = self.begin()
        self.tour("cancels")
        self.work()
        self.run_outbox()
        self.assertEqual(broadcast.state, "cancelled")
        self.assertEqual(self.texts(broadcast).mapped("state"), ["sent", "sent"])

    # === Many people ===


@tagged("post_install", "-at_install", "long")
class TestManyTour(BroadcastTourCase):
    """A broadcast to many, which the crons work off while somebody watches."""

    def make_many(self):
        """Return a draft to so many people that their rows are inserted by SQL."""
        self.company.write({"sms_consent_policy": "opt_out", "sms_approve_from": 0})
        self.cr.execute(
            """
            INSERT INTO res_partner (name, complete_name, active, type, city, phone,
                                     phone_sanitized, country_id, partner_share)
            SELECT 'P' || n, 'P' || n, TRUE, 'contact', 'Bigtown', number, number, %s,
                   TRUE
              FROM generate_series(1, %s) AS n,
                   LATERAL (SELECT '+1303' || (2000000 + n) AS number) AS numbers
            """,
            [self.country.id, MANY],
        )
        self.env.invalidate_all()
        area = self.env["sms.area"].create({"name": "Bigtown", "cities": "Bigtown"})
        return self.make(name="Outage of Bigtown", area_ids=[(6, 0, area.ids)])

    @contextmanager
    def run_beside(self):
        """Run the crons beside the browser, in small batches with pauses."""
        is_over = threading.Event()

        def run():
            while not is_over.wait(0.3):
                with self.registry.cursor() as cr:
                    env = api.Environment(cr, SUPERUSER_ID, {})
                    for broadcast in env["sms.broadcast"].search(
                        [("state", "in", ("checking", "queueing"))]
                    ):
                        broadcast._work_off()
                if is_over.is_set():
                    return
                with self.registry.cursor() as cr:
                    env = api.Environment(cr, SUPERUSER_ID, {})
                    env.ref(OUTBOX).method_direct_trigger()

        thread = threading.Thread(target=run, name="crons")
        with patch.object(sms_broadcast_job, "BATCH_SIZE", 250):
            thread.start()
            try:
                yield
            finally:
                is_over.set()
                thread.join()

    def test_many(self):
        broadcast = self.make_many()
        with self.run_beside():
            self.tour("many")
        self.assertEqual(broadcast.reached_count, MANY)
        self.assertEqual(len(self.texts(broadcast)), MANY)
