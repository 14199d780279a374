# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import random

from markupsafe import Markup

from odoo.tests import BaseCase, tagged

from odoo.addons.sms.tools.sms_tools import sms_content_to_rendered_html
from odoo.addons.sms.wizard.sms_composer import SmsComposer as NativeComposer

from ...models.message import mail_thread
from ...models.message import sms_sms_intake as sms_sms_bulk
from ...models.message.sms_consent import READ_ANSWERS
from ...tools import texts
from ...wizard import sms_composer_mass
from ..clock import freeze_time
from ..common import phone_number
from ..message.common import FEW, NOON, ManyCase

TEXTS = (
    "Hello",
    'Dana & co: it\'s "closed" <b>today</b>',
    "One\nTwo\n\nThree\r\nFour",
    "Ça va 😀 – l’été",
    "two  spaces, a\ttab",
    " leading and trailing ",
    "\nbreaks at the ends\n",
    "See https://example.com/a?b=1&c=2 now",
    "bell \x07 and \x85 and \u2028 and \xa0 and \ufeff",
    "",
)


@tagged("post_install", "-at_install")
class TestTidyNotes(ManyCase):
    """Odoo's sanitizer makes the same HTML of a note as ``tidy_note``."""

    def test_it_is_what_the_sanitizer_makes(self):
        field = self.env["mail.message"]._fields["body"]
        dice = random.Random(5)
        pieces = "".join(TEXTS)
        bodies = [*TEXTS]
        bodies += ["".join(dice.choices(pieces, k=12)) for _time in range(300)]
        tidied = 0
        for text in bodies:
            html = sms_content_to_rendered_html(text)
            found = texts.tidy_note(html)
            if found is not None:
                tidied += 1
                wanted = field.convert_to_column_insert(html, self.env["mail.message"])
                self.assertEqual(found, str(wanted), repr(text))
        self.assertGreater(tidied, 100)


@tagged("post_install", "-at_install")
class TestPlainNotes(BaseCase):
    """HTML that is more than plain text is left to the sanitizer."""

    def test_what_is_plain(self):
        for html, wanted in (
            ("Hi", "<p>Hi</p>"),
            ("A &amp; B<br/>C", "<p>A &amp; B<br>C</p>"),
            ("it&#39;s &#34;so&#34;", '<p>it\'s "so"</p>'),
            ("<script>alert(1)</script>", None),
            ("<img src=x onerror=alert(1)>", None),
            ("<br/ onclick=x>", None),
            ("&#60;script&#62;", None),
            ("&nbsp;", None),
            ("", None),
            (" x", None),
            ("x<br/>", None),
        ):
            with self.subTest(html=html):
                self.assertEqual(texts.tidy_note(html), wanted)


@tagged("post_install", "-at_install")
class TestMassComposer(ManyCase):
    """Mass messages in batches have the same result as Odoo's own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.twin = cls.make_customer(cls.people[1].phone, "Twin")
        cls.wrong = cls.make_customer("12", "Wrong")
        cls.silent = cls.make_customer(False, "Silent")
        cls.listed = cls.make_customer(phone_number(150), "Listed")
        cls.env["phone.blacklist"].create({"number": cls.listed.phone})
        cls.people |= cls.twin | cls.wrong | cls.silent | cls.listed

    def make_composer(self, **values):
        """Return the composer for all people, as a manager who may edit contacts."""
        self.manager.group_ids |= self.env.ref("base.group_partner_manager")
        composer = self.env["sms.composer"].with_user(self.manager)
        return composer.create(
            {
                "composition_mode": "mass",
                "res_model": "res.partner",
                "res_ids": repr(self.people.ids),
                "body": "Dear {{ object.name }}, it's <new>.",
                "mass_keep_log": True,
                **values,
            }
        )

    def send(self, **values):
        """Send to all; return the messages in order and the notes."""
        with freeze_time(NOON):
            self.make_composer(**values).action_send_sms()
        messages = self.env["sms.sms"].search(
            [("partner_id", "in", self.people.ids)], order="id"
        )
        return messages, messages.mail_message_id

    def describe(self, messages):
        """Return the values to compare of messages and their notes."""
        return [
            (
                *(sms.partner_id.id, sms.number, sms.body, sms.state, sms.failure_type),
                *(sms.gate_verdict, sms.gate_reason, sms.mail_message_id.body),
                *(sms.mail_message_id.res_id, sms.mail_message_id.author_id.id),
            )
            for sms in messages
        ]

    def test_who_is_left_out_is_what_odoo_says(self):
        composer = self.make_composer()
        info = composer._prepare_recipient_values(self.people)
        native = NativeComposer._prepare_recipient_values(composer, self.people)
        self.assertEqual(info, native)
        for name in ("_get_done_record_ids", "_get_blacklist_record_ids"):
            with self.subTest(name=name):
                ours = getattr(composer, name)(self.people, info)
                wanted = getattr(NativeComposer, name)(composer, self.people, info)
                self.assertEqual(ours, wanted)
                self.assertTrue(ours)
        composer.use_exclusion_list = False
        self.assertEqual(composer._get_blacklist_record_ids(self.people, info), [])

    def test_in_batches_as_in_one(self):
        with self.env.cr.savepoint() as savepoint:
            for module in (sms_sms_bulk, mail_thread):
                self.patch(module, "BULK_FROM", 10_000)
            self.patch(sms_composer_mass, "BATCH_SIZE", 10_000)
            wanted = self.describe(self.send()[0])
            savepoint.rollback()
        self.env.invalidate_all(flush=False)
        for module in (sms_sms_bulk, mail_thread):
            self.patch(module, "BULK_FROM", 2)
        self.patch(sms_composer_mass, "BATCH_SIZE", 11)
        messages, _notes = self.send()
        found = self.describe(messages)
        self.assertEqual(len(found), len(self.people))
        self.assertEqual(found, wanted)
        failures = {sms.partner_id: sms.failure_type for sms in messages}
        self.assertEqual(failures[self.twin], "sms_duplicate")
        self.assertEqual(failures[self.listed], "sms_blacklist")
        self.assertEqual(failures[self.wrong], "sms_number_format")
        self.assertEqual(failures[self.silent], "sms_number_missing")
        self.assertEqual({sms.state for sms in messages}, {"outgoing", "canceled"})

    def test_notes_are_what_the_orm_makes(self):
        for body in TEXTS:
            with self.subTest(body=body), freeze_time(NOON):
                html = sms_content_to_rendered_html(body)
                single = self.note(1, html)[0]
                for many in self.note(12, html):
                    self.assertEqual(many, single)

    def note(self, count, html):
        """Return the rows of ``count`` notes, without what differs by contact."""
        people = self.people[:count]
        people.mapped("message_ids")  # cached, so that a stale cache would show
        notes_made = people._message_log_batch(
            dict.fromkeys(people.ids, Markup(html)), message_type="sms"
        )
        self.env.flush_all()
        self.assertEqual(notes_made.mapped("res_id"), people.ids)
        self.assertEqual(people[0].message_ids[:1], notes_made[0])
        self.env.cr.execute(
            "SELECT * FROM mail_message WHERE id = ANY(%s) ORDER BY id",
            [notes_made.ids],
        )
        rows = self.env.cr.dictfetchall()
        for row in rows:
            self.assertTrue(row.pop("message_id"))
            del row["id"], row["res_id"]
        return rows

    def test_other_notes_go_the_usual_way(self):
        values = [{"message_type": "sms", "res_id": 1}] * FEW
        messages_sudo = self.env["mail.message"].sudo()
        self.assertTrue(messages_sudo._are_bulk_sms_notes(values))
        for change in (
            {"message_type": "comment"},
            {"attachment_ids": [(4, 1)]},
            {"partner_ids": [1]},
        ):
            with self.subTest(change=change):
                mixed = [*values, {**values[0], **change}]
                self.assertFalse(messages_sudo._are_bulk_sms_notes(mixed))
        self.assertFalse(messages_sudo._are_bulk_sms_notes(values[1:]))
        messages = self.env["mail.message"].with_user(self.agent)
        self.assertFalse(messages._are_bulk_sms_notes(values))

    def test_queries_do_not_grow_with_the_recipients(self):
        everybody = self.env["res.partner"].create(
            [
                {"name": f"No. {index}", "phone": phone_number(500 + index)}
                for index in range(300)
            ]
        )
        counts = []
        for size in (60, 60, 300):
            self.people = everybody[:size]
            composer = self.make_composer()
            self.env.cr.precommit.data.pop(READ_ANSWERS, None)
            # At night there is one more, which wakes the outbox in the morning.
            with freeze_time(NOON):
                counts.append(self.count_queries(composer.action_send_sms))
        self.assertEqual(counts[1], counts[2])
