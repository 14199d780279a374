# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Base classes of the tests of team alerts: a team with three people on call."""

import uuid
from datetime import datetime, timedelta

from odoo.sql_db import db_connect
from odoo.tests import new_test_user

from ..clock import freeze_time
from ..common import SmsCase, phone_number
from ..live import LiveCase

NOW = datetime(2026, 11, 25, 22, 0)
WORDS = "Server 4 offline. All hands on deck in the data center."


class TeamAlertCase(SmsCase):
    """Ann is on call, Bo is next, Cy is one of all; Dee belongs to another team.

    Their plan tells Ann at once, Bo after 10 minutes, everybody after 20, and then
    everybody twice more, 15 minutes apart. All have consented.
    """

    #: Whether the clock stands still, except for the time that a test lets pass.
    is_frozen = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann, cls.bo, cls.cy, cls.dee = (
            cls.make_colleague(name, 910 + index)
            for index, name in enumerate(("Ann", "Bo", "Cy", "Dee"))
        )
        cls.shifts = cls.env["sms.oncall.shift"].create(
            [
                {"team_id": cls.team.id, "user_id": user.id, "sequence": index}
                for index, user in enumerate(cls.ann + cls.bo + cls.cy)
            ]
        )
        cls.plan = cls.env["sms.team.alert.plan"].create(
            {
                "name": "Support",
                "team_id": cls.team.id,
                "step_ids": [
                    (0, 0, {"after_minutes": 0, "whom": "on_call"}),
                    (0, 0, {"after_minutes": 10, "whom": "next"}),
                    (
                        *(0, 0),
                        {
                            "after_minutes": 20,
                            "whom": "all",
                            "repeats": 2,
                            "every_minutes": 15,
                        },
                    ),
                ],
            }
        )
        cls.alerts = cls.env["sms.team.alert"]

    @classmethod
    def make_colleague(cls, name, index, is_agreed=True):
        """Return a new helpdesk user with a number."""
        user = new_test_user(
            cls.env,
            f"sms-{name.lower()}",
            groups="helpdesk_mgmt.group_helpdesk_user_own",
            company_id=cls.company.id,
            name=name,
        )
        user.partner_id.write(
            {"phone": phone_number(index), "country_id": cls.country.id}
        )
        if is_agreed:
            cls.record_consent(phone_number(index), "internal")
        return user

    def setUp(self):
        super().setUp()
        if self.is_frozen:
            clock = freeze_time(NOW)
            self.frozen = clock.start()
            self.addCleanup(clock.stop)

    def wait(self, minutes, runs=True):
        """Move the clock by minutes, and run the escalation unless told otherwise."""
        self.frozen.tick(timedelta(minutes=minutes))
        if runs:
            self.run_escalation()

    def run_escalation(self):
        """Run the cron of team alerts."""
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_team_alert"))

    def raise_alert(self, words=WORDS, **values):
        """Raise an alert of the team."""
        return self.alerts._raise(self.team, words, **values)

    def alerts_of_ticket(self):
        """Return the alerts about the ticket."""
        return self.alerts.search([("ticket_id", "=", self.ticket.id)])

    def get_timeline(self, alert):
        """Return what happened: ``(minutes since it was raised, what, who)``."""
        return [
            (
                int((entry.at - alert.created_at).total_seconds() // 60),
                entry.kind,
                entry.user_id.name or "",
            )
            for entry in alert.entry_ids.sorted("id")
        ]

    def get_number(self, user):
        """Return a colleague's number (E.164)."""
        return user.partner_id.phone_sanitized

    def answer(self, user, body):
        """Receive a text from a colleague; return the ``sms.inbound``."""
        return self.receive(body, self.get_number(user))

    def texts_to(self, user):
        """Return the bodies of the texts to a colleague, oldest first."""
        return self.messages_to(self.get_number(user)).mapped("body")


class AlertLiveCase(LiveCase):
    """A real server with a team whose plan tells one person after the other."""

    #: Numbers (E.164) of the people on call, in order, and how they want to be told.
    numbers = ()
    alert_order = "text_first"
    #: Minutes and recipients of each step, and how they are reached.
    steps = ()
    how = "text"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        team = {"name": f"On call {uuid.uuid4().hex}"}
        cls.team_id = cls.rpc("helpdesk.ticket.team", "create", team)
        for sequence, number in enumerate(cls.numbers):
            cls._add_colleague(number, sequence)
        steps = [
            (0, 0, {"after_minutes": after, "whom": whom, "how": cls.how})
            for after, whom in cls.steps
        ]
        plan = {**team, "team_id": cls.team_id, "step_ids": steps}
        cls.rpc("sms.team.alert.plan", "create", plan)
        cls.addClassCleanup(cls._end)

    @classmethod
    def _add_colleague(cls, number, sequence):
        """Create a colleague on call who has consented to alerts."""
        values = {"name": number, "login": f"{number}-{uuid.uuid4().hex}"}
        values |= {"phone": number, "sms_alert_order": cls.alert_order}
        user_id = cls.rpc("res.users", "create", values)
        purpose_ids = cls.rpc("sms.purpose", "search", [("code", "=", "internal")])
        values = {"number": number, "purpose_ids": [(6, 0, purpose_ids)]}
        form_id = cls.rpc("sms.consent.record", "create", values)
        cls.rpc("sms.consent.record", "action_record", [form_id])
        values = {"team_id": cls.team_id, "user_id": user_id, "sequence": sequence}
        cls.rpc("sms.oncall.shift", "create", values)

    @classmethod
    def _end(cls):
        """Resolve all alerts, so that none escalates during other tests."""
        with db_connect(cls.database).cursor() as cr:
            cr.execute("UPDATE sms_team_alert SET state = 'resolved', next_at = NULL")

    def raise_alert(self, name="Server 4 offline"):
        """Raise an alert with the form, as a user does; return its id."""
        values = {"team_id": self.team_id, "name": name}
        form_id = self.rpc("sms.team.alert.raise", "create", values)
        return self.rpc("sms.team.alert.raise", "action_raise", [form_id])["res_id"]

    def read_alert(self, alert_id, name="state"):
        """Return a field of an alert."""
        return self.rpc("sms.team.alert", "read", [alert_id], [name])[0][name]
