# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tools import mute_logger

from ...tools import evidence
from ..clock import freeze_time
from ..common import phone_number
from .common import EvidenceCase


class TestStory(EvidenceCase):
    """A person's facts are complete, in order, and nobody else's."""

    def test_a_whole_story(self):
        self.record_consent(phone_number(5), name="Somebody Else")
        self.tell_story()
        facts = self.gather()
        said = list(
            dict.fromkeys(event["content"]["event"] for event in facts["events"])
        )
        self.assertEqual(said, ["requested", "confirmed", "revoked", "restored"])
        self.assertEqual(facts["person"]["names"], ["Dana Customer"])
        bodies = [message["body"] for message in facts["messages"]]
        self.assertTrue(bodies[1].startswith("Sandbox") or "joined" in bodies[1])
        states = [message["state"] for message in facts["messages"]]
        self.assertEqual(states.count("blocked"), 1)
        blocked = facts["messages"][states.index("blocked")]
        self.assertEqual(blocked["decision_reason"], "opted_out")
        texts = [text["body"] for text in facts["received"]]
        self.assertEqual(texts, ["SUPPORT", "YES", "STOP", "START"])
        self.assertNotIn("Somebody Else", str(facts))
        self.assertNotIn(phone_number(5), str(facts))

    def test_a_message_names_the_event_that_it_was_sent_under(self):
        self.tell_story()
        facts = self.gather()
        by_id = {event["content"]["event_id"]: event for event in facts["events"]}
        [message] = [m for m in facts["messages"] if "is open" in m["body"]]
        event = by_id[message["consent_event_id"]]
        self.assertEqual(event["content"]["event"], "confirmed")
        self.assertEqual(message["segments"], 1)
        self.assertTrue(message["handed_over_at"])

    def test_the_present_answers(self):
        self.record_consent(None, "ticket")
        self.record_consent(None, "appointment", event="revoked")
        answers = {row["purpose"]: row for row in self.gather()["answers"]}
        self.assertEqual(answers["ticket"]["state"], "opted_in")
        self.assertEqual(answers["appointment"]["state"], "opted_out")
        self.assertEqual(answers["marketing"]["state"], "none")
        self.assertIsNone(answers["marketing"]["since"])

    def test_a_yes_that_a_stop_interrupted_counts_since_its_end(self):
        """“Since March” would be wrong: they were opted out from July to September."""
        march, july, september = "2026-03-02", "2026-07-06", "2026-09-01"
        self.record_consent(happened_at=fields.Datetime.to_datetime(march))
        for event, day in (("revoked", july), ("restored", september)):
            self.record_consent(
                event=event,
                method="keyword",
                happened_at=fields.Datetime.to_datetime(day),
            )
        [row] = [r for r in self.gather()["answers"] if r["purpose"] == "ticket"]
        self.assertEqual(row["state"], "opted_in")
        self.assertEqual(row["since"], "2026-09-01T00:00:00Z")

    def test_the_words_and_the_proof_of_an_event(self):
        wording = self.env["sms.wording"]._get_published(
            self.company, self.purposes("ticket"), "en_US"
        )
        self.record_consent(
            wordings=wording,
            wording=wording._render(self.company),
            name="Dana",
            address="203.0.113.7",
            device="Browser 1",
            page="https://example.com/join",
            witness="Alex",
            files=[("form.pdf", b"%PDF signed")],
        )
        [event] = self.gather()["events"]
        proof = event["evidence"]
        self.assertEqual(proof["wording"], wording._render(self.company))
        self.assertEqual(
            [proof[name] for name in ("address", "device", "page", "witness")],
            ["203.0.113.7", "Browser 1", "https://example.com/join", "Alex"],
        )
        self.assertEqual(event["content"]["wording_digest"], wording.digest)
        self.assertEqual(event["shown"]["wording_version"], wording.version)
        [scan] = event["files"]
        self.assertEqual(scan["sha256"], evidence.sha256(b"%PDF signed"))

    def test_several_numbers_of_one_contact(self):
        other = phone_number(8)
        self.record_consent(res_model="res.partner", res_id=self.customer.id)
        self.record_consent(other, res_model="res.partner", res_id=self.customer.id)
        found = self.source._find_numbers(
            self.company, self.customer.with_user(self.compliance_officer)
        )
        self.assertEqual(found, [self.number, other])
        numbers = {row["number"] for row in self.gather(*found)["answers"]}
        self.assertEqual(numbers, set(found))

    def test_a_number_without_a_story_is_refused(self):
        with self.assertRaisesRegex(UserError, "has nothing about"):
            self.gather(phone_number(77))

    def test_queries_do_not_grow_with_the_messages(self):
        self.record_consent()
        values = {
            "number": self.number,
            "body": "Hi",
            "record_company_id": self.company.id,
            "purpose_id": self.purposes("ticket").id,
        }
        counts = []
        for amount in (1, 30):
            self.env["sms.sms"].create([dict(values) for _ in range(amount)])
            for _ in range(amount):
                self.record_consent()
            counts.append(self.count_queries(self.gather))
        self.assertLessEqual(counts[1], counts[0])


class TestOptOuts(EvidenceCase):
    """The delay of each confirmation is stated, and none is invented."""

    def test_a_stop_is_confirmed_once(self):
        self.record_consent()
        self.receive("STOP")
        self.receive("STOP")
        message = self.messages_to()
        self.run_outbox()
        [first, second] = self.gather()["opt_outs"]
        self.assertEqual(first["message_id"], message.id)
        self.assertIn(first["seconds"], range(0, 30))
        self.assertIsNone(second["message_id"])
        self.assertIsNone(second["seconds"])

    def test_the_first_of_two_quick_stops_is_confirmed(self):
        self.record_consent()
        now = fields.Datetime.now()
        with freeze_time(now):
            self.receive("STOP")
        message = self.messages_to()
        message.flush_recordset()
        query = "UPDATE sms_sms SET create_date = %s WHERE id = %s"
        self.cr.execute(query, [now + timedelta(seconds=1), message.id])
        with freeze_time(now + timedelta(seconds=1)):
            self.receive("STOP")
        self.run_outbox()
        [first, second] = self.gather()["opt_outs"]
        self.assertEqual(first["message_id"], message.id)
        self.assertIsNone(second["message_id"])

    def test_seconds_count_from_the_text_to_the_handing_over(self):
        self.record_consent()
        self.receive("STOP")
        event = self.env["sms.consent.event"].search([("event", "=", "revoked")])
        message = self.messages_to()
        message.sent_at = event.happened_at + timedelta(seconds=4)
        [opt_out] = self.gather()["opt_outs"]
        self.assertEqual(opt_out["seconds"], 4)

    def test_an_opt_out_that_an_agent_entered_has_none(self):
        self.record_consent(event="revoked", method="phone")
        [opt_out] = self.gather()["opt_outs"]
        self.assertIsNone(opt_out["message_id"])
        self.assertEqual(opt_out["method"], "phone")

    def test_several_purposes_at_once_are_one_opt_out(self):
        self.record_consent(None, "ticket", "alert", event="revoked", method="phone")
        [opt_out] = self.gather()["opt_outs"]
        self.assertEqual(sorted(opt_out["purposes"]), ["alert", "ticket"])
        self.assertEqual(len(opt_out["event_ids"]), 2)


class TestChain(EvidenceCase):
    """Seals that hold, seals that are broken and missing seals are distinguished."""

    def seals(self, **options):
        return [event["seal"] for event in self.gather(**options)["events"]]

    def test_events_are_sealed_for_the_document(self):
        self.record_consent()
        facts = self.gather()
        self.assertEqual([event["seal"] for event in facts["events"]], ["holds"])
        self.assertEqual(facts["chain"]["sealed"], 1)
        last = facts["events"][-1]
        self.assertEqual(facts["chain"]["end"]["hash"], last["hash"])

    def test_an_event_without_a_seal_is_said_to_be_so(self):
        """Another worker may be sealing at that moment."""
        event = self.record_consent()
        [row] = self.source._read_events(event.ids)
        self.assertEqual(row["seal"], "unsealed")
        self.assertIsNone(row["hash"])

    def test_a_changed_event_and_changed_evidence_are_named(self):
        first, second, third = (self.record_consent(note=str(i)) for i in range(3))
        self.assertEqual(self.seals(), ["holds"] * 3)
        self.tamper(
            "sms_consent_event",
            "UPDATE sms_consent_event SET event = 'confirmed' WHERE id = %s",
            [first.id],
        )
        self.tamper(
            "sms_consent_evidence",
            "UPDATE sms_consent_evidence SET wording = 'anything' WHERE id = %s",
            [third.evidence_id.id],
        )
        facts = self.gather()
        seals = [event["seal"] for event in facts["events"]]
        self.assertEqual(seals, ["changed", "holds", "changed"])
        self.assertEqual(facts["chain"]["changed"], 2)
        self.assertTrue(second)

    def test_a_changed_scan_is_named(self):
        event = self.record_consent(files=[("form.pdf", b"%PDF signed")])
        self.assertEqual(self.seals(), ["holds"])
        event.evidence_id.attachment_ids.raw = b"%PDF forged"
        self.assertEqual(self.seals(), ["changed"])


class TestErased(EvidenceCase):
    """An erased person is not named, and their history still verifies."""

    def setUp(self):
        super().setUp()
        self.event = self.record_consent(
            name="Dana Secret", note="secret", files=[("form.pdf", b"%PDF secret")]
        )
        self.event.evidence_id._erase()

    def test_the_number_still_finds_it(self):
        [row] = self.gather()["events"]
        self.assertTrue(row["erased_at"])
        self.assertIsNone(row["evidence"])
        self.assertEqual(row["files"], [])
        self.assertEqual(row["seal"], "holds")
        self.assertNotIn("secret", str(row).lower())

    def test_so_does_its_hash(self):
        facts = self.source._gather(self.company, [], [self.event.number_hash])
        self.assertEqual(len(facts["events"]), 1)
        self.assertEqual(facts["person"]["numbers"][0]["number"], None)
        self.assertEqual(
            [r["state"] for r in facts["answers"] if r["purpose"] == "ticket"],
            ["opted_in"],
        )

    def test_a_whole_story_is_left_without_the_person(self):
        """Erased the way the product erases people."""
        self.tell_story()
        before = self.gather()
        self.env["sms.erasure"]._erase(self.company, self.number, "Letter of 3 May")
        facts = self.gather()
        self.assertNotIn("Dana", str(facts["events"]))
        sent = {m["consent_event_id"] for m in facts["messages"]}
        self.assertLessEqual({m["body"] for m in facts["messages"]}, {None})
        self.assertTrue(all(message["erased_at"] for message in facts["messages"]))
        self.assertIn(before["opt_outs"][0]["event_ids"][0], sent)
        [opt_out] = facts["opt_outs"]
        self.assertEqual(opt_out["seconds"], before["opt_outs"][0]["seconds"])
        self.assertEqual({event["seal"] for event in facts["events"]}, {"holds"})


class TestRights(EvidenceCase):
    """Only a compliance officer of the company may export evidence."""

    def test_nobody_else_gathers(self):
        self.record_consent()
        for user in (
            *(self.agent, self.manager, self.own_agent, self.employee),
            *(self.portal_user, self.administrator),
        ):
            source = self.env["sms.evidence"].with_user(user)
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    source._gather(self.company, [self.number])
                with self.assertRaises(AccessError):
                    source._find_numbers(self.company, self.customer)
                now = fields.Datetime.now()
                with self.assertRaises(AccessError):
                    source._make_period(self.company, now, now)

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_another_company_is_out_of_reach(self):
        other = self.make_company("Other")
        self.record_consent(company=other)
        with self.assertRaises(AccessError):
            self.source._gather(other, [self.number])
        with self.assertRaisesRegex(UserError, "has nothing about"):
            self.gather()

    def test_a_company_that_is_not_chosen_now_is_out_of_reach(self):
        other = self.make_company("Other")
        self.record_consent(company=other)
        self.compliance_officer.company_ids |= other
        source = self.source.with_context(allowed_company_ids=self.company.ids)
        with self.assertRaises(AccessError):
            source._gather(other, [self.number])
        source = self.source.with_context(allowed_company_ids=other.ids)
        facts = source._gather(other, [self.number])
        self.assertEqual(facts["company_id"], other.id)
        self.assertEqual(len(facts["events"]), 1)
