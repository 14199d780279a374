# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError, UserError
from odoo.tools import mute_logger

from ..common import SmsCase
from ..core.common import SECRETS

RENDERER = "odoo.addons.mail.models.mail_render_mixin"

#: Try to read a secret of the company, of users or of the settings, or a file.
ATTACKS = (
    *(f"{{{{ object.company_id.{name} }}}}" for name in SECRETS),
    *(f"{{{{ object.company_id['{name}'] }}}}" for name in SECRETS),
    "{{ object.company_id.read(['sms_webhook_key']) }}",
    "{{ object.company_id.mapped('sms_twilio_auth_token') }}",
    "{{ getattr(object.company_id, 'sms_twilio_auth_token') }}",
    "{{ object.user_id.totp_secret }}",
    "{{ object.user_id.password }}",
    "{{ object.partner_id.signup_token }}",
    "{{ object.env['ir.config_parameter'].sudo().get_param('database.secret') }}",
    "{{ env['ir.config_parameter'].get_param('database.secret') }}",
    "{{ object.__class__.__mro__ }}",
    "{{ ().__class__.__base__.__subclasses__() }}",
    "{{ user.company_id.sms_webhook_key }}",
    "{{ ctx.get('x') or object.company_id.sms_webhook_key }}",
    "{{ object.number }}{{ object.company_id.sms_webhook_key }}",
    "{{ object.number ||| x }}{{object.company_id\n.sms_webhook_key}}",
)
#: Try to read what is not the customer's business, or to change something.
TRICKS = (
    "{{ object.message_ids.mapped('body') }}",
    "{{ object.partner_id.email }}",
    "{{ object.partner_id.child_ids.mapped('phone') }}",
    "{{ object.env['res.users'].search([]).mapped('login') }}",
    "{{ object.sudo().description }}",
    "{{ object.search([]).mapped('name') }}",
    "{{ object.unlink() }}",
    "{{ object.write({'name': 'x'}) }}",
    "{{ open('/etc/passwd').read() }}",
    "{{ 7 * 7 }}",
    "{{ 'a' 'b' }}",
    "{{ object['number'] }}",
    "{{ object.number.upper() }}",
    "{{ object.partner_id.name if 1 else 2 }}",
)


class TestTemplateSecrets(SmsCase):
    """No template reveals what its reader must not know, whoever writes it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(SECRETS)
        cls.record_consent()

    def make(self, body, user=None, model="helpdesk.ticket"):
        """Return a template as a user makes it."""
        templates = self.env["sms.template"]
        if user:
            templates = templates.with_user(user)
        return templates.create(
            {
                "name": "Attack",
                "model_id": self.env["ir.model"]._get_id(model),
                "body": body,
            }
        )

    def test_nobody_saves_a_template_that_tells_a_secret(self):
        for body in ATTACKS:
            for user in (self.manager, self.administrator):
                for model in ("helpdesk.ticket", "calendar.event"):
                    with (
                        self.subTest(body=body, user=user.login, model=model),
                        self.assertRaises(AccessError),
                    ):
                        self.make(body, user, model)

    def test_nor_an_administrator_one_of_another_app(self):
        for name in SECRETS:
            body = f"{{{{ object.company_id.{name} }}}}"
            with self.subTest(name=name), self.assertRaises(AccessError):
                self.make(body, self.administrator, "res.partner")

    def test_templates_of_tickets_take_what_is_offered_and_no_more(self):
        for body in TRICKS:
            for user in (self.manager, self.administrator):
                with (
                    self.subTest(body=body, user=user.login),
                    self.assertRaises(AccessError),
                ):
                    self.make(body, user)

    def test_a_language_and_a_translation_are_no_way_around(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        template = self.make("Hello", self.administrator)
        for body in (ATTACKS[0], TRICKS[0]):
            with self.assertRaises(AccessError):
                template.lang = body
            with self.assertRaises(AccessError):
                template.update_field_translations("body", {"fr_FR": body})
            with self.assertRaises(AccessError):
                template.language_versions = [{"lang": "fr_FR", "body": body}]

    @mute_logger(RENDERER)
    def test_what_stands_in_the_database_is_not_filled_in(self):
        """Stored by an import, by code, or before this addon was installed."""
        template = self.make("Hello")
        for body in ATTACKS:
            self.env.flush_all()
            self.env.cr.execute(
                "UPDATE sms_template SET body = jsonb_build_object('en_US', %s::text) "
                "WHERE id = %s",
                [body, template.id],
            )
            self.env.invalidate_all()
            with self.subTest(body=body):
                try:
                    text = template._render_text(self.ticket)
                except (AccessError, UserError):
                    continue
                for secret in SECRETS.values():
                    self.assertNotIn(secret, text)

    def test_no_preview_tells_a_secret_or_does_anything(self):
        templates = self.env["sms.template"]
        for body in (*ATTACKS, *TRICKS):
            for user in (self.manager, self.administrator):
                with self.subTest(body=body, user=user.login):
                    [preview] = templates.with_user(user).get_previews(
                        "helpdesk.ticket",
                        self.ticket.id,
                        [{"lang": "en_US", "body": body}],
                    )
                    self.assertTrue(preview["problem"])
                    self.assertTrue(preview["text"].startswith(body))
        self.assertTrue(self.ticket.exists())

    def test_nothing_is_filled_in_twice(self):
        """Placeholders in the title or in names stay as they are."""
        hostile = "{{ object.company_id.sms_twilio_auth_token }}"
        self.customer.name = hostile
        self.ticket.write({"name": hostile, "partner_name": hostile})
        self.quiet_stage.name = self.team.name = hostile
        template = self.make(
            "{{ object.name }} {{ object.sms_customer_name }} "
            "{{ object.stage_id.name }} {{ object.team_id.name }}",
            self.manager,
        )
        self.send_template(self.ticket, template.sudo())
        [message] = self.messages_to()
        # Title and name are truncated, and otherwise unchanged.
        self.assertEqual(message.body.count(hostile), 3, message.body)
        self.assertEqual(message.body.count(hostile[:40]), 4, message.body)
        self.assertNotIn("the-auth-token", message.body)

    def test_every_placeholder_that_is_offered_may_be_saved(self):
        for model in ("helpdesk.ticket", "calendar.event"):
            found = self.env["sms.template"].with_user(self.manager)
            for placeholder in found.get_placeholders(model):
                body = f"{{{{ {placeholder['expression']} }}}}"
                with self.subTest(body=body):
                    self.assertTrue(self.make(body, self.manager, model))
