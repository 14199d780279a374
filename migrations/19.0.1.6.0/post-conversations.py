# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Note on tickets that they are conversations: so far each list found it out anew."""


def migrate(cr, _version):
    """Mark those where somebody has written, or a text has failed."""
    cr.execute(
        """
        UPDATE helpdesk_ticket
           SET sms_is_conversation = TRUE
         WHERE sms_is_conversation IS NOT TRUE
           AND (sms_last_inbound_at IS NOT NULL OR id IN (
               SELECT message.res_id
                 FROM sms_sms sms
                 JOIN mail_message message ON message.id = sms.mail_message_id
                WHERE message.model = 'helpdesk.ticket'
                  AND (sms.is_personal OR sms.state = 'error'
                       OR sms.state = 'canceled' AND sms.gate_verdict = 'block')))
        """
    )
