# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from itertools import chain

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..ledger.ledger_guards import ENTERED_AT, Guard
from ..ledger.sms_consent_key import ConsentKeyError

READ, STORY, NOTHING, EXPORT = ("read", "story", "nothing", "export")
#: Retention of log entries: never deleted earlier, never kept longer.
KEEP_YEARS = 3
#: Most numbers whose hashes an entry has; of more, it has only the count.
NAMED = 20
#: Old rows deleted per clean-up.
CLEAN_UP_SIZE = 10_000
#: Trigger that refuses changes, and deletion of rows that are not old.
GUARD = f"""
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.happened_at < now() AT TIME ZONE 'UTC'
                             - make_interval(years => {KEEP_YEARS})
        THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'The record of lookups is kept: % refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END
"""
GUARDED = ("sms_evidence_lookup_guard", "sms_evidence_lookup_guard", GUARD)
#: Models with one of these fields are about people.
PEOPLE = {"number", "number_hash", "number_hashes"}


class SmsEvidenceLookup(models.Model):
    """The log of who read consents and evidence, or exported them from a list.

    Documents are logged in ``sms.evidence.export``. The people looked up are not named:
    the numbers are keyed hashes. Append-only by a trigger, and deleted after
    :data:`KEEP_YEARS` years, since it contains data about colleagues.
    """

    _name = "sms.evidence.lookup"
    _description = "Lookup of Evidence"
    _inherit = "sms.ledger.row"
    _rec_name = "happened_at"
    _log_access = False
    _ledger_guards = (
        Guard(*GUARDED, events=("DELETE", "UPDATE"), level="ROW"),
        Guard("sms_evidence_lookup_kept", *GUARDED[1:], events=("TRUNCATE",)),
    )

    user_id = fields.Many2one(
        "res.users", "Who", required=True, readonly=True, ondelete="restrict"
    )
    happened_at = fields.Datetime("When", **ENTERED_AT)
    kind = fields.Selection(
        [
            (READ, "Read"),
            (STORY, "Read the story of a number"),
            (NOTHING, "Searched, found nothing"),
            (EXPORT, "Exported from a list"),
        ],
        "What",
        required=True,
        readonly=True,
    )
    res_model = fields.Char("Model", required=True, readonly=True)
    label = fields.Char("Data", compute="_compute_label")
    row_count = fields.Integer("Records", readonly=True)
    number_hashes = fields.Char(
        "Numbers (Keyed Hashes)",
        readonly=True,
        help="Whose they were. Not recorded for more than twenty numbers.",
    )
    searched_number = fields.Char(
        "Phone Number",
        store=False,
        search="_search_searched_number",
        help="Finds out who looked up a number.",
    )

    _company_index = models.Index("(company_id, id)")
    _age_index = models.Index("(happened_at)")

    @api.depends("res_model")
    def _compute_label(self):
        models = self.env["ir.model"]
        for lookup in self:
            lookup.label = models._get(lookup.res_model).name or lookup.res_model

    @api.model
    def _search_searched_number(self, operator, value):
        """Search entries by a complete number, since only hashes are stored."""
        values = value if operator == "in" else [value]
        if operator not in ("in", "ilike", "=ilike", "like", "=like"):
            return NotImplemented
        hashes = self._hash_typed(it for it in values if isinstance(it, str))
        return Domain.OR(Domain("number_hashes", "like", it) for it in hashes)

    @api.model
    def _note(self, records, kind):
        """Log that the user has looked up records, one entry per company."""
        company = "record_company_id" if records._name == "sms.sms" else "company_id"
        if company not in records._fields:
            self._add(self.env.company, records._name, kind, len(records))
            return
        for owner, own_sudo in records.sudo().grouped(company).items():
            owner, hashes = owner or self.env.company, self._get_hashes(own_sudo)
            self._add(owner, records._name, kind, len(own_sudo), hashes)

    @api.model
    def _note_groups(self, model, domain):
        """Log that the user has grouped records by whose they are."""
        count = model.search_count(domain)
        if count <= NAMED:
            self._note(model.search(domain), READ)
        else:
            self._add(self.env.company, model._name, READ, count)

    @api.model
    def _add(self, company, model_name, kind, count, hashes=()):
        vals = {
            "company_id": company.id,
            "user_id": self.env.uid,
            "kind": kind,
            "res_model": model_name,
            "row_count": count,
            "number_hashes": " ".join(sorted(hashes)) or False,
        }
        self.sudo().create(vals)

    @api.model
    def _get_hashes(self, records_sudo):
        if len(records_sudo) > NAMED:
            return ()
        if "number_hash" in records_sudo._fields:
            return set(records_sudo.mapped("number_hash"))
        if "number" not in records_sudo._fields:
            return ()
        return self._hash(records_sudo.mapped("number"))

    @api.model
    def _hash_typed(self, numbers):
        read = self.env["res.partner"]._phone_format_number
        country = self.env.company.country_id
        return self._hash({read(it, country) or it for it in numbers})

    @api.model
    def _hash(self, numbers):
        """Return the keyed hashes of numbers; none if the key is missing or wrong."""
        try:
            return set(self.env["sms.consent.key"]._hash(numbers).values())
        except ConsentKeyError:
            return ()

    @api.autovacuum
    def _gc_lookups(self):
        query = """
            DELETE FROM sms_evidence_lookup WHERE id IN (
                SELECT id FROM sms_evidence_lookup
                 WHERE happened_at < now() AT TIME ZONE 'UTC'
                                     - make_interval(years => %s)
                 LIMIT %s)
        """
        self.env.cr.execute(SQL(query, KEEP_YEARS, CLEAN_UP_SIZE))
        return self.env.cr.rowcount, self.env.cr.rowcount == CLEAN_UP_SIZE


def writes(method):
    """Mark a method as not read-only, as it writes a log: no replica may run it."""
    method._readonly = False
    return method


def make_writing(name):
    """Return a method that only calls ``super()``, but never on a replica."""

    @writes
    def call(self, *args, **options):
        return getattr(super(SmsLookedUp, self), name)(*args, **options)

    return call


class SmsLookedUp(models.AbstractModel):
    """A model whose readers are logged, in lists, forms and by RPC.

    Our own code reads fields directly or in ``sudo``, and is not logged. Odoo would run
    the reading methods on a replica, which cannot write the log.
    """

    _name = "sms.looked.up"
    _description = "What Is Looked Up on the Record"

    #: Fields that identify a person or contain their words.
    _telling = frozenset()

    def _read_format(self, fnames, load="_classic_read"):
        rows = super()._read_format(fnames, load)
        if rows and not self.env.su and self._telling & set(fnames):
            self.env["sms.evidence.lookup"]._note(self, READ)
        return rows

    read, web_read = make_writing("read"), make_writing("web_read")
    search_read = api.model(make_writing("search_read"))
    web_read_group = api.model(make_writing("web_read_group"))
    formatted_read_group = api.model(make_writing("formatted_read_group"))
    formatted_read_grouping_sets = api.model(
        make_writing("formatted_read_grouping_sets")
    )

    def _read_group(self, domain, groupby=(), aggregates=(), *args, **options):
        """Also log groups and totals that tell who somebody is."""
        rows = super()._read_group(domain, groupby, aggregates, *args, **options)
        self._note_telling(domain, (*groupby, *aggregates))
        return rows

    def _read_grouping_sets(self, domain, grouping_sets, aggregates=(), order=None):
        columns = (grouping_sets, aggregates)
        rows = super()._read_grouping_sets(domain, *columns, order)
        self._note_telling(domain, (*chain(*grouping_sets), *aggregates))
        return rows

    def _note_telling(self, domain, specs):
        names = {spec.partition(":")[0] for spec in specs}
        if not self.env.su and self._telling & names:
            self.env["sms.evidence.lookup"]._note_groups(self, domain)

    def copy_data(self, default=None):
        """Also log copies, which have all values."""
        if not self.env.su:
            self.env["sms.evidence.lookup"]._note(self, READ)
        return super().copy_data(default)

    @writes
    @api.model
    def name_search(self, *args, **options):
        """Also log what is found by names that tell a number."""
        found = super().name_search(*args, **options)
        if found and not self.env.su and "display_name" in self._telling:
            records = self.browse(record_id for record_id, _name in found)
            self.env["sms.evidence.lookup"]._note(records, READ)
        return found

    @writes
    @api.model
    def web_search_read(self, domain, specification, *args, **options):
        """Also log searches for an unknown number, as "unknown" is information."""
        found = super().web_search_read(domain, specification, *args, **options)
        if not found["records"]:
            numbers = [
                condition.value
                for condition in Domain(domain).iter_conditions()
                if condition.field_expr in ("number", "searched_number")
                and isinstance(condition.value, str)
            ]
            if numbers:
                lookups, company = self.env["sms.evidence.lookup"], self.env.company
                hashes = lookups._hash_typed(numbers)
                lookups._add(company, self._name, NOTHING, 0, hashes)
        return found


class Base(models.AbstractModel):
    """Logs exports of our lists."""

    _inherit = "base"

    def export_data(self, fields_to_export):
        """Log who exports text messages, consents and other data about people."""
        if self and self._name.startswith("sms.") and self._fields.keys() & PEOPLE:
            self.env["sms.evidence.lookup"]._note(self, EXPORT)
        return super().export_data(fields_to_export)


class SmsConsentEvent(models.Model):
    """Logs the readers of consent events."""

    _name = "sms.consent.event"
    _inherit = ["sms.consent.event", "sms.looked.up"]
    _telling = frozenset(("number", "display_name", "name", "wording", "note"))
