# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Recipients by a filter of contacts or tickets, or from a list."""

import base64
from unittest.mock import patch

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ...models.broadcast import sms_broadcast_audience, sms_broadcast_job
from ..common import phone_number
from .common import LOCAL, SILENT, AudienceCase

UNKNOWN = phone_number(320)


@tagged("post_install", "-at_install")
class TestErasure(AudienceCase):
    """A person is erased from lists, however their number was written."""

    def test_a_number_that_could_not_be_read(self):
        written = f"{UNKNOWN[2:5]}-{UNKNOWN[5:8]}-{UNKNOWN[8:]} ext. 5"
        rows = ["Phone,Name", f"{written},Sam", "Sam's phone,Sam", f"{LOCAL},Far"]
        broadcast = self.make_listed(rows)
        self.check(broadcast)
        rows = self.env["sms.broadcast.recipient"].sudo()
        found = rows._find_personal(self.company, [UNKNOWN, "SENDER"])
        self.assertEqual(found.number, written)
        found._forget()
        self.assertFalse(found.name)
        self.assertFalse(rows._find_personal(self.company, [UNKNOWN]))


@tagged("post_install", "-at_install")
class TestFilter(AudienceCase):
    """A filter selects what matches it, as far as its author may see it."""

    def test_of_contacts(self):
        broadcast = self.make_filtered([("city", "=", "Denver")])
        self.send(broadcast)
        self.assertEqual(broadcast.concerned_count, 7)
        self.assertEqual(self.texts(broadcast).partner_id, self.agreed)
        [text] = self.texts(broadcast).filtered(
            lambda sms: sms.partner_id == self.agreed[0]
        )
        self.assertTrue(text.body.startswith("Outage, Agreed 310."))

    def test_of_tickets(self):
        """The customers of tickets, once each, at their newest ticket's number."""
        self.make_ticket(self.far, name="VPN is slow")
        self.make_ticket(self.far, name="VPN is down")
        self.make_ticket(name="VPN of a stranger", partner_phone=UNKNOWN,
                         partner_name="Sam Stranger")  # fmt: skip
        self.make_ticket(name="VPN by mail", partner_name="Nobody's number")
        self.make_ticket(self.agreed[0], name="Printer")
        self.record_consent(UNKNOWN, "alert")
        broadcast = self.make_filtered([("name", "ilike", "vpn")], "helpdesk.ticket")
        self.send(broadcast)
        self.assertEqual(broadcast.concerned_count, 3)
        bodies = dict(
            zip(
                self.texts(broadcast).mapped("number"),
                self.texts(broadcast).mapped(lambda sms: sms.body.splitlines()[0]),
                strict=True,
            )
        )
        self.assertEqual(
            bodies,
            {LOCAL: "Outage, Far away.", UNKNOWN: "Outage, Sam Stranger."},
        )

    def test_only_whom_its_author_may_see(self):
        other = self.make_company("Other")
        self.agreed[0].company_id = other
        broadcast = self.make_filtered([("city", "=", "Denver")])
        self.check(broadcast)
        self.assertNotIn(self.agreed[0], broadcast.recipient_ids.partner_id)
        self.env["ir.rule"].create(
            {
                "name": "Not this one",
                "model_id": self.env.ref("base.model_res_partner").id,
                "domain_force": f"[('id', '!=', {self.agreed[1].id})]",
            }
        )
        self.check(broadcast)
        self.assertNotIn(self.agreed[1], broadcast.recipient_ids.partner_id)
        self.assertIn(self.agreed[2], broadcast.recipient_ids.partner_id)

    def test_tickets_of_another_company(self):
        other = self.make_company("Other")
        self.make_ticket(self.far, name="Elsewhere", company_id=other.id)
        broadcast = self.make_filtered([("name", "=", "Elsewhere")], "helpdesk.ticket")
        self.assertRefused("Nobody matches", broadcast)

    def test_a_field_that_its_author_may_not_read(self):
        broadcast = self.make_filtered([("user_ids.password", "like", "a")])
        self.assertRefused("password", broadcast)

    def test_what_is_no_filter(self):
        for text, words in (
            ("[]", "would be everybody"),
            ("", "would be everybody"),
            ("[(1, '=', 1)]", "would be everybody"),
            ("__import__('os').system('true')", "cannot be read"),
            ("[('name', '=', uid)]", "cannot be read"),
            ("[('name', '=')]", "cannot be read"),
            ("[(" * 300, "cannot be read"),
            ("[('name', '=', '%s')]" % ("x" * 20_000), "cannot be read"),
            ("'name'", "cannot be read"),
            ("[('no_such_field', '=', 1)]", "no_such_field"),
            ("[('name', 'sounds like', 'Bob')]", "cannot be read"),
            ("[('name.no_such_field', '=', 'Bob')]", "cannot be applied"),
            ("[('id', '=', 'abc')]", "cannot be applied"),
            ("[('id', '=', 0)]", "Nobody matches"),
        ):
            broadcast = self.make_filtered(text)
            with self.subTest(text[:40]), mute_logger("odoo.sql_db", "odoo.domains"):
                self.assertRefused(words, broadcast)

    def test_too_many(self):
        broadcast = self.make_filtered([("city", "=", "Denver")])
        with patch.object(sms_broadcast_audience, "MAX_PEOPLE", 6):
            self.assertRefused("More than 6 people", broadcast)
        with patch.object(sms_broadcast_audience, "MAX_PEOPLE", 7):
            self.check(broadcast)

    def test_many_tickets_of_few_people(self):
        """People are limited, not their tickets: all of these are looked at."""
        for partner, phone, priority in (
            (self.far, UNKNOWN, "3"),
            (self.far, UNKNOWN, "3"),
            (self.agreed[0], self.agreed[0].phone, "0"),
            (self.far, LOCAL, "0"),
        ):
            values = {"partner_phone": phone, "priority": priority}
            self.make_ticket(partner, name="VPN is down", **values)
        broadcast = self.make_filtered([("name", "ilike", "vpn")], "helpdesk.ticket")
        with patch.object(sms_broadcast_audience, "MAX_PEOPLE", 1):
            self.assertRefused("More than 1 people", broadcast)
        with patch.object(sms_broadcast_audience, "MAX_PEOPLE", 2):
            self.check(broadcast)
        self.assertEqual(
            {it.partner_id: it.number for it in broadcast.recipient_ids},
            {self.agreed[0]: self.agreed[0].phone_sanitized, self.far: LOCAL},
        )

    def test_an_area_is_not_filled_in(self):
        with self.assertRaisesRegex(ValidationError, "{area} is not a placeholder"):
            self.make_filtered([("id", ">", 0)], body="Outage in {area}")

    def test_a_favorite_is_copied(self):
        favorite = self.env["ir.filters"].create(
            {
                "name": "Denver",
                "model_id": "res.partner",
                "domain": "[('city', '=', 'Denver')]",
            }
        )
        form = Form(self.env["sms.broadcast"].with_user(self.manager))
        form.name = "Outage"
        form.audience = "res.partner"
        self.assertNotIn("{area}", form.body)
        form.saved_filter_id = favorite
        self.assertEqual(form.filter_domain, favorite.domain)
        broadcast = form.save()
        favorite.unlink()
        self.check(broadcast)
        self.assertEqual(broadcast.concerned_count, 7)

    def test_an_agent_changes_nothing(self):
        broadcast = self.make_filtered([("city", "=", "Denver")])
        for values in ({"filter_domain": "[('id', '>', 0)]"}, {"audience": "list"}):
            with self.subTest(**values), self.assertRaises(AccessError):
                broadcast.with_user(self.agent).write(values)


@tagged("post_install", "-at_install")
class TestList(AudienceCase):
    """Each row of a list becomes a recipient, with what is wrong with it."""

    ROWS = (
        "Name;Phone;Remark",
        f"Ann;{phone_number(310)};",
        "Ann again;(303) 555-0100;",
        f"Unknown;{UNKNOWN};x",
        "Nobody;;",
        "Typed;12 monkeys;",
        f"Silent;{SILENT};",
    )

    def test_each_row_with_its_fault(self):
        self.record_consent(UNKNOWN, "alert")
        events = self.env["sms.consent.event"].search_count([])
        rows = [*self.ROWS, f"Twice;{phone_number(310)}", "Desk;303 555 0177 ext. 4"]
        broadcast = self.make_listed(rows)
        self.check(broadcast)
        found = {
            it.row: (it.name, it.outcome, it.reason) for it in broadcast.recipient_ids
        }
        first = self.agreed[0]
        self.assertEqual(found[2], ("Ann", "will", "consent"))
        self.assertEqual(found[4], ("Unknown", "will", "consent"))
        self.assertEqual(found[5], ("Nobody", "no_number", False))
        self.assertEqual(found[6], ("Typed", "blocked", "bad_number"))
        self.assertEqual(found[7], ("Silent", "blocked", "no_consent"))
        self.assertEqual(found[8], ("Twice", "duplicate", False))
        self.assertEqual(found[9], ("Desk", "blocked", "extension"))
        self.assertEqual(len(found), 8)
        by_row = {it.row: it for it in broadcast.recipient_ids}
        self.assertEqual(by_row[2].partner_id & first, by_row[2].partner_id)
        self.assertFalse(by_row[4].partner_id)
        self.assertEqual(by_row[6].number, "12 monkeys")
        self.assertFalse(broadcast.sudo().list_file)
        self.assertEqual(self.env["sms.consent.event"].search_count([]), events)

    def test_a_number_that_a_login_has_only_typed(self):
        """Otherwise a stranger keeps its owner from being told."""
        self.record_consent(UNKNOWN, "alert")
        thief = self.make_customer(UNKNOWN, "Thief")
        self.env["sms.number.claim"]._note(self.company, thief, UNKNOWN)
        broadcast = self.make_listed(self.ROWS)
        self.check(broadcast)
        row = broadcast.recipient_ids.filtered(lambda it: it.row == 4)
        self.assertEqual((row.outcome, row.reason), ("will", "consent"))
        self.assertFalse(row.partner_id)

    def test_it_is_sent_under_the_names_of_the_list(self):
        self.record_consent(UNKNOWN, "alert")
        broadcast = self.make_listed([*self.ROWS, f"Twice;{phone_number(310)}"])
        with patch.object(sms_broadcast_job, "BATCH_SIZE", 2):
            self.send(broadcast)
        texts = self.texts(broadcast)
        self.assertEqual(
            sorted(texts.mapped(lambda sms: sms.body.splitlines()[0])),
            ["Outage, Ann.", "Outage, Unknown."],
        )

    def test_numbers_as_they_are_written_there(self):
        rows = ["+1 (303) 555-0100 x", "Phone", "303-555-0199", "(303) 555-0199"]
        broadcast = self.make_listed(rows[1:])
        self.check(broadcast)
        self.assertEqual(broadcast.concerned_count, 2)
        self.assertEqual(
            set(broadcast.recipient_ids.mapped("number")), {"+13035550199"}
        )
        self.assertEqual(
            broadcast.recipient_ids.mapped("outcome"), ["blocked", "duplicate"]
        )

    def test_a_list_without_headers(self):
        broadcast = self.make_listed([f"{phone_number(310)},Ann", f"{SILENT},Sil"])
        self.check(broadcast)
        self.assertEqual(broadcast.recipient_ids.mapped("name"), ["Ann", "Sil"])
        self.assertEqual(broadcast.reached_count, 1)

    def test_what_cannot_be_read(self):
        for rows, words in (
            (["Name;Town", "Ann;Denver"], "no column of phone numbers"),
            (["Phone"], "no rows"),
            (["\x00\x01\x02\x03"], "encoding"),
            (["PK\x03\x04 no workbook"], "damaged"),
        ):
            with self.subTest(words):
                self.assertRefused(words, self.make_listed(rows))
        without = self.make(audience="list", area_ids=False, body="Outage")
        self.assertRefused("Upload the list", without)

    def test_it_is_checked_again_without_the_file(self):
        broadcast = self.make_listed(self.ROWS)
        self.check(broadcast)
        reached = broadcast.reached_count
        self.record_consent(SILENT, "alert")
        broadcast.body = "Another outage, {customer}."
        self.check(broadcast)
        self.assertEqual(broadcast.reached_count, reached + 1)
        self.assertEqual(broadcast.concerned_count, 6)

    def test_whoever_agrees_after_the_first_check_is_not_mailed_as_well(self):
        self.silent.email = "silent@example.com"
        incident = self.env["sms.incident"].create({"name": "No internet"})
        values = {"incident_id": incident.id, "body": "{news}"}
        broadcast = self.make_listed(self.ROWS, **values)
        self.check(broadcast)
        row = broadcast.recipient_ids.filtered(lambda it: it.number == SILENT)
        self.assertEqual((row.outcome, row.mail_outcome), ("blocked", "mail"))
        self.record_consent(SILENT, "alert")
        broadcast.body = "Again: {news}"
        self.check(broadcast)
        self.assertEqual((row.outcome, row.mail_outcome), ("will", False))

    def test_another_list_takes_its_place(self):
        broadcast = self.make_listed(self.ROWS)
        self.check(broadcast)
        rows = ["Phone", SILENT]
        broadcast.list_file = base64.b64encode("\n".join(rows).encode())
        self.check(broadcast)
        self.assertEqual(broadcast.recipient_ids.mapped("number"), [SILENT])

    def test_who_is_erased_is_named_no_more(self):
        broadcast = self.make_listed(self.ROWS)
        self.check(broadcast)
        people = self.env["sms.broadcast.recipient"].sudo()
        found = people._find_personal(self.company, [UNKNOWN])
        found._forget()
        self.assertFalse(found.name or found.number)
        self.check(broadcast)
        self.assertEqual(found.outcome, "no_number")

    def test_the_queries_do_not_grow(self):
        def check(count):
            rows = [f"+1720556{index:04}" for index in range(count)]
            broadcast = self.make_listed(["Phone", *rows]).sudo()
            broadcast.action_check()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            broadcast._work_off()
            self.env.flush_all()
            self.assertEqual(broadcast.concerned_count, count)
            return self.env.cr.sql_log_count - before

        check(5)
        self.assertLessEqual(check(200), check(20) + 2)

    def test_agents_do_not_read_the_file(self):
        broadcast = self.make_listed(self.ROWS)
        with self.assertRaises(AccessError):
            broadcast.with_user(self.agent).read(["list_file"])
