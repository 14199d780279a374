# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import csv
import re
from pathlib import Path

from lxml import etree

from odoo.tests import BaseCase, tagged

from ...providers import TwilioProvider, faults, twilio_voice
from ...providers.twilio_words import CODES

ROOT = Path(__file__).parents[2]
LIST = Path(__file__).with_name("twilio_codes.csv")
PAGE = ROOT / "docs" / "carrier-errors.md"
#: Where a code appears: on posting a text or a call, in a report, never for a text.
TOLD = {"post", "call", "report", "never"}


def find_fault(code, told):
    """Return the fault of a code by where it appears."""
    if told == "call":
        return twilio_voice.find_known(code, 400)[0]
    if told == "post":
        return CODES.get(code, (faults.REFUSED_OTHERWISE,))[0]
    form = {"MessageSid": "1", "MessageStatus": "undelivered", "ErrorCode": code}
    return TwilioProvider.parse_report(form).fault


def read_table(heading):
    """Return the rows of the table under a heading of the page, as cells."""
    section = PAGE.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = re.findall(r"^\| (.*) \|$", section, re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines[1:]]


@tagged("post_install", "-at_install")
class TestCarrierCodes(BaseCase):
    """Twilio's list of errors, and what follows from each."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with LIST.open(newline="") as file:
            cls.rows = list(csv.DictReader(file))

    def test_what_follows_from_each_code(self):
        for row in self.rows:
            with self.subTest(code=row["code"], told=row["told"]):
                self.assertIn(row["told"], TOLD)
                if row["told"] == "never":
                    self.assertFalse(row["fault"])
                    self.assertNotIn(row["code"], CODES)
                else:
                    found = find_fault(row["code"], row["told"])
                    self.assertEqual(found, row["fault"])

    def test_each_code_that_we_know_is_listed_once(self):
        self.assertEqual(set(CODES) - {row["code"] for row in self.rows}, set())
        pairs = [(row["code"], row["told"]) for row in self.rows]
        self.assertEqual(len(pairs), len(set(pairs)))

    def test_the_page_has_each_fault_with_its_codes(self):
        told = {}
        for row in self.rows:
            if row["fault"]:
                told.setdefault(row["fault"], set()).add(row["code"])
        shown = {
            fault.strip("`"): set(re.findall(r"\d+", codes))
            for fault, *_others, codes in read_table("What follows from each fault")
        }
        known = {fault for fault, _name in faults.SELECTION}
        self.assertEqual(set(shown), known)
        self.assertEqual({key: it for key, it in shown.items() if it}, told)

    def test_the_page_says_what_the_shipped_rules_say(self):
        """``data/sms_fault_data.xml``: a company may change its own."""
        tree = etree.parse(ROOT / "data" / "sms_fault_data.xml")
        shown = {
            fault.strip("`"): action
            for fault, _name, action, *_others in read_table(
                "What follows from each fault"
            )
        }
        for record in tree.iter("record"):
            values = {
                field.get("name"): field.get("eval") or field.text
                for field in record.iter("field")
            }
            with self.subTest(fault=values["fault"]):
                self.assertEqual(say(values), shown[values["fault"]])


def say(values):
    """Describe a rule's action in the words of the page."""
    first, last = values.get("first_pause"), values.get("max_pause")
    pauses = f"{first} s" if first == last else f"{first} to {last} s"
    return {
        "again": f"try again, {values.get('max_attempts')} attempts, {pauses}",
        "end": "end",
        "number": "end, and the number",
        "sender": f"stop the sender, {pauses}",
    }[values["action"]]
