# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from functools import partial

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ...providers import PROVIDERS
from ...tools import consent, phrases
from ...tools.phone import canonical
from ...tools.texts import clean
from ..core.batch_jobs import DATABASE_FAULTS, contain, undo, work_off_safely
from ..dispatch.sms_webhook_event import TEXT

_logger = logging.getLogger(__name__)
#: Most waiting texts of a number that are taken in before its STOP.
MOST_BEFORE = 5
#: Waiting texts among which a worker looks for a number that no other one is at.
LOOKED_AT = 1000
#: A number with more waiting texts than this, as of a machine, comes after the others.
MANY = 20
#: Whether an opt-out was recorded after the entry that was the ledger's last when a
#: text came, and was given no earlier than the text.
OVERTAKEN = """
    SELECT EXISTS (SELECT FROM sms_consent_event
                    WHERE company_id = %s AND number_hash = %s AND event = %s
                      AND id > %s AND happened_at >= %s)
"""


class SmsWebhookEvent(models.Model):
    """Texts: taken in one by one, those of one number in the order in which they came.

    STOP and START are taken in before the carrier is answered. Earlier texts of the
    number that still wait cannot restore consent: each text knows the last entry of the
    ledger when it came.
    """

    _inherit = "sms.webhook.event"

    ledger_mark = fields.Integer(
        "Last Entry Before", readonly=True, help="The ledger's last entry when it came."
    )

    # === The way in ===

    @api.model
    def _take_text(self, company, event, raw):
        """Accept a text from its carrier, to be processed soon.

        :param InboundEvent event: what ``raw`` says
        :param dict raw: the text as it came, which the carrier has signed
        """
        self._store_text(company, event, raw)
        self._wake_later()

    @api.model
    def _take_text_now(self, company, event, raw):
        """Take a text in before its carrier is answered; if that fails, it waits.

        It is stored first, like any other: nothing that happens here can lose it.
        """
        event_id = self._store_text(company, event, raw)
        self.env.cr.commit()  # pylint: disable=invalid-commit
        number = _get_number(event)
        self.env["sms.number.lock"]._acquire(company, number)
        take = partial(self._receive_in_turn, company, number, event_id)
        failure = "%s: the text cannot be taken in at once"
        if not contain(self.env, take, _logger, failure, self.browse(event_id)):
            self._wake_later()

    @api.model
    def _store_text(self, company, event, raw):
        mark = SQL("(SELECT max(id) FROM sms_consent_event)")
        facts = {"number": _get_number(event), "ledger_mark": mark}
        return self._store(company, event.provider, TEXT, raw, **facts)

    @api.model
    def _receive_in_turn(self, company, number, event_id):
        """Receive a text after those of its number that wait, if they are few."""
        for _text in range(MOST_BEFORE):
            if not self._receive_next(company, number, SQL("id < %s", event_id)):
                break
        # A worker may have been faster.
        self._receive_next(company, number, SQL("id = %s", event_id))
        return True

    # === The worker ===

    @api.model
    def _work_off_text(self):
        """Process the oldest text of those whose number no other worker is at."""
        done = any(self._work_off_number(*found) for found in self._get_numbers())
        # This frees its number, and begins a new transaction for the next one.
        self.env.cr.commit()  # pylint: disable=invalid-commit
        return super()._work_off_text() + done

    @api.model
    def _get_numbers(self):
        """Return pairs of company and number with waiting texts, by their turn."""
        query = """
            SELECT company_id, number
              FROM (SELECT id, company_id, number FROM sms_webhook_event
                     WHERE kind = %s AND is_failed IS NOT TRUE
                  ORDER BY id LIMIT %s) AS waiting
          GROUP BY company_id, number
          ORDER BY count(*) > %s, min(id)
        """
        rows = self.env.execute_query(SQL(query, TEXT, LOOKED_AT, MANY))
        companies = self.env["res.company"]
        return [(companies.browse(company_id), number) for company_id, number in rows]

    @api.model
    def _work_off_number(self, company, number):
        """Process the oldest text of a number; return whether there was one."""
        try:
            return work_off_safely(self, partial(self._receive_locked, company, number))
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            # Conflicts with another transaction again and again: try later.
            undo(self.env)
            return False

    @api.model
    def _receive_locked(self, company, number):
        locks = self.env["sms.number.lock"]
        is_locked = locks._acquire(company, number, is_patient=False)
        return is_locked and self._receive_next(company, number, SQL("TRUE"))

    @api.model
    def _receive_next(self, company, number, condition):
        """Receive a locked number's oldest waiting text; return whether there was one.

        :param SQL condition: which texts
        """
        wanted = "kind = %s AND company_id = %s AND number = %s AND %s"
        if event := self._lock_next(SQL(wanted, TEXT, company.id, number, condition)):
            event._receive_or_keep()
        return bool(event)

    def _receive_or_keep(self):
        """Receive a text; if that fails, keep it where people find it, if possible."""
        try:
            with self.env.cr.savepoint():
                self._receive()
                self.unlink()
        except DATABASE_FAULTS:
            raise
        except Exception as error:  # whatever another module's hook raises
            _logger.exception("%s: the text cannot be taken in", self)
            self._keep(error)

    def _receive(self):
        came = (self.received_at, self._is_overtaken())
        inbounds = self.env["sms.inbound"]
        return inbounds._receive(self.company_id, self._parse_text(), *came)

    def _keep(self, error):
        def keep():
            receive = self.env["sms.inbound"]._receive_failed
            receive(self.company_id, self._parse_text(), self.received_at, error)
            return self.unlink()

        if not contain(self.env, keep, _logger, "%s: the text cannot be kept", self):
            self.is_failed = True

    def _says_no(self):
        """Return whether a text ends consent, by keyword or in the person's words."""
        text = self._parse_text()
        if self.env["sms.inbound.router"]._is_urgent(self.company_id, text):
            return True
        return phrases.classify(text.body) in phrases.ENDING

    def _parse_text(self):
        return PROVIDERS[self.provider].parse_inbound(self.raw)

    def _is_overtaken(self):
        """Return whether an opt-out that came after the text was recorded before."""
        hashes = self.env["sms.consent.key"]._hash([self.number])
        sender = (self.company_id.id, hashes.get(self.number, ""))
        text = (consent.REVOKED, self.ledger_mark, self.received_at)
        return self.env.execute_query(SQL(OVERTAKEN, *sender, *text))[0][0]


def _get_number(event):
    """Return the sender in the form that identifies its texts."""
    return canonical(clean(event.number).strip())
