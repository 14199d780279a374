# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date, timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools.misc import clean_context, hmac

from ...tools import links, texts

FIRST_DAY = date(1970, 1, 1)
#: Who texts and calls people, and so needs their numbers in the lists of texts.
NUMBER_GROUPS = "helpdesk_mgmt.group_helpdesk_user_own,base.group_system"


class SmsSetupMixin(models.AbstractModel):
    """A piece of work that people set up, and that alone knows how far it has come.

    Rights of a model let all of its fields be written; here a user writes those alone
    that :meth:`_get_setup_fields` names, by whatever way: the rest is the work's own.
    """

    _name = "sms.setup.mixin"
    _description = "Work That Is Set Up by People"

    @api.model
    def _get_setup_fields(self):
        """Return the names of the fields that people may set."""
        raise NotImplementedError

    @api.model_create_multi
    def create(self, vals_list):
        """Let a user set up nothing else.

        :raise AccessError: for a field that is the work's own
        """
        for vals in vals_list:
            self._check_setup(vals)
        # Defaults of a client's context would come after the check.
        # pylint: disable-next=context-overridden
        self = self.with_context(clean_context(self.env.context))
        return super().create(vals_list)

    def write(self, vals):
        """Let a user change nothing else.

        :raise AccessError: for a field that is the work's own
        """
        self._check_setup(vals)
        return super().write(vals)

    def _check_setup(self, vals):
        """Refuse to set what is the work's own, such as how far it has come."""
        own = {
            name
            for name in vals.keys() - self._get_setup_fields()
            if not name.startswith(("message_", "activity_"))
        }
        if own and not self.env.su:
            raise AccessError(
                self.env._(
                    "%(record)s: these fields are set by its work alone: %(names)s",
                    record=self._description,
                    names=", ".join(sorted(own)),
                )
            )

    def _check_works_here(self):
        if not self.env.su:
            self.company_id._check_sms_user()


class SmsCachedRules(models.AbstractModel):
    """Rules that people change now and then, and that each message asks for.

    What is read of them is cached (``ormcache``). Whoever changes one has all workers
    read them anew.
    """

    _name = "sms.cached.rules"
    _description = "Rules That Are Kept in Memory"

    @api.model_create_multi
    def create(self, vals_list):
        """Let the rule hold from now on."""
        rules = super().create(vals_list)
        self.env.registry.clear_cache()
        return rules

    def write(self, vals):
        """Let the rule hold from now on, as it is now."""
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        """Let the rule hold no longer."""
        result = super().unlink()
        self.env.registry.clear_cache()
        return result


class SmsCheckedWords(models.AbstractModel):
    """Words that are checked are checked in every language.

    Odoo's dialog of translations writes by SQL, past ``write`` and its checks.
    """

    _name = "sms.checked.words"
    _description = "Words That Are Checked in Every Language"

    def _update_field_translations(
        self, field_name, translations, digest=None, source_lang=""
    ):
        """Check what was translated as what is typed into the form.

        :raises ValidationError: as the model's own checks do
        """
        langs = list(translations)
        result = super()._update_field_translations(
            field_name, translations, digest=digest, source_lang=source_lang
        )
        for lang in langs:
            self.with_context(lang=lang)._validate_fields([field_name])
        return result


class SmsShortLink(models.AbstractModel):
    """A record has a short public address for a text.

    Signed with the database's secret over record, last day and what else the model
    names: nobody can make one for another record or a later day. Nothing is stored for
    it.
    """

    _name = "sms.short.link"
    _description = "Short Signed Address"

    #: path of the page, and what tells its signatures from those of other pages
    _short_link_path = ""
    _short_link_scope = ""

    def _make_short_link(self, last_day):
        """Return the record's address."""
        self.ensure_one()
        day = (last_day - FIRST_DAY).days
        token = links.make_token(self.id, day, self._sign_short_link(day))
        company = self.company_id
        base = company._get_sms_base_url() if company else self.get_base_url()
        return f"{base}{self._short_link_path}{token}"

    def _sign_short_link(self, day):
        """Return the HMAC of the record's address until a day."""
        self.ensure_one()
        values = (self.id, day, *self._get_short_link_facts())
        return hmac(self.sudo().env, self._short_link_scope, values)

    def _get_short_link_facts(self):
        return ()

    @api.model
    def _find_by_short_link(self, token):
        """Return the record of an address that is genuine and has not ended.

        An empty set in all other cases, which a visitor cannot tell apart.
        """
        none = self.sudo().browse()
        parts = links.read_token(token)
        if not parts or FIRST_DAY + timedelta(parts.day) < fields.Date.today():
            return none
        record_sudo = none.browse(parts.record_id).exists()
        if not record_sudo:
            return none
        digest = record_sudo._sign_short_link(parts.day)
        return record_sudo if links.is_genuine(parts, digest) else none


class SmsMaskedNumber(models.AbstractModel):
    """A list in which only who texts people sees their numbers.

    Compliance officers who are no helpdesk users see the last two digits, and can
    neither search nor group nor export by the number. Whose consent they must prove or
    erase they find in full where that is done: consents, events, evidence, reviews.
    """

    _name = "sms.masked.number"
    _description = "Numbers That Not Everybody Sees"

    number = fields.Char(groups=NUMBER_GROUPS)
    shown_number = fields.Char(
        "Masked Number", compute="_compute_shown_number", compute_sudo=True
    )

    @api.depends("number")
    @api.depends_context("uid")
    def _compute_shown_number(self):
        sees_all = self.env.user.has_groups(NUMBER_GROUPS)
        for record in self:
            number = record.number or False
            shown = number if sees_all or not number else texts.mask_number(number)
            record.shown_number = shown

    @api.depends("shown_number")
    def _compute_display_name(self):
        masked = self.filtered(lambda record: record._rec_name == "number")
        for record in masked:
            record.display_name = record.shown_number
        return super(SmsMaskedNumber, self - masked)._compute_display_name()
