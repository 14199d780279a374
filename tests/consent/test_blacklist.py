# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ...hooks import post_init_hook
from ...models.ledger.sms_consent_event import Statement
from ...tools import consent
from ..common import SmsCase, phone_number


class BlacklistCase(SmsCase):
    """Common base: uses Odoo's own blacklist."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # A number is listed only if it has opted out of all active companies.
        others = cls.env["res.company"].search([("id", "!=", cls.company.id)])
        others.active = False

    def put_on(self, *numbers, user=None):
        """Put numbers on the blacklist as Odoo does, and flush."""
        blacklist = self.env["phone.blacklist"].with_user(user or self.administrator)
        rows = blacklist.create(
            [{"number": number} for number in numbers or [self.number]]
        )
        self.cr.flush()
        return rows

    def is_listed(self, number=None):
        """Return whether a number is on the blacklist."""
        domain = [("number", "=", number or self.number)]
        return bool(self.env["phone.blacklist"].search_count(domain))

    def is_stopped(self, number=None, company=None):
        """Return whether a number is opted out of everything, by the ledger."""
        found = self.env["sms.consent"]._get_found(
            company or self.company, number or self.number
        )
        return consent.has_left(found)

    def events(self, number=None):
        """Return the ledger's events of a number in all companies, oldest first."""
        number = number or self.number
        return self.env["sms.consent.event"].search(
            [("number", "=", number)], order="id"
        )


@tagged("post_install", "-at_install")
class TestFromTheBlacklist(BlacklistCase):
    """A number on Odoo's blacklist has opted out."""

    def test_it_is_an_opt_out_from_everything(self):
        self.record_consent(None, "ticket", "marketing")
        row = self.put_on()
        event = self.events()[-1]
        self.assertEqual(
            (event.event, event.method, event.purpose_id.id, event.user_id),
            ("revoked", "blacklist", False, self.administrator),
        )
        self.assertEqual(event.note, "Put on the phone blacklist")
        self.assertEqual((event.res_model, event.res_id), ("phone.blacklist", row.id))
        self.assertEqual(self.ticket.sms_consent_state, "opted_out")
        self.ticket._message_sms("Hello")
        self.assertBlocked(self.messages_to(), "ticket", "opted_out")
        check = self.env["sms.consent.check"]._verify(self.company)
        self.assertEqual(check.state, "intact")

    def test_what_waits_is_cancelled(self):
        self.record_consent()
        self.ticket._message_sms("Hello")
        self.assertEqual(self.messages_to().state, "outgoing")
        self.put_on()
        self.assertBlocked(self.messages_to(), "ticket", "opted_out")

    def test_a_start_by_text_does_not_undo_it(self):
        """START undoes only opt-outs by text; a new consent of their own ends it."""
        self.record_consent()
        self.put_on()
        self.receive("START")
        self.assertTrue(self.is_stopped() and self.is_listed())
        self.record_consent(method="keyword")
        self.assertFalse(self.is_stopped() or self.is_listed())

    def test_it_says_nothing_twice(self):
        self.receive("STOP")
        self.assertTrue(self.is_listed())
        self.put_on()
        self.put_on()
        self.assertEqual(self.events().mapped("method"), ["keyword"])

    def test_every_way_onto_it(self):
        blacklist = self.env["phone.blacklist"].with_user(self.administrator)
        numbers = [phone_number(index) for index in range(1, 6)]
        partner = self.make_customer(numbers[0])
        partner._phone_set_blacklisted()
        blacklist.add(numbers[1], message="By hand")
        blacklist.load(["number"], [[numbers[2]]])
        again = blacklist.create({"number": numbers[3], "active": False})
        self.cr.flush()
        self.assertFalse(self.events(numbers[3]))
        again.active = True
        moved = blacklist.create({"number": "+13125550177", "active": True})
        moved.number = numbers[4]
        self.cr.flush()
        for number in numbers:
            with self.subTest(number=number):
                self.assertEqual(self.events(number).mapped("method"), ["blacklist"])
                self.assertTrue(self.is_stopped(number))
        self.assertFalse(self.is_stopped("+13125550177"))

    def test_who_is_taken_off_before_the_end_was_never_on_it(self):
        blacklist = self.env["phone.blacklist"].with_user(self.administrator)
        blacklist.add(self.number)
        blacklist.remove(self.number)
        self.cr.flush()
        self.assertFalse(self.is_listed() or self.events())

    def test_what_goes_back_to_a_savepoint_was_not_said(self):
        with self.assertRaises(ValueError), self.cr.savepoint():
            self.env["phone.blacklist"].create({"number": self.number})
            raise ValueError("never mind")
        self.cr.flush()
        self.assertFalse(self.is_listed() or self.events())

    def test_the_opt_out_page_of_mailings(self):
        """It adds to the list as the public user, with sudo."""
        public = self.env.ref("base.public_user")
        self.env["phone.blacklist"].with_user(public).sudo().add(self.number)
        self.cr.flush()
        self.assertEqual(self.events().user_id, public)
        self.assertTrue(self.is_stopped())

    def test_it_is_the_no_to_every_company(self):
        """The list has no company, and Odoo applies it to all."""
        other = self.make_company("Other")
        archived = self.make_company("Archived")
        archived.active = False
        self.put_on()
        for company in (self.company, other, archived):
            self.assertTrue(self.is_stopped(company=company))

    def test_it_is_the_no_to_companies_that_come_later(self):
        back = self.make_company("Back")
        self.record_consent(company=back)
        back.active = False
        self.put_on()
        back.active = True
        new = self.make_company("New", sms_consent_policy="opt_out")
        for company in (back, new):
            self.assertTrue(self.is_stopped(company=company))
            ticket = self.make_ticket(self.customer, company_id=company.id)
            ticket._message_sms("Hello")
        messages = self.messages_to()
        self.assertEqual(messages.record_company_id, back | new)
        for message in messages:
            self.assertBlocked(message, "ticket", "opted_out")

    def test_many_at_once_take_as_many_queries_as_few(self):
        def put_on(numbers):
            self.env["phone.blacklist"].browse(
                self.env["phone.blacklist"].create([{"number": n} for n in numbers]).ids
            )
            self.cr.precommit.data["phone.blacklist:sms"] = set(
                self.env["phone.blacklist"].search([("number", "in", numbers)]).ids
            )
            self.env.flush_all()
            before = self.cr.sql_log_count
            self.env["phone.blacklist"]._record_noted_sms_opt_outs()
            return self.cr.sql_log_count - before

        put_on([phone_number(400)])
        few = put_on([phone_number(index) for index in range(401, 411)])
        many = put_on([phone_number(index) for index in range(411, 611)])
        self.assertLessEqual(many, few + 3)

    def test_the_list_that_is_there_at_the_installation(self):
        self.cr.execute(
            """
            INSERT INTO phone_blacklist (number, active, create_date)
            VALUES (%s, TRUE, '2026-01-02'), (%s, FALSE, NOW()), ('soon', TRUE, NOW())
            """,
            [self.number, phone_number(1)],
        )
        self.env.invalidate_all()
        post_init_hook(self.env)
        event = self.events()
        self.assertEqual((event.event, event.method), ("revoked", "blacklist"))
        self.assertEqual(event.happened_at, datetime(2026, 1, 2))
        self.assertFalse(self.events(phone_number(1)))
        post_init_hook(self.env)
        self.assertEqual(self.events(), event)


@tagged("post_install", "-at_install")
class TestOntoTheBlacklist(BlacklistCase):
    """A number that has opted out of everything is on Odoo's blacklist meanwhile."""

    def test_a_stop_and_a_start(self):
        self.record_consent()
        self.receive("STOP")
        self.assertTrue(self.is_listed())
        self.assertTrue(self.customer.phone_sanitized_blacklisted)
        self.cr.flush()
        self.assertEqual(self.events()[-1].method, "keyword", "no loop")
        self.receive("START")
        self.assertFalse(self.is_listed())

    def test_every_way_out_and_back(self):
        for index, (event, codes, listed) in enumerate(
            (
                ("revoked", (), True),
                ("revoked", ("ticket",), False),
                ("requested", ("ticket",), False),
                ("granted", ("ticket",), False),
            )
        ):
            number = phone_number(20 + index)
            self.record_consent(number, *codes, event=event)
            with self.subTest(event=event, codes=codes):
                self.assertEqual(self.is_listed(number), listed)
        for event, codes, listed in (
            ("requested", ("ticket",), True),
            ("expired", ("ticket",), True),
            ("confirmed", ("ticket",), False),
            ("revoked", (), True),
            ("restored", (), False),
            ("revoked", (), True),
            ("restored", ("ticket",), False),
        ):
            self.record_consent(phone_number(20), *codes, event=event)
            with self.subTest(event=event, codes=codes):
                self.assertEqual(self.is_listed(phone_number(20)), listed)

    def test_a_yes_that_came_too_late_brings_nobody_back(self):
        self.receive("STOP")
        monday = fields.Datetime.now() - timedelta(days=2)
        self.record_consent(happened_at=monday)
        self.assertTrue(self.is_listed())

    def test_a_list_of_opt_outs(self):
        numbers = [phone_number(index) for index in range(100, 140)]
        self.env["phone.blacklist"].create({"number": numbers[0]})
        rows = [Statement(number, consent.REVOKED, "import") for number in numbers]
        ticket = self.purposes("ticket")
        rows += [
            Statement(number, consent.GRANTED, "keyword", ticket)
            for number in numbers[30:]
        ]
        self.env["sms.consent.event"]._record_many(self.company, rows)
        listed = set(
            self.env["phone.blacklist"]
            .search([("number", "in", numbers)])
            .mapped("number")
        )
        self.assertEqual(listed, set(numbers[:30]))

    def test_a_sender_that_is_no_number(self):
        """For these Odoo's own method would blacklist the current user's phone."""
        for sender in ("BANK", "12345", "not a number"):
            self.record_consent(sender, event="revoked")
        self.assertFalse(self.env["phone.blacklist"].search([]))

    def test_a_stop_to_one_company_does_not_silence_another(self):
        """The other is another sender; the first one's gate blocks its own texts."""
        other = self.make_company("Other")
        self.receive("STOP")
        self.assertFalse(self.is_listed())
        self.receive("STOP", company=other)
        self.assertTrue(self.is_listed())
        self.record_consent(company=other, method="keyword")
        self.assertFalse(self.is_listed())
        self.assertTrue(self.is_stopped())
        self.assertFalse(self.is_stopped(company=other))

    def test_a_stop_never_takes_anybody_off_the_list(self):
        self.put_on()
        newer = self.make_company("Newer")
        self.receive("STOP")
        self.assertTrue(self.is_listed())
        self.receive("STOP", company=newer)
        self.assertTrue(self.is_listed())

    def test_a_mass_message_says_that_they_are_blacklisted(self):
        self.record_consent(None, "marketing")
        self.receive("STOP")
        composer = self.env["sms.composer"].with_user(self.agent)
        composer.create(
            {
                "composition_mode": "mass",
                "res_model": "res.partner",
                "res_ids": repr(self.customer.ids),
                "body": "News",
            }
        ).action_send_sms()
        message = self.messages_to()[-1]
        self.assertEqual(
            (message.state, message.failure_type), ("canceled", "sms_blacklist")
        )


@tagged("post_install", "-at_install")
class TestOffTheBlacklist(BlacklistCase):
    """Only the person undoes an opt-out."""

    def remove(self, user=None):
        """Remove the customer from the blacklist by Odoo's wizard."""
        self.env["phone.blacklist.remove"].with_user(user or self.administrator).create(
            {"phone": self.number, "reason": "They called"}
        ).action_unblacklist_apply()

    def test_an_opt_out_stays_on_it_and_the_error_says_what_to_do(self):
        self.receive("STOP")
        row = self.env["phone.blacklist"].search([("number", "=", self.number)])
        row = row.with_user(self.administrator)
        for attempt in (
            self.remove,
            row.action_archive,
            row.unlink,
            lambda: row.write({"number": phone_number(9)}),
        ):
            with self.assertRaisesRegex(UserError, "Text message.*preference page"):
                attempt()
        self.assertTrue(self.is_listed())

    def test_the_error_names_the_opt_out_of_the_users_company(self):
        company = self.make_company("Other")
        self.administrator.company_ids |= company
        for it, year in ((self.company, 2024), (company, 2025)):
            moment = datetime(year, 3, 3)
            facts = {"company": it, "happened_at": moment, "method": "phone"}
            self.record_consent(event="revoked", **facts)
        rows = self.env["phone.blacklist"].with_user(self.administrator)
        row = rows.search([("number", "=", self.number)])
        for it, year in ((self.company, "2024"), (company, "2025")):
            own = row.with_context(allowed_company_ids=it.ids)
            with self.assertRaisesRegex(UserError, f", {year}, "):
                own.unlink()

    def test_who_was_put_on_it_by_hand_stays_too(self):
        self.put_on()
        with self.assertRaisesRegex(UserError, "Phone blacklist.*agree again"):
            self.remove()

    def test_what_to_do_works(self):
        self.put_on()
        form = self.env["sms.consent.record"].with_user(self.own_agent)
        form = form.create(
            {
                "number": self.number,
                "purpose_ids": self.purposes("ticket").ids,
                "method": "phone",
                "wording": "You may text me about my tickets.",
                "note": "Called back",
            }
        )
        with self.assertRaisesRegex(UserError, "by texting a joining keyword"):
            form.action_record()
        self.assertTrue(self.is_listed())
        self.receive("SUPPORT")
        self.receive("YES")
        self.assertFalse(self.is_listed())

    def test_who_agrees_to_a_newer_company_is_taken_off(self):
        self.put_on()
        self.env.cr.execute("UPDATE phone_blacklist SET create_date = '2026-01-01'")
        self.env.invalidate_all()
        newer = self.make_company("Newer")
        with self.assertRaises(UserError):
            self.remove()
        self.record_consent(company=newer)
        self.assertFalse(self.is_listed())
        self.assertTrue(self.is_stopped(), "the ledger goes on to stop")

    def test_nobody_else_may_try(self):
        self.receive("STOP")
        for user in (self.agent, self.manager, self.compliance_officer):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.remove(user)
            with self.assertRaises(AccessError):
                self.env["phone.blacklist"].with_user(user).create(
                    {"number": phone_number(5)}
                )

    def test_a_client_cannot_claim_an_erasure(self):
        self.receive("STOP")
        row = self.env["phone.blacklist"].search([("number", "=", self.number)])
        for claim in (True, "ERASURE", 1):
            with self.assertRaises(UserError):
                row.with_context(sms_erasure=claim).unlink()

    def test_an_erasure_takes_the_number_and_leaves_the_stop(self):
        for index, is_opt_out in enumerate((False, True)):
            number = phone_number(30 + index)
            self.record_consent(number)
            if not is_opt_out:
                self.receive("STOP", number=number)
            self.env["sms.erasure"]._erase(
                self.company, number, "By e-mail", is_opt_out=is_opt_out
            )
            self.cr.flush()
            blacklist = self.env["phone.blacklist"].with_context(active_test=False)
            with self.subTest(is_opt_out=is_opt_out):
                self.assertFalse(blacklist.search([("number", "=", number)]))
                self.assertTrue(self.is_stopped(number))
