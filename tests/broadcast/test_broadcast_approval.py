# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import BroadcastCase

MANAGER = "helpdesk_mgmt.group_helpdesk_manager"


class ApprovalCase(BroadcastCase):
    """Three recipients are more than one manager may text; two others may approve."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.sms_approve_from = 2
        cls.colleague = new_test_user(cls.env, "sms-colleague", MANAGER, name="Carla")

    def ask(self, **values):
        """Return a broadcast that waits for its approval."""
        broadcast = self.make(**values)
        self.check(broadcast)
        broadcast.action_send()
        self.assertEqual(broadcast.state, "waiting")
        return broadcast

    def get_asked(self, broadcast):
        """Return the users who have an activity on the broadcast."""
        return broadcast.sudo().activity_ids.user_id


@tagged("post_install", "-at_install")
class TestApproval(ApprovalCase):
    """A second person is asked, reads it, and says yes or no."""

    def test_the_other_managers_of_the_company_are_asked(self):
        other = self.env["res.company"].create({"name": "Other"})
        stranger = new_test_user(
            self.env, "sms-stranger", MANAGER,
            company_id=other.id, company_ids=[(6, 0, other.ids)],
        )  # fmt: skip
        broadcast = self.ask()
        asked = self.get_asked(broadcast)
        self.assertIn(self.colleague, asked)
        self.assertIn(self.administrator, asked)
        self.assertFalse((self.manager | self.agent | stranger) & asked)
        [activity] = broadcast.sudo().activity_ids.filtered(
            lambda it: it.user_id == self.colleague
        )
        self.assertIn("3 people", activity.summary)
        self.assertTrue(activity.with_user(self.colleague).has_access("read"))

    def test_why_and_who(self):
        broadcast = self.make()
        self.check(broadcast)
        note = broadcast.approval_note
        self.assertIn("reaches 3 people. Above 2 another manager must", note)
        self.assertIn("Carla", note)
        broadcast.action_send()
        self.assertIn("It waits for", broadcast.approval_note)
        self.assertFalse(broadcast.may_approve)
        seen = broadcast.with_user(self.colleague)
        self.assertTrue(seen.may_approve)
        self.assertIn(f"{self.manager.name} prepared it.", seen.approval_note)
        self.assertFalse(broadcast.with_user(self.agent).may_approve)

    def test_nobody_else_could(self):
        managers = self.env.ref(MANAGER).all_user_ids - self.manager
        managers.active = False
        broadcast = self.ask()
        self.assertFalse(self.get_asked(broadcast))
        self.assertIn("There is no other one", broadcast.approval_note)

    def test_approved(self):
        broadcast = self.ask()
        self.assertEqual(
            broadcast.with_user(self.colleague).action_confirm()["target"], "new"
        )
        broadcast.with_user(self.colleague).action_approve()
        self.assertEqual(broadcast.state, "queueing")
        self.assertFalse(self.get_asked(broadcast))
        told = broadcast.message_ids.filtered(
            lambda it: self.manager.partner_id in it.notified_partner_ids
        )
        self.assertIn("Approved. Send at: Now", told[0].body)
        self.assertEqual(told[0].author_id, self.colleague.partner_id)
        self.assertFalse(broadcast.approval_note)

    def test_nobody_approves_by_their_own_defaults(self):
        """Users may store some for any field."""
        defaults = self.env["ir.default"].with_user(self.manager)
        defaults.set("sms.broadcast", "state", "leaving", user_id=True)
        defaults.set("sms.broadcast", "approver_id", self.colleague.id, user_id=True)
        broadcast = self.make()
        self.assertEqual(broadcast.state, "draft")
        self.assertFalse(broadcast.approver_id)

    def test_who_checks_again_has_not_prepared_it(self):
        """Else its author could approve it, and the other one could not."""
        broadcast = self.ask()
        seen = broadcast.with_user(self.colleague)
        self.check(seen)
        self.assertEqual(broadcast.user_id, self.manager)
        seen.action_send()
        with self.assertRaises(AccessError):
            broadcast.action_approve()
        seen.action_approve()
        self.assertEqual(broadcast.state, "queueing")
        changed = self.ask(name="Another outage")
        changed.with_user(self.colleague).body = "In {area} again"
        self.check(changed.with_user(self.colleague))
        self.assertEqual(changed.user_id, self.colleague)

    def test_the_incident_has_ended_while_it_waited(self):
        incident = self.env["sms.incident"].create({"name": "No network"})
        broadcast = self.ask(incident_id=incident.id)
        incident._set_state("resolved")
        with self.assertRaisesRegex(UserError, "resolved meanwhile"):
            broadcast.with_user(self.colleague).action_approve()
        self.assertEqual(broadcast.state, "waiting")

    def test_the_incident_was_deleted_while_it_waited(self):
        incident = self.env["sms.incident"].create({"name": "No network"})
        broadcast = self.ask(incident_id=incident.id, body="Maintenance tomorrow.")
        asked = broadcast.sudo().activity_ids
        self.assertTrue(asked)
        incident.with_user(self.manager).unlink()
        self.assertFalse(broadcast.exists())
        self.assertFalse(asked.exists())

    def test_refused(self):
        broadcast = self.ask()
        seen = broadcast.with_user(self.colleague)
        action = seen.action_ask_why()
        form = self.env[action["res_model"]].with_user(self.colleague)
        form = form.with_context(**action["context"]).create(
            {"reason": "It is Boulder"}
        )
        form.action_refuse()
        self.assertEqual(broadcast.state, "draft")
        self.assertFalse(self.get_asked(broadcast))
        self.assertEqual(broadcast.refused_by_id, self.colleague)
        told = broadcast.message_ids.filtered(
            lambda it: self.manager.partner_id in it.notified_partner_ids
        )
        self.assertIn("Not approved: It is Boulder", told[0].body)
        broadcast.area_ids = self.env["sms.area"].create(
            {"name": "Denver again", "cities": "Denver"}
        )
        self.assertIn("Carla: It is Boulder", broadcast.refusal_note)
        self.check(broadcast)
        self.assertFalse(broadcast.refusal_note)

    def test_who_may_not_refuse(self):
        broadcast = self.ask()
        for user, error in ((self.manager, AccessError), (self.agent, AccessError)):
            seen = broadcast.with_user(user)
            with self.subTest(user.login), self.assertRaises(error):
                seen.action_refuse("No")
            with self.subTest(user.login), self.assertRaises(error):
                seen.action_ask_why()
        seen = broadcast.with_user(self.colleague)
        for reason in ("", "  ", None, ["No"], 7):
            with self.subTest(reason), self.assertRaisesRegex(UserError, "Enter why"):
                seen.action_refuse(reason)
        seen.action_refuse("No")
        with self.assertRaisesRegex(UserError, "not possible anymore"):
            seen.action_refuse("No")

    def test_words_that_change_take_the_approval_back(self):
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        for change in ("button", "words"):
            broadcast = self.ask(send_at=tomorrow)
            broadcast.with_user(self.colleague).action_approve()
            self.assertEqual(broadcast.state, "planned")
            self.assertEqual(broadcast.approver_id, self.colleague)
            if change == "button":
                broadcast.action_change()
            broadcast.body = "Buy in {area}"
            with self.subTest(change):
                self.assertEqual(broadcast.state, "draft")
                self.assertFalse(broadcast.approver_id)
                self.check(broadcast)
                broadcast.action_send()
                self.assertEqual(broadcast.state, "waiting")

    def test_what_is_changed_while_it_waits_asks_no_more(self):
        for change in ("body", "translation", "cancel"):
            broadcast = self.ask()
            self.assertTrue(self.get_asked(broadcast))
            if change == "body":
                broadcast.body = "Buy in {area}"
            elif change == "translation":
                broadcast.update_field_translations("body", {"en_US": "Buy"})
            else:
                broadcast.action_cancel()
            with self.subTest(change):
                self.assertFalse(self.get_asked(broadcast))

    def test_one_that_has_grown_asks(self):
        """The job also asks, when a planned broadcast has come to need approval."""
        self.company.sms_approve_from = 3
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        broadcast = self.make(send_at=tomorrow)
        self.check(broadcast)
        broadcast.action_send()
        self.assertEqual(broadcast.state, "planned")
        self.company.sms_approve_from = 2
        broadcast.sudo().leaves_at = fields.Datetime.now()
        self.work()
        self.assertEqual(broadcast.state, "waiting")
        self.assertIn(self.colleague, self.get_asked(broadcast))
