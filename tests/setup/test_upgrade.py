# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

from odoo.sql_db import db_connect
from odoo.tests import BaseCase, tagged

from .upgrade_case import ROOT, UpgradeCase
from .upgrade_rows import (
    RENAMED,
    SCHEMA,
    XML_IDS,
    Comparison,
    Snapshot,
    find_unlike_new,
    keeps_words,
)

#: What people have edited of what ships: see ``upgrade_data.py``.
EDITED = {
    ("helpdesk_ticket_channel_sms", "name"),
    ("fault_too_fast", "advice"),
    ("ir_cron_sms_price", "active"),
    ("sms_automation_waiting", "active"),
    ("sms_automation_waiting", "name"),
    # Ships now; they had entered the word themselves.
    ("sms_keyword_ayuda", "answer"),
    ("sms_keyword_help", "answer"),
    ("sms_keyword_stop", "answer"),
    ("sms_purpose_ticket", "footer"),
    ("sms_purpose_ticket", "max_per_day"),
    ("sms_purpose_ticket", "name"),
    ("sms_quiet_hours_us", "active"),
    ("sms_quiet_hours_us_tx", "source"),
    ("sms_reply_help", "body"),
    ("sms_scope_rule_default", "source"),
    ("sms_team_alert_plan_default", "target_minutes"),
    ("sms_template_ticket_received", "body"),
    # Published words stay as people have agreed to them.
    ("sms_wording_internal", "body"),
    ("sms_wording_internal", "digest"),
}
#: What the upgrade warns of on purpose.
WARNINGS = (
    r"post-pages: Company \d+: sms_terms_url is 'https://www.example.com/terms' now",
    r"post-spoken-consents: 1 consents were only said",
)
#: What people have deleted of what ships.
DELETED = {
    "digest_digest_sms",
    "sms_automation_appointment_no_show",
    "sms_keyword_status",
    "sms_scope_rule_fcc_26_67_marketing",
    "sms_template_appointment_no_show",
}


class UpgradeTests:
    """What must hold, whichever version was upgraded."""

    def test_nothing_is_lost_and_nothing_else_changed(self):
        found = Comparison(self.before, self.after, self.new).find()
        self.assertFalse(found, "\n".join(["", *found]))

    def test_what_people_have_edited_stays(self):
        before, after = self.before.get_shipped(), self.after.get_shipped()
        for name, column in EDITED:
            if name in before:
                with self.subTest(name, column=column):
                    value, now = before[name][2][column], after[name][2][column]
                    self.assertTrue(keeps_words(value, now), (value, now))

    def test_all_else_that_ships_is_as_in_a_new_database(self):
        self.assertEqual(find_unlike_new(self.after, self.new), EDITED)

    def test_xml_ids_name_what_they_named(self):
        for name, (model, row_id, _noupdate) in self.before.ids.items():
            name = XML_IDS.get(name, name)
            if name in self.after.ids:
                self.assertEqual(self.after.ids[name][1], row_id, (name, model))
        self.assertEqual(
            {(name, *it[::2]) for name, it in self.after.ids.items()},
            {
                (name, *it[::2])
                for name, it in self.new.ids.items()
                if name not in DELETED
            },
        )

    def test_tables_are_those_of_a_new_database(self):
        self.assertFalse(self.after.schema ^ self.new.schema)

    def test_the_upgrade_warns_of_what_it_should_and_nothing_else(self):
        warned = self.find_warnings(self.log)
        for pattern in WARNINGS:
            found = [line for line in warned if re.search(pattern, line)]
            self.assertEqual(len(found), 1, pattern)
            warned.remove(found[0])
        self.assertFalse(warned)

    def test_a_second_update_changes_nothing(self):
        self.assertFalse(self.find_warnings(self.second_log))
        for name in ("schema", "ids", "views", "fields", "relations", "rows"):
            with self.subTest(name):
                self.assertEqual(getattr(self.again, name), getattr(self.after, name))

    def test_the_ledgers_are_intact(self):
        found = re.findall("Ledger: (.*)", self.said)
        self.assertEqual(found, ["intact"] * 2, self.said)
        chains = list(Path(self.folder).glob("*.json"))
        self.assertEqual(len(chains), 2)
        verifier = [sys.executable, ROOT / "bin" / "verify-ledger.py"]
        for chain in chains:
            arguments = ["--key", f"{self.folder}/key", chain]
            subprocess.run([*verifier, *arguments], check=True)

    def test_what_people_have_deleted_stays_deleted(self):
        self.assertFalse(DELETED & self.before.ids.keys())
        self.assertFalse(DELETED & self.after.ids.keys())
        self.assertLessEqual(DELETED, self.new.ids.keys())


@tagged("post_install", "-at_install", "live")
class TestUpgrade(UpgradeTests, UpgradeCase):
    """From the first version."""

    version = "19.0.1.0.0"

    @classmethod
    def setUpClass(cls):
        """Uninstall the addon at the end: here is data in each of its models."""
        super().setUpClass()
        cls.uninstall_log = cls.run_shell_file(
            "uninstall_data.py",
            "print(*Leaving(env, env.cr.commit).leave(), sep='\\n')",
        )

    def ask(self, query, *values, database=None):
        """Return what the database says that the addon has left."""
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
        self.assertEqual(
            set(self.ask(SCHEMA)) ^ set(self.ask(SCHEMA, database=self.template)), set()
        )

    def test_the_administrator_is_told_first_and_offered_the_ledger(self):
        self.assertIn("Offered: True", self.uninstall_log)
        names = re.search("Offered: True (.*)", self.uninstall_log)[1]
        for name in ("telnyx", "sandbox", "archived"):
            self.assertIn(name, names)
        size, count = re.search(r"Exported: (\d+) (\d+)", self.uninstall_log).groups()
        self.assertGreater(int(count), 9)
        self.assertGreater(int(size), 1000)


@tagged("post_install", "-at_install", "live")
class TestUpgradeFromThird(UpgradeTests, UpgradeCase):
    """From the version that was out there longest."""

    version = "19.0.1.3.0"


class FakeSnapshot:
    """A snapshot without a database, of one row that does not ship."""

    def __init__(self, row, **values):
        self.ids = {}
        self.fields = {"sms.area": {*row, "state_ids"}}
        self.rows = {"sms.area": {1: row}}
        self.relations = {("sms.area", "state_ids"): {(1, 7)}}
        vars(self).update(values)

    get_shipped = Snapshot.get_shipped


@tagged("post_install", "-at_install")
class TestComparison(BaseCase):
    """What is lost is found: else the test above would say nothing."""

    def compare(self, after, before=None):
        """Return what is found to differ."""
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
