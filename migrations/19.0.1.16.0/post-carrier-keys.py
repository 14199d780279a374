# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Store the keys of messages that were posted, and may be posted again."""


def migrate(cr, _version):
    """Keep the keys that these messages had, so that none is accepted twice."""
    cr.execute(
        """
        UPDATE sms_sms
           SET carrier_key = concat_ws(
                   '-', uuid, EXTRACT(EPOCH FROM tried_at)::bigint,
                   COALESCE(EXTRACT(EPOCH FROM sent_at)::bigint, 0))
         WHERE state IN ('outgoing', 'process', 'unknown') AND tried_at IS NOT NULL
        """
    )
