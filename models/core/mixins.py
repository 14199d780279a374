# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date, timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools.misc import clean_context, hmac

from ...tools import links, texts

FIRST_DAY = date(1970, 1, 1)
#: Users who text and call people, and so need their numbers in the lists of texts.
NUMBER_GROUPS = "helpdesk_mgmt.group_helpdesk_user_own,base.group_system"
#: Options of a field of a form that is filled in with the user's rights, and that the
#: user may change.
FILLED_IN = {"compute_sudo": False, "store": True, "readonly": False}


def count_linked(records, name, model_name, field, *domain):
    """Set a field to how many records of a model link to each; 0 without the rights.

    :param str name: name of the field that is set
    :param str field: name of the linking field
    :param domain: further conditions
    """
    linked, counts = records.env[model_name], {}
    if linked.has_access("read"):
        domain = [(field, "in", records._origin.ids), *domain]
        counts = dict(linked._read_group(domain, [field], ["__count"]))
    for record in records:
        record[name] = counts.get(record._origin, 0)


def open_linked(record, xmlid, field, **context):
    """Return an action that shows the records that link to one by a field."""
    record.ensure_one()
    action = record.env["ir.actions.act_window"]._for_xml_id(xmlid)
    return {**action, "domain": [(field, "=", record.id)], "context": context}


class SmsOwnDefaults(models.AbstractModel):
    """Mixin for records with read-only fields that only our code may set.

    A client can send defaults in its context, and any user can store some of their own
    (``ir.default``): both would apply after all checks of a new record's values.
    """

    _name = "sms.own.defaults"
    _description = "Records With Their Own Defaults"

    @api.model
    def default_get(self, fields_list):
        """Take a read-only field's default from the field itself only.

        Not a related one's, which is computed anyway: Odoo finds the model of a new
        ``sms.template`` by such a default.
        """
        defaults = super().default_get(fields_list)
        for name in self._fields.keys() & defaults.keys():
            field = self._fields[name]
            if field.readonly and not field.related:
                del defaults[name]
                if field.default:
                    own = field.default(self)
                    own = field.convert_to_cache(own, self, validate=False)
                    defaults[name] = field.convert_to_write(own, self)
        return defaults


class SmsSetupMixin(models.AbstractModel):
    """Mixin for jobs that users set up and that keep their own progress.

    Whatever the rights on the model, a user writes only the fields that
    :meth:`_get_setup_fields` names, and only for companies that are selected.
    """

    _name = "sms.setup.mixin"
    _inherit = "sms.own.defaults"
    _description = "Work That Is Set Up by People"

    @api.model
    def _get_setup_fields(self):
        """Return the names of the fields that users may set: those not read-only."""
        return {
            name
            for name, field in self._fields.items()
            if not (field.readonly or name.startswith(("message_", "activity_")))
        }

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse values of the job's own fields, and other companies.

        :raises AccessError: if there are any
        """
        for vals in vals_list:
            self._check_setup(vals)
        # Defaults in a client's context would apply after the check.
        # pylint: disable-next=context-overridden
        self = self.with_context(clean_context(self.env.context))
        records = super().create(vals_list)
        records._check_works_here()
        return records

    def write(self, vals):
        """Refuse values of the job's own fields, and other companies.

        :raises AccessError: if there are any
        """
        self._check_setup(vals)
        result = super().write(vals)
        self._check_works_here()
        return result

    def _check_setup(self, vals):
        own = {
            name
            for name in vals.keys() - self._get_setup_fields()
            if not name.startswith(("message_", "activity_"))
        }
        if own and not self.env.su:
            raise AccessError(
                self.env._(
                    "%(record)s: these fields are set automatically: %(names)s",
                    record=self._description,
                    names=", ".join(sorted(own)),
                )
            )

    def _check_works_here(self):
        if self and not self.env.su:
            self.company_id._check_sms_user()


class SmsCachedRules(models.AbstractModel):
    """Mixin for rules that rarely change and are read for each message: cached.

    A change makes all workers read them again.
    """

    _name = "sms.cached.rules"
    _description = "Rules That Are Kept in Memory"
    #: Names of the fields whose change clears the caches, None for all.
    _cached_fields = None

    @api.model_create_multi
    def create(self, vals_list):
        """Apply the rule from now on."""
        rules = super().create(vals_list)
        self.env.registry.clear_cache()
        return rules

    def write(self, vals):
        """Apply the change from now on."""
        result = super().write(vals)
        if self._cached_fields is None or self._cached_fields & vals.keys():
            self.env.registry.clear_cache()
        return result

    def unlink(self):
        """Stop applying the rule."""
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    def _update_field_translations(self, *args, **options):
        """Apply a translation, which Odoo's dialog writes without ``write``."""
        result = super()._update_field_translations(*args, **options)
        self.env.registry.clear_cache()
        return result


class SmsCheckedWords(models.AbstractModel):
    """Mixin that runs constraints on translated fields in every language.

    Odoo's translation dialog writes in SQL, bypassing ``write`` and its checks.
    """

    _name = "sms.checked.words"
    _description = "Text That Is Checked in Every Language"

    def write(self, vals):
        """Correct a text also under English, where Odoo keeps a copy of the first."""
        copied = self._find_copied(vals)
        result = super().write(vals)
        for name, rows in copied.items():
            english = rows.with_context(lang="en_US", tracking_disable=True)
            super(SmsCheckedWords, english).write({name: vals[name]})
        return result

    def _find_copied(self, names):
        """Return, by text, the records that have the user's language's in English."""
        lang, copied = self.env.lang or "en_US", {}
        for name in names if lang != "en_US" else ():
            field = self._fields.get(name)
            if field and field.translate is True and field.store:
                for row in self:
                    stored = field._get_stored_translations(row) or {}
                    if lang in stored and stored[lang] == stored["en_US"]:
                        copied[name] = copied.get(name, self.browse()) | row
        return copied

    def _update_field_translations(self, field_name, translations, *args, **options):
        """Check translations like values that are entered in the form."""
        langs = list(translations)
        result = super()._update_field_translations(
            field_name, translations, *args, **options
        )
        for lang in langs:
            self.with_context(lang=lang)._validate_fields([field_name])
        return result

    @api.private
    def copy_translations(self, new, excluded=()):
        """Show in a copy what this record shows where it has no text in a language.

        Odoo would store that as the copy's own text in the user's language.
        """
        result = super().copy_translations(new, excluded)
        lang = self.env.lang or "en_US"
        for name, field in self._fields.items() if lang != "en_US" else ():
            is_text = field.translate is True and field.store and self[name]
            is_shown = is_text and self[name] == new[name]
            if is_shown and lang not in field._get_stored_translations(self):
                new._update_field_translations(name, {lang: False})
        return result

    def _find_unknown_placeholder(self, text, known):
        """Return the fault of a text with an unknown ``{placeholder}``, or empty.

        :param known: names of the placeholders that are filled in
        """
        unknown = texts.find_unknown(text, known)
        return unknown and self.env._(
            "{%(unknown)s} is not a placeholder. Available: %(known)s.",
            unknown=unknown[0],
            known=", ".join(f"{{{name}}}" for name in known),
        )


class SmsShortLink(models.AbstractModel):
    """Mixin for records with a short public address for texts.

    Signed with the database's secret over the record, the last day and further facts of
    the model, so nobody can make one for another record or a later day.
    """

    _name = "sms.short.link"
    _description = "Short Signed Address"

    #: Path of the page, and what separates its signatures from those of other pages.
    _short_link_path = ""
    _short_link_scope = ""

    def _make_short_link(self, last_day):
        self.ensure_one()
        day = (last_day - FIRST_DAY).days
        token = links.make_token(self.id, day, self._sign_short_link(day))
        company = self.company_id
        base = company._get_sms_base_url() if company else self.get_base_url()
        return f"{base}{self._short_link_path}{token}"

    def _sign_short_link(self, day):
        self.ensure_one()
        values = (self.id, day, *self._get_short_link_facts())
        return hmac(self.sudo().env, self._short_link_scope, values)

    def _get_short_link_facts(self):
        return ()

    @api.model
    def _find_by_short_link(self, token):
        """Return the record of a genuine address that is still valid, or an empty set.

        A visitor cannot tell why an address is refused.
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
    """Mixin for lists that show numbers only to users who text people.

    Compliance officers who are no helpdesk users see the last two digits, and cannot
    search, group or export by number. Consents, events, evidence and reviews, where
    they prove and erase, show the numbers in full.
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

    # Odoo shows the name of a record to everyone who links to it, in sudo.
    @api.depends("shown_number")
    @api.depends_context("uid")
    def _compute_display_name(self):
        masked = self.filtered(lambda record: record._rec_name == "number")
        readable = masked.sudo(False)._filtered_access("read")
        for record in masked:
            shown = record.shown_number
            is_read = not shown or record in readable
            record.display_name = shown if is_read else texts.mask_number(shown)
        return super(SmsMaskedNumber, self - masked)._compute_display_name()
