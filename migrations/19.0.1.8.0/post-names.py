# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Mark alphanumeric senders, which were taken for short codes."""


def migrate(cr, _version):
    """Mark them as alphanumeric, and as one-way: nobody can reply to a name."""
    cr.execute(
        """
        UPDATE sms_sender
           SET kind = 'alphanumeric', is_one_way = TRUE
         WHERE kind = 'short_code' AND address ~ '[[:alpha:]]'
        """
    )
