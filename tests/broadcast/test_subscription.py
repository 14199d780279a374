# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Subscriptions: how people choose an area, and who is told of its outages."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..clock import freeze_time
from ..common import phone_number
from ..consent.common import ACCOUNT, SAVE, PortalCase
from .common import SubscriptionCase

STRANGER = phone_number(350)


@tagged("post_install", "-at_install")
class TestByKeyword(SubscriptionCase):
    """The area's keyword subscribes at once with consent, otherwise after YES."""

    def test_a_stranger_joins_by_yes(self):
        self.receive("mail", STRANGER)
        self.assertEqual(self.subscriptions(STRANGER).state, "pending")
        broadcast = self.make(area_ids=[(6, 0, self.mail.ids)])
        self.check(broadcast)
        self.assertFalse(broadcast.concerned_count)
        self.receive("YES", STRANGER)
        subscription = self.subscriptions(STRANGER)
        self.assertEqual(
            (subscription.state, subscription.method), ("active", "keyword")
        )
        self.send(broadcast)
        [row] = broadcast.recipient_ids
        self.assertEqual((row.number, row.outcome), (STRANGER, "queued"))
        self.assertIn("E-mail", self.texts(broadcast).body)

    def test_who_is_no_contact_is_told_whatever_a_login_has_typed(self):
        self.receive("MAIL", STRANGER)
        self.receive("YES", STRANGER)
        thief = self.make_customer(STRANGER, "Thief")
        self.env["sms.number.claim"]._note(self.company, thief, STRANGER)
        broadcast = self.make(area_ids=[(6, 0, self.mail.ids)])
        self.send(broadcast)
        told = broadcast.recipient_ids.filtered("sms_id")
        self.assertEqual((told.number, told.partner_id.ids), (STRANGER, []))
        self.assertEqual(len(self.texts(broadcast)), 1)

    def test_who_is_no_contact_has_no_name(self):
        self.receive("MAIL", STRANGER)
        self.receive("YES", STRANGER)
        broadcast = self.make(body="Hi {customer}, {area} is down.")
        broadcast.area_ids = self.mail
        self.send(broadcast)
        self.assertIn("Hi, E-mail is down.", self.texts(broadcast).body)

    def test_who_has_agreed_is_told_at_once(self):
        agreed = self.agreed[1]
        self.receive("MAIL", agreed.phone)
        self.assertEqual(self.subscriptions(agreed.phone).state, "active")
        self.assertEqual(self.subscriptions(agreed.phone).partner_id, agreed)
        self.assertIn("E-mail", self.messages_to(agreed.phone)[-1].body)
        self.receive("MAIL", agreed.phone)
        self.assertEqual(len(self.subscriptions(agreed.phone)), 1)

    def test_a_yes_to_something_else_subscribes_nobody(self):
        self.receive("MAIL", STRANGER)
        self.receive("STOP", STRANGER)
        self.receive("SUPPORT", STRANGER)
        self.receive("YES", STRANGER)
        self.assertEqual(self.subscriptions(STRANGER).state, "ended")

    def test_a_yes_to_the_question_that_was_asked_again(self):
        self.receive("MAIL", STRANGER)
        with freeze_time(fields.Datetime.now() + timedelta(days=30)):
            self.receive("MAIL", STRANGER)
            self.receive("YES", STRANGER)
        self.assertEqual(self.subscriptions(STRANGER).state, "active")

    def test_one_yes_to_two_words(self):
        self.area.takes_subscribers = True
        self.word.copy({"word": "DENVER", "area_ids": [(6, 0, self.area.ids)]})
        self.receive("MAIL", STRANGER)
        self.receive("DENVER", STRANGER)
        self.receive("YES", STRANGER)
        domain = [("number", "=", STRANGER), ("state", "=", "active")]
        found = self.env["sms.subscription"].search(domain)
        self.assertEqual(found.area_id, self.mail | self.area)

    def test_a_stop_ends_what_waited(self):
        self.area.takes_subscribers = True
        self.word.copy({"word": "DENVER", "area_ids": [(6, 0, self.area.ids)]})
        self.receive("MAIL", STRANGER)
        self.receive("STOP", STRANGER)
        self.receive("DENVER", STRANGER)
        self.receive("YES", STRANGER)
        self.assertEqual(self.subscriptions(STRANGER).state, "ended")

    def test_the_next_holder_of_a_number_has_chosen_nothing(self):
        for number, end in (
            (STRANGER, lambda: self.receive("Wrong number", STRANGER)),
            (
                phone_number(7),
                lambda: self.record_consent(
                    phone_number(7), "alert", event="expired", method="reassigned"
                ),
            ),
        ):
            self.receive("MAIL", number)
            self.receive("YES", number)
            self.assertEqual(self.subscriptions(number).state, "active")
            end()
            with self.subTest(number=number):
                self.assertEqual(self.subscriptions(number).state, "ended")

    def test_an_area_that_is_not_offered_any_more(self):
        self.mail.write({"takes_subscribers": False, "cities": "Denver"})
        self.receive("MAIL", STRANGER)
        self.assertFalse(self.subscriptions(STRANGER))

    def test_the_companys_own_version_is_chosen_once(self):
        """Its copy has the keyword as well."""
        agreed = self.agreed[1]
        own = self.mail._copy_for_company(self.company)
        own.name = "Our e-mail"
        self.receive("MAIL", agreed.phone)
        found = self.env["sms.subscription"].search([("number", "=", agreed.phone)])
        self.assertEqual(found.area_id, own)
        self.assertIn("Our e-mail", self.messages_to(agreed.phone)[-1].body)
        # An agent may choose either.
        agent = found.with_user(self.agent)
        again = agent.create({"partner_id": agreed.id, "area_id": self.mail.id})
        self.assertEqual(again, agent)

    def test_who_had_chosen_the_shared_one_has_chosen_ours(self):
        agreed = self.agreed[1]
        self.receive("MAIL", agreed.phone)
        self.mail._copy_for_company(self.company)
        self.receive("MAIL", agreed.phone)
        found = self.env["sms.subscription"].search([("number", "=", agreed.phone)])
        self.assertEqual(found.area_id, self.mail)

    def test_the_word_must_join_alerts(self):
        with self.assertRaisesRegex(ValidationError, "outage alerts"):
            self.word.purpose_ids = self.purposes("ticket")


@tagged("post_install", "-at_install")
class TestWhoIsTold(SubscriptionCase):
    """Subscribers belong to the area's audience, wherever they live."""

    def test_contacts_and_numbers_once_each(self):
        self.subscribe(self.far)
        self.receive("MAIL", STRANGER)
        self.receive("YES", STRANGER)
        self.area.takes_subscribers = True
        self.env["sms.subscription"]._subscribe(
            self.company, STRANGER, self.area, "keyword", self.env["res.partner"]
        )
        areas = (self.mail | self.area).ids
        broadcast = self.make(area_ids=[(6, 0, areas)])
        self.check(broadcast)
        numbers = broadcast.recipient_ids.filtered(lambda it: it.outcome == "will")
        wanted = [*self.agreed.mapped("phone"), self.far.phone, STRANGER]
        self.assertEqual(sorted(numbers.mapped("number")), sorted(wanted))
        self.assertEqual(self.mail.contact_count, 1)
        self.assertEqual(self.mail.with_user(self.agent).subscriber_count, 2)

    def test_whoever_has_subscribed_to_the_shared_area_that_ours_replaces(self):
        self.subscribe(self.far)
        self.receive("MAIL", STRANGER)
        self.receive("YES", STRANGER)
        own = self.mail._copy_for_company(self.company)
        broadcast = self.make(area_ids=[(6, 0, own.ids)])
        self.check(broadcast)
        wanted = [self.far.phone, STRANGER]
        self.assertEqual(broadcast.recipient_ids.mapped("number"), wanted)
        self.assertEqual(broadcast.recipient_ids.area_id, own)
        self.assertEqual(own.with_user(self.agent).subscriber_count, 2)
        action = own.with_user(self.agent).action_view_subscribers()
        found = self.env["sms.subscription"].search(action["domain"])
        self.assertEqual(found, self.subscriptions())

    def test_whoever_has_subscribed_to_ours_that_replaces_the_shared_area(self):
        own = self.mail._copy_for_company(self.company)
        other = self.make_company("Other")
        theirs = self.mail._copy_for_company(other)
        nobody, subscriptions = self.env["res.partner"], self.env["sms.subscription"]
        for company, number, area, partner in (
            (self.company, self.far.phone, own, self.far),
            (self.company, STRANGER, own, nobody),
            (other, self.silent.phone, theirs, self.silent),
        ):
            subscriptions._subscribe(company, number, area, "keyword", partner)
        broadcast = self.make(area_ids=[(6, 0, self.mail.ids)])
        self.check(broadcast)
        wanted = [self.far.phone, STRANGER]
        self.assertEqual(broadcast.recipient_ids.mapped("number"), wanted)
        area = self.mail.with_user(self.agent)
        area = area.with_context(allowed_company_ids=self.company.ids)
        self.assertEqual(area.subscriber_count, 2)

    def test_a_duplicate_of_ours_is_another_area(self):
        self.subscribe(self.far)
        own = self.mail._copy_for_company(self.company)
        copied = own.with_user(self.manager).copy({"name": "Telephone"})
        broadcast = self.make(area_ids=[(6, 0, copied.ids)])
        self.check(broadcast)
        self.assertFalse(broadcast.recipient_ids)
        self.assertEqual(copied.with_user(self.agent).subscriber_count, 0)

    def test_an_area_stays_in_the_company_of_its_subscribers(self):
        self.subscribe(self.far)
        with self.assertRaises(UserError), self.cr.savepoint():
            self.mail.company_id = self.make_company("Other")
        self.mail.company_id = self.company
        self.mail.company_id = False

    def test_an_area_in_use_is_not_deleted(self):
        """An outage without areas would be everywhere, and subscribers be lost."""
        self.subscribe(self.far)
        incident = self.env["sms.incident"].create(
            {"name": "Outage", "area_ids": [(6, 0, self.area.ids)]}
        )
        category = self.env["helpdesk.ticket.category"].create({"name": "Network"})
        incident.category_ids = category
        self.make(area_ids=[(6, 0, self.area.copy({"name": "Copy"}).ids)])
        used = [self.mail, self.area, incident.category_ids]
        used.append(self.env["sms.area"].search([("name", "ilike", "Copy")]))
        used.append(self.area.copy({"name": "Joined", "takes_subscribers": True}))
        self.word.area_ids |= used[-1]
        for record in used:
            self.env.flush_all()
            with (
                self.subTest(record),
                self.assertRaises(IntegrityError),
                mute_logger("odoo.sql_db"),
                self.cr.savepoint(),
            ):
                record.unlink()

    def test_it_is_no_consent(self):
        self.subscribe(self.silent)
        broadcast = self.make(area_ids=[(6, 0, self.mail.ids)])
        self.check(broadcast)
        self.assertEqual(self.outcomes(broadcast)[self.silent][1], "no_consent")

    def test_a_new_number_has_chosen_nothing(self):
        self.subscribe(self.far)
        self.far.phone = phone_number(351)
        self.mail.invalidate_recordset()
        self.assertFalse(self.mail.contact_count)

    def test_another_companys_subscribers_are_not_ours(self):
        other = self.make_company("Other")
        self.env["sms.subscription"]._subscribe(
            other, self.far.phone, self.mail, "keyword", self.far
        )
        broadcast = self.make(area_ids=[(6, 0, self.mail.ids)])
        self.check(broadcast)
        self.assertFalse(broadcast.concerned_count)

    def test_an_incident_of_the_service_concerns_them(self):
        self.subscribe(self.far)
        incident = self.env["sms.incident"].create(
            {"name": "No mail", "area_ids": [(6, 0, self.mail.ids)]}
        )
        words = {"name": "No mail since noon"}
        self.assertEqual(self.make_ticket(self.far, **words).sms_incident_id, incident)
        self.assertFalse(self.make_ticket(self.silent, **words).sms_incident_id)

    def test_nobody_is_in_an_area_of_nothing(self):
        with self.assertRaises(ValidationError):
            self.mail.takes_subscribers = False


@tagged("post_install", "-at_install")
class TestByUs(SubscriptionCase):
    """Agents enter and end subscriptions on a person's behalf."""

    def test_it_is_entered_and_ended(self):
        subscription = self.subscribe(self.far)
        self.assertEqual(subscription.number, self.far.phone)
        self.assertEqual(subscription.method, "agent")
        self.assertEqual(self.subscribe(self.far), subscription)
        subscription.action_end()
        self.assertEqual(subscription.state, "ended")
        self.assertNotEqual(self.subscribe(self.far), subscription)

    def test_nobody_else_and_nothing_else(self):
        subscription = self.subscribe(self.far)
        for user in (self.own_agent, self.employee, self.compliance_officer):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.subscribe(self.silent, user)
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                subscription.with_user(user).action_end()
        with self.assertRaises(AccessError):
            subscription.write({"state": "pending"})
        with self.assertRaises(AccessError):
            subscription.create(
                {
                    "partner_id": self.silent.id,
                    "area_id": self.mail.id,
                    "number": self.silent.phone,
                }
            )

    def test_an_area_of_another_company(self):
        self.mail.company_id = self.make_company("Other")
        with self.assertRaises(UserError):
            self.env["sms.subscription"].create(
                {"partner_id": self.far.id, "area_id": self.mail.id}
            )

    def test_who_has_no_number(self):
        with self.assertRaisesRegex(UserError, "no number"):
            self.subscribe(self.no_number)

    def test_it_is_forgotten_with_its_person(self):
        self.subscribe(self.far)
        found = self.env["sms.subscription"].sudo()
        found = found._find_personal(self.company, [self.far.phone])
        found._forget()
        self.assertEqual((found.number, found.state), (False, "ended"))


@tagged("post_install", "-at_install")
class TestInThePortal(PortalCase):
    """Customers choose on a page of their own; nothing is preselected."""

    URL = "/my/outages"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.area = cls.env["sms.area"].create(
            {"name": "Denver", "cities": "Denver", "takes_subscribers": True}
        )
        cls.hidden = cls.env["sms.area"].create({"name": "Secret", "cities": "Golden"})
        cls.box = f"sms_area_{cls.area.id}"
        cls.alert_wording = cls.env.ref("helpdesk_mgmt_sms.sms_wording_alert")

    def subscriptions(self):
        self.env.invalidate_all()
        return self.env["sms.subscription"].search([("area_id", "=", self.area.id)])

    def choose(self, **values):
        return self.post(self.URL, **{self.box: str(self.alert_wording.id), **values})

    def test_nothing_is_ticked_and_the_words_stand_there(self):
        page = self.get(self.URL)
        self.assertEqual(self.boxes(page), {self.box: str(self.alert_wording.id)})
        self.assertFalse(self.ticked(page))
        self.assertIn("By ticking a box you agree:", self.text(page))
        self.assertIn("Denver", self.text(page))
        self.assertNotIn("Secret", self.text(page))

    def test_a_choice_is_a_yes_to_alerts(self):
        self.prove()
        page = self.choose()
        self.assertIn("Your choices have been saved.", self.text(page))
        self.assertEqual(self.answers(self.own_number), {"alert": "opted_in"})
        [event] = self.events(self.own_number)
        self.assertEqual(event.method, "web")
        self.assertEqual(event.evidence_id.page, self.URL)
        self.assertEqual(event.wording_id, self.alert_wording)
        subscription = self.subscriptions()
        self.assertEqual(
            (subscription.state, subscription.method), ("active", "portal")
        )
        self.assertEqual(subscription.number, self.own_number)
        page = self.post(self.URL, stop=str(subscription.id))
        self.assertEqual(self.subscriptions().state, "ended")
        self.assertEqual(self.answers(self.own_number), {"alert": "opted_in"})

    def test_a_form_that_is_posted_twice_chooses_once(self):
        self.prove()
        for _click in range(2):
            self.assertIn("Your choices have been saved.", self.text(self.choose()))
        self.assertEqual(self.subscriptions().state, "active")
        self.assertEqual(len(self.events(self.own_number)), 1)
        for _click in range(2):
            page = self.post(self.URL, stop=str(self.subscriptions().id))
            self.assertIn("Your choices have been saved.", self.text(page))
        self.assertEqual(self.subscriptions().state, "ended")

    def test_who_had_texted_the_keyword_before_sees_it(self):
        found = self.env["sms.subscription"]._subscribe(
            self.company, self.own_number, self.area, "keyword", self.env["res.partner"]
        )
        self.prove()
        self.choose()
        self.assertEqual(self.subscriptions(), found)
        self.assertEqual(found.partner_id, self.login.partner_id)
        self.assertIn("You have chosen", self.text(self.get(self.URL)))

    def test_what_another_of_the_family_has_chosen_by_the_phone_can_be_ended(self):
        partner = self.make_customer(self.own_number, "Her daughter")
        found = self.env["sms.subscription"]._subscribe(
            self.company, self.own_number, self.area, "keyword", partner
        )
        self.assertNotIn("You have chosen", self.text(self.get(self.URL)))
        self.prove()
        self.assertIn("You have chosen", self.text(self.get(self.URL)))
        self.post(self.URL, stop=str(found.id))
        self.assertEqual(self.subscriptions().state, "ended")

    def test_the_companys_own_version_is_not_offered_again(self):
        self.prove()
        self.choose()
        self.area._copy_for_company(self.company)
        self.assertFalse(self.boxes(self.get(self.URL)))

    def test_what_is_new_in_an_old_form_is_chosen(self):
        second = self.env["sms.area"].create(
            {"name": "Boulder", "cities": "Boulder", "takes_subscribers": True}
        )
        self.prove()
        self.choose()
        self.choose(**{f"sms_area_{second.id}": str(self.alert_wording.id)})
        found = self.env["sms.subscription"].search([("state", "=", "active")])
        self.assertEqual(found.area_id, self.area | second)
        self.assertEqual(len(found), 2)

    def test_a_yes_that_is_posted_again_after_an_opt_out_counts(self):
        self.prove()
        self.choose()
        ledger = self.env["sms.consent.event"].with_user(self.login).sudo()
        purposes = self.purposes("alert")
        ledger._record(self.company, self.own_number, "revoked", "web", purposes)
        self.choose()
        self.assertEqual(self.answers(self.own_number), {"alert": "opted_in"})
        self.assertEqual(len(self.subscriptions()), 1)

    def test_what_is_refused(self):
        for values, words in (
            ({self.box: ""}, "Tick at least one"),
            ({self.box: "999999"}, "wording above the boxes has changed"),
        ):
            with self.subTest(**values):
                self.assertIn(words, self.text(self.choose(**values)))
        self.post(
            self.URL, **{f"sms_area_{self.hidden.id}": str(self.alert_wording.id)}
        )
        self.assertFalse(self.env["sms.subscription"].search([]))
        self.login.partner_id.phone = False
        self.assertIn("enter your mobile number", self.text(self.choose()))
        self.assertFalse(self.subscriptions())

    def test_anothers_number_is_asked_first(self):
        self.make_customer(self.own_number, "Somebody else")
        for _click in range(2):
            self.assertIn("its owner must agree", self.text(self.choose()))
        self.assertEqual(len(self.messages_to(self.own_number)), 1)
        self.assertEqual(self.subscriptions().state, "pending")
        self.receive("YES", self.own_number)
        self.assertEqual(self.subscriptions().state, "active")

    def test_who_refuses_waits_no_more_and_can_be_asked_again(self):
        self.make_customer(self.own_number, "Somebody else")
        self.choose()
        self.receive("NO", self.own_number)
        self.assertEqual(self.subscriptions().state, "ended")
        self.assertNotIn("Waiting for your YES", self.text(self.get(self.URL)))

    def test_what_nobody_confirms_ends_with_its_question(self):
        self.make_customer(self.own_number, "Somebody else")
        self.choose()
        expiry = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_consent_expiry")
        for days, state in ((6, "pending"), (8, "ended")):
            with freeze_time(fields.Datetime.now() + timedelta(days=days)):
                self._run_cron(expiry)
                self.assertEqual(self.subscriptions().state, state)
        self.assertNotIn("Waiting for your YES", self.text(self.get(self.URL)))

    def test_an_opt_out_of_something_else_is_no_answer(self):
        self.make_customer(self.own_number, "Somebody else")
        self.choose()
        self.record_consent(self.own_number, "ticket", event="revoked")
        self.assertEqual(self.subscriptions().state, "pending")

    def test_anothers_answer_is_not_shown(self):
        self.make_customer(self.own_number, "Somebody else")
        self.choose()
        before = self.text(self.get(self.URL))
        self.record_consent(self.own_number, "alert")
        after = self.text(self.get(self.URL))
        # Each page has a token of the second in which it was made.
        before, after = (re.sub(r'csrf_token: "\w+"', "", it) for it in (before, after))
        self.assertEqual(before, after)

    def test_anothers_consent_is_not_used(self):
        """Their consent to alerts was not given for this area."""
        self.make_customer(self.own_number, "Somebody else")
        self.record_consent(self.own_number, "alert")
        self.choose()
        self.assertEqual(self.subscriptions().state, "pending")

    def test_a_number_that_the_login_has_typed_is_asked_first(self):
        self.login.partner_id.with_user(self.login).sudo().phone = phone_number(25)
        self.assertIn("its owner must agree", self.text(self.choose()))
        self.assertEqual(self.subscriptions().state, "pending")
        self.receive("YES", phone_number(25))
        self.assertEqual(self.subscriptions().state, "active")

    def test_who_agrees_on_the_preference_page_has_answered(self):
        self.login.partner_id.with_user(self.login).sudo().phone = phone_number(25)
        self.choose()
        pair = (self.company, phone_number(25))
        url = urlsplit(self.env["sms.preference.link"]._get_urls([pair])[pair]).path
        self.authenticate(None, None)
        page = self.get(url)
        self.assertIn("Waiting for your YES", self.text(page))
        ticket = self.env.ref("helpdesk_mgmt_sms.sms_wording_ticket")
        self.post(page.url, page, sms_agree_ticket=str(ticket.id))
        self.assertEqual(self.subscriptions().state, "pending", "to something else")
        page = self.post(page.url, page, sms_agree_alert=str(self.alert_wording.id))
        self.assertIn("You will get these text messages", self.text(page))
        self.assertNotIn("Waiting for your YES", self.text(page))
        self.assertEqual(self.subscriptions().state, "active")

    def test_who_agrees_in_the_portal_once_it_is_confirmed_has_answered(self):
        self.login.partner_id.with_user(self.login).sudo().phone = phone_number(25)
        self.choose()
        other = self.env["sms.area"].create({"name": "X", "takes_subscribers": True})
        partner = self.make_customer("+13035550126", "Another login")
        subject = (self.company, phone_number(25), other, "portal", partner)
        question = self.subscriptions().question_id
        found = self.env["sms.subscription"]._subscribe(*subject, question)
        theirs = found.filtered(lambda it: it.area_id == other)
        self.assertEqual((theirs.state, theirs.partner_id), ("pending", partner))
        self.prove(phone_number(25))
        box = {"sms_agree_alert": str(self.alert_wording.id)}
        self.post(SAVE, self.get(ACCOUNT), sms_phone=phone_number(25), **box)
        self.assertEqual(self.subscriptions().state, "active")
        self.assertEqual(theirs.state, "pending")

    def test_a_landline_is_refused(self):
        for number, words in (
            ("+19005550123", "not a mobile number"),
            ("+18765550123", "numbers of this country"),
        ):
            self.login.partner_id.phone = number
            with self.subTest(number=number):
                self.assertIn(words, self.text(self.choose()))
                self.assertFalse(self.messages_to(number))
        self.assertFalse(self.subscriptions())

    def test_nobody_ends_what_is_anothers(self):
        self.choose()
        theirs = self.env["sms.subscription"]._subscribe(
            self.company, STRANGER, self.area, "keyword", self.env["res.partner"]
        )
        self.post(self.URL, stop=str(theirs.id))
        self.assertEqual(theirs.state, "active")

    def test_a_visitor_without_a_login_sees_nothing(self):
        self.authenticate(None, None)
        page = self.get(self.URL, allow_redirects=False)
        self.assertEqual(page.status_code, 303)
