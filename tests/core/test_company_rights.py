# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Managers of one company cannot reach the data of another one over RPC.

The models are those of the registry, so that a new model is tested automatically, and
fails here until the test can make a row of it.
"""

import contextlib

from psycopg2 import Error as DatabaseError
from psycopg2.extras import Json

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tests.common import JsonRpcException
from odoo.tools import SQL, mute_logger

from ..clock import in_a_year
from ..common import SmsCase, phone_number

MODULE = "helpdesk_mgmt_sms"

#: Odoo's models that helpdesk managers may write, with the field of the company.
HOST_MODELS = {
    "sms.sms": "record_company_id",
    "sms.template": "company_id",
    "helpdesk.ticket": "company_id",
    "helpdesk.ticket.team": "company_id",
    "helpdesk.ticket.stage": "company_id",
}
#: Models without a table of rows; they have rules of their own.
QUERIES = {"sms.analysis", "sms.country.rule"}
#: Models without a company: counters, and internal work that no user can reach.
WITHOUT_COMPANY = {"sms.rate.limit", "sms.day.stale", "sms.consent.key"}
#: Values that satisfy a table's own constraints.
VALUES = {
    "sms.quiet.hours": {"weekday_to": 20, "saturday_to": 20, "sunday_to": 20},
    "sms.automation": {"wait_hours": 1},
    "sms.team.alert.plan": {"target_minutes": 1},
    "sms.team.alert.step": {"every_minutes": 1},
    "sms.fault": {"max_attempts": 1},
}
SAMPLES = {
    "char": "sample",
    "text": "sample",
    "html": "sample",
    "integer": 1,
    "float": 1.0,
    "boolean": False,
    "date": "2026-01-01",
    "datetime": "2026-01-01 00:00:00",
    "many2one_reference": 1,
}


@tagged("post_install", "-at_install")
class TestCompanyRights(SmsCase, HttpCase):
    """A manager of another company tries every method of every model."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company = cls.make_company("Other")
        cls.record_consent()  # rows that only the ledger can make
        cls.stranger = new_test_user(
            cls.env,
            "sms-stranger",
            groups="helpdesk_mgmt.group_helpdesk_manager,base.group_allow_export",
            company_id=cls.other_company.id,
            company_ids=[(6, 0, cls.other_company.ids)],
        )

    def setUp(self):
        super().setUp()
        self.made = {}
        self.authenticate("sms-stranger", "sms-stranger")

    # === Rows ===

    def list_models(self):
        """Return the models to try: the addon's tables, and Odoo's that it extends."""
        own = {
            name
            for name, model in self.env.registry.items()
            if model._original_module == MODULE and not model._abstract
        }
        return sorted((own - QUERIES) | HOST_MODELS.keys())

    def find_company_path(self, model, seen=()):
        """Return the path of fields from a row to its company, or None."""
        for name in (HOST_MODELS.get(model), "company_id", "record_company_id"):
            field = name and self.env[model]._fields.get(name)
            if field and field.store:
                return [name]
        for name, field in self.env[model]._fields.items():
            ours = field.type == "many2one" and field.required and field.store
            if not ours or name in seen or not field.comodel_name.startswith("sms."):
                continue
            if field.comodel_name == "sms.purpose":
                continue
            path = self.find_company_path(field.comodel_name, (*seen, name))
            if path:
                return [name, *path]
        return None

    def make_row(self, model, company):
        """Return a row of a company, or a shared one (an empty set of companies)."""
        path = self.find_company_path(model)
        if not company and path and not self.is_optional(model, path):
            company = self.company
        key = model, company.id
        if key not in self.made:
            self.made[key] = self.find_row(model, company) or self.insert(
                model, company
            )
        return self.made[key]

    def find_row(self, model, company):
        """Return an existing row, or an empty set."""
        path = self.find_company_path(model)
        records = self.env[model].sudo().with_context(active_test=False)
        if not path or records._transient:
            return records.browse()
        domain = [(".".join(path), "=", company.id)]
        found = records.search(domain)
        if "active" in records._fields:
            found = found.filtered("active")
        return found[:1]

    def insert(self, model, company):
        """Insert a row with the required values by SQL, and return it."""
        records = self.env[model].sudo()
        path = self.find_company_path(model) or [None]
        values = {}
        for name, field in records._fields.items():
            if not field.store or not field.column_type or name == "id":
                continue
            if name == path[0]:
                values[name] = (
                    company.id or None
                    if len(path) == 1
                    else self.make_row(field.comodel_name, company).id
                )
            elif field.required or name in ("active", "number"):
                values[name] = self.get_sample(field, company)
        values |= VALUES.get(model, {})
        self.env.flush_all()
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                [[row_id]] = self.env.execute_query(
                    SQL(
                        "INSERT INTO %s (%s) VALUES (%s) RETURNING id",
                        SQL.identifier(records._table),
                        SQL(", ").join(map(SQL.identifier, values)),
                        SQL(", ").join(SQL("%s", value) for value in values.values()),
                    )
                )
        except DatabaseError as error:
            self.fail(f"Give this model a row in VALUES: {model} ({error})")
        records.invalidate_model(flush=False)
        return records.browse(row_id)

    def get_sample(self, field, company):
        """Return a value for a column."""
        if field.name == "number":
            return phone_number(500 + len(self.made))
        if field.name == "active":
            return True
        if field.type == "many2one":
            if field.comodel_name == "res.company":
                return (company or self.company).id
            if field.comodel_name.startswith("sms."):
                return self.make_row(field.comodel_name, company).id
            return self.env[field.comodel_name].sudo().search([], limit=1).id
        if field.type == "selection":
            return field.get_values(self.env)[0]
        if field.type == "json":
            return Json({})
        value = SAMPLES[field.type]
        if field.type in ("char", "text", "html"):
            value = f"{value} {len(self.made)} {field.name} {company.id}"
            return Json({"en_US": value}) if field.translate else value
        return value

    # === Calls ===

    def call(self, model, method, *args, **kwargs):
        """Call a method as the other company's manager, over JSON-RPC."""
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": args, "kwargs": kwargs},
        )

    def refuse(self, row, method, *args, **kwargs):
        """Check that a call fails, and that the row stays unchanged."""
        before = self.read_row(row)
        count = self.count_rows(row)
        with (
            mute_logger("odoo.http", "odoo.sql_db"),
            self.assertRaises(JsonRpcException, msg=f"{row}.{method}{args}"),
        ):
            self.call(row._name, method, *args, **kwargs)
        self.env.invalidate_all()
        self.assertEqual(self.read_row(row), before, (row, method))
        self.assertEqual(self.count_rows(row), count, (row, method))

    def read_row(self, row):
        """Return a row as it is in its table."""
        self.env.flush_all()
        return self.env.execute_query(
            SQL("SELECT * FROM %s WHERE id = %s", SQL.identifier(row._table), row.id)
        )

    def count_rows(self, row):
        """Return how many rows a table has."""
        return self.env.execute_query(
            SQL("SELECT count(*) FROM %s", SQL.identifier(row._table))
        )

    def get_change(self, row):
        """Return a field that a client could write, and a value for it."""
        for name, field in row._fields.items():
            is_plain = field.type in ("char", "text", "integer", "boolean")
            is_free = not field.compute and not field.groups and name != "parent_path"
            if is_plain and field.store and is_free:
                value = SAMPLES[field.type] if field.type != "boolean" else True
                return name, value
        many2one = next(
            name for name, it in row._fields.items() if it.type == "many2one"
        )
        return many2one, row[many2one].id

    def refuse_changes(self, row):
        """Check each way in which a client could change a row."""
        stranger = row.with_user(self.stranger).with_company(self.other_company)
        for operation in ("write", "unlink", "create"):
            with self.subTest(model=row._name, operation=operation):
                self.assertFalse(stranger.has_access(operation))
        name, value = self.get_change(row)
        self.refuse(row, "write", row.ids, {name: value})
        self.refuse(row, "web_save", row.ids, {name: value}, specification={})
        self.refuse(row, "unlink", row.ids)
        if "active" in row._fields:
            self.refuse(row, "action_archive", row.ids)
            self.refuse(row, "write", row.ids, {"active": False})
        for field in row._fields.values():
            if field.translate and field.store and not field.related:
                self.refuse(
                    row,
                    "update_field_translations",
                    row.ids,
                    field.name,
                    {"en_US": "Call us at +1 900 555 0100"},
                )
        self.refuse_load(row, name, value)

    def refuse_load(self, row, name, value):
        """Check that an import changes nothing; it may fail or report errors."""
        before = self.read_row(row)
        rows = [[str(row.id), str(value)]]
        with (
            mute_logger("odoo.sql_db", "odoo.http"),
            contextlib.suppress(JsonRpcException),
        ):
            answer = self.call(row._name, "load", [".id", name], rows)
            self.assertFalse(answer["ids"], row)
        self.env.invalidate_all()
        self.assertEqual(self.read_row(row), before, row)

    # === The tests ===

    def test_a_row_of_another_company_is_neither_seen_nor_changed(self):
        for model in self.list_models():
            if not self.find_company_path(model):
                continue
            row = self.make_row(model, self.company)
            with self.subTest(model=model):
                if not self.env[model]._transient:
                    self.assertEqual(self.get_company(row), self.company)
                self.refuse(row, "read", row.ids, ["id", "display_name"])
                self.refuse(row, "copy", row.ids)
                self.assertNotIn(row.id, self.search(model))
            self.refuse_changes(row)

    def test_a_row_that_companies_share_is_seen_and_not_changed(self):
        shared = 0
        for model in self.list_models():
            path = self.find_company_path(model)
            if path and not self.is_optional(model, path):
                continue
            if model in WITHOUT_COMPANY or model.startswith("helpdesk."):
                continue
            if self.env[model]._transient:
                continue  # a wizard belongs to its user
            row = self.make_row(model, self.env["res.company"])
            self.refuse_changes(row)
            if model not in ("sms.sms", "sms.preference.link"):
                shared += 1
        self.assertGreater(shared, 10)

    def test_a_row_is_not_made_for_another_company_or_for_all(self):
        for model in self.list_models():
            path = self.find_company_path(model)
            if not path or len(path) > 1 or model.startswith("helpdesk."):
                continue
            if self.env[model]._transient:
                continue  # writing a wizard has no effect yet; its buttons check rights
            row = self.make_row(model, self.company)
            owners = [self.company.id]
            if self.is_optional(model, path):
                owners.append(False)
            values = self.get_values(row)
            for owner in owners:
                self.refuse(row, "create", [{**values, path[0]: owner}])

    def test_an_own_row_is_not_moved_to_another_company_or_to_all(self):
        """Odoo checks the rules only before it writes."""
        tried = 0
        for model in self.list_models():
            path = self.find_company_path(model)
            records = self.env[model].with_user(self.stranger)
            if not path or records._transient or not records.has_access("write"):
                continue
            # The helpdesk's are not ours; news ignore all fields but their words.
            if model.startswith("helpdesk.") or model == "sms.incident.news":
                continue
            own = self.make_row(model, self.other_company)
            owners = [self.company]
            if self.is_optional(model, path):
                owners.append(self.env["res.company"])
            for owner in owners:
                name, owner_id = path[0], owner.id
                if len(path) > 1:
                    comodel = own._fields[name].comodel_name
                    owner_id = self.make_row(comodel, owner).id
                with self.subTest(model=model, owner=owner):
                    tried += 1
                    self.refuse(own, "write", own.ids, {name: owner_id})
        self.assertGreater(tried, 20)

    def test_administrators_write_what_is_shared(self):
        for model in self.list_models():
            path = self.find_company_path(model)
            if not issubclass(
                self.env.registry[model], self.env.registry["sms.shared.row"]
            ):
                continue
            if self.is_optional(model, path):
                row = self.make_row(model, self.env["res.company"])
                with self.subTest(model=model):
                    own = row.with_user(self.administrator)
                    self.assertTrue(own.has_access("write"))
                    self.assertFalse(row.with_user(self.manager).has_access("write"))

    def test_whatever_has_an_optional_company_is_a_shared_row(self):
        """Or managers of any company could write it."""
        for model in self.list_models():
            path = self.find_company_path(model)
            records = self.env[model].with_user(self.stranger)
            if model.startswith("helpdesk.") or records._transient:
                continue  # the host's rules; see test_the_text_of_a_shared_stage
            if path and self.is_optional(model, path) and records.has_access("write"):
                with self.subTest(model=model):
                    self.assertIn("is_shared", records._fields)

    def test_the_text_of_a_shared_stage(self):
        """Odoo lets managers write the stages that companies share."""
        stage = self.env["helpdesk.ticket.stage"].create(
            {"name": "Shared", "company_id": False}
        )
        template = self.env.ref(f"{MODULE}.sms_template_ticket_closed")
        self.refuse(stage, "write", stage.ids, {"sms_template_id": template.id})
        stage.with_user(self.administrator).sms_template_id = template
        self.refuse(stage, "write", stage.ids, {"sms_template_id": False})
        values = {"name": "New", "company_id": False, "sms_template_id": template.id}
        self.refuse(stage, "create", [values])

    def search(self, model):
        """Return what the other company's manager finds; without access, nothing."""
        try:
            with mute_logger("odoo.http"):
                return self.call(model, "search", [])
        except JsonRpcException:
            return []

    def get_company(self, row):
        """Return the company of a row."""
        return row.mapped(".".join(self.find_company_path(row._name)))

    def is_optional(self, model, path):
        """Return whether a row may have no company."""
        for name in path:
            field = self.env[model]._fields[name]
            if name == path[-1]:
                return not field.required
            model = field.comodel_name
        return False

    def get_values(self, row):
        """Return the plain values of a row, as a client would send them."""
        return {
            name: fields.Datetime.to_string(row[name])
            if field.type == "datetime"
            else fields.Date.to_string(row[name])
            if field.type == "date"
            else row[name].id
            if field.type == "many2one"
            else row[name]
            for name, field in row._fields.items()
            if field.store
            and field.column_type
            and field.required
            and name not in ("id", "create_uid", "write_uid")
        }


class TestForms(SmsCase):
    """Forms compute with their user's rights, whatever companies a client claims.

    In sudo, Odoo does not check the companies in a client's context.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company = cls.make_company("Other")
        cls.outsider = new_test_user(
            cls.env,
            "sms-outsider",
            groups="helpdesk_mgmt.group_helpdesk_manager,"
            "helpdesk_mgmt_sms.group_sms_compliance",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )
        cls.their_customer = cls.make_customer(
            phone_number(1), "Theirs", company_id=cls.other_company.id
        )
        cls.their_team = cls.env["helpdesk.ticket.team"].create(
            {"name": "Theirs", "company_id": cls.other_company.id}
        )
        cls.their_ticket = cls.make_ticket(
            cls.their_customer,
            company_id=cls.other_company.id,
            team_id=cls.their_team.id,
        )

    def ask(self, model, name, claims=True, **values):
        """Return what a form answers a client of the outsider about a field."""
        forms = self.env[model].with_user(self.outsider)
        if claims:
            forms = forms.with_context(allowed_company_ids=self.other_company.ids)
        spec = {it: {"fields": {}} for it in (name, *values)}
        self.env.invalidate_all()  # what is in the cache is read without a check
        with mute_logger("odoo.addons.base.models.ir_rule"):
            return forms.onchange(values, list(values), spec)["value"]

    def assertRefused(self, model, name, **values):
        with self.assertRaises(AccessError, msg=(model, name)):
            self.ask(model, name, **values)

    def test_no_form_computes_in_sudo(self):
        papers = {"sms.consent.paper", "sms.consent.paper.line"}
        for name, model in self.env.registry.items():
            if not (model._transient or name in papers):
                continue
            for field in model._fields.values():
                ours = field._module == MODULE and field.compute and not field.related
                if ours and field.store and not field.readonly:
                    self.assertFalse(field.compute_sudo, str(field))

    def test_settings(self):
        company_id = self.other_company.id
        for claims in (True, False):
            with self.subTest(claims=claims), self.assertRaises(AccessError):
                self.ask("sms.settings", "sms_provider", claims, company_id=company_id)

    def test_evidence(self):
        self.record_consent(company=self.other_company)
        self.assertRefused(
            "sms.evidence.wizard",
            "numbers",
            company_id=self.other_company.id,
            partner_id=self.customer.id,
        )

    def test_erasure(self):
        self.assertRefused(
            "sms.erasure.wizard",
            "line_ids",
            company_id=self.other_company.id,
            partner_id=self.customer.id,
        )

    def test_on_call_hand_over(self):
        shift = self.env["sms.oncall.shift"].create(
            {
                "team_id": self.their_team.id,
                "user_id": self.agent.id,
                "company_id": self.other_company.id,
            }
        )
        for name in ("start_at", "stop_at", "team_id", "replaced_user_id"):
            self.assertRefused("sms.oncall.handover", name, shift_id=shift.id)

    def test_consent(self):
        self.assertRefused(
            "sms.consent.record",
            "wording",
            company_id=self.other_company.id,
            decision="granted",
            purpose_ids=[(6, 0, self.purposes("ticket").ids)],
            res_model="helpdesk.ticket",
            res_id=self.their_ticket.id,
        )

    def test_paper_forms(self):
        values = {"partner_id": self.their_customer.id}
        for claims in (True, False):
            for name in ("number", "name"):
                with self.subTest(name=name, claims=claims):
                    self.assertRefused(
                        "sms.consent.paper.line", name, claims=claims, **values
                    )

    def test_team_alert(self):
        for claims in (True, False):
            for name in ("name", "team_id"):
                with self.subTest(name=name, claims=claims):
                    self.assertRefused(
                        "sms.team.alert.raise",
                        name,
                        claims=claims,
                        ticket_id=self.their_ticket.id,
                    )

    def test_contact_of_a_ticket(self):
        values = {"partner_id": self.their_customer.id}
        for claims in (True, False):
            self.assertRefused(
                "sms.ticket.contact", "is_number_kept", claims=claims, **values
            )

    def test_time_of_a_text(self):
        sms = self.env["sms.sms"].create(
            {
                "number": phone_number(1),
                "body": "Hello",
                "record_company_id": self.other_company.id,
                "send_at": in_a_year(),
            }
        )
        for claims in (True, False):
            self.assertRefused(
                "sms.reschedule", "send_at", claims=claims, sms_id=sms.id
            )

    def test_registration(self):
        company = self.other_company
        self.assertRefused("sms.registration", "description", company_id=company.id)
