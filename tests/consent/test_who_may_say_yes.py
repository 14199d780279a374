# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Only the person can undo their own opt-out, and offers need written consent."""

import base64
import runpy
from datetime import datetime, timedelta
from pathlib import Path

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form

from ...models.ledger.sms_consent_event import Statement
from ...tools import consent
from ..common import SmsCase, phone_number
from .common import CONSENT, ApiCase, ImportCase, make_row

SCRIPTS = Path(__file__).parents[2] / "migrations"
PDF = base64.b64encode(b"%PDF-1.4 a form %%EOF")


class YesCase(SmsCase):
    """Common base: a customer who agreed, and texted STOP two days ago."""

    def setUp(self):
        super().setUp()
        self.now = fields.Datetime.now()
        self.stopped_at = self.now - timedelta(days=2)
        self.record_consent(happened_at=self.now - timedelta(days=30))
        self.stop = self.record_consent(
            event="revoked", method="keyword", happened_at=self.stopped_at, note="STOP"
        )

    def assertState(self, state, purpose="ticket"):
        found = self.env["sms.consent"]._get_found(self.company, self.number)
        answer = self.env["sms.consent"]._get_answer(found, self.purposes(purpose).id)
        self.assertEqual(answer.state, state)

    def open_form(self, user=None, **values):
        """Return the agent's form for the customer's number, as in the web client."""
        wizard = self.env["sms.consent.record"].with_user(user or self.agent)
        form = Form(wizard.with_context(default_company_id=self.company.id))
        for name, value in {"number": self.number, **values}.items():
            if name == "purposes":
                for purpose in self.purposes(*value):
                    form.purpose_ids.add(purpose)
            else:
                form[name] = value
        return form

    def enter(self, **values):
        """Record by the agent's form."""
        return (
            self.open_form(**{"purposes": ("ticket",), **values}).save().action_record()
        )


class TestStopStands(YesCase):
    """Nobody else can undo it, in any way."""

    def test_the_agents_form(self):
        for method in ("in_person", "phone", "written"):
            with self.subTest(method=method):
                form = self.open_form(purposes=("ticket",), method=method)
                self.assertIn("texting START", form.problem)
                with self.assertRaisesRegex(UserError, "Only they can undo it"):
                    form.save().action_record()
        self.assertState("opted_out")
        self.ticket._message_sms("Hello", put_in_queue=True)
        self.assertBlocked(self.messages_to(), "ticket", "opted_out")

    def test_the_same_where_everybody_may_be_texted(self):
        self.company.sms_consent_policy = "opt_out"
        with self.assertRaisesRegex(UserError, "Only they can undo it"):
            self.enter(method="phone")
        self.ticket._message_sms("Hello", put_in_queue=True)
        self.assertBlocked(self.messages_to(), "ticket", "opted_out")

    def test_a_signed_form(self):
        early = self.open_form(purposes=("ticket",), method="paper")
        early.happened_at = self.stopped_at - timedelta(hours=1)
        self.assertRegex(early.problem, "after this consent.*Only they can undo it")
        early.happened_at = self.stopped_at
        self.assertIn("signed form dated later", early.problem)
        late = self.open_form(purposes=("ticket",), method="paper")
        self.assertFalse(late.problem)
        self.assertIn("signed form dated later", late.notice)
        late.scan = PDF
        late.save().action_record()
        self.assertState("opted_in")

    def test_a_form_without_its_scan(self):
        said = consent.Said(consent.GRANTED, "paper", self.now)
        subject = (self.company, self.number, said, self.purposes("ticket"))
        with self.assertRaisesRegex(UserError, "Attach the scan"):
            self.env["sms.consent.entry"].with_user(self.agent)._enter(
                *subject, "Words"
            )
        self.assertState("opted_out")

    def test_bare_code(self):
        ledger = self.env["sms.consent.event"]
        for method in ("in_person", "phone", "written", "api", "import", "web"):
            for event in ("granted", "confirmed", "restored"):
                event = self.record_consent(method=method, event=event)
                self.assertTrue(event, "it stands in the ledger")
        ticket = self.purposes("ticket")
        ledger._record_many(
            self.company,
            [Statement(self.number, "granted", "phone", ticket, self.now)],
        )
        ledger._record(self.company, self.number, "restored", "phone")
        self.assertState("opted_out")

    def test_other_noes_of_their_own(self):
        for index, method in enumerate(
            ("web", "carrier", "blacklist", "api", "import")
        ):
            number = phone_number(300 + index)
            self.record_consent(number, event="revoked", method=method)
            with (
                self.subTest(method=method),
                self.assertRaisesRegex(UserError, "Only they can undo it"),
            ):
                self.enter(number=number, method="phone")

    def test_what_an_agent_was_told(self):
        number = phone_number(310)
        for method in ("phone", "in_person"):
            self.record_consent(number, event="revoked", method=method)
            form = self.open_form(number=number, purposes=("ticket",), method="phone")
            self.assertFalse(form.problem)
            form.save().action_record()
            found = self.env["sms.consent"]._get_found(self.company, number)
            self.assertFalse(consent.has_left(found))

    def test_one_purpose(self):
        number = phone_number(311)
        self.record_consent(number, "alert", event="revoked", method="keyword")
        self.assertFalse(
            self.open_form(number=number, purposes=("ticket",), method="phone").problem
        )
        self.enter(number=number, purposes=("ticket",), method="phone")
        with self.assertRaisesRegex(UserError, "Only they can undo it"):
            self.enter(number=number, purposes=("ticket", "alert"), method="phone")

    def test_of_tomorrow(self):
        number = phone_number(312)
        tomorrow = self.now + timedelta(days=1)
        ticket = self.purposes("ticket")
        with self.assertRaisesRegex(UserError, "future"):
            self.record_consent(number, method="keyword", happened_at=tomorrow)
        with self.assertRaisesRegex(UserError, "future"):
            self.env["sms.consent.event"]._record_many(
                self.company,
                [Statement(number, "granted", "import", ticket, tomorrow)],
            )

    def test_the_person_comes_back(self):
        self.receive("START")
        self.assertState("opted_in")
        self.record_consent(event="revoked", method="phone")
        self.enter(method="phone")
        self.assertState("opted_in")

    def test_what_an_agent_said_does_not_spoil_their_start(self):
        self.record_consent(None, "ticket", event="revoked", method="keyword")
        self.record_consent(method="phone")
        self.receive("START")
        self.assertState("opted_in")

    def test_answers_are_the_same_however_they_are_derived(self):
        self.record_consent(method="phone")
        self.record_consent(None, "alert", method="keyword")
        self.record_consent(event="revoked", method="phone")
        consents = self.env["sms.consent"]
        key = self.stop.number_hash
        stored = consents._read_stored(self.company, [key])[0]
        self.assertEqual(
            consents._get_shown(consents._replay(self.company, [key])), stored
        )
        self.assertEqual(
            consents._get_shown(consents._read_locked_answers(self.company, [key])),
            stored,
        )

    def test_an_upgrade_takes_back_what_an_agent_undid(self):
        yes = self.record_consent(method="phone")
        self.env.flush_all()
        self.cr.execute(
            "UPDATE sms_consent SET state = 'opted_in', event_id = %s, since = %s"
            " WHERE number_hash = %s AND purpose_id = %s",
            [yes.id, yes.happened_at, yes.number_hash, yes.purpose_id.id],
        )
        self.env["sms.consent"]._forget_answers()
        self.assertState("opted_in")
        for _again in range(2):
            self.env["sms.consent"]._rebuild_all()
            self.assertState("opted_out")


class TestScreens(YesCase):
    """What screens show and offer for a number that has opted out."""

    def test_nothing_is_offered_that_cannot_work(self):
        for record in (self.ticket, self.customer):
            record = record.with_user(self.agent)
            self.assertEqual(record.sms_consent_state, "opted_out")
            self.assertTrue(record.sms_is_bound)
            told = record.get_sms_consent_details()
            self.assertFalse(told["button"])
            self.assertRegex(told["advice"], "Only they can undo it: by texting START")
        self.receive("START")
        self.assertFalse(self.ticket.sms_is_bound)

    def test_a_second_no_that_an_agent_was_told(self):
        """By itself it would not be binding, and no START undoes it."""
        self.record_consent(event="revoked", method="phone")
        self.assertTrue(self.ticket.sms_is_bound)
        told = self.ticket.get_sms_consent_details()
        self.assertFalse(told["button"])
        self.assertIn("Only they can undo it: on their preference", told["advice"])
        self.receive("START")
        self.assertTrue(self.ticket.sms_is_bound)

    def test_the_composer(self):
        composer = self.env["sms.composer"].with_user(self.agent)
        composer = composer.with_context(
            default_res_model="helpdesk.ticket", default_res_id=self.ticket.id
        ).create({"body": "Hello"})
        self.assertRegex(composer.sms_block_reason, "Opted out on .*texting START")
        self.assertTrue(composer.is_bound)

    def test_the_composer_of_who_may_not_see_consents(self):
        """They see that it is blocked, not when and how the person opted out."""
        composer = self.env["sms.composer"].with_user(self.employee)
        composer = composer.with_context(
            default_res_model="res.partner", default_res_id=self.customer.id
        ).create({"body": "Hello"})
        self.assertTrue(composer.sms_block_reason)
        self.assertNotRegex(composer.sms_block_reason, "START|20[0-9]{2}")

    def test_the_number_offers_to_record_an_opt_out(self):
        answer = self.env["sms.consent"].search([("number", "=", self.number)], limit=1)
        action = answer.with_user(self.agent).action_record_sms_consent()
        self.assertEqual(action["context"]["default_decision"], "revoked")

    def test_the_officers_view_says_opted_out(self):
        answers = self.env["sms.consent"].with_user(self.compliance_officer)
        found = answers.search([("number", "=", self.number)])
        self.assertEqual(set(found.mapped("state")), {"opted_out"})
        self.assertEqual(len(found), 2)
        domain = [("number", "=", self.number), ("state", "=", "opted_in")]
        self.assertFalse(answers.search(domain))
        [group] = answers._read_group(
            [("number", "=", self.number)], ["state"], ["__count"]
        )
        self.assertEqual(group, ("opted_out", 2))
        self.receive("START")
        ticket = found.filtered("purpose_id")
        self.assertEqual(ticket.state, "opted_in")
        self.assertEqual(ticket.method, "paper")

    def test_the_story_and_the_certificate(self):
        self.record_consent(method="phone")
        self.receive("START")
        answer = self.env["sms.consent"].search(
            [("number", "=", self.number), ("purpose_id", "!=", False)]
        )
        answer = answer.with_user(self.compliance_officer)
        details = [
            detail
            for day in answer.get_story()["days"]
            for entry in day["entries"]
            for detail in entry["details"]
        ]
        self.assertTrue(any(text.startswith("It did not count:") for text in details))
        self.assertTrue(any("brought the number back" in text for text in details))
        source = self.env["sms.evidence"].with_user(self.compliance_officer)
        facts = source._gather(self.company, [self.number])
        report = self.env["report.helpdesk_mgmt_sms.sms_certificate"]
        report = report.with_user(self.compliance_officer)
        effects = [entry["effect"] for entry in report._get_story(facts["events"], [])]
        said = [effect for effect in effects if effect]
        self.assertRegex(said[0], r"^Did not count: they had opted out on .* \(Text")
        self.assertRegex(said[1], "^Brought back on .* by the person's own text START;")


class TestProofs(SmsCase):
    """Purposes accept certain proofs; offers accept no spoken consent."""

    def test_offers_need_writing(self):
        offers = self.purposes("marketing")
        for method in ("phone", "in_person"):
            with self.subTest(method=method):
                with self.assertRaisesRegex(UserError, "64.1200.*Web Form"):
                    self.record_consent(None, "marketing", method=method)
                with self.assertRaisesRegex(UserError, "64.1200"):
                    self.env["sms.consent.event"]._record_many(
                        self.company,
                        [Statement(self.number, "granted", method, offers)],
                    )
        for method in ("web", "paper", "keyword", "written"):
            self.assertTrue(self.record_consent(None, "marketing", method=method))
        self.assertTrue(self.record_consent(None, "ticket", method="phone"))

    def test_internal_texts_are_offered_for_colleagues_alone(self):
        """However their number is written."""
        self.agent.partner_id.write(
            {"phone": phone_number(7), "country_id": self.country.id}
        )
        wizard = self.env["sms.consent.record"].with_user(self.agent)
        form = Form(wizard.with_context(default_company_id=self.company.id))
        internal = self.purposes("internal")
        for number, is_offered in (
            (self.number, False),
            (phone_number(7), True),
            ("(303) 555-0107", True),
        ):
            form.number = number
            with self.subTest(number):
                self.assertEqual(internal in form.offered_purpose_ids[:], is_offered)

    def test_the_agents_form(self):
        wizard = self.env["sms.consent.record"].with_user(self.agent)
        form = Form(wizard.with_context(default_company_id=self.company.id))
        form.number = self.number
        form.method = "phone"
        self.assertNotIn(self.purposes("marketing"), form.offered_purpose_ids[:])
        form.method = "written"
        self.assertIn(self.purposes("marketing"), form.offered_purpose_ids[:])
        form.purpose_ids.add(self.purposes("marketing"))
        form.method = "in_person"
        self.assertIn("64.1200", form.problem)
        with self.assertRaisesRegex(UserError, "64.1200"):
            form.save().action_record()

    def test_what_was_recorded_before_does_not_count(self):
        offers = self.purposes("marketing")
        reason = {"relaxation_reason": "Before the upgrade"}
        offers.write({"accepts_spoken": True, **reason})
        law = self.env.ref("helpdesk_mgmt_sms.sms_consent_law_us")
        law.write({"is_written": False, **reason})
        self.record_consent(None, "marketing", method="phone")
        self.customer._message_sms("Offer", put_in_queue=True)
        self.assertSent(self.messages_to()[-1], "marketing")
        law.is_written = True
        self.customer._message_sms("Offer", put_in_queue=True)
        self.assertBlocked(self.messages_to()[-1], "marketing", "no_proof")
        offers.accepts_spoken = False
        self.customer._message_sms("Offer", put_in_queue=True)
        self.assertBlocked(self.messages_to()[-1], "marketing", "no_proof")
        answers = self.env["sms.consent"].search(
            [
                ("purpose_id.accepts_spoken", "=", False),
                ("method", "in", ("in_person", "phone")),
            ]
        )
        self.assertEqual(answers.number, self.number)
        self.receive("STOP")
        self.receive("START")
        self.customer._message_sms("Offer", put_in_queue=True)
        self.assertBlocked(self.messages_to()[-1], "marketing", "no_proof")
        unproven = self.env["sms.consent"]._find_unproven(self.company, self.number)
        self.assertEqual(unproven, offers, "it can be given anew")
        script = SCRIPTS / "19.0.1.4.0/post-spoken-consents.py"
        with self.assertLogs(level="WARNING") as logs:
            runpy.run_path(str(script))["migrate"](self.cr, "19.0.1.3.0")
        self.assertIn("1 consents were only said", logs.output[0])

    def test_a_new_purpose_and_a_reason(self):
        offers = self.purposes("marketing").with_user(self.administrator)
        with self.assertRaisesRegex(UserError, "Reason for Relaxing"):
            offers.accepts_spoken = True
        new = self.env["sms.purpose"].create({"name": "Surveys", "code": "survey"})
        self.assertFalse(new.accepts_spoken)
        self.assertTrue(new.accepts_web)
        self.assertTrue(self.purposes("ticket").accepts_spoken)

    def test_a_joining_word_for_what_accepts_no_text(self):
        word = self.env["sms.keyword"].search([("word", "=", "SUPPORT")], limit=1)
        word.purpose_ids.accepts_text = False
        inbound = self.receive("SUPPORT")
        self.assertEqual(inbound.kind, "conversation")


class TestOutdated(YesCase):
    """The agent's form refuses a consent of before the number changed hands."""

    def setUp(self):
        super().setUp()
        self.gone_at = self.now - timedelta(days=5)
        self.before = {"purposes": ("ticket",), "method": "phone"}
        self.before["happened_at"] = self.gone_at - timedelta(days=400)

    def hand_over(self, number, method="reassigned"):
        """Record an old consent, and that the number has another holder since."""
        self.record_consent(number, happened_at=self.now - timedelta(days=900))
        self.record_consent(
            number, event="expired", method=method, happened_at=self.gone_at
        )

    def test_another_holder(self):
        for index, method in enumerate(("reassigned", "carrier", "keyword")):
            number = phone_number(320 + index)
            self.hand_over(number, method)
            for code in ("ticket", "alert"):
                values = {**self.before, "number": number, "purposes": (code,)}
                with self.subTest(method=method, code=code):
                    form = self.open_form(**values)
                    self.assertIn("another holder since", form.problem)
                    with self.assertRaisesRegex(UserError, "Only a new consent counts"):
                        form.save().action_record()
                    form.happened_at = self.gone_at
                    self.assertIn("another holder since", form.problem)
                    form.happened_at = self.gone_at + timedelta(seconds=1)
                    self.assertFalse(form.problem)
            self.enter(number=number, method="phone")
            found = self.env["sms.consent"]._get_found(self.company, number)
            self.assertEqual(found[self.purposes("ticket").id].state, "opted_in")

    def test_other_ends_and_companies(self):
        for index, method in enumerate(("time", "erasure")):
            number = phone_number(330 + index)
            self.hand_over(number, method)
            with self.subTest(method=method):
                self.assertFalse(self.open_form(number=number, **self.before).problem)
        number, other = phone_number(332), self.make_company("Other")
        self.hand_over(number)
        consents = self.env["sms.consent"]
        number_hash = self.env["sms.consent.key"]._hash([number])[number]
        self.assertTrue(consents._find_handovers(self.company, [number_hash]))
        self.assertFalse(consents._find_handovers(other, [number_hash]))

    def test_after_a_wrong_number_and_the_strangers_start(self):
        number = phone_number(333)
        self.record_consent(number, happened_at=self.now - timedelta(days=900))
        self.receive("wrong number", number)
        self.receive("START", number)
        with self.assertRaisesRegex(UserError, "another holder since"):
            self.enter(number=number, **self.before)

    def test_an_opt_out_counts_all_the_same(self):
        number = phone_number(334)
        self.hand_over(number)
        self.enter(number=number, decision="revoked", **self.before)
        found = self.env["sms.consent"]._get_found(self.company, number)
        self.assertEqual(found[self.purposes("ticket").id].state, "opted_out")

    def test_what_the_nightly_job_would_end(self):
        self.company.sms_consent_months = 12
        values = {**self.before, "number": phone_number(335)}
        form = self.open_form(**values)
        self.assertRegex(form.problem, "12 months.*Only a new consent counts")
        with self.assertRaisesRegex(UserError, "12 months"):
            form.save().action_record()
        form.happened_at = self.now - timedelta(days=300)
        self.assertFalse(form.problem)
        self.company.sms_consent_months = 24
        self.enter(**values)


class TestOtherSystems(ApiCase):
    """Over HTTP, with the key of an agent."""

    def test_another_system(self):
        self.receive("STOP")
        now = fields.Datetime.now().isoformat() + "Z"
        for how in ("web", "phone", "paper", "text"):
            self.refuse("Only they can undo it", how=how, happened_at=now)
        state = self.call("get_state", number=self.number).json()
        self.assertEqual(state["state"], "opted_out")
        self.assertEqual(state["purposes"]["ticket"]["state"], "opted_out")

    def test_its_own_opt_out_binds_it(self):
        self.call("record_opt_out", number=self.number, message_ref="no")
        now = fields.Datetime.now().isoformat() + "Z"
        self.refuse("Only they can undo it", happened_at=now, message_ref="yes")

    def test_offers_that_were_only_spoken_of(self):
        for how in ("phone", "in_person"):
            self.refuse("64.1200", how=how, purposes=["ticket", "marketing"])
        told = self.record(purposes=["marketing"], how="web")
        self.assertEqual(told["purposes"]["marketing"]["state"], "opted_in")
        self.assertEqual(CONSENT["how"], "web")

    def test_of_tomorrow(self):
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        self.refuse("future", happened_at=tomorrow.isoformat() + "Z")

    def test_another_holder(self):
        self.record_consent(happened_at=datetime(2026, 3, 1))
        self.record_consent(
            event="expired", method="reassigned", happened_at=datetime(2026, 5, 4)
        )
        for code in ("ticket", "alert"):
            self.refuse("another holder since .* ask the person", purposes=[code])
        told = self.record(happened_at="2026-05-05T09:00:00Z")
        self.assertEqual(told["state"], "opted_in")

    def test_what_the_nightly_job_would_end(self):
        self.company.sms_consent_months = 240
        self.refuse("240 months.*ask the person", happened_at="2001-03-02T09:00:00Z")
        self.assertEqual(self.record()["state"], "opted_in")


class TestLists(ImportCase):
    """The rows of a list."""

    def test_a_list(self):
        self.receive("STOP")
        now = f"{fields.Datetime.now():%Y-%m-%d %H:%M:%S}"
        job = self.run_job([make_row(0, Date=now), make_row(1)])
        self.assertEqual(self.faults(job), {2: "opted_out"})
        self.assertEqual(self.ticket.sms_consent_state, "opted_out")

    def test_another_holder(self):
        rows = []
        for index, method in enumerate(("reassigned", "carrier", "keyword")):
            number = phone_number(index)
            self.record_consent(number, happened_at=datetime(2026, 3, 1))
            self.record_consent(
                number, event="expired", method=method, happened_at=datetime(2026, 5, 4)
            )
            rows += [make_row(index), make_row(index, Date="2026-05-05")]
        job = self.run_job(rows)
        self.assertEqual(self.faults(job), dict.fromkeys((2, 4, 6), "outdated"))
        self.assertIn("another holder since", job.row_ids[0].detail)
        self.assertCounts(job, 3, 3)

    def test_what_the_nightly_job_would_end(self):
        self.company.sms_consent_months = 240
        job = self.run_job([make_row(0, Date="2001-03-02"), make_row(1)])
        self.assertEqual(self.faults(job), {2: "outdated"})
        self.assertIn("240 months", job.row_ids.detail)

    def test_offers(self):
        rows = [
            make_row(0, Method="Phone call"),
            make_row(1, Method="Web form"),
            make_row(2, Method="Fair in Denver"),
        ]
        offers = [(6, 0, self.purposes("marketing").ids)]
        job = self.run_job(rows, purpose_ids=offers)
        self.assertEqual(self.faults(job), {2: "no_proof", 4: "no_proof"})
        tickets = self.run_job([make_row(3, Method="Fair in Denver")])
        self.assertCounts(tickets, 1)
