# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from itertools import takewhile

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.misc import format_datetime

from ..tools import chain
from .sms_consent_check import INSIDE, OUTSIDE

#: What the first check has before it that had no seal yet.
OLD_FIELDS = ("id", "checked_at", "state", "link_count", "head_hash")
#: What a check's seal is over.
SEALED_FIELDS = (
    *("company_id", "checked_at", "state", "link_count", "head_hash"),
    *("unsealed_count", "broken_sequence", "broken_reason", "broken_event_id"),
    *("findings", "remarks", "key_place", "previous_seal"),
)


class SmsConsentCheck(models.Model):
    """The record of verifications: append-only, and sealed one after the other.

    Each names the seal of the one before; the company names that of the newest. So a
    check that was changed or removed is found by the next one.
    """

    _inherit = "sms.consent.check"

    def write(self, vals):  # pylint: disable=method-required-super
        """Refuse: what was found stays."""
        raise UserError(self.env._("The record of verifications cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        """Refuse: later checks rely on it."""
        raise UserError(self.env._("The record of verifications cannot be deleted."))

    @api.model
    def _enter(self, company, key, values):
        """Enter a check, sealed, after the newest one.

        :param str key: the ledger's secret
        :param dict values: what was found
        :return: the check
        """
        is_inside = self.env["sms.consent.key"]._is_inside()
        checked = {
            **values,
            "company_id": company.id,
            "checked_at": fields.Datetime.now(),
            "unsealed_count": len(self.env["sms.consent.link"]._get_unsealed(company)),
            "key_place": INSIDE if is_inside else OUTSIDE,
            "previous_seal": self._get_newest_seal(company),
        }
        checked["seal"] = chain.seal(key, chain.CHECK, self._get_sealed(checked))
        check = self.create(checked)
        self.flush_model()
        # Of two verifications at once the later one starts over, and sees the other.
        self.env.cr.execute(
            SQL(
                "UPDATE res_company SET sms_check_seal = %s WHERE id = %s",
                checked["seal"],
                company.id,
            )
        )
        company.invalidate_recordset(["sms_check_seal"], flush=False)
        return check

    @staticmethod
    def _get_sealed(values):
        """Return what a check's seal is over; nothing is None, as in the database."""
        return {name: values.get(name) or None for name in SEALED_FIELDS}

    @api.model
    def _get_newest_seal(self, company):
        """Return the seal that the next check follows.

        :return: that which the company names; before the first, the digest of all
            checks that have none
        """
        company_sudo = company.sudo()
        if company_sudo.sms_check_seal:
            return company_sudo.sms_check_seal
        return self._digest_old(self._read_checks(company))

    @staticmethod
    def _digest_old(rows):
        """Return the digest of the checks before the first that has a seal."""
        old = takewhile(lambda row: not row["seal"], rows)
        return chain.digest({"old": [[row[it] for it in OLD_FIELDS] for row in old]})

    @api.model
    def _read_checks(self, company):
        """Return a company's checks as the database has them, oldest first."""
        self.flush_model()
        names = ("id", "seal", *SEALED_FIELDS)
        rows = self.env.execute_query(
            SQL(
                "SELECT %s FROM sms_consent_check WHERE company_id = %s ORDER BY id",
                SQL(", ").join(map(SQL.identifier, names)),
                company.id,
            )
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    @api.model
    def _find_changed_checks(self, company, key):
        """Yield a sentence for each check that was changed, removed or put between.

        :param str key: the ledger's secret
        """
        rows = self._read_checks(company)
        previous = self._digest_old(rows)
        is_first = True
        for row in rows:
            when = format_datetime(self.env, row["checked_at"])
            if not row["seal"]:
                if not is_first:
                    yield self.env._("The verification of %s was made up.", when)
                continue
            values = self._get_sealed(row)
            if not chain.is_sealed(key, chain.CHECK, values, row["seal"]):
                yield self.env._("The verification of %s was changed.", when)
            elif row["previous_seal"] != previous:
                yield self.env._("A verification before that of %s is gone.", when)
            previous, is_first = row["seal"], False
        newest = company.sudo().sms_check_seal
        if newest and newest != previous or (not is_first and not newest):
            yield self.env._("The newest verification is gone.")
