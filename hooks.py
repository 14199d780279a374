# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Hooks of the server's start, of installation, upgrades and uninstallation."""

from hashlib import sha256

from lxml import etree

from odoo.modules import Manifest
from odoo.tools import SQL, file_open
from odoo.tools.convert import xml_import
from odoo.tools.sql import table_exists

from .models.core.bulk_insert import as_arrays
from .models.ledger.ledger_guards import get_guards
from .report.sms_day_stale import WATCHED
from .tools import log_mask, phone
from .tools.segments import count_segments

MODULE = "helpdesk_mgmt_sms"
#: Number of earlier messages that one statement completes.
ADOPTED_AT_ONCE = 10_000
#: By model, the field of the number as typed, and that of the number in E.164.
NUMBER_FIELDS = {
    "res.partner": ("phone", "phone_sanitized"),
    "helpdesk.ticket": ("partner_phone", "partner_phone_sanitized"),
}
#: Tables that follow the state of a text: table, column, its value while the text waits
#: and after it was cancelled. The second is of mass mailings, where installed.
FOLLOWERS = (
    ("mail_notification", "notification_status", "ready", "canceled"),
    ("mailing_trace", "trace_status", "outgoing", "cancel"),
)


def mask_logs():
    """Mask numbers, texts and tokens in the server's log, from the start."""
    log_mask.install()


def post_init_hook(env):
    """Bring existing data up to the addon's rules.

    Each company gets keys of its own (a default would give all the same), and
    messages that wait or have been sent get their company and the purpose of other
    apps' messages, without which the outbox would not find them. The ledger's key is
    made now: two first messages at the same time would each make one, and one would
    fail. Numbers on Odoo's blacklist are recorded in the ledger as opted out. Texts are
    sent from this database, and not from a copy of it.
    """
    env["sms.consent.key"]._get()
    companies = env["res.company"]._get_sms_all()
    companies._ensure_sms_keys()
    companies._ensure_sms_base_url()
    env["sms.sender"]._sync(companies)
    adopt_messages(env)
    env["calendar.event"]._complete_old_sms()
    forget_extensions(env)
    env["phone.blacklist"]._record_all_sms_opt_outs()
    env["sms.database"]._adopt()


def adopt_messages(env):
    """Complete the messages that existed before the addon, however many.

    By SQL, each row written once: the ORM would hold a million of them in memory.
    """
    env["sms.sms"].flush_model()
    purpose, last_id = env["sms.purpose"]._get("marketing"), 0
    query = (
        "SELECT id, body FROM sms_sms WHERE purpose_id IS NULL AND id > %s"
        " ORDER BY id LIMIT %s"
    )
    while rows := env.execute_query(SQL(query, last_id, ADOPTED_AT_ONCE)):
        last_id = rows[-1][0]
        counted = ((sms_id, *count_segments(body)) for sms_id, body in rows)
        update = SQL(
            """
            UPDATE sms_sms sms
               SET purpose_id = %s,
                   record_company_id = COALESCE(message.record_company_id,
                                                sms.record_company_id, %s),
                   not_before = COALESCE(sms.not_before, sms.create_date),
                   encoding = old.encoding, segment_count = old.count
              FROM unnest(%s) AS old (id, encoding, units, count)
              JOIN sms_sms own ON own.id = old.id
         LEFT JOIN mail_message message ON message.id = own.mail_message_id
             WHERE sms.id = old.id
            """,
            purpose.id,
            env.company.id,
            as_arrays(counted, "int4", "varchar", "int4", "int4"),
        )
        env.cr.execute(update)
    env["sms.sms"].invalidate_model()


def forget_extensions(env):
    """Recompute the E.164 form of numbers that were typed with an extension.

    Odoo itself reads the switchboard's number out of them, where a text would not reach
    the person.
    """
    for model, (typed, read) in NUMBER_FIELDS.items():
        # A number with an extension has other characters between its digits.
        query = SQL(
            "SELECT id FROM %s WHERE %s IS NOT NULL AND %s ~ %s",
            *map(SQL.identifier, (env[model]._table, read, typed)),
            "[0-9].*[^0-9[:space:]()+./-].*[0-9]",
        )
        records = env[model].browse(it for [it] in env.execute_query(query))
        records = records.filtered(
            lambda it, typed=typed: phone.has_extension(phone.tidy(it[typed] or ""))
        )
        env.add_to_compute(records._fields[read], records)
        records.flush_recordset([read])


def create_shipped(env, names):
    """Create records of the data files that are new in a version, on upgrade to it.

    An update by itself creates none of those that people may delete
    (``forcecreate="0"``): they would come back each time. Existing records stay as they
    are.

    :param names: XML ids without the module
    """
    for path, root in parse_data_files():
        for node in list(root):
            if node.get("id") not in names:
                root.remove(node)
            else:
                node.attrib.pop("forcecreate", None)
        xml_import(env, MODULE, {}, "update", xml_filename=path).parse(root)


def reword_shipped(env, former_words):
    """Replace words that nobody has edited by those of the data files.

    :param env: in English
    :param dict former_words: as once shipped, by a record's name and field
    """
    shipped = read_shipped()
    for (name, field), former in former_words.items():
        record = env.ref(f"{MODULE}.{name}", raise_if_not_found=False)
        if record and name in shipped and (record[field] or "").strip() == former:
            record[field] = shipped[name][field]


def read_shipped(*models):
    """Return the data files' records: ``{XML id: {field: text}}``.

    :param models: names of their models, none for all
    """
    return {
        record.get("id"): {it.get("name"): it.text for it in record.findall("field")}
        for _path, root in parse_data_files()
        for record in root.iter("record")
        if not models or record.get("model") in models
    }


def parse_data_files():
    """Yield the path and the root of each data file."""
    for path in Manifest.for_addon(MODULE)["data"]:
        if path.startswith("data/"):
            with file_open(f"{MODULE}/{path}", "rb") as file:
                yield file.name, etree.parse(file).getroot()


def digest_words(words):
    """Return the digest by which words that were once shipped are recognized."""
    return sha256((words or "").encode()).hexdigest()[:12]


def uninstall_hook(env):
    """Prepare the uninstallation, so that Odoo's own queue finds nothing to send.

    The transaction has been open for several seconds. A new one sees what others have
    written meanwhile, and the lock keeps them from writing more until the end.
    """
    env.cr.commit()  # pylint: disable=invalid-commit
    env.cr.execute("LOCK TABLE sms_sms IN SHARE ROW EXCLUSIVE MODE")
    take_leave(env)


def take_leave(env):
    """Cancel waiting texts, decrypt Odoo's own fields, drop what Odoo does not know.

    Odoo itself removes our records, tables and columns afterwards; companies leave our
    carriers then (``_leave_sms_carrier``). Triggers must be dropped before their
    tables.
    """
    cancel_waiting(env)
    env["phone.blacklist"]._list_all_sms_opt_outs()
    env["sms.encryption"]._decrypt_host()
    names = {guard.function for _table, guard in get_guards(env)}
    names |= {f"sms_day_mark_{watch.table}" for watch in WATCHED}
    functions = SQL(", ").join(map(SQL.identifier, sorted(names)))
    env.cr.execute(SQL("DROP FUNCTION IF EXISTS %s CASCADE", functions))
    drop_foreign_keys(env)
    env.cr.execute("DROP INDEX IF EXISTS res_partner_phone_sanitized_sms_index")
    env["ir.config_parameter"].sudo().search([("key", "=like", f"{MODULE}.%")]).unlink()


def drop_foreign_keys(env):
    """Drop the foreign keys of our tables and fields, and those to our tables.

    Odoo deletes shipped records one by one, before the tables: PostgreSQL would refuse
    those that are still referenced, and each refusal is logged as a bad query.
    """
    models = [it for it in env.registry.values() if it._auto and not it._abstract]
    own = [it._table for it in models if it._original_module == MODULE]
    columns = [
        f"{model._table}.{field.name}"
        for model in models
        for field in model._fields.values()
        if field._module == MODULE and field.type == "many2one"
    ]
    env.cr.execute(
        """
        SELECT DISTINCT conrelid::regclass::text, conname
          FROM pg_constraint
          JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY(conkey)
         WHERE contype = 'f'
           AND (conrelid::regclass::text = ANY(%(own)s)
                OR confrelid::regclass::text = ANY(%(own)s)
                OR conrelid::regclass::text || '.' || attname = ANY(%(columns)s))
        """,
        {"own": own, "columns": columns},
    )
    for names in env.cr.fetchall():
        query = "ALTER TABLE %s DROP CONSTRAINT %s"
        env.cr.execute(SQL(query, *map(SQL.identifier, names)))


def cancel_waiting(env):
    """Cancel texts that wait or are held, since no gate will decide about them.

    A text that the carrier has, or may have, gets a state that Odoo does not resend.
    """
    env["sms.sms"].flush_model()
    env.cr.execute(
        "UPDATE sms_sms SET state = 'canceled', failure_type = NULL"
        " WHERE state = 'outgoing' RETURNING id"
    )
    ids = [row[0] for row in env.cr.fetchall()]
    for table, column, waiting, cancelled in FOLLOWERS:
        if table_exists(env.cr, table):
            query = "UPDATE %s SET %s = %s WHERE sms_id_int = ANY(%s) AND %s = %s"
            state = SQL.identifier(column)
            values = (SQL.identifier(table), state, cancelled, ids, state, waiting)
            env.cr.execute(SQL(query, *values))
    env.cr.execute("UPDATE sms_sms SET state = 'process' WHERE state = 'unknown'")
    env.invalidate_all()
