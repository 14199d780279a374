# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.privacy.sms_redaction import LEASE, TRY_FOR
from ...providers import get_provider
from ..clock import freeze_time
from ..dispatch.common import ALERT_LOGGER
from ..peer.company import LoopbackTwilio
from .common import ErasureCase

SENT, RECEIVED = "SM" + "0a" * 16, "MM" + "0b" * 16
PICTURE = "ME" + "0c" * 16
WORDS = "Your printer is ready"


@tagged("post_install", "-at_install")
class RedactionCase(LoopbackTwilio, ErasureCase):
    """A company whose erased texts are also removed at Twilio."""

    policy = "opt_out"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_peer()
        cls.enter_account()
        cls.enter_number()
        cls.company.sms_redaction = "empty"
        cls.rows = cls.env["sms.redaction"]

    def setUp(self):
        super().setUp()
        self.kept = self.peer.kept_messages
        self.kept.__init__()
        self.kept.add(SENT, WORDS)
        self.kept.add(RECEIVED, "My printer jams", PICTURE)
        self.sms = self.text(WORDS)
        self.let_be_taken(self.sms, SENT)
        self.inbound = self.receive("My printer jams")
        self.inbound.write({"provider": "twilio", "provider_sid": RECEIVED})

    def let_be_taken(self, sms, sid):
        """Mark a text as accepted by Twilio."""
        values = {"provider": "twilio", "carrier_id": sid, "state": "sent"}
        sms.write(values)

    def run_cron(self, **later):
        """Run the cron some time later; return all rows."""
        with freeze_time(fields.Datetime.now() + timedelta(**later), tick=True):
            self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_redaction"))
        self.env.invalidate_all()
        return self.rows.search([])

    def get_states(self):
        """Return the rows' states by the carrier's id."""
        return {row.carrier_id: row.state for row in self.rows.search([])}


class TestRedaction(RedactionCase):
    """Erased texts are removed at the carrier, through its own SDK."""

    def test_an_erasure_only_notes_what_is_to_go(self):
        self.erase()
        self.assertEqual(self.get_states(), {SENT: "waiting", RECEIVED: "waiting"})
        self.assertFalse(self.kept.asked)
        self.assertFalse(self.sms.body or self.inbound.body)

    def test_words_and_pictures_go(self):
        self.erase()
        rows = self.run_cron()
        self.assertEqual(set(rows.mapped("state")), {"done"})
        self.assertTrue(all(rows.mapped("done_at")))
        self.assertEqual(self.kept.kept, {SENT: "", RECEIVED: ""})
        self.assertEqual(self.kept.media[RECEIVED], [])
        asked = len(self.kept.asked)
        self.run_cron(hours=2)
        self.assertEqual(len(self.kept.asked), asked)

    def test_or_the_whole_message(self):
        self.company.sms_redaction = "delete"
        self.erase()
        self.run_cron()
        self.assertEqual((self.kept.kept, self.kept.media), ({}, {}))

    def test_by_default_nothing_is_removed(self):
        company = self.env["res.company"].create({"name": "New"})
        self.assertEqual(company.sms_redaction, "keep")
        self.company.sms_redaction = "keep"
        self.erase()
        self.assertFalse(self.rows.search([]))

    def test_retention_removes_as_well(self):
        self.company.sms_keep_text_months = 12
        later = fields.Datetime.now() + timedelta(days=400)
        with freeze_time(later, tick=True):
            self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_retention"))
            self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_redaction"))
        self.assertEqual(self.kept.kept, {SENT: "", RECEIVED: ""})

    def test_it_works_when_the_texts_are_gone_here(self):
        self.erase()
        self.sms.unlink()
        self.inbound.unlink()
        self.run_cron()
        self.assertEqual(self.kept.kept, {SENT: "", RECEIVED: ""})

    def test_every_attempt_that_the_carrier_has_goes(self):
        earlier = "SM" + "0d" * 16
        self.kept.add(earlier, WORDS)
        self.env["sms.report"].create(
            {
                "sms_id": self.sms.id,
                "company_id": self.company.id,
                "received_at": fields.Datetime.now(),
                "carrier_id": earlier,
                "status": "undelivered",
            }
        )
        self.erase()
        self.run_cron()
        self.assertEqual(self.kept.kept[earlier], "")

    def test_an_attempt_at_the_carrier_before_the_other_one_goes(self):
        self.env["sms.report"].create(
            {
                "sms_id": self.sms.id,
                "company_id": self.company.id,
                "received_at": fields.Datetime.now(),
                "carrier_id": SENT,
                "status": "undelivered",
            }
        )
        taken = {"provider": "telnyx", "carrier_id": "an id of Telnyx"}
        self.sms.write({**taken, "refused_by": "twilio"})
        self.erase()
        self.run_cron()
        self.assertEqual(self.kept.kept[SENT], "")

    def test_a_text_on_its_way_goes_once_it_has_a_name(self):
        self.sms.write({"state": "process", "carrier_id": False})
        self.erase()
        self.run_cron()
        self.assertEqual(self.kept.kept[SENT], WORDS)
        self.let_be_taken(self.sms, SENT)
        self.run_cron(hours=2)
        self.assertEqual(self.kept.kept[SENT], "")

    def test_a_text_that_was_never_taken_is_not_there(self):
        self.sms.write({"state": "process", "carrier_id": False})
        self.erase()
        self.sms.state = "error"
        rows = self.run_cron()
        self.assertEqual(set(rows.mapped("state")), {"done"})

    def test_a_text_that_the_carrier_may_have_is_not_called_removed(self):
        self.sms.write({"state": "process", "carrier_id": False})
        self.sms._mark_unknown()
        self.erase()
        self.assertEqual(self.run_cron(hours=2).mapped("state").count("waiting"), 1)
        with freeze_time(fields.Datetime.now() + timedelta(days=2), tick=True):
            self.env["sms.dispatcher"]._end_unaskable()
        self.assertEqual(self.sms.state, "error")
        rows = self.run_cron(days=2)
        [row] = rows.filtered(lambda it: not it.carrier_id)
        self.assertEqual((row.state, row.fault), ("failed", "No id"))

    def test_a_text_that_the_carrier_has_refused_is_not_counted(self):
        self.sms.write({"state": "error", "carrier_id": False})
        self.assertNotIn("Of these texts, at the carrier", self.erase().summary)
        self.assertEqual(self.get_states(), {RECEIVED: "waiting"})

    def test_the_officer_is_told_before(self):
        counts = {
            label: count
            for count, label in self.erasures._count(self.company, [self.number])
        }
        told = {label for label in counts if "at the carrier" in label}
        self.assertEqual(len(told), 2)
        self.assertEqual({counts[label] for label in told}, {1})
        self.company.sms_redaction = "keep"
        labels = [it[1] for it in self.erasures._count(self.company, [self.number])]
        self.assertFalse([label for label in labels if "at the carrier" in label])


class TestTryingAgain(RedactionCase):
    """It is retried until it works, and nobody is bothered meanwhile."""

    def setUp(self):
        super().setUp()
        self.inbound.unlink()
        del self.kept.kept[RECEIVED]

    def erase_and_meet(self, status, code):
        """Erase while the carrier refuses; return the row."""
        self.kept.choose = lambda method, sid: (status, code)
        self.erase()
        return self.run_cron()

    def test_what_passes_is_tried_again_ever_later(self):
        self.erase()
        row = self.rows.search([])
        for status, code in ((429, 20429), (409, 20009), (401, 20003), (503, 20500)):
            with self.subTest(status=status):
                row.write({"attempts": 0, "next_at": fields.Datetime.now()})
                self.kept.choose = lambda _method, _sid, it=(status, code): it
                self.run_cron()
                self.assertEqual((row.state, row.fault), ("waiting", f"HTTP {status}"))
                pause = row.next_at - fields.Datetime.now()
                self.assertTrue(timedelta(seconds=55) < pause < timedelta(seconds=95))
                # Nothing is asked before ``next_at``.
                asked = len(self.kept.asked)
                self.run_cron()
                self.assertEqual(len(self.kept.asked), asked)
                row = self.run_cron(minutes=2)
                self.assertEqual(row.attempts, 2)
        self.kept.choose = lambda method, sid: None
        self.assertEqual(self.run_cron(days=1).state, "done")
        self.assertEqual(self.kept.kept[SENT], "")

    def test_a_carrier_that_is_down(self):
        self.peer.go_down()
        self.erase()
        row = self.run_cron()
        self.peer.come_back()
        self.assertEqual((row.state, row.attempts), ("waiting", 1))
        self.assertEqual(self.run_cron(minutes=5).state, "done")

    def test_what_is_not_there_is_done(self):
        del self.kept.kept[SENT]
        self.erase()
        self.assertEqual(self.run_cron().state, "done")

    def test_what_is_refused_for_good_waits_for_a_person(self):
        row = self.erase_and_meet(400, 20001)
        self.assertEqual((row.state, row.fault), ("failed", "HTTP 400"))
        self.kept.choose = lambda method, sid: None
        self.run_cron(days=1)
        self.assertEqual(self.kept.kept[SENT], WORDS)
        with self.assertRaises(AccessError):
            row.with_user(self.agent).action_try_again()
        row.with_user(self.compliance_officer).action_try_again()
        self.assertEqual(self.run_cron().state, "done")

    def test_nothing_is_tried_for_ever(self):
        row = self.erase_and_meet(503, 20500)
        row = self.run_cron(days=TRY_FOR.days + 1)
        self.assertEqual(row.state, "failed")

    def test_a_kill_in_the_middle_is_done_again(self):
        """A process claimed the row, may have asked the carrier, and died."""
        self.erase()
        self.assertTrue(self.rows._claim())
        self.assertFalse(self.rows._claim())
        self.assertEqual(self.run_cron().state, "waiting")
        row = self.run_cron(seconds=LEASE.total_seconds() + 1)
        self.assertEqual((row.state, row.attempts), ("done", 2))

    def test_a_late_answer_changes_nothing(self):
        self.erase()
        row = self.run_cron()
        row._record_result(("waiting", "HTTP 503"))
        self.assertEqual(row.state, "done")

    def test_one_account_that_fails_rests_and_no_other(self):
        """A "too many requests" postpones the account's other texts."""
        other = self.make_company("Other", "twilio", sms_redaction="empty")
        account = ("sms_twilio_account_sid", "sms_twilio_auth_token")
        other.write({name: self.company[name] for name in account})
        now = fields.Datetime.now()
        values = {"provider": "twilio", "queued_at": now, "next_at": now}
        own, others = (
            self.rows.create(
                [
                    {**values, "company_id": company.id, "carrier_id": f"SM{digits}"}
                    for digits in (f"{company.id * 100 + n:032x}" for n in range(size))
                ]
            )
            for company, size in ((self.company, 5), (other, 3))
        )
        for row in own | others:
            self.kept.add(row.carrier_id, WORDS)
        refused = set(own.mapped("carrier_id"))
        self.kept.choose = lambda _method, sid: (429, 20429) if sid in refused else None
        self.run_cron()
        self.assertEqual(set(others.mapped("state")), {"done"})
        self.assertEqual(set(own.mapped("state")), {"waiting"})
        self.assertEqual(sum(own.mapped("attempts")), 1)
        self.assertGreater(min(own.mapped("next_at")), now)

    def test_it_takes_as_many_queries_for_many(self):
        counts = []
        for size in (2, 2, 12):
            self.rows.search([]).unlink()
            for _index in range(size):
                self.text(WORDS)
            messages = self.messages_to() - self.sms
            for index, sms in enumerate(messages):
                self.let_be_taken(sms, f"SM{index:032x}")
            self.env.flush_all()
            counts.append(self.count_queries(self.rows._queue_sent, messages))
            self.assertEqual(self.rows.search_count([]), len(messages))
        self.assertEqual(counts[1], counts[2])


class TestAround(RedactionCase):
    """Who sees it, what monitors it, and what a copy of the database does."""

    def test_a_copy_of_the_database_asks_nobody(self):
        self.erase()
        self.cr.flush()
        self.company.sms_provider = "sandbox"
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_redaction")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertEqual(set(self.run_cron().mapped("state")), {"waiting"})
        self.assertFalse(self.kept.asked)
        # And the cron does not wake itself endlessly for them.
        self.assertFalse(
            self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]) - triggers
        )

    def test_a_carrier_without_a_way_is_not_asked(self):
        self.assertFalse(get_provider("telnyx", {}).can_redact)
        self.sms.provider = self.inbound.provider = "telnyx"
        self.erase()
        self.assertFalse(self.rows.search([]))

    def test_what_is_late_is_seen(self):
        self.erase()
        watch = self.env["sms.outbox.watch"]
        facts = watch._get_facts(self.company)
        self.assertEqual((facts["to_be_removed"], facts["not_removed"]), (2, 0))
        self.assertFalse(watch._get_troubles(facts)["redaction"])
        self.rows.search([]).queued_at = fields.Datetime.now() - timedelta(days=2)
        trouble = watch._get_troubles(watch._get_facts(self.company))["redaction"]
        self.assertIn("2 texts", trouble)
        rows = self.env["sms.health"].with_user(self.manager)._get_rows(self.company)
        [row] = [row for row in rows if row["key"] == "redaction"]
        self.assertEqual(row["state"], "wrong")
        self.run_cron()
        rows = self.env["sms.health"]._get_rows(self.company)
        [row] = [row for row in rows if row["key"] == "redaction"]
        self.assertEqual(row["state"], "done")

    def test_what_a_carrier_has_that_was_left_keeps_no_alert(self):
        """Nobody can remove it, so an alert on it would stay open forever."""
        self.erase()
        rows = self.rows.search([])
        rows.queued_at = fields.Datetime.now() - timedelta(days=2)
        rows[0].state = "failed"
        watch, alerts = self.env["sms.outbox.watch"], self.env["sms.outbox.alert"]
        own = [("company_id", "=", self.company.id), ("key", "=", "redaction")]
        with mute_logger(ALERT_LOGGER):
            watch._run()
        self.assertFalse(alerts.search(own).closed_at)
        self.company.sms_provider = "telnyx"
        watch._run()
        self.assertTrue(alerts.search(own).closed_at)
        # It stays listed, and is removed if the company returns.
        self.assertEqual(set(rows.mapped("state")), {"waiting", "failed"})
        self.company.sms_provider = "twilio"
        self.assertEqual(watch._get_facts(self.company)["not_removed"], 2)

    def test_what_a_former_account_has_is_not_said_to_be_removed(self):
        """The new one does not know the texts, which stay where they are."""
        self.sms.claimed_at = self.inbound.received_at = "2026-01-01"
        self.company.sms_twilio_account_since = "2026-02-01"
        self.kept.__init__()
        self.erase()
        self.assertEqual(set(self.run_cron().mapped("state")), {"waiting"})
        self.assertFalse(self.kept.asked)

    def test_a_row_names_nobody(self):
        self.erase()
        rows = self.rows.search([])
        self.assertTrue(rows)
        kept = str(rows.read())
        for word in (self.number, self.number[-7:], "printer", "Dana"):
            self.assertNotIn(word, kept)

    def test_what_is_done_goes_after_a_while(self):
        self.erase()
        rows = self.run_cron()
        self.rows._gc_done()
        self.assertTrue(rows.exists())
        rows.done_at = fields.Datetime.now() - timedelta(days=31)
        self.rows._gc_done()
        self.assertFalse(rows.exists())

    def test_others_companies_see_nothing(self):
        self.erase()
        other = self.make_company("Other")
        rows = self.rows.with_user(self.manager)
        self.assertEqual(len(rows.search([])), 2)
        rows = rows.with_context(allowed_company_ids=other.ids)
        self.assertFalse(rows.search([]))
