# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Clear the reply-to number of texts erased before erasure included it."""


def migrate(cr, _version):
    """Clear it where the sender was erased; an e-mail address is the company's own."""
    cr.execute(
        """
        UPDATE mail_message
           SET reply_to = NULL
         WHERE message_type = 'sms' AND email_from IS NULL AND reply_to NOT LIKE '%@%'
        """
    )
