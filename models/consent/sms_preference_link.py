# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import binascii
import secrets
import string
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools.misc import hash_sign, verify_hash_signed

from ...tools.links import KEY_LENGTH, MASK, PAGE_PATH, SHORT_PATH
from ..ledger.sms_consent_event import IS_REAL

#: A link in a text works at least this long, and at most LINK_LIFE: the same link is
#: reused until less than this is left of its life.
LINK_LIFE_LEFT = timedelta(days=60)
LINK_LIFE = timedelta(days=90)
#: How long the page's own address works, to which the short link redirects.
TOKEN_LIFE = timedelta(days=7)
TOKEN_SCOPE = "helpdesk_mgmt_sms.preferences"
TOKEN_LIMIT = 400
KEY_LETTERS = string.ascii_letters + string.digits


class SmsPreferenceLink(models.Model):
    """The short link of a number to its preference page.

    A text needs a short address, so its key refers to this row. It redirects to the
    page's own address, whose token is signed (Odoo's ``hash_sign``, keyed with the
    database's secret), expires, and contains the company and the keyed hash of the
    number: a log does not reveal the number, and nobody can forge a token. Only this
    row has the number itself; without it no token works, so erasing a person means
    deleting it.

    Nobody but the customer sees the address, see ``tools.links``:
    :meth:`_get_masked_url` is stored and rendered, and the outbox replaces it by the
    address. The virtual phone shows the sandbox's addresses to whoever plays the
    customer, so those stop working once the company has a real carrier.
    """

    _name = "sms.preference.link"
    _inherit = "sms.personal.data"
    _description = "Link to Text Message Preferences"
    _rec_name = "number"
    _log_access = False

    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    number = fields.Char(required=True, help="E.164")
    number_hash = fields.Char(required=True)
    key = fields.Char(required=True, groups="base.group_system")
    expires_at = fields.Datetime(required=True)
    is_sandbox = fields.Boolean("Of the Sandbox")

    _key_unique = models.UniqueIndex("(key)")
    _number_index = models.Index("(number_hash, company_id)")

    # === New links ===

    @api.model
    def _get_masked_url(self, company):
        """Return the placeholder for the address until a text is sent."""
        return company._get_sms_base_url() + SHORT_PATH + MASK

    @api.model
    def _get_urls(self, pairs):
        """Return the short addresses for numbers, creating links as needed.

        :param pairs: iterable of ``(res.company, E.164 number)``
        :return: ``{(company, number): address}``, without pairs that have no number
        """
        wanted = {pair for pair in pairs if all(pair)}
        hashes = self.env["sms.consent.key"]._hash(number for _c, number in wanted)
        domain = Domain("expires_at", ">", fields.Datetime.now() + LINK_LIFE_LEFT)
        domain &= Domain("number_hash", "in", list(hashes.values()))
        is_on_sandbox = self.env["sms.consent.event"]._is_on_sandbox
        links = {
            (link.company_id, link.number): link
            for link in self.sudo().search(domain, order="id")
            if link.is_sandbox == is_on_sandbox(link.company_id)
        }
        for company, number in wanted - links.keys():
            links[company, number] = self._make(company, number, hashes[number])
        return {
            pair: pair[0]._get_sms_base_url() + SHORT_PATH + links[pair].key
            for pair in wanted
        }

    def _filter_open(self):
        """Return the links that open: real ones in the sandbox, too, to opt out by."""
        is_on_sandbox = self.env["sms.consent.event"]._is_on_sandbox
        return self.filtered(lambda it: it.is_sandbox <= is_on_sandbox(it.company_id))

    @api.model
    def _make(self, company, number, number_hash):
        key = "".join(secrets.choice(KEY_LETTERS) for _ in range(KEY_LENGTH))
        return self.sudo().create(
            {
                "company_id": company.id,
                "number": number,
                "number_hash": number_hash,
                "key": key,
                "expires_at": fields.Datetime.now() + LINK_LIFE,
                "is_sandbox": self.env["sms.consent.event"]._is_on_sandbox(company),
            }
        )

    def _get_path(self):
        life = min(TOKEN_LIFE, self.expires_at - fields.Datetime.now())
        values = [self.company_id.id, self.number_hash, self.is_sandbox]
        env = self.sudo().env
        return PAGE_PATH + hash_sign(env, TOKEN_SCOPE, values, expiration=life)

    # === Lookup ===

    @api.model
    def _find_by_key(self, key):
        if len(key) != KEY_LENGTH or not key.isascii() or not key.isalnum():
            return self.browse()
        domain = [("key", "=", key), ("expires_at", ">", fields.Datetime.now())]
        return self.sudo().search(domain, limit=1)._filter_open()

    @api.model
    def _find_by_token(self, token):
        """Return the newest link of the number that a token names, or an empty set.

        Empty for a token that is forged, expired, from another database, or of an
        erased number.
        """
        if len(token) > TOKEN_LIMIT or not token.isascii():
            return self.browse()
        try:
            values = verify_hash_signed(self.sudo().env, TOKEN_SCOPE, token)
            company_id, number_hash, is_sandbox = values
        except (TypeError, ValueError, binascii.Error):
            return self.browse()
        # A sandbox token opens only sandbox links, even if the number has a real one.
        domain = Domain("company_id", "=", company_id)
        domain &= Domain("number_hash", "=", number_hash)
        domain &= Domain("is_sandbox", "=", is_sandbox)
        return self.sudo().search(domain, order="id desc", limit=1)._filter_open()

    # === Page ===

    def _get_partner(self):
        claims_sudo = self.env["sms.number.claim"].sudo()
        return claims_sudo._find_contact(self.company_id, self.number)

    def _get_choices(self):
        """Return the page's choices, a list of ``sms_consent_form.Choice``."""
        return self.env["sms.consent.form"]._get_choices(self.company_id, self.number)

    def _take(self, form, trace):
        """Process what the number's owner has submitted on the page.

        :param dict form: the posted values: ``stop`` is the code of a purpose or
            ``all``; without it the ticked choices are agreed to
        :return: ``stopped``, ``stopped_all`` or ``agreed``; ``outdated`` or
            ``not_ticked`` if nothing was recorded
        """
        is_real = {IS_REAL: not self.is_sandbox}
        form_model = self.env["sms.consent.form"].with_context(**is_real)
        facts = {"name": self._get_partner().name}
        choices = self._get_choices()
        stop = form.get("stop")
        subject = (self.company_id, self.number)
        if stop == "all":
            form_model._stop(*subject, None, trace, **facts)
            return "stopped_all"
        if stop:
            stopped = [c.purpose for c in choices if c.purpose.code == stop]
            if not stopped:
                return "not_ticked"
            form_model._stop(*subject, stopped[0], trace, **facts)
            return "stopped"
        ticked, is_outdated = form_model._read_choices(choices, form)
        if is_outdated or not ticked:
            return "outdated" if is_outdated else "not_ticked"
        form_model._agree(*subject, ticked, trace, **facts)
        return "agreed"

    def _describe_personal(self):
        return [(len(self), self.env._("Links to the preference page"))]

    @api.autovacuum
    def _gc_expired(self):
        self.search([("expires_at", "<", fields.Datetime.now() - TOKEN_LIFE)]).unlink()


class SmsNumberClaim(models.Model):
    """Ends the links of numbers that have another holder."""

    _inherit = "sms.number.claim"

    @api.model
    def _hand_over(self, numbers):
        """Also delete their links, by which the former holder could agree."""
        links_sudo = self.env["sms.preference.link"].sudo()
        links_sudo.search([("number", "in", list(numbers))]).unlink()
        return super()._hand_over(numbers)
