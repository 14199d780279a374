# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import AccessError

from ...providers import PROVIDERS
from ...tools import consent, languages
from .encrypted_field import EncryptionKeyError

EVERYBODY, AGENTS, MANAGERS = "everybody", "agents", "managers"
#: The group that a value of :data:`RIGHT_SELECTION` stands for.
RIGHT_GROUPS = {
    EVERYBODY: "base.group_user",
    AGENTS: "helpdesk_mgmt.group_helpdesk_user_own",
    MANAGERS: "helpdesk_mgmt.group_helpdesk_manager",
}
RIGHT_SELECTION = [
    (MANAGERS, "Helpdesk managers"),
    (AGENTS, "Helpdesk users"),
    (EVERYBODY, "Every internal user"),
]


class ResCompany(models.Model):
    """Rights to text beyond one's own tickets, limits, and recipients' languages."""

    _inherit = "res.company"

    sms_free_right = fields.Selection(
        RIGHT_SELECTION,
        string="Who May Text Any Number",
        required=True,
        default=AGENTS,
        help="A number that is not on any record the user may edit.",
    )
    sms_bulk_right = fields.Selection(
        RIGHT_SELECTION,
        string="Who May Text in Bulk",
        required=True,
        default=MANAGERS,
        help="To more people at once than other users may, without a daily limit.",
    )
    sms_bulk_from = fields.Integer(
        "Maximum Recipients at Once",
        required=True,
        default=10,
        help="For users who may not text in bulk.",
    )
    sms_user_limit = fields.Integer(
        "Texts of One User in 24 Hours",
        required=True,
        default=200,
        help="For users who may not text in bulk. 0 for no limit.",
    )

    sms_approve_from = fields.Integer(
        "Recipients Above Which a Broadcast Needs Approval",
        required=True,
        default=500,
        help="By a manager other than its author. 0 for never.",
    )

    _sms_bulk_from_positive = models.Constraint(
        "CHECK (sms_bulk_from >= 1 AND sms_user_limit >= 0 AND sms_approve_from >= 0)",
        "At least one person can be texted at once, and limits cannot be negative.",
    )

    @api.model
    def _get_sms_all(self):
        """Return all companies, in sudo.

        Archived ones too: their data is still personal, and their ledger still proof.
        """
        return self.sudo().with_context(active_test=False).search([])

    def _get_sms_users(self, group):
        """Return the users of a group (an XML id) who work for the company."""
        self.ensure_one()
        users = self.env.ref(group).sudo().all_user_ids
        return users.filtered(lambda it: self in it.company_ids)

    def _get_sms_managers(self):
        return self._get_sms_users(RIGHT_GROUPS[MANAGERS])

    def write(self, vals):
        """Write, with hooks for rooms before and after."""
        vals = self._prepare_sms_values(vals)
        before = self._get_sms_before(vals)
        result = super().write(vals)
        self._after_sms_write(before, vals)
        return result

    def _prepare_sms_values(self, vals):
        """Return the values to write. Extended by other rooms."""
        return vals

    def _get_sms_before(self, vals):
        """Return the former values that :meth:`_after_sms_write` needs. Extended."""
        return {}

    def _after_sms_write(self, before, vals):
        """Handle a change of companies. Extended by other rooms."""

    def _restricts_sms(self):
        """Return whether these rights apply to texts of other apps too.

        Not under opt-out: apps of such a company already text by Odoo's own rights.
        Texts from tickets are restricted everywhere.
        """
        self.ensure_one()
        return self.sudo().sms_consent_policy == consent.POLICY_OPT_IN

    def _check_sms_user(self):
        """Refuse an empty set, and companies that the user does not work in now.

        :raises AccessError: with their names
        """
        strange = self - self.env.companies
        if strange or not self:
            names = ", ".join(strange.sudo().mapped("name"))
            raise AccessError(self.env._("You do not work in %s.", names))

    def _uses_sms_outbox(self):
        """Return whether the company's texts leave by our outbox, not Odoo's loop."""
        return self.sms_provider in PROVIDERS

    def _read_sms_secret(self, name):
        """Return a secret of the account; None while the key to it is missing."""
        try:
            return self[name]
        except EncryptionKeyError:
            return None

    def _get_sms_base_url(self):
        """Return the base of all addresses that are sent in texts.

        :return: e.g. ``https://odoo.example.com``, without a trailing slash
        """
        self.ensure_one()
        return self.get_base_url()

    # === Languages ===

    @api.model
    def _get_sms_active_langs(self):
        """Return the codes of the active languages, as a tuple."""
        return tuple(code for code, _name in self.env["res.lang"].get_installed())

    def _pick_sms_lang(self, *wanted, number=""):
        """Return the language to text a person in: always an active one.

        The first wanted one that is active, or close to an active one; else that of the
        number's country, else the company's.

        :param wanted: codes of languages, the best first; may be empty or unknown
        :param str number: E.164, may be empty
        """
        active = self._get_sms_active_langs()
        for code in wanted:
            if found := languages.find_nearest(code, active):
                return found
        own = languages.find_nearest(self.sudo().partner_id.lang, active)
        own = own or languages.find_nearest("en_US", active) or active[0]
        return languages.find_of_number(number or "", own, active)

    def _find_sms_lang(self, lang, number):
        """Return the language of one recipient; see :meth:`_find_sms_langs`."""
        return self._find_sms_langs({number: lang})[number]

    def _find_sms_langs(self, langs):
        """Return the languages of recipients by number, each an active one.

        For a number without a known language that of the keyword that it has texted,
        else as by :meth:`_pick_sms_lang`.

        :param dict langs: codes of the contacts' languages, or empty, by number (E.164)
        """
        active = self._get_sms_active_langs()
        unknown = [
            number
            for number, lang in langs.items()
            if number and not languages.find_nearest(lang, active)
        ]
        words = self._get_sms_word_langs(unknown) if unknown else {}
        return {
            number: self._pick_sms_lang(lang, words.get(number), number=number)
            for number, lang in langs.items()
        }

    @api.model
    def _get_sms_told_langs(self, record, name):
        """Return the codes of the languages in which a record's text was written.

        Odoo stores it under English too, whatever language it was written in.
        """
        told = dict(record._fields[name]._get_stored_translations(record) or {})
        source = told.pop("en_US", None)
        if source not in told.values():
            told["en_US"] = source
        return frozenset(told)

    def _pick_sms_told_lang(self, told, lang):
        """Return the language of a text to a recipient: never two at once.

        The recipient's if the text is written in it, else the company's, else one that
        it is written in, also for all that is added to it: times, footer.

        :param told: as :meth:`_get_sms_told_langs` returns it
        :param str lang: of the recipient, active or empty
        """
        active = self._get_sms_active_langs()
        usable = tuple(code for code in active if code in told)
        own = self._pick_sms_lang()
        for code in (lang, own):
            if languages.get_language(code) == "en" and "en_US" in told:
                return code  # Odoo shows texts in en_US to all English readers
            if found := languages.find_nearest(code, usable):
                return found
        usual = "en_US" if "en_US" in active else own
        return usual if "en_US" in told else next(iter(usable), usual)

    def _get_sms_word_langs(self, numbers):
        """Hook: return the languages of the keywords that numbers have texted last."""
        return {}
