# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fields that only our code may write, and pages' addresses that are checked."""

from odoo.exceptions import AccessError, ValidationError
from odoo.service.model import call_kw

from ...tools.links import is_page
from ..clock import in_a_year
from ..common import SmsCase
from .common import MODULE

#: Models that agents may write.
MODELS = ("helpdesk.ticket", "res.partner", "calendar.event")
NO_PAGES = (
    *("javascript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)"),
    *("\x01javascript:alert(1)", "JaVaScRiPt://example.com/%0aalert(1)"),
    *("data:text/html,<script>alert(1)</script>", "vbscript:x", "file:///etc/passwd"),
    *("ftp://example.com", "//example.com", "www.example.com", "https://", "https:x"),
    *("https://user@example.com", 'https://example.com/"onclick="x', "https://[::1"),
)


class TestFoundOut(SmsCase):
    """Fields that are read-only on the screen are also read-only over RPC."""

    def list_found_out(self, model_name):
        """Return the names of our stored fields that users may not write."""
        fields = self.env[model_name]._fields.values()
        return {it.name for it in fields if self.env[model_name]._is_sms_internal(it)}

    def test_which_they_are(self):
        self.assertIn("partner_phone_sanitized", self.list_found_out("helpdesk.ticket"))
        for model_name in MODELS:
            for field in self.env[model_name]._fields.values():
                if field._module != MODULE or not field.store or not field.compute:
                    continue
                # Computed and stored: it is either internal, or meant to be edited.
                with self.subTest(field=field):
                    self.assertTrue(
                        self.env[model_name]._is_sms_internal(field)
                        or not field.readonly
                    )

    def test_an_agent_writes_none_of_them(self):
        records = {
            "helpdesk.ticket": self.ticket,
            "res.partner": self.customer,
            "calendar.event": self.env["calendar.event"].create(
                {
                    "name": "Visit",
                    "start": in_a_year(),
                    "stop": in_a_year(hours=1),
                }
            ),
        }
        for user in (self.agent, self.manager):
            for model_name, record in records.items():
                model = self.env[model_name].with_user(user)
                for name in self.list_found_out(model_name):
                    with self.subTest(user=user.login, field=f"{model_name}.{name}"):
                        for method, args in (
                            ("write", [record.ids, {name: "+13035550199"}]),
                            ("create", [{"name": "x", name: "+13035550199"}]),
                            ("web_save", [record.ids, {name: "+13035550199"}, {}]),
                        ):
                            with self.assertRaises(AccessError):
                                call_kw(model, method, args, {})

    def test_the_number_itself_is_entered(self):
        ticket = self.ticket.with_user(self.agent)
        ticket.partner_phone = "+1 303 555 0177"
        self.assertEqual(ticket.partner_phone_sanitized, "+13035550177")
        values = {"name": "New", "description": "x", "partner_phone": "303 555 0178"}
        self.company.country_id = self.country
        made = self.env["helpdesk.ticket"].with_user(self.agent).create(values)
        self.assertEqual(made.partner_phone_sanitized, "+13035550178")


class TestPages(SmsCase):
    """The addresses of privacy policy and terms must be web pages."""

    def test_nothing_else_is_saved(self):
        for name in ("sms_privacy_url", "sms_terms_url"):
            for url in NO_PAGES:
                with (
                    self.subTest(name=name, url=url),
                    self.assertRaises(ValidationError),
                ):
                    call_kw(
                        self.env["res.company"].with_user(self.administrator),
                        "write",
                        [self.company.ids, {name: url}],
                        {},
                    )
            self.company[name] = "https://www.example.com/page?a=b#c"
            self.company[name] = "http://example.com"

    def test_a_manager_saves_none_in_the_settings(self):
        settings = self.env["sms.settings"].with_user(self.manager)
        with self.assertRaises(ValidationError):
            settings.create({"sms_privacy_url": "javascript:alert(1)"})

    def test_what_is_a_page(self):
        self.assertTrue(is_page("https://example.com:8443/a/b"))
        for url in (*NO_PAGES, "", None):
            with self.subTest(url=url):
                self.assertFalse(is_page(url))
