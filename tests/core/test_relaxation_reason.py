# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form
from odoo.tools import convert_file

from ...models.core.sms_relaxation_reason import REASON_SUBTYPE
from ..clock import freeze_time
from ..message.common import NIGHT, NOON, QuietHoursCase

REASON = "The board, on 3 May: customers ask for it."


class RelaxationReasonCase(QuietHoursCase):
    """The purpose of tickets (informational, 20 a day), edited by an administrator."""

    def setUp(self):
        super().setUp()
        self.purpose = self.purposes("ticket").with_user(self.administrator)

    def notes(self, record):
        """Return the stored reasons of a record, newest first."""
        subtype = self.env.ref(REASON_SUBTYPE)
        about = [("model", "=", record._name), ("res_id", "in", record.ids)]
        messages = self.env["mail.message"]
        return messages.search([*about, ("subtype_id", "=", subtype.id)])

    def assertNeedsReason(self, change):
        """Check that a change is refused without a reason, and changes nothing."""
        before = self.purpose._get_strictness()
        for reason in ({}, {"relaxation_reason": False}, {"relaxation_reason": " \n "}):
            with (
                self.assertRaisesRegex(UserError, "Reason for Relaxing"),
                self.env.cr.savepoint(),
            ):
                change(reason)
            self.purpose.invalidate_recordset()
            self.assertEqual(self.purpose._get_strictness(), before)
        self.assertFalse(self.notes(self.purpose))


class TestPurposes(RelaxationReasonCase):
    """Making a purpose stricter needs no reason, relaxing it does."""

    def test_stricter_without_a_reason(self):
        self.purpose.write(
            {"max_per_day": 5, "sequence": 41, "footer": "STOP ends it, HELP"}
        )
        self.purposes("alert").with_user(self.administrator).write(
            {"quiet_class": "informational", "max_per_day": 100}
        )
        self.assertFalse(self.notes(self.purpose | self.purposes("alert")))

    def test_less_strict_only_with_a_reason(self):
        for values in (
            {"quiet_class": "urgent"},
            {"quiet_class": "marketing"},
            {"max_per_day": 21},
            {"max_per_day": 0},
            {"max_per_day": False},
            {"max_per_day": 5, "quiet_class": "urgent"},
            {"quiet_class": "marketing", "is_helpdesk": False},
        ):
            with self.subTest(**values):
                self.assertNeedsReason(
                    lambda reason, values=values: self.purpose.write(
                        {**values, **reason}
                    )
                )

    def test_the_way_back_is_given_up_only_with_a_reason(self):
        self.purpose.write({"quiet_class": "marketing", "relaxation_reason": REASON})
        with self.assertRaises(UserError):
            self.purpose.is_helpdesk = False
        self.purpose.write({"is_helpdesk": False, "relaxation_reason": REASON})
        self.assertIn("Helpdesk Purpose: no", self.notes(self.purpose)[0].body)
        self.purpose.is_helpdesk = True

    def test_who_when_from_what_to_what_and_why_are_kept(self):
        with freeze_time(NOON):
            self.purpose.write(
                {"quiet_class": "urgent", "max_per_day": 0, "relaxation_reason": REASON}
            )
        note = self.notes(self.purpose)
        self.assertEqual(note.author_id, self.administrator.partner_id)
        self.assertEqual(str(note.date), NOON)
        for words in (
            "Quiet Hours: Urgent: at any hour, and no longer Informational",
            "Maximum per Day: no limit, and no longer 20",
            REASON,
        ):
            self.assertIn(words, note.body)
        self.assertNotIn("Helpdesk Purpose", note.body)

    def test_a_reason_holds_once(self):
        self.purpose.write({"max_per_day": 30, "relaxation_reason": REASON})
        self.env.invalidate_all()
        self.assertFalse(self.purpose.relaxation_reason)
        with self.assertRaises(UserError):
            self.purpose.max_per_day = 31
        self.purpose.write({"max_per_day": 31, "relaxation_reason": REASON})
        self.assertEqual(len(self.notes(self.purpose)), 2)

    def test_each_of_several_purposes_keeps_it(self):
        both = self.purpose | self.purposes("appointment").with_user(self.administrator)
        both.write({"max_per_day": 15, "relaxation_reason": REASON})
        self.assertEqual(
            [len(self.notes(purpose)) for purpose in both],
            [0, 1],  # 20 tickets a day before, 10 appointments
        )

    def test_no_switch_of_a_client_prevents_it(self):
        switches = {
            "tracking_disable": True,
            "mail_notrack": True,
            "mail_create_nolog": True,
            "install_mode": True,
            "default_author_id": self.agent.partner_id.id,
            "default_date": "2020-01-01 00:00:00",
        }
        purpose = self.purpose.with_context(**switches)
        with self.assertRaises(UserError):
            purpose.max_per_day = 0
        with freeze_time(NOON):
            purpose.write({"max_per_day": 0, "relaxation_reason": REASON})
        note = self.notes(self.purpose)
        self.assertEqual(note.author_id, self.administrator.partner_id)
        self.assertEqual(str(note.date), NOON)

    def test_messages_leave_only_once_it_is_given(self):
        self.record_consent()
        with freeze_time(NIGHT):
            self.assertHeld(self.send())
            self.assertNeedsReason(
                lambda reason: self.purpose.write({"quiet_class": "urgent", **reason})
            )
            self.assertHeld(self.send())
            self.purpose.write({"quiet_class": "urgent", "relaxation_reason": REASON})
            self.assertEqual(self.send().gate_verdict, "send")

    def test_in_the_form(self):
        with self.assertRaises(UserError), Form(self.purpose) as form:
            form.max_per_day = 0
        with Form(self.purpose) as form:
            form.max_per_day = 0
            form.relaxation_reason = REASON
        self.assertIn(REASON, self.notes(self.purpose).body)

    def test_by_an_import(self):
        def load(**more):
            names = [".id", "max_per_day", *more]
            return self.purpose.load(
                names, [[str(self.purpose.id), "0", *more.values()]]
            )

        refused = load()
        self.assertFalse(refused["ids"])
        self.assertIn("Reason for Relaxing", refused["messages"][0]["message"])
        self.purpose.invalidate_recordset()
        self.assertEqual(self.purpose.max_per_day, 20)
        self.assertTrue(load(relaxation_reason=REASON)["ids"])
        self.assertIn(REASON, self.notes(self.purpose).body)

    def test_offers_stay_offers_whatever_the_reason(self):
        marketing = self.purposes("marketing").with_user(self.administrator)
        with self.assertRaises(ValidationError):
            marketing.write({"quiet_class": "urgent", "relaxation_reason": REASON})

    def test_what_odoo_loads_needs_none(self):
        """On installation, update and reinstallation of the addon."""
        self.purpose.write({"max_per_day": 5})
        path = "data/sms_purpose_data.xml"
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.purpose.sudo().max_per_day = 20
        with patch.object(self.env.registry, "ready", False):
            convert_file(self.env, "helpdesk_mgmt_sms", path, {}, mode="init")
        self.assertEqual(self.purpose.max_per_day, 20)


class TestNewPurposes(RelaxationReasonCase):
    """A new purpose is for offers, ten a day; anything less strict needs a reason."""

    def create_purpose(self, **values):
        purposes = self.env["sms.purpose"].with_user(self.administrator)
        return purposes.create({"name": "Surveys", "code": "survey", **values})

    def test_as_strict_as_a_new_one(self):
        purpose = self.create_purpose(max_per_day=10, is_helpdesk=True)
        self.assertFalse(self.notes(purpose))
        purpose.unlink()

    def test_less_strict_than_a_new_one(self):
        urgent = {"is_helpdesk": True, "quiet_class": "urgent"}
        for values in (urgent, {"max_per_day": 0}, {"max_per_day": 11}):
            with (
                self.subTest(**values),
                self.assertRaisesRegex(UserError, "Reason for Relaxing"),
                self.env.cr.savepoint(),
            ):
                self.create_purpose(**values)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.env["sms.purpose"].with_context(default_max_per_day=0).create(
                {"name": "Surveys", "code": "survey"}
            )
        purpose = self.create_purpose(**urgent, relaxation_reason=REASON)
        note = self.notes(purpose)
        self.assertEqual(note.author_id, self.administrator.partner_id)
        self.assertIn("Urgent: at any hour, and not Offers", note.body)
        self.assertIn(REASON, note.body)

    def test_it_is_not_deleted_with_its_reason(self):
        purpose = self.create_purpose(max_per_day=0, relaxation_reason=REASON)
        with self.assertRaisesRegex(UserError, "Archive"):
            purpose.unlink()


class TestReasons(RelaxationReasonCase):
    """Stored reasons cannot be changed, and can be found."""

    def setUp(self):
        super().setUp()
        self.purpose.write({"max_per_day": 30, "relaxation_reason": REASON})
        rule = self.env.ref("helpdesk_mgmt_sms.sms_quiet_hours_us_fl")
        rule.with_user(self.administrator).write(
            {"weekday_to": 21, "relaxation_reason": REASON}
        )
        settings = self.env["sms.settings"].with_user(self.manager).create({})
        settings.write({"sms_courtesy_to": 22, "sms_courtesy_reason": REASON})
        records = (self.purpose, rule, self.company.partner_id)
        newest = [self.notes(record)[0] for record in records]
        self.kept = self.env["mail.message"].union(*newest)

    def test_nobody_changes_or_deletes_it(self):
        users = (self.manager, self.agent, self.compliance_officer, self.administrator)
        for user in users:
            for note in self.kept.with_user(user):
                with self.subTest(user=user.login, model=note.model):
                    with self.assertRaises(AccessError):
                        note.write({"body": "Because"})
                    with self.assertRaises(AccessError):
                        note.write({"subtype_id": False})
                    with self.assertRaises(AccessError):
                        note.unlink()

    def test_nor_by_the_chatters_own_way(self):
        note = self.notes(self.purpose)
        with self.assertRaises(UserError):
            self.purpose._message_update_content(note, body="Because")

    def test_nobody_posts_one_by_hand(self):
        """It would tell that somebody has decided what nobody has."""
        words = "“Tickets” is less strict. Why: the board wants it."
        for user in (self.agent, self.administrator):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.ticket.with_user(user).message_post(
                    body=words,
                    author_id=self.manager.partner_id.id,
                    subtype_xmlid=REASON_SUBTYPE,
                )
            note = self.post_on(self.ticket.with_user(user), "By the way")
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                note.subtype_id = self.env.ref(REASON_SUBTYPE)

    def test_other_messages_stay_their_authors(self):
        note = self.post_on(self.purpose, "By the way")
        note.with_user(self.administrator).write({"body": "By the way, again"})
        note.with_user(self.administrator).unlink()

    def test_compliance_officers_find_them_all(self):
        action = self.env["ir.actions.act_window"].with_user(self.compliance_officer)
        action = action._for_xml_id("helpdesk_mgmt_sms.sms_relaxation_reason_action")
        domain = [("subtype_id", "=", self.env.ref(REASON_SUBTYPE).id)]
        self.assertEqual(action["domain"], str(domain))
        messages = self.env["mail.message"].with_user(self.compliance_officer)
        found = messages.search(domain)
        self.assertLessEqual(self.kept, found)
        for note in found.read(["author_id", "date", "record_name", "preview"]):
            self.assertTrue(all(note.values()))
        menu = self.env.ref("helpdesk_mgmt_sms.sms_menu_relaxation_reasons")
        for user, shown in (
            (self.compliance_officer, True),
            (self.manager, True),
            (self.agent, False),
        ):
            visible = self.env["ir.ui.menu"].with_user(user)._visible_menu_ids()
            self.assertIs(menu.id in visible, shown)

    def test_who_may_not_change_a_purpose(self):
        for user in (self.agent, self.own_agent, self.compliance_officer, self.manager):
            purpose = self.purpose.with_user(user)
            for values in ({"max_per_day": 1}, {"max_per_day": 99}):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    purpose.write({**values, "relaxation_reason": REASON})
