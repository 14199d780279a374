# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fill the new stored fields of tickets that lists of conversations computed so far."""

FAILED = (
    "(sms.state = 'error' OR sms.state = 'canceled' AND sms.gate_verdict = 'block')"
)


def migrate(cr, _version):
    """Mark tickets with a personal or failed text, and those whose last text failed."""
    cr.execute(
        f"""
        UPDATE helpdesk_ticket
           SET sms_is_conversation = TRUE
         WHERE sms_is_conversation IS NOT TRUE
           AND (sms_last_inbound_at IS NOT NULL OR id IN (
               SELECT message.res_id
                 FROM sms_sms sms
                 JOIN mail_message message ON message.id = sms.mail_message_id
                WHERE message.model = 'helpdesk.ticket'
                  AND (sms.is_personal OR {FAILED})))
        """
    )
    cr.execute(
        f"""
        UPDATE helpdesk_ticket
           SET sms_last_failed = TRUE
         WHERE sms_last_failed IS NOT TRUE AND id IN (
             SELECT ticket_id
               FROM (SELECT DISTINCT ON (message.res_id)
                            message.res_id AS ticket_id, {FAILED} AS has_failed
                       FROM sms_sms sms
                       JOIN mail_message message ON message.id = sms.mail_message_id
                      WHERE message.model = 'helpdesk.ticket'
                      ORDER BY message.res_id, message.id DESC, sms.id DESC) newest
              WHERE has_failed)
        """
    )
