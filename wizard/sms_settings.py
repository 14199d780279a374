# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Command

from ..models.core.encrypted_field import get_box
from ..models.dispatch.res_company import REAL, SECRETS
from ..models.privacy.res_company import OFFICERS
from ..models.setup.res_company import CONTACT_GROUP
from ..models.setup.sms_health import uses_carrier
from ..tools.actions import notify, reload_view

ADMIN = "base.group_system"
#: Shown instead of a set secret, which would stay in the browser's caches.
SECRET_MASK = "••••••••"

#: Commands that change which records are linked, and not these records.
LINKS = {Command.UNLINK, Command.LINK, Command.CLEAR, Command.SET}
#: Fields that can be replaced here, but not read.
SECRET_NAMES = set().union(*SECRETS.values())


def setting(kind, name, **options):
    """Return a related field for a company setting that can be changed here."""
    return kind(related=f"company_id.{name}", readonly=False, **options)


def secret(label, **options):
    """Return a field that administrators can replace, but not read."""
    return fields.Char(
        label, compute="_compute_secrets", readonly=False, groups=ADMIN, **options
    )


class SmsSettings(models.TransientModel):
    """A company's settings for text messages, for helpdesk managers.

    Odoo's own settings are for administrators only. These write to the company in
    ``sudo``, restricted to changed fields that are settings here and allowed by their
    groups; secrets are for administrators.
    """

    _name = "sms.settings"
    _description = "Settings for Text Messages"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True,
        default=lambda self: self.env.company,
    )  # fmt: skip
    company_name = fields.Char(related="company_id.name")
    # What the form began with: only changes are saved.
    shown = fields.Json(compute="_compute_shown", readonly=False)
    sms_provider = setting(fields.Selection, "sms_provider")
    sms_goes_live = fields.Boolean(compute="_compute_sms_goes_live")
    sms_has_contact = fields.Boolean(compute="_compute_sms_has_contact")
    sms_consent_policy = setting(fields.Selection, "sms_consent_policy")
    sms_team_id = setting(fields.Many2one, "sms_team_id")
    phone = setting(fields.Char, "phone", groups=CONTACT_GROUP)
    email = setting(fields.Char, "email", groups=CONTACT_GROUP)
    sms_privacy_url = setting(fields.Char, "sms_privacy_url")
    sms_terms_url = setting(fields.Char, "sms_terms_url")
    sms_join_page = setting(fields.Boolean, "sms_join_page")
    sms_join_url = fields.Char(related="company_id.sms_join_url")
    sms_form_country_ids = setting(fields.Many2many, "sms_form_country_ids")
    sms_form_kinds = setting(fields.Selection, "sms_form_kinds", required=True)
    sms_free_right = setting(fields.Selection, "sms_free_right", required=True)
    sms_bulk_right = setting(fields.Selection, "sms_bulk_right", required=True)
    sms_bulk_from = setting(fields.Integer, "sms_bulk_from")
    sms_user_limit = setting(fields.Integer, "sms_user_limit")
    sms_approve_from = setting(fields.Integer, "sms_approve_from")
    sms_courtesy_days = setting(fields.Selection, "sms_courtesy_days")
    sms_courtesy_from = setting(fields.Float, "sms_courtesy_from")
    sms_courtesy_to = setting(fields.Float, "sms_courtesy_to")
    sms_courtesy_reason = setting(fields.Char, "sms_courtesy_reason")
    sms_quiet_hours = setting(fields.Boolean, "sms_quiet_hours")
    sms_review_days = setting(fields.Integer, "sms_review_days")
    sms_opt_in_reminder_hours = setting(fields.Integer, "sms_opt_in_reminder_hours")
    sms_counts_clicks = setting(fields.Boolean, "sms_counts_clicks")
    sms_consent_months = setting(fields.Integer, "sms_consent_months")
    sms_keep_text_months = setting(fields.Integer, "sms_keep_text_months")
    sms_keep_raw_months = setting(fields.Integer, "sms_keep_raw_months")
    sms_keep_consent_years = setting(fields.Integer, "sms_keep_consent_years")
    sms_keep_opt_out_years = setting(fields.Integer, "sms_keep_opt_out_years")
    sms_redaction = setting(fields.Selection, "sms_redaction", required=True)
    sms_ticket_link_days = setting(fields.Integer, "sms_ticket_link_days")
    sms_relaxation_reason = setting(fields.Text, "sms_relaxation_reason")
    is_sms_officer = fields.Boolean(compute="_compute_is_sms_officer")
    sms_outbox_trouble = fields.Text(compute="_compute_sms_outbox_trouble")
    sms_twilio_account_sid = setting(fields.Char, "sms_twilio_account_sid")
    sms_twilio_auth_token = secret(
        "Auth Token",
        help="It can be replaced, but not read. Twilio signs its requests with it.",
    )
    sms_twilio_second_auth_token = secret(
        "Second Auth Token",
        help="Only while you change the token at Twilio: requests signed with either "
        "one are accepted. Clear it once the new token is the primary one.",
    )
    sms_twilio_number_ids = setting(
        fields.One2many, "sms_twilio_number_ids", groups=ADMIN
    )
    sms_twilio_messaging_service_sid = setting(
        fields.Char, "sms_twilio_messaging_service_sid"
    )
    sms_twilio_api_key_sid = setting(fields.Char, "sms_twilio_api_key_sid")
    sms_twilio_api_key_secret = secret(
        "API Key Secret", help="It can be replaced, but not read."
    )
    sms_webhook_base_url = setting(fields.Char, "sms_webhook_base_url")
    sms_inbound_url = fields.Char(related="company_id.sms_inbound_url")
    sms_health_url = fields.Char(
        "Monitoring Address",
        compute="_compute_sms_health_url",
        groups=ADMIN,
        help="Returns 200 while texts are being sent, 503 when something stops them.",
    )
    sms_backup_provider = setting(fields.Selection, "sms_backup_provider")
    sms_telnyx_api_key = secret("API Key", help="It can be replaced, but not read.")
    sms_telnyx_public_key = setting(fields.Char, "sms_telnyx_public_key")
    sms_telnyx_messaging_profile_id = setting(
        fields.Char, "sms_telnyx_messaging_profile_id"
    )
    sms_telnyx_number_ids = setting(
        fields.One2many, "sms_telnyx_number_ids", groups=ADMIN
    )
    sms_telnyx_inbound_url = fields.Char(related="company_id.sms_telnyx_inbound_url")
    sms_encryption = fields.Char(compute="_compute_sms_encryption", groups=ADMIN)
    sms_has_key = fields.Boolean(compute="_compute_sms_encryption", groups=ADMIN)

    @api.depends("company_id")
    def _compute_display_name(self):
        for settings in self:
            settings.display_name = self.env._("Settings for text messages")

    @api.depends("company_id")
    def _compute_shown(self):
        known = self.fields_get(self._get_setting_names() - SECRET_NAMES, ["type"])
        names = [it for it, facts in known.items() if facts["type"] != "one2many"]
        for settings in self:
            company_sudo = settings.company_id.sudo()
            settings.shown = {it: self._to_plain(it, company_sudo[it]) for it in names}

    @api.model
    def _to_plain(self, name, value, company=None):
        """Return a setting's value as JSON has it; commands start from a company's."""
        company = company or self.env["res.company"]
        plain = company._fields[name].convert_to_cache(value, company)
        return list(plain) if isinstance(plain, tuple) else plain or None

    @api.depends_context("uid")
    def _compute_is_sms_officer(self):
        self.is_sms_officer = any(map(self.env.user.has_group, OFFICERS))

    @api.depends("company_id", "sms_provider")
    def _compute_sms_goes_live(self):
        for settings in self:
            is_live = uses_carrier(settings.company_id)
            settings.sms_goes_live = settings.sms_provider in REAL and not is_live

    @api.depends("company_id", "phone", "email")
    def _compute_sms_has_contact(self):
        for settings in self.sudo():
            settings.sms_has_contact = settings.phone or settings.email

    @api.depends("company_id")
    def _compute_sms_outbox_trouble(self):
        for settings in self:
            found = self.env["sms.outbox.alert"].search(
                [("company_id", "=", settings.company_id.id), ("closed_at", "=", False)]
            )
            settings.sms_outbox_trouble = "\n".join(found.mapped("message"))

    @api.model_create_multi
    def create(self, vals_list):
        """Save a form: write to the company what has changed.

        :raises AccessError: for a field not allowed to the user, or a company that is
            not selected
        """
        own = [
            {it: vals[it] for it in vals.keys() & {"company_id"}} for vals in vals_list
        ]
        saved = super().create(own)
        for settings, vals in zip(saved, vals_list, strict=True):
            settings._apply(vals)
        return saved

    def onchange(self, values, field_names, fields_spec):
        """Fill in the form; its settings are read in sudo.

        :raises AccessError: for a company that is not selected
        """
        company_id = values.get("company_id") or self.company_id.id
        company_id = company_id or self.default_get(["company_id"])["company_id"]
        self.env["res.company"].browse(company_id)._check_sms_user()
        return super().onchange(values, field_names, fields_spec)

    def write(self, vals):
        """Save changes, as :meth:`create` does; the company cannot be changed."""
        for settings in self:
            settings._apply(vals)
        return super().write({})

    def execute(self):
        """Reload the settings; the client has saved the form before."""
        return reload_view()

    def cancel(self):
        """Reopen the settings, discarding what was entered."""
        return self.env["ir.actions.act_window"]._for_xml_id(
            "helpdesk_mgmt_sms.sms_settings_action"
        )

    def _apply(self, vals):
        """Write the changed settings among the values to the company.

        A new form sends all, links as well: what others have saved meanwhile stays.
        """
        self.ensure_one()
        self.company_id._check_sms_user()
        company_sudo = self.company_id.sudo()
        changed, shown = {}, vals.get("shown") or {}
        for name in vals.keys() & self._get_setting_names():
            field, value = self._fields[name], vals[name]
            self._check_field_access(field, "write")
            if field.type == "many2many":
                # Others would write the linked records, in sudo.
                value = [it for it in value or () if it[0] in LINKS]
            if name in shown:
                plain = self._to_plain(name, value)
                if plain == shown[name]:
                    continue
                value = [Command.set(plain)] if isinstance(plain, list) else value
            if isinstance(value, str):
                value = value.strip()
            if field.type == "many2one" and value:
                self.env[field.comodel_name].browse(value).check_access("read")
            if not self._is_same(company_sudo, name, value):
                changed[name] = value
        if changed:
            self.company_id._check_sms_officer(changed)
            with self.company_id._guard_sms_go_live():
                company_sudo.write(changed)
            self.invalidate_recordset()

    @api.model
    def _get_setting_names(self):
        """Return the names of the settings, the same as on the company.

        Secrets are not related fields, as those could be read.
        """
        return SECRET_NAMES | {
            name
            for name, field in self._fields.items()
            if field.related == f"company_id.{name}" and not field.readonly
        }

    @api.model
    def _is_same(self, company, name, value):
        """Return whether a company already has a value, so that it is not written.

        An untouched secret counts as the same; an undecryptable one is replaced.
        """
        if name in SECRET_NAMES and value == SECRET_MASK:
            return True
        if name in SECRET_NAMES and company._read_sms_secret(name) is None:
            return False
        if company._fields[name].type == "one2many":
            return all(command[0] == Command.LINK for command in value or ())
        return self._to_plain(name, value, company) == self._to_plain(
            name, company[name], company
        )

    # === Secrets and encryption, for administrators ===

    @api.depends("company_id")
    def _compute_secrets(self):
        for settings in self:
            company_sudo = settings.company_id.sudo()
            for name in SECRET_NAMES:
                is_set = company_sudo._read_sms_secret(name) not in (False, "")
                settings[name] = is_set and SECRET_MASK

    @api.depends("company_id")
    def _compute_sms_health_url(self):
        token = self.env["sms.outbox.watch"]._get_health_token()
        for settings in self:
            base_url = settings.company_id._get_sms_base_url()
            settings.sms_health_url = f"{base_url}/helpdesk_sms/health/{token}"

    def action_rotate_sms_webhook_key(self):
        """Replace the company's webhook key and show the new address."""
        self.ensure_one()
        self.company_id._check_sms_user()
        self.company_id.action_rotate_sms_webhook_key()
        return self.execute()

    @api.depends("company_id")
    def _compute_sms_encryption(self):
        for settings in self:
            state = self.env["sms.encryption"]._get_state(settings.company_id)
            settings.sms_encryption = state[1]
            settings.sms_has_key = get_box().has_keys

    def action_encrypt(self):
        """Encrypt stored data with the current keys now, instead of within the hour.

        :raises AccessError: unless an administrator
        """
        self.ensure_one()
        self._check_field_access(self._fields["sms_encryption"], "read")
        self.env["ir.cron"]._wake_sms("ir_cron_sms_encryption")
        return notify(self.env._("This is being processed in the background."), "info")
