# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import time

from odoo.tests import BaseCase, tagged

from ...tools import replies, ticket_texts
from ...tools.keywords import NO, YES
from ...tools.segments import count_segments


@tagged("post_install", "-at_install")
class TestReplies(BaseCase):
    """What is a reply to "1 to 5, or NO", and what is not."""

    def test_figures(self):
        for text, value, words in (
            ("5", 5, ""),
            (" 4. ", 4, ""),
            ("5!!", 5, ""),
            ("⭐ 5 ⭐", 5, ""),
            ("(3)", 3, ""),
            ("4/5", 4, ""),
            ("5 stars", 5, ""),
            ("4 out of 5", 4, ""),
            ("Five", 5, ""),
            ("５", 5, ""),
            ("5 - great work", 5, "great work"),
            ("4, it was quick", 4, "it was quick"),
            ("5 Thanks a lot", 5, "Thanks a lot"),
            ("2\nNobody came", 2, "Nobody came"),
            ("5 estrellas", 5, ""),
            ("fünf!", 5, ""),
            ("4 sur 5, très bien", 4, "très bien"),
        ):
            with self.subTest(text=text):
                self.assertEqual(replies.read_rating(text), (value, words))

    def test_not_solved(self):
        for text in (
            "0",
            "NO",
            "no.",
            "Nope",
            "Not solved",
            "It's not fixed yet",
            "It does not work yet",
            "Noooo!!!",
            "still broken",
            "No, it still jams",
            "Not solved: page 2 jams",
            *("No, sigue igual", "aún no funciona", "no está resuelto"),
            *("Non", "pas résolu", "ça ne marche toujours pas"),
            *("Nein", "noch nicht", "Geht immer noch nicht"),
        ):
            with self.subTest(text=text):
                self.assertEqual(replies.read_rating(text).value, replies.NOT_SOLVED)
        self.assertEqual(replies.read_rating("No, it jams").words, "No, it jams")

    def test_what_is_none(self):
        for text in (
            "",
            None,
            "6",
            "10",
            "55",
            "4.5",
            "1-2",
            "3 printers are still broken",
            "at 5",
            "room 5",
            "no problem, thanks",
            "nothing",
            "Thanks",
            "yes",
            "HT00005",
            "5pm works",
            "5:30 is fine",
            "1000",
            *("no gracias", "un problema", "nicht schlecht", "pas mal"),
            *(
                "Ein super Service!",
                "Un super servicio",
                "Très super",
                "One great team",
            ),
        ):
            with self.subTest(text=text):
                self.assertIsNone(replies.read_rating(text))

    def test_yes_and_no(self):
        for answer, texts in (
            (YES, ("yes please", "Sí, claro", "SI GRACIAS", "oui svp", "d’accord")),
            (YES, ("Ja, gerne!", "einverstanden", "j'accepte", "de acuerdo 👍")),
            (
                NO,
                ("no thanks", "no, gracias", "non merci", "Nein danke", "lieber nicht"),
            ),
            (
                NO,
                ("Noooo", "I dnt want it", "no, I will not accept texts"),
            ),
            (NO, ("todavía no", "pas encore", "noch nicht", "no quiero")),
            (
                None,
                ("ok", "vale", "klar", "yes, but not today", "oui mais", "ja, nein"),
            ),
            (None, ("", None, "no problem", "si?", "sí, el martes", "x" * 9999)),
        ):
            for text in texts:
                with self.subTest(text=text):
                    self.assertEqual(replies.read_answer(text), answer)
        for text in ("ok", "vale", "passt", "ça me va", "Sí, perfecto"):
            with self.subTest(text=text):
                self.assertTrue(replies.agrees(text))

    def test_thanks(self):
        for text in ("Thanks!", "thank you so much", "Ok, thx 🙏", "Gracias", "Danke."):
            with self.subTest(text=text):
                self.assertTrue(replies.is_thanks(text))
        for text in ("", None, "🙏", "Thanks, but it still jams", "ok what now", "No"):
            with self.subTest(text=text):
                self.assertFalse(replies.is_thanks(text))

    def test_a_huge_text_takes_no_time(self):
        start = time.monotonic()
        for text in ("5 " * 50_000, "no " * 50_000, "!" * 100_000, "5.." * 50_000):
            replies.read_rating(text)
            replies.is_thanks("THANKS " * 50_000 + text)
        self.assertLess(time.monotonic() - start, 1)


@tagged("post_install", "-at_install")
class TestStatus(BaseCase):
    """The state of tickets in few segments."""

    def test_one_a_line(self):
        tickets = [
            ticket_texts.Ticket("HT1", "Printer jams", "New"),
            ticket_texts.Ticket(
                "HT2", "The projector in room four is broken", "Waiting"
            ),
        ]
        self.assertEqual(
            ticket_texts.tell_status(tickets),
            "HT1 Printer jams: New\nHT2 The projector in room four..: Waiting",
        )

    def test_what_is_left_out_is_said(self):
        tickets = [ticket_texts.Ticket(f"HT{i}", "Jam", "New") for i in range(8)]
        lines = ticket_texts.tell_status(tickets, "and {count} more").splitlines()
        self.assertEqual(len(lines), ticket_texts.MAX_TICKETS + 1)
        self.assertEqual(lines[-1], "and 3 more")

    def test_few_segments(self):
        for title in ("a" * 500, "é😀" * 200, "x\ny\n" * 99, ""):
            tickets = [ticket_texts.Ticket("HT00001", title, "Stage " * 30)] * 50
            with self.subTest(title=title[:5]):
                text = ticket_texts.tell_status(tickets)
                self.assertLessEqual(
                    count_segments(text).count, ticket_texts.MAX_SEGMENTS + 1
                )
