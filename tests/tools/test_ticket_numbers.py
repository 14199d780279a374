# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import time

from odoo.tests import BaseCase, tagged

from ...tools import ticket_texts


@tagged("post_install", "-at_install")
class TestTicketNumbers(BaseCase):
    """A ticket's number in a text, as people write it."""

    def test_a_number_is_found_however_it_is_written(self):
        for text in (
            "HT00042",
            "ht00042 still broken",
            "About #HT00042: it is broken",
            "HT٠٠٠٤٢",
            "ticket HT-00042?",
            "Ht 00042",
            "ht#00042",
            "HT 00 042",
            "my ticket #00042 please",
            "ticket 00042",
            "Case no. 00042",
            *("ticket n° 00042", "número 00042", "Ticketnummer: 00042", "N°00042"),
            "ＨＴ００042",
        ):
            with self.subTest(text=text):
                self.assertEqual(
                    ticket_texts.find_ticket_number(text, ["HT00042"]), "HT00042"
                )

    def test_what_is_no_number_of_a_ticket_is_not_found(self):
        for text in (
            "",
            None,
            "HT000421",
            "XHT00042",
            "HT0042",
            "00042 printers",
            "call 00042",
            "42",
            "HT",
        ):
            with self.subTest(text=text):
                self.assertIsNone(ticket_texts.find_ticket_number(text, ["HT00042"]))

    def test_a_number_of_digits_alone_needs_its_mark(self):
        for text in ("#12", "ticket 12", "12", " 12. ", "case 12 again"):
            with self.subTest(text=text):
                self.assertEqual(ticket_texts.find_ticket_number(text, ["12"]), "12")
        self.assertEqual(ticket_texts.find_ticket_number("#7", ["7"]), "7")
        for text in ("12 printers", "at 12", "#123", "Room 12 is cold"):
            with self.subTest(text=text):
                self.assertIsNone(ticket_texts.find_ticket_number(text, ["12"]))

    def test_the_first_of_several_is_found(self):
        numbers = ["HT00001", "HT00002"]
        text = "HT00002 is like HT00001"
        self.assertEqual(ticket_texts.find_ticket_number(text, numbers), "HT00001")

    def test_a_number_without_letters_and_digits_is_never_found(self):
        for text in ("/ ??", "XXXX"):
            with self.subTest(text=text):
                self.assertIsNone(
                    ticket_texts.find_ticket_number(text, ["/", "", None])
                )

    def test_a_number_alone(self):
        for text in ("HT00042", " #ht 00042 ", "ticket HT00042?", "status of HT00042"):
            with self.subTest(text=text):
                self.assertTrue(ticket_texts.is_alone(text, "HT00042"))
        for text in ("n° 00042", "Ticket Nummer 00042", "numéro 00042"):
            with self.subTest(text=text):
                self.assertTrue(ticket_texts.is_alone(text, "HT00042"))
        for text in ("HT00042 is broken", "is HT00042 done", "HT00043"):
            with self.subTest(text=text):
                self.assertFalse(ticket_texts.is_alone(text, "HT00042"))

    def test_what_could_be_one_of_some_company(self):
        for text in ("HT00042", "#ht 00042", "ticket 7", "No. 77", "PC-12!"):
            with self.subTest(text=text):
                self.assertTrue(ticket_texts.may_be_number(text))
        for text in ("77", "HT", "HT00042 is broken", "about HT00042", "", None):
            with self.subTest(text=text):
                self.assertFalse(ticket_texts.may_be_number(text))

    def test_what_could_be_a_number(self):
        for text in ("HT99999", "ht 12345", "#77", "ticket 77", "HT-00001."):
            with self.subTest(text=text):
                self.assertTrue(ticket_texts.looks_like(text, "HT00001"))
        for text in ("PC0042", "77", "HT", "HT00001 is broken", "hello", "", None):
            with self.subTest(text=text):
                self.assertFalse(ticket_texts.looks_like(text, "HT00001"))
        self.assertFalse(ticket_texts.looks_like("HT00001", "00001"))
        self.assertFalse(ticket_texts.looks_like("HT00001", ""))

    def test_a_huge_text_takes_no_time(self):
        numbers = [f"HT{index:05}" for index in range(200)]
        start = time.process_time()
        for text in ("HT0000" * 20_000, " " * 100_000, "#" * 100_000, "H.-" * 30_000):
            ticket_texts.find_ticket_number(text, numbers)
        self.assertLess(time.process_time() - start, 2)
