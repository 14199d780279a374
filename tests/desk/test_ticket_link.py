# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from unittest.mock import patch
from urllib.parse import urlsplit

from psycopg2.errors import CheckViolation

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import BaseCase, new_test_user, tagged
from odoo.tools import mute_logger

from ...models.core import sms_rate_limit
from ...tools import links
from ..common import SmsCase, phone_number
from ..web import WebCase


@tagged("post_install", "-at_install")
class TestShortToken(BaseCase):
    """The short token in the link's URL."""

    digest = "0123456789abcdef" * 4

    def test_what_is_written_is_read(self):
        for record_id in (1, 61, 62, 999_999, 2**31 - 1):
            token = links.make_token(record_id, 20_500, self.digest)
            with self.subTest(record_id=record_id):
                parts = links.read_token(token)
                self.assertEqual((parts.record_id, parts.day), (record_id, 20_500))
                self.assertTrue(links.is_genuine(parts, self.digest))
                self.assertFalse(links.is_genuine(parts, "f" * 64))
                self.assertLessEqual(len(token), links.MAX_LENGTH)

    def test_what_is_none_is_not_read(self):
        token = links.make_token(7, 20_500, self.digest)
        for wrong in (
            *("", "a", token[:-1], token + "0" * 7, token[:-1] + "-", token + "\n"),
            *(token[:-1] + "0", token[:17] + "07", "é" * 20, token[:17] + "zzzzzz"),
        ):
            with self.subTest(wrong=wrong):
                self.assertIsNone(links.read_token(wrong))


class TestLink(SmsCase):
    """The link as a field and a placeholder."""

    def find(self, url):
        return self.env["helpdesk.ticket"]._find_by_short_link(url.rsplit("/", 1)[1])

    def test_it_is_short_and_leads_to_its_ticket(self):
        url = self.ticket.sms_ticket_url
        self.assertRegex(urlsplit(url).path, r"^/sms/t/[A-Za-z0-9]{18,23}$")
        self.assertEqual(self.find(url), self.ticket)

    def test_every_changed_character_makes_it_worthless(self):
        token = self.ticket.sms_ticket_url.rsplit("/", 1)[1]
        find = self.env["helpdesk.ticket"]._find_by_short_link
        for index, letter in enumerate(token):
            changed = token[:index] + ("x" if letter != "x" else "y")
            with self.subTest(index=index):
                self.assertFalse(find(changed + token[index + 1 :]))

    def test_it_ends(self):
        self.company.sms_ticket_link_days = 3
        url = self.ticket.sms_ticket_url
        today = fields.Date.today()
        for days, is_open in ((0, True), (3, True), (4, False)):
            with (
                self.subTest(days=days),
                patch.object(
                    fields.Date, "today", lambda days=days: today + timedelta(days)
                ),
            ):
                self.assertEqual(bool(self.find(url)), is_open)
        with self.assertRaises(CheckViolation), mute_logger("odoo.sql_db"):
            self.company.sms_ticket_link_days = 0
            self.env.flush_all()

    def test_who_was_the_customer_before_sees_nothing_any_more(self):
        url = self.ticket.sms_ticket_url
        self.ticket.partner_id = self.make_customer(phone_number(1))
        self.assertFalse(self.find(url))

    def test_a_deleted_ticket_opens_nothing(self):
        url = self.ticket.sms_ticket_url
        self.ticket.unlink()
        self.assertFalse(self.find(url))

    def test_only_helpdesk_users_see_it(self):
        for user in (self.employee, self.portal_user, self.compliance_officer):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.ticket.with_user(user).read(["sms_ticket_url"])

    def test_it_stands_in_a_template_of_a_manager(self):
        template = (
            self.env["sms.template"]
            .with_user(self.manager)
            .create(
                {
                    "name": "Link",
                    "model_id": self.env["ir.model"]._get_id("helpdesk.ticket"),
                    "body": "See {{ object.sms_ticket_url }}",
                }
            )
        )
        self.record_consent()
        self.send_template(self.ticket, template.sudo())
        url = self.messages_to().body.split()[1]
        self.assertEqual(self.find(url), self.ticket)

    def test_making_it_takes_no_query_a_ticket(self):
        tickets = self.ticket
        for index in range(10):
            tickets += self.make_ticket(self.make_customer(phone_number(10 + index)))

        def read(records):
            records.mapped("sms_ticket_url")

        read(tickets)
        one = self.count_queries(read, self.ticket)
        self.assertEqual(self.count_queries(read, tickets), one)


class TestPage(WebCase):
    """The page that the link opens, as a phone without a login sees it."""

    @property
    def url(self):
        self.ticket.invalidate_recordset(["sms_ticket_url"])
        return urlsplit(self.ticket.sms_ticket_url).path

    def test_it_tells_how_the_ticket_is_and_nothing_of_the_person(self):
        self.customer.write({"email": "dana@example.com", "street": "Secret Lane 5"})
        self.post_on(
            self.ticket, "Internal: a difficult person", subtype_xmlid="mail.mt_note"
        )
        self.ticket.description = "<p>My password is hunter2</p>"
        page = self.get(self.url)
        self.assertEqual(page.status_code, 200)
        text = self.text(page)
        for shown in (self.ticket.number, "Printer jams", "Quiet", self.company.name):
            self.assertIn(shown, text)
        for hidden in (
            *("Dana", "dana@example.com", "Secret Lane", "hunter2", "difficult"),
            *(self.number, self.number[-4:], self.own_agent.name),
        ):
            self.assertNotIn(hidden, page.text)

    def test_what_a_colleague_is_told_is_no_update(self):
        before = self.ticket._get_sms_last_update()
        later = fields.Datetime.now() + timedelta(days=1)
        told = self.tell_colleague(self.ticket, phone_number(9))
        told.mail_message_id.date = later
        self.assertEqual(self.ticket._get_sms_last_update(), before)
        self.ticket._message_sms("Hello")
        self.messages_to().mail_message_id.date = later
        self.assertEqual(self.ticket._get_sms_last_update(), later)

    def test_it_is_kept_nowhere_and_loads_nothing(self):
        page = self.get(self.url)
        self.assertEqual(page.headers["Cache-Control"], "no-store")
        self.assertEqual(page.headers["Referrer-Policy"], "no-referrer")
        self.assertIn("noindex", page.headers["X-Robots-Tag"])
        self.assertIn("default-src 'none'", page.headers["Content-Security-Policy"])
        self.assertFalse(self.tree(page).xpath("//script | //form"))

    def test_a_title_is_no_part_of_the_page(self):
        self.ticket.name = "<script>alert(1)</script>{{ 7 * 7 }}"
        page = self.get(self.url)
        self.assertIn("{{ 7 * 7 }}", self.text(page))
        self.assertFalse(self.tree(page).xpath("//script"))

    def test_what_opens_nothing_looks_alike(self):
        token = self.url.rsplit("/", 1)[1]
        other = self.make_ticket(self.customer)
        pages = [
            self.get(f"/sms/t/{wrong}")
            for wrong in (
                "x",
                token[:-1],
                token[:17] + links.encode(other.id),
                "0" * 23,
                token.upper(),
            )
        ]
        self.assertEqual({page.status_code for page in pages}, {404})
        self.assertEqual(len({self.text(page) for page in pages}), 1)

    def test_a_post_is_refused(self):
        self.assertEqual(self.url_open(self.url, data={"a": "b"}).status_code, 405)

    def test_it_speaks_the_customers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.quiet_stage.with_context(lang="fr_FR").name = "Calme"
        self.customer.lang = "fr_FR"
        page = self.get(self.url)
        self.assertIn("Calme", self.text(page))
        self.assertEqual(self.tree(page).get("lang"), "fr-FR")

    def test_it_needs_no_login_of_anybody(self):
        """Nor does it matter who is logged in, and from which company."""
        other_company = self.env["res.company"].create({"name": "Elsewhere"})
        strangers = (
            (self.portal_user, "portal"),
            (self.employee, "internal"),
            (
                new_test_user(
                    self.env,
                    "elsewhere",
                    groups="helpdesk_mgmt.group_helpdesk_user",
                    company_id=other_company.id,
                    company_ids=[(6, 0, other_company.ids)],
                ),
                "of another company",
            ),
        )
        new_test_user(
            self.env, "dana", groups="base.group_portal", partner_id=self.customer.id
        )
        pages = [self.get(self.url, allow_redirects=False)]
        for user, kind in strangers:
            user.password = user.login
            self.authenticate(user.login, user.login)
            with self.subTest(user=kind):
                pages.append(self.get(self.url, allow_redirects=False))
        self.assertEqual({page.status_code for page in pages}, {200})
        for page in pages:
            self.assertIn("Printer jams", self.text(page))
            self.assertNotIn("/my/ticket", page.text)

    def test_the_customer_who_is_logged_in_finds_the_way_to_the_portal(self):
        new_test_user(
            self.env, "dana", groups="base.group_portal", partner_id=self.customer.id
        )
        self.authenticate("dana", "dana")
        page = self.get(self.url, allow_redirects=False)
        self.assertEqual(page.status_code, 200)
        self.assertIn(f'href="/my/ticket/{self.ticket.id}"', page.text)

    def test_nobody_tries_for_long(self):
        limits = {**sms_rate_limit.LIMITS, "ticket_visitor": (3, 600)}
        with patch.dict(sms_rate_limit.LIMITS, limits):
            codes = [self.get("/sms/t/x").status_code for _ in range(5)]
        self.assertEqual(codes, [404] * 3 + [429] * 2)

    def test_one_link_is_not_opened_for_ever(self):
        limits = {**sms_rate_limit.LIMITS, "ticket_link": (2, 600)}
        with patch.dict(sms_rate_limit.LIMITS, limits):
            codes = [self.get(self.url).status_code for _ in range(3)]
        self.assertEqual(codes, [200, 200, 429])
