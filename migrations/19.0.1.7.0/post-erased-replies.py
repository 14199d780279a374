# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Forget the number to reply to in texts that were erased before it was forgotten."""


def migrate(cr, _version):
    """Empty it where the sender is empty; an e-mail address is the company's own."""
    cr.execute(
        """
        UPDATE mail_message
           SET reply_to = NULL
         WHERE message_type = 'sms' AND email_from IS NULL AND reply_to NOT LIKE '%@%'
        """
    )
