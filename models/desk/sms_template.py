# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from odoo import api, models
from odoo.exceptions import AccessError

from ...tools import EVENT_MODEL, TICKET_MODEL

#: A change of these changes which template stands for which.
PLACE_FIELDS = {"shared_id", "company_id"}
#: Records whose templates helpdesk managers write.
OWN_MODELS = (TICKET_MODEL, EVENT_MODEL)
#: What customers and colleagues have typed: what stands for it in a text.
TYPED = {
    "partner_id.name": "sms_customer_name",
    "partner_id.display_name": "sms_customer_name",
    "partner_name": "sms_customer_name",
    "user_id.name": "sms_technician_name",
    "user_id.display_name": "sms_technician_name",
    "display_name": "sms_title",
    "name": "sms_title",
}
_TYPED_FIELD = re.compile(
    rf"\bobject\.({'|'.join(map(re.escape, TYPED))})\b(?!\s*[.(\[])"
)
_EXPRESSION = re.compile(r"\{\{.+?\}\}", re.DOTALL)
#: By these an expression would read more than who writes it may.
MORE_RIGHTS = {"sudo", "env", "with_user", "with_env", "cr"}


class SmsTemplate(models.Model):
    """A template stays where its author may write templates."""

    _inherit = "sms.template"

    def write(self, vals):
        """Let the words of a company hold from now on.

        Nobody moves a template to a model whose templates they may not write. Odoo
        checks what the template was, and not what it becomes: a helpdesk manager could
        make one for a ticket and turn it into another app's.
        """
        result = super().write(vals)
        if "model_id" in vals:
            self.check_access("write")
        if PLACE_FIELDS & vals.keys():
            self.env.registry.clear_cache()
        return result

    def unlink(self):
        """Let the automations know that they have lost their template."""
        self.env.registry.clear_cache()
        return super().unlink()

    # ------------------------------------------------------------------
    # What a template may name: fields that are safe to tell, by plain names
    # ------------------------------------------------------------------

    @api.model
    def get_placeholders(self, model):
        """Return what managers can put into a template, in their own language.

        :param str model: ``helpdesk.ticket`` or ``calendar.event``
        :return: list of ``{"label": …, "expression": …}``
        :raises AccessError: for who may not write templates
        """
        self.check_access("create")
        words = self._get_placeholder_words().get(model, {})
        return [
            {"label": label, "expression": expression}
            for expression, label in words.items()
        ]

    @api.model
    def _get_placeholder_words(self):
        """Return the plain names of expressions, by model."""
        preferences = self.env._("Preference link")
        customer, technician = self.env._("Customer"), self.env._("Technician")
        return {
            TICKET_MODEL: {
                "object.sms_customer_name": customer,
                "object.number": self.env._("Ticket number"),
                "object.name": self.env._("Subject"),
                "object.user_id.name": technician,
                "object.stage_id.name": self.env._("Stage"),
                "object.team_id.name": self.env._("Team"),
                "object.company_id.name": self.env._("Company"),
                "object.sms_ticket_url": self.env._("Link to the ticket"),
                "object.sms_preference_url": preferences,
            },
            EVENT_MODEL: {
                "object.sms_customer_name": customer,
                "object.sms_technician_name": technician,
                "object.sms_when": self.env._("Date and time"),
                "object.sms_when_soon": self.env._("Today or tomorrow"),
                "object.sms_start_time": self.env._("Hour"),
                "object.sms_old_when": self.env._("Former time"),
                "object.sms_ticket_note": self.env._("Ticket in brackets"),
                "object.sms_series_note": self.env._("Number of dates"),
                "object.sms_answer_hint": self.env._("How to answer"),
                "object.location": self.env._("Place"),
                "object.sms_preference_url": preferences,
            },
        }

    # ------------------------------------------------------------------
    # No secret in a template
    # ------------------------------------------------------------------

    @api.model
    def _get_secret_names(self):
        """Return the names that no expression may have in it.

        Fields of companies and users that only administrators read, and what leads to
        the settings: an administrator's template is filled in for everybody.
        """
        names = {"get_param", "config_parameter", "password", "signup_token"}
        for model_name in ("res.company", "res.users"):
            for name, field in self.env[model_name]._fields.items():
                if field.groups and name not in self.env["res.partner"]._fields:
                    names.add(name)
        return names

    @api.model
    def _has_secret(self, text, is_strict=False):
        """Tell if an expression in a text names what must not be told.

        :param str text: the source of a template, may be empty
        """
        names = self._get_secret_names() | (MORE_RIGHTS if is_strict else set())
        expressions = re.findall(r"\{\{(.+?)\}\}", str(text or ""), re.DOTALL)
        words = {
            word
            for expression in expressions
            for word in re.findall(r"\w+", expression)
        }
        return bool(words & names) or any("__" in word for word in words)

    def _check_access_right_dynamic_template(self):
        """Refuse expressions that tell a secret, whoever writes them.

        Templates of tickets take the safe expressions alone: what they are filled in
        with is sent to strangers.
        """
        for template_sudo in self.sudo():
            texts = (template_sudo.body, template_sudo.lang)
            if any(self._has_secret(text, not self.env.su) for text in texts):
                raise AccessError(
                    self.env._("A text message must not name secrets or settings.")
                )
            if (
                self._is_strict(template_sudo)
                and template_sudo._has_unsafe_expression()
            ):
                raise AccessError(
                    self.env._(
                        "A template of tickets or appointments takes the placeholders "
                        "that are offered, and no others."
                    )
                )
        return super()._check_access_right_dynamic_template()

    @api.model
    def _is_strict(self, template):
        """Tell if a template takes the offered placeholders alone.

        Those of appointments are filled in by a cron that may do anything;
        administrators may still edit Odoo's own.
        """
        if self.env.su:
            return False
        is_admin = self.env.user.has_group("base.group_system")
        is_event = template.model == "calendar.event"
        return template.model == TICKET_MODEL or (is_event and not is_admin)

    @api.model
    def _render_template_inline_template(
        self, template_txt, model, res_ids, add_context=None, options=None
    ):
        """Never fill in what tells a secret, however it came to the database.

        Names and titles go in as :mod:`tools.names` leaves them: whoever opens a ticket
        has chosen them.
        """
        if self._has_secret(template_txt):
            raise AccessError(
                self.env._("A text message must not name secrets or settings.")
            )
        if model in OWN_MODELS and template_txt:
            template_txt = self._name_tidied(str(template_txt))
        return super()._render_template_inline_template(
            template_txt, model, res_ids, add_context=add_context, options=options
        )

    @api.model
    def _name_tidied(self, text):
        """Return a template that names for each typed field what is fit for a text."""
        return _EXPRESSION.sub(
            lambda expression: _TYPED_FIELD.sub(
                lambda field: f"object.{TYPED[field[1]]}", expression[0]
            ),
            text,
        )

    # ------------------------------------------------------------------
    # A template becomes a text: once, in the reader's language
    # ------------------------------------------------------------------

    def _render_text(self, record, partner=None, lang=None):
        """Return the text about a record.

        :param partner: ``res.partner`` who reads it; None: the record's customer, in
            the language that the template says
        """
        self.ensure_one()
        if not lang and partner is None:
            lang = self._render_lang(record.ids)[record.id]
        elif not lang:
            lang = partner.lang
        if not lang or not self.env["res.lang"]._get_code(lang):
            company = record.company_id if "company_id" in record else self.env.company
            lang = (company or self.env.company).sudo().partner_id.lang or "en_US"
        rendered = self._render_field(
            "body", record.ids, res_ids_lang={record.id: lang}
        )
        return rendered[record.id]
