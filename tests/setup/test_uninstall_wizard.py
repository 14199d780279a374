# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the uninstall dialog says first; ``test_upgrade.py`` really uninstalls."""

import json

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from ..common import SmsCase


@tagged("post_install", "-at_install")
class TestUninstallWizard(SmsCase):
    """Odoo's uninstall dialog, with what is lost with this addon."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.record_consent()
        cls.other = cls.make_company("On Telnyx", "telnyx")
        cls.record_consent(company=cls.other)

    def open(self, module, user=None):
        """Return the dialog for a module, as an administrator opens it."""
        module = self.env["ir.module.module"].search([("name", "=", module)])
        action = module.with_user(user or self.administrator).button_uninstall_wizard()
        wizards = self.env[action["res_model"]].with_user(user or self.administrator)
        return wizards.with_context(**action["context"])

    def read_export(self, action):
        """Return the file that an action downloads, read as the administrator."""
        attachment_id = int(action["url"].split("?")[0].rsplit("/")[-1])
        attachments = self.env["ir.attachment"].with_user(self.administrator)
        return json.loads(attachments.browse(attachment_id).raw)

    def test_it_says_what_goes(self):
        form = Form(self.open("helpdesk_mgmt_sms"))
        self.assertTrue(form.sms_is_leaving)
        self.assertGreater(form.sms_event_count, 1)
        self.assertIn("On Telnyx", form.sms_stranded_names)

    def test_also_when_it_goes_along_with_another(self):
        self.assertTrue(Form(self.open("helpdesk_mgmt")).sms_is_leaving)
        self.assertFalse(Form(self.open("base_automation")).sms_is_leaving)

    def test_each_companys_ledger_is_exported_and_the_export_noted(self):
        self.administrator.company_ids += self.other
        wizard = Form(self.open("helpdesk_mgmt_sms")).save()
        for company in (self.company, self.other):
            wizard.company_id = company
            chain = self.read_export(wizard.action_export_sms_ledger())
            self.assertEqual(chain["company_id"], company.id)
            noted = self.env["sms.evidence.export"].search([], limit=1)
            self.assertEqual(
                (noted.company_id, noted.kind, noted.user_id),
                (company, "chain", self.administrator),
            )

    def test_without_a_company_it_is_the_ledger_of_the_present_one(self):
        wizard = Form(self.open("helpdesk_mgmt_sms")).save()
        wizard.company_id = False
        chain = self.read_export(wizard.action_export_sms_ledger())
        self.assertEqual(chain["company_id"], wizard.env.company.id)

    def test_it_is_for_administrators(self):
        wizard = Form(self.open("helpdesk_mgmt_sms")).save()
        for user in (self.manager, self.compliance_officer, self.agent):
            with self.assertRaises(AccessError):
                wizard.with_user(user).action_export_sms_ledger()
