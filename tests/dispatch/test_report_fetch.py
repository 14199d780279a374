# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reports on long lists are fetched from the carrier's list, page by page."""

import time
from contextlib import suppress
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import BaseCase, tagged
from odoo.tools import mute_logger

from ...models.dispatch import sms_report_fetch
from ...models.dispatch.sms_report_fetch import LEASE
from ...providers import SandboxProvider, TelnyxProvider
from ...tools import dispatch
from ..common import SmsCase, phone_number
from ..peer.company import LoopbackTwilio

#: Number of texts from which a list is long here.
LONG = 3


class FetchCase(LoopbackTwilio, SmsCase):
    """Common base: a company at the loopback peer; three texts are a long list."""

    provider = "twilio"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_peer()
        cls.enter_account()
        cls.enter_number()
        cls.set_long(LONG)
        cls.env["sms.sender"].search([]).rate = 0
        for index in range(30):
            cls.record_consent(phone_number(700 + index), "ticket")

    @classmethod
    def set_long(cls, count):
        """Set the number of texts from which a list is long."""
        cls.env["ir.config_parameter"].set_param(
            "helpdesk_mgmt_sms.fetch_reports_from", str(count)
        )

    def setUp(self):
        super().setUp()
        self.patch(sms_report_fetch, "LINGER", 0)
        peer = self.peer
        peer.taken.clear()
        peer.messages.clear()
        peer.listed.clear()
        peer.page_size, peer.order = 1000, list
        peer.list_faults, peer.fault_headers = [], {}

    def queue(self, count, first=0):
        """Return ``count`` new texts, made by one call."""
        purpose = self.purposes("ticket")
        return self.env["sms.sms"].create(
            [
                {
                    "number": phone_number(700 + first + index),
                    "body": "Hello",
                    "purpose_id": purpose.id,
                }
                for index in range(count)
            ]
        )

    def send(self, count, status="delivered", first=0):
        """Send ``count`` texts, with this status at the carrier; return them."""
        messages = self.queue(count, first)
        self.run_outbox()
        self.env.invalidate_all()
        self.assertEqual(set(messages.mapped("state")), {"pending"})
        self.say(messages, status)
        return messages

    def say(self, messages, status, **others):
        """Set the status of texts at the carrier."""
        ids = set(messages.mapped("carrier_id"))
        for message in self.peer.taken:
            if message["sid"] in ids:
                message.update(status=status, **others)

    def fetch(self, is_due=True):
        """Run the cron; by default, make a read due first."""
        if is_due:
            self.fetches.write({"next_at": fields.Datetime.now()})
        self.env.flush_all()
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_report_fetch"))
        self.env.invalidate_all()

    def age(self, messages, **time):
        """Move the times of texts into the past."""
        messages.flush_recordset()
        self.cr.execute(
            "UPDATE sms_sms SET sent_at = sent_at - %s, claimed_at = claimed_at - %s"
            " WHERE id = ANY(%s)",
            [timedelta(**time), timedelta(**time), messages.ids],
        )
        messages.invalidate_recordset()

    @property
    def fetches(self):
        """The planned reads of the company's accounts."""
        domain = [("company_id", "=", self.company.id)]
        return self.env["sms.report.fetch"].search(domain)


class TestWhichTexts(FetchCase):
    """Which texts get reports by webhook and which are fetched; the row says which."""

    def test_a_long_list_leaves_without_an_address_for_reports(self):
        messages = self.send(LONG)
        self.assertEqual(messages.mapped("is_report_fetched"), [True] * LONG)
        self.assertFalse([it for it in self.peer.taken if "StatusCallback" in it])
        self.assertFalse(
            any(messages.mapped("lookup_at")), "nobody is asked one by one"
        )

    def test_a_short_one_is_reported_on(self):
        messages = self.send(LONG - 1)
        self.assertFalse(any(messages.mapped("is_report_fetched")))
        self.assertTrue(all("StatusCallback" in it for it in self.peer.taken))
        self.assertTrue(all(messages.mapped("lookup_at")))
        self.assertFalse(self.fetches)

    def test_the_parameter_says_what_is_long(self):
        for value, is_fetched in (("2", True), ("0", False), ("-1", False)):
            with self.subTest(value):
                self.set_long(value)
                messages = self.queue(2)
                self.assertEqual(
                    set(messages.mapped("is_report_fetched")), {is_fetched}
                )
        self.set_long("many")
        self.assertEqual(self.env["sms.sms"]._get_long_list(), 200)

    def test_what_others_say_of_it_does_not_count(self):
        self.record_consent()
        values = {"number": self.number, "body": "Hello", "is_report_fetched": True}
        self.assertFalse(self.env["sms.sms"].create(values).is_report_fetched)

    def test_a_carrier_without_a_list_reports(self):
        self.assertFalse(TelnyxProvider.lists_reports or SandboxProvider.lists_reports)
        messages = self.queue(LONG)
        messages._mark_claimed("telnyx")
        self.assertFalse(any(messages.mapped("is_report_fetched")))
        outbound = messages[0]._to_outbound(messages[0].sender_id)
        self.assertTrue(outbound.callback.endswith(messages[0].uuid))
        elsewhere = self.make_company("Elsewhere")
        messages = (
            self.env["sms.sms"]
            .with_company(elsewhere)
            .create([{"number": phone_number(700), "body": "Hello"}] * LONG)
        )
        self.assertFalse(any(messages.mapped("is_report_fetched")))


class TestFetch(FetchCase):
    """Reports are recorded page by page."""

    def test_pages(self):
        messages = self.send(5)
        self.say(messages, "delivered", price="-0.0079")
        self.say(messages[1], "undelivered", error_code=30006)
        self.say(messages[2], "sent")
        self.peer.page_size = 2
        self.fetch()
        self.assertEqual(len(self.peer.listed), 3)
        self.assertEqual(self.peer.listed[0]["PageSize"], "1000")
        states = messages.mapped("state")
        self.assertEqual(states, ["sent", "error", "pending", "sent", "sent"])
        self.assertEqual(set((messages - messages[2]).mapped("price")), {0.0079})
        self.assertEqual(messages[1].fault_id.fault, "landline")
        self.assertEqual(messages[2].report_ids.mapped("status"), ["sent"])
        self.assertTrue(self.fetches.next_at)
        self.say(messages, "delivered")
        self.fetch()
        self.assertEqual(messages[2].state, "sent")
        self.assertFalse(self.fetches.next_at, "nothing is expected any more")
        asked = len(self.peer.listed)
        self.fetch(is_due=False)
        self.assertEqual(len(self.peer.listed), asked)

    def test_it_is_planned_by_the_outbox(self):
        self.send(LONG, "sent")
        planned = self.fetches.next_at - fields.Datetime.now()
        self.assertLessEqual(planned.total_seconds(), dispatch.FIRST_READ)
        self.fetch(is_due=False)
        self.assertFalse(self.peer.listed, "it is not due yet")
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_report_fetch")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertIn(self.fetches.next_at, triggers.mapped("call_at"))

    def test_what_was_forgotten_is_planned(self):
        messages = self.send(LONG)
        self.fetches.next_at = False
        self.fetch(is_due=False)
        self.assertEqual(set(messages.mapped("state")), {"sent"})

    def test_a_new_list_does_not_wait_for_an_old_one(self):
        self.patch(sms_report_fetch, "FEW", 2)
        old = self.send(4, "sent")
        self.age(old, hours=5)
        self.fetch()
        pause = self.fetches.next_at - fields.Datetime.now()
        self.assertGreater(pause, timedelta(hours=2))
        self.send(LONG, "sent", first=10)
        pause = self.fetches.next_at - fields.Datetime.now()
        self.assertLessEqual(pause.total_seconds(), dispatch.FIRST_READ)
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_report_fetch")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertIn(self.fetches.next_at, triggers.mapped("call_at"))

    def test_a_new_list_disturbs_no_read(self):
        """Neither one under way, nor pauses after failures and for long lists."""
        self.send(LONG, "sent")
        pauses = ((LEASE, 0, 1), (timedelta(hours=1), 1, 1), (2 * LEASE, 0, 100))
        for index, (pause, failures, pages) in enumerate(pauses):
            with self.subTest(pause=pause):
                next_at = fields.Datetime.now() + pause
                values = {"failures": failures, "pages": pages}
                self.fetches.write({"next_at": next_at, **values})
                self.send(LONG, "sent", first=LONG * (index + 1))
                self.assertEqual(self.fetches.next_at, next_at)

    def test_any_order_twice_and_left_out(self):
        messages = self.send(4)
        left_out = messages[3].carrier_id

        def shuffle(found):
            shown = [it for it in found if it["sid"] != left_out]
            return [*shown[::-1], *shown]

        self.peer.order, self.peer.page_size = shuffle, 2
        self.fetch()
        self.assertEqual(messages.mapped("state"), ["sent"] * 3 + ["pending"])
        self.assertEqual(set(map(len, messages[:3].mapped("report_ids"))), {1})
        self.peer.order = list
        self.fetch()
        self.assertEqual(messages[3].state, "sent")

    def test_once_all_are_seen_no_more_is_read(self):
        """Other applications' texts may fill the account's list."""
        self.set_long(0)
        self.send(6, first=10)
        self.set_long(LONG)
        messages = self.send(LONG)
        self.peer.page_size = LONG
        self.fetch()
        self.assertEqual(set(messages.mapped("state")), {"sent"})
        self.assertEqual(len(self.peer.listed), 1)

    def test_what_is_none_of_ours(self):
        """Other applications and another company may use the same account."""
        messages = self.send(LONG)
        theirs = self.send(LONG, first=10)
        other = self.make_company("Elsewhere", "sandbox")
        theirs.record_company_id = other
        self.peer.taken.append(
            {**self.peer.taken[0], "sid": "SM" + "f" * 32, "status": "failed"}
        )
        self.fetch()
        self.assertEqual(set(messages.mapped("state")), {"sent"})
        self.assertEqual(set(theirs.mapped("state")), {"pending"})

    def test_who_was_erased_stays_so(self):
        messages = self.send(LONG)
        messages[0]._forget()
        self.fetch()
        self.assertEqual(messages[0].state, "sent")
        self.assertFalse(messages[0].report_ids.raw)
        self.assertNotIn(messages[1].number, str(messages[1].report_ids.raw))
        alone = self.send(LONG, first=10)
        alone._forget()
        asked = len(self.peer.listed)
        self.fetch()
        self.assertEqual(len(self.peer.listed), asked, "nobody is left to ask about")

    def test_another_account_is_not_asked_about_former_texts(self):
        messages = self.send(LONG)
        self.age(messages, minutes=1)
        self.company.sms_twilio_account_sid = "AC" + "9" * 32
        self.fetch()
        self.assertFalse(self.peer.listed)
        self.assertFalse(self.fetches.next_at)
        self.assertEqual(set(messages.mapped("state")), {"pending"})

    def test_the_clocks_may_differ(self):
        """A read begins five minutes earlier, even if that is the day before."""
        messages = self.send(LONG)
        self.env.flush_all()
        midnight = fields.Datetime.now().replace(hour=0, minute=2, second=0)
        midnight -= timedelta(days=1)
        self.cr.execute("UPDATE sms_sms SET sent_at = %s", [midnight])
        messages.invalidate_recordset()
        early = midnight - timedelta(minutes=4)
        for message in self.peer.taken:
            message["sent"] = f"{early:%Y-%m-%dT%H:%M:%SZ}"
        self.fetch()
        self.assertEqual(set(messages.mapped("state")), {"sent"})
        begin = midnight - timedelta(minutes=5)
        asked = self.peer.listed[0]["DateSent>"]
        self.assertEqual(asked, f"{begin:%Y-%m-%dT%H:%M:%SZ}")

    def test_an_unknown_text_is_looked_up_then_read_about(self):
        """As after the response to its request was lost."""
        messages = self.queue(LONG)
        self.peer.behaviors[messages[0].number] = ("taken", 500, 20500)
        self.addCleanup(self.peer.behaviors.clear)
        self.run_outbox()
        self.env.invalidate_all()
        self.assertEqual(messages[0].state, "unknown")
        messages[0].lookup_at = fields.Datetime.now()
        self.run_outbox()
        self.env.invalidate_all()
        self.assertEqual((messages[0].state, messages[0].lookup_at), ("pending", False))
        self.say(messages, "delivered")
        self.fetch()
        self.assertEqual(set(messages.mapped("state")), {"sent"})


class TestInterrupted(FetchCase):
    """An interrupted read continues where it stopped."""

    def setUp(self):
        super().setUp()
        self.messages = self.send(5)
        self.peer.page_size = 2

    def count_taken(self):
        """Return the number of texts whose report was recorded."""
        return len(self.messages.filtered(lambda sms: sms.state == "sent"))

    def test_the_carrier_is_busy_in_the_middle(self):
        self.peer.list_faults = [0, 429]
        self.peer.fault_headers = {"Retry-After": "90"}
        self.fetch()
        self.assertEqual(self.count_taken(), 2, "what was read is kept")
        self.assertEqual(self.fetches.failures, 1)
        pause = (self.fetches.next_at - fields.Datetime.now()).total_seconds()
        self.assertGreater(pause, 80)
        self.fetch(is_due=False)
        self.assertEqual(self.count_taken(), 2, "it is left alone for so long")
        self.fetch()
        self.assertEqual(self.count_taken(), 5)
        self.assertEqual(len(self.peer.listed), 3, "from the page that failed on")
        self.assertFalse(self.fetches.failures)

    def test_pauses_grow_as_those_of_posts(self):
        self.peer.list_faults = [503] * 4
        pauses = []
        for _attempt in range(4):
            self.fetch()
            pauses.append(self.fetches.next_at - fields.Datetime.now())
        self.assertEqual(self.fetches.failures, 4)
        self.assertGreater(pauses[0].total_seconds(), 50)
        self.assertGreater(pauses[3], 3 * pauses[0])

    def test_a_page_that_is_gone_begins_the_list_anew(self):
        self.peer.list_faults = [0, 400]
        self.fetch()
        self.assertFalse(self.fetches.resume)
        self.fetch()
        self.assertEqual(self.count_taken(), 5)

    def test_a_page_that_keeps_failing_begins_the_list_anew(self):
        self.peer.list_faults = [0, 503, 503, 503]
        for is_kept in (True, True, False):
            self.fetch()
            self.assertEqual(bool(self.fetches.resume), is_kept)
        self.fetch()
        self.assertEqual(self.count_taken(), 5)

    def test_a_busy_carrier_is_asked_for_the_same_page(self):
        self.peer.list_faults = [0, 429, 429, 429, 429]
        for _failure in range(4):
            self.fetch()
            self.assertTrue(self.fetches.resume)

    def test_another_account_does_not_have_the_page(self):
        self.peer.list_faults = [0, 503]
        self.fetch()
        self.assertTrue(self.fetches.resume)
        self.company.sms_twilio_account_sid = "AC" + "2" * 32
        self.assertFalse(self.fetches.resume)

    def test_no_connection(self):
        url = "http://127.0.0.1:9"
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("helpdesk_mgmt_sms.twilio_api_url", url)
        self.fetch()
        self.assertEqual((self.count_taken(), self.fetches.failures), (0, 1))

    def test_a_kill_between_two_pages(self):
        note_page = type(self.fetches)._note_page

        def die(fetch, page):
            if fetch.pages:
                raise SystemExit
            return note_page(fetch, page)

        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_report_fetch")
        self.fetches.next_at = fields.Datetime.now()
        self.env.flush_all()
        with (
            patch.object(type(self.fetches), "_note_page", die),
            self.enter_registry_test_mode(),
            suppress(SystemExit),  # assertRaises would roll back what was committed
        ):
            cron.method_direct_trigger()
            self.fail("It was not killed")
        self.env.invalidate_all()
        self.assertGreater(self.fetches.next_at, fields.Datetime.now())
        self.fetch(is_due=False)
        self.assertLess(self.count_taken(), 5, "whoever had it may be alive")
        self.fetch()
        self.assertEqual(self.count_taken(), 5)
        self.assertEqual(len(self.peer.listed), 4, "one page is read twice")

    def test_the_next_run_goes_on_when_the_time_is_over(self):
        seconds_left = iter([10.0, 0.0, 0.0])
        with patch.object(
            type(self.env["ir.cron"]),
            "_commit_progress",
            lambda *_args, **_kwargs: next(seconds_left),
        ):
            self.fetch()
        self.assertEqual(self.count_taken(), 2)
        self.assertLessEqual(self.fetches.next_at, fields.Datetime.now())
        self.fetch(is_due=False)
        self.assertEqual(self.count_taken(), 5)
        self.assertEqual(len(self.peer.listed), 3)

    def test_no_two_workers_read_the_same_list(self):
        fetches = self.env["sms.report.fetch"]
        self.fetches.next_at = fields.Datetime.now()
        fetch, read = fetches._claim_next()
        self.assertTrue(fetch and read)
        self.assertFalse(fetches._claim_next()[0])

    @mute_logger("odoo.addons.helpdesk_mgmt_sms.models.dispatch.sms_dispatcher")
    def test_what_cannot_be_recorded_keeps_nobody_waiting(self):
        odd = self.messages[1]
        store = type(odd)._store_steps

        def fail_for_one(model, steps):
            if odd.id in [sms.id for sms, _report in steps]:
                raise KeyError("odd")
            return store(model, steps)

        with patch.object(type(odd), "_store_steps", fail_for_one):
            self.fetch()
        self.assertEqual(self.count_taken(), 4)
        self.assertEqual(odd.state, "pending")


class TestMakingWay(FetchCase):
    """A worker that reads the list is free at once when an urgent text waits."""

    is_only_worker = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.outbox = cls.env.ref("helpdesk_mgmt_sms.ir_cron_sms_dispatch")
        cls.job = cls.env.ref("helpdesk_mgmt_sms.ir_cron_sms_report_fetch")

    def setUp(self):
        super().setUp()
        self.peer.page_size = 1
        self.texts = self.send(LONG)

    def reply(self, priority=0, **values):
        """Queue an agent's reply, for which the outbox is woken."""
        purpose_id = self.purposes("ticket").id
        values |= {"number": phone_number(729), "purpose_id": purpose_id}
        sms = self.env["sms.sms"].create({"body": "On it", **values})
        sms.priority = priority
        self.outbox._trigger()
        return sms

    def count_read(self):
        """Run the job; return how many of the three pages it has read."""
        before = len(self.peer.listed)
        self.fetch()
        return len(self.peer.listed) - before

    def test_after_a_page(self):
        reply = self.reply()
        self.assertEqual(self.count_read(), 1)
        due = [("cron_id", "=", self.job.id), ("call_at", "<=", fields.Datetime.now())]
        self.assertTrue(self.env["ir.cron.trigger"].search(due))
        self.run_outbox()
        self.assertEqual(reply.state, "pending")
        self.fetch()
        self.assertEqual(set(self.texts.mapped("state")), {"sent"})

    def test_while_it_rests(self):
        self.reply()
        self.patch(sms_report_fetch, "LINGER", 60)
        self.patch(sms_report_fetch, "REST", 60)
        self.fetches.next_at = fields.Datetime.now() + timedelta(seconds=50)
        began = time.monotonic()
        self.fetch(is_due=False)
        self.assertLess(time.monotonic() - began, 30)
        self.assertFalse(self.peer.listed)

    def test_for_a_text_that_came_in(self):
        webhook = self.env["sms.webhook.event"].sudo()
        webhook._store(self.company, "twilio", "text", {}, number=self.number)
        self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_webhook")._trigger()
        self.assertEqual(self.count_read(), 1)

    def test_not_for_what_can_wait_or_may_not_leave(self):
        self.reply(priority=40)
        self.reply(not_before=fields.Datetime.now() + timedelta(hours=1))
        self.assertEqual(self.count_read(), 3)

    def test_not_for_a_sender_that_has_stopped(self):
        self.reply()
        senders = self.env["sms.sender"].search([])
        senders.stopped_until = fields.Datetime.now() + timedelta(hours=1)
        self.assertEqual(self.count_read(), 3)

    def test_not_before_the_outbox_is_due(self):
        self.reply()
        self.env.flush_all()
        self.cr.execute(
            "DELETE FROM ir_cron_trigger WHERE cron_id = %s", [self.outbox.id]
        )
        self.env.invalidate_all()
        later = fields.Datetime.now() + timedelta(minutes=1)
        self.cr.execute(
            "UPDATE ir_cron SET nextcall = %s WHERE id = %s", [later, self.outbox.id]
        )
        self.assertEqual(self.count_read(), 3)

    def test_jobs_that_are_urgent_themselves_and_those_of_others_do_not(self):
        self.patch(self.registry["ir.cron"], "_lacks_sms_worker", lambda _cron: True)
        for name, gives_way in (
            ("helpdesk_mgmt_sms.ir_cron_sms_dispatch", False),
            ("helpdesk_mgmt_sms.ir_cron_sms_webhook", False),
            ("helpdesk_mgmt_sms.ir_cron_sms_team_alert", False),
            ("mail.ir_cron_mail_scheduler_action", False),
            ("helpdesk_mgmt_sms.ir_cron_sms_broadcast", True),
        ):
            with self.subTest(name):
                job = self.env["ir.cron"].with_context(cron_id=self.env.ref(name).id)
                self.assertIs(job._must_make_way_for_sms(), gives_way)


class TestLeftOver(FetchCase):
    """The few texts without a report after an hour are looked up one by one."""

    def test_few_are(self):
        messages = self.send(5)
        self.say(messages[:2], "sent")
        self.age(messages, hours=2)
        for message in self.peer.taken:
            message["sent"] = "2000-01-01T00:00:00Z"  # the list has none of them
        self.fetch()
        self.assertEqual(len(messages.filtered("lookup_at")), 5)
        self.assertFalse(self.fetches.next_at)
        self.run_outbox()
        self.env.invalidate_all()
        self.assertEqual(messages.mapped("state"), ["pending"] * 2 + ["sent"] * 3)
        self.assertEqual(messages.mapped("lookups"), [1, 1, 0, 0, 0])
        self.fetch(is_due=False)
        self.assertFalse(self.fetches.next_at, "they are not read about any more")

    def test_many_are_not(self):
        self.patch(sms_report_fetch, "FEW", 2)
        messages = self.send(4, "sent")
        self.age(messages, hours=2)
        for message in self.peer.taken:
            message["sent"] = "2000-01-01T00:00:00Z"
        self.fetch()
        self.assertFalse(any(messages.mapped("lookup_at")))
        pause = self.fetches.next_at - fields.Datetime.now()
        self.assertGreater(pause, timedelta(minutes=55))

    def test_recent_ones_are_not(self):
        messages = self.send(LONG, "sent")
        self.fetch()
        self.assertFalse(any(messages.mapped("lookup_at")))

    def test_old_texts_are_read_about_from_time_to_time(self):
        """Otherwise each read of today's texts would have to begin yesterday."""
        self.patch(sms_report_fetch, "FEW", 0)
        old = self.send(LONG, "sent")
        self.fetch()
        self.age(old, hours=20)
        recent = self.send(LONG, "sent", first=10)
        for wanted in (recent, old):
            self.peer.listed.clear()
            self.fetch()
            since = min(wanted.mapped("sent_at")) - timedelta(minutes=5)
            asked = self.peer.listed[0]["DateSent>"]
            self.assertEqual(asked, f"{since:%Y-%m-%dT%H:%M:%SZ}")
            self.fetches.full_at = fields.Datetime.now()

    def test_what_is_too_old_is_not_expected_any_more(self):
        messages = self.send(LONG, "sent")
        self.age(messages, days=5)
        self.fetch()
        self.assertFalse(self.peer.listed)
        self.assertFalse(self.fetches.next_at)


@tagged("post_install", "-at_install")
class TestWhenItIsReadAgain(BaseCase):
    """Reads are frequent at first and rarer later, within a share of requests."""

    def test_by_age_and_pages(self):
        for age, pages, seconds in (
            (-5, 1, 15),
            (0, 1, 15),
            (30, 1, 15),
            (120, 1, 60),
            (3600, 1, 1800),
            (10, 100, 300),
            (86400, 100, 6 * 3600),
        ):
            with self.subTest(age=age, pages=pages):
                self.assertEqual(dispatch.read_again_after(age, pages), seconds)

    def test_a_hundred_thousand_take_less_than_three_hundred_requests(self):
        """Computed for 500 texts per second, delivered within a minute."""
        requests, now, pause = 0, 0.0, dispatch.FIRST_READ
        while now < 200 + 60:
            now += pause
            pages = int(min(now * 500, 100_000) // 1000) + 1
            requests += pages
            pause = dispatch.read_again_after(now - 200, pages)
        self.assertGreater(requests, 100)
        self.assertLess(requests, 300)
