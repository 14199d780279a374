# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The public page of an incident, as anybody with its address sees it."""

from datetime import timedelta
from unittest.mock import patch
from urllib.parse import urlsplit

from odoo import fields
from odoo.tests import tagged

from ...models.core import sms_rate_limit
from ...tools import links
from ..common import phone_number
from ..web import WebCase


@tagged("post_install", "-at_install")
class TestIncidentPage(WebCase):
    """It shows what, where and since when, and nothing about anybody."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.area = cls.env["sms.area"].create({"name": "Denver", "cities": "Denver"})
        cls.incident = (
            cls.env["sms.incident"]
            .with_user(cls.manager)
            .create({"name": "No internet", "area_ids": [(6, 0, cls.area.ids)]})
        )

    @property
    def url(self):
        return urlsplit(self.incident.status_page).path

    def publish(self, state, body):
        """Publish news, as a manager."""
        news = self.env["sms.incident.news"].with_user(self.manager)
        news.create(
            {"incident_id": self.incident.id, "state": state, "body": body}
        ).flush_recordset()

    def test_it_tells_how_it_stands(self):
        text = self.text(self.get(self.url))
        for shown in (
            "No internet",
            "Denver",
            "We are working on it",
            "No updates yet",
        ):
            self.assertIn(shown, text)
        self.publish("monitoring", "The cable is mended.")
        self.publish("resolved", "All is well.")
        text = self.text(self.get(self.url))
        self.assertIn("Resolved", text)
        self.assertIn("Until", text)
        self.assertLess(text.index("All is well."), text.index("The cable is mended."))
        self.assertNotIn("No updates yet", text)

    def test_it_tells_nothing_of_anybody(self):
        local = self.make_customer(phone_number(1), "Lee Local", city="Denver")
        self.make_ticket(local)
        self.post_on(self.incident, "Internal: the vendor is to blame")
        page = self.get(self.url)
        hidden = ("Lee", phone_number(1), self.manager.name, "vendor", "Printer")
        for words in hidden:
            self.assertNotIn(words, page.text)
        self.assertFalse(self.tree(page).xpath("//script | //form"))
        self.assertEqual(page.headers["Referrer-Policy"], "no-referrer")
        self.assertIn("default-src 'none'", page.headers["Content-Security-Policy"])

    def test_words_are_no_part_of_the_page(self):
        self.publish("open", "<script>alert(1)</script>{{ 7 * 7 }}")
        page = self.get(self.url)
        self.assertIn("{{ 7 * 7 }}", self.text(page))
        self.assertFalse(self.tree(page).xpath("//script"))

    def test_what_opens_nothing_looks_alike(self):
        token = self.url.rsplit("/", 1)[1]
        other = self.env["sms.incident"].create({"name": "Other"})
        pages = [
            self.get(f"/sms/incident/{wrong}")
            for wrong in (
                *("x", token[:-1], token.upper(), "0" * 23),
                token[:17] + links.encode(other.id),
                urlsplit(self.ticket.sms_ticket_url).path.rsplit("/", 1)[1],
            )
        ]
        self.assertEqual({page.status_code for page in pages}, {404})
        self.assertEqual(len({self.text(page) for page in pages}), 1)

    def test_it_ends(self):
        token, today = self.url.rsplit("/", 1)[1], fields.Date.today()
        for days, is_open in ((364, True), (366, False)):
            later = today + timedelta(days)
            with (
                self.subTest(days=days),
                patch.object(fields.Date, "today", lambda later=later: later),
            ):
                found = self.env["sms.incident"]._find_by_short_link(token)
                self.assertEqual(bool(found), is_open)

    def test_its_address_stays_the_same(self):
        before = self.incident.status_page
        self.incident.opened_at -= timedelta(days=2)
        self.publish("resolved", "All is well.")
        self.incident.invalidate_recordset()
        self.assertEqual(self.incident.status_page, before)

    def test_it_speaks_the_visitors_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.incident.with_context(lang="fr_FR").name = "Panne d'internet"
        page = self.get(self.url, headers={"Accept-Language": "fr-FR,fr"})
        self.assertIn("Panne d'internet", self.text(page))
        self.assertEqual(self.tree(page).get("lang"), "fr-FR")

    def test_nobody_tries_for_long(self):
        limits = {**sms_rate_limit.LIMITS, "incident_visitor": (3, 600)}
        with patch.dict(sms_rate_limit.LIMITS, limits):
            codes = [self.get("/sms/incident/x").status_code for _ in range(5)]
        self.assertEqual(codes, [404] * 3 + [429] * 2)
        self.assertEqual(self.url_open(self.url, data={"a": "b"}).status_code, 405)


@tagged("post_install", "-at_install")
class TestTicketOfAnIncident(WebCase):
    """A ticket's page names its incident, and the customer can deny it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        incidents = cls.env["sms.incident"].with_user(cls.manager)
        cls.incident = incidents.create({"name": "No internet"})
        cls.joined = cls.make_ticket(cls.customer, name="Internet is slow")

    @property
    def url(self):
        return urlsplit(self.joined.sms_ticket_url).path

    def test_something_else(self):
        self.assertEqual(self.joined.sms_incident_id, self.incident)
        text = self.text(self.get(self.url))
        for shown in ("We know about this", "No internet", "It is something else"):
            self.assertIn(shown, text)
        for _time in range(2):
            page = self.url_open(f"{self.url}/other", data={"x": "1"})
            self.assertEqual(page.status_code, 200)
            self.assertIn("We are looking into your ticket separately", page.text)
        self.env.invalidate_all()
        self.assertFalse(self.joined.sms_incident_id)
        notes = self.joined.message_ids.filtered(lambda it: "No internet" in it.body)
        self.assertEqual(len(notes), 1)

    def test_something_else_reopens_what_was_closed_with_the_incident(self):
        self.joined.stage_id = self.closed_stage
        page = self.url_open(f"{self.url}/other", data={"x": "1"})
        self.assertIn("We are looking into your ticket separately", page.text)
        self.env.invalidate_all()
        self.assertFalse(self.joined.closed)
        self.joined.stage_id = self.closed_stage
        page = self.url_open(f"{self.url}/other", data={"x": "1"})
        self.assertNotIn("We are looking into", page.text)
        self.env.invalidate_all()
        self.assertTrue(self.joined.closed, "said once")

    def test_something_else_where_the_team_does_not_reopen(self):
        self.team.sms_reopen = False
        self.joined.write({"team_id": self.team.id, "stage_id": self.closed_stage.id})
        page = self.url_open(f"{self.url}/other", data={"x": "1"})
        self.assertNotIn("We are looking into", page.text)
        self.env.invalidate_all()
        self.assertEqual(self.joined.stage_id, self.closed_stage)

    def test_news_of_the_incident_is_an_update(self):
        news = {"incident_id": self.incident.id, "state": "open", "body": "Cable cut."}
        self.env["sms.incident.news"].with_user(self.manager).create(news)
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_incident"))
        [post] = self.joined.message_ids.filtered(lambda it: "Cable" in it.body)
        post.date = fields.Datetime.now() + timedelta(days=1)
        self.assertEqual(self.joined._get_sms_last_update(), post.date)

    def test_looking_at_it_says_nothing(self):
        for page in (
            self.get(f"{self.url}/other"),
            self.url_open(self.url, data={"x": "1"}),
        ):
            self.assertEqual(page.status_code, 405)
        self.env.invalidate_all()
        self.assertEqual(self.joined.sms_incident_id, self.incident)

    def test_a_wrong_address_changes_nothing(self):
        page = self.url_open(f"{self.url[:-2]}xx/other", data={"x": "1"})
        self.assertEqual(page.status_code, 404)
        self.env.invalidate_all()
        self.assertTrue(self.joined.sms_incident_id)
