# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import time

from odoo.tests import BaseCase, tagged

from ...tools import replies, ticket_texts
from ...tools.keywords import NO, YES
from ...tools.segments import count_segments


@tagged("post_install", "-at_install")
class TestReplies(BaseCase):
    """Texts that are a reply to "1 to 5, or NO", and texts that are not."""

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
            ("٥", 5, ""),
            ("5 - great work", 5, "great work"),
            ("4, it was quick", 4, "it was quick"),
            ("5 Thanks a lot", 5, "Thanks a lot"),
            ("5Thanks", 5, "Thanks"),
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
        for text in ("No, it jams", "0, it jams"):
            self.assertEqual(replies.read_rating(text).words, text)

    def test_a_word_for_no_that_the_company_knows(self):
        for text, words in ((" Nix da", "Nix da"), (None, "")):
            with self.subTest(text=text):
                reply = replies.read_rating(text, is_no=True)
                self.assertEqual(reply, (replies.NOT_SOLVED, words))

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
            *("<3", "5?", "1. Printer\n2. Mouse", "1) printer 2) mouse"),
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
            (YES, ("Yes definitely", "Yes" + "!" * 157)),
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
            (None, ("Yes" + "!" * 158,)),
        ):
            for text in texts:
                with self.subTest(text=text):
                    self.assertEqual(replies.read_answer(text), answer)
        for text in ("ok", "vale", "passt", "ça me va", "Sí, perfecto", "ok, right"):
            with self.subTest(text=text):
                self.assertTrue(replies.agrees(text))
        for text in ("ok?", "ok but later", "right", "no", "", None):
            with self.subTest(text=text):
                self.assertFalse(replies.agrees(text))

    def test_thanks(self):
        long = "Thanks" + "!" * 73
        brief = ("Thanks!", "thank you so much", "Ok, thx 🙏", "Gracias", "Danke.")
        brief += ("Thanks again", "geht wieder", "Liked “It\nworks. Does it?”")
        brief += ("Reacted 🎉 to “It works”", ":) thanks")
        brief += ("\u200e👍 to “It works.”", "A aimé « Réglé »", "Gefällt „Erledigt“")
        for text in (*brief, long):
            with self.subTest(text=text):
                self.assertTrue(replies.is_thanks(text))
        for text in (
            *("", None, "🙏", "Thanks, but it still jams", "ok what now", "No"),
            *("Again", "again!!", "Wieder", "jetzt wieder"),
            *("Fixed?", "OK?", "😡 to “It works.”", "Reacted ❓ to “It works.”"),
            *("Liked “It works.” but it jams", "👎 to “It works.”", "Liked it"),
            long + "!",
        ):
            with self.subTest(text=text):
                self.assertFalse(replies.is_thanks(text))

    def test_a_huge_text_takes_no_time(self):
        start = time.process_time()
        for text in ("5 " * 50_000, "no " * 50_000, "!" * 100_000, "5.." * 50_000):
            replies.read_rating(text)
            replies.is_thanks("THANKS " * 50_000 + text)
            replies.is_thanks("👍" * 50_000 + text)
        self.assertLess(time.process_time() - start, 1)


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
            ticket_texts.tell_status(tickets, "and {count} more"),
            "HT1 Printer jams: New\nHT2 The projector in room four..: Waiting",
        )

    def test_what_is_left_out_is_said(self):
        tickets = [ticket_texts.Ticket(f"HT{i}", "Jam", "New") for i in range(8)]
        lines = ticket_texts.tell_status(tickets, "and {count} more").splitlines()
        self.assertEqual(len(lines), ticket_texts.MAX_TICKETS + 1)
        self.assertEqual(lines[-1], "and 3 more")

    def test_three_segments_are_filled(self):
        first = ticket_texts.Ticket("HT1", "Jam", "s" * 220)
        for length, last in ((220, "HT2 Jam: " + "s" * 220), (221, "and 1 more")):
            with self.subTest(length=length):
                second = ticket_texts.Ticket("HT2", "Jam", "s" * length)
                text = ticket_texts.tell_status([first, second], "and {count} more")
                self.assertEqual(text.splitlines(), ["HT1 Jam: " + "s" * 220, last])

    def test_few_segments(self):
        for title in ("a" * 500, "é😀" * 200, "x\ny\n" * 99, ""):
            tickets = [ticket_texts.Ticket("HT00001", title, "Stage " * 30)] * 50
            with self.subTest(title=title[:5]):
                text = ticket_texts.tell_status(tickets, "and {count} more")
                self.assertLessEqual(
                    count_segments(text).count, ticket_texts.MAX_SEGMENTS + 1
                )
