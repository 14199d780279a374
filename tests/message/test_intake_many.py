# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import random
import uuid
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ...models.message import sms_sms_intake as sms_sms_many
from ...models.message.sms_consent import READ_ANSWERS
from ...models.message.sms_sms_intake import Recipient
from ..clock import freeze_time
from ..common import phone_number
from .common import FEW, NIGHT, NOON, NUMBERS, ManyCase

#: Noon, night, and the night when the clocks change, in Denver (UTC).
MOMENTS = (NOON, NIGHT, "2026-03-08 08:30:00")
BODIES = (
    "Hello",
    "",
    "Ça va? 😀",
    "Hi. Reply STOP to opt out, HELP for help.",
    "x" * 500,
)


@tagged("post_install", "-at_install")
class TestLikeOneByOne(ManyCase):
    """Bulk creation makes the same rows as one by one, in each column."""

    def make_values(self, seed, count=40):
        """Return the values of messages of all kinds."""
        dice = random.Random(seed)
        now = fields.Datetime.now()
        purposes = self.env["sms.purpose"].search([])
        return [
            {
                "uuid": uuid.UUID(int=dice.getrandbits(128)).hex,
                "number": dice.choice(NUMBERS),
                "body": dice.choice(BODIES),
                **dice.choice(
                    (
                        {},
                        {"partner_id": dice.choice(self.people).id},
                        {"partner_id": dice.choice(self.people).id, "number": False},
                        {"purpose_id": dice.choice(purposes).id},
                        {"purpose_id": False, "record_company_id": self.branch.id},
                        {"record_company_id": self.iap.id},
                        {"exemption": "help"},
                        {"state": "canceled", "failure_type": "sms_blacklist"},
                        {"state": "error", "failure_type": "sms_server"},
                    )
                ),
                **dice.choice(
                    (
                        {},
                        {"send_at": now + timedelta(hours=dice.randrange(-5, 40))},
                        {"send_at": "2026-07-03 10:00:00"},
                        {"expires_at": now + timedelta(hours=dice.randrange(1, 20))},
                        {"not_before": now + timedelta(minutes=5)},
                        {
                            "mail_message_id": dice.choice(self.notes).id,
                            "template_id": self.template.id,
                            "number": self.number,
                        },
                    )
                ),
            }
            for _index in range(count)
        ]

    def read_after(self, work):
        """Return all columns of the rows that ``work`` makes, and the crons it wakes.

        Everything is rolled back.
        """
        self.env.cr.precommit.data.pop(READ_ANSWERS, None)
        self.env.flush_all()
        with self.env.cr.savepoint() as savepoint:
            self.env.cr.execute("SELECT COALESCE(max(id), 0) FROM sms_sms")
            [last] = self.env.cr.fetchone()
            self.env.cr.execute("DELETE FROM ir_cron_trigger")
            work()
            self.env.cr.flush()
            query = "SELECT * FROM sms_sms WHERE id > %s ORDER BY id"
            self.env.cr.execute(query, [last])
            rows = self.env.cr.dictfetchall()
            self.env.cr.execute("SELECT DISTINCT cron_id, call_at FROM ir_cron_trigger")
            woken = set(self.env.cr.fetchall())
            savepoint.rollback()
        self.env.invalidate_all(flush=False)
        uuids = {row["id"]: row["uuid"] for row in rows}
        for row in rows:
            del row["id"]
            row["replaced_by_id"] = uuids.get(row["replaced_by_id"])
        return rows, woken

    def test_every_column(self):
        sms = self.env["sms.sms"]
        seen = set()
        for seed in range(24):
            with freeze_time(MOMENTS[seed % len(MOMENTS)]), self.subTest(seed=seed):
                vals_list = self.make_values(seed)
                single, woken = self.read_after(
                    lambda: [sms.create([vals]) for vals in vals_list]  # noqa: B023
                )
                many, woken_by_many = self.read_after(
                    lambda: sms.create(vals_list)  # noqa: B023
                )
                self.assertEqual(len(single), len(vals_list))
                for one, other in zip(single, many, strict=True):
                    self.assertEqual(one, other)
                self.assertEqual(woken, woken_by_many)
                seen.update((row["gate_verdict"], row["gate_reason"]) for row in many)
                seen.update("replaced" for row in many if row["replaced_by_id"])
        # The random cases must cover enough outcomes.
        self.assertGreater(len(seen), 14, seen)
        for case in (
            *(("hold", "quiet_hours"), ("hold", "scheduled"), ("block", "expired")),
            *(("block", "too_many"), ("block", "awaiting_yes"), "replaced"),
        ):
            self.assertIn(case, seen)

    def test_the_daily_limit_counts_within_a_batch(self):
        self.purposes("marketing").write(
            {"max_per_day": 10, "relaxation_reason": "A batch is tested"}
        )
        vals = {"number": self.number, "purpose_id": self.purposes("marketing").id}
        vals_list = [{**vals, "body": str(index)} for index in range(FEW + 5)]
        with freeze_time(NOON):
            messages = self.env["sms.sms"].create(vals_list)
        verdicts = messages.mapped("gate_verdict")
        self.assertEqual(verdicts, ["send"] * 10 + ["block"] * (len(verdicts) - 10))
        self.assertEqual(messages[-1].gate_reason, "too_many")

    def test_what_there_is_no_field_for(self):
        vals = {"number": self.number, "body": "Hello", "nonsense": 1}
        with self.assertRaisesRegex(ValueError, "nonsense"):
            self.env["sms.sms"].create([vals] * FEW)

    def test_rights_are_asked_as_before(self):
        vals = {"number": self.number, "body": "Hello"}
        for user in (self.employee, self.portal_user):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.env["sms.sms"].with_user(user).create([vals] * FEW)

    def test_records_know_of_their_new_messages(self):
        note = self.notes[:1]
        domain = [("mail_message_id", "=", note.id)]
        self.assertFalse(self.env["sms.sms"].search(domain))
        vals = {"body": "Hello", "mail_message_id": note.id}
        messages = self.env["sms.sms"].create(
            [{**vals, "number": phone_number(index)} for index in range(FEW)]
        )
        found = self.env["sms.sms"].search(domain)
        self.assertEqual(found, messages.sorted("id", reverse=True))
        self.assertEqual(messages.mapped("number")[3], phone_number(3))


@tagged("post_install", "-at_install")
class TestQueueMany(ManyCase):
    """``_queue_many``: contacts and numbers, with a body per language."""

    def queue(self, recipients, bodies=None, **values):
        """Return the batches made for recipients."""
        with freeze_time(NOON):
            return list(
                self.env["sms.sms"]._queue_many(
                    self.company,
                    self.purposes("marketing"),
                    recipients,
                    bodies or {"en_US": "Hello", "fr_FR": "Bonjour"},
                    **values,
                )
            )

    def test_each_contact_in_its_language(self):
        [messages] = self.queue(self.people)
        self.assertEqual(messages.partner_id, self.people)
        for sms in messages:
            starts = "Bonjour" if sms.partner_id.lang == "fr_FR" else "Hello"
            self.assertTrue(sms.body.startswith(f"{starts}\n"), sms.body)
            self.assertEqual(sms.number, sms.partner_id.phone_sanitized)
            self.assertEqual(sms.record_company_id, self.company)
            self.assertEqual(sms.purpose_id.code, "marketing")
        self.assertEqual(set(messages.mapped("gate_verdict")), {"send", "block"})

    def test_numbers_and_texts_of_their_own(self):
        recipients = [
            Recipient(number="(303) 555-0150", body="For you"),
            Recipient(self.people[0].id, phone_number(151)),
        ]
        [messages] = self.queue(recipients, expires_at="2026-07-05 00:00:00")
        self.assertEqual(
            messages.mapped("number"), [phone_number(50), phone_number(151)]
        )
        self.assertTrue(messages[0].body.startswith("For you\n"))
        self.assertTrue(messages[1].body.startswith("Bonjour\n"))
        self.assertTrue(all(messages.mapped("expires_at")))

    def test_each_number_once_over_all_batches(self):
        self.patch(sms_sms_many, "BATCH_SIZE", 4)
        without = self.make_customer(False, "No number")
        twin = self.make_customer(self.people[0].phone, "Twin")
        batches = self.queue(self.people | without | twin)
        self.assertEqual([len(batch) for batch in batches], [4, 4, 4])
        *_others, missing, double = batches[-1]
        self.assertBlocked(missing, "marketing", "no_number")
        self.assertEqual(
            (double.state, double.failure_type), ("canceled", "sms_duplicate")
        )

    def test_queries_of_a_batch(self):
        """Three hundred people take as many as thirty."""
        counts = []
        for size in (30, 30, 300):
            recipients = [Recipient(number=phone_number(it)) for it in range(size)]
            self.env.cr.precommit.data.pop(READ_ANSWERS, None)
            counts.append(self.count_queries(self.queue, recipients))
        self.assertEqual(counts[1], counts[2])
        self.assertLess(counts[2], 40)
