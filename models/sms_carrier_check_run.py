# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from dataclasses import asdict
from datetime import timedelta
from typing import NamedTuple

import phonenumbers

from odoo import api, fields, models
from odoo.tools import SQL

from ..providers.account import CREDENTIALS, UNSURE, Finding
from ..providers.base import LookupFailed
from .row_lock import lock_next
from .sms_carrier_check import CHECK, SET_INBOUND, TAKE_NUMBERS

_logger = logging.getLogger(__name__)

#: A question without an answer for so long was left behind by a crash: it is asked
#: again, which does no harm.
LEASE = timedelta(minutes=5)
#: Why the carrier has not done what was wanted.
NOT_TAKEN, NOT_SHOWN, NO_NUMBER = ("not_taken", "not_shown", "no_number")
#: What the carrier did not do: why, as far as is known.
TROUBLES = {SET_INBOUND: NOT_TAKEN, TAKE_NUMBERS: NOT_SHOWN}


class Question(NamedTuple):
    """What is needed to ask a carrier, without the database.

    :param object provider: the adapter with the account
    :param str url: where texts that come in must go
    """

    wanted: str
    provider: object
    url: str
    fingerprint: str


class Answer(NamedTuple):
    """What came of it: what was found, or why it was not done, or the numbers."""

    findings: tuple = ()
    trouble: str = ""
    numbers: tuple = ()


class SmsCarrierCheck(models.Model):
    """Asks the carriers: claims, commits, asks without a transaction, writes."""

    _inherit = "sms.carrier.check"

    @api.model
    def _run(self):
        """Ask what is wanted, one after the other (a cron)."""
        cron = self.env["ir.cron"]
        while row := self._claim():
            question, wanted_at = row._get_question(), row.wanted_at
            cron._commit_progress(remaining=1)
            answer = self._get_answer(question)
            row._settle(question, answer, wanted_at)
            if not cron._commit_progress(1, remaining=1):
                return
        cron._commit_progress(remaining=0)

    @api.model
    def _claim(self):
        """Take the next question; others are left to other workers."""
        now = fields.Datetime.now()
        due = SQL("wanted IS NOT NULL AND COALESCE(claimed_at < %s, TRUE)", now - LEASE)
        row = lock_next(self, due, SQL("wanted_at"))
        row.claimed_at = now
        return row

    def _get_question(self):
        """Return what is asked, by the account as it is now."""
        company = self.company_id
        provider = company._get_sms_provider(self.provider)
        return Question(
            self.wanted,
            provider,
            company._get_sms_url("inbound", self.provider),
            self._get_fingerprint(company, provider),
        )

    @staticmethod
    def _get_answer(question):
        """Ask the carrier. Touches the network and not the database.

        :param Question question: what is wanted
        :rtype: Answer
        """
        provider = question.provider
        try:
            if question.wanted == SET_INBOUND:
                provider.set_inbound_url(question.url)
            elif question.wanted == TAKE_NUMBERS:
                return Answer(numbers=provider.list_numbers())
            return Answer(provider.check(question.url))
        except Exception as error:  # a fault of the adapter too: nobody waits for ever
            if not isinstance(error, LookupFailed):
                _logger.exception("A carrier was not asked")
            if trouble := TROUBLES.get(question.wanted):
                return Answer(trouble=trouble)
            detail = type(error).__name__
            return Answer((Finding(CREDENTIALS, UNSURE, "no_answer", detail=detail),))

    def _settle(self, question, answer, wanted_at):
        """Write down what the carrier answered.

        :param Question question: what was asked
        :param Answer answer: what came of it
        :param datetime wanted_at: when it was wanted: who wants more meanwhile gets it
        """
        self.invalidate_recordset()
        if not self.try_lock_for_update():
            return
        if answer.findings:
            self.write(
                {
                    "checked_at": fields.Datetime.now(),
                    "fingerprint": question.fingerprint,
                    "findings": [asdict(finding) for finding in answer.findings],
                }
            )
        trouble, wanted = answer.trouble, False
        if question.wanted == TAKE_NUMBERS and not trouble:
            # Then what there is now is looked at.
            wanted = self._enter_numbers(answer.numbers) and CHECK
            trouble = "" if wanted else NO_NUMBER
        if self.wanted_at == wanted_at:
            self.write({"wanted": wanted, "trouble": trouble})
        self.claimed_at = False

    def _enter_numbers(self, numbers):
        """Enter the account's numbers as senders.

        :param numbers: E.164
        :return: whether there is any to send by now
        """
        entered = self.company_id.sudo()._get_sms_numbers(self.provider)
        known = entered.mapped("number")
        new = [number for number in numbers if number not in known]
        entered.create([self._get_number_values(entered, number) for number in new])
        return bool(new or known)

    def _get_number_values(self, entered, number):
        """Return the values of one of our numbers, in the carrier's own list."""
        values = {"company_id": self.company_id.id, "number": number}
        if "country_id" in entered._fields:
            values["country_id"] = self._get_country(number).id
        return values

    def _get_country(self, number):
        """Return the country of one of our numbers, else the company's."""
        parsed = phonenumbers.parse(number)
        code = phonenumbers.region_code_for_number(
            parsed
        ) or phonenumbers.region_code_for_country_code(parsed.country_code)
        found = self.env["res.country"].search([("code", "=", code)], limit=1)
        return found or self.company_id.country_id
