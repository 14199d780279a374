# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Know names among the senders: they were taken for short codes."""


def migrate(cr, _version):
    """Mark them as what nobody can answer."""
    cr.execute(
        """
        UPDATE sms_sender
           SET kind = 'alphanumeric', is_one_way = TRUE
         WHERE kind = 'short_code' AND address ~ '[[:alpha:]]'
        """
    )
