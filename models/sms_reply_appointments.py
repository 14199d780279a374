# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

CONFIRMED = "appointment_confirmed"
CALLED_OFF = "appointment_called_off"
TIMES = "appointment_times"
PERSON = "appointment_person"
WHICH = "appointment_which"
LATE = "appointment_late"
STOP_MEANT = "stop_appointment"


class SmsReply(models.Model):
    """Answers to what a customer has answered about an appointment.

    Placeholders besides: {when}, {technician}, {choices} (numbered, one a line).
    """

    _inherit = "sms.reply"

    code = fields.Selection(
        selection_add=[
            (CONFIRMED, "After an appointment is confirmed"),
            (CALLED_OFF, "After an appointment is called off by its customer"),
            (TIMES, "Offers other times for an appointment"),
            (PERSON, "Hands an appointment over to a person"),
            (WHICH, "Asks which of several appointments is meant"),
            (LATE, "An appointment is too near to be changed by text"),
            (STOP_MEANT, "After CANCEL, where an appointment may be meant"),
        ],
        ondelete={
            code: "cascade"
            for code in (CONFIRMED, CALLED_OFF, TIMES, PERSON, WHICH, LATE, STOP_MEANT)
        },
    )
