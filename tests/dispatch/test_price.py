# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Prices of texts, by the managers' table and by the carriers."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from psycopg2.errors import CheckViolation, SerializationFailure, UniqueViolation

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tools import mute_logger

from ...providers.outbound import Price
from ...providers.telnyx import TelnyxProvider
from ...providers.telnyx_api import read_event
from ..common import SmsCase, phone_number
from ..peer.company import LoopbackTwilio
from ..peer.telnyx import make_event

BRITON = "+447700900181"


class TestTable(SmsCase):
    """Which line of the table applies to a segment."""

    def find(self, number="", **values):
        """Return the amount of the line that applies."""
        return self.env["sms.price"]._find(self.company, number, **values).amount

    def test_the_longest_beginning_then_the_newest(self):
        today = fields.Date.today()
        self.set_price(0.05)
        self.set_price(0.01, prefix="+1")
        self.set_price(0.02, prefix="+1303")
        self.set_price(0.03, prefix="+1303", valid_from=today - timedelta(days=1))
        self.set_price(0.04, prefix="+1303", valid_from=today + timedelta(days=1))
        self.assertEqual(self.find("+12125550100"), 0.01)
        self.assertEqual(self.find("+13035550100"), 0.03)
        self.assertEqual(self.find(BRITON), 0.05)
        self.assertEqual(self.find(), 0.01, "nobody yet: the company's own country")

    def test_a_carriers_own_line_counts_first(self):
        self.set_price(0.01, prefix="+1303")
        self.set_price(0.004, prefix="+1", provider="telnyx")
        self.assertEqual(self.find("+13035550100"), 0.01)
        self.assertEqual(self.find("+13035550100", provider="telnyx"), 0.004)
        self.assertEqual(self.find(BRITON, provider="telnyx"), 0)

    def test_pictures_have_a_price_of_their_own(self):
        price = self.set_price(0.01)
        self.assertEqual(price._get_cost(3), 0.03)
        self.assertEqual(price._get_cost(3, has_media=True), 0.03, "none is set")
        price.media_amount = 0.02
        self.assertEqual(price._get_cost(3), 0.03)
        self.assertEqual(price._get_cost(3, has_media=True), 0.02)

    def test_what_is_not_in_use_or_another_companys_does_not_count(self):
        self.set_price(0.01).active = False
        self.set_price(0.02, company_id=self.make_company("Elsewhere").id)
        self.assertEqual(self.find(BRITON), 0)

    @mute_logger("odoo.sql_db")
    def test_what_is_no_price_is_refused(self):
        for values in (
            {"amount": -1},
            {"amount": 1, "media_amount": -1},
            {"amount": 1, "prefix": "44"},
        ):
            with (
                self.subTest(values=values),
                self.assertRaises(CheckViolation),
                self.cr.savepoint(),
            ):
                self.set_price(**values)
        self.set_price(0.01, prefix="+1")
        with self.assertRaises(UniqueViolation), self.cr.savepoint():
            self.set_price(0.02, prefix="+1")

    def test_managers_set_it_and_agents_do_not(self):
        price = self.set_price(0.01)
        price.with_user(self.manager).amount = 0.02
        with self.assertRaises(AccessError):
            price.with_user(self.agent).amount = 0.03
        elsewhere = self.make_company("Elsewhere")
        prices = self.env["sms.price"].with_user(self.manager)
        found = prices.with_company(elsewhere).search([])
        self.assertNotIn(price, found)

    def test_the_composer_tells_the_price_of_this_number(self):
        self.set_price(0.01, prefix="+1")
        self.set_price(0.04, prefix="+44", media_amount=0.09)
        composers = self.env["sms.composer"].with_user(self.agent)
        composer = composers.with_context(
            default_res_model="helpdesk.ticket", default_res_id=self.ticket.id
        ).new({})
        self.assertEqual(composer.sms_price["amount"], 0.01)
        composer.recipient_single_number_itf = BRITON
        self.assertEqual(composer.sms_price["amount"], 0.04)
        self.assertEqual(composer.sms_price["media_amount"], 0.09)

    def test_a_list_is_not_said_to_cost_what_one_text_at_home_costs(self):
        self.set_price(0.01)
        people = self.customer | self.make_customer(BRITON, "Briton")
        composers = self.env["sms.composer"].with_user(self.manager)
        composer = composers.with_context(
            default_composition_mode="mass",
            default_res_model="res.partner",
            default_res_ids=repr(people.ids),
        ).new({})
        self.assertFalse(composer.sms_price)


class TestReported(SmsCase):
    """A carrier's price takes precedence over the table, and is never lost."""

    def text(self, provider="telnyx", carrier_id="T1", **values):
        """Return a text that a carrier has accepted."""
        sms = self.env["sms.sms"].create({"number": self.number, "body": "Hello"})
        sms.write(
            {
                "state": "pending",
                "provider": provider,
                "carrier_id": carrier_id,
                "sent_at": fields.Datetime.now(),
                **values,
            }
        )
        return sms

    def report(self, sms, status, cost=None):
        """Record a report of Telnyx, as its webhook does; ``cost`` as in its JSON."""
        body = make_event(
            "message.finalized",
            {"id": sms.carrier_id, "to": [{"status": status}], "cost": cost},
        )
        report = TelnyxProvider.parse_report(read_event(body))
        self.env["sms.sms"]._record_reports(self.company, None, [(sms.uuid, report)])
        self.env.flush_all()

    def test_a_report_tells_the_price_and_a_later_one_keeps_it(self):
        sms = self.text()
        self.report(sms, "sent")
        self.assertFalse(sms.price_currency_id)
        self.report(sms, "delivered", {"amount": "0.0051", "currency": "USD"})
        self.assertEqual((sms.price, sms.price_currency_id.name), (0.0051, "USD"))
        self.report(sms, "delivered")
        self.report(sms, "delivered", {"amount": None, "currency": "USD"})
        self.assertEqual((sms.price, sms.price_currency_id.name), (0.0051, "USD"))

    def test_a_currency_that_is_not_in_use_is_known(self):
        sms = self.text()
        self.env.ref("base.CHF").active = False
        self.report(sms, "sent", {"amount": "0.02", "currency": "chf"})
        self.assertEqual(sms.price_currency_id.name, "CHF")
        other = self.text(carrier_id="T2")
        self.report(other, "sent", {"amount": "0.02", "currency": "QQQ"})
        self.assertFalse(other.price_currency_id)

    def test_the_message_says_who_says_it(self):
        self.set_price(0.01)
        sms = self.text()
        self.assertIn("About", sms.price_label)
        self.report(sms, "sent", {"amount": "0.02", "currency": "USD"})
        self.assertIn("0.02", sms.price_label)
        self.assertIn("says the carrier", sms.price_label)

    def test_an_officer_who_sees_no_number_sees_the_price(self):
        self.set_price(0.01)
        sms = self.text()
        self.env.invalidate_all()
        label = sms.with_user(self.compliance_officer).price_label
        self.assertIn("0.01", label)

    def test_less_than_a_cent_is_not_nothing(self):
        self.set_price(0.0041)
        sms = self.text()
        self.assertEqual(sms.price_label, "About 0.0041 USD")
        self.report(sms, "sent", {"amount": "0.0032", "currency": "USD"})
        self.assertEqual(sms.price_label, "0.0032 USD, says the carrier")

    def test_an_older_text_has_the_price_of_its_day(self):
        today = fields.Datetime.now()
        self.set_price(0.01)
        self.set_price(0.05, valid_from=today.date() - timedelta(days=1))
        sms = self.text(sent_at=today - timedelta(days=3))
        self.assertIn("0.01", sms.price_label)
        self.assertIn("0.05", self.text(carrier_id="T2").price_label)

    def test_pictures_cost_what_they_do_in_message_and_figures(self):
        self.set_price(0.01, media_amount=0.05)
        plain = self.text()
        pictured = self.text(carrier_id="T2", media_count=1)
        self.env.flush_all()
        self.assertIn("0.01", plain.price_label)
        self.assertIn("0.05", pictured.price_label)
        facts = self.env["sms.analysis"].search([("kind", "=", "outgoing")], order="id")
        self.assertEqual(facts[-2:].mapped("cost"), [0.01, 0.05])
        self.report(pictured, "delivered", {"amount": "0.04", "currency": "USD"})
        self.env["sms.analysis"].invalidate_model()
        self.assertEqual(facts[-1:].cost, 0.04)

    def test_an_erased_text_has_the_price_of_its_figures(self):
        """Nobody knows its country any more: the line for all others counts."""
        self.set_price(0.01, prefix="+1")
        self.set_price(0.06)
        sms = self.text()
        self.assertIn("0.01", sms.price_label)
        sms._forget()
        self.env.invalidate_all()
        fact = self.env["sms.analysis"].search([("kind", "=", "outgoing")], limit=1)
        self.assertEqual(fact.cost, 0.06)
        self.assertIn("0.06", sms.price_label)

    def test_many_prices_are_one_query(self):
        texts = [self.text(carrier_id=f"T{place}") for place in range(30)]
        note = self.env["sms.sms"]._record_prices
        note("telnyx", {"T0": Price(0.01, "USD")})  # caches the currency
        few = {f"T{place}": Price(0.02, "USD") for place in range(2)}
        many = {f"T{place}": Price(0.02, "USD") for place in range(30)}
        self.assertEqual(
            self.count_queries(note, "telnyx", few),
            self.count_queries(note, "telnyx", many),
        )
        self.assertEqual({sms.price for sms in texts}, {0.02})
        self.assertEqual(note("telnyx", many), 0, "what is known is not written again")
        self.assertEqual(note("twilio", many), 0, "another carrier's ids are others")


class TestAsked(LoopbackTwilio, SmsCase):
    """Twilio's reports have no price: a day's texts are fetched together."""

    provider = "twilio"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_peer()
        cls.enter_account()
        cls.enter_number()

    def setUp(self):
        super().setUp()
        self.peer.taken.clear()
        self.peer.listed.clear()
        self.addCleanup(setattr, self.peer, "page_size", 1000)

    def send(self, count, days_ago=1, sender=0):
        """Send texts, as if ``days_ago``; return them."""
        numbers = [phone_number(700 + place) for place in range(count)]
        for number in numbers:
            self.record_consent(number, "ticket")
        messages = self.env["sms.sms"].create(
            [
                {
                    "number": number,
                    "body": "Hello",
                    "purpose_id": self.purposes("ticket").id,
                }
                for number in numbers
            ]
        )
        taken = len(self.peer.taken)
        self.run_outbox()
        sent_at = datetime.now(UTC) - timedelta(days=days_ago)
        for message in self.peer.taken[taken:]:
            message["sent"] = sent_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        messages.flush_recordset()
        self.cr.execute(
            "UPDATE sms_sms SET sent_at = %s, create_date = %s WHERE id = ANY(%s)",
            [sent_at, sent_at, messages.ids],
        )
        messages.invalidate_recordset()
        return messages

    def fetch(self):
        """Run the cron that fetches prices."""
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_price"))
        self.env.invalidate_all()

    def test_a_days_texts_are_asked_about_in_pages(self):
        messages = self.send(5)
        self.assertEqual(set(messages.mapped("provider")), {"twilio"})
        for message in self.peer.taken:
            message["price"] = "-0.00790"
        self.peer.page_size = 2
        self.fetch()
        self.assertEqual(set(messages.mapped("price")), {0.0079})
        self.assertEqual(messages.price_currency_id.mapped("name"), ["USD"])
        self.assertEqual(len(self.peer.listed), 3, "five texts in pages of two")
        self.assertEqual(self.peer.listed[0]["PageSize"], "1000")
        self.assertIn("From", self.peer.listed[0])
        self.fetch()
        self.assertEqual(len(self.peer.listed), 3, "what is known is not asked again")

    def test_calls_are_asked_about_by_themselves_and_are_no_texts(self):
        text = self.send(1)
        values = {"number": text.number, "body": "This is us.", "is_call": True}
        call = text.sudo().create({**values, "purpose_id": text.purpose_id.id})
        self.run_outbox()
        self.assertTrue(call.carrier_id.startswith("CA"))
        sent_at = datetime.now(UTC) - timedelta(days=1)
        self.cr.execute(
            "UPDATE sms_sms SET sent_at = %s WHERE id = %s", [sent_at, call.id]
        )
        self.env.invalidate_all()
        for taken in self.peer.taken:
            taken["price"] = "-0.01400" if "Url" in taken else "-0.00790"
            taken["sent"] = sent_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        self.fetch()
        self.assertEqual((text.price, call.price), (0.0079, 0.014))
        self.assertIn("says the carrier", call.price_label)
        self.assertEqual(len(self.peer.listed), 2)
        facts = self.env["sms.analysis"].search([("partner_id", "=", False)])
        [fact] = facts.filtered(lambda it: it.kind == "call")
        self.assertEqual((fact.call_count, fact.call_cost), (1, 0.014))
        self.assertEqual((fact.cost, fact.sent_count, fact.segment_count), (0, 0, 0))
        dashboard = self.env["sms.dashboard"].with_user(self.manager).get_dashboard()
        costs = {it["label"]: it for it in dashboard["tiles"] if "cost" in it["key"]}
        self.assertIn("0.01", costs["Cost of calls"]["value"])
        self.assertEqual(costs["Cost of calls"]["note"], "1 call, as the carrier says")

    def test_what_leaves_after_midnight_was_handed_over_the_day_before(self):
        """The carrier's days are in UTC: midnight is in the afternoon in Denver."""
        midnight = datetime.combine(datetime.now(UTC), datetime.min.time())
        midnight -= timedelta(days=1)
        message = self.send(1)
        sent_at = midnight - timedelta(seconds=1)
        message.flush_recordset()
        self.cr.execute(
            "UPDATE sms_sms SET sent_at = %s WHERE id = %s", [sent_at, message.id]
        )
        self.peer.taken[0].update(
            price="-0.00790", sent=f"{midnight:%Y-%m-%dT%H:%M:%S}Z"
        )
        self.fetch()
        self.assertEqual(message.price, 0.0079)

    def test_a_text_that_was_written_long_before_is_asked_about(self):
        message = self.send(1)
        self.peer.taken[0]["price"] = "-0.00790"
        self.cr.execute("UPDATE sms_sms SET create_date = now() - interval '90 days'")
        self.fetch()
        self.assertEqual(message.price, 0.0079)

    def test_what_a_deleted_number_has_sent_is_asked_about(self):
        message = self.send(1)
        self.peer.taken[0]["price"] = "-0.00790"
        message.sender_id.sudo().unlink()
        self.fetch()
        self.assertEqual(message.price, 0.0079)

    def test_the_last_texts_through_a_former_carrier_are_asked_about(self):
        message = self.send(1)
        self.peer.taken[0]["price"] = "-0.00790"
        self.company.sms_provider = "sandbox"
        self.fetch()
        self.assertEqual(message.price, 0.0079)

    def test_what_is_not_charged_yet_is_asked_about_again(self):
        first, second = self.send(2)
        for message in self.peer.taken_to(first.number):
            message["price"] = "-0.01"
        self.fetch()
        self.assertEqual((first.price, second.price), (0.01, 0))
        self.assertFalse(second.price_currency_id)
        for message in self.peer.taken:
            message["price"] = "-0.02"
        self.fetch()
        self.assertEqual(second.price, 0.02)

    def test_what_is_too_new_or_too_old_is_not_asked_about(self):
        self.send(1, days_ago=0)
        self.fetch()
        self.assertFalse(self.peer.listed)
        self.cr.execute("UPDATE sms_sms SET sent_at = sent_at - interval '9 days'")
        self.fetch()
        self.assertFalse(self.peer.listed)

    def test_a_carrier_that_is_down_stops_nothing(self):
        messages = self.send(1)
        self.env["ir.config_parameter"].set_param(
            "helpdesk_mgmt_sms.twilio_api_url", "http://127.0.0.1:9"
        )
        self.fetch()
        self.assertFalse(messages.price_currency_id)

    @mute_logger("odoo.addons.helpdesk_mgmt_sms.models.core.batch_jobs")
    def test_a_company_that_fails_keeps_no_other_from_its_prices(self):
        messages = self.send(1)
        self.peer.taken[0]["price"] = "-0.01"
        other = self.make_company("Elsewhere", "twilio")
        self.company.sequence = 99
        prices = self.registry["sms.price"]
        get_unpriced = prices._get_unpriced

        def fail_elsewhere(prices, company, code):
            if company == other:
                raise ValueError("what nobody foresaw")
            return get_unpriced(prices, company, code)

        locks = self.registry["res.company"]
        with (
            patch.object(prices, "_get_unpriced", fail_elsewhere),
            patch.object(locks, "_find_sms_account_lock", return_value=None),
        ):
            self.fetch()
        self.assertEqual(messages.price, 0.01)

    @mute_logger("odoo.addons.helpdesk_mgmt_sms.models.core.batch_jobs")
    def test_a_conflict_with_another_transaction_loses_no_price(self):
        """As when a late report comes while the carrier's list is read."""
        messages = self.send(1)
        self.peer.taken[0]["price"] = "-0.01"
        record, tries = self.registry["sms.sms"]._record_prices, []

        def collide_once(texts, provider, prices):
            tries.append(prices)
            if len(tries) == 1:
                raise SerializationFailure("could not serialize access")
            return record(texts, provider, prices)

        with patch.object(self.registry["sms.sms"], "_record_prices", collide_once):
            self.fetch()
        self.assertEqual(messages.price, 0.01)

    def test_a_lookup_tells_it_too(self):
        message = self.send(1)
        self.peer.taken[0].update(price="-0.03", status="delivered")
        message.write({"state": "pending", "lookup_at": fields.Datetime.now()})
        self.run_outbox()
        self.assertEqual((message.state, message.price), ("sent", 0.03))
