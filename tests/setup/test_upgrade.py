# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
from unittest.mock import patch

from odoo.sql_db import close_db, db_connect
from odoo.tests import BaseCase, tagged

from .upgrade_case import UpgradeCase
from .upgrade_rows import RENAMED, SCHEMA, Comparison, Snapshot
from .upgrade_tests import UpdatedTwice, UpgradeTests


@tagged("post_install", "-at_install", "live")
class TestUpgrade(UpdatedTwice, UpgradeTests, UpgradeCase):
    """Upgrade from the first version."""

    version = "19.0.1.0.0"

    @classmethod
    def setUpClass(cls):
        """Upgrade, then uninstall the addon while each of its models has data."""
        super().setUpClass()
        cls.uninstall_log = cls.run_shell_file(
            "uninstall_data.py",
            "print(*Leaving(env, env.cr.commit).leave(), sep='\\n')",
        )

    def ask(self, query, *values, database=None):
        """Query what the addon has left in the database."""
        with db_connect(database or self.database).cursor() as cr:
            cr.execute(query, values)
            return cr.fetchall()

    def test_uninstalling_warns_of_nothing(self):
        self.assertFalse(self.find_warnings(self.uninstall_log), self.uninstall_log)

    def test_no_text_waits_when_the_addon_is_gone(self):
        rows = self.ask(
            "SELECT body, state FROM sms_sms WHERE body ~ '^[a-z]+ [a-z]+ '"
        )
        self.assertEqual(len(rows), 32)
        for body, state in rows:
            former = body.split()[1]
            expected = {"outgoing": "canceled", "unknown": "process"}.get(
                former, former
            )
            with self.subTest(body):
                self.assertEqual(state, expected)
        self.assertFalse(self.ask("SELECT FROM sms_sms WHERE state = 'outgoing'"))
        self.assertFalse(
            self.ask(
                "SELECT FROM mail_notification WHERE notification_type = 'sms'"
                " AND notification_status = 'ready'"
            )
        )

    def test_odoos_own_queue_texts_nobody(self):
        self.assertIn("Asked: []", self.uninstall_log)

    def test_no_company_is_on_a_provider_that_it_did_not_choose(self):
        rows = self.ask(
            "SELECT name, sms_provider, sms_twilio_account_sid, sms_twilio_auth_token"
            "  FROM res_company WHERE name = ANY(%s)",
            ["iap", "twilio", "telnyx", "sandbox", "archived"],
        )
        found = {name: values for name, *values in rows}
        sid = "AC" + "1" * 32
        self.assertEqual(
            found,
            {
                "iap": ["iap", sid, "token of iap"],
                "twilio": ["twilio", sid, "token of twilio"],
                "telnyx": ["twilio", None, "token of telnyx"],
                "sandbox": ["twilio", None, "token of sandbox"],
                "archived": ["twilio", None, None],
            },
        )
        rows = self.ask("SELECT state FROM sms_sms WHERE body LIKE 'after %%'")
        self.assertEqual(rows, [("error",)] * 2)

    def test_nothing_of_the_addon_is_left(self):
        for query in (
            "SELECT key FROM ir_config_parameter WHERE key LIKE 'helpdesk_mgmt_sms%%'",
            "SELECT module, name FROM ir_model_data WHERE module = 'helpdesk_mgmt_sms'",
            "SELECT cron_name FROM ir_cron WHERE cron_name LIKE 'Text Messages:%%'",
            "SELECT res_model, name FROM ir_attachment WHERE res_model LIKE 'sms.%%'",
            "SELECT model FROM ir_model WHERE model LIKE 'sms.consent%%'",
        ):
            with self.subTest(query):
                self.assertEqual(self.ask(query), [])
        left = set(self.ask(SCHEMA)) ^ set(self.ask(SCHEMA, database=self.template))
        close_db(self.template)  # which other workers copy
        self.assertEqual(left, set())

    def test_the_administrator_is_told_first_and_offered_the_ledger(self):
        self.assertIn("Offered: True", self.uninstall_log)
        names = re.search("Offered: True (.*)", self.uninstall_log)[1]
        for name in ("telnyx", "sandbox", "archived"):
            self.assertIn(name, names)
        size, count = re.search(r"Exported: (\d+) (\d+)", self.uninstall_log).groups()
        self.assertGreater(int(count), 9)
        self.assertGreater(int(size), 1000)


class FakeSnapshot:
    """A snapshot of one row that does not ship, without a database."""

    def __init__(self, row, **values):
        self.ids = {}
        self.fields = {"sms.area": {*row, "state_ids"}}
        self.rows = {"sms.area": {1: row}}
        self.relations = {("sms.area", "state_ids"): {(1, 7)}}
        vars(self).update(values)

    get_shipped = Snapshot.get_shipped


@tagged("post_install", "-at_install")
class TestComparison(BaseCase):
    """A loss is found; otherwise the test above would prove nothing."""

    def compare(self, after, before=None):
        """Return the differences that are found."""
        before = before or FakeSnapshot({"name": "Denver"})
        return Comparison(before, after, FakeSnapshot({})).find()

    def test_a_value_and_a_field(self):
        self.assertEqual(self.compare(FakeSnapshot({"name": "Denver"})), [])
        self.assertEqual(
            self.compare(FakeSnapshot({"name": None})),
            ["sms.area 1: name was 'Denver' and is None"],
        )
        self.assertEqual(
            self.compare(FakeSnapshot({"title": "Denver"})),
            ["sms.area.name is lost", "sms.area 1: name was 'Denver' and is None"],
        )

    def test_a_row_a_model_and_a_relation(self):
        for lost in (
            {"rows": {"sms.area": {}}},
            {"rows": {}},
            {"relations": {}},
        ):
            found = self.compare(FakeSnapshot({"name": "Denver"}, **lost))
            self.assertEqual(len(found), 1, found)

    def test_what_has_another_name_is_not_lost(self):
        after = FakeSnapshot(
            {},
            fields={"sms.zone": {"title", "state_ids"}},
            rows={"sms.zone": {1: {"title": "Denver"}}},
            relations={("sms.zone", "state_ids"): {(1, 7)}},
        )
        names = {"sms.area": "sms.zone", ("sms.area", "name"): "title"}
        with patch.dict(RENAMED, names):
            self.assertEqual(self.compare(after), [])
            after.rows["sms.zone"][1]["title"] = "Boulder"
            self.assertEqual(len(self.compare(after)), 1)
