# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain

from .sms_redaction import DELETE, EMPTY, KEEP

#: Rows that are forgotten between two commits.
BATCH_SIZE = 1000
#: What is kept for how long: the field that says so, and its unit.
TIMES = {
    "text": ("sms_keep_text_months", "months"),
    "raw": ("sms_keep_raw_months", "months"),
    "consent": ("sms_keep_consent_years", "years"),
    "opt_out": ("sms_keep_opt_out_years", "years"),
}


class SmsRetention(models.AbstractModel):
    """Forgets what has been kept for long enough, by each company's times.

    With the same methods as an erasure, see ``sms.personal.data``. No opt-out is ever
    undone and no link of the chain is touched: what goes is who it was.
    """

    _name = "sms.retention"
    _description = "Retention of Text Messages"

    @api.model
    def _run(self):
        """Forget what is overdue, company by company, in batches (a cron)."""
        for company in self.env["res.company"].sudo().search([]):
            limits = company._get_sms_limits()
            for _label, records, domain, forget in self._get_kinds(company, limits):
                if not self._forget_overdue(records, domain, forget):
                    return

    @api.model
    def _forget_overdue(self, records, domain, forget):
        """Forget what is overdue of one kind; say if the cron has time left."""
        is_full = True
        while is_full:
            batch = records.search(domain, limit=BATCH_SIZE, order="id")
            is_full = len(batch) == BATCH_SIZE
            forget(batch)
            cron = self.env["ir.cron"]
            if not cron._commit_progress(len(batch), remaining=int(is_full)):
                return False
        return True

    @api.model
    def _get_kinds(self, company, limits):
        """Yield what may be overdue: a label, a model, its domain, and how to forget.

        In the order in which it goes: a number goes after its evidence.
        """
        labels = {
            "sms.sms": self.env._("Texts sent"),
            "sms.inbound": self.env._("Texts received"),
            "sms.question": self.env._("Questions and their answers"),
            "sms.broadcast.recipient": self.env._("Recipients of broadcasts"),
            "sms.consent.review": self.env._("Reviews of possible opt-outs"),
            "sms.consent.evidence": self.env._("Pieces of evidence"),
            "sms.consent": self.env._("Numbers whose evidence is gone"),
        }
        for name, label in labels.items():
            records = self.env[name].sudo().with_context(active_test=False)
            domain = records._get_overdue_domain(company, limits)
            yield label, records, domain, type(records)._forget
        raw_labels = {
            "sms.inbound": self.env._("Raw forms of received texts"),
            "sms.report": self.env._("Raw forms of delivery reports"),
        }
        for name, label in raw_labels.items():
            records = self.env[name].sudo()
            domain = self._get_overdue_raw_domain(company, limits)
            yield label, records, domain, type(records)._forget_raw

    @api.model
    def _get_overdue_raw_domain(self, company, limits):
        """Return the domain of events whose raw form has been kept for long enough."""
        limit = limits["raw"]
        if not limit:
            return Domain.FALSE
        return (
            Domain("company_id", "=", company.id)
            & Domain("received_at", "<", limit)
            & Domain("raw", "!=", False)
        )

    @api.model
    def _count(self, company, limits):
        """Return what is overdue now: list of pairs of a count and a label."""
        return [
            (records.search_count(domain), label)
            for label, records, domain, _forget in self._get_kinds(company, limits)
        ]


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
