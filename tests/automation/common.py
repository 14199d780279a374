# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Base class of the tests of automations."""

from datetime import timedelta

from ..common import SmsCase

ENGINE = "odoo.addons.helpdesk_mgmt_sms.models.automation.sms_automation_engine"


class AutomationCase(SmsCase):
    """A customer who has agreed, and a manager who creates automations."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.record_consent()
        cls.progress_stage = cls.env.ref(
            "helpdesk_mgmt.helpdesk_ticket_stage_in_progress"
        )
        cls.waiting_stage = cls.env.ref("helpdesk_mgmt.helpdesk_ticket_stage_awaiting")
        cls.template = cls.make_template("Own words about {{ object.number }}")

    @classmethod
    def make_template(cls, body, **values):
        return cls.env["sms.template"].create(
            {
                "name": body[:20],
                "model_id": cls.env["ir.model"]._get_id("helpdesk.ticket"),
                "body": body,
                **values,
            }
        )

    @classmethod
    def automate(cls, trigger, template=None, **values):
        """Return an automation, created by the manager."""
        return (
            cls.env["sms.automation"]
            .with_user(cls.manager)
            .create(
                {
                    "name": trigger,
                    "trigger": trigger,
                    "sequence": 1,
                    "template_id": (template or cls.template).id,
                    **values,
                }
            )
        )

    def made_by(self, automation):
        """Return the messages of an automation, oldest first."""
        self.run_automations()
        return self.env["sms.sms"].search(
            [("automation_id", "=", automation.id)], order="id"
        )

    def run_clock(self):
        """Run the cron that looks for due tickets, even if nothing is planned."""
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_automation"))

    def let_time_pass(self, **delta):
        """Make planned texts due earlier by some time."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_automation_run SET due_at = due_at - %s",
            [timedelta(**delta)],
        )
        self.env.invalidate_all()
