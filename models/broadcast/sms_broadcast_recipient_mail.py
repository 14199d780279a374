# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

#: Outcomes of those who will get it by e-mail, or did.
MAIL, MAILED = TOLD_BY_MAIL = ("mail", "mailed")
#: Reasons why others do not.
NO_ADDRESS, EXCLUDED, SAME_ADDRESS = ("no_address", "excluded", "same_address")
MAIL_CALLED_OFF = "cancelled"


class SmsBroadcastRecipient(models.Model):
    """Adds whether somebody who gets no text of an incident's news gets an e-mail."""

    _inherit = "sms.broadcast.recipient"

    mail_outcome = fields.Selection(
        [
            (MAIL, "Gets it by e-mail"),
            (MAILED, "By e-mail"),
            (NO_ADDRESS, "No text, and no e-mail address"),
            (EXCLUDED, "No text, and wants no e-mail (exclusion list)"),
            (SAME_ADDRESS, "Shares its e-mail address with another recipient"),
            (MAIL_CALLED_OFF, "Cancelled before it was mailed"),
        ],
        "E-mail",
        readonly=True,
        help="Empty: gets a text, or nothing.",
    )

    _mail_index = models.Index(
        "(broadcast_id, mail_outcome, id) WHERE mail_outcome IS NOT NULL"
    )
