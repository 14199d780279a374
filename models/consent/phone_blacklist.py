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

#: Key in ``cr.precommit.data`` of the rows that the transaction has blacklisted.
BLACKLISTED = "phone.blacklist:sms"
#: Value of the context key ``sms_erasure`` that only our own code can set.
ERASURE = object()


class PhoneBlacklist(models.Model):
    """Keeps Odoo's phone blacklist and the consent ledger in sync.

    The blacklist has no company, and Odoo applies it to the mailings of all. So
    blacklisting a number opts it out of everything in every company; and a number that
    has opted out of everything is blacklisted once no company is left that may text it.
    A STOP to one company does not silence another, which is another sender. An opt-in
    to one company takes the number off the list; the ledger still blocks the other
    companies.

    Changes that follow the ledger are written by SQL (:meth:`_follow_sms_ledger`),
    which calls no method here, so there is no loop.
    """

    _name = "phone.blacklist"
    _inherit = ["phone.blacklist", "sms.personal.data"]

    @api.model_create_multi
    def create(self, vals_list):
        """Record an opt-out in the ledger for each blacklisted number."""
        records = super().create(vals_list)
        records.filtered("active")._note_sms_opt_outs()
        return records

    def write(self, vals):
        """Record new blacklistings in the ledger, and keep opted-out numbers.

        :raises UserError: when removing a number that has not opted in again
        """
        if "number" in vals or not vals.get("active", True):
            self._check_sms_opt_outs()
        result = super().write(vals)
        if "number" in vals or vals.get("active"):
            self.filtered("active")._note_sms_opt_outs()
        return result

    def _add(self, numbers, message=None):
        """Leave out a number that a login, deleting itself, has typed unconfirmed."""
        claims, user = self.env["sms.number.claim"], self.env.user
        own = user.partner_id if user.share else user.browse().partner_id
        numbers = [it for it in numbers if not claims._is_unproven(own, it)]
        return super()._add(numbers, message=message)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sms_opted_out(self):
        """Keep opted-out numbers, unless the person is being erased."""
        if self.env.context.get("sms_erasure") is not ERASURE:
            self._check_sms_opt_outs()

    def _check_sms_opt_outs(self):
        """Raise a UserError if a number has opted out and not opted in again."""
        left = self._find_sms_opted_out(self.filtered("active").mapped("number"))
        if not left:
            return
        number = min(left)
        events_sudo = self.env["sms.consent.event"].sudo()
        domain = events_sudo._number_domain(self.env.company, number)
        domain &= Domain("event", "=", consent.REVOKED)
        event = events_sudo.search(domain, limit=1)
        methods = self.env["sms.consent.details"]._get_labels(event._name, "method")
        message = self.env._(
            "%(number)s has opted out of all text messages (%(how)s, %(when)s). "
            "Only the person can undo that. Once they agree again (on their "
            "preference page, by text, or on a signed form dated later), the "
            "number is removed from the blacklist automatically.",
            number=number,
            how=methods[event.method],
            when=say_moment(self.env, event.happened_at, lasting=True),
        )
        raise UserError(message)

    # === From the blacklist into the ledger ===

    def _note_sms_opt_outs(self):
        """Record these opt-outs in the ledger just before the commit.

        All of a transaction at once, since imports may blacklist thousands. Before the
        commit no text can be sent anyway.
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
        opt_outs = [(row.id, row.number, now) for row in rows]
        self._record_sms_opt_outs(opt_outs, self.env._("Put on the phone blacklist"))

    @api.model
    def _record_all_sms_opt_outs(self):
        self._record_sms_opt_outs(
            [(row.id, row.number, row.create_date) for row in self.sudo().search([])],
            self.env._("On the phone blacklist when consent recording started"),
        )

    @api.model
    def _record_sms_opt_outs(self, rows, note):
        """Record opt-outs in every company where they do not stand already.

        Also in archived ones: they may come back.

        :param rows: tuples of an id, a number (E.164) and the time of the opt-out (UTC)
        """
        rows = [row for row in rows if E164.match(row[1] or "")]
        ledger_sudo = self.env["sms.consent.event"].sudo()
        consents_sudo = self.env["sms.consent"].sudo()
        companies = self.env["res.company"]._get_sms_all()
        facts = {"note": note, "res_model": self._name}
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
                        facts={**facts, "res_id": row_id},
                    )
                    for row_id, number, since in chunk
                    if not consent.has_left(answers[company.id, number])
                ]
                if statements:
                    ledger_sudo._record_many(company, statements)

    # === From the ledger onto the blacklist ===

    @api.model
    @ormcache()
    def _get_sms_company_ids(self):
        """Return the ids of the companies that may text, cached: all active ones."""
        return self.env["res.company"].sudo().search([]).ids

    @api.model
    def _find_sms_opted_out(self, numbers):
        """Return the numbers that have opted out of everything in every company."""
        if not numbers:
            return set()
        company_ids = self._get_sms_company_ids()
        answers = self.env["sms.consent"].sudo()._get_answers(company_ids, numbers)
        staying = {key for key, found in answers.items() if not consent.has_left(found)}
        return set(numbers) - {number for _company_id, number in staying}

    @api.model
    def _follow_sms_ledger(self, left, back):
        """Update the blacklist from new answers in the ledger.

        One statement per kind writes a row for every number, listed or not: if two
        companies get a STOP at once, they conflict there, and Odoo retries the later
        one, which sees both. Odoo's own methods would also read and log each number,
        which the ledger has done.

        :param left: numbers (E.164) that have opted out of everything
        :param back: numbers that have opted in again
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
            # Do not cache thousands; the gate reads the numbers that it needs.
            self.env["sms.consent"]._forget_answers()
        self.invalidate_model()

    @api.model
    def _list_all_sms_opt_outs(self):
        """List who has opted out of any company, before the ledger is deleted.

        Odoo's list has no companies: it is better to text too few.
        """
        domain = [("purpose_id", "=", False), ("state", "=", consent.OPTED_OUT)]
        left = self.env["sms.consent"].sudo()._read_group(domain, ["number"])
        self._upsert_sms_numbers({it for [it] in left if E164.match(it or "")}, True)

    @api.model
    def _upsert_sms_numbers(self, numbers, is_listed):
        """Write the rows of several numbers, sorted to avoid deadlocks.

        :param is_listed: new value of ``active``; None: unchanged, False for new rows
        """
        if not numbers:
            return
        active = SQL("phone_blacklist.active") if is_listed is None else is_listed
        query = SQL(
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
            is_listed=active,
            numbers=as_array(sorted(numbers), "varchar"),
            uid=self.env.uid,
            now=fields.Datetime.now(),
        )
        self.env.cr.execute(query)
