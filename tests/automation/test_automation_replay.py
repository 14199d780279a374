# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.tools import mute_logger

from ..common import phone_number
from .common import ENGINE, AutomationCase


class TestReplay(AutomationCase):
    """A dry run finds who would have got what last week, and sends nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["sms.automation"].search([]).active = False
        cls.flush_tracking(cls)

    def flush_tracking(self):
        """Write the tracking values, as at the end of a transaction."""
        self.env.flush_all()
        self.env.cr.precommit.run()

    def move(self, stage, ticket=None):
        """Move a ticket in a transaction of its own."""
        (ticket or self.ticket).stage_id = stage
        self.flush_tracking()

    def replay(self, automations, **values):
        """Return the lines of a dry run by the manager."""
        wizard = self.env["sms.automation.replay"].with_user(self.manager)
        wizard = wizard.create({"automation_ids": automations.ids, **values})
        wizard.action_replay()
        return wizard.line_ids

    def test_a_past_change_of_stage(self):
        self.move(self.waiting_stage)
        self.move(self.progress_stage)
        automation = self.automate("stage", stage_ids=self.waiting_stage.ids)
        before = self.env["sms.sms"].search_count([])
        [line] = self.replay(automation)
        self.assertEqual(line.ticket_id, self.ticket)
        self.assertEqual(line.number, self.number)
        self.assertEqual(line.verdict, "send")
        self.assertIn(self.ticket.number, line.body)
        self.assertEqual(self.env["sms.sms"].search_count([]), before)
        self.assertFalse(self.made_by(automation))

    def test_new_assigned_and_closed_tickets(self):
        ticket = self.make_ticket(self.customer)
        self.flush_tracking()
        ticket.user_id = self.team_agent
        self.flush_tracking()
        self.move(self.closed_stage, ticket)
        for trigger in ("created", "assigned", "closed"):
            with self.subTest(trigger=trigger):
                lines = self.replay(self.automate(trigger))
                self.assertIn(ticket, lines.ticket_id)
        self.assertFalse(self.replay(self.automate("reopened")))

    def test_one_that_is_not_in_use_yet_is_tried(self):
        self.move(self.waiting_stage)
        automation = self.automate("stage", active=False)
        self.assertEqual(len(self.replay(automation)), 1)

    def test_those_not_in_use_are_left_out_unless_they_are_chosen(self):
        """The list also shows those that are not in use."""
        self.move(self.waiting_stage)
        self.automate("stage", active=False)
        used = self.automate("stage", sequence=2)
        automations = used.browse().with_context(active_test=False)
        wizard_id = automations.action_dry_run()["res_id"]
        wizard = self.env["sms.automation.replay"].with_user(self.manager)
        self.assertEqual(wizard.browse(wizard_id).line_ids.automation_id, used)

    @mute_logger(ENGINE)
    def test_a_condition_that_fails_hides_no_other_automation(self):
        self.move(self.waiting_stage)
        broken, automation = self.automate("stage"), self.automate("stage")
        self.env.flush_all()
        unknown = "UPDATE sms_automation SET domain = %s WHERE id = %s"
        self.env.cr.execute(unknown, ["[('x_removed', '=', 1)]", broken.id])
        self.env.invalidate_all()
        lines = self.replay(broken + automation)
        self.assertEqual(lines.automation_id, automation)

    def test_what_lies_further_back_is_left_out(self):
        self.move(self.waiting_stage)
        self.env.cr.execute(
            "UPDATE mail_message SET date = date - interval '8 days' "
            "WHERE model = 'helpdesk.ticket'"
        )
        self.env.cr.execute(
            "UPDATE helpdesk_ticket SET create_date = create_date - interval '30 days'"
        )
        self.env.invalidate_all()
        automation = self.automate("stage", stage_ids=self.waiting_stage.ids)
        self.assertFalse(self.replay(automation))
        self.assertEqual(len(self.replay(automation, days=9)), 1)

    def test_what_the_gate_would_say(self):
        self.record_consent(event="revoked")
        self.move(self.waiting_stage)
        [line] = self.replay(self.automate("stage", stage_ids=self.waiting_stage.ids))
        self.assertEqual(line.verdict, "block")
        self.assertIn("Opted out", line.reason)

    def test_a_country_that_no_sender_may_text(self):
        name = {"number": "NORTHWIND", "country_id": self.env.ref("base.fr").id}
        self.company.write(
            {
                "sms_provider": "twilio",
                "sms_twilio_account_sid": "AC" + "0" * 32,
                "sms_twilio_auth_token": "a-token",
                "sms_twilio_number_ids": [(5, 0, 0), (0, 0, name)],
            }
        )
        self.record_consent()
        self.move(self.waiting_stage)
        [line] = self.replay(self.automate("stage", stage_ids=self.waiting_stage.ids))
        self.assertEqual(line.verdict, "block")
        self.assertIn("None of your senders may text this country", line.reason)

    def test_a_text_that_nobody_answered(self):
        self.receive("Hello?")
        inbound = self.env["sms.inbound"].search([], order="id desc", limit=1)
        inbound.received_at -= timedelta(hours=5)
        automation = self.automate("no_answer", wait_hours=4)
        self.assertEqual(len(self.replay(automation)), 1)
        self.post_on(
            self.ticket.with_user(self.agent),
            "Yes",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        ).sudo().date = inbound.received_at + timedelta(hours=1)
        self.assertFalse(self.replay(automation))

    def test_a_note_for_colleagues_is_no_answer(self):
        self.receive("Hello?")
        inbound = self.env["sms.inbound"].search([], order="id desc", limit=1)
        inbound.received_at -= timedelta(hours=5)
        note = self.post_on(
            self.ticket.with_user(self.agent),
            "Who looks at it?",
            message_type="comment",
            subtype_xmlid="mail.mt_note",
        )
        note.sudo().date = inbound.received_at + timedelta(hours=1)
        automation = self.automate("no_answer", wait_hours=4)
        self.assertEqual(len(self.replay(automation)), 1)

    def test_who_waited_until_the_ticket_was_closed(self):
        self.receive("Hello?")
        inbound = self.env["sms.inbound"].search([], order="id desc", limit=1)
        inbound.received_at -= timedelta(hours=5)
        self.move(self.closed_stage)
        closing = self.env["mail.tracking.value"].search(
            [("field_id.name", "=", "stage_id")], order="id desc", limit=1
        )
        closing.mail_message_id.date = inbound.received_at + timedelta(hours=1)
        for hours, count in ((4, 0), (1, 0)):
            with self.subTest(hours=hours):
                automation = self.automate("no_answer", wait_hours=hours)
                self.assertEqual(len(self.replay(automation)), count)
        closing.mail_message_id.date += timedelta(hours=3, minutes=30)
        self.assertEqual(len(self.replay(automation)), 1)

    def test_at_most_counts_in_the_past_too(self):
        for _round in range(3):
            self.move(self.waiting_stage)
            self.move(self.quiet_stage)
        automation = self.automate("stage", stage_ids=self.waiting_stage.ids)
        self.assertEqual(len(self.replay(automation)), 1)

    def test_what_a_template_does_is_undone(self):
        self.move(self.waiting_stage)
        self.template.body = "{{ object.write({'name': 'Changed'}) or 'x' }}"
        automation = self.automate("stage", stage_ids=self.waiting_stage.ids)
        self.assertEqual(len(self.replay(automation)), 1)
        self.env.invalidate_all()
        self.assertEqual(self.ticket.name, "Printer jams")

    def test_a_manager_sees_the_tickets_of_the_own_companies(self):
        other = self.make_company("Other")
        ticket = self.make_ticket(
            self.make_customer(phone_number(7)), company_id=other.id
        )
        self.flush_tracking()
        self.manager.company_ids = self.company
        lines = self.replay(self.automate("created"))
        self.assertNotIn(ticket, lines.ticket_id)

    def test_it_is_the_managers(self):
        automation = self.automate("stage")
        action = automation.action_dry_run()
        self.assertEqual(action["res_model"], "sms.automation.replay")
        with self.assertRaises(AccessError):
            automation.with_user(self.agent).action_dry_run()

    def test_it_says_what_it_does_in_one_line(self):
        automation = self.automate(
            "stage", stage_ids=self.waiting_stage.ids, delay_number=2
        )
        self.assertEqual(
            automation.summary,
            f"A ticket reaches a stage (stage {self.waiting_stage.name}): "
            f"“{self.template.name}” · The customer · After 2 hours · "
            "Once a day, for each ticket",
        )
