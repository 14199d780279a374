# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Making a company's settings stricter needs no reason, relaxing them does."""

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import Form

from ...models.core.sms_relaxation_reason import REASON_SUBTYPE
from ..common import SmsCase
from ..tools.switches import read_cases

REASON = "The board, on 3 May."


class TestSwitches(SmsCase):
    """Changes by the settings, by the officer's form, and over RPC."""

    OFFICERS = {
        *("sms_consent_policy", "sms_redaction", "sms_keep_text_months"),
        *("sms_keep_raw_months", "sms_keep_consent_years", "sms_keep_opt_out_years"),
    }

    def notes(self):
        """Return the reasons in the chatter of the company's contact, newest first."""
        subtype = self.env.ref(REASON_SUBTYPE)
        messages = self.company.partner_id.message_ids
        return messages.filtered(lambda it: it.subtype_id == subtype)

    def call(self, user, model, method, *args):
        """Call a method as a client does."""
        return call_kw(self.env[model].with_user(user), method, list(args), {})

    def test_each_switch_by_the_settings(self):
        for name, before, after, is_less_strict in read_cases():
            self.company.write({name: before})
            count = len(self.notes())
            user = self.administrator if name in self.OFFICERS else self.manager
            with self.subTest(name=name, before=before, after=after):
                values = {name: after}
                if is_less_strict:
                    for reason in ({}, {"sms_relaxation_reason": " \n"}):
                        with (
                            self.assertRaisesRegex(UserError, "Reason for Relaxing"),
                            self.env.cr.savepoint(),
                        ):
                            self.call(
                                user, "sms.settings", "create", {**values, **reason}
                            )
                        self.env.invalidate_all()
                        self.assertEqual(self.company[name], before)
                    values["sms_relaxation_reason"] = REASON
                self.call(user, "sms.settings", "create", values)
                self.assertEqual(self.company[name], after)
                self.assertEqual(len(self.notes()), count + is_less_strict)

    def test_what_is_kept(self):
        settings = self.env["sms.settings"].with_user(self.manager)
        with Form(settings) as form:
            form.sms_approve_from = 1000
            form.sms_bulk_right = "everybody"
            form.sms_relaxation_reason = REASON
        note = self.notes()[0]
        self.assertEqual(note.author_id, self.manager.partner_id)
        for words in (REASON, "1000, and no longer 500", "Every internal user"):
            self.assertIn(words, note.body)
        with Form(settings) as form:
            form.sms_user_limit = 0
            form.sms_relaxation_reason = REASON
        self.assertIn("no limit, and no longer 200", self.notes()[0].body)
        with self.assertRaises(AccessError):
            note.with_user(self.administrator).unlink()

    def test_policy_and_retention_are_no_managers(self):
        for name in self.OFFICERS:
            value = {"sms_consent_policy": "opt_out", "sms_redaction": "delete"}
            values = {name: value.get(name, 1), "sms_relaxation_reason": REASON}
            with self.subTest(name=name):
                with self.assertRaises(AccessError):
                    self.call(self.manager, "sms.settings", "create", values)
                settings = self.call(self.manager, "sms.settings", "create", [{}])
                with self.assertRaises(AccessError):
                    self.call(self.manager, "sms.settings", "write", settings, values)
                with self.assertRaises(AccessError):
                    self.call(
                        self.manager, "res.company", "write", self.company.ids, values
                    )
        with self.assertRaises(AccessError):
            self.call(self.manager, "sms.retention.form", "create", [{}])

    def test_an_officer_sets_them_by_their_form(self):
        forms = self.env["sms.retention.form"].with_user(self.compliance_officer)
        form = forms.create({"policy": "opt_out", "opt_out": 3})
        with (
            self.assertRaisesRegex(UserError, "Reason for Relaxing"),
            self.env.cr.savepoint(),
        ):
            form.action_save()
        form.reason = REASON
        form.action_save()
        self.assertEqual(self.company.sms_consent_policy, "opt_out")
        self.assertEqual(self.company.sms_keep_opt_out_years, 3)
        note = self.notes()[0]
        self.assertEqual(note.author_id, self.compliance_officer.partner_id)
        self.assertIn(REASON, note.body)

    def test_a_manager_who_is_an_officer_too_uses_the_settings(self):
        self.manager.group_ids |= self.env.ref("helpdesk_mgmt_sms.group_sms_compliance")
        values = {"sms_consent_policy": "opt_out", "sms_relaxation_reason": REASON}
        self.call(self.manager, "sms.settings", "create", values)
        self.assertEqual(self.company.sms_consent_policy, "opt_out")

    def test_an_administrator_who_writes_to_the_company(self):
        values = {"sms_consent_policy": "opt_out"}
        with (
            self.assertRaisesRegex(UserError, "Reason for Relaxing"),
            self.env.cr.savepoint(),
        ):
            self.call(
                self.administrator, "res.company", "write", self.company.ids, values
            )
        values["sms_relaxation_reason"] = REASON
        self.call(self.administrator, "res.company", "write", self.company.ids, values)
        self.assertIn(REASON, self.notes()[0].body)

    def test_the_servers_owner_needs_none(self):
        before = self.notes()
        self.company.sms_consent_policy = "opt_out"
        self.assertEqual(self.notes(), before)


class TestMapping(SmsCase):
    """Other apps' messages get a less strict purpose only with a reason."""

    def setUp(self):
        super().setUp()
        self.rules = self.env["sms.purpose.rule"].with_user(self.manager)
        self.values = {
            "model": "res.partner",
            "purpose_id": self.purposes("ticket").id,
        }

    def test_a_new_rule(self):
        with (
            self.assertRaisesRegex(UserError, "Reason for Relaxing"),
            self.env.cr.savepoint(),
        ):
            self.rules.create(self.values)
        rule = self.rules.create({**self.values, "relaxation_reason": REASON})
        self.assertIn(REASON, rule.message_ids[0].body)

    def test_a_strict_rule_that_is_changed(self):
        rule = self.rules.create(
            {**self.values, "purpose_id": self.purposes("marketing").id}
        )
        for code in ("ticket", "alert"):
            values = {"purpose_id": self.purposes(code).id}
            with (
                self.assertRaisesRegex(UserError, "Reason for Relaxing"),
                self.env.cr.savepoint(),
            ):
                rule.write(values)
            rule.write({**values, "relaxation_reason": REASON})
        rule.purpose_id = self.purposes("marketing")

    def test_a_rule_that_is_archived_and_comes_back(self):
        rule = self.rules.create({**self.values, "relaxation_reason": REASON})
        rule.active = False
        with (
            self.assertRaisesRegex(UserError, "Reason for Relaxing"),
            self.env.cr.savepoint(),
        ):
            rule.active = True
        rule.write({"active": True, "relaxation_reason": REASON})

    def test_a_strict_rule_before_a_less_strict_one(self):
        self.env["sms.purpose.rule"].create(self.values)
        rule = self.rules.create(
            {**self.values, "purpose_id": self.purposes("marketing").id}
        )
        with (
            self.assertRaisesRegex(UserError, "Reason for Relaxing"),
            self.env.cr.savepoint(),
        ):
            rule.active = False
