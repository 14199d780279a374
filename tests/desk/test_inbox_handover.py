# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError, UserError

from ..common import phone_number
from .common import InboxCase

HOSTILE_IDS = (0, -1, 10**9, 10**30, True, "1", [1], {"a": 1}, 1.5, "x" * 1000)


class TestAssign(InboxCase):
    """Conversations are taken and handed over, within the ticket's team and company."""

    def setUp(self):
        super().setUp()
        self.conversation = self.make_conversation(1, team_id=self.team.id)
        self.desk = self.conversation.with_user(self.agent)

    def test_to_me_to_another_and_to_nobody(self):
        desk = self.conversation.with_user(self.own_agent)
        self.assertTrue(desk.assign_sms())
        self.assertEqual(self.conversation.user_id, self.own_agent)
        desk.assign_sms(self.team_agent.id)
        self.assertEqual(self.conversation.user_id, self.team_agent)
        self.desk.assign_sms(False)
        self.assertFalse(self.conversation.user_id)

    def test_the_new_owner_is_told_as_odoo_tells_them(self):
        self.desk.assign_sms(self.team_agent.id)
        note = self.env["mail.message"].search(
            [
                ("model", "=", "helpdesk.ticket"),
                ("res_id", "=", self.conversation.id),
                ("message_type", "=", "user_notification"),
            ]
        )
        self.assertEqual(note.notified_partner_ids, self.team_agent.partner_id)
        self.assertIn(self.team_agent.partner_id, self.conversation.message_partner_ids)

    def test_who_may_take_it(self):
        names = [it["name"] for it in self.desk.get_sms_assignees(self.desk.id)]
        members = self.own_agent | self.team_agent
        self.assertEqual(names, sorted(members.mapped("name")))
        no_team = self.make_ticket()
        no_team.team_id = False
        found = self.desk.get_sms_assignees(no_team.id)
        ids = {it["id"] for it in found}
        self.assertLessEqual(set((members | self.agent | self.manager).ids), ids)
        self.assertFalse(ids & set((self.employee | self.portal_user).ids))

    def test_who_may_not_take_it(self):
        self.team.user_ids |= self.employee | self.portal_user | self.manager
        company = self.make_company("Elsewhere")
        elsewhere = self.manager.copy({"login": "elsewhere"})
        elsewhere.write(
            {"company_ids": [(6, 0, company.ids)], "company_id": company.id}
        )
        gone = self.manager.copy({"login": "gone"})
        self.team.user_ids |= elsewhere | gone
        gone.active = False
        others = self.employee | self.portal_user | self.agent | elsewhere | gone
        for user in others:
            with self.subTest(user=user.login), self.assertRaises(UserError) as caught:
                self.desk.assign_sms(user.id)
        self.assertIn(self.team.name, str(caught.exception))
        self.assertFalse(self.conversation.user_id)
        found = {it["id"] for it in self.desk.get_sms_assignees(self.desk.id)}
        self.assertFalse(found & set(others.ids))
        self.desk.assign_sms(self.manager.id)

    def test_hostile_ids(self):
        for user_id in HOSTILE_IDS:
            sent = str(user_id)[:20]
            with self.subTest(user_id=sent), self.assertRaises(UserError):
                self.desk.assign_sms(user_id)
        for ticket_id in (*HOSTILE_IDS, False, None):
            sent = str(ticket_id)[:20]
            with self.subTest(ticket_id=sent), self.assertRaises(UserError):
                self.desk.get_sms_assignees(ticket_id)

    def test_many_of_several_teams(self):
        self.other_team.user_ids = self.team_agent
        other = self.make_conversation(2, team_id=self.other_team.id)
        both = (self.conversation | other).with_user(self.agent)
        both.assign_sms(self.team_agent.id)
        self.assertEqual(both.user_id, self.team_agent)
        with self.assertRaises(UserError) as caught:
            both.assign_sms(self.own_agent.id)
        self.assertIn(other.number, str(caught.exception))
        self.assertEqual(both.user_id, self.team_agent)

    def test_who_may_not_assign(self):
        self.conversation.user_id = self.own_agent
        others = self.make_conversation(2, user_id=self.agent.id)
        strangers = self.portal_user | self.employee
        self.conversation.message_subscribe(strangers.partner_id.ids)
        company = self.make_company("Elsewhere")
        self.agent.company_ids -= company
        elsewhere = self.make_ticket(company_id=company.id)
        for user, ticket in (
            *((user, self.conversation) for user in strangers),
            *((self.compliance_officer, self.conversation), (self.own_agent, others)),
            (self.agent, elsewhere),
        ):
            desk = ticket.with_user(user)
            for name, arguments in (
                *(("assign_sms", ()), ("assign_sms", (False,))),
                *(("close_sms", ()), ("get_sms_assignees", (ticket.id,))),
            ):
                who = user.login
                with self.subTest(user=who, name=name), self.assertRaises(AccessError):
                    getattr(desk, name)(*arguments)


class TestClose(InboxCase):
    """Conversations are closed into the stage of their teams."""

    def test_one_is_closed_and_read(self):
        ticket = self.make_conversation(1, team_id=self.team.id)
        desk = ticket.with_user(self.agent)
        desk.snooze_sms()
        self.assertTrue(desk.close_sms())
        self.assertEqual(ticket.stage_id, self.closed_stage)
        self.assertTrue(ticket.closed_date)
        self.assertFalse(
            desk.sms_waiting_since or desk.sms_unread_count or desk.sms_is_snoozed
        )

    def test_each_by_its_team_and_what_is_closed_stays_where_it_is(self):
        own_stage = self.env["helpdesk.ticket.stage"].create(
            {
                "name": "Over",
                "closed": True,
                "sequence": -1,
                "team_ids": [(6, 0, self.other_team.ids)],
            }
        )
        plain = self.make_conversation(1, team_id=self.team.id)
        own = self.make_conversation(2, team_id=self.other_team.id)
        no_team = self.make_conversation(3)
        cancelled = self.env.ref("helpdesk_mgmt.helpdesk_ticket_stage_cancelled")
        closed = self.make_conversation(4)
        closed.stage_id = cancelled
        tickets = (plain | own | no_team | closed).with_user(self.agent)
        tickets.close_sms()
        expected = [self.closed_stage, own_stage, self.closed_stage, cancelled]
        self.assertEqual([ticket.stage_id for ticket in tickets], expected)

    def test_where_no_stage_closes_it_is_said(self):
        tickets = self.make_conversation(1, team_id=self.team.id)
        tickets |= self.make_conversation(2)
        stages = self.env["helpdesk.ticket.stage"].search([("closed", "=", True)])
        stages.team_ids = self.other_team
        for ticket, word in zip(tickets, (self.team.name, "team first"), strict=True):
            with self.assertRaises(UserError) as caught:
                ticket.with_user(self.agent).close_sms()
            self.assertIn(word, str(caught.exception))
            self.assertFalse(ticket.closed)

    def test_none_is_nothing(self):
        nothing = self.env["helpdesk.ticket"].with_user(self.agent)
        for name in ("close_sms", "assign_sms", "snooze_sms", "unsnooze_sms"):
            self.assertTrue(getattr(nothing, name)())


class TestCount(InboxCase):
    """How many conversations wait for each user, until their texts are read."""

    def count(self, user):
        self.env.invalidate_all()
        return self.env["helpdesk.ticket"].with_user(user).get_sms_inbox_count()

    def test_mine_and_what_nobody_of_my_teams_has(self):
        users = self.own_agent | self.team_agent | self.agent
        before = {user: self.count(user) for user in users}
        mine = self.make_conversation(1, user_id=self.own_agent.id)
        self.make_conversation(2, team_id=self.team.id)
        self.make_conversation(3, team_id=self.other_team.id)
        self.make_conversation(4)
        self.receive("And another thing", phone_number(1))
        grown = [self.count(user) - before[user] for user in users]
        self.assertEqual(grown, [2, 1, 0])
        mine.with_user(self.own_agent).mark_sms_read()
        self.assertEqual(self.count(self.own_agent), before[self.own_agent] + 1)

    def test_what_somebody_had_who_has_left(self):
        gone = self.own_agent.copy({"login": "gone"})
        self.team.user_ids |= gone
        before = self.count(self.team_agent), self.count(self.agent)
        self.make_conversation(1, user_id=gone.id, team_id=self.team.id)
        self.assertEqual(self.count(self.team_agent), before[0])
        gone.active = False
        self.assertEqual(self.count(self.team_agent), before[0] + 1)
        self.assertEqual(self.count(self.agent), before[1])

    def test_it_stays_until_it_is_read_and_not_while_it_is_snoozed(self):
        before = self.count(self.own_agent)
        ticket = self.make_conversation(1, user_id=self.own_agent.id)
        desk = ticket.with_user(self.own_agent)
        desk.send_sms_reply("I call you", "key")
        self.assertEqual(self.count(self.own_agent), before + 1)
        desk.snooze_sms()
        self.assertEqual(self.count(self.own_agent), before)
        desk.unsnooze_sms()
        self.assertEqual(self.count(self.own_agent), before + 1)
        desk.close_sms()
        self.assertEqual(self.count(self.own_agent), before)

    def test_who_is_no_helpdesk_user_has_no_count(self):
        for user in (self.employee, self.portal_user, self.compliance_officer):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.count(user)
