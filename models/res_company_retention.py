# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from dateutil.relativedelta import relativedelta

from odoo import fields, models

from .sms_redaction import DELETE, EMPTY, KEEP

#: What is kept for how long: the field that says so, and its unit.
TIMES = {
    "text": ("sms_keep_text_months", "months"),
    "raw": ("sms_keep_raw_months", "months"),
    "consent": ("sms_keep_consent_years", "years"),
    "opt_out": ("sms_keep_opt_out_years", "years"),
}


class ResCompany(models.Model):
    """How long a company keeps what identifies people. 0 is for ever, everywhere.

    The defaults are what the law asks to be kept at least: five years after a consent
    has ended (16 CFR 310.5), ten for an opt-out (Virginia). The words of texts go when
    a company says so and not before: they are part of its tickets.
    """

    _inherit = "res.company"

    sms_keep_text_months = fields.Integer(
        "Months to Keep Texts",
        default=0,
        help="The words and numbers of texts, sent and received, and their copies in "
        "the chatter. 0: for ever.",
    )
    sms_keep_raw_months = fields.Integer(
        "Months to Keep Raw Texts",
        default=13,
        help="Received texts as the carrier brought them, with city and network. What "
        "they say is kept apart from it. 0: for ever.",
    )
    sms_keep_consent_years = fields.Integer(
        "Years to Keep Ended Consent",
        default=5,
        help="The evidence of consent, after it has ended and after the last text. The "
        "US ask for five years (16 CFR 310.5). 0: for ever.",
    )
    sms_keep_opt_out_years = fields.Integer(
        "Years to Keep Opt-outs",
        default=10,
        help="Who has opted out, and in which words. Virginia asks for ten years. The "
        "opt-out itself blocks for ever. 0: for ever.",
    )

    sms_redaction = fields.Selection(
        [
            (KEEP, "Leave them there"),
            (EMPTY, "Remove their words and pictures"),
            (DELETE, "Delete them altogether"),
        ],
        "Forgotten Texts at the Carrier",
        required=True,
        default=KEEP,
        help="What happens at the carrier to texts that are forgotten here, because of "
        "their age or because a person is erased. It cannot be undone. Twilio alone "
        "removes single texts; its backups may hold them for 30 days more.",
    )

    _sms_keep_positive = models.Constraint(
        "CHECK (sms_keep_text_months BETWEEN 0 AND 1200"
        " AND sms_keep_raw_months BETWEEN 0 AND 1200"
        " AND sms_keep_consent_years BETWEEN 0 AND 100"
        " AND sms_keep_opt_out_years BETWEEN 0 AND 100)",
        "What is kept is kept for a hundred years at most. 0 keeps it for ever.",
    )

    def _get_sms_limits(self):
        """Return the times before which things are too old to be kept.

        :return: ``{key of TIMES: datetime (UTC), or None where it is kept for ever}``
        """
        self.ensure_one()
        company_sudo = self.sudo()
        return get_limits({kind: company_sudo[TIMES[kind][0]] for kind in TIMES})


def get_limits(amounts):
    """Return limits as :meth:`ResCompany._get_sms_limits` does, for given times.

    :param dict amounts: ``{key of TIMES: number of its units, 0 for ever}``
    """
    now = fields.Datetime.now()
    return {
        kind: now - relativedelta(**{unit: amounts[kind]}) if amounts[kind] else None
        for kind, (_name, unit) in TIMES.items()
    }
