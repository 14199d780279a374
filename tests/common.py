# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Common base of tests in one transaction: users, a company, a customer, a ticket.

Nothing here is committed and nothing leaves the process. What needs real concurrency
or a carrier over HTTP is tested against a separate server (``live.py``).
"""

import uuid
from contextlib import nullcontext
from unittest.mock import patch

from odoo.orm.models import MetaModel
from odoo.orm.registry import Registry
from odoo.tests import TransactionCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import SQL, config

from odoo.addons.base.models import res_users

from ..models.dispatch import sms_webhook_event
from ..models.ledger.sms_purpose import PurposeCode
from ..providers.sandbox import SandboxProvider
from ..providers.twilio import TwilioProvider
from ..tools import automation, verdicts
from ..tools.consent import FOR_ALL_EVENTS
from ..tools.segments import count_segments

#: Each has a hundred numbers reserved for examples: <area>-555-0100 to 0199.
AREA_CODES = ("303", "212", "305", "312", "404", "415", "512", "617", "702", "206")

#: The company's number, to which texts come.
OWN_NUMBER = "+13035550199"

#: Path under which the web client opens an action of the addon by its name.
ACTION = "/odoo/action-helpdesk_mgmt_sms."

#: Users of every test: attribute of the case, login (also the password), groups.
USERS = {
    "agent": ("sms-agent", "helpdesk_mgmt.group_helpdesk_user"),
    "team_agent": ("sms-team-agent", "helpdesk_mgmt.group_helpdesk_user_team"),
    "own_agent": ("sms-own-agent", "helpdesk_mgmt.group_helpdesk_user_own"),
    "manager": ("sms-manager", "helpdesk_mgmt.group_helpdesk_manager"),
    "employee": ("sms-employee", "base.group_user"),
    "portal_user": ("sms-portal", "base.group_portal"),
    "compliance_officer": ("sms-compliance", "helpdesk_mgmt_sms.group_sms_compliance"),
    "administrator": (
        "sms-administrator",
        "base.group_system,helpdesk_mgmt.group_helpdesk_manager",
    ),
}

LOGINS = [login for login, _groups in USERS.values()]

#: Values of a company whose business hours never end.
ANY_HOUR = {
    "sms_courtesy_days": "all",
    "sms_courtesy_from": 0,
    "sms_courtesy_to": 24,
    "sms_courtesy_reason": "Tests run at any hour.",
}

#: Default methods of consent events in the tests; on paper for all others.
METHODS = {"revoked": "phone", "restored": "keyword"}


def phone_number(index):
    """Return the ``index``-th number for examples (E.164), 0 to 999."""
    area, rest = divmod(index, 100)
    return f"+1{AREA_CODES[area]}5550{100 + rest}"


def make_users(env):
    """Return :data:`USERS`, made all at once, without invitations by mail."""
    company = env.company
    values = [
        {
            "name": f"{login} ({groups})",
            "login": login,
            "password": login,
            "email": "s.s@example.com",
            "group_ids": [(6, 0, [env.ref(group).id for group in groups.split(",")])],
            "company_id": company.id,
            "company_ids": [(6, 0, company.ids)],
        }
        for login, groups in USERS.values()
    ]
    # Avatars in five sizes and safe hashes take longer than everything else here.
    partners = env.registry["res.partner"]
    with (
        patch.object(partners, "_avatar_generate_svg", lambda _partner: False),
        patch.object(res_users, "MIN_ROUNDS", 1),
    ):
        users = env["res.users"].with_context(no_reset_password=True).create(values)
    return users.with_env(env)


@tagged("post_install", "-at_install")
class SmsCase(TransactionCase):
    """A sandbox company with its helpdesk, a customer with a number, and a ticket.

    ``agent`` sees all tickets, ``team_agent`` those of ``team``, ``own_agent`` only
    their own; ``manager`` manages; ``employee`` is no helpdesk user, ``portal_user`` is
    a customer's login, ``compliance_officer`` reads the ledger, ``administrator`` may
    read secrets. ``customer`` has no consent event yet; ``ticket`` is theirs, assigned
    to ``own_agent`` in ``team``, and has texted nobody (``quiet_stage``).
    """

    #: Whether the crons that a test runs are the only ones that run.
    is_only_worker = False

    number = phone_number(0)
    provider = "sandbox"
    policy = "opt_in"
    #: Whether all numbers count as texted before, so that no text is the first one,
    #: which names the sender (tests/message/test_mandatory_words.py).
    are_numbers_known = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.country = cls.env.ref("base.us")
        if cls.are_numbers_known:
            cls.startClassPatcher(
                patch.object(
                    cls.registry["sms.sms"],
                    "_find_known_numbers",
                    lambda _, pairs: pairs,
                )
            )
        cls.allow_any_hour()
        cls.configure(cls.company, sms_provider=cls.provider)
        cls._find_users()
        cls._make_helpdesk()
        cls.customer = cls.make_customer(cls.number, "Dana Customer")
        cls.ticket = cls.make_ticket(
            cls.customer, team_id=cls.team.id, user_id=cls.own_agent.id
        )

    def setUp(self):
        """Run what the class has left for the commit, or each test would run it.

        Notes of the fields that the class has changed are dropped.
        """
        waiting = self.cr.precommit.data
        for name in [it for it in waiting if it.startswith("mail.tracking.")]:
            del waiting[name]
        self.cr.flush()
        super().setUp()

    @classmethod
    def _find_users(cls):
        """Set the users, which ``bin/test`` makes once for all classes."""
        users = cls.env["res.users"].search([("login", "in", LOGINS)])
        found = {it.login: it for it in users or make_users(cls.env)}
        for name, (login, _groups) in USERS.items():
            setattr(cls, name, found[login])

    @classmethod
    def _make_helpdesk(cls):
        members = cls.own_agent | cls.team_agent
        cls.team = cls.env["helpdesk.ticket.team"].create(
            {"name": "Support", "user_ids": [(6, 0, members.ids)]}
        )
        cls.new_stage = cls.env.ref("helpdesk_mgmt.helpdesk_ticket_stage_new")
        cls.closed_stage = cls.env.ref("helpdesk_mgmt.helpdesk_ticket_stage_done")
        cls.quiet_stage = cls.env["helpdesk.ticket.stage"].create(
            {"name": "Quiet", "sequence": 99}
        )

    # === Records ===

    @classmethod
    def configure(cls, company, **values):
        """Give a company the tests' defaults: in the US, open at any hour, a policy."""
        company.write(
            {
                "country_id": cls.country.id,
                "sms_consent_policy": cls.policy,
                **ANY_HOUR,
                **values,
            }
        )

    @classmethod
    def allow_any_hour(cls):
        """Switch off quiet hours and daily limits, since tests run at any hour.

        The tests of quiet hours and of daily limits set their own.
        """
        for model, values in (
            ("sms.quiet.hours", {"active": False}),
            ("sms.purpose", {"max_per_day": 0}),
        ):
            # Without a reason, and so without a note posted on each row.
            with patch.object(
                cls.registry[model], "_needs_reason", lambda _records: False
            ):
                cls.env[model].search([]).write(values)

    @classmethod
    def allow_offers(cls):
        """Allow offers without consent under the opt-out policy, in every country."""
        laws = cls.env["sms.consent.law"]
        reason = {"relaxation_reason": "Tests of other rules."}
        found = laws.search([])
        found.write({"is_required": False, **reason})
        others = cls.env["res.country"].search([]) - found.country_id
        laws.create(
            [
                {"country_id": it.id, "is_required": False, "source": "T", **reason}
                for it in others
            ]
        )

    @classmethod
    def make_company(cls, name, provider="sandbox", **values):
        """Return another company, which all of the tests' agents may access."""
        # Odoo's logo would be scaled for each.
        company = cls.env["res.company"].create({"name": name, "logo": False})
        cls.configure(company, sms_provider=provider, **values)
        agents = cls.agent | cls.team_agent | cls.own_agent | cls.manager
        agents.company_ids |= company
        return company

    @classmethod
    def make_customer(cls, number, name="Customer", **values):
        """Return a new contact in the US with a number (in E.164 or not)."""
        return cls.env["res.partner"].create(
            {"name": name, "phone": number, "country_id": cls.country.id, **values}
        )

    @classmethod
    def make_ticket(cls, partner=None, **values):
        """Return a new ticket, which texts nobody unless a stage that does is given.

        Whom it is assigned to gets no mail, which would take half of the time.
        """
        tickets = cls.env["helpdesk.ticket"]
        ticket = tickets.with_context(mail_auto_subscribe_no_notify=True).create(
            {
                "name": "Printer jams",
                "description": "<p>It jams.</p>",
                "partner_id": partner.id if partner else False,
                "stage_id": cls.quiet_stage.id,
                **values,
            }
        )
        return ticket.with_env(cls.env)

    # === Consent ===

    @classmethod
    def purposes(cls, *codes):
        """Return the purposes with the given codes."""
        return cls.env["sms.purpose"].search([("code", "in", codes)])

    @classmethod
    def set_price(cls, amount, **values):
        """Set the price of a segment, in US dollars unless given otherwise."""
        return cls.env["sms.price"].create(
            {"company_id": cls.company.id, "amount": amount, **values}
        )

    @classmethod
    def record_consent(
        cls, number=None, *codes, event="granted", company=None, method=None, **facts
    ):
        """Record an event in the ledger.

        :param number: E.164, default the customer's
        :param codes: codes of purposes; without any, all purposes for ``revoked`` and
            ``restored``, else ``ticket``
        :param method: default paper; for an opt-out the phone, since a later opt-in
            ends it
        :return: the ``sms.consent.event`` records
        """
        purposes = cls.purposes(*codes) if codes else None
        if not codes and event not in FOR_ALL_EVENTS:
            purposes = cls.purposes("ticket")
        return cls.env["sms.consent.event"]._record(
            company or cls.company,
            number or cls.number,
            event,
            method or METHODS.get(event, "paper"),
            purposes,
            **facts,
        )

    def receive(self, body, number=None, company=None):
        """Receive a text as from the virtual phone; return the ``sms.inbound``."""
        event = SandboxProvider.parse_inbound(
            {
                "id": f"SB{uuid.uuid4().hex}",
                "from": number or self.number,
                "body": body,
            }
        )
        return self.env["sms.inbound"]._receive(company or self.company, event)

    def bring(self, body, number=None, company=None, sid=None, **fields):
        """Store a text as Twilio's webhook does; :meth:`run_events` processes it.

        STOP and START take effect at once.

        :return: its id at the carrier
        """
        sid = sid or f"SM{uuid.uuid4().hex}"
        form = {"MessageSid": sid, "From": number or self.number, "Body": body}
        form = {"To": OWN_NUMBER, **form, **fields}
        text = TwilioProvider.parse_inbound(form)
        company = company or self.company
        is_urgent = self.env["sms.inbound.router"]._is_urgent(company, text)
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            events = self.env(cr=cr)["sms.webhook.event"]._as_nobody()
            take = events._take_text_now if is_urgent else events._take_text
            take(company.with_env(events.env), text, form)
        self.env.invalidate_all()
        self.env["sms.consent"]._forget_answers()
        return sid

    def run_events(self):
        """Run the cron that processes webhook events, which a request would wake."""
        with patch.object(sms_webhook_event, "LINGER", 0):
            self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_webhook"))

    # === Messages ===

    #: Footer of every shipped purpose: once on each message.
    footer = "Reply STOP to opt out, HELP for help."

    def assertSent(self, message, purpose, reason="consent"):
        """Check that a new message passed the gate, and what was stored."""
        self.assertIntake(message, purpose, "send", reason)
        self.assertEqual(message.state, "outgoing")
        self.assertFalse(message.failure_type)

    def assertBlocked(self, message, purpose, reason):
        """Check that the gate blocked a new message, with a visible reason."""
        self.assertIntake(message, purpose, "block", reason)
        self.assertEqual(message.state, "canceled")
        self.assertEqual(message.failure_type, verdicts.FAILURE_TYPES[reason])

    def assertGateSays(self, message, state, verdict, reason):
        """Check a message's state, and the gate's stored verdict and reason."""
        found = (message.state, message.gate_verdict, message.gate_reason)
        self.assertEqual(found, (state, verdict, reason))

    def assertIntake(self, message, purpose, verdict, reason):
        """Check what holds for every outgoing message, wherever it comes from."""
        self.assertEqual(len(message), 1)
        self.assertEqual(message.purpose_id.code, purpose)
        self.assertEqual((message.gate_verdict, message.gate_reason), (verdict, reason))
        self.assertTrue(message.gate_checked_at)
        self.assertTrue(message.record_company_id)
        self.assertEqual(message.body.count(self.footer), 1, message.body)
        self.assertEqual(message.segment_count, count_segments(message.body).count)

    def messages_to(self, number=None):
        """Return the texts to a number, default the customer's, oldest first."""
        self.run_automations()
        return self.env["sms.sms"].search(
            [("number", "=", number or self.number)], order="id"
        )

    def notifications_of(self, record):
        """Return the SMS notifications of a record's messages, oldest first."""
        self.run_automations()
        return self.env["mail.notification"].search(
            [
                ("notification_type", "=", "sms"),
                ("mail_message_id.model", "=", record._name),
                ("mail_message_id.res_id", "=", record.id),
            ],
            order="id",
        )

    @staticmethod
    def post_on(record, body, **values):
        """Post a message on a record; return it."""
        return record.message_post(body=body, **values)

    def tamper(self, table, query, params=()):
        """Change a table with the triggers switched off, as its owner can."""
        table = SQL.identifier(table)
        self.env.flush_all()
        self.cr.execute(SQL("ALTER TABLE %s DISABLE TRIGGER ALL", table))
        self.cr.execute(query, params)
        self.cr.execute(SQL("ALTER TABLE %s ENABLE TRIGGER ALL", table))
        self.env.invalidate_all()

    def count_queries(self, work, *args):
        """Return how many queries ``work(*args)`` takes with an empty cache."""
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        work(*args)
        self.env.flush_all()
        return self.cr.sql_log_count - before

    def send_template(self, ticket, template):
        """Queue a template to a ticket's customer as the text of a stage."""
        engine = self.env["sms.automation"].sudo()
        rule = automation.Rule(0, automation.STAGE, template.id)
        for text in engine._address([(ticket.sudo(), rule)]):
            engine._send(text)

    def tell_colleague(self, ticket, number):
        """Return a text about a ticket to one of us, as automations send it."""
        self.own_agent.partner_id.phone = number
        ticket = ticket.with_context(sms_purpose=PurposeCode("internal")).sudo()
        partner_ids = self.own_agent.partner_id.ids
        ticket._message_sms("Look!", partner_ids=partner_ids, put_in_queue=True)
        return self.messages_to(number)[-1]

    def run_automations(self):
        """Run the automations' cron if anything is due; the commit would wake it."""
        runs = self.env["sms.automation.run"].sudo()
        if runs.search_count(runs._get_due_domain(), limit=1):
            self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_automation"))

    def run_outbox(self):
        """Run the outbox's cron within the test's transaction.

        The automations' cron runs before it, so that its texts are sent as well.
        """
        self.run_automations()
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_dispatch")
        self._run_cron(cron)

    def run_native_queue(self):
        """Run Odoo's own cron, for texts that do not belong to the outbox."""
        self._run_cron(self.env.ref("sms.ir_cron_sms_scheduler_action"))

    def _run_cron(self, cron):
        """Run a cron as the scheduler does; its commits stay in the transaction.

        Another worker is at the outbox, so that no job gives way to it, unless
        :attr:`is_only_worker`.
        """
        crons = self.registry["ir.cron"]
        attended = patch.object(crons, "_lacks_sms_worker", lambda _cron: False)
        with (
            nullcontext() if self.is_only_worker else attended,
            self.enter_registry_test_mode(),
            # A cron that fails raises nothing, it only logs the error.
            self.assertNoLogs("odoo.addons.base.models.ir_cron", "ERROR"),
        ):
            cron.method_direct_trigger()


class OtherOrder:
    """Run a case in a registry whose rooms were loaded in another legal order.

    Rooms that do not use each other are loaded in reverse here.
    """

    rooms = (
        *("core", "ledger", "message", "dispatch", "inbound", "consent", "desk"),
        *("broadcast", "automation", "team_alert", "appointment"),
        *("setup", "analytics", "privacy"),
    )
    _registries = {}

    @classmethod
    def setUpClass(cls):
        name = get_db_name()
        usual = Registry(name)
        cls.addClassCleanup(Registry.registries.__setitem__, name, usual)
        if name in cls._registries:
            Registry.registries[name] = cls._registries[name]
        else:
            cls._registries[name] = cls._load(name)
        super().setUpClass()

    @classmethod
    def _load(cls, name):
        """Return a registry of a database with the rooms in this class's order."""
        definitions = MetaModel._module_to_models__["helpdesk_mgmt_sms"]
        usual = definitions[:]

        def get_place(definition):
            package = definition.__module__.split(".")[3:]
            in_room = package[0] == "models"
            return cls.rooms.index(package[1]) if in_room else len(cls.rooms)

        definitions.sort(key=get_place)
        tests_modules = config["test_enable"]
        config["test_enable"] = False  # load modules without running their tests
        try:
            return Registry.new(name)
        finally:
            definitions[:] = usual
            config["test_enable"] = tests_modules
