# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A company's own automation replaces a shared one that time sets off."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields

from ...tools import TICKET_MODEL
from ..clock import freeze_time
from .common import AutomationCase

#: When the tickets' deadline is, in hours after the test begins.
DEADLINE = 12


class TimedCopies:
    """One ticket in each of two companies, and a shared automation due in 4 hours."""

    trigger = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.make_company("Other")
        cls.record_consent(company=cls.other)
        cls.tickets = cls.ticket + cls.make_ticket(
            cls.customer, company_id=cls.other.id
        )

    def setUp(self):
        super().setUp()
        self.start = fields.Datetime.now()
        self.shared = self.automate(
            self.trigger, wait_hours=self.get_hours(4), at_most="each"
        )
        self.shared.sudo().company_id = False
        self.begin()

    def begin(self):
        """Have the clocks of both tickets start now."""
        raise NotImplementedError

    def get_hours(self, hours):
        """Return the *Hours* of an automation that is due some hours from now."""
        raise NotImplementedError

    def replace(self, hours):
        """Return the company's own automation, due some hours after the start."""
        own = self.shared._copy_for_company(self.company)
        own.wait_hours = self.get_hours(hours)
        return own

    def after(self, hours):
        """Set the clock to a minute after what is due then."""
        return freeze_time(self.start + timedelta(hours=hours, minutes=1))

    def assertTexted(self, hours, *expected):
        """Run the cron some hours after the start, and compare all texts until then.

        :param expected: pairs of automation and company
        """
        with self.after(hours):
            self.run_clock()
        texts = self.env["sms.sms"].search([("automation_id", "!=", False)])
        found = [(it.automation_id, it.record_company_id) for it in texts]
        self.assertCountEqual(found, expected)

    def test_with_a_later_time(self):
        own = self.replace(8)
        shared = (self.shared, self.other)
        self.assertTexted(4, shared)
        self.assertTexted(8, shared, (own, self.company))
        self.assertTexted(9, shared, (own, self.company))

    def test_with_an_earlier_time(self):
        own = self.replace(2)
        self.assertTexted(2, (own, self.company))
        self.assertTexted(4, (own, self.company), (self.shared, self.other))

    def test_with_the_same_time(self):
        own = self.replace(4)
        self.assertTexted(4, (own, self.company), (self.shared, self.other))

    def test_a_duplicate_of_the_companys_own_replaces_nothing(self):
        own = self.replace(8)
        copied = own.with_user(self.manager).copy({"active": False})
        self.assertEqual(copied.company_id, self.company)
        self.assertFalse(copied.shared_id)
        copied.unlink()
        self.assertTexted(4, (self.shared, self.other))

    def test_an_archived_one_leaves_the_company_without(self):
        self.replace(8).active = False
        self.assertTexted(4, (self.shared, self.other))
        self.assertTexted(8, (self.shared, self.other))
        runs = self.env["sms.automation.run"].search([])
        self.assertEqual(runs.mapped("res_id"), self.tickets[1].ids)

    def test_a_deleted_one_gives_way_to_the_shared_one(self):
        self.replace(8).unlink()
        shared = [(self.shared, it) for it in self.tickets.company_id]
        self.assertTexted(4, *shared)

    def test_what_was_planned_before_waits_for_its_time(self):
        with self.after(4):
            self.env["sms.automation.run"]._find_timed()
            own = self.replace(8)
        shared = (self.shared, self.other)
        self.assertTexted(4.5, shared)
        self.assertTexted(8, shared, (own, self.company))

    def test_a_deleted_one_has_texted_already(self):
        own = self.replace(2)
        self.assertTexted(2, (own, self.company))
        with self.after(5):
            own.unlink()
        self.assertTexted(6, (self.shared, self.other))

    def test_what_was_due_before_is_not_lost(self):
        """Its own time was over before it existed, so its clock does not find it."""
        with self.after(4):
            own = self.replace(4)
        self.assertTexted(4.5, (own, self.company), (self.shared, self.other))


class TestCopiesOfDelays(AutomationCase):
    """A ticket reaches a stage, and the text about it is delayed."""

    def test_what_happens_again_restarts_what_the_shared_one_has_planned(self):
        shared = self.automate(
            "stage", stage_ids=self.waiting_stage.ids, delay_number=2, at_most="each"
        )
        shared.sudo().company_id = False
        self.ticket.stage_id = self.waiting_stage
        own = shared._copy_for_company(self.company)
        self.let_time_pass(hours=1, minutes=59)
        self.ticket.stage_id = self.quiet_stage
        self.ticket.stage_id = self.waiting_stage
        self.let_time_pass(minutes=2)
        self.run_clock()
        self.assertFalse(self.made_by(own))
        self.let_time_pass(hours=2)
        self.run_clock()
        self.assertEqual(len(self.made_by(own)), 1)

    def test_what_a_deleted_one_has_planned_is_sent_by_the_shared_one(self):
        stages = self.waiting_stage.ids
        shared = self.automate("stage", stage_ids=stages, delay_number=2)
        shared.sudo().company_id = False
        self.ticket.stage_id = self.waiting_stage
        own = shared._copy_for_company(self.company)
        self.ticket.stage_id = self.quiet_stage
        self.ticket.stage_id = self.waiting_stage
        other = self.make_ticket(self.customer)
        other.stage_id = self.waiting_stage
        own.unlink()
        self.let_time_pass(hours=2, minutes=1)
        self.run_clock()
        texted = self.made_by(shared).mail_message_id.mapped("res_id")
        self.assertCountEqual(texted, (self.ticket | other).ids)

    def test_a_deleted_one_of_another_trigger_gives_nothing_back(self):
        shared = self.automate("reopened", delay_number=2)
        shared.sudo().company_id = False
        own = shared._copy_for_company(self.company)
        own.trigger = "created"
        self.make_ticket(self.customer)
        own.unlink()
        self.let_time_pass(hours=2, minutes=1)
        self.run_clock()
        self.assertFalse(self.made_by(shared))


class TestCopiesOfNoAnswer(TimedCopies, AutomationCase):
    """The customer waits for an answer."""

    trigger = "no_answer"

    def begin(self):
        self.tickets.sms_waiting_since = self.start

    def get_hours(self, hours):
        return hours


class TestCopiesOfDeadline(TimedCopies, AutomationCase):
    """A deadline approaches, which is on the ticket as in older OCA versions."""

    trigger = "sla"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(
            patch.object(
                cls.registry["sms.automation"],
                "_get_deadline_source",
                lambda _automations: TICKET_MODEL,
            )
        )
        cls.env.flush_all()
        cls.cr.execute(
            "ALTER TABLE helpdesk_ticket"
            " ADD COLUMN IF NOT EXISTS sla_deadline timestamp"
        )

    def begin(self):
        self.env.flush_all()
        self.cr.execute(
            "UPDATE helpdesk_ticket SET sla_deadline = %s WHERE id = ANY(%s)",
            [self.start + timedelta(hours=DEADLINE), self.tickets.ids],
        )

    def get_hours(self, hours):
        return DEADLINE - hours
