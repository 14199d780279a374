# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Check that ``docs/countries.md`` matches the shipped rules.

``HELPDESK_SMS_WRITE_DOCS=1 bin/test tests/message/test_country_page.py`` rewrites it.
"""

import os
from pathlib import Path

from odoo.tests import TransactionCase, tagged

from ...tools.purpose_rules import CONSENT

PAGE = Path(__file__).parents[2] / "docs" / "countries.md"
WRITE_VARIABLE = "HELPDESK_SMS_WRITE_DOCS"
#: The researched countries, in the order of the page.
COUNTRIES = ("US", "CA", "GB", "FR", "DE", "ES")
TITLES = ("About", "Where", "Rule", "Kind", "Since", "Read", "Confirmed", "Source")
INTRODUCTION = """# Rules for offers, by country

Facts gathered for a product, not legal advice. Written by a test
(`tests/message/test_country_page.py`) out of the rows that ship, and compared with
them. In the product: *Consents > Rules by country*.

- A row says where its source can be read, when somebody read it, or a copy or a
  quotation of it word for word, since when it holds, and whether it is a **law**, a
  **regulator's guidance** or a rule of **carriers or the trade**.
- What is **not confirmed** is unsure: by secondary sources, from memory, or a rule
  about calls that is kept for texts. The stricter reading ships. An administrator who
  knows better changes the row, and says why where that lets more texts leave.
- **Which country**: that of the number, by the library `phonenumbers`, and that of
  the contact's address. The rules of both hold, and of several time zones the
  strictest ([more](quiet-hours.md#where-the-person-may-be)). French overseas
  departments keep the rules of France.
- **Hours** hold for offers; other texts keep [the company's business
  hours](quiet-hours.md). Public holidays are those of the library `holidays`: of the
  state or region if the contact's address names one, else of any part of the country.
- **Consent** is asked for under every policy. Spoken consent does not count where the
  row says so, whatever the purpose accepts.
- **The sender** is named in every offer, and every offer says how to opt out, in all
  countries. **The postal address** is added to offers to where the row asks for it
  (street, city, phone of the company); without one they are blocked.
- **Records** are kept for the [company's retention](privacy.md), and not for less
  than the law of the number's country asks for.
- **Senders**: which kinds may text the country, whatever the text is for; those of
  rows without a country hold for every other one
  ([more](add-a-carrier.md#names-short-codes-and-toll-free-numbers)).
- **A country that is not here**: offers need consent in writing, name the sender and
  the way out, and leave in the company's business hours.
"""


@tagged("post_install", "-at_install")
class TestCountryPage(TransactionCase):
    """The page of countries, generated from the shipped rules."""

    def test_the_page_says_what_the_rows_say(self):
        found = "\n".join([INTRODUCTION, *map(self.draw_country, COUNTRIES)])
        found += self.draw_others()
        if os.environ.get(WRITE_VARIABLE):
            PAGE.write_text(found)
        self.maxDiff = None
        self.assertEqual(PAGE.read_text(), found, f"{WRITE_VARIABLE}=1 writes it anew.")

    def find_rows(self, operator, codes):
        domain = [("country_id.code", operator, codes), ("company_id", "=", False)]
        return self.env["sms.country.rule"].search(domain)

    def draw_country(self, code):
        """Return the section of a country."""
        rows = self.find_rows("=", code)
        lines = [TITLES, ["---"] * len(TITLES), *map(self.draw_row, rows)]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"## {rows.country_id.name}\n\n{table}\n"

    def draw_row(self, row):
        """Return the cells of a rule."""
        matters = dict(row._fields["matter"]._description_selection(self.env))
        kinds = dict(row._fields["authority"]._description_selection(self.env))
        return (
            matters[row.matter],
            row.state_id.name or "",
            row.rule,
            kinds[row.authority],
            str(row.effective_from or ""),
            str(row.read_on or ""),
            "yes" if row.is_confirmed else "no",
            self.draw_source(row),
        )

    def draw_source(self, row):
        """Return the source of a rule, with a link."""
        link = f" [Link]({row.source_url})" if row.source_url else ""
        return f"{row.source}{link}"

    def draw_others(self):
        """Return the table of countries with only a rule about consent."""
        rows = self.find_rows("not in", COUNTRIES)
        rows = rows.filtered(lambda row: row.matter == CONSENT)
        lines = [
            "\n## Other countries\n",
            "Known is that offers need consent there; none of these was read.\n",
            "| Country | Source |",
            "| --- | --- |",
            *(f"| {it.country_id.name} | {self.draw_source(it)} |" for it in rows),
        ]
        return "\n".join(lines) + "\n"
