# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from dateutil.relativedelta import relativedelta

from odoo import fields, models
from odoo.fields import Domain

from ..core.batch_jobs import try_work_off

#: Rows erased between two commits.
BATCH_SIZE = 1000
#: Company field with the retention time, and its unit, by kind of data.
TIMES = {
    "text": ("sms_keep_text_months", "months"),
    "raw": ("sms_keep_raw_months", "months"),
    "consent": ("sms_keep_consent_years", "years"),
    "opt_out": ("sms_keep_opt_out_years", "years"),
}


class SmsRetention(models.AbstractModel):
    """Erases personal data after each company's retention times.

    By the same methods as an erasure, see ``sms.personal.data``. No opt-out is undone
    and no link of the chain is changed: only the person's identity is erased.
    """

    _name = "sms.retention"
    _description = "Retention of Text Messages"

    def _run(self):
        """Erase overdue data, company by company, in batches (cron)."""
        for company in self.env["res.company"]._get_sms_all():
            limits = company._get_sms_limits()
            for _label, records, domain, forget in self._get_kinds(company, limits):
                if not self._forget_overdue(records, domain, forget):
                    return

    def _forget_overdue(self, records, domain, forget):
        """Erase overdue data of one kind; return whether the cron has time left.

        Each batch continues after the last id, to skip rows that are already erased.
        """
        is_full, last_id = True, 0
        while is_full:
            behind = Domain(domain) & Domain("id", ">", last_id)
            batch = records.search(behind, limit=BATCH_SIZE, order="id")
            is_full = len(batch) == BATCH_SIZE
            last_id = batch[-1:].id
            self._forget_safely(batch, forget)
            cron = self.env["ir.cron"]
            if not cron._commit_progress(len(batch), remaining=int(is_full)):
                return False
        return True

    def _forget_safely(self, batch, forget):
        """Erase a batch; a row that cannot be erased does not keep the others."""
        if not try_work_off(batch, lambda: [forget(batch)]) and len(batch) > 1:
            for row in batch:
                self._forget_safely(row, forget)
                self.env["ir.cron"]._commit_progress()

    def _get_kinds(self, company, limits):
        """Yield label, model, domain and method of overdue data, in order.

        A number is erased after its evidence.
        """
        labels = {
            "sms.sms": self.env._("Texts sent"),
            "sms.inbound": self.env._("Texts received"),
            "sms.question": self.env._("Questions and their answers"),
            "sms.broadcast.recipient": self.env._("Recipients of broadcasts"),
            "sms.incident.mute": self.env._("Muted incidents"),
            "sms.subscription": self.env._(
                "Subscriptions that ended or were never confirmed"
            ),
            "sms.team.alert.entry": self.env._("Timelines of team alerts"),
            "sms.consent.review": self.env._("Reviews of possible opt-outs"),
            "sms.carrier.difference": self.env._("Differences to the carrier"),
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
            "sms.webhook.event": self.env._("Texts and reports not processed"),
        }
        for name, label in raw_labels.items():
            records = self.env[name].sudo()
            domain = Domain("raw", "!=", False) & Domain("company_id", "=", company.id)
            limit = limits["raw"]
            domain &= Domain("received_at", "<", limit) if limit else Domain.FALSE
            yield label, records, domain, type(records)._forget_raw

    def _count(self, company, limits):
        """Return the overdue data, as a list of pairs of a count and a label."""
        return [
            (records.search_count(domain), label)
            for label, records, domain, _forget in self._get_kinds(company, limits)
        ]


def get_limits(amounts):
    """Return the times before which data is overdue.

    :param dict amounts: number of units by key of :data:`TIMES`; 0: keep forever
    :return: ``{key: datetime (UTC), or None to keep forever}``
    """
    now = fields.Datetime.now()
    return {
        kind: now - relativedelta(**{unit: amounts[kind]}) if amounts[kind] else None
        for kind, (_name, unit) in TIMES.items()
    }
