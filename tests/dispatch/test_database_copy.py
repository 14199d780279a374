# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A copy of the database has the accounts of the original, and must not use them."""

import socket
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

import requests

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.sms.tools.sms_api import SmsApi

from ...providers import TwilioProvider, faults
from ...providers.outbound import ACCEPTED, Outcome
from ..common import SmsCase, phone_number
from ..web import WebCase
from .common import FIRST, SendersCase

OTHERS = "odoo.addons.helpdesk_mgmt_sms"
REMOVED = "SM" + "2" * 32
SET_UP = ("text_from_here", "text_from_here_with_waiting")


class CopyCase(SendersCase):
    """Common base: a company on Twilio, and actions of administrators in a copy."""

    def duplicate(self):
        """Set the parameters that Odoo sets in a copy of a database."""
        self.env["ir.config_parameter"].init(force=True)

    def text_from_here(self, method="text_from_here_with_waiting", user=None):
        """Allow the copy to send texts, as an administrator does."""
        setup = self.env["sms.onboarding"].with_user(user or self.administrator)
        return getattr(setup, method)()

    @contextmanager
    def carrier(self):
        """Yield a list of the texts that the carrier accepts meanwhile."""
        taken = []

        def send(_provider, message):
            taken.append(message.body)
            return Outcome(ACCEPTED, carrier_id=f"SM{len(taken)}")

        with patch.object(TwilioProvider, "send", send):
            yield taken


class TestCopy(CopyCase):
    """A copy sends nothing and loses nothing until an administrator decides."""

    def test_texts_wait_and_leave_once_an_administrator_says_so(self):
        sms = self.text(self.ticket)
        self.duplicate()
        later = self.text(self.ticket, body="Written in the copy.")
        with self.carrier() as taken:
            self.run_outbox()
            self.assertEqual((taken, sms.state, later.state), ([], *["outgoing"] * 2))
            self.assertEqual(sms.sender_id.fault_id.fault, faults.COPY)
            self.text_from_here()
            self.run_outbox()
        self.assertEqual(len(taken), 2)
        self.assertFalse(sms.sender_id.stop_count)

    def test_or_are_cancelled_with_what_the_original_may_have_sent(self):
        sms, unknown = self.text(self.ticket), self.text(self.ticket, body="Second")
        unknown.write(
            {"state": "unknown", "provider": "twilio", "lookup_at": "2026-01-01"}
        )
        self.duplicate()
        self.text_from_here("text_from_here")
        with self.carrier() as taken:
            self.run_outbox()
            new = self.text(self.ticket, body="Third")
            self.run_outbox()
        self.assertEqual(
            (sms.state, sms.cancelled_by_id), ("canceled", self.administrator)
        )
        self.assertEqual((unknown.state, unknown.lookup_at), ("pending", False))
        self.assertEqual((len(taken), new.state), (1, "pending"))

    def test_what_was_due_is_skipped(self):
        now = fields.Datetime.now()
        values = {
            "automation_id": self.env["sms.automation"].search([], limit=1).id,
            "res_model": "helpdesk.ticket",
            "res_id": self.ticket.id,
            "occasion": "copy",
            "happened_at": now,
            "due_at": now,
            "state": "waiting",
        }
        run = self.env["sms.automation.run"].sudo().create(values)
        due, later = self.env["sms.reminder"].create(
            [
                {
                    "company_id": self.company.id,
                    "partner_id": self.customer.id,
                    "kind": "reminder",
                    "start": now + timedelta(days=2),
                    "due_at": due_at,
                }
                for due_at in (now, now + timedelta(days=1))
            ]
        )
        self.duplicate()
        self.text_from_here("text_from_here")
        self.assertEqual(run.state, "done")
        self.assertEqual((due.state, later.state), ("cancelled", "planned"))

    def test_what_a_clock_would_find_is_skipped_too(self):
        """The original has found that the customer waits, and has texted them."""
        now = fields.Datetime.now()
        rule = self.env["sms.automation"].create(
            {
                "name": "Still waiting",
                "trigger": "no_answer",
                "wait_hours": 4,
                "template_id": self.env.ref(
                    "helpdesk_mgmt_sms.sms_template_ticket_waiting"
                ).id,
                "in_force_since": now - timedelta(days=9),
            }
        )
        self.ticket.sms_waiting_since = now - timedelta(hours=5)
        self.duplicate()
        self.text_from_here("text_from_here")
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_automation"))
        made = [("automation_id", "=", rule.id)]
        self.assertFalse(self.env["sms.sms"].search(made))
        self.assertEqual(self.env["sms.automation.run"].search(made).state, "done")

    def test_an_original_keeps_what_waits(self):
        """An outdated page may still show the button."""
        sms = self.text(self.ticket)
        self.text_from_here("text_from_here")
        self.assertEqual(sms.state, "outgoing")

    def test_it_is_said_where_people_look(self):
        self.assertNotIn("copy", self.get_health())
        self.duplicate()
        row = self.get_health()["copy"]
        self.assertEqual(row["state"], "wrong")
        self.assertEqual([it["method"] for it in row["buttons"]], [*SET_UP])
        watch = self.env["sms.outbox.watch"]
        facts = watch._get_facts(self.company)
        self.assertIn("is a copy", watch._get_troubles(facts)["copy"])
        self.text_from_here()
        self.assertNotIn("copy", self.get_health())
        self.assertFalse(watch._get_facts(self.company)["is_copy"])

    def get_health(self, user=None):
        """Return the rows of the health page, by their keys."""
        setup = self.env["sms.onboarding"].with_user(user or self.administrator)
        return {row["key"]: row for row in setup.get_setup()["health"]}

    def test_a_manager_reads_it_and_cannot_change_it(self):
        self.duplicate()
        self.assertFalse(self.get_health(self.manager)["copy"]["buttons"])
        buttons = self.get_health()["copy"]["buttons"]
        self.assertEqual(len(buttons), 2)
        self.assertTrue(all(button["confirm"] for button in buttons), "must ask first")
        for method in SET_UP:
            with self.assertRaises(AccessError):
                self.text_from_here(method, self.manager)
        self.assertTrue(self.env["sms.database"]._is_copy())

    def test_odoos_own_provider_waits_too(self):
        company = self.make_company("On IAP", "iap", sms_consent_policy="opt_out")
        self.allow_offers()
        values = {
            "number": phone_number(7),
            "body": "Hi",
            "record_company_id": company.id,
        }
        sms = self.env["sms.sms"].create(values)
        self.assertEqual(sms.state, "outgoing")
        asked = []

        def contact(_api, *args, **_options):
            asked.append(args)
            return [{"uuid": sms.uuid, "state": "success", "credit": 0}]

        with patch.object(SmsApi, "_contact_iap", contact):
            self.duplicate()
            sms.send()
            self.run_native_queue()
            self.assertEqual((asked, sms.state), ([], "outgoing"))
            api = company._get_sms_api_class()(self.env)
            with self.assertRaises(UserError):
                api._send_sms_batch([])
            self.text_from_here()
            self.run_native_queue()
        self.assertEqual(len(asked), 1)

    def test_the_sandbox_goes_on(self):
        company = self.make_company("In the sandbox")
        self.record_consent(company=company)
        self.duplicate()
        values = {"number": self.number, "body": "Hi", "record_company_id": company.id}
        sms = self.env["sms.sms"].create(
            {**values, "purpose_id": self.purposes("ticket").id}
        )
        self.run_outbox()
        self.assertIn(sms.state, ("pending", "sent"))


class TestNothingIsAsked(CopyCase):
    """No scheduled action of a copy calls a carrier, whatever is due."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        long_ago = fields.Datetime.subtract(fields.Datetime.now(), hours=2)
        cls.company.sms_redaction = "empty"
        account = {"company_id": cls.company.id, "provider": "twilio"}
        due = {"queued_at": long_ago, "next_at": long_ago}
        texts = cls.env["sms.sms"].create(
            [
                {
                    "number": cls.number,
                    "body": f"Text {index}",
                    "purpose_id": cls.purposes("ticket").id,
                }
                for index in range(3)
            ]
        )
        left = {"provider": "twilio", "claimed_at": long_ago, "tried_at": long_ago}
        texts[1].write({**left, "state": "unknown", "lookup_at": long_ago})
        texts[2].write(
            {
                **left,
                "state": "pending",
                "carrier_id": "SM1",
                "sent_at": long_ago,
                "is_report_fetched": True,
            }
        )
        cls.env["sms.redaction"].create({**account, **due, "carrier_id": REMOVED})
        cls.env["sms.carrier.opt.out"].create(
            {
                **account,
                **due,
                "number": phone_number(8),
                "said_at": long_ago,
                "key": "a" * 32,
                "method": "phone",
            }
        )
        cls.env["sms.carrier.sync"].create({**account, "next_at": long_ago})
        cls.env["sms.carrier.check"].create(
            {**account, "wanted": "check", "wanted_at": long_ago}
        )
        inbound = cls.env["sms.inbound"].create(
            {
                **account,
                "provider_sid": "MM1",
                "number": cls.number,
                "received_at": long_ago,
            }
        )
        cls.env["sms.media"].create(
            {"inbound_id": inbound.id, "url": "https://api.twilio.com/picture"}
        )

    def run_all(self):
        """Run each scheduled action; return the addresses that were requested."""
        self.env.flush_all()
        self.env.invalidate_all()
        asked = []

        def send(_session, prepared, **_options):
            asked.append(prepared.url)
            raise requests.ConnectionError("not from here")

        def resolve(name, *_args, **_options):
            asked.append(name)
            raise socket.gaierror("not from here")

        crons = self.env["ir.cron"].search([("cron_name", "=like", "Text Messages:%")])
        self.assertGreater(len(crons), 20)
        with (
            patch.object(requests.Session, "send", send),
            patch.object(socket, "getaddrinfo", resolve),
            mute_logger(OTHERS),
        ):
            for cron in crons:
                self._run_cron(cron)
        return asked

    def test_in_the_original_each_asks(self):
        asked = "\n".join(self.run_all())
        for path in ("Messages", "picture", REMOVED, "Consents", "Deactivations"):
            with self.subTest(path):
                self.assertIn(path, asked)

    def test_in_a_copy_none_does(self):
        self.duplicate()
        self.assertEqual(self.run_all(), [])

    def test_in_a_neutralized_copy_none_does(self):
        self.duplicate()
        self.env.flush_all()
        for query in get_neutralization_queries(["sms_twilio", "helpdesk_mgmt_sms"]):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.env.registry.clear_all_caches()
        self.assertFalse(self.env["sms.database"]._is_copy())
        self.assertEqual(self.run_all(), [])


@tagged("post_install", "-at_install")
class TestCopyOverHttp(WebCase, SmsCase):
    """A copy refuses webhooks with the keys of the original."""

    provider = "twilio"

    def test_a_carrier_and_a_monitor_are_told_to_come_back(self):
        source = self.env["sms.alert.source"].create(
            {"name": "Prometheus", "team_id": self.team.id}
        )
        self.env["ir.config_parameter"].init(force=True)
        text = {"Body": "STOP", "From": self.number, "To": FIRST}
        with self.assertLogs(OTHERS, "ERROR"):
            answer = self.url_open(self.company.sms_inbound_url, data=text)
        self.assertEqual(answer.status_code, 503)
        headers = {"Content-Type": "application/json"}
        path = f"/helpdesk_sms/alerts/{source.key}"
        answer = self.url_open(path, data="{}", headers=headers)
        self.assertEqual(answer.status_code, 503)
        self.env["sms.database"]._adopt()
        answer = self.url_open(self.company.sms_inbound_url, data=text)
        self.assertEqual(answer.status_code, 403)
