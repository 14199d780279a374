# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import HttpCase, tagged

from ..common import ACTION, SmsCase


@tagged("post_install", "-at_install")
class TestManagerTours(SmsCase, HttpCase):
    """A manager makes an automation and writes a template, in a real browser."""

    def test_an_automation_is_made_and_tried(self):
        self.record_consent()
        waiting = self.env.ref("helpdesk_mgmt.helpdesk_ticket_stage_awaiting")
        self.env["sms.automation"].search([("trigger", "=", "stage")]).active = False
        self.ticket.stage_id = waiting
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.start_tour(
            f"{ACTION}sms_automation_action",
            "helpdesk_sms_manager_automates",
            login="sms-manager",
        )
        automation = self.env["sms.automation"].search(
            [("name", "=", "Waiting for parts")]
        )
        self.assertEqual(automation.stage_ids, waiting)
        self.assertFalse(self.messages_to())

    def test_a_template_is_written_in_two_languages(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.start_tour(
            f"{ACTION}sms_template_action",
            "helpdesk_sms_manager_writes",
            login="sms-manager",
        )
        shared = self.env.ref("helpdesk_mgmt_sms.sms_template_ticket_closed")
        template = shared._get_for_company(self.company)
        self.assertNotEqual(template, shared)
        self.assertEqual(
            template.with_context(lang="fr_FR").body,
            "Bonjour, votre ticket est clos :{{ object.number }}",
        )
        self.assertIn("is closed", template.with_context(lang="en_US").body)
