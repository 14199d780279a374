# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import formatLang

from ...tools import consent
from ..core.batch_jobs import repeat_after_commit
from ..inbound import sms_consent_review
from ..ledger.ledger_guards import ENTERED_AT, ENTERED_BY

#: Method of ledger events that end a consent because its evidence is erased.
METHOD = "erasure"


class SmsErasure(models.Model):
    """The record that a person was erased at their request: when and by whom.

    It proves that the request was honored, without personal data. Created only by
    :meth:`_erase`, the only way to erase a person. Append-only by the ledger's trigger.
    """

    _name = "sms.erasure"
    _description = "Erasure of a Person"
    _inherit = "sms.ledger.row"
    _rec_name = "erased_at"
    _log_access = False

    company_id = fields.Many2one(index=True)
    erased_at = fields.Datetime("When", **ENTERED_AT)
    user_id = fields.Many2one(string="Erased By", **ENTERED_BY)
    number_hash = fields.Char(
        "Number (Keyed Hash)",
        required=True,
        readonly=True,
        help="Shows that a number was erased when it is looked up again.",
    )
    reason = fields.Char("Request", required=True, readonly=True)
    is_opt_out = fields.Boolean(
        "Opt-out Entered", readonly=True, help="The person wants no more texts, either."
    )
    summary = fields.Text("Erased Data", readonly=True)

    @api.model
    def _find(self, company, numbers):
        return [
            holder.sudo()._find_personal(company, numbers)
            for holder in self.env["sms.personal.data"]._get_holders()
        ]

    @api.model
    def _count(self, company, numbers):
        """Return what would be erased, as pairs of a count and a label."""
        return [
            (count, label)
            for records in self._find(company, numbers)
            for count, label in records._describe_personal()
            if count
        ]

    @api.model
    def _erase(self, company, number, reason, is_opt_out=False):
        """Erase everything that identifies a person, and record the erasure.

        A consent without evidence cannot be proved, so it ends, by an event in the
        ledger. An opt-out stays, and blocks by the keyed hash of the number.

        :param str number: E.164, or the carrier's name for the sender
        :param str reason: the person's request
        :param bool is_opt_out: also record an opt-out from everything
        """
        forgotten = self._count(company, [number])
        self._forget_all(company, number, is_opt_out)
        hashes = self.env["sms.consent.key"].sudo()._hash([number])
        lines = [f"{formatLang(self.env, it, 0)} × {label}" for it, label in forgotten]
        vals = {
            "company_id": company.id,
            "number_hash": hashes[number],
            "reason": reason,
            "is_opt_out": is_opt_out,
            "summary": "\n".join(lines),
        }
        # Again after the commit, for texts received or sent by others meanwhile.
        repeat_after_commit(self, "_forget_late", company.id, number)
        return self.sudo().create(vals)

    @api.model
    def _forget_all(self, company, number, is_opt_out=False):
        # Texts first, or the opt-out below would cancel waiting ones for its own
        # reason. Other data is searched before, as some is found by the texts' bodies.
        before = self._find(company, [number])
        self.env["sms.sms"].sudo()._find_personal(company, [number])._forget()
        self._close_reviews(company, number)
        self._end_consent(company, number, is_opt_out)
        for known, records in zip(before, self._find(company, [number]), strict=True):
            (known | records).exists()._forget()  # some were deleted with others
        self.env.flush_all()

    @api.model
    def _close_reviews(self, company, number):
        """Decide open reviews as opt-outs, as the text can no longer be read."""
        reviews_sudo = self.env["sms.consent.review"]._find_open(company, number)
        stop, ledger = (consent.REVOKED, "keyword"), self.env["sms.consent.event"]
        for review_sudo in reviews_sudo:
            ledger._record(company, number, *stop, happened_at=review_sudo.received_at)
        reviews_sudo._close(sms_consent_review.OPT_OUT, self.env.user)

    @api.model
    def _end_consent(self, company, number, is_opt_out):
        """End all consents and open questions of a number, even if opted out.

        So no START can restore what can no longer be proved.
        """
        ledger = self.env["sms.consent.event"]
        if known := self.env["sms.consent"]._find_standing(company, number):
            ledger._record(company, number, consent.EXPIRED, METHOD, known)
        if is_opt_out:
            ledger._record(company, number, consent.REVOKED, METHOD)

    @api.model
    def _forget_late(self, company_id, number):
        company = self.env["res.company"].browse(company_id)
        if any(self._find(company, [number])):
            self._forget_all(company, number)
