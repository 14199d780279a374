# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import requests

from odoo import fields
from odoo.tests import BaseCase

from odoo.addons.base.models.res_users import INDEX_SIZE, KEY_CRYPT_CONTEXT

from ...tools import import_rows
from ..clock import freeze_time
from ..common import phone_number
from ..live import LiveCase
from .common import CONSENT, ApiCase

DOCS = Path(__file__).resolve().parents[2] / "docs" / "api.md"


class TestRecord(ApiCase):
    """Consents of another system are recorded in the ledger, with their evidence."""

    def test_a_consent_is_entered_with_its_proof(self):
        answer = self.record(
            name="Dana Customer", address="192.0.2.7", page="/join", note="By the shop"
        )
        [event] = self.events()
        self.assertRecordValues(
            event,
            [
                {
                    "company_id": self.company.id,
                    "event": "granted",
                    "method": "api",
                    "purpose_id": self.purposes("ticket").id,
                    "happened_at": datetime(2026, 3, 2, 9),
                    "user_id": self.agent.id,
                    "wording": CONSENT["wording"],
                    "name": "Dana Customer",
                    "message_ref": "order-17",
                    "note": "How it was given: web\n"
                    "Evidence: https://shop.example/orders/17\nBy the shop",
                }
            ],
        )
        evidence = event.sudo().evidence_id
        self.assertEqual((evidence.address, evidence.page), ("192.0.2.7", "/join"))
        self.assertEqual(
            (answer["recorded"], answer["number"], answer["event_ids"]),
            (True, self.number, event.ids),
        )
        self.assertEqual(
            answer["purposes"]["ticket"],
            {"state": "opted_in", "since": "2026-03-02T09:00:00Z"},
        )
        self.assertEqual(self.ticket.sms_consent_state, "opted_in")

    def test_there_is_an_event_for_each_purpose(self):
        self.record(purposes=["appointment", "ticket"])
        self.assertEqual(
            set(self.events().mapped("purpose_id.code")), {"appointment", "ticket"}
        )

    def test_words_from_the_api_come_back_as_their_version(self):
        purposes = ["ticket", "alert"]
        shown = self.call("get_wordings", purposes=purposes).json()
        self.assertEqual(len(shown["versions"]), 2)
        self.record(purposes=purposes, wording=shown["wording"])
        digests = {version["digest"] for version in shown["versions"]}
        self.assertEqual(set(self.events().mapped("wording_digest")), digests)

    def test_words_that_were_superseded_meanwhile_keep_their_version(self):
        purposes = ["ticket", "alert"]
        shown = self.call("get_wordings", purposes=purposes).json()
        for version in self.env["sms.wording"]._get_published(
            self.company, self.purposes(*purposes)
        ):
            draft = version.copy({"body": f"{version.body} Thank you."})
            draft.action_publish()
            self.assertEqual(version.state, "superseded")
        self.record(purposes=purposes, wording=shown["wording"])
        digests = {version["digest"] for version in shown["versions"]}
        self.assertEqual(set(self.events().mapped("wording_digest")), digests)
        shown = self.call("get_wordings", purposes=purposes).json()
        self.record(
            purposes=purposes, wording=shown["wording"], message_ref="new", name="A"
        )
        digests = {version["digest"] for version in shown["versions"]}
        self.assertEqual(set(self.events()[2:].mapped("wording_digest")), digests)

    def test_a_language_as_websites_write_it(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        shown = self.call("get_wordings", purposes=["ticket"], lang="fr-FR").json()
        self.assertEqual([it["lang"] for it in shown["versions"]], ["fr_FR"])

    def test_numbers_are_read_with_the_companys_country(self):
        for index, number in enumerate(("(303) 555-0100", "+1 303 555 0100")):
            answer = self.record(number=number, message_ref=f"n{index}")
            self.assertEqual(answer["number"], self.number)

    def test_times_are_brought_to_utc(self):
        for text, expected in (
            ("2026-03-02T10:00:00+01:00", datetime(2026, 3, 2, 9)),
            ("2026-03-02 09:00", datetime(2026, 3, 2, 9)),
            ("2026-03-02T09:00:00.123456Z", datetime(2026, 3, 2, 9)),
        ):
            self.record(happened_at=text, message_ref=text)
            with self.subTest(text=text):
                self.assertEqual(self.events()[-1].happened_at, expected)

    def test_an_opt_out_ends_everything_and_cancels_what_waits(self):
        self.record()
        self.ticket._message_sms("Hello")
        answer = self.call(
            "record_opt_out", number=self.number, message_ref="out-1", note="Called"
        ).json()
        self.assertTrue(answer["recorded"])
        self.assertEqual(answer["state"], "opted_out")
        event = self.events()[-1]
        self.assertEqual((event.event, event.purpose_id.id), ("revoked", False))
        self.assertEqual(self.messages_to().gate_reason, "opted_out")

    def test_an_opt_out_of_tomorrow_counts_from_now_on(self):
        now = fields.Datetime.now()
        api = self.env["sms.consent.api"].with_user(self.agent)
        for index, ahead in enumerate((timedelta(minutes=1), timedelta(days=1))):
            number = phone_number(index)
            said_at = f"{(now + ahead).isoformat()}Z"
            for seconds, recorded in ((0, True), (30, False)):
                with freeze_time(now + timedelta(seconds=seconds)):
                    told = api.record_opt_out(number, f"out {index}", said_at)
                with self.subTest(ahead=ahead, seconds=seconds):
                    self.assertEqual(told["recorded"], recorded)
                    self.assertEqual(told["state"], "opted_out")
            self.assertEqual(self.events(number).happened_at, now)

    def test_an_opt_out_from_one_purpose(self):
        self.record(purposes=["ticket", "alert"])
        answer = self.call(
            "record_opt_out",
            number=self.number,
            purposes=["alert"],
            happened_at="2026-03-03T09:00:00Z",
            message_ref="out-2",
        ).json()
        states = {code: found["state"] for code, found in answer["purposes"].items()}
        self.assertEqual((states["ticket"], states["alert"]), ("opted_in", "opted_out"))

    def test_the_state_of_a_number(self):
        answer = self.call("get_state", number="303 555 0100").json()
        self.assertEqual((answer["number"], answer["state"]), (self.number, "none"))
        self.assertEqual(answer["purposes"]["ticket"], {"state": "none", "since": None})
        self.record()
        self.assertEqual(
            self.call("get_state", number=self.number).json()["state"], "opted_in"
        )


class TestOnce(ApiCase):
    """A repeated request is recorded once."""

    def test_a_repeat_records_nothing(self):
        first = self.record()
        second = self.record()
        self.assertEqual((first.pop("recorded"), second.pop("recorded")), (True, False))
        self.assertEqual(first, second)
        self.assertEqual(len(self.events()), 1)
        for recorded in (True, False):
            answer = self.call(
                "record_opt_out", number=self.number, message_ref="out"
            ).json()
            self.assertEqual(answer["recorded"], recorded)
        self.assertEqual(len(self.events()), 2)

    def test_a_repeat_after_an_opt_out_lifts_nothing(self):
        self.record()
        self.call("record_opt_out", number=self.number, message_ref="out")
        self.assertEqual(self.record()["state"], "opted_out")

    def test_a_repeat_after_erasure_records_nobody_anew(self):
        self.record()
        self.events().sudo().evidence_id._erase()
        self.assertFalse(self.record()["recorded"])
        self.assertFalse(self.events())

    def test_a_reference_stands_for_one_statement(self):
        self.record()
        for values in (
            {"number": phone_number(1)},
            {"purposes": ["alert"]},
            {"happened_at": "2026-03-02T09:00:01Z"},
        ):
            with self.subTest(values=values):
                self.refuse("used already, for another statement", **values)
        self.refuse(
            "used already",
            "record_opt_out",
            number=self.number,
            message_ref=CONSENT["message_ref"],
        )

    def test_each_company_has_its_own_references(self):
        other_company = self.make_company("Other")
        self.record()
        self.assertTrue(self.record(company_id=other_company.id)["recorded"])

    def test_what_was_refused_may_be_sent_again_put_right(self):
        self.refuse("wording", wording=" ")
        self.assertTrue(self.record()["recorded"])


class TestRefused(ApiCase):
    """Consent without proof is refused, and the error says what to do."""

    def test_what_is_missing_or_wrong(self):
        for words, values in (
            ("is not a phone number", {"number": "call me"}),
            ("give it as text", {"number": 13035550100}),
            ("name at least one", {"purposes": []}),
            ("no offers. Available: .*ticket", {"purposes": ["offers"]}),
            ("no ticket\x00. Available", {"purposes": ["ticket\x00"]}),
            ("list of codes", {"purposes": "ticket"}),
            ("say one of web, paper", {"how": "telepathy"}),
            ("happened_at", {"happened_at": "yesterday"}),
            ("happened_at", {"happened_at": None}),
            ("happened_at", {"happened_at": "2026-13-01T00:00:00Z"}),
            ("no text messages yet", {"happened_at": "1970-01-01T00:00:00.000Z"}),
            ("in the future", {"happened_at": "2126-03-02T09:00:00Z"}),
            ("wording: it is missing", {"wording": ""}),
            ("source: it is missing", {"source": "  "}),
            ("wording: give a text", {"wording": {"a": 1}}),
            ("wording: at most", {"wording": "x" * 10_001}),
            ("message_ref", {"message_ref": ""}),
            ("message_ref", {"message_ref": " \x00 "}),
            ("message_ref", {"message_ref": "x" * 201}),
            ("no argument colour", {"colour": "red"}),
            ("required", {"message_ref": "-"}),
            ("required", {"source": "-"}),
            ("company_id", {"company_id": "Other"}),
        ):
            with self.subTest(values=values):
                self.refuse(words, **values)

    def test_a_language_that_is_no_text(self):
        for lang in (5, ["en_US"], {"a": 1}):
            with self.subTest(lang=lang):
                values = {"purposes": ["ticket"], "lang": lang}
                self.refuse("lang: give a text", "get_wordings", **values)

    def test_an_opt_out_whose_reference_is_blank(self):
        for reference in ("\x00", " ", "\x00\n"):
            with self.subTest(reference=reference):
                values = {"number": self.number, "message_ref": reference}
                self.refuse("message_ref: give", "record_opt_out", **values)

    def test_a_consent_from_before_an_opt_out(self):
        self.receive("STOP")
        self.refuse("opted out on .* after this consent")
        self.assertEqual(self.ticket.sms_consent_state, "opted_out")

    def test_a_consent_from_after_it_counts(self):
        self.record_consent(event="revoked", happened_at=datetime(2026, 3, 1))
        self.assertEqual(self.record()["state"], "opted_in")

    def test_who_is_no_helpdesk_user(self):
        for user in (self.employee, self.portal_user, self.own_agent):
            for method, values in (
                ("record_consent", CONSENT),
                ("record_opt_out", {"number": self.number, "message_ref": "x"}),
                ("get_state", {"number": self.number}),
                ("get_wordings", {"purposes": ["ticket"]}),
            ):
                with self.subTest(user=user.login, method=method):
                    self.refuse("Only helpdesk users", method, 403, user, **values)

    def test_another_company(self):
        company = self.env["res.company"].create({"name": "Other"})
        self.refuse("do not work in company", status=403, company_id=company.id)

    def test_a_wrong_key(self):
        response = self.call("get_state", key="0" * 40, number=self.number)
        self.assertEqual(response.status_code, 401)

    def test_nothing_else_of_the_ledger_can_be_called(self):
        for method in ("_record_once", "_describe", "_read_texts"):
            response = self.call(method, number=self.number)
            with self.subTest(method=method):
                self.assertEqual(response.status_code, 403)


class TestDocumented(BaseCase):
    """The page for other systems names every method and argument."""

    def test_the_page_names_every_argument(self):
        text = DOCS.read_text()
        for name in (*CONSENT, "company_id", "address", "device", "page", "witness"):
            with self.subTest(name=name):
                self.assertIn(f"`{name}`", text)
        for method in ("record_consent", "record_opt_out", "get_state", "get_wordings"):
            self.assertTrue(re.search(rf"/json/2/sms\.consent\.api/{method}\b", text))


class TestWords(BaseCase):
    """Formats of times and methods that other systems use."""

    def test_clocks_differ(self):
        now = datetime(2026, 3, 2, 9)
        minute = timedelta(minutes=1)
        for moment, expected in (
            (now - minute, now - minute),
            (now, now),
            (now + minute, now),
            (now + 5 * minute, now + 5 * minute),
        ):
            with self.subTest(moment=moment):
                self.assertEqual(import_rows.settle_clock(moment, now), expected)

    def test_ways(self):
        for text, way in (
            ("web", "web"),
            ("Web Form", "web"),
            ("in_person", "in_person"),
            ("In  person", "in_person"),
            ("E-Mail", "written"),
            ("Papier", "paper"),
            ("", None),
            (None, None),
            ("telepathy", None),
        ):
            with self.subTest(text=text):
                self.assertEqual(import_rows.read_way(text), way)


class TestAtOnce(LiveCase):
    """The same request many times in parallel, on a real server."""

    number = "+12125550177"

    def test_it_is_recorded_once(self):
        key = self.make_key()
        reference = uuid.uuid4().hex
        moment = datetime.now(timezone.utc).isoformat()

        def send(_index):
            return requests.post(
                f"{self.server.url}/json/2/sms.consent.api/record_consent",
                json={
                    **CONSENT,
                    "number": self.number,
                    "message_ref": reference,
                    "happened_at": moment,
                },
                headers={
                    "Authorization": f"bearer {key}",
                    "X-Odoo-Database": self.database,
                },
                timeout=60,
            )

        with ThreadPoolExecutor(6) as pool:
            responses = list(pool.map(send, range(6)))
        answers = [response.json() for response in responses]
        self.assertEqual({r.status_code for r in responses}, {200}, answers)
        self.assertEqual(sum(answer["recorded"] for answer in answers), 1)
        self.assertEqual(len({tuple(a["event_ids"]) for a in answers}), 1)
        self.assertEqual(self.count_events(self.number, "api"), 1)

    def make_key(self):
        """Return a new API key of the administrator."""
        key = uuid.uuid4().hex + "0" * 8
        with self.cursor() as cr:
            cr.execute(
                """
                INSERT INTO res_users_apikeys (name, user_id, key, index)
                VALUES ('live', %s, %s, %s)
                """,
                [self.uid, KEY_CRYPT_CONTEXT.hash(key), key[:INDEX_SIZE]],
            )
        return key
