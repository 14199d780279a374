# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools.misc import format_datetime

from ..providers.account import CREDENTIALS, INBOUND, SENDERS
from .sms_carrier_check_run import NO_NUMBER, NOT_SHOWN, NOT_TAKEN

#: Longer than a cron and a carrier take: something is wrong here.
ANSWERED_WITHIN = timedelta(minutes=2)


class SmsCarrierCheck(models.Model):
    """What a check of the account has found, in sentences: what it is, what to do."""

    _inherit = "sms.carrier.check"

    @api.model
    def _say(self, finding):
        """Return a finding as a sentence.

        :param Finding finding: see :meth:`_get_findings`
        """
        sentences = {
            CREDENTIALS: self._get_credentials_sentences,
            SENDERS: self._get_senders_sentences,
            INBOUND: self._get_inbound_sentences,
        }[finding.about]()
        sentences["no_answer"] = self.env._(
            "The carrier gave no answer (%(detail)s). Try again in a moment."
        )
        values = {"sender": finding.sender, "detail": finding.detail}
        return sentences[finding.what] % values

    def _say_wanted(self):
        """Return that the carrier is being asked, and what to do if it takes long."""
        if fields.Datetime.now() - self.wanted_at < ANSWERED_WITHIN:
            return self.env._("The carrier is being asked.")
        return self.env._(
            "The carrier should have been asked at %s. See under Health if scheduled "
            "actions run.",
            format_datetime(self.env, self.wanted_at),
        )

    def _say_trouble(self):
        """Return why the carrier has not done what was wanted, and what to do."""
        return {
            NOT_TAKEN: self.env._(
                "The carrier did not take the address. Check the account, then try "
                "again, or enter the address there by hand."
            ),
            NOT_SHOWN: self.env._(
                "The carrier did not show its numbers. Check the account."
            ),
            NO_NUMBER: self.env._(
                "The account has no number that can text. Get one there."
            ),
        }[self.trouble]

    @api.model
    def _get_credentials_sentences(self):
        """Return what is said of account, token and key."""
        return {
            "accepted": self.env._("The carrier takes the credentials."),
            "trial": self.env._(
                "The carrier takes the credentials. It is a trial account: it texts "
                "only numbers that were verified there."
            ),
            "token_refused": self.env._(
                "The carrier refuses the account and its token. Copy both again from "
                "its console."
            ),
            "key_refused": self.env._(
                "The carrier refuses the API key. Make a new one, or leave it empty."
            ),
            "api_key_refused": self.env._(
                "The carrier refuses the API key. Copy it again, or make a new one."
            ),
            "public_key_malformed": self.env._(
                "The public key is not whole. Copy it again from the carrier's "
                "console: without it no text that comes in is taken."
            ),
            "account_closed": self.env._(
                "The account is %(detail)s. Ask the carrier what it takes to open it."
            ),
        }

    @api.model
    def _get_senders_sentences(self):
        """Return what is said of numbers and services that texts leave by."""
        return {
            "owned": self.env._("%(sender)s is the account's, and can text."),
            "not_owned": self.env._(
                "%(sender)s is not in this account. Take one that is."
            ),
            "cannot_text": self.env._(
                "%(sender)s cannot send texts. Take another number."
            ),
            "service_empty": self.env._(
                "The Messaging Service %(sender)s has no number. Add one there."
            ),
            "no_profile": self.env._(
                "%(sender)s has no messaging profile, and cannot text without one. "
                "Give it one there."
            ),
            "profile_off": self.env._(
                "The messaging profile %(sender)s is switched off. Switch it on there."
            ),
            "pool_off": self.env._(
                "The messaging profile %(sender)s has no number pool. Switch the pool "
                "on there, or enter numbers here instead of the profile."
            ),
            "profile_empty": self.env._(
                "The messaging profile %(sender)s has no number. Add one there."
            ),
            "not_chosen": self.env._(
                "No number sends yet. The account has: %(detail)s"
            ),
            "no_number": self.env._(
                "The account has no number that can text. Get one there."
            ),
        }

    @api.model
    def _get_inbound_sentences(self):
        """Return what is said of where texts go that come in."""
        return {
            "ours": self.env._("Texts to %(sender)s come here."),
            "empty": self.env._("Texts to %(sender)s go nowhere."),
            "elsewhere": self.env._("Texts to %(sender)s go to %(detail)s."),
            "application": self.env._(
                "Texts to %(sender)s go to an application at the carrier."
            ),
            "old_version": self.env._(
                "Texts to %(sender)s come here in an old form; they must come in that "
                "of API version 2."
            ),
            "not_post": self.env._(
                "Texts to %(sender)s come here by GET; they must come by POST."
            ),
        }
