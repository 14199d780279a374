# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date, datetime
from decimal import Decimal

from psycopg2.extras import Json

from odoo.tests import tagged
from odoo.tools import SQL

from ...models.core.bulk_insert import as_array, as_arrays
from ...models.message import res_partner as res_partner_reader
from ...models.message.res_partner import Reader
from ..common import SmsCase, phone_number

HOSTILE = [
    *("", '"', "\\", '\\"', "{}", "{a,b}", "NULL", "null", " a ", "a,b", "'; --"),
    *("line\nbreak", "tab\t", "%s", "%(x)s", "Ça 😀", "\u2028", None),
]


@tagged("post_install", "-at_install")
class TestArray(SmsCase):
    """A long array comes back unchanged."""

    def get_back(self, values, kind):
        """Return the elements of an array as PostgreSQL has them."""
        [(found,)] = self.env.execute_query(SQL("SELECT %s", as_array(values, kind)))
        return found

    def test_values_of_every_kind(self):
        for values, kind in (
            (HOSTILE, "varchar"),
            (HOSTILE, "text"),
            ([1, -(2**31), None], "int4"),
            ([2**40], "int8"),
            ([True, False, None], "bool"),
            ([1.5, None, 1e-9], "float8"),
            ([Decimal("0.5"), None], "numeric"),
            ([datetime(2026, 3, 8, 9, 59, 59, 999999), None], "timestamp"),
            ([date(2026, 2, 28)], "date"),
            ([], "int4"),
        ):
            with self.subTest(kind=kind):
                self.assertEqual(self.get_back(values, kind), values)

    def test_rows_come_back_as_they_went(self):
        query = "SELECT id, name FROM unnest(%s) AS new (id, name)"
        for rows in ([(1, "a,b"), (2, None)], []):
            arrays = as_arrays(iter(rows), "int4", "varchar")
            self.assertEqual(self.env.execute_query(SQL(query, arrays)), rows)
        with self.assertRaises(ValueError):
            as_arrays([(1, "a"), (2,)], "int4", "varchar")

    def test_json(self):
        values = [Json({"a": '"b" \\ {c}, Ç'}), None, Json([None, 1])]
        self.assertEqual(
            self.get_back(values, "jsonb"), [values[0].adapted, None, values[2].adapted]
        )

    def test_what_is_none_of_these(self):
        for value in (b"bytes", [1], {"a": 1}, object()):
            with self.subTest(value=value), self.assertRaises(TypeError):
                as_array([value], "varchar")
        with self.assertRaises(ValueError):  # as psycopg2 refuses it everywhere
            self.get_back(["\x00"], "varchar")


@tagged("post_install", "-at_install")
class TestReaders(SmsCase):
    """Bulk reading of contacts gives the same as reading them one by one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        colorado = cls.env.ref("base.state_us_6")
        cls.people = cls.env["res.partner"].create(
            [
                {
                    "name": "Somewhere",
                    "phone": "(303) 555-0101",
                    "lang": "en_US",
                    "tz": "America/Denver",
                    "country_id": colorado.country_id.id,
                    "state_id": colorado.id,
                },
                {"name": "Nobody knows", "lang": False},
                {"name": "Typed badly", "phone": "call me", "lang": False},
                {"name": "Archived", "phone": "+442079460000", "active": False},
            ]
        )

    def read_people(self, people, is_many):
        """Return the readers, read one by one or in bulk."""
        self.patch(res_partner_reader, "BULK_FROM", 1 if is_many else 1000)
        readers = people._get_sms_readers()
        return {key: tuple(it or None for it in row) for key, row in readers.items()}

    def test_many_are_read_as_one(self):
        self.people[0].phone = "(303) 555-0102"  # not flushed yet, and counts
        many = self.read_people(self.people, True)
        self.env.invalidate_all()
        self.assertEqual(many, self.read_people(self.people, False))
        somewhere, unknown, bad, archived = (many[it.id] for it in self.people)
        state = self.people[0].state_id
        self.assertEqual(
            somewhere[1:],
            ("+13035550102", "en_US", "America/Denver", state.country_id.id, state.id),
        )
        self.assertEqual(unknown[1:], Reader()[1:])
        self.assertEqual(bad[1], "call me")
        self.assertEqual(archived[1], "+442079460000")

    def test_who_may_not_read_contacts(self):
        people = self.people.with_user(self.portal_user)
        self.env.invalidate_all()
        for is_many in (True, False):
            self.assertEqual(len(self.read_people(people, is_many)), len(people))

    def test_who_was_deleted(self):
        gone = self.people[1]
        gone.unlink()
        self.assertEqual(
            set(self.read_people(self.people, True)), set((self.people - gone).ids)
        )

    def test_nobody(self):
        nobody = self.env["res.partner"]
        self.assertEqual(nobody._get_sms_readers(), {})
        self.assertEqual(tuple(filter(None, nobody._get_sms_reader())), ())

    def test_readers_of_a_clients_context_are_not_believed(self):
        french = self.people[0]
        self.env["res.lang"]._activate_lang("fr_FR")
        ticket = self.purposes("ticket").with_context(lang="fr_FR")
        ticket.footer = "Répondez STOP, AIDE."
        french.lang = "fr_FR"
        forged = {french.id: [french.id, "", "en_US", "", 0, 0]}
        messages = self.env["sms.sms"].with_context(sms_readers=forged)
        sms = messages.create(
            {
                "number": phone_number(1),
                "body": "Bonjour",
                "partner_id": french.id,
                "purpose_id": self.purposes("ticket").id,
            }
        )
        self.assertIn("Répondez STOP, AIDE.", sms.body)
