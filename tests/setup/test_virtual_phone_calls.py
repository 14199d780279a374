# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

from odoo.exceptions import AccessError, UserError

from ...models.setup.sms_virtual_phone import BUS_CHANNEL
from ..team_alert.common import TeamAlertCase


class TestCallsOnThePhone(TeamAlertCase):
    """The virtual phone rings, can be answered and has keys, like a real one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan.step_ids.how = "call"

    def phone(self, user=None, company=None):
        """Return the virtual phone's model for a user in one company."""
        phone = self.env["sms.virtual.phone"].with_user(user or self.agent)
        return phone.with_context(allowed_company_ids=(company or self.company).ids)

    def ring(self):
        """Call Ann's phone; return the alert, and the call as the screen gets it."""
        alert = self.raise_alert()
        self.run_outbox()
        [call] = self.phone().get_calls()
        return alert, call

    def test_it_rings_says_and_takes_a_key(self):
        alert, call = self.ring()
        self.assertEqual(call["number"], self.get_number(self.ann))
        said = self.phone().answer_call(call["id"])
        self.assertTrue(said["asks"])
        self.assertIn("Server 4 offline", said["words"])
        self.assertEqual(self.phone().get_calls(), [])
        again = self.phone().press_key(call["id"], "5", 1)
        self.assertTrue(again["asks"])
        self.assertIn(said["words"], again["words"])
        said = self.phone().press_key(call["id"], "1", 2)
        self.assertFalse(said["asks"])
        self.assertEqual(alert.acknowledged_by_id, self.ann)
        self.phone().hang_up(call["id"])
        [shown] = self.read_log()
        self.assertEqual(shown["body"], "Answered call")

    def read_log(self):
        """Return Ann's call log as her phone shows it."""
        messages = self.phone().get_messages(self.get_number(self.ann))
        return [message for message in messages if message["is_call"]]

    def test_it_is_declined(self):
        alert, call = self.ring()
        self.phone().hang_up(call["id"], True)
        self.assertEqual(self.phone().get_calls(), [])
        self.assertEqual(self.read_log()[0]["body"], "Missed call")
        self.run_escalation()
        self.assertIn((0, "missed", "Ann"), self.get_timeline(alert))
        with self.assertRaisesRegex(UserError, "not ring any more"):
            self.phone().answer_call(call["id"])

    def test_who_hangs_up_without_a_key_has_not_taken_it(self):
        alert, call = self.ring()
        self.phone().answer_call(call["id"])
        self.phone().hang_up(call["id"])
        self.run_escalation()
        self.assertEqual(alert.state, "open")
        self.assertIn((0, "told", "Bo"), self.get_timeline(alert))

    def test_it_does_not_show_what_is_said_among_the_texts(self):
        _alert, call = self.ring()
        [shown] = self.read_log()
        self.assertEqual(shown["body"], "Incoming call")
        contact = self.phone().get_contact(call["number"])
        self.assertIn("[URGENT]", contact["last_body"])

    def test_nobody_else_may(self):
        _alert, call = self.ring()
        public = self.env.ref("base.public_user")
        for user in self.employee | self.portal_user | self.compliance_officer | public:
            phone = self.phone(user)
            for method, args in (
                ("get_calls", ()),
                ("answer_call", (call["id"],)),
                ("press_key", (call["id"], "1")),
                ("hang_up", (call["id"],)),
            ):
                with (
                    self.subTest(method=method, user=user.login),
                    self.assertRaises(AccessError),
                ):
                    getattr(phone, method)(*args)

    def test_another_company_has_no_such_call(self):
        _alert, call = self.ring()
        other = self.make_company("Other")
        self.assertEqual(self.phone(company=other).get_calls(), [])
        with self.assertRaises(UserError):
            self.phone(company=other).answer_call(call["id"])

    def test_hostile_input_is_no_call_and_no_key(self):
        alert, call = self.ring()
        for call_id in ("", None, 7, "x" * 100_000, "' OR 1=1 --", {}, [1], "\x00"):
            for method, args in (
                ("answer_call", ()),
                ("press_key", ("1",)),
                ("hang_up", ()),
            ):
                with (
                    self.subTest(call_id=call_id, method=method),
                    self.assertRaises(UserError),
                ):
                    getattr(self.phone(), method)(call_id, *args)
        self.phone().answer_call(call["id"])
        for key in ("11", "x" * 100_000, None, 1, ["1"], {"1": 1}, True):
            with self.subTest(key=key):
                self.phone().press_key(call["id"], key, 1)
                self.assertEqual(alert.state, "open")
        for asked in ("1", None, -5, 10**30, {}):
            self.phone().press_key(call["id"], "7", asked)

    def test_open_phones_are_told_that_it_rings_and_that_it_stops(self):
        self.env["bus.bus"].sudo().search([]).unlink()
        _alert, call = self.ring()
        self.phone().hang_up(call["id"], True)
        self.env.cr.precommit.run()
        told = [
            json.loads(row.message)["payload"]
            for row in self.env["bus.bus"].sudo().search([], order="id")
            if BUS_CHANNEL in row.channel
        ]
        rings = [it["call"]["is_ringing"] for it in told if it.get("call")]
        self.assertEqual(rings, [True, False])
        self.assertNotIn("Server 4", str([it for it in told if it.get("call")]))
