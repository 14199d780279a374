# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Record when earlier broadcasts have ended, so that nobody is notified of it now."""


def migrate(cr, _version):
    """Take the time of their texts' last change; mark recipients who were left out."""
    cr.execute(
        """
        UPDATE sms_broadcast own SET finished_at = COALESCE(
               (SELECT max(write_date) FROM sms_sms WHERE broadcast_id = own.id),
               own.started_at)
         WHERE own.state IN ('sent', 'cancelled') AND own.started_at IS NOT NULL
           AND own.finished_at IS NULL
           AND NOT EXISTS (
               SELECT 1 FROM sms_sms WHERE broadcast_id = own.id
                         AND state IN ('outgoing', 'process', 'unknown'))
        """
    )
    cr.execute(
        """
        UPDATE sms_broadcast_recipient own SET outcome = 'cancelled'
          FROM sms_broadcast ended
         WHERE ended.id = own.broadcast_id AND ended.state = 'cancelled'
           AND own.outcome IN ('will', 'held')
        """
    )
    cr.execute(
        """
        UPDATE sms_broadcast_recipient own SET mail_outcome = 'cancelled'
          FROM sms_broadcast ended
         WHERE ended.id = own.broadcast_id AND ended.state = 'cancelled'
           AND own.mail_outcome = 'mail'
        """
    )
