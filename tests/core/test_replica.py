# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which calls a read replica may answer.

A call marked as read-only gets a read-only transaction here, as on a replica. If it
writes after all, it is refused, logged and retried in a writable one.
"""

from odoo.tests import HttpCase, tagged

from ..common import SmsCase

#: Model, method and arguments of read-only calls.
READS = (
    ("sms.dashboard", "get_dashboard", [{}]),
    ("sms.oncall", "get_on_call", []),
    ("sms.template", "get_placeholders", ["helpdesk.ticket"]),
    ("sms.analysis", "formatted_read_group", [[], ["purpose_id"], ["sent_count:sum"]]),
    ("sms.analysis", "web_search_read", [[], {"date": {}, "outcome": {}}]),
    ("sms.day", "formatted_read_group", [[], ["day:week"], ["sent_count:sum"]]),
    ("sms.sms", "web_search_read", [[], {"number": {}, "shown_label": {}}]),
    ("helpdesk.ticket", "web_search_read", [[], {"sms_consent_state": {}}]),
)


@tagged("post_install", "-at_install")
class TestReplica(SmsCase, HttpCase):
    """Calls of a manager, as the web client makes them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.record_consent()

    def setUp(self):
        super().setUp()
        self.authenticate(self.manager.login, self.manager.login)

    def ask(self, model, method, args):
        """Call a method; fail if it writes although it is marked as read-only."""
        with self.assertNoLogs("odoo.http", "WARNING"):
            return self.make_jsonrpc_request(
                f"/web/dataset/call_kw/{model}/{method}",
                {"model": model, "method": method, "args": args, "kwargs": {}},
            )

    def is_reading(self, model, method):
        """Return whether a replica may answer, found out as Odoo's route does."""
        classes = self.registry[model].mro()
        found = (getattr(it, method, None) for it in classes)
        return next((it._readonly for it in found if hasattr(it, "_readonly")), False)

    def test_figures_and_lists_are_read_there(self):
        for model, method, args in READS:
            with self.subTest(model=model, method=method):
                self.assertTrue(self.is_reading(model, method))
                self.ask(model, method, args)

    def test_who_may_own_a_ticket_is_read_there(self):
        ticket = self.make_ticket()
        self.assertTrue(self.is_reading("helpdesk.ticket", "get_sms_assignees"))
        self.assertTrue(self.ask("helpdesk.ticket", "get_sms_assignees", [ticket.id]))

    def test_what_is_logged_when_it_is_read_is_not(self):
        lookups = self.env["sms.evidence.lookup"]
        self.manager.group_ids += self.env.ref("helpdesk_mgmt_sms.group_sms_compliance")
        for method, names in (
            ("web_search_read", {"number": {}}),
            ("search_read", ["number"]),
        ):
            before = lookups.search_count([])
            for model in ("sms.consent", "sms.consent.event", "sms.consent.evidence"):
                with self.subTest(model=model, method=method):
                    self.assertFalse(self.is_reading(model, method))
                    self.assertTrue(self.ask(model, method, [[], names]))
            self.assertGreater(lookups.search_count([]), before)
