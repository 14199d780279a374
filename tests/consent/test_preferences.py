# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
from datetime import datetime, timedelta
from unittest.mock import patch
from urllib.parse import urlsplit

from odoo.exceptions import AccessError
from odoo.tests import BaseCase, tagged
from odoo.tools import SQL
from odoo.tools.misc import hash_sign

from ...controllers.preferences import PAGE
from ...models.consent.sms_preference_link import LINK_LIFE, TOKEN_SCOPE
from ...models.core import sms_rate_limit
from ...tools import texts, web
from ...tools.links import MASK, PAGE_PATH
from ...tools.segments import count_segments
from ..common import SmsCase, phone_number
from ..web import DEVICE, WebCase


@tagged("post_install", "-at_install")
class TestRate(BaseCase):
    """Which addresses count as one visitor."""

    def test_a_subscriber_is_one_visitor(self):
        for address, other, is_same in (
            ("203.0.113.7", "203.0.113.7", True),
            ("203.0.113.7", "203.0.113.8", False),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
            ("::ffff:203.0.113.7", "203.0.113.7", True),
            ("::ffff:203.0.113.7", "::ffff:203.0.113.8", False),
            ("", None, True),
            ("unknown", "unknown", True),
        ):
            with self.subTest(address=address, other=other):
                same = web.visitor(address) == web.visitor(other)
                self.assertEqual(same, is_same)

    def test_there_are_so_many_counters_and_no_more(self):
        found = {web.bucket(str(index)) for index in range(1000)}
        self.assertGreater(len(found), 950)
        self.assertLess(max(found), web.BUCKETS)
        self.assertLess(web.bucket("\ud800\x00" * 1000), web.BUCKETS)

    def test_a_masked_number_keeps_two_digits(self):
        self.assertEqual(texts.mask_number("+13035550142"), "•••• 42")

    def test_addresses_can_be_followed_and_nothing_else(self):
        for text, shown in (
            ("a <b> & c", "a &lt;b&gt; &amp; c"),
            ("javascript:alert(1)", "javascript:alert(1)"),
            ("", ""),
            (None, ""),
        ):
            self.assertEqual(texts.link(text), shown)
        linked = texts.link('Terms: https://x.example/a?b=1&c="d". <i>')
        self.assertIn('href="https://x.example/a?b=1&amp;c="', str(linked))
        self.assertIn("&lt;i&gt;", linked)


class TestRateLimit(SmsCase):
    """The rate limits' counters in the database."""

    def test_a_limit_is_reached_and_ends(self):
        limits = self.env["sms.rate.limit"]
        limit, seconds = sms_rate_limit.LIMITS["portal_user_question"]
        found = [limits._is_over("portal_user_question", "a") for _ in range(limit + 3)]
        self.assertEqual(found, [False] * limit + [True] * 3)
        self.assertFalse(limits._is_over("portal_user_question", "b"))
        self.assertFalse(limits._is_over("join_visitor", "a"))
        self.env.cr.execute(
            "UPDATE sms_rate_limit SET started_at = started_at - %s * interval '1s'",
            [seconds + 1],
        )
        self.assertFalse(limits._is_over("portal_user_question", "a"))

    def test_it_keeps_nothing_of_who_was_counted(self):
        self.env["sms.rate.limit"]._is_over("join_visitor", "203.0.113.7/32")
        self.env.cr.execute("SELECT row_to_json(t)::text FROM sms_rate_limit t")
        rows = [row for (row,) in self.env.cr.fetchall()]
        self.assertIn("join_visitor", "".join(rows))
        self.assertNotIn("203.0.113", "".join(rows))


class TestLink(SmsCase):
    """The short link is short, for one number, not guessable, and made when needed."""

    def path(self, number=None, company=None):
        """Return the path of a number's link."""
        pair = (company or self.company, number or self.number)
        return urlsplit(self.env["sms.preference.link"]._get_urls([pair])[pair]).path

    def links(self):
        """Return the links of the customer's number."""
        return self.env["sms.preference.link"].search([("number", "=", self.number)])

    def test_it_is_short_and_shows_no_number(self):
        self.assertRegex(self.path(), r"^/sms/p/[A-Za-z0-9]{16}$")
        self.assertLess(len(self.path()), 60)
        for part in (self.number[1:], self.number[-4:], self.number[2:]):
            self.assertNotIn(part, self.links()._get_path())

    def test_a_number_has_one_link_at_a_time(self):
        path = self.path()
        self.assertEqual(self.path(), path)
        self.assertEqual(len(self.links()), 1)

    def test_another_number_and_another_company_have_another(self):
        company = self.make_company("Other")
        self.assertNotEqual(self.path(), self.path(phone_number(1)))
        self.assertNotEqual(self.path(), self.path(company=company))

    def test_a_link_that_ends_soon_gets_a_successor_and_works_on(self):
        path = self.path()
        link = self.links()
        link.expires_at -= timedelta(days=31)
        link.flush_recordset()
        self.assertNotEqual(self.path(), path)
        self.assertEqual(len(self.links()), 2)
        self.assertEqual(link._find_by_key(link.key), link)

    def test_what_has_expired_is_deleted(self):
        self.path()
        link = self.links()
        link.expires_at -= LINK_LIFE + timedelta(days=1)
        link.flush_recordset()
        self.assertFalse(link._find_by_key(link.key))
        link._gc_expired()
        self.assertTrue(link.exists(), "a token may still lead here")
        link.expires_at -= timedelta(days=8)
        link._gc_expired()
        self.assertFalse(link.exists())

    def test_without_a_number_there_is_no_link(self):
        nobody = self.make_customer(False)
        self.assertFalse(nobody.sms_preference_url)
        self.assertFalse(self.env["res.partner"].new().sms_preference_url)

    def test_nobody_of_us_sees_it(self):
        """Whoever reads it could agree in the person's name."""
        for user in (self.employee, self.portal_user, self.compliance_officer):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.customer.with_user(user).read(["sms_preference_url"])
        for user in (self.own_agent, self.manager, self.administrator):
            for record in (self.customer, self.ticket.with_user(user)):
                [values] = record.with_user(user).read(["sms_preference_url"])
                with self.subTest(user=user.login, model=record._name):
                    self.assertTrue(
                        values["sms_preference_url"].endswith(f"/sms/p/{MASK}")
                    )
        self.assertFalse(self.links(), "to look makes none")

    def test_the_carrier_alone_gets_it(self):
        self.record_consent()
        self.ticket._message_sms(f"Choose: {self.ticket.sms_preference_url}")
        sms = self.messages_to()
        sent = sms._to_outbound(sms.sender_id).body
        path = self.path()
        self.assertIn(f"Choose: {self.company.get_base_url()}{path}\n", sent)
        self.assertEqual(
            count_segments(sent).count, sms.segment_count, "it takes the same room"
        )
        self.run_outbox()
        key = path.rpartition("/")[2]
        self.env.flush_all()
        for table in ("sms_sms", "mail_message", "mail_notification", "sms_report"):
            self.env.cr.execute(
                SQL(
                    "SELECT count(*) FROM %s AS stored WHERE stored::text LIKE %s",
                    SQL.identifier(table),
                    f"%{key}%",
                )
            )
            with self.subTest(table=table):
                self.assertFalse(self.env.cr.fetchone()[0])
        self.assertIn(f"/sms/p/{MASK}", sms.mail_message_id.body)

    def test_an_address_that_somebody_writes_into_a_text_is_not_stored(self):
        self.record_consent()
        path = self.path()
        self.ticket._message_sms(f"Choose: https://x.example{path}")
        self.assertNotIn(path, self.messages_to().body)
        inbound = self.receive(f"What is https://x.example{path} for?")
        self.env.cr.execute(
            "SELECT row_to_json(sms_inbound)::text FROM sms_inbound WHERE id = %s",
            [inbound.id],
        )
        self.assertNotIn(path, self.env.cr.fetchone()[0])
        self.assertNotIn(path, inbound.mail_message_id.body)

    def test_many_texts_are_handed_over_in_few_queries(self):
        texts = self.env["sms.sms"]
        url = self.ticket.sms_preference_url
        for index in range(40, 60):
            self.record_consent(phone_number(index))
            texts |= texts.create(
                {
                    "number": phone_number(index),
                    "body": f"Choose: {url}",
                    "purpose_id": self.purposes("ticket").id,
                }
            )
        texts._get_revealed_bodies()
        self.assertLess(self.count_queries(texts._get_revealed_bodies), 8)

    def test_the_virtual_phone_shows_it(self):
        self.record_consent()
        self.ticket._message_sms(f"Choose: {self.ticket.sms_preference_url}")
        self.run_outbox()
        phone = self.env["sms.virtual.phone"].with_user(self.own_agent)
        [message] = phone.get_messages(self.number)
        self.assertIn(self.path(), message["body"])

    def test_an_address_of_the_sandbox_ends_with_it(self):
        link = self.links()._find_by_key(self.path().rpartition("/")[2])
        token = link._get_path().rpartition("/")[2]
        self.assertTrue(link._find_by_token(token))
        self.company.sms_provider = "twilio"
        self.assertFalse(link._find_by_key(link.key))
        self.assertFalse(link._find_by_token(token))
        self.assertNotEqual(self.path().rpartition("/")[2], link.key)

    def test_a_manager_puts_it_into_a_template(self):
        template = (
            self.env["sms.template"]
            .with_user(self.manager)
            .create(
                {
                    "name": "Choose",
                    "model_id": self.env["ir.model"]._get_id("helpdesk.ticket"),
                    "body": "Choose what you get: {{ object.sms_preference_url }}",
                }
            )
        )
        self.record_consent()
        self.send_template(self.ticket, template.sudo())
        self.assertIn(f"get: {self.ticket.sms_preference_url}", self.messages_to().body)

    def test_it_is_made_for_many_records_in_few_queries(self):
        pairs = [(self.company, phone_number(index)) for index in range(40, 60)]
        links = self.env["sms.preference.link"]
        links._get_urls(pairs)
        self.assertLess(self.count_queries(links._get_urls, pairs), 8)

    def test_a_person_who_is_erased_has_no_link(self):
        self.path()
        self.path(phone_number(1))
        self.env["sms.erasure"]._erase(self.company, self.number, "Letter")
        self.assertFalse(self.links())
        self.assertTrue(self.env["sms.preference.link"].search_count([]))


class TestPage(WebCase):
    """The public page of a number's preferences."""

    def setUp(self):
        super().setUp()
        self.link = self.make_link()
        self.page_url = self.link._get_path()

    def make_link(self, number=None, company=None):
        """Return the link of a number."""
        number = number or self.number
        company = company or self.company
        links = self.env["sms.preference.link"]
        links._get_urls([(company, number)])
        return links.search(
            [("number", "=", number), ("company_id", "=", company.id)], limit=1
        )

    def box(self, code):
        """Return field and value of a purpose's checkbox."""
        wording = self.env.ref(f"helpdesk_mgmt_sms.sms_wording_{code}")
        return {f"sms_agree_{code}": str(wording.id)}

    def forms(self, page, value):
        """Return the values of a page's buttons with a name."""
        return self.tree(page).xpath(f"//button[@name='{value}']/@value")

    # === Display ===

    def test_the_short_link_leads_to_the_page(self):
        answer = self.get(f"/sms/p/{self.link.key}", allow_redirects=False)
        self.assertEqual(answer.status_code, 303)
        self.assertIn(PAGE_PATH, answer.headers["Location"])
        page = self.get(f"/sms/p/{self.link.key}")
        self.assertEqual(page.status_code, 200)
        self.assertIn("Your text messages", self.text(page))

    def test_it_masks_the_number_and_names_no_one(self):
        page = self.get(self.page_url)
        self.assertIn(f"•••• {self.number[-2:]}", page.text)
        for secret in (self.number[-4:], self.number[2:], self.customer.name):
            self.assertNotIn(secret, page.text.replace(self.link.number_hash, ""))

    def test_it_shows_each_purpose_with_its_state(self):
        self.record_consent(self.number, "ticket")
        page = self.get(self.page_url)
        self.assertEqual(self.forms(page, "stop"), ["ticket", "all"])
        self.assertEqual(
            set(self.boxes(page)), {"sms_agree_appointment", "sms_agree_alert"}
        )
        self.assertFalse(self.ticked(page))
        self.assertIn("text messages about my appointments", page.text)
        self.assertIn("Confirmations and updates of support tickets", page.text)

    def test_offers_can_be_stopped_by_who_gets_them_and_are_shown_to_no_one_else(self):
        self.assertNotIn("sms_agree_marketing", self.boxes(self.get(self.page_url)))
        self.record_consent(self.number, "marketing")
        self.assertIn("marketing", self.forms(self.get(self.page_url), "stop"))

    def test_where_only_a_no_blocks_all_can_be_stopped(self):
        self.company.sms_consent_policy = "opt_out"
        page = self.get(self.page_url)
        self.assertEqual(
            self.forms(page, "stop"), ["ticket", "appointment", "alert", "all"]
        )

    def test_it_works_without_scripts_on_a_phone(self):
        page = self.get(self.page_url)
        self.assertTrue(page.text.startswith("<!DOCTYPE html>"))
        self.assertNotIn("<script", page.text)
        self.assertNotIn(" style=", page.text)
        self.assertNotIn(" onclick", page.text)
        self.assertIn("width=device-width", page.text)
        [style] = self.tree(page).xpath("//link[@rel='stylesheet']/@href")
        self.assertEqual(self.get(style).status_code, 200)

    def test_its_headers_keep_it_private(self):
        for page in (self.get(self.page_url), self.get(f"{PAGE_PATH}wrong")):
            headers = page.headers
            self.assertEqual(headers["Cache-Control"], "no-store")
            self.assertEqual(headers["Referrer-Policy"], "no-referrer")
            self.assertEqual(headers["X-Frame-Options"], "DENY")
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertIn("noindex", headers["X-Robots-Tag"])
            policy = headers["Content-Security-Policy"]
            self.assertIn("default-src 'none'", policy)
            self.assertIn("frame-ancestors 'none'", policy)
            self.assertNotIn("unsafe", policy)
        short = self.get(f"/sms/p/{self.link.key}", allow_redirects=False)
        self.assertEqual(short.headers["Cache-Control"], "no-store")
        self.assertEqual(short.headers["Referrer-Policy"], "no-referrer")

    def test_it_speaks_the_persons_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["res.lang"]._activate_lang("es_ES")
        ticket = self.purposes("ticket")
        ticket.update_field_translations(
            "name", {"fr_FR": "Demandes", "es_ES": "Casos"}
        )
        spanish = {"Accept-Language": "es-MX,es;q=0.9"}
        self.customer.lang = "fr_FR"
        page = self.get(self.page_url, headers=spanish)
        self.assertIn("Demandes", page.text)
        self.assertEqual(self.tree(page).get("lang"), "fr-FR")
        other = self.make_link(phone_number(5))
        page = self.get(other._get_path(), headers=spanish)
        self.assertIn("Casos", page.text)
        page = self.get(other._get_path(), headers={"Accept-Language": "xx, *;q=0.1"})
        self.assertEqual(self.tree(page).get("lang"), "en-US")

    # === Changes ===

    def test_a_yes_reaches_the_ledger_with_all_that_proves_it(self):
        page = self.post(self.page_url, **self.box("ticket"))
        self.assertIn("You will get these text messages", self.text(page))
        [event] = self.events()
        self.assertEqual((event.event, event.method), ("granted", "web"))
        self.assertEqual(event.wording_id, self.wording)
        evidence = event.evidence_id
        self.assertEqual(evidence.wording, self.wording._render(self.company))
        self.assertEqual(evidence.address, "127.0.0.1")
        self.assertEqual((evidence.device, evidence.page), (DEVICE, PAGE))
        self.assertEqual(evidence.name, self.customer.name)
        self.assertEqual(self.answers(), {"ticket": "opted_in"})
        self.assertFalse(self.messages_to())

    def test_going_back_claims_nothing_that_is_over(self):
        stopped = self.post(self.page_url, stop="all")
        self.assertIn("Saved", self.text(stopped))
        agreed = self.post(self.page_url, **self.box("ticket"))
        self.assertIn("Saved", self.text(agreed))
        self.assertNotIn("Saved", self.text(self.get(stopped.url)))
        self.post(self.page_url, stop="all")
        self.assertNotIn("Saved", self.text(self.get(agreed.url)))

    def test_a_yes_settles_a_text_that_was_doubtful(self):
        self.record_consent(self.number, "alert")
        self.receive("I want to cancel")
        page = self.post(self.page_url, **self.box("ticket"))
        self.assertIn("You will get these text messages", self.text(page))
        self.env.invalidate_all()
        self.env["sms.consent"]._forget_answers()
        self.assertEqual(self.ticket_text().gate_verdict, "send")

    def ticket_text(self):
        """Return a new text about tickets to the customer."""
        values = {"number": self.number, "body": "It works again."}
        purpose = self.purposes("ticket")
        return self.env["sms.sms"].create({**values, "purpose_id": purpose.id})

    def test_to_stop_one_leaves_the_others(self):
        self.record_consent(self.number, "ticket", "alert")
        page = self.post(self.page_url, stop="alert")
        self.assertIn("have stopped", self.text(page))
        self.assertEqual(self.answers(), {"ticket": "opted_in", "alert": "opted_out"})
        event = self.events()[-1]
        self.assertEqual((event.event, event.method), ("revoked", "web"))
        self.assertEqual(event.evidence_id.page, PAGE)
        self.assertEqual(event.evidence_id.address, "127.0.0.1")

    def test_to_stop_all_cancels_what_waits_and_sends_nothing(self):
        self.record_consent(self.number, "ticket", "alert")
        self.ticket._message_sms("Hi")
        page = self.post(self.page_url, stop="all")
        self.assertIn("no more text messages", self.text(page))
        event = self.events()[-1]
        self.assertEqual((event.event, event.purpose_id.id), ("revoked", False))
        self.assertEqual(set(self.answers().values()), {"opted_out"})
        self.env.invalidate_all()
        sms = self.messages_to()
        self.assertEqual(len(sms), 1, "no confirmation: the page has confirmed it")
        self.assertEqual((sms.state, sms.gate_reason), ("canceled", "opted_out"))

    def test_the_owner_can_come_back_after_a_stop(self):
        self.record_consent()
        self.receive("STOP")
        self.post(self.page_url, **self.box("ticket"))
        answers = self.answers()
        self.assertEqual(answers.pop("ticket"), "opted_in")
        self.assertEqual(set(answers.values()), {"opted_out"})
        self.post(self.page_url, stop="all")
        self.assertEqual(set(self.answers().values()), {"opted_out"})

    def test_what_is_stopped_here_is_not_given_back_by_a_start(self):
        """Also if a STOP came before: the opt-out here is recorded too, and lasts."""
        self.record_consent()
        self.receive("STOP")
        before = len(self.events())
        for _ in range(2):
            self.post(self.page_url, stop="all")
        self.assertEqual(len(self.events()), before + 1)
        self.receive("START")
        self.assertEqual(set(self.answers().values()), {"opted_out"})

    def test_one_purpose_that_is_stopped_here_stays_stopped(self):
        self.record_consent(self.number, "ticket", "alert")
        self.receive("STOP")
        for _ in range(2):
            self.post(self.page_url, stop="ticket")
        self.assertEqual(len(self.events()), 4)
        self.receive("START")
        answers = self.answers()
        self.assertEqual(
            (answers["ticket"], answers["alert"]), ("opted_out", "opted_in")
        )

    def test_who_has_come_back_can_leave_again(self):
        """An earlier opt-out of everything must not hide the new one."""
        for stop in ("all", "ticket"):
            self.post(self.page_url, stop="all")
            self.post(self.page_url, **self.box("ticket"))
            self.assertEqual(self.answers()["ticket"], "opted_in")
            self.post(self.page_url, stop=stop)
            with self.subTest(stop=stop):
                self.assertEqual(set(self.answers().values()), {"opted_out"})

    def test_a_repeated_post_says_nothing_new(self):
        page = self.get(self.page_url)
        for values in (self.box("ticket"), {"stop": "ticket"}, {"stop": "all"}):
            before = len(self.events())
            for _ in range(3):
                self.post(self.page_url, page, **values)
            with self.subTest(values=values):
                self.assertEqual(len(self.events()), before + 1)

    def subscribe(self, name, number=None, company=None):
        """Return the subscription of a number to an area of this name."""
        area = self.env["sms.area"].create({"name": name, "takes_subscribers": True})
        return self.env["sms.subscription"]._subscribe(
            company or self.company,
            number or self.number,
            area,
            "portal",
            self.customer,
        )

    def test_it_lists_the_areas_of_the_number_and_ends_one(self):
        mail, phones = self.subscribe("E-mail"), self.subscribe("Telephones")
        self.record_consent(self.number, "alert")
        page = self.get(self.page_url)
        self.assertEqual(self.forms(page, "end"), [str(mail.id), str(phones.id)])
        self.assertNotIn("do not get these alerts", self.text(page))
        for _ in range(2):
            page = self.post(self.page_url, end=str(mail.id))
            self.assertIn("no longer get these alerts", self.text(page))
        self.env.invalidate_all()
        self.assertEqual((mail.state, phones.state), ("ended", "active"))
        self.assertEqual(self.forms(page, "end"), [str(phones.id)])
        self.assertEqual(self.answers(), {"alert": "opted_in"})
        self.assertEqual(len(self.events()), 1)

    def test_it_says_that_an_area_tells_nothing_without_consent(self):
        self.subscribe("E-mail")
        page = self.text(self.get(self.page_url))
        self.assertIn("do not get these alerts", page)

    def test_areas_of_others_are_neither_shown_nor_ended(self):
        others = self.subscribe("E-mail", phone_number(7))
        others |= self.subscribe("Telephones", company=self.make_company("Other"))
        own = self.subscribe("Network")
        page = self.get(self.page_url)
        self.assertEqual(self.forms(page, "end"), [str(own.id)])
        for wanted in (*map(str, others.ids), "x" * 100_000, "\x00", "-1"):
            self.post(self.page_url, page, end=wanted)
        self.get(self.page_url, params={"end": str(own.id)})
        self.env.invalidate_all()
        self.assertEqual(set((others | own).mapped("state")), {"active"})

    def test_nothing_ticked_changes_nothing_and_says_so(self):
        page = self.post(self.page_url)
        self.assertIn("Tick at least one box", self.text(page))
        self.assertFalse(self.events())

    def test_a_wording_that_was_replaced_is_shown_again(self):
        page = self.get(self.page_url)
        draft = self.publish(self.wording)
        answer = self.post(self.page_url, page, **self.box("ticket"))
        self.assertIn("wording has changed", self.text(answer))
        self.assertEqual(self.boxes(answer)["sms_agree_ticket"], str(draft.id))
        self.assertFalse(self.events())

    def test_hostile_values_change_nothing(self):
        for values in (
            {"stop": "x" * 100_000},
            {"stop": "\x00"},
            {"stop": "internal"},
            {"stop": "'; DROP TABLE sms_consent; --"},
            {"sms_agree_ticket": "\x00" * 100_000},
            {"sms_agree_marketing": "1"},
            {"number": phone_number(6), "company_id": "1"},
        ):
            with self.subTest(values=str(values)[:40]):
                answer = self.post(self.page_url, **values)
                self.assertEqual(answer.status_code, 200)
                self.assertFalse(self.events())

    # === Refusals ===

    def test_the_session_of_an_employee_is_refused(self):
        """An employee who has got the address cannot agree for the customer."""
        token = self.tree(self.get(self.page_url)).xpath(
            "//input[@name='csrf_token']/@value"
        )[0]
        for login in ("sms-employee", "sms-agent", "sms-administrator"):
            self.authenticate(login, login)
            for path in (self.page_url, f"/sms/p/{self.link.key}", "/sms/p/wrong"):
                page = self.get(path)
                with self.subTest(login=login, path=path[:12]):
                    self.assertEqual(page.status_code, 403)
                    self.assertIn("This page is the customer's", self.text(page))
                    self.assertFalse(self.tree(page).xpath("//form"))
            token = self.tree(self.get("/web/login?redirect=/")).xpath(
                "//input[@name='csrf_token']/@value"
            ) or [token]
            for values in (self.box("ticket"), {"stop": "all"}):
                answer = self.url_open(
                    self.page_url, data={"csrf_token": token[0], **values}
                )
                self.assertIn(answer.status_code, (400, 403))
        self.assertFalse(self.events())

    def test_a_customer_who_is_signed_in_is_not_refused(self):
        self.authenticate("sms-portal", "sms-portal")
        self.post(self.page_url, **self.box("ticket"))
        self.assertEqual(self.answers(), {"ticket": "opted_in"})

    def test_a_get_changes_nothing(self):
        self.record_consent()
        for parameters in (
            {"stop": "all"},
            {"stop": "ticket", "csrf_token": "x"},
            self.box("alert"),
            {"done": "stopped_all"},
            {"done": "<script>alert(1)</script>"},
        ):
            page = self.get(self.page_url, params=parameters)
            self.assertEqual(page.status_code, 200)
            self.assertNotIn("alert(1)", page.text)
            self.url_open(self.page_url, params=parameters, method="HEAD")
        self.assertEqual(len(self.events()), 1)
        self.assertEqual(self.answers(), {"ticket": "opted_in"})

    def test_parameters_in_the_address_of_a_post_change_nothing(self):
        self.record_consent()
        token = self.tree(self.get(self.page_url)).xpath(
            "//input[@name='csrf_token']/@value"
        )[0]
        self.url_open(f"{self.page_url}?stop=all", data={"csrf_token": token})
        self.assertEqual(len(self.events()), 1)

    def test_without_the_token_of_the_form_nothing_happens(self):
        self.record_consent()
        for data in ({"stop": "all"}, {"stop": "all", "csrf_token": "x"}):
            self.assertEqual(self.url_open(self.page_url, data=data).status_code, 400)
        self.assertEqual(len(self.events()), 1)

    def sign(self, company_id, number_hash, scope=TOKEN_SCOPE, **expiration):
        """Return the path of a token signed by the test."""
        values = [company_id, number_hash, self.link.is_sandbox]
        return PAGE_PATH + hash_sign(self.env, scope, values, **expiration)

    def test_a_wrong_token_opens_the_same_page_as_an_expired_one(self):
        link = self.link
        company_id = self.company.id
        other = self.make_company("Other").id
        token = self.page_url.removeprefix(PAGE_PATH)
        flipped = ("A" if token[20] != "A" else "B").join((token[:20], token[21:]))
        gone = self.env["sms.consent.key"]._hash([phone_number(9)])[phone_number(9)]
        day = timedelta(days=1)
        wrong = {
            "expired": self.sign(company_id, link.number_hash, expiration=-day),
            "tampered": PAGE_PATH + flipped,
            "cut": PAGE_PATH + token[:-3],
            "longer": self.page_url + "AAAA",
            "other scope": self.sign(company_id, link.number_hash, "x", expiration=day),
            "other company": self.sign(other, link.number_hash, expiration=day),
            "no such number": self.sign(company_id, gone, expiration=day),
            "garbage": f"{PAGE_PATH}!!!",
            "version": f"{PAGE_PATH}AAAA",
            "NUL": f"{PAGE_PATH}%00",
            "bytes": f"{PAGE_PATH}%ff%fe",
            "huge": PAGE_PATH + "A" * 20_000,
            "short": f"/sms/p/{link.key[::-1]}",
            "short NUL": "/sms/p/" + "%00" * 16,
            "short huge": "/sms/p/" + "A" * 20_000,
        }
        pages = {}
        for name, path in wrong.items():
            with self.subTest(token=name):
                page = self.get(path)
                self.assertEqual(page.status_code, 404)
                pages[name] = re.sub(r'csrf_token" value="[^"]*"', "", page.text)
        self.assertEqual(len(set(pages.values())), 1)
        self.assertEqual(self.get(self.page_url).status_code, 200)

    def test_the_former_owner_of_a_number_does_not_agree_for_the_next(self):
        page = self.get(self.page_url)
        for index, method in enumerate(("wrong number", "reassigned", "carrier")):
            number = phone_number(10 + index)
            self.record_consent(number)
            link = self.make_link(number)
            url, short = link._get_path(), f"/sms/p/{link.key}"
            if method == "wrong number":
                self.receive("Wrong number", number)
            else:
                self.record_consent(number, event="expired", method=method)
            count = len(self.events(number))
            with self.subTest(method=method):
                answer = self.post(url, page, **self.box("ticket"))
                self.assertEqual(answer.status_code, 404)
                self.assertEqual(self.get(short).status_code, 404)
                self.assertEqual(len(self.events(number)), count)

    def test_a_question_that_nobody_answers_ends_no_link(self):
        self.record_consent(self.number, "alert", event="requested", method="web")
        self.record_consent(self.number, "alert", event="expired", method="time")
        self.assertEqual(self.get(self.page_url).status_code, 200)

    def test_a_post_with_a_wrong_token_changes_nothing(self):
        self.record_consent()
        expired = self.sign(
            self.company.id, self.link.number_hash, expiration=-timedelta(days=1)
        )
        answer = self.post(expired, self.get(self.page_url), stop="all")
        self.assertEqual(answer.status_code, 404)
        self.assertEqual(len(self.events()), 1)

    def test_a_token_is_of_one_number_and_one_company(self):
        company = self.make_company("Other")
        for there, number in ((company, self.number), (self.company, phone_number(7))):
            self.record_consent(number, company=there)
        self.post(self.page_url, stop="all")
        self.assertEqual(self.answers(company=company), {"ticket": "opted_in"})
        self.assertEqual(self.answers(phone_number(7)), {"ticket": "opted_in"})

    def test_a_token_expires_with_time(self):
        with patch("odoo.tools.misc.datetime.datetime", wraps=datetime) as clock:
            clock.now.return_value = datetime.now() + timedelta(days=8)
            self.assertFalse(
                self.link._find_by_token(self.page_url.removeprefix(PAGE_PATH))
            )
        self.assertTrue(self.link._find_by_token(self.page_url.removeprefix(PAGE_PATH)))

    def test_the_page_of_an_erased_person_is_gone(self):
        self.env["sms.erasure"]._erase(self.company, self.number, "Letter")
        self.env.flush_all()
        self.assertEqual(self.get(self.page_url).status_code, 404)

    # === Rate limits ===

    def test_a_token_is_rate_limited_and_others_are_not(self):
        limit, _seconds = sms_rate_limit.LIMITS["preferences_token"]
        self.record_consent()
        form = self.get(self.page_url)
        for _ in range(limit - 1):
            self.assertEqual(self.get(self.page_url).status_code, 200)
        page = self.get(self.page_url)
        self.assertEqual(page.status_code, 429)
        self.assertIn("Please wait a moment", self.text(page))
        self.assertTrue(page.headers["Retry-After"])
        refused = self.post(self.page_url, form, stop="all")
        self.assertEqual(refused.status_code, 429)
        self.assertEqual(len(self.events()), 1)
        other = self.make_link(phone_number(8))._get_path()
        self.assertEqual(self.get(other).status_code, 200)

    def test_a_visitor_is_rate_limited_also_with_wrong_tokens(self):
        with patch.dict(sms_rate_limit.LIMITS, {"preferences_visitor": (5, 600)}):
            paths = (f"{PAGE_PATH}wrong", "/sms/p/wrong") * 3
            found = [self.get(path).status_code for path in paths]
            self.assertEqual(found, [404] * 5 + [429])
            self.assertEqual(self.get(self.page_url).status_code, 429)
