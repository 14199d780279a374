# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
import logging
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL
from odoo.tools.misc import hmac
from odoo.tools.translate import LazyTranslate

from ...providers.account import CREDENTIALS, UNSURE, Finding
from ...providers.base import LookupFailed
from ...tools import dispatch
from ..core.batch_jobs import lock_next, work_off_calls
from ..core.moments import say_moment

MANAGER_GROUP = "helpdesk_mgmt.group_helpdesk_manager"
#: Requests to a carrier.
CHECK, SET_INBOUND, TAKE_NUMBERS = ("check", "set_inbound", "take_numbers")
_logger = logging.getLogger(__name__)
_lt = LazyTranslate(__name__)
#: A question without an answer after this time was left by a crash, and is asked again,
#: which does no harm.
LEASE = timedelta(minutes=5)
#: Reasons why a request to the carrier failed.
NOT_TAKEN, NOT_SHOWN, NO_NUMBER = ("not_taken", "not_shown", "no_number")
#: The reason to show when a request fails, by request.
TROUBLES = {SET_INBOUND: NOT_TAKEN, TAKE_NUMBERS: NOT_SHOWN}
#: What a finding or a failed request means, and what to do, by its code.
SENTENCES = {
    "no_answer": _lt("The carrier gave no answer (%(detail)s). Try again in a moment."),
    NOT_TAKEN: _lt(
        "The carrier did not accept the address. Check the account, then try again, or "
        "enter the address there by hand."
    ),
    NOT_SHOWN: _lt("The carrier did not show its numbers. Check the account."),
    # Account, token and key
    "accepted": _lt("The carrier accepts the credentials."),
    "trial": _lt(
        "The carrier accepts the credentials. It is a trial account: it only texts "
        "numbers that were verified there."
    ),
    "token_refused": _lt(
        "The carrier refuses the account and its token. Copy both again from its "
        "console."
    ),
    "key_refused": _lt(
        "The carrier refuses the API key. Create a new one, or leave it empty."
    ),
    "api_key_refused": _lt(
        "The carrier refuses the API key. Copy it again, or create a new one."
    ),
    "public_key_malformed": _lt(
        "The public key is incomplete. Copy it again from the carrier's console: "
        "without it, no texts are received."
    ),
    "account_closed": _lt(
        "The account is %(detail)s. Ask the carrier what it takes to open it."
    ),
    # Numbers and services that texts are sent from
    "owned": _lt("%(sender)s is the account's, and can text."),
    "not_owned": _lt("%(sender)s is not in this account. Choose one that is."),
    "cannot_text": _lt("%(sender)s cannot send texts. Choose another number."),
    "service_empty": _lt(
        "The Messaging Service %(sender)s has no number. Add one there."
    ),
    "no_profile": _lt(
        "%(sender)s has no messaging profile, and cannot text without one. Give it one "
        "there."
    ),
    "profile_off": _lt(
        "The messaging profile %(sender)s is switched off. Switch it on there."
    ),
    "pool_off": _lt(
        "The messaging profile %(sender)s has no number pool. Switch the pool on there,"
        " or enter numbers here instead of the profile."
    ),
    "profile_empty": _lt(
        "The messaging profile %(sender)s has no number. Add one there."
    ),
    "not_chosen": _lt("No number sends yet. The account has: %(detail)s"),
    NO_NUMBER: _lt("The account has no number that can text. Get one there."),
    # Webhooks that incoming texts are sent to
    "ours": _lt("Texts to %(sender)s come here."),
    "empty": _lt("Texts to %(sender)s go nowhere."),
    "elsewhere": _lt("Texts to %(sender)s go to %(detail)s."),
    "application": _lt("Texts to %(sender)s go to an application at the carrier."),
    "old_version": _lt(
        "Texts to %(sender)s come here in an old form; they must come in that of API "
        "version 2."
    ),
    "not_post": _lt("Texts to %(sender)s come here by GET; they must come by POST."),
}
#: A longer wait for an answer means that something is wrong here.
ANSWERED_WITHIN = timedelta(minutes=2)


class Request(NamedTuple):
    """What is needed to ask a carrier without the database, and its answer.

    :param str url: the webhook that incoming texts must go to
    :param str trouble: why the request failed
    :param tuple numbers: the account's, if these were wanted
    """

    wanted: str
    wanted_at: datetime
    provider: object
    url: str
    fingerprint: str
    findings: tuple = ()
    trouble: str = ""
    numbers: tuple = ()


class SmsCarrierCheck(models.Model):
    """The findings of the last check of a company's account at its carrier.

    One row per company and carrier. It is valid for the account, the senders and the
    address that were checked: a change of any of them invalidates it.

    Buttons only store what is wanted. A cron asks the carrier, outside of a transaction
    (:meth:`_run`).
    """

    _name = "sms.carrier.check"
    _description = "Check of the Text Message Carrier's Account"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    provider = fields.Char("Carrier", required=True, readonly=True)
    checked_at = fields.Datetime(readonly=True)
    fingerprint = fields.Char(
        readonly=True,
        groups="base.group_system",
        help="Keyed hash of what was looked at.",
    )
    findings = fields.Json(readonly=True)
    wanted = fields.Selection(
        [
            (CHECK, "Check the account"),
            (SET_INBOUND, "Set our address there"),
            (TAKE_NUMBERS, "Use the account's numbers"),
        ],
        readonly=True,
        help="What the carrier is being asked, empty when it has answered.",
    )
    wanted_at = fields.Datetime(readonly=True)
    claimed_at = fields.Datetime(readonly=True)
    trouble = fields.Char(readonly=True, help="Why it could not be done.")

    _company_unique = models.UniqueIndex("(company_id, provider)")

    @api.model
    def _check_user(self, company, group=MANAGER_GROUP):
        """Check that the user may manage a company's account.

        :raises AccessError: if not in the group, or without the company selected
        """
        user = self.env.user
        if not (user.has_group(group) or user.has_group("base.group_system")):
            raise AccessError(
                self.env._("Only helpdesk managers and administrators can do this.")
            )
        company._check_sms_user()

    @api.model
    def _ask(self, company, wanted):
        """Have a cron ask the carrier, right after the commit.

        :raises UserError: without an account to ask about, and in a copy of a database
        """
        self.env["sms.database"]._check_no_copy()
        provider = company._get_sms_provider()
        if not (provider and provider.can_check()):
            raise UserError(self.env._("Choose a carrier and enter the account first."))
        keys = {"company_id": company.id, "provider": provider.code}
        row_sudo = self._find(company) or self.sudo().create(keys)
        asked = {"wanted": wanted, "wanted_at": fields.Datetime.now()}
        row_sudo.write({**asked, "claimed_at": False, "trouble": False})
        self.env["ir.cron"]._wake_sms("ir_cron_sms_carrier_check")

    # === Lookup ===

    @api.model
    def _get_current(self, company):
        provider = company._get_sms_provider()
        return self._find(company).filtered(
            lambda row: row.fingerprint == self._get_fingerprint(company, provider)
        )

    @api.model
    def _get_open(self, company):
        """Return a company's row if a request is open or has failed.

        The findings of the last check may be valid meanwhile.
        """
        return self._find(company).filtered(lambda row: row.wanted or row.trouble)

    @api.model
    def _find(self, company):
        code = company.sudo().sms_provider
        domain = [("company_id", "=", company.id), ("provider", "=", code)]
        return self.sudo().search(domain, limit=1)

    @api.model
    def _get_fingerprint(self, company, provider):
        looked_at = [provider.account, company._get_sms_url("inbound", provider.code)]
        message = json.dumps(looked_at, sort_keys=True)
        return hmac(self.env(su=True), "sms_carrier_check", message)

    def _get_findings(self, about=None):
        """Return the findings, all or those about one subject."""
        found = [Finding(**values) for values in self.findings or []]
        return [finding for finding in found if about in (None, finding.about)]

    # === Asking: claim, commit, call without a transaction, store ===

    @api.model
    def _run(self):
        """Send the wanted requests, one after the other (cron)."""
        steps = (type(self)._prepare_call, type(self)._record_result)
        work_off_calls(self.env, self._claim, *steps)

    @api.model
    def _claim(self):
        """Claim the next request, skipping those of other workers."""
        if self.env["sms.database"]._is_copy():
            return self.browse()
        now = fields.Datetime.now()
        due = SQL("wanted IS NOT NULL AND COALESCE(claimed_at < %s, TRUE)", now - LEASE)
        row = lock_next(self, due, SQL("wanted_at"))
        row.claimed_at = now
        return row

    def _prepare_call(self):
        company = self.company_id
        provider = company._get_sms_provider(self.provider)
        request = Request(
            self.wanted,
            self.wanted_at,
            provider,
            company._get_sms_url("inbound", self.provider),
            self._get_fingerprint(company, provider),
        )
        return partial(self._get_answer, request)

    @staticmethod
    def _get_answer(request):
        """Ask the carrier; uses the network and not the database.

        :return: the :class:`Request` with the answer
        """
        provider = request.provider
        try:
            if request.wanted == SET_INBOUND:
                provider.set_inbound_url(request.url)
            elif request.wanted == TAKE_NUMBERS:
                return request._replace(numbers=provider.list_numbers())
            return request._replace(findings=provider.check(request.url))
        except Exception as error:  # also a bug in the adapter: the user gets an answer
            if not isinstance(error, LookupFailed):
                _logger.exception("A carrier was not asked")
            if trouble := TROUBLES.get(request.wanted):
                return request._replace(trouble=trouble)
            detail = type(error).__name__
            finding = Finding(CREDENTIALS, UNSURE, "no_answer", detail=detail)
            return request._replace(findings=(finding,))

    def _record_result(self, answered):
        """Store the carrier's answer, in an answered :class:`Request`."""
        if not self.try_lock_for_update():
            return
        if answered.findings:
            self.checked_at = fields.Datetime.now()
            self.fingerprint = answered.fingerprint
            self.findings = [asdict(finding) for finding in answered.findings]
        trouble, wanted = answered.trouble, False
        if answered.wanted == TAKE_NUMBERS and not trouble:
            # Check the account again, with its numbers.
            wanted = self._enter_numbers(answered.numbers) and CHECK
            trouble = "" if wanted else NO_NUMBER
        if self.wanted_at == answered.wanted_at:
            self.write({"wanted": wanted, "trouble": trouble})
        self.claimed_at = False

    def _enter_numbers(self, numbers):
        """Create senders for the account's numbers (E.164); return if any exist."""
        entered = self.company_id.sudo()._get_sms_numbers(self.provider)
        known = entered.mapped("number")
        new = [number for number in numbers if number not in known]
        for number in new:
            values = {"company_id": self.company_id.id, "number": number}
            if "country_id" in entered._fields:
                values["country_id"] = self._get_country(number).id
            entered.create(values)
        return bool(new or known)

    def _get_country(self, number):
        code = dispatch.country_of(number)
        found = self.env["res.country"].search([("code", "=", code)], limit=1)
        return found or self.company_id.country_id

    # === Sentences ===

    @api.model
    def _say(self, finding):
        """Return a finding as sentences: what it is, and what to do."""
        sentence = self.env._(SENTENCES[finding.what])
        return sentence % {"sender": finding.sender, "detail": finding.detail}

    def _say_wanted(self):
        if fields.Datetime.now() - self.wanted_at < ANSWERED_WITHIN:
            return self.env._("The carrier is being asked.")
        return self.env._(
            "The carrier should have been asked by now (%s). Check under Health that "
            "scheduled actions are running.",
            say_moment(self.env, self.wanted_at),
        )

    def _say_trouble(self):
        return self.env._(SENTENCES[self.trouble])
