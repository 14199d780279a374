# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import TICKET_MODEL, verdicts
from ...tools.consent import QUESTION_LIFE
from ..core.batch_jobs import contain

_logger = logging.getLogger(__name__)
#: Reasons of blocked texts that may leave once the number is confirmed.
WAITING_REASONS = (verdicts.UNPROVEN, verdicts.AWAITING_YES)


class SmsNumberClaim(models.Model):
    """A login's claim to a number, which the number has confirmed by YES or not yet.

    A customer can type any number. Until its owner has answered YES to a question that
    was asked for this contact, no automatic text about the contact goes there (the
    gate: ``verdicts.UNPROVEN``), and texts from there do not count as theirs. A number
    that an internal user has entered needs no proof; it has a row without ``typed_at``
    while its login asks for texts.
    """

    _name = "sms.number.claim"
    _description = "Number Typed by a Login"
    _inherit = "sms.personal.data"
    _rec_name = "number"
    _log_access = False

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(
        "res.partner", "Contact", required=True, readonly=True, ondelete="cascade"
    )
    number = fields.Char(required=True, readonly=True, help="E.164")
    typed_at = fields.Datetime(
        "Last Typed",
        readonly=True,
        help="By the portal user. Empty if a user entered it.",
    )
    typed_after_id = fields.Integer(
        readonly=True,
        help="The last event of the ledger at that time: tells what came first within "
        "a second.",
    )
    question_id = fields.Many2one(
        "sms.consent.evidence",
        readonly=True,
        index="btree_not_null",
        help="The last question to the number that was asked for this contact.",
    )
    confirmed_at = fields.Datetime("Confirmed", readonly=True)

    _partner_unique = models.UniqueIndex("(partner_id, number)")
    _number_index = models.Index("(number)")

    # === Lookup ===

    @api.model
    def _get_open_domain(self):
        return Domain("typed_at", "!=", False) & Domain("confirmed_at", "=", False)

    @api.model
    def _find(self, partner, number):
        """Return the claim of a contact to a number, in sudo; both may be empty."""
        domain = Domain("partner_id", "=", partner.id) & Domain("number", "=", number)
        return self.sudo().search(domain if partner and number else Domain.FALSE)

    @api.model
    def _is_confirmed(self, partner, number):
        return bool(self._find(partner, number).confirmed_at)

    @api.model
    def _is_unproven(self, partner, number):
        claim_sudo = self._find(partner, number)
        return bool(claim_sudo.filtered_domain(self._get_open_domain()))

    @api.model
    def _find_contact(self, company, number):
        """Return the contact of a number if the company, or all, have exactly one.

        Not one whose login has typed the number and has not confirmed it: they must not
        read what its owner texts.
        """
        partners = self.env["res.partner"].browse(self._query_contacts(company, number))
        return partners if len(partners) == 1 else partners.browse()

    @api.model
    def _query_contacts(self, company, number):
        """Query the contacts of a number, two at most."""
        contacts = self.env["res.partner"]
        domain = Domain("phone_sanitized", "=", number)
        domain &= Domain("company_id", "in", [False, company.id])
        domain &= Domain("id", "not in", self._query_unproven(number))
        return contacts._search(domain, limit=2)

    @api.model
    def _query_unproven(self, *numbers):
        """Return SQL for contacts whose logins have typed an unconfirmed number."""
        domain = self._get_open_domain() & Domain("number", "in", numbers)
        return self.sudo()._search(domain).subselect("partner_id")

    @api.model
    def _find_unproven(self, partners, numbers):
        """Return the claims of contacts to numbers that have not confirmed them."""
        domain = self._get_open_domain() & Domain("number", "in", numbers)
        return self.sudo().search(domain & Domain("partner_id", "in", partners.ids))

    # === Claims of a login ===

    @api.model
    def _note(self, company, partner, number, is_typed=True):
        """Note that a login calls a number its own; a confirmed one stays confirmed.

        By an upsert: of two forms at once the later one starts over, and sees what the
        first has done.
        """
        self.sudo().flush_model()
        query = """
            INSERT INTO sms_number_claim AS known
                (company_id, partner_id, number, typed_at, typed_after_id)
            VALUES (%s, %s, %s, %s, (SELECT max(id) FROM sms_consent_event))
            ON CONFLICT (partner_id, number) DO UPDATE
               SET typed_at = COALESCE(EXCLUDED.typed_at, known.typed_at),
                   typed_after_id = EXCLUDED.typed_after_id
        """
        typed_at = fields.Datetime.now() if is_typed else None
        self.env.cr.execute(SQL(query, company.id, partner.id, number, typed_at))
        self._invalidate_caches()
        return self._find(partner, number)

    @api.model
    def _note_typed(self, partners):
        """Note the numbers of contacts that logins have just typed themselves."""
        for partner in partners.filtered("phone_sanitized"):
            company = partner.company_id or self.env.company
            self._note(company, partner, partner.phone_sanitized)

    @api.model
    def _vouch(self, partners, numbers=None):
        """Count numbers as proven that a user has entered; default: the contacts'."""
        if numbers is None:
            numbers = [it for it in partners.mapped("phone_sanitized") if it]
        if open_sudo := self._find_unproven(partners, numbers):
            open_sudo.typed_at = False
            self._invalidate_caches()

    @api.model
    def _invalidate_caches(self):
        self.invalidate_model()
        self.env["sms.consent"]._forget_answers()
        self.env[TICKET_MODEL].invalidate_model(["sms_phone_is_unproven"])

    @api.model
    def _drop_duplicates(self, sources, target):
        """Keep one claim to each number of contacts that are merged.

        One that is not confirmed comes first: better ask once more.
        """
        known = self.search([("partner_id", "in", (sources | target).ids)], order="id")
        known = known.sorted(lambda it: (not it.typed_at, bool(it.confirmed_at)))
        for claims in known.grouped("number").values():
            claims[1:].unlink()
        self._invalidate_caches()

    # === Answers of a number ===

    @api.model
    def _take_yes(self, asked):
        """Confirm the number for the login for which it was asked.

        If another login has typed it since then, nobody knows which of them has the
        phone: the YES is a consent, and confirms the number for neither.
        """
        asked_sudo = asked.sudo()
        claims = Domain("question_id", "in", asked_sudo.evidence_id.ids)
        claims_sudo = self.sudo().search(claims & Domain("confirmed_at", "=", False))
        if len(claims_sudo) != 1:
            return
        others = self._get_open_domain() & Domain("number", "=", claims_sudo.number)
        others &= Domain("typed_after_id", ">=", min(asked_sudo.ids))
        others &= Domain("id", "!=", claims_sudo.id)
        if self.sudo().search_count(others, limit=1):
            return
        claims_sudo.confirmed_at = fields.Datetime.now()
        self._invalidate_caches()
        claims_sudo._release_texts(asked_sudo.company_id)

    @api.model
    def _reopen(self, numbers):
        """Undo the confirmation of numbers: they may have other owners by now."""
        domain = [("number", "in", list(numbers)), ("confirmed_at", "!=", False)]
        if claims_sudo := self.sudo().search(domain):
            now = fields.Datetime.now()
            claims_sudo.write({"confirmed_at": False, "typed_at": now})
            self._invalidate_caches()

    @api.model
    def _hand_over(self, numbers):
        """Undo what numbers prove that have another holder. Rooms add to it."""
        self._reopen(numbers)

    def _release_texts(self, company):
        """Send the texts that have waited for the YES: the newest one per ticket.

        :param company: the one that has asked, which may not be the claim's first
        """
        self.ensure_one()
        since = fields.Datetime.now() - QUESTION_LIFE - timedelta(hours=1)
        domain = Domain("record_company_id", "=", company.id)
        domain &= Domain("partner_id", "=", self.partner_id.id)
        domain &= Domain("number", "=", self.number) & Domain("state", "=", "canceled")
        domain &= Domain("gate_reason", "in", WAITING_REASONS)
        domain &= Domain("sent_again_id", "=", False)
        domain &= Domain("told_at", "=", False)
        domain &= Domain("create_date", ">=", since)
        domain &= Domain("mail_message_id.model", "=", TICKET_MODEL)
        messages_sudo = self.env["sms.sms"].search(domain, order="id desc")
        newest = {it.mail_message_id.res_id: it for it in reversed(messages_sudo)}
        # A failure in another module must not undo the YES.
        texts = self.env["sms.sms"].concat(*newest.values())
        failure = "%s: waited for a YES, and not sent after it"
        contain(self.env, texts.action_set_outgoing, _logger, failure, texts)

    @api.model
    def _find_personal(self, company, numbers):
        return super()._find_personal(company, numbers)._filter_dispensable()

    def _filter_dispensable(self):
        """Return the claims but open ones to a number that the contact still has.

        Without those it would count as proven: its owner would get the contact's
        texts, and the contact theirs.
        """
        needed = self.filtered_domain(self._get_open_domain())
        return self - needed.filtered(
            lambda it: it.partner_id.phone_sanitized == it.number
        )

    def _describe_personal(self):
        return [(len(self), self.env._("Numbers that logins have typed"))]

    def _forget(self):
        self._filter_dispensable().unlink()


class ResPartner(models.Model):
    """Numbers of contacts, typed by a portal user or entered by an internal user.

    In sudo or not, on whichever page: Odoo's own address form as well.
    """

    _inherit = "res.partner"

    @api.model_create_multi
    def create(self, vals_list):
        """Note the numbers that customers and visitors type."""
        partners = super().create(vals_list)
        if self.env.user.share:
            self.env["sms.number.claim"].sudo()._note_typed(partners.sudo())
        return partners

    def write(self, vals):
        """Note new numbers that customers type; those that users enter are proven.

        Another country makes another number of the same digits. What a merge of
        contacts takes over stays as it was.
        """
        if not {"phone", "country_id"} & vals.keys():
            return super().write(vals)
        old = {partner.id: partner.phone_sanitized for partner in self.sudo()}
        result = super().write(vals)
        changed_sudo = self.sudo().filtered(lambda it: it.phone_sanitized != old[it.id])
        claims_sudo = self.env["sms.number.claim"].sudo()
        if changed_sudo and self.env.user.share:
            claims_sudo._note_typed(changed_sudo)
        elif changed_sudo and not self.env.context.get("sms_is_merge"):
            claims_sudo._vouch(changed_sudo)
        return result
