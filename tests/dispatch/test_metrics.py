# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tools import SQL

from ...models.dispatch.sms_outbox_watch import HEALTH_TOKEN_PARAMETER, OPEN_MESSAGES
from ...providers import faults
from ...tools.exposition import CONTENT_TYPE
from .common import BatchCase, WatchCase

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
#: Accept headers of Prometheus 3 and 2, and of others that read its format.
SCRAPERS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    "application/openmetrics-text;version=1.0.0,"
    "application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "text/plain",
)
OTHERS = (
    "*/*",
    "application/json",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
)


def read(text):
    """Return the metrics as ``{(company id, name, *other labels): value}``."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = {**sample.labels}
            company_id = int(labels.pop("company"))
            found[(company_id, sample.name, *labels.values())] = sample.value
    return found


@tagged("post_install", "-at_install")
class TestMetrics(WatchCase, HttpCase):
    """The metrics for Prometheus, at the monitor's address."""

    def get(self, query="", **headers):
        """Request the page as a monitor with the token does."""
        parameters = self.env["ir.config_parameter"].sudo()
        token = parameters.get_param(HEALTH_TOKEN_PARAMETER)
        return self.url_open(f"/helpdesk_sms/health/{token}{query}", headers=headers)

    def scrape(self):
        """Return our company's metrics, by name and label."""
        found = read(self.get("?format=prometheus").text)
        return {
            "/".join(key[1:]).removeprefix("helpdesk_sms_"): value
            for key, value in found.items()
            if key[0] == self.company.id
        }

    def test_who_gets_which_format(self):
        """Also when there is a problem: Prometheus ignores responses other than 200."""
        self.queue(not_before=self.long_ago())
        for accept in SCRAPERS:
            with self.subTest(accept=accept):
                answer = self.get(Accept=accept)
                self.assertEqual(answer.status_code, 200)
                self.assertEqual(answer.headers["Content-Type"], CONTENT_TYPE)
        for accept in OTHERS:
            with self.subTest(accept=accept):
                answer = self.get(Accept=accept)
                self.assertEqual(answer.status_code, 503)
                self.assertEqual(answer.json()["status"], "trouble")
        answer = self.get("?format=json", Accept=SCRAPERS[0])
        self.assertEqual(answer.headers["Content-Type"], "application/json")

    def test_the_figures(self):
        self.queue(not_before=self.long_ago())
        self.env["sms.consent.check"]._verify(self.company)
        text = self.get("?format=prometheus").text
        for personal in (self.number, "Dana", self.company.name, "Hello"):
            self.assertNotIn(personal, text)
        found = self.scrape()
        self.assertEqual(found["waiting"], 1)
        self.assertAlmostEqual(found["oldest_seconds"], 7200, delta=60)
        self.assertEqual(found["trouble/standstill"], 1)
        self.assertEqual(found["trouble/cron"], 0)
        self.assertEqual(found["ledger_broken"], 0)
        now = fields.Datetime.now().timestamp()
        checked_at = found["ledger_checked_timestamp_seconds"]
        self.assertAlmostEqual(checked_at, now, delta=60)

    def test_counters_never_fall(self):
        message = self.queue()
        self.run_outbox()
        before = self.scrape()
        message.write({"state": "process", "provider": "twilio", "report_rank": 0})
        message._fail(self.env["sms.fault"]._get_policy(faults.FILTERED))
        message._update_sms_state_and_trackers("outgoing")
        self.env["sms.counter"]._merge()
        after = self.scrape()
        grown = {key: after[key] - before[key] for key in after if "_total" in key}
        expected = {**dict.fromkeys(grown, 0), "failed_total/filtered": 1}
        self.assertEqual(grown, expected)
        self.assertEqual(before["sent_total"], before["delivered_total"])
        self.run_outbox()
        self.assertEqual(self.scrape()["sent_total"], before["sent_total"] + 1)
        # The number of labels is bounded, however many texts fail.
        reasons = {key for key in after if key.startswith("failed_total/")}
        self.assertEqual(len(reasons), len(faults.SELECTION))

    def test_the_page_names_metrics_that_exist(self):
        """The table names all of them, and the rules name no other."""
        page = PAGE.read_text()
        names = {key.partition("/")[0] for key in self.scrape()}
        self.assertLessEqual(
            set(re.findall(r"helpdesk_sms_(\w+)", page)) - {"rules"}, names
        )
        table = page.partition("| metric,")[2].partition("```")[0]
        self.assertLessEqual(names, set(re.findall(r"`(\w+)`", table)))


@tagged("post_install", "-at_install")
class TestCostOfMetrics(BatchCase):
    """A scrape every few seconds must cost the database little."""

    def scrape(self):
        """Make the metrics, as the monitor's address does."""
        watch = self.env["sms.outbox.watch"]
        watch._make_metrics(watch._get_health(watch._get_health_token()))

    def test_so_many_queries_however_many_texts(self):
        self.scrape()
        few = self.count_queries(self.scrape)
        self.queue_many(60)
        self.run_outbox()
        self.queue_many(60)
        self.assertEqual(self.count_queries(self.scrape), few)
        companies = len(self.env["sms.outbox.watch"]._get_companies())
        self.assertLessEqual(few, 12 * companies + 6)

    def test_what_is_open_is_found_by_an_index(self):
        """However many texts were sent; recent ones are found by their block."""
        times = dict.fromkeys(("now", "abandoned", "unasked", "lately"))
        query = SQL(OPEN_MESSAGES, company=1, no_connection="x", **times)
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        rows = self.env.execute_query(SQL("EXPLAIN %s", query))
        plan = "\n".join(row[0] for row in rows)
        self.assertRegex(plan, r"sms_sms_+(outbox|urgency)_index")
        self.assertNotIn("Seq Scan on sms_sms", plan)
