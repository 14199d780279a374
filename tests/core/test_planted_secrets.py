# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import io
import json
import logging
import time
from contextlib import suppress

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.dispatch.sms_outbox_watch import HEALTH_TOKEN_PARAMETER
from ...models.ledger.sms_consent_key import KEY_PARAMETER
from ...tools import log_mask
from ..peer.telnyx import make_text
from ..web import WebCase
from .common import MODULE, USERS

#: Secrets that no page, form or log line may show, and only one user may read. Each is
#: unique, so that it can be found wherever it appears.
PLANTED = {
    "sms_twilio_account_sid": "AC" + "91a4ed" * 5 + "01",
    "sms_twilio_auth_token": "91a4ed02-twilio-token",
    "sms_twilio_second_auth_token": "91a4ed09-twilio-second-token",
    "sms_twilio_api_key_sid": "SK" + "91a4ed" * 5 + "03",
    "sms_twilio_api_key_secret": "91a4ed04-twilio-key-secret",
    "sms_telnyx_api_key": "KEY91a4ed05-telnyx-key",
    "sms_telnyx_public_key": "91a4ed06+telnyx/public=",
    "sms_webhook_key": "91a4ed07-webhook-key",
}
HEALTH_TOKEN = "91a4ed08-health-token"
#: Forms that show whether a secret is set, to users who may replace it.
SETTINGS = {"sms.settings", "res.config.settings"}
#: Odoo's models that may hold copies of secrets: texts, old values, addresses.
HOST_MODELS = (
    *("res.company", "res.users", "res.partner", "ir.config_parameter", "ir.logging"),
    *("helpdesk.ticket", "calendar.event", "mail.message", "mail.mail"),
    *("mail.tracking.value", "mail.notification", "ir.attachment", "link.tracker"),
    *("ir.ui.view", "ir.actions.server", "ir.cron", "bus.bus", "rating.rating"),
)


@tagged("post_install", "-at_install")
class TestPlantedSecrets(WebCase):
    """Plant secrets, use and read everything, and check that none appears."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The log is checked as the server writes it, with its mask.
        cls.log = logging.StreamHandler(io.StringIO())
        cls.log.addFilter(log_mask.LogMask())
        cls.log.setFormatter(logging.Formatter("%(name)s %(message)s"))
        logging.getLogger().addHandler(cls.log)
        cls.addClassCleanup(logging.getLogger().removeHandler, cls.log)
        cls.company.write(PLANTED)
        parameters = cls.env["ir.config_parameter"]
        parameters.set_param(HEALTH_TOKEN_PARAMETER, HEALTH_TOKEN)
        cls.record_consent()
        exporters = cls.env["res.users"].search([("login", "like", "sms-%")])
        export = cls.env.ref("base.group_allow_export")
        for user in exporters.filtered(lambda user: not user.share):
            user.group_ids += export
        cls.secrets = {*PLANTED.values(), HEALTH_TOKEN, *cls.read_made_secrets()}
        cls.use_all()
        cls.env.flush_all()

    @classmethod
    def read_made_secrets(cls):
        """Return the secrets that the addon or Odoo has generated."""
        parameters = cls.env["ir.config_parameter"]
        return {
            parameters.get_param(KEY_PARAMETER),
            parameters.get_param("database.secret"),
        }

    @classmethod
    def use_all(cls):
        """Do what leaves traces: texts, an alert, checks, new credentials."""
        cls.ticket._message_sms("Hello")
        raised = cls.env["sms.team.alert.raise"].with_user(cls.manager)
        cls.team.user_ids |= cls.manager
        raised.create({"team_id": cls.team.id, "name": "Server 4"}).action_raise()
        cls.incident = cls.env["sms.incident"].create({"name": "No network"})
        settings = cls.env["sms.settings"].with_user(cls.administrator)
        # Each credential is written again by the settings, and the key is rotated.
        settings.create({name: f"{PLANTED[name]}x" for name in sorted(PLANTED)[:-1]})
        settings.create({name: PLANTED[name] for name in sorted(PLANTED)[:-1]})
        for provider in ("twilio", "telnyx"):
            cls.company.sms_provider = provider
            with mute_logger("odoo.addons.helpdesk_mgmt_sms"):
                cls.env["sms.onboarding"].with_user(cls.manager).check_account()
                row = cls.env["sms.carrier.check"]._claim()
                row._record_result(row._prepare_call()())
        cls.company.sms_provider = "sandbox"

    def get_user(self, name):
        """Return one of the users of the table of rights."""
        if name == "public_user":
            return self.env.ref("base.public_user")
        return getattr(self, name)

    def get_models(self):
        """Return the names of the addon's models, and of :data:`HOST_MODELS`."""
        own = {
            name
            for name, model in self.env.registry.items()
            if model._original_module == MODULE
        }
        return sorted(own | {*HOST_MODELS} | SETTINGS)

    def find_secrets(self, data):
        """Return the secrets that the data contains."""
        text = data if isinstance(data, str) else json.dumps(data, default=str)
        return sorted(secret for secret in self.secrets if secret in text)

    def assert_none(self, data, *allowed):
        """Check that the data contains no secret, except those allowed."""
        found = set(self.find_secrets(data)) - set(allowed)
        self.assertFalse(found)

    # === Over RPC ===

    def read_all(self, records):
        """Return everything that a user can read and export of a model over RPC."""
        found = records.search([], order="id desc", limit=100)
        names = [
            name
            for name, field in records._fields.items()
            if name != "id" and records._has_field_access(field, "read")
        ]
        answers = []
        for method in ("read", "export_data"):
            if method == "read" or records.env.user._is_internal():
                try:
                    answers.append(call_kw(records, method, [found.ids, names], {}))
                except AccessError:  # by a field of Odoo's own: read the others
                    answers += self.read_one_by_one(records, method, found.ids, names)
        return answers

    def read_one_by_one(self, records, method, ids, names):
        """Return what a user reads or exports, without what is refused."""
        answers = []
        for name in names:
            with suppress(AccessError):
                answers.append(call_kw(records, method, [ids, [name]], {}))
        return answers

    def test_what_is_read_and_exported(self):
        """Nobody reads a secret, except administrators on the company and parameters.

        Administrators can read the company's fields and Odoo's parameters, and so the
        secrets in them.
        """
        readable = {"res.company", "ir.config_parameter"}
        count = 0
        for name in USERS:
            user = self.get_user(name)
            for model in self.get_models():
                records = self.env[model].with_user(user)
                is_stored = not records._abstract and records.has_access("read")
                if not is_stored or (name == "administrator" and model in readable):
                    continue
                with self.subTest(user=name, model=model):
                    count += 1
                    shown = self.get_shown(name, model)
                    self.assert_none(self.read_all(records), *shown)
        self.assertGreater(count, 150)

    def test_a_secret_is_no_path_from_anywhere(self):
        """Nor can it be guessed letter by letter with a search."""
        for name in USERS[:-1]:
            user = self.get_user(name)
            for model, path in (
                ("res.company", ""),
                ("helpdesk.ticket", "company_id."),
                ("res.users", "company_id."),
                ("sms.sms", "record_company_id."),
                ("sms.settings", "company_id."),
                ("sms.analysis", "company_id."),
                ("sms.team.alert", "plan_id.company_id."),
            ):
                records = self.env[model].with_user(user)
                for secret in PLANTED:
                    asked = f"{path}{secret}"
                    with self.subTest(user=name, model=model, path=asked):
                        with self.assertRaises(
                            AccessError, msg=f"{name} {model} {asked}"
                        ):
                            domain = [(asked, "=like", "9%")]
                            call_kw(records, "search", [domain], {})
                        ids = self.company.ids
                        if path:
                            ids = self.find_one(records)
                        with suppress(UserError):
                            args = [ids, [asked.replace(".", "/")]]
                            self.assert_none(call_kw(records, "export_data", args, {}))

    def find_one(self, records):
        """Return a list with the id of a row that a user can read, or an empty list."""
        if not records.has_access("read"):
            return []
        return records.search([], limit=1).ids

    def test_what_forms_and_fields_tell(self):
        """Nobody gets a secret, not even administrators: a browser would cache it."""
        public = self.get_user("public_user")
        own = [name for name in self.get_models() if name not in HOST_MODELS]
        told = 0
        for name in ("own_agent", "manager", "compliance_officer", "administrator"):
            user = self.get_user(name)
            for model in own:
                records = self.env[model].with_user(user)
                if records._abstract or not records.has_access("read"):
                    continue
                fields = call_kw(records, "fields_get", [], {})
                shown = self.get_shown(name, model)
                with self.subTest(user=name, model=model):
                    self.assert_none(fields)
                    views = [[(False, "form")]]
                    spec = {field: {} for field in fields}
                    for method, args in (
                        ("get_views", views),
                        ("onchange", [[], {}, [], spec]),
                    ):
                        with suppress(UserError):  # the user may not open the form
                            self.assert_none(call_kw(records, method, args, {}), *shown)
                            told += 1
        self.assertGreater(told, 150)
        for model in own:
            self.assertFalse(self.env[model].with_user(public).has_access("write"))

    def get_shown(self, name, model):
        """Return what the settings show to administrators, who may replace it.

        These are identifiers and addresses to enter at the carrier, but no credentials
        of the account there.
        """
        if name != "administrator" or model not in SETTINGS:
            return ()
        names = ("sms_twilio_account_sid", "sms_twilio_api_key_sid")
        names += ("sms_telnyx_public_key", "sms_webhook_key")
        return (*(PLANTED[name] for name in names), HEALTH_TOKEN)

    def test_what_was_written_on_the_way(self):
        """Chatter, mails, tracked values, findings: the whole database is searched."""
        for model in (*HOST_MODELS, *self.get_models()):
            records = self.env[model].sudo()
            if records._abstract or not records._auto or records._transient:
                continue
            if model in ("res.company", "ir.config_parameter"):
                continue
            names = [name for name, it in records._fields.items() if it.column_type]
            with self.subTest(model=model):
                found = records.with_context(active_test=False).search([])
                self.assert_none(
                    found.read([n for n in names if records._fields[n].store])
                )

    # === Over HTTP ===

    def get_addresses(self):
        """Return all public addresses with valid tokens: pages, and endpoints."""
        key = PLANTED["sms_webhook_key"]
        link = self.env["sms.preference.link"]._get_urls([(self.company, self.number)])
        pages = {
            f"/helpdesk_sms/health/{HEALTH_TOKEN}",
            self.incident.status_page,
            self.ticket.sms_ticket_url,
            f"/sms/join/{self.company.sms_join_key}",
            *link.values(),
            "/my/outages",
            "/my/account",
        }
        endpoints = {
            f"/helpdesk_sms/{carrier}/{key}/{endpoint}"
            for carrier in ("twilio", "telnyx")
            for endpoint in ("inbound", "status/0e0e0e0e")
        }
        return pages, endpoints

    def test_every_public_address(self):
        """With valid and invalid tokens, by GET and by POST, with wrong signatures."""
        self.company.sms_join_page = True
        self.env.flush_all()
        pages, endpoints = self.get_addresses()
        body = make_text(self.number, self.number, "hello")
        headers = {
            "telnyx-signature-ed25519": "bm8=",
            "telnyx-timestamp": str(int(time.time())),
            "X-Twilio-Signature": "no",
            "Content-Type": "application/json",
        }
        statuses = {}
        for url in sorted(pages | endpoints):
            wrong = (f"{url}x", f"{url}%00", f"{url}%C3%A9")
            if url.endswith("/inbound") or url.startswith("/my/"):
                wrong = ()  # has no token at its end, where one could be wrong
            for called in (url, *wrong):
                for data in (None, body):
                    with self.subTest(url=called, is_post=bool(data)):
                        answer = self.url_open(
                            called, data=data, headers=headers, allow_redirects=False
                        )
                        statuses.setdefault(url in endpoints, set()).add(
                            answer.status_code
                        )
                        head = json.dumps(dict(answer.headers))
                        own = [s for s in self.secrets if s in called]
                        self.assert_none(answer.text + head, *own)
                        self.assertNotIn("Traceback", answer.text)
                        self.assertLess(answer.status_code, 500, called)
        self.assertIn(200, statuses[False])
        self.assertIn(403, statuses[True])

    def test_health_tells_numbers_alone(self):
        answer = self.get(f"/helpdesk_sms/health/{HEALTH_TOKEN}")
        self.assertIn("outboxes", answer.text)
        self.assert_none(answer.text)
        self.assertNotIn(self.number, answer.text)

    def test_what_the_log_says(self):
        """Requests, refusals, and a failing query with a secret in it."""
        requests = logging.getLogger("werkzeug")
        self.addCleanup(requests.setLevel, requests.level)
        requests.setLevel(logging.INFO)
        pages, endpoints = self.get_addresses()
        for url in sorted(pages | endpoints):
            self.url_open(url, data=b"{}", allow_redirects=False)
            self.url_open(url, allow_redirects=False)
        # PostgreSQL's error about the duplicate key contains the key.
        other = self.env["res.company"].create({"name": "Other"})
        with self.assertRaises(IntegrityError) as raised, self.env.cr.savepoint():
            other.sms_webhook_key = PLANTED["sms_webhook_key"]
            other.flush_recordset()
        logger = logging.getLogger("planted")  # Odoo's own are quiet in tests
        logger.error("A refusal", exc_info=raised.exception)
        written = self.log.stream.getvalue()
        self.assertIn("/helpdesk_sms/telnyx/***/inbound", written)
        self.assertIn("A refusal", written)
        self.assert_none(written)
        self.assertNotIn(self.number, written)
        self.assertNotIn(self.incident.status_page.rpartition("/")[2], written)
        self.assertNotIn(self.ticket.sms_ticket_url.rpartition("/")[2], written)
