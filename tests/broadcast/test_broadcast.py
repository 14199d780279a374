# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Broadcasts: recipients, outcome, permissions, approval and control."""

from datetime import datetime, timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ...models.broadcast import sms_broadcast_job
from ..clock import freeze_time
from ..common import OtherOrder, phone_number
from .common import SILENT, BroadcastCase

#: Three o'clock at night in Denver.
NIGHT = datetime(2026, 7, 1, 9)


@tagged("post_install", "-at_install")
class TestWhom(BroadcastCase):
    """Which contacts an area includes."""

    def assertMeans(self, expected, **values):
        area = self.env["sms.area"].create({"name": "Somewhere", **values})
        found = self.env["res.partner"].search(area._get_contact_domain())
        ours = self.agreed | self.stopped | self.silent | self.no_number | self.twin
        self.assertEqual(found & (ours | self.far), expected)
        self.assertEqual(area.contact_count, len(found))

    def test_places(self):
        locals_ = self.agreed | self.stopped | self.silent | self.no_number | self.twin
        for values in (
            {"cities": "denver"},
            {"zips": "80202"},
            {"zips": "802*"},
            {"zips": "80100-80299"},
            {"state_ids": [(6, 0, self.colorado.ids)]},
        ):
            with self.subTest(**values):
                self.assertMeans(locals_, **values)
        self.assertMeans(locals_ | self.far, cities="Boston", zips="80202")
        self.assertMeans(self.env["res.partner"], zips="80203, 81*")
        self.assertMeans(self.env["res.partner"], cities="Den%, D_nver")
        self.assertMeans(self.env["res.partner"], cities=" , ")

    def test_what_narrows_it_down(self):
        tag = self.env["res.partner.category"].create({"name": "VPN"})
        self.silent.category_id = tag
        self.far.category_id = tag
        tags = {"category_ids": [(6, 0, tag.ids)]}
        self.assertMeans(self.silent | self.far, **tags)
        self.assertMeans(self.silent, cities="Denver", **tags)
        firm = self.env["res.partner"].create({"name": "Firm", "is_company": True})
        self.stopped.parent_id = firm
        self.assertMeans(self.stopped, company_partner_ids=[(6, 0, firm.ids)])
        self.make_ticket(self.far, team_id=self.team.id)
        self.assertMeans(self.far, team_ids=[(6, 0, self.team.ids)])

    def test_what_is_archived_still_narrows_it_down(self):
        """Otherwise everybody in the place would be texted."""
        tag = self.env["res.partner.category"].create({"name": "VPN"})
        self.silent.category_id = tag
        area = {"cities": "Denver", "category_ids": [(6, 0, tag.ids)]}
        tag.active = False
        self.assertMeans(self.silent, **area)
        self.make_ticket(self.stopped, team_id=self.team.id)
        self.team.active = False
        area = {"cities": "Denver", "team_ids": [(6, 0, self.team.ids)]}
        self.assertMeans(self.stopped, **area)

    def test_what_narrows_it_down_cannot_be_deleted(self):
        tag = self.env["res.partner.category"].create({"name": "VPN"})
        firm = self.env["res.partner"].create({"name": "Firm", "is_company": True})
        team = self.env["helpdesk.ticket.team"].create({"name": "VPN"})
        for name, record in (
            ("category_ids", tag),
            ("company_partner_ids", firm),
            ("team_ids", team),
        ):
            values = {"name": name, "cities": "Denver", name: [(6, 0, record.ids)]}
            self.env["sms.area"].create(values)
            self.env.flush_all()
            with (
                self.subTest(name),
                self.assertRaises(IntegrityError),
                mute_logger("odoo.sql_db"),
                self.cr.savepoint(),
            ):
                record.unlink()

    def test_companies_that_are_merged(self):
        partners = self.env["res.partner"]
        firm, twin, other = (
            partners.create({"name": name, "is_company": True})
            for name in ("Firm", "Firm, Inc.", "Other")
        )
        both, one, none = (
            self.env["sms.area"].create(
                {"name": "Firm", "company_partner_ids": [(6, 0, firms.ids)]}
            )
            for firms in (firm | twin | other, twin, other)
        )
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((firm | twin).ids, firm)
        self.env.invalidate_all()
        self.assertFalse(twin.exists())
        self.assertEqual(both.company_partner_ids, firm | other)
        self.assertEqual(one.company_partner_ids, firm)
        self.assertEqual(none.company_partner_ids, other)

    def test_nonsense_is_refused(self):
        for values, words in (
            ({}, "Say who belongs"),
            ({"zips": "80202, nowhere!"}, "NOWHERE!"),
        ):
            refused = self.assertRaisesRegex(ValidationError, words)
            with self.subTest(**values), refused:
                self.env["sms.area"].create({"name": "Somewhere", **values})


@tagged("post_install", "-at_install")
class TestCheck(BroadcastCase):
    """The check says for each contact whether they get it, and sends nothing."""

    def test_a_copy_is_in_the_language_of_the_original(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        copy = self.make(body="Outage.").with_context(lang="fr_FR").copy()
        self.assertEqual(copy.body, "Outage.")
        self.assertEqual(copy._get_told_langs(), {"en_US"})

    def test_a_correction_is_for_all_who_read_the_text(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        french = self.make(body="Outage.").with_context(lang="fr_FR")
        french = french.copy({"body": "Panne à Dever."})
        french.body = "Panne à Denver."
        english = french.with_context(lang="en_US")
        self.assertEqual(english.body, "Panne à Denver.")
        self.assertEqual(french._get_told_langs(), {"fr_FR"})
        english.body = "Outage in Denver."
        french.body = "Panne."
        self.assertEqual(english.body, "Outage in Denver.")

    def test_the_form(self):
        form = Form(self.env["sms.broadcast"].with_user(self.manager))
        form.name = "Outage"
        form.area_ids.add(self.area)
        broadcast = form.save()
        self.assertFalse(broadcast.sample_html)
        self.check(broadcast)
        with Form(broadcast) as form:
            form.name = "Outage of today"
            self.assertIn("Denver", form.sample_html)

    def test_who_gets_it_and_who_not(self):
        broadcast = self.make()
        self.check(broadcast)
        self.assertEqual(
            self.outcomes(broadcast),
            {
                **{partner: ("will", "consent") for partner in self.agreed},
                self.stopped: ("blocked", "opted_out"),
                self.silent: ("blocked", "no_consent"),
                self.no_number: ("no_number", False),
                self.twin: ("duplicate", False),
            },
        )
        self.assertEqual(broadcast.reached_count, 3)
        self.assertEqual(broadcast.concerned_count, 7)
        self.assertFalse(self.texts(broadcast))

    def test_the_numbers_are_said(self):
        broadcast = self.make()
        self.check(broadcast)
        self.assertIn("3 will get it, 4 will not.", broadcast.check_html)
        self.assertIn(">3</td><td>Gets it", broadcast.check_html)
        self.set_price(0.01)
        self.env["sms.sender"].search([]).rate = 0.02
        # One of the second carrier, which is only used when the first one refuses.
        backup = {"company_id": self.company.id, "provider": "telnyx", "rate": 10}
        number = {"address": phone_number(900), "kind": "long_code"}
        self.env["sms.sender"].create({**backup, **number})
        broadcast.invalidate_recordset()
        segments, cost, speed = broadcast.estimate.split(" · ")
        self.assertEqual(segments, "About 6 segments")
        self.assertEqual(cost.replace("\N{NO-BREAK SPACE}", ""), "$0.06")
        self.assertEqual(speed, "5 minutes at your senders' speed")
        self.assertIn("No consent", broadcast.check_html)
        self.assertIn("No number", broadcast.check_html)

    def test_people_whose_price_is_not_known_are_said(self):
        broadcast = self.make()
        self.check(broadcast)
        self.assertNotIn("price", broadcast.estimate)
        self.set_price(0.01, prefix=self.agreed[0].phone_sanitized)
        broadcast.invalidate_recordset()
        _count, cost, unknown = broadcast.estimate.split(" · ")[:3]
        self.assertIn("0.02", cost)
        self.assertEqual(unknown, "segments without a price: 4")

    def test_a_sample_in_each_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.agreed[2].lang = "fr_FR"
        self.area.with_context(lang="fr_FR").name = "de Denver"
        broadcast = self.make(body="Hi {customer}, {area}")
        broadcast.with_context(lang="fr_FR").body = "Bonjour {customer}, {area}"
        self.check(broadcast)
        texts = [sample.text for sample in broadcast._get_samples()]
        self.assertEqual(len(texts), 2)
        self.assertTrue(any(text.startswith("Bonjour Agreed 312") for text in texts))
        self.assertTrue(any(text.startswith("Hi Agreed 310, Denver") for text in texts))
        self.assertIn("Bonjour", broadcast.sample_html)

    def test_two_areas_mean_everybody_once(self):
        both = self.area.copy({"name": "Colorado", "cities": "Denver, Boston"})
        broadcast = self.make(area_ids=[(6, 0, (self.area | both).ids)])
        self.check(broadcast)
        self.assertEqual(broadcast.concerned_count, 8)
        rows = broadcast.recipient_ids
        self.assertEqual(
            rows.filtered(lambda r: r.partner_id == self.far).area_id, both
        )

    def test_a_number_that_a_login_has_only_typed_is_its_owners(self):
        """Otherwise a stranger keeps its owner from being told."""
        thief, owner = self.agreed[0], self.twin
        self.env["sms.number.claim"]._note(self.company, thief, thief.phone)
        broadcast = self.make()
        self.check(broadcast)
        self.assertEqual(self.outcomes(broadcast)[owner], ("will", "consent"))
        self.assertEqual(self.outcomes(broadcast)[thief][0], "duplicate")

    def test_a_change_must_be_checked_again(self):
        broadcast = self.make()
        self.check(broadcast)
        broadcast.body = "Something else in {area}"
        self.assertEqual(broadcast.state, "draft")
        with self.assertRaises(UserError):
            broadcast.action_send()

    def test_a_new_consent_counts_when_it_is_checked_again(self):
        broadcast = self.make()
        self.check(broadcast)
        self.record_consent(SILENT, "alert")
        self.check(broadcast)
        self.assertEqual(broadcast.reached_count, 4)

    def test_nobody_reaches_contacts_of_another_company(self):
        other = self.make_company("Other")
        self.agreed[0].company_id = other
        broadcast = self.make()
        self.check(broadcast)
        self.assertNotIn(self.agreed[0], self.outcomes(broadcast))

    def test_the_queries_do_not_grow(self):
        def check(count):
            partners = self.env["res.partner"].create(
                [
                    {"name": f"P{n}", "city": f"C{count}", "phone": f"+1720555{n:04}"}
                    for n in range(count)
                ]
            )
            area = self.env["sms.area"].create({"name": "C", "cities": f"C{count}"})
            broadcast = self.make(area_ids=[(6, 0, area.ids)]).sudo()
            broadcast.action_check()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            broadcast._work_off()
            self.env.flush_all()
            self.assertEqual(broadcast.concerned_count, len(partners))
            return self.env.cr.sql_log_count - before

        check(5)
        self.assertLessEqual(check(200), check(20) + 2)


@tagged("post_install", "-at_install")
class TestSending(BroadcastCase):
    """It reaches those who may get it, and nobody twice."""

    def test_to_the_end(self):
        broadcast = self.make(body="[System Alert] {customer}: outage in {area}.")
        self.send(broadcast)
        self.assertEqual(broadcast.state, "sent")
        texts = self.texts(broadcast)
        self.assertEqual(texts.partner_id, self.agreed)
        self.assertEqual(set(texts.mapped("purpose_id.code")), {"alert"})
        body = texts.filtered(lambda sms: sms.partner_id == self.agreed[1]).body
        self.assertEqual(
            body, f"[System Alert] Agreed 311: outage in Denver.\n{self.footer}"
        )
        self.run_outbox()
        self.assertEqual(set(texts.mapped("state")), {"sent"})
        self.assertIn("3 delivered", broadcast.progress_html)
        self.assertFalse(broadcast.is_live)

    def test_in_batches(self):
        with patch.object(sms_broadcast_job, "BATCH_SIZE", 2):
            self.send(self.make())
        for partner in self.agreed:
            self.assertEqual(len(self.messages_to(partner.phone)), 1)

    def test_a_job_that_was_interrupted_goes_on(self):
        broadcast = self.make()
        self.check(broadcast)
        broadcast.action_send()
        with patch.object(sms_broadcast_job, "BATCH_SIZE", 2):
            broadcast.sudo()._work_off()
        self.assertEqual(len(self.texts(broadcast)), 2)
        self.work()
        self.assertEqual(self.texts(broadcast).partner_id, self.agreed)
        self.assertEqual(len(self.texts(broadcast)), 3)

    def test_an_urgent_text_is_sent_between_two_batches(self):
        broadcast = self.make()
        self.check(broadcast)
        broadcast.action_send()
        urgent = self.env["sms.sms"].create(
            {
                "number": self.agreed[0].phone,
                "body": "On my way",
                "purpose_id": self.purposes("alert").id,
            }
        )
        urgent.priority = 0
        self.is_only_worker = True
        with patch.object(sms_broadcast_job, "BATCH_SIZE", 2):
            self.work()
            self.assertEqual(len(self.texts(broadcast)), 2)
            self.run_outbox()
            self.assertEqual(urgent.state, "sent")
            self.work()
        self.assertEqual(self.texts(broadcast).partner_id, self.agreed)

    def test_one_that_cannot_go_on_keeps_no_other_waiting(self):
        faulty, sound = self.make(), self.make(name="Sound")
        self.check(faulty)
        self.check(sound)
        for broadcast in (faulty, sound):
            broadcast.action_send()
        queue = type(faulty)._queue

        def fail_for_one(broadcast, batch):
            if broadcast == faulty:
                raise KeyError("area")
            return queue(broadcast, batch)

        with (
            patch.object(type(faulty), "_queue", fail_for_one),
            mute_logger("odoo.addons.helpdesk_mgmt_sms.models.core.batch_jobs"),
        ):
            self.work()
        self.assertEqual((faulty.state, sound.state), ("paused", "sent"))
        self.assertIn(
            "stopped by a server error", "".join(faulty.message_ids.mapped("body"))
        )
        faulty.action_resume()
        self.work()
        self.assertEqual(self.texts(faulty).partner_id, self.agreed)

    def test_what_was_cancelled_before_its_fault_was_seen_stays_so(self):
        broadcast = self.make()
        self.check(broadcast)
        broadcast.action_send()
        broadcast.action_cancel()
        broadcast.sudo()._stop_for_fault()
        self.assertEqual(broadcast.state, "cancelled")
        self.assertTrue(broadcast.finished_at)

    def test_a_stop_after_the_check(self):
        broadcast = self.make()
        self.check(broadcast)
        self.receive("STOP", self.agreed[0].phone)
        broadcast.action_send()
        self.work()
        [text] = self.texts(broadcast).filtered(
            lambda s: s.partner_id == self.agreed[0]
        )
        self.assertEqual((text.state, text.gate_reason), ("canceled", "opted_out"))
        self.assertIn("1 blocked", broadcast.progress_html)

    def test_a_stop_while_it_waits(self):
        broadcast = self.make()
        self.send(broadcast)
        self.receive("STOP", self.agreed[0].phone)
        self.run_outbox()
        states = dict(
            zip(
                self.texts(broadcast).mapped("number"),
                self.texts(broadcast).mapped("state"),
                strict=True,
            )
        )
        self.assertEqual(states[self.agreed[0].phone], "canceled")
        self.assertEqual(states[self.agreed[1].phone], "sent")

    def test_nobody_gets_nothing(self):
        for number in self.agreed.mapped("phone"):
            self.receive("STOP", number)
        broadcast = self.make()
        self.check(broadcast)
        with self.assertRaisesRegex(UserError, "Nobody would get it"):
            broadcast.action_send()

    def test_without_an_area(self):
        with self.assertRaisesRegex(UserError, "Choose the areas"):
            self.make(area_ids=False).action_check()

    def test_a_blank_that_nothing_fills(self):
        with self.assertRaisesRegex(ValidationError, "{number} is not a placeholder"):
            self.make(body="Ticket {number}")

    def test_what_was_sent_stays_as_it_was(self):
        broadcast = self.make()
        self.send(broadcast)
        with self.assertRaises(UserError):
            broadcast.body = "Something else"
        with self.assertRaises(UserError):
            broadcast.unlink()

    def test_a_name_cannot_smuggle_a_blank_or_a_template(self):
        self.agreed[0].name = "{area} {{ object.company_id.sms_twilio_auth_token }}"
        broadcast = self.make(body="Hi {customer}")
        self.send(broadcast)
        text = self.messages_to(self.agreed[0].phone)
        # Truncated like every name, otherwise unchanged.
        self.assertIn(f"Hi {self.agreed[0].name[:40]}", text.body)


@tagged("post_install", "-at_install")
class TestHours(BroadcastCase):
    """An emergency leaves at any hour, its reason on record; everything else waits."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {
                "sms_courtesy_days": "all",
                "sms_courtesy_from": 8,
                "sms_courtesy_to": 20,
            }
        )

    @freeze_time(NIGHT)
    def test_an_emergency(self):
        broadcast = self.make()
        self.send(broadcast)
        self.assertEqual(set(self.texts(broadcast).mapped("gate_verdict")), {"send"})
        self.assertTrue(broadcast.emergency_reason)

    @freeze_time(NIGHT)
    def test_all_else_waits(self):
        broadcast = self.make(is_emergency=False)
        self.check(broadcast)
        self.assertEqual(self.outcomes(broadcast)[self.agreed[0]][0], "held")
        broadcast.action_send()
        self.work()
        texts = self.texts(broadcast)
        self.assertEqual(set(texts.mapped("gate_verdict")), {"hold"})
        self.assertTrue(all(t.not_before >= datetime(2026, 7, 1, 14) for t in texts))
        self.run_outbox()
        self.assertEqual(set(texts.mapped("state")), {"outgoing"})

    def test_an_emergency_without_a_reason(self):
        with self.assertRaisesRegex(ValidationError, "Enter why"):
            self.make(emergency_reason=" ")


@tagged("post_install", "-at_install")
class TestControl(BroadcastCase):
    """Approve, pause, resume and cancel."""

    def test_above_a_size_a_second_manager_approves(self):
        self.company.sms_approve_from = 2
        colleague = new_test_user(
            self.env, "sms-colleague", "helpdesk_mgmt.group_helpdesk_manager"
        )
        broadcast = self.make()
        self.check(broadcast)
        self.assertTrue(broadcast.needs_approval)
        broadcast.action_send()
        self.work()
        self.assertEqual(broadcast.state, "waiting")
        self.assertFalse(self.texts(broadcast))
        with self.assertRaisesRegex(AccessError, "another manager"):
            broadcast.action_approve()
        broadcast.with_user(colleague).action_approve()
        self.work()
        self.assertEqual(broadcast.approver_id, colleague)
        self.assertEqual(len(self.texts(broadcast)), 3)

    def test_at_the_size_none_is_needed(self):
        self.company.sms_approve_from = 3
        broadcast = self.make()
        self.send(broadcast)
        self.assertEqual(broadcast.state, "sent")

    def test_what_was_changed_after_the_approval_was_asked_for(self):
        self.company.sms_approve_from = 2
        broadcast = self.make()
        self.check(broadcast)
        broadcast.action_send()
        broadcast.body = "Buy in {area}"
        self.assertEqual(broadcast.state, "draft")

    def test_a_translation_is_a_change_of_the_text(self):
        """Otherwise one text would be approved, and another one sent."""
        self.company.sms_approve_from = 2
        self.env["res.lang"]._activate_lang("fr_FR")
        broadcast = self.make()
        self.check(broadcast)
        broadcast.action_send()
        with self.assertRaises(ValidationError):
            broadcast.update_field_translations("body", {"fr_FR": "{town}"})
        self.assertEqual(broadcast.state, "waiting")
        broadcast.update_field_translations("body", {"fr_FR": "Une panne"})
        self.assertEqual(broadcast.state, "draft")
        self.company.sms_approve_from = 0
        self.send(broadcast)
        with self.assertRaisesRegex(UserError, "has been sent"):
            broadcast.update_field_translations("body", {"en_US": "Buy"})

    def test_pause_and_go_on(self):
        broadcast = self.make()
        self.send(broadcast)
        broadcast.action_pause()
        texts = self.texts(broadcast)
        self.run_outbox()
        self.assertEqual(set(texts.mapped("state")), {"outgoing"})
        self.assertEqual(
            set(texts.mapped("shown_label")), {"Held: its broadcast is paused"}
        )
        self.receive("STOP", self.agreed[0].phone)
        broadcast.action_resume()
        self.assertEqual(set(texts.mapped("shown_label")), {"Waiting"})
        self.work()
        self.run_outbox()
        self.assertEqual(sorted(texts.mapped("state")), ["canceled", "sent", "sent"])
        self.assertEqual(broadcast.state, "sent")

    def test_a_pause_in_the_middle_of_queueing(self):
        broadcast = self.make()
        self.check(broadcast)
        broadcast.action_send()
        with patch.object(sms_broadcast_job, "BATCH_SIZE", 2):
            broadcast.sudo()._work_off()
        broadcast.action_pause()
        self.work()
        self.assertEqual(len(self.texts(broadcast)), 2)
        self.assertIn("3 waiting", broadcast.progress_html)
        broadcast.action_resume()
        self.work()
        self.assertEqual(len(self.texts(broadcast)), 3)

    def test_a_button_that_was_faster_than_the_job(self):
        """The job's transaction conflicts with the button's, and is then retried."""
        for button, state in (
            ("action_pause", "paused"),
            ("action_cancel", "cancelled"),
        ):
            broadcast = self.make()
            self.check(broadcast)
            broadcast.action_send()
            getattr(broadcast, button)()
            done = broadcast.sudo()._work_off()
            with self.subTest(button):
                self.assertEqual((done, broadcast.state), (0, state))
                self.assertFalse(self.texts(broadcast))

    def test_what_comes_back_from_the_carrier_stays_paused(self):
        broadcast = self.make()
        self.send(broadcast)
        texts = self.texts(broadcast)
        texts.state = "process"
        broadcast.action_pause()
        texts.state = "outgoing"
        self.run_outbox()
        self.assertEqual(set(texts.mapped("state")), {"outgoing"})

    def test_a_stop_of_something_else_does_not_free_a_paused_text(self):
        broadcast = self.make(is_emergency=False)
        self.send(broadcast)
        broadcast.action_pause()
        self.run_outbox()
        texts = self.texts(broadcast)
        texts._ask_gate()
        for text in texts:
            self.assertGateSays(text, "outgoing", "hold", "paused")
        self.assertGreater(min(texts.mapped("not_before")).year, 9000)

    def test_cancel(self):
        broadcast = self.make()
        self.send(broadcast)
        texts = self.texts(broadcast)
        texts[0].not_before += timedelta(days=1)
        broadcast.action_cancel()
        self.work()
        self.assertEqual(set(texts.mapped("state")), {"canceled"})
        for text in texts:
            self.assertGateSays(text, "canceled", "block", "cancelled")
            self.assertEqual(text.shown_label, "Cancelled")
            self.assertEqual(text.shown_reason, f"by {self.manager.name}")
            self.assertTrue(text.consent_event_id)
        self.assertEqual(texts.cancelled_by_id, self.manager)
        with self.assertRaises(UserError):
            broadcast.action_cancel()

    def test_a_button_that_comes_too_late(self):
        broadcast = self.make()
        for button in ("action_send", "action_approve", "action_pause"):
            with self.subTest(button), self.assertRaises(UserError):
                getattr(broadcast, button)()


@tagged("post_install", "-at_install")
class TestRights(BroadcastCase):
    """Managers send; agents may only read."""

    def test_an_agent_reads_and_sends_nothing(self):
        broadcast = self.make()
        self.check(broadcast)
        seen = broadcast.with_user(self.agent)
        self.assertTrue(seen.check_html)
        for button in ("action_check", "action_send", "action_cancel"):
            with self.subTest(button), self.assertRaises(AccessError):
                getattr(seen, button)()
        for values in ({"body": "Buy"}, {"is_emergency": False}, {"name": "x"}):
            with self.subTest(**values), self.assertRaises(AccessError):
                seen.write(values)
        with self.assertRaises(AccessError):
            self.make(user=self.agent)

    def test_nobody_approves_by_writing(self):
        for values in (
            {"state": "queueing"},
            {"approver_id": self.agent.id},
            {"user_id": self.agent.id},
            {"cancelled_by_id": self.agent.id},
        ):
            with self.subTest(**values), self.assertRaises(AccessError):
                self.make(**values)
            with self.subTest(**values), self.assertRaises(AccessError):
                self.make().write(values)

    def test_another_company(self):
        other = self.make_company("Other")
        self.manager.company_ids -= other
        with self.assertRaises(AccessError):
            self.make(company_id=other.id)

    def test_a_limit_below_none(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            self.company.sms_approve_from = -1
            self.company.flush_recordset()


@tagged("post_install", "-at_install")
class TestForgetting(BroadcastCase):
    """An erased person is no longer named; that somebody was texted stays on record."""

    def test_a_recipient(self):
        broadcast = self.make()
        self.send(broadcast)
        found = self.env["sms.broadcast.recipient"].sudo()
        found = found._find_personal(self.company, [self.agreed[0].phone])
        self.assertIn(self.agreed[0], found.partner_id)
        found._forget()
        self.assertFalse(found.partner_id)
        self.assertEqual(broadcast.concerned_count, 7)


class TestControlInOtherOrder(OtherOrder, TestControl):
    """The same with the rooms in another order."""
