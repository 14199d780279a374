# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

from lxml import etree

from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tests import Form, tagged

from ...models.broadcast.sms_broadcast_recipient import WILL
from ...providers.sandbox import SandboxProvider
from ...tools.texts import mask_number
from ..common import SmsCase

#: Models in which only users who text people see their numbers.
MASKED = (
    *("sms.sms", "sms.inbound", "sms.broadcast.recipient", "sms.subscription"),
    *("sms.incident.mute", "sms.question", "sms.team.alert.entry"),
    "sms.carrier.opt.out",
)
#: Models in which compliance officers see the numbers, since they work on consent.
FULL = ("sms.consent", "sms.consent.event", "sms.consent.evidence")


@tagged("post_install", "-at_install")
class TestMaskedNumbers(SmsCase):
    """Who sees which numbers unmasked."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.record_consent(None, "ticket", "alert")
        cls.ticket._message_sms("Hello")
        cls.env["sms.inbound"]._receive(cls.company, cls.make_text())
        cls.incident = cls.env["sms.incident"].create({"name": "No network"})
        cls.broadcast = cls.env["sms.broadcast"].create({"name": "No network"})
        cls.env["sms.broadcast.recipient"].create(
            {"broadcast_id": cls.broadcast.id, "number": cls.number, "outcome": WILL}
        )
        cls.env["sms.incident.mute"].create(
            {
                "incident_id": cls.incident.id,
                "number": cls.number,
                "muted_at": "2026-01-01",
            }
        )
        export = cls.env.ref("base.group_allow_export")
        for user in (cls.agent, cls.manager, cls.compliance_officer):
            user.group_ids += export
        cls.env.flush_all()

    @classmethod
    def make_text(cls):
        """Return a text of the customer, as from the virtual phone."""
        return SandboxProvider.parse_inbound(
            {"id": "SB1", "from": cls.number, "body": "hello"}
        )

    def find(self, model, user):
        """Return a row about the customer's number, as a user has it."""
        row = self.env[model].search([("number", "=", self.number)], limit=1)
        return row.with_user(user)

    def test_who_texts_sees_numbers(self):
        for user in (self.agent, self.manager, self.administrator):
            for model in ("sms.sms", "sms.inbound", "sms.broadcast.recipient"):
                with self.subTest(user=user.login, model=model):
                    row = self.find(model, user)
                    [values] = row.read(["number", "shown_number"])
                    self.assertEqual(values["number"], self.number)
                    self.assertEqual(values["shown_number"], self.number)

    def test_an_officer_sees_the_last_digits(self):
        count = 0
        for model in MASKED:
            row = self.find(model, self.compliance_officer)
            if row:
                count += 1
                names = ["shown_number", "display_name"]
                [values] = row.read(names)
                with self.subTest(model=model):
                    self.assertEqual(values["shown_number"], mask_number(self.number))
                    self.assertNotIn(self.number, json.dumps(values))
        self.assertGreaterEqual(count, 4)

    def test_an_officer_has_no_other_way_to_it(self):
        for model in MASKED:
            records = self.env[model].with_user(self.compliance_officer)
            ids = records.search([], limit=1).ids
            calls = [
                ("read", [ids, ["number"]]),
                ("search", [[("number", "=like", "+1%")]]),
                ("formatted_read_group", [[], ["number"], ["__count"]]),
            ]
            if ids:
                calls.append(("export_data", [ids, ["number"]]))
            with self.subTest(model=model):
                self.assertNotIn("number", records.fields_get())
                for method, args in calls:
                    with self.assertRaises(AccessError, msg=method):
                        call_kw(records, method, args, {})

    def test_in_consents_and_evidence_the_number_is_there(self):
        for model in FULL:
            row = self.env[model].search([], order="id desc", limit=1)
            [values] = row.with_user(self.compliance_officer).read(["number"])
            self.assertEqual(values["number"], self.number, model)

    def test_a_document_has_the_number_of_each_text(self):
        source = self.env["sms.evidence"].with_user(self.compliance_officer)
        facts = source._gather(self.company, [self.number])
        self.assertEqual({row["number"] for row in facts["messages"]}, {self.number})
        self.assertEqual({row["number"] for row in facts["received"]}, {self.number})
        self.assertTrue(facts["messages"] and facts["received"])

    def test_each_view_shows_one_of_both(self):
        for user, shown, hidden in (
            (self.agent, "number", "shown_number"),
            (self.compliance_officer, "shown_number", "number"),
        ):
            for name in (
                *("sms_sms_view_list", "sms_sms_view_form"),
                *("sms_inbound_view_list", "sms_inbound_view_form"),
                *("sms_broadcast_recipient_view_list", "sms_incident_mute_view_list"),
                *("sms_subscription_view_list", "sms_subscription_view_form"),
            ):
                view = self.env.ref(f"helpdesk_mgmt_sms.{name}")
                model = self.env[view.model].with_user(user)
                arch = model.get_view(view.id, view.type)["arch"]
                names = {
                    node.get("name") for node in etree.fromstring(arch).iter("field")
                }
                with self.subTest(user=user.login, view=name):
                    self.assertIn(shown, names)
                    self.assertNotIn(hidden, names)

    def test_an_officer_opens_a_message(self):
        message = self.find("sms.sms", self.compliance_officer)
        form = Form(message, "helpdesk_mgmt_sms.sms_sms_view_form")
        self.assertEqual(form.shown_number, mask_number(self.number))

    def test_one_users_mask_is_not_anothers(self):
        """A value computed for one user is not shown to another in the transaction."""
        agents = self.find("sms.sms", self.agent)
        officers = agents.with_user(self.compliance_officer)
        self.assertEqual(agents.shown_number, self.number)
        self.assertEqual(officers.shown_number, mask_number(self.number))
        self.assertEqual(agents.shown_number, self.number)

    def test_a_report_in_its_raw_form_is_not_an_officers(self):
        reports = self.env["sms.report"]
        self.assertNotIn("raw", reports.with_user(self.compliance_officer).fields_get())
        self.assertIn("raw", reports.with_user(self.manager).fields_get())

    def test_what_is_erased_shows_nothing(self):
        message = self.find("sms.sms", self.compliance_officer)
        message.sudo()._forget()
        self.env.invalidate_all()
        self.assertFalse(message.shown_number)
