# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from ..providers import PROVIDERS

#: Rows that are given a sender at once, after the company's account has changed.
ASSIGN_SIZE = 1000


class SmsDispatcher(models.AbstractModel):
    """What waits for a sender that cannot send it: another one takes its place."""

    _inherit = "sms.dispatcher"

    @api.model
    def _assign_senders(self):
        """Give a sender to what waits for none that sends for its company.

        Its sender is gone, or it is old; or this database is a neutralized copy; or
        its sender has stopped, and the company has a second carrier.
        """
        self.env["sms.sms"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT sms.id FROM sms_sms sms
                  JOIN res_company company ON company.id = sms.record_company_id
                 WHERE sms.state = 'outgoing'
                   AND (sms.sender_id IS NULL OR sms.sender_id = ANY(ARRAY(
                           SELECT sender.id FROM sms_sender sender
                             JOIN res_company own ON own.id = sender.company_id
                            WHERE NOT sender.active
                               OR sender.provider NOT IN (
                                      COALESCE(own.sms_provider, ''),
                                      COALESCE(own.sms_backup_provider, '')
                                  )
                               OR %s
                       )))
                   AND company.sms_provider = ANY(%s)
                 LIMIT %s
                   FOR UPDATE OF sms SKIP LOCKED
                """,
                self._get_replaced_condition(),
                list(PROVIDERS),
                ASSIGN_SIZE,
            )
        )
        messages = self._browse(rows)
        for company, waiting in messages.grouped("record_company_id").items():
            self._assign(company, waiting)
        # An account without a sender: the gate says so on the message.
        messages.filtered(lambda sms: not sms.sender_id)._ask_gate()
        messages.flush_recordset()

    @api.model
    def _get_replaced_condition(self):
        """Return when the other carrier takes the place of a sender that has stopped.

        Its fault asks for that, and the other carrier has one that may send. When its
        pause is over it is tried again, by the next message that is made.

        :return: condition on ``sender`` and its company ``own``
        :rtype: SQL
        """
        return SQL(
            """
            (own.sms_backup_provider IS NOT NULL AND sender.stopped_until > %(now)s
             AND EXISTS (SELECT 1 FROM sms_fault fault
                          WHERE fault.id = sender.fault_id AND fault.use_backup)
             AND EXISTS (SELECT 1 FROM sms_sender other
                          WHERE other.company_id = own.id AND other.active
                            AND other.provider != sender.provider
                            AND other.provider IN (own.sms_provider,
                                                   own.sms_backup_provider)
                            AND COALESCE(other.stopped_until, %(now)s) <= %(now)s))
            """,
            now=fields.Datetime.now(),
        )

    @api.model
    def _assign(self, company, waiting):
        """Give senders to messages of one company that wait for none.

        :param company: ``res.company``
        :param waiting: ``sms.sms``, locked
        """
        carriers = company._get_sms_carriers()
        if not company._get_sms_sender_ids(carriers[0]):
            self.env["sms.sender"]._sync(company)
        stopped = waiting.filtered(
            lambda sms: sms.sender_id.active and sms.sender_id.provider in carriers
        )
        for sender, messages in stopped.grouped("sender_id").items():
            [code] = set(carriers) - {sender.provider}
            chosen = messages._choose_open_senders(company, code)
            found = {sms_id: it for sms_id, it in chosen.items() if it}
            self._give_senders(found, {"refused_by": sender.provider})
        others = waiting - stopped
        self._give_senders(others._choose_senders(company, carriers[0]), {})

    @api.model
    def _give_senders(self, chosen, values):
        """Write down which senders were chosen, in few writes.

        :param dict chosen: ``sms.sender`` by message id, empty where there is none
        :param dict values: what is written along
        """
        messages = self.env["sms.sms"].browse(chosen)
        for sender, own in messages.grouped(lambda sms: chosen[sms.id]).items():
            own.write({"sender_id": sender.id, **values})
