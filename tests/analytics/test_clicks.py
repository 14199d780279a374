# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
from unittest.mock import patch

from odoo.tests import HttpCase, tagged

from ..broadcast.common import BroadcastCase
from ..common import SmsCase, phone_number

PAGE = "https://example.com/help?topic=printers"
PERSON = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)"}
ROBOT = {"User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"}


@tagged("post_install", "-at_install")
class TestClicks(SmsCase, HttpCase):
    """Links in texts are shortened, and clicks by people counted for their template."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.record_consent()
        model = cls.env["ir.model"]._get("helpdesk.ticket")
        cls.template = cls.env["sms.template"].create(
            {
                "name": "Guide",
                "model_id": model.id,
                "body": f"See {PAGE}",
                "counts_clicks": True,
            }
        )

    def send(self, body=f"See {PAGE}", template=None, user=None):
        """Return a new text made from a template."""
        return (
            self.env["sms.sms"]
            .with_user(user or self.env.user)
            .sudo()
            .create(
                {
                    "number": self.number,
                    "body": body,
                    "purpose_id": self.purposes("ticket").id,
                    "template_id": (template or self.template).id,
                }
            )
        )

    def find_link(self, body):
        """Return the path of the short link in a text."""
        return re.search(r"https?://[^/\s]+(/r/\w+)", body)[1]

    def count_clicks(self):
        """Return the number of clicks on the template, as an agent sees it."""
        self.env.flush_all()
        facts = self.env["sms.analysis"].with_user(self.agent)
        domain = [("template_id", "=", self.template.id), ("kind", "=", "click")]
        return facts._read_group(domain, aggregates=["click_count:sum"])[0][0]

    def test_a_click_of_a_person_is_counted_and_leads_on(self):
        path = self.find_link(self.send().body)
        answer = self.url_open(path, allow_redirects=False, headers=PERSON)
        self.assertEqual(answer.status_code, 301)
        self.assertEqual(answer.headers["Location"], PAGE)
        self.assertEqual(self.count_clicks(), 1)
        click = self.env["link.tracker.click"].search([], limit=1, order="id desc")
        self.assertEqual(
            (click.link_id.sms_template_id, click.ip), (self.template, False)
        )

    def test_a_robot_is_not_counted(self):
        path = self.find_link(self.send().body)
        self.url_open(path, allow_redirects=False, headers=ROBOT)
        self.assertFalse(self.count_clicks())

    def test_the_text_is_shorter_and_counted_as_it_is_sent(self):
        sms = self.send(f"See {PAGE}&{'x' * 130}")
        self.assertNotIn("example.com", sms.body)
        self.assertEqual(sms.segment_count, 1)
        self.assertEqual(sms.body.count(self.footer), 1)

    def test_all_texts_of_a_template_share_a_link(self):
        self.assertEqual(
            self.find_link(self.send().body), self.find_link(self.send().body)
        )
        other = self.template.copy({"counts_clicks": True})
        self.assertNotEqual(
            self.find_link(self.send().body),
            self.find_link(self.send(template=other).body),
        )

    def test_an_agents_texts_have_it_too(self):
        self.assertTrue(self.find_link(self.send(user=self.own_agent).body))

    def test_links_stay_as_they_are_unless_the_template_counts(self):
        self.template.counts_clicks = False
        self.assertIn(PAGE, self.send().body)

    def test_a_persons_own_links_stay(self):
        """They lead to one person's preferences, so they must not be shortened."""
        own = f"{self.env['sms.sms'].get_base_url()}/sms/preferences/abc"
        self.assertIn(own, self.send(f"Change it: {own}").body)

    def test_a_text_without_a_link_costs_no_query(self):
        self.send("Hello")
        with_template = self.count_queries(self.send, "Hello")
        self.template.counts_clicks = False
        self.send("Hello")  # changing a template clears caches
        self.assertEqual(self.count_queries(self.send, "Hello"), with_template)

    def write_text(self, body, count=1):
        """Return new texts that are not made from a template."""
        ticket = self.purposes("ticket")
        return self.env["sms.sms"].create(
            [{"number": self.number, "body": body, "purpose_id": ticket.id}] * count
        )

    def test_what_people_write_is_counted_if_the_company_wants_that(self):
        self.assertIn(PAGE, self.write_text(f"See {PAGE}").body)
        self.company.sms_counts_clicks = True
        sms = self.write_text(f"See {PAGE}.")
        self.assertNotIn(PAGE, sms.body)
        path = self.find_link(sms.body)
        self.url_open(path, allow_redirects=False, headers=PERSON)
        self.env.flush_all()
        facts = self.env["sms.analysis"].with_user(self.agent)
        click = facts.search([("kind", "=", "click")])
        self.assertEqual(click.company_id, self.company)
        self.assertFalse(click.template_id)
        self.template.counts_clicks = False
        self.assertIn(PAGE, self.send().body, "a template says for itself")

    def test_a_secret_that_somebody_pastes_is_not_stored(self):
        self.company.sms_counts_clicks = True
        reset = "https://example.com/reset?token=s3cret"
        self.assertIn(reset, self.write_text(f"Reset it: {reset}").body)
        links = self.env["link.tracker"].search([("url", "like", "s3cret")])
        self.assertFalse(links)

    def test_many_texts_ask_once_for_each_link(self):
        self.company.sms_counts_clicks = True
        body = f"See {PAGE}"
        self.write_text(body)
        few = self.count_queries(self.write_text, body, 2)
        self.assertLessEqual(self.count_queries(self.write_text, body, 20), few)

    def test_a_short_link_is_not_made_shorter(self):
        self.company.sms_counts_clicks = True
        short = self.find_link(self.write_text(f"See {PAGE}").body)
        body = f"See {self.company.get_base_url()}{short}"
        self.assertIn(f"{short}\n", self.write_text(body).body)

    def test_the_short_link_is_on_the_companys_own_domain(self):
        own = "https://texts.example.com"
        companies = type(self.env["res.company"])
        self.company.sms_counts_clicks = True
        with patch.object(companies, "get_base_url", lambda _self: own):
            self.assertIn(f"{own}/r/", self.write_text(f"See {PAGE}").body)

    def test_another_companys_clicks_are_its_own(self):
        other = self.make_company("Elsewhere")
        self.record_consent(phone_number(700), company=other)
        sms = self.env["sms.sms"].create(
            {
                "number": phone_number(700),
                "body": f"See {PAGE}",
                "purpose_id": self.purposes("ticket").id,
                "template_id": self.template.id,
                "record_company_id": other.id,
            }
        )
        self.url_open(self.find_link(sms.body), allow_redirects=False, headers=PERSON)
        facts = self.env["sms.analysis"].with_user(self.agent)
        domain = [("kind", "=", "click")]
        self.env.flush_all()
        self.assertFalse(
            facts.with_context(allowed_company_ids=self.company.ids).search(domain)
        )
        found = facts.with_context(allowed_company_ids=other.ids).search(domain)
        self.assertEqual(found.company_id, other)

    def test_a_persons_own_links_are_not_kept(self):
        """Nor on the domain of a website that is not the base URL."""
        for path in (
            "/sms/t/tok3n",
            "/my/ticket/7?access_token=tok3n",
            "/rate/tok3n/5",
        ):
            for base in (self.ticket.get_base_url(), "https://help.example.com"):
                with self.subTest(base=base, path=path):
                    sms = self.send(f"See {base}{path}")
                    self.assertIn(f"{base}{path}", sms.body)
        links = self.env["link.tracker"].search([("url", "like", "tok3n")])
        self.assertFalse(links)


class TestBroadcastClicks(BroadcastCase):
    """A broadcast's links are created once, and shared by all recipients."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.sms_counts_clicks = True

    def find_links(self, broadcast):
        """Return the links created for a broadcast."""
        return self.env["link.tracker"].search(
            [("sms_broadcast_id", "=", broadcast.id)]
        )

    def test_what_is_checked_is_what_is_sent(self):
        broadcast = self.make(body=f"Outage in {{area}}: {PAGE}")
        self.check(broadcast)
        link = self.find_links(broadcast)
        self.assertEqual(len(link), 1)
        self.assertIn(link.short_url, broadcast.sample_html)
        self.send(broadcast)
        texts = self.texts(broadcast)
        self.assertGreater(len(texts), 1)
        for text in texts:
            self.assertIn(link.short_url, text.body)
            self.assertNotIn(PAGE, text.body)
        self.assertEqual(self.find_links(broadcast), link)

    def test_the_status_page_is_counted_too(self):
        incident = self.env["sms.incident"].create(
            {"name": "No network", "area_ids": [(6, 0, self.area.ids)]}
        )
        broadcast = self.make(incident_id=incident.id, body="See {status_page}")
        self.check(broadcast)
        self.send(broadcast)
        link = self.find_links(broadcast)
        self.assertEqual(link.url, incident.status_page)
        self.assertIn(link.short_url, self.texts(broadcast)[0].body)

    def test_nothing_is_made_where_nobody_wants_to_count(self):
        self.company.sms_counts_clicks = False
        broadcast = self.make(body=f"See {PAGE}")
        self.check(broadcast)
        self.send(broadcast)
        self.assertIn(PAGE, self.texts(broadcast)[0].body)
        self.assertFalse(self.find_links(broadcast))
