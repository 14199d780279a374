# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from contextlib import suppress

from odoo import models
from odoo.tools import SQL

from ..dispatch.sms_sms_reports import query_last_said
from ..ledger.sms_consent_key import ConsentKeyError

#: Longest text that is looked up as a command (characters).
WORD_LENGTH = 40
#: Key in ``cr.cache`` of what is known of the sender of the newest text.
SENDER = "helpdesk_mgmt_sms.sender"


class SmsInboundRouter(models.AbstractModel):
    """Facts on a text's sender, looked up by one query when the text comes.

    Nearly every text needs most of them, and a query costs more than what it finds.
    """

    _inherit = "sms.inbound.router"

    def _get_sender(self, inbound):
        """Return what was known of a text's sender when it came, by column."""
        inbound_id, sender = self.env.cr.cache.get(SENDER, (None, None))
        if inbound_id != inbound.id:
            sender = self._read_sender(inbound)
            self.env.cr.cache[SENDER] = (inbound.id, sender)
        return sender

    def _read_sender(self, inbound):
        if not inbound.number:
            return defaultdict(lambda: None)  # nothing is known without a number
        self.env.flush_all()
        columns, enter = self._get_sender_columns(inbound), None
        if self._is_word(inbound):
            # With a wrong key nothing can be known; that is raised where it is needed.
            with suppress(ConsentKeyError):
                columns["known"], enter = self.env["sms.consent"]._prepare_known_column(
                    inbound.company_id, inbound.number
                )
        query = SQL("SELECT %s", SQL(", ").join(columns.values()))
        [row] = self.env.execute_query(query)
        sender = dict(zip(columns, row, strict=True))
        if enter:
            enter(sender["known"])
        return sender

    def _is_word(self, inbound):
        """Return whether a text is a keyword, for which the ledger must be read."""
        is_short = len(inbound.body or "") <= WORD_LENGTH
        return is_short and bool(self._find_word(inbound)[0])

    def _get_sender_columns(self, inbound):
        """Return what to look up of a text's sender: SQL expressions by name.

        Each is one value: a subquery for one row, or an array. Rooms add to them.
        """
        company, number = inbound.company_id, inbound.number
        contacts = self.env["sms.number.claim"]._query_contacts(company, number)
        addresses = inbound._get_addresses()
        senders = self.env["sms.sender"]._find_companies(inbound)
        last_said = query_last_said(senders, number)
        return {
            "partner_ids": SQL("ARRAY%s", contacts.subselect()),
            "team_id": self.env["sms.sender"]._query_team(company, addresses),
            "unusable_ids": SQL(
                """ARRAY(SELECT id FROM sms_unusable_number
                          WHERE company_id = ANY(%s) AND number = %s)""",
                senders.ids,
                number,
            ),
            "lang": SQL(
                """(SELECT lang FROM sms_inbound
                     WHERE company_id = %s AND number = %s AND lang IS NOT NULL
                  ORDER BY id DESC LIMIT 1)""",
                company.id,
                number,
            ),
            "is_asked": SQL(
                """EXISTS (SELECT FROM sms_question
                            WHERE company_id = ANY(%s) AND number = %s
                              AND state = 'open' AND expires_at > %s)""",
                senders.ids,
                number,
                inbound.received_at,
            ),
            # Of the last text to them, unless it was an answer to one of theirs.
            "last_purpose_id": SQL(
                "(SELECT CASE WHEN exemption IS NULL THEN purpose_id END %s)",
                last_said,
            ),
            "last_company_id": SQL("(SELECT record_company_id %s)", last_said),
            "last_personal_id": SQL(
                "(SELECT CASE WHEN is_personal THEN id END %s)", last_said
            ),
        }
