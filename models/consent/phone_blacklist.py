# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, ormcache, split_every

from ...tools import consent
from ...tools.phone import E164
from ..core.bulk_insert import as_array
from ..core.moments import say_moment
from ..ledger.sms_consent_event import CHUNK_SIZE, Statement

#: Numbers that the transaction has blacklisted (a key of ``cr.precommit.data``).
BLACKLISTED = "phone.blacklist:sms"
#: Said in the context ``sms_erasure`` by our own code, which alone has this object.
ERASURE = object()


class PhoneBlacklist(models.Model):
    """Keeps Odoo's blacklist and the consent ledger in agreement.

    The blacklist names no company and Odoo applies it to the mailings of all. So who is
    put on it has opted out of everything in every company; and who has opted out of
    everything is put on it as soon as no company is left that may text them. A STOP to
    one company does not silence another one, which is another sender. Who has come back
    to one company leaves the list; the ledger still stops the others.

    What follows from the ledger is written by SQL (:meth:`_follow_sms_ledger`), which
    calls nothing here and so starts no loop.
    """

    _name = "phone.blacklist"
    _inherit = ["phone.blacklist", "sms.personal.data"]

    @api.model_create_multi
    def create(self, vals_list):
        """Enter into the ledger who is blacklisted."""
        records = super().create(vals_list)
        records.filtered("active")._note_sms_opt_outs()
        return records

    def write(self, vals):
        """Enter into the ledger who is blacklisted, and keep who has opted out.

        :raises UserError: to take off the list who has not come back
        """
        if "number" in vals or not vals.get("active", True):
            self._check_sms_opt_outs()
        result = super().write(vals)
        if "number" in vals or vals.get("active"):
            self.filtered("active")._note_sms_opt_outs()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sms_opted_out(self):
        """Keep who has opted out, until the person is erased."""
        if self.env.context.get("sms_erasure") is not ERASURE:
            self._check_sms_opt_outs()

    def _check_sms_opt_outs(self):
        """Refuse to take numbers off the list whose owners have not come back."""
        left = self._find_sms_opted_out(self.filtered("active").mapped("number"))
        if not left:
            return
        number = min(left)
        events_sudo = self.env["sms.consent.event"].sudo()
        domain = events_sudo._number_domain(self._get_sms_companies()[:1], number)
        event = events_sudo.search(
            domain & Domain("event", "=", consent.REVOKED), limit=1
        )
        methods = self.env["sms.consent.details"]._get_labels(event._name, "method")
        raise UserError(
            self.env._(
                "%(number)s has opted out of all text messages (%(how)s, %(when)s). "
                "Only the person can undo that. Once they agree again (on their "
                "preference page, by text, or on a signed form dated later), the "
                "number is removed from the blacklist automatically.",
                number=number,
                how=methods[event.method],
                when=say_moment(self.env, event.happened_at, lasting=True),
            )
        )

    # === From the blacklist into the ledger ===

    def _note_sms_opt_outs(self):
        """Enter these numbers into the ledger before the transaction is committed.

        All of a transaction at once, since lists of thousands come in. Later than that
        nobody could rely on it; until then nothing leaves the database anyway.
        """
        if not self:
            return
        precommit = self.env.cr.precommit
        if BLACKLISTED not in precommit.data:
            precommit.add(self.browse()._record_noted_sms_opt_outs)
        precommit.data.setdefault(BLACKLISTED, set()).update(self.ids)

    @api.model
    def _record_noted_sms_opt_outs(self):
        ids = self.env.cr.precommit.data.pop(BLACKLISTED, ())
        rows = self.sudo().browse(ids).exists().filtered("active")
        now = fields.Datetime.now()
        self._record_sms_opt_outs(
            [(row.id, row.number, now) for row in rows],
            self.env._("Put on the phone blacklist"),
        )

    @api.model
    def _record_all_sms_opt_outs(self):
        rows = self.sudo().search([])
        self._record_sms_opt_outs(
            [(row.id, row.number, row.create_date) for row in rows],
            self.env._("On the phone blacklist when consent recording started"),
        )

    @api.model
    def _record_sms_opt_outs(self, rows, note):
        """Enter opt-outs in every company, unless they stand there already.

        :param rows: tuples of an id, a number and the time of the no (UTC)
        """
        rows = [row for row in rows if E164.match(row[1] or "")]
        ledger_sudo = self.env["sms.consent.event"].sudo()
        consents_sudo = self.env["sms.consent"].sudo()
        companies = self._get_sms_companies()
        for chunk in split_every(CHUNK_SIZE, rows, list):
            numbers = [number for _id, number, _since in chunk]
            answers = consents_sudo._get_answers(companies.ids, numbers)
            for company in companies:
                statements = [
                    Statement(
                        number,
                        consent.REVOKED,
                        "blacklist",
                        happened_at=since,
                        facts={"note": note, "res_model": self._name, "res_id": row_id},
                    )
                    for row_id, number, since in chunk
                    if not consent.has_left(answers[company.id, number])
                ]
                if statements:
                    ledger_sudo._record_many(company, statements)

    # === From the ledger onto the blacklist ===

    @api.model
    def _get_sms_companies(self):
        """Return the companies that may text: all that are not archived."""
        return self.env["res.company"].sudo().browse(self._get_sms_company_ids())

    @api.model
    @ormcache()
    def _get_sms_company_ids(self):
        """Cache them: Odoo empties the cache when one is made, archived or restored."""
        return self.env["res.company"].sudo().search([])._ids

    @api.model
    def _find_sms_opted_out(self, numbers):
        """Return those numbers that have opted out of everything in every company."""
        if not numbers:
            return set()
        companies = self._get_sms_companies()
        answers = self.env["sms.consent"].sudo()._get_answers(companies.ids, numbers)
        return {
            number
            for number in numbers
            if all(
                consent.has_left(answers.get((company.id, number), {}))
                for company in companies
            )
        }

    @api.model
    def _follow_sms_ledger(self, left, back):
        """Bring the list up to date with what the ledger has just learnt.

        By one statement each, which writes a row for every number, on the list or not:
        two companies that hear a STOP at once meet there, and the later one starts over
        and sees both. What Odoo's own methods would do for each number (read it, log
        it) has been done by the ledger.
        """
        left, back = ({n for n in found if E164.match(n)} for found in (left, back))
        if not left and not back:
            return
        self.flush_model(["number", "active"])
        everywhere = self._find_sms_opted_out(left)
        self._upsert_sms_numbers(everywhere, True)
        self._upsert_sms_numbers(left - everywhere, None)
        self._upsert_sms_numbers(back, False)
        if len(left) > 1:
            # Thousands need not be kept; the gate reads whom it asks about.
            self.env["sms.consent"]._forget_answers()
        self.invalidate_model()

    @api.model
    def _upsert_sms_numbers(self, numbers, is_listed):
        """Write the rows of some numbers, in one order lest two deadlock.

        :param is_listed: what ``active`` becomes; None: it stays, or is False if new
        """
        if not numbers:
            return
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO phone_blacklist
                    (number, active, create_uid, create_date, write_uid, write_date)
                SELECT number, %(new)s, %(uid)s, %(now)s, %(uid)s, %(now)s
                  FROM unnest(%(numbers)s) AS new (number)
                ON CONFLICT (number) DO UPDATE
                   SET active = %(is_listed)s, write_uid = EXCLUDED.write_uid,
                       write_date = EXCLUDED.write_date
                """,
                new=bool(is_listed),
                numbers=as_array(sorted(numbers), "varchar"),
                is_listed=(
                    SQL("phone_blacklist.active") if is_listed is None else is_listed
                ),
                uid=self.env.uid,
                now=fields.Datetime.now(),
            )
        )

    @api.model
    def _erase_sms_numbers(self, numbers):
        """Delete the rows of people whose data are erased: they name the number.

        The ledger goes on to stop what would be sent to it, by its keyed hash.
        """
        archived_too = self.sudo().with_context(active_test=False, sms_erasure=ERASURE)
        archived_too.search([("number", "in", list(numbers))]).unlink()
