# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Triggers that keep what the ledger has written, whoever asks for another."""

from odoo.tools import SQL

from ..tools import at_rest

#: Evidence may be erased altogether, or encrypted; nothing else, and never twice.
EVIDENCE_GUARD = """
    CREATE OR REPLACE FUNCTION sms_consent_evidence_guard()
    RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL
               AND NEW.id = OLD.id AND NEW.company_id = OLD.company_id
               AND %(emptied)s
            THEN
                RETURN NEW;
            END IF;
            IF OLD.erased_at IS NULL
               AND to_jsonb(NEW) - %(kept)s = to_jsonb(OLD) - %(kept)s
               AND %(encrypted)s
            THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION
            'Consent evidence can be erased, not changed: %% refused', TG_OP
            USING ERRCODE = 'restrict_violation';
    END $$;
    DROP TRIGGER IF EXISTS sms_consent_evidence_guard ON sms_consent_evidence;
    CREATE TRIGGER sms_consent_evidence_guard
        BEFORE UPDATE OR DELETE ON sms_consent_evidence
        FOR EACH ROW EXECUTE FUNCTION sms_consent_evidence_guard();
    DROP TRIGGER IF EXISTS sms_consent_evidence_kept ON sms_consent_evidence;
    CREATE TRIGGER sms_consent_evidence_kept
        BEFORE TRUNCATE ON sms_consent_evidence
        FOR EACH STATEMENT EXECUTE FUNCTION sms_consent_evidence_guard();
"""


def make_append_only(cr, table):
    """Install the trigger that refuses every change of ``table``, for every role.

    :param cr: a cursor
    :param str table: the table of a model of ours
    """
    cr.execute(
        SQL(
            """
            CREATE OR REPLACE FUNCTION sms_append_only()
            RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION
                    'The consent ledger is append-only: %% refused on %%',
                    TG_OP, TG_TABLE_NAME
                    USING ERRCODE = 'restrict_violation';
            END $$;
            DROP TRIGGER IF EXISTS sms_append_only ON %(table)s;
            CREATE TRIGGER sms_append_only
                BEFORE UPDATE OR DELETE OR TRUNCATE ON %(table)s
                FOR EACH STATEMENT EXECUTE FUNCTION sms_append_only();
            """,
            table=SQL.identifier(table),
        )
    )


def guard_evidence(cr, personal_fields, encrypted_fields):
    """Install the trigger that lets evidence be erased or encrypted, not changed.

    It cannot tell what stands behind what is encrypted: that is told by the digest in
    the ledger.

    :param cr: a cursor
    :param personal_fields: the columns that an erasure empties, all of them
    :param encrypted_fields: those that may be encrypted, or decrypted
    """
    emptied = SQL(" AND ").join(
        SQL("NEW.%s IS NULL", SQL.identifier(name)) for name in personal_fields
    )
    encrypted = SQL(" AND ").join(
        SQL(
            "(%(new)s IS NOT DISTINCT FROM %(old)s OR %(old)s <> ''"
            " AND (%(new)s LIKE %(pattern)s OR %(old)s LIKE %(pattern)s))",
            new=SQL("NEW.%s", SQL.identifier(name)),
            old=SQL("OLD.%s", SQL.identifier(name)),
            pattern=at_rest.ENCRYPTED + "%",
        )
        for name in encrypted_fields
    )
    cr.execute(
        SQL(
            EVIDENCE_GUARD,
            emptied=emptied,
            encrypted=encrypted,
            kept=list(encrypted_fields),
        )
    )
