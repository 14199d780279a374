# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Triggers that protect the ledger's rows from every role of the database.

The verification compares those in the database with the models' ``_ledger_guards``.
"""

from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import at_rest

# How a trigger deviates from what was installed.
GONE, DISABLED, REPLACED = ("gone", "disabled", "replaced")

#: Options of the fields that say who has entered a row of the ledger, and when.
ENTERED_AT = {"required": True, "readonly": True, "default": fields.Datetime.now}
ENTERED_BY = {
    "comodel_name": "res.users",
    "required": True,
    "readonly": True,
    "default": lambda self: self.env.user,
}

#: Setting that lets our own code delete an answer that no event gives any more.
DERIVING = "helpdesk_mgmt_sms.deriving"

APPEND_ONLY = """
BEGIN
    RAISE EXCEPTION 'The consent ledger is append-only: % refused on %',
        TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
"""

#: The state that an event gives, in SQL.
EVENT_STATE = """
    CASE event.event
        WHEN 'requested' THEN 'pending'
        WHEN 'revoked' THEN 'opted_out'
        WHEN 'expired' THEN 'none'
        WHEN 'restored' THEN
            CASE WHEN event.purpose_id IS NULL THEN 'none' ELSE 'opted_in' END
        ELSE 'opted_in'
    END
"""

#: An answer must match its event: state, number, purpose and company.
ANSWER_FOLLOWS = f"""
BEGIN
    IF EXISTS (
        SELECT 1
          FROM written
     LEFT JOIN sms_consent_event event
            ON event.id = written.event_id
           AND event.company_id = written.company_id
           AND event.number_hash = written.number_hash
           AND (event.purpose_id IS NOT DISTINCT FROM written.purpose_id
                OR event.purpose_id IS NULL AND event.event = 'revoked')
           AND written.state = {EVENT_STATE}
         WHERE event.id IS NULL)
    THEN
        RAISE EXCEPTION 'A consent follows from the ledger: % refused', TG_OP
            USING ERRCODE = 'restrict_violation',
                  HINT = 'Record what the person said as a new event instead.';
    END IF;
    RETURN NULL;
END
"""

ANSWER_STAYS = f"""
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('{DERIVING}', TRUE) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'A consent follows from the ledger: % refused', TG_OP
        USING ERRCODE = 'restrict_violation',
              HINT = 'Record what the person said as a new event instead.';
END
"""

#: Evidence may be erased as a whole, or encrypted; nothing else, and never twice.
EVIDENCE = """
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL
           AND NEW.id = OLD.id AND NEW.company_id = OLD.company_id
           AND {emptied}
        THEN
            RETURN NEW;
        END IF;
        IF OLD.erased_at IS NULL
           AND to_jsonb(NEW) - {kept} = to_jsonb(OLD) - {kept}
           AND {encrypted}
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'Consent evidence can be erased, not changed: % refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END
"""


class Guard(NamedTuple):
    """A trigger, and the function that it calls.

    :param tuple events: in PostgreSQL's order: INSERT, DELETE, UPDATE, TRUNCATE
    :param str written: name of the table of new rows, for an ``AFTER`` trigger
    """

    name: str
    function: str
    body: str
    events: tuple = ("DELETE", "UPDATE", "TRUNCATE")
    level: str = "STATEMENT"
    written: str = ""

    def define(self, table):
        """Return the SQL that creates it, exactly as ``pg_get_triggerdef`` shows it."""
        timing = "AFTER" if self.written else "BEFORE"
        rows = f"REFERENCING NEW TABLE AS {self.written} " if self.written else ""
        return (
            f"CREATE TRIGGER {self.name} {timing} {' OR '.join(self.events)} ON {table}"
            f" {rows}FOR EACH {self.level} EXECUTE FUNCTION {self.function}()"
        )

    def install(self, cr, table):
        """Create or replace the function and its trigger."""
        query = """
            CREATE OR REPLACE FUNCTION %(function)s()
            RETURNS trigger LANGUAGE plpgsql AS %(body)s;
            DROP TRIGGER IF EXISTS %(name)s ON %(table)s;
            %(definition)s;
        """
        cr.execute(
            SQL(
                query,
                function=SQL.identifier(self.function),
                body=self.body,
                name=SQL.identifier(self.name),
                table=SQL.identifier(table),
                definition=SQL(self.define(table)),
            )
        )


#: Refuses every change of a table, for every role.
APPEND_ONLY_GUARD = Guard("sms_append_only", "sms_append_only", APPEND_ONLY)

_FOLLOWS = ("sms_consent_follows", ANSWER_FOLLOWS)
_STAYS = ("sms_consent_stays", ANSWER_STAYS)
#: Allow answers to be written only as their event gives them.
ANSWER_GUARDS = (
    Guard("sms_consent_entered", *_FOLLOWS, ("INSERT",), written="written"),
    Guard("sms_consent_changed", *_FOLLOWS, ("UPDATE",), written="written"),
    Guard("sms_consent_kept", *_STAYS, ("DELETE", "TRUNCATE")),
)


def make_evidence_guards(personal_fields, encrypted_fields):
    """Return the triggers that let evidence be erased or encrypted, not changed.

    They cannot compare encrypted values; the digest in the ledger does.

    :param personal_fields: the columns that an erasure empties, all of them
    :param encrypted_fields: those that may be encrypted, or decrypted
    """
    pattern = f"'{at_rest.ENCRYPTED}%'"
    body = EVIDENCE.format(
        emptied=" AND ".join(f"NEW.{name} IS NULL" for name in personal_fields),
        encrypted=" AND ".join(
            f"(NEW.{name} IS NOT DISTINCT FROM OLD.{name} OR OLD.{name} <> ''"
            f" AND (NEW.{name} LIKE {pattern} OR OLD.{name} LIKE {pattern}))"
            for name in encrypted_fields
        ),
        kept="ARRAY[{}]".format(", ".join(f"'{name}'" for name in encrypted_fields)),
    )
    function = "sms_consent_evidence_guard"
    return (
        Guard(function, function, body, events=("DELETE", "UPDATE"), level="ROW"),
        Guard("sms_consent_evidence_kept", function, body, events=("TRUNCATE",)),
    )


def install_guards(model):
    """Install the triggers of a model."""
    for guard in model._ledger_guards:
        guard.install(model.env.cr, model._table)


def get_guards(env):
    """Return all triggers of the ledger, as pairs of a table and a :class:`Guard`."""
    return [
        (model._table, guard)
        for model in env.registry.values()
        if not model._abstract
        for guard in getattr(model, "_ledger_guards", ())
    ]


def find_faulty_guards(env):
    """Return the triggers that are not in the database as they were installed.

    :return: triples of a table, the trigger's name, and :data:`GONE`,
        :data:`DISABLED` (it fires in no session, or only in a replica's) or
        :data:`REPLACED` (another definition, or function)
    """
    query = """
        SELECT class.relname, trigger.tgname, trigger.tgenabled,
               pg_get_triggerdef(trigger.oid, TRUE), proc.prosrc, proc.proconfig
          FROM pg_trigger trigger
          JOIN pg_class class ON class.oid = trigger.tgrelid
          JOIN pg_proc proc ON proc.oid = trigger.tgfoid
         WHERE class.relnamespace = current_schema::regnamespace
           AND proc.pronamespace = class.relnamespace
           AND NOT trigger.tgisinternal
    """
    rows = env.execute_query(SQL(query))
    found = {(table, name): rest for table, name, *rest in rows}
    [[role]] = env.execute_query(SQL("SHOW session_replication_role"))
    faulty = []
    for table, guard in get_guards(env):
        enabled, *stored = found.get((table, guard.name), [None])
        if not enabled:
            faulty.append((table, guard.name, GONE))
        elif stored != [guard.define(table), guard.body, None]:
            faulty.append((table, guard.name, REPLACED))
        elif enabled not in ("O", "A") or (role == "replica" and enabled != "A"):
            faulty.append((table, guard.name, DISABLED))
    return faulty


class SmsLedgerRow(models.AbstractModel):
    """A company's row of the ledger, protected by triggers from every role.

    The ORM refuses first, with a message for users. Nobody has the right to write such
    rows, and so no field needs to be ``readonly``. What they name cannot be deleted, as
    Odoo restricts that for fields that are required.
    """

    _name = "sms.ledger.row"
    _inherit = "sms.own.defaults"
    _description = "Row of the Consent Ledger"
    _order = "id desc"
    _ledger_guards = (APPEND_ONLY_GUARD,)
    _is_append_only = True

    company_id = fields.Many2one("res.company", required=True)

    def init(self):
        """Install the triggers."""
        if not self._abstract:
            install_guards(self)
        return super().init()

    def write(self, vals):
        """Refuse: what was said and done stays on record."""
        if self._is_append_only:
            raise UserError(
                self.env._("This is kept as proof, so it cannot be changed.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        if self._is_append_only:
            raise UserError(
                self.env._("This is kept as proof, so it cannot be deleted.")
            )
