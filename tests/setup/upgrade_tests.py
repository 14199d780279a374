# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What must hold after an upgrade, from whichever version."""

import re
import subprocess
import sys
from pathlib import Path

from .upgrade_case import ROOT
from .upgrade_rows import XML_IDS, Comparison, find_unlike_new, keeps_words

#: Shipped records that people have edited: see ``upgrade_data.py``.
EDITED = {
    ("helpdesk_ticket_channel_sms", "name"),
    ("fault_too_fast", "advice"),
    ("ir_cron_sms_price", "active"),
    ("sms_automation_waiting", "active"),
    ("sms_automation_waiting", "name"),
    # Ships now, but people had added the word before.
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
    # Published wordings stay as people have agreed to them.
    ("sms_wording_internal", "body"),
    ("sms_wording_internal", "digest"),
}
#: Expected warnings of upgrades from before 19.0.1.4.0.
WARNINGS = (
    r"post-pages: Company \d+: sms_terms_url is 'https://www.example.com/terms' now",
    r"post-spoken-consents: 1 consents were only said",
)
#: Shipped records that people have deleted.
DELETED = {
    "digest_digest_sms",
    "sms_automation_appointment_no_show",
    "sms_keyword_status",
    "sms_scope_rule_fcc_26_67_marketing",
    "sms_template_appointment_no_show",
}


class UpgradeTests:
    """What must hold, whichever version was upgraded."""

    warnings = WARNINGS

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
        for pattern in self.warnings:
            found = [line for line in warned if re.search(pattern, line)]
            self.assertEqual(len(found), 1, pattern)
            warned.remove(found[0])
        self.assertFalse(warned)

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


class UpdatedTwice:
    """A second update changes nothing. It takes the same code, whatever came before."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second_log = cls.update()
        cls.again = cls.read_database()

    def test_a_second_update_changes_nothing(self):
        self.assertFalse(self.find_warnings(self.second_log))
        for name in ("schema", "ids", "views", "fields", "relations", "rows"):
            with self.subTest(name):
                self.assertEqual(getattr(self.again, name), getattr(self.after, name))
