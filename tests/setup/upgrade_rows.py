# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Read the addon's rows of a database, and compare them across an upgrade.

If you rename a model, a field, a value or an XML id, move the stored data by a script
in ``migrations/``, and enter the new name here.
"""

import re
from collections import defaultdict

from odoo.tools import SQL

MODULE = "helpdesk_mgmt_sms"

#: New names of models, ``"model": "new.model"``, and of fields, under the old names
#: of their models, ``("model", "field"): "new_field"``.
RENAMED = {
    "sms.line": "sms.number.lock",
    "sms.lax.reason": "sms.relaxation.reason",
    "sms.footer": "sms.purpose.terms",
    ("sms.consent.law", "needs_consent"): "is_required",
}
#: New values of selections: ``("model", "field"): {"old": "new"}``.
VALUES = {}
#: New XML ids, without the module: ``"old": "new"``.
XML_IDS = {
    "model_sms_line": "model_sms_number_lock",
    "model_sms_lax_reason": "model_sms_relaxation_reason",
    "model_sms_footer": "model_sms_purpose_terms",
    "mail_message_subtype_lax_reason": "mail_message_subtype_relaxation_reason",
    "sms_lax_reason_action": "sms_relaxation_reason_action",
    "sms_lax_reason_view_form": "sms_relaxation_reason_view_form",
    "sms_lax_reason_view_list": "sms_relaxation_reason_view_list",
    "sms_menu_lax_reasons": "sms_menu_relaxation_reasons",
}
#: Models (``"model"``) and fields that were removed on purpose, by their old names.
DROPPED = {
    # Verifications that name users would change with them (pre-ledger).
    *(
        ("sms.consent.check", name)
        for name in ("create_uid", "create_date", "write_uid", "write_date")
    ),
    # Now a message in the chatter that nobody can change (post-reasons).
    ("sms.quiet.hours", "lax_reason"),
    # Recomputed whenever it gets new figures.
    "sms.day",
    # Nothing read them.
    ("helpdesk.ticket", "team_alert_ids"),
    ("sms.carrier.sync", "compared_at"),
    ("sms.carrier.sync", "fault"),
    ("sms.webhook.refusal", "first_at"),
}


def is_masked(former, value):
    """Return whether a text differs only by masked keys of customers' pages."""
    return re.sub(r"(/sms/p/)\w{16}\b", r"\1" + "_" * 16, former) == value


#: What scripts change on purpose: a test of the old and the new value.
CHANGED = {
    # Answers are derived by stricter rules (post-answers).
    ("sms.consent", "state"): lambda _former, value: value == "opted_out",
    ("sms.consent", "event_id"): lambda _former, value: value,
    ("sms.consent", "since"): lambda _former, value: value,
    # Verdict and reason agree (post-verdicts).
    ("sms.sms", "gate_verdict"): lambda _former, value: value == "block",
    # Agents could have spoken for customers by these links (post-preference-links).
    ("sms.sms", "body"): is_masked,
    ("sms.inbound", "body"): is_masked,
    ("mail.message", "body"): is_masked,
    # It was the number of an erased person (post-erased-replies).
    ("mail.message", "reply_to"): lambda _former, value: not value,
    # It must open in browsers (post-pages).
    ("res.company", "sms_terms_url"): lambda former, value: (
        value == f"https://{former}"
    ),
}
#: Rows that scripts add on purpose: a test of the new row.
ADDED = {
    # An opt-out of a number in an unusual spelling (post-number-spellings).
    "sms.consent.event": lambda row: row["method"] == "import",
    "sms.consent.evidence": lambda row: row["note"].startswith("Entered again"),
    "sms.consent": lambda row: row["state"] == "opted_out",
    "phone.blacklist": lambda row: row["number"] == "+447911123456",
    # An older ledger is taken over once (post-ledger).
    "sms.consent.link": lambda row: row["statement"],
    # By this, copies of the database are recognized (post-database).
    "ir.config_parameter": lambda row: row["key"] == f"{MODULE}.database_uuid",
    # Open screens are notified that their lists have changed (post-conversations).
    "bus.bus": lambda row: f"{MODULE}." in row["channel"],
    # Odoo logs a new scheduled action; a reason was a column before (post-reasons).
    "mail.message": lambda row: (
        row["model"] == "ir.actions.server" or "The law was read by" in row["body"]
    ),
    # Tracking values are covered by their messages.
    "mail.tracking.value": lambda row: row["mail_message_id"],
}

#: Odoo's models in which the addon stores rows, but has no fields.
HOST_MODELS = (
    *("digest.digest", "helpdesk.ticket.channel", "mail.message.subtype"),
    *("ir.attachment", "ir.config_parameter", "ir.cron", "mail.activity"),
    *("mail.followers", "mail.message", "mail.tracking.value", "phone.blacklist"),
)
#: Rows of these models that are not the addon's.
NOT_OURS = {
    "ir.attachment": SQL("res_model IS NULL OR res_model = 'ir.ui.view'"),
    "ir.config_parameter": SQL("NOT starts_with(key, %s)", f"{MODULE}."),
}
#: Columns that hold a model's name; columns that record the last write.
MODEL_COLUMNS = ("model", "res_model")
LOG_COLUMNS = ["write_date", "write_uid"]
#: Differs between any two databases: columns with ids, and times.
ID_COLUMNS = ("id", "parent_path", "action")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT")

SCHEMA = """
    SELECT concat_ws(' ', 'column', table_name, column_name, data_type, is_nullable)
      FROM information_schema.columns WHERE table_schema = 'public'
     UNION ALL
    SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid))
      FROM pg_constraint WHERE conrelid <> 0
     UNION ALL
    SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
     UNION ALL
    SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
     UNION ALL
    SELECT concat_ws(' ', 'function', proname, md5(prosrc))
      FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


class Snapshot:
    """What a database holds of the addon's models, and of models that it extends.

    ``rows`` are values by column, by id and model; ``fields`` the stored fields by
    model, ``relations`` pairs of ids by model and field, ``ids`` model, id and
    ``noupdate`` by XML id, ``views`` their architectures, ``schema`` its tables.
    """

    def __init__(self, cr):
        self.cr = cr
        self.fields, self.rows, self.relations = defaultdict(set), {}, {}
        for model in self._find_models():
            self._read(model)
        rows = self._ask(
            "SELECT name, model, res_id, noupdate FROM ir_model_data WHERE module = %s",
            MODULE,
        )
        self.ids = {name: tuple(values) for name, *values in rows}
        self.views = self._ask(
            """
            SELECT entry.name, view.arch_db FROM ir_ui_view view
              JOIN ir_model_data entry
                ON entry.model = 'ir.ui.view' AND entry.res_id = view.id
             WHERE entry.module = %s ORDER BY entry.name
            """,
            MODULE,
        )
        self.schema = {row[0] for row in self._ask(SCHEMA)}

    def _ask(self, query, *values):
        self.cr.execute(query, values)
        return self.cr.fetchall()

    def _find_models(self):
        """Return the models with a table that contains fields of the addon."""
        rows = self._ask(
            """
            SELECT model.model FROM ir_model model
              JOIN pg_class ON relname = replace(model.model, '.', '_')
                           AND relkind = 'r'
             WHERE NOT model.transient AND (model.model = ANY(%s) OR EXISTS (
                SELECT FROM ir_model_fields field
                  JOIN ir_model_data entry
                    ON entry.model = 'ir.model.fields' AND entry.res_id = field.id
                 WHERE field.model_id = model.id AND field.store
                   AND entry.module = %s))
            """,
            list(HOST_MODELS),
            MODULE,
        )
        return [row[0] for row in rows]

    def _read(self, model):
        """Read the rows of a model, and its many2many relations."""
        self.cr.execute(
            SQL(
                "SELECT id, to_jsonb(it) - %s::text[] FROM %s it"
                " WHERE NOT coalesce(%s, FALSE)",
                LOG_COLUMNS,
                SQL.identifier(model.replace(".", "_")),
                NOT_OURS.get(model, SQL("FALSE")),
            )
        )
        self.rows[model] = dict(self.cr.fetchall())
        for name, ttype, *relation in self._ask(
            """
            SELECT name, ttype, column1, column2, relation_table FROM ir_model_fields
             WHERE model = %s AND store
            """,
            model,
        ):
            self.fields[model].add(name)
            if ttype == "many2many" and all(relation):
                names = map(SQL.identifier, relation)
                self.cr.execute(SQL("SELECT %s, %s FROM %s", *names))
                self.relations[model, name] = set(self.cr.fetchall())

    def get_shipped(self):
        """Return the row of each XML id: ``{name: (model, id, row)}``."""
        return {
            name: (model, row_id, self.rows[model][row_id])
            for name, (model, row_id, _noupdate) in self.ids.items()
            if row_id in self.rows.get(model, ())
        }


class Comparison:
    """What an upgrade has lost, changed or added without a reason.

    :param Snapshot before: with the old names
    :param Snapshot after: with today's names
    :param Snapshot new: a new database of today's version: shipped values may become
        what ships now; other tests cover what people have edited
    """

    def __init__(self, before, after, new):
        self.before, self.after = before, after
        shipped = new.get_shipped()
        self.shipped = {
            (model, row_id): shipped[name][2]
            for name, (model, row_id, _row) in after.get_shipped().items()
            if name in shipped
        }

    def find(self):
        """Return the differences as sentences, none if everything is explained."""
        found = []
        for model in sorted(self.before.rows.keys() - DROPPED):
            new_model = RENAMED.get(model, model)
            if new_model not in self.after.rows:
                found.append(f"{model} is lost")
                continue
            found += self._compare_fields(model, new_model)
            found += self._compare_rows(model, new_model)
        return found

    def _compare_fields(self, model, new_model):
        """Yield lost fields and changed relations."""
        for name in sorted(self.before.fields[model]):
            if (model, name) in DROPPED:
                continue
            new_name = RENAMED.get((model, name), name)
            if new_name not in self.after.fields[new_model]:
                yield f"{model}.{name} is lost"
            former = self.before.relations.get((model, name), set())
            current = self.after.relations.get((new_model, new_name), set())
            if lost := former - current:
                yield f"{model}.{name} relates no longer to {sorted(lost)[:5]}"
            # Records that newly ship bring their own relations.
            added = {
                it
                for it in current - former
                if it[0] in self.before.rows[model]
                and (new_model, it[0]) not in self.shipped
            }
            if added:
                yield f"{model}.{name} relates also to {sorted(added)[:5]}"

    def _compare_rows(self, model, new_model):
        """Yield lost rows, unexpected new rows and changed values."""
        former, current = self.before.rows[model], self.after.rows[new_model]
        for row_id in sorted(former.keys() - current.keys()):
            yield f"{model} {row_id} is lost: {former[row_id]}"
        for row_id in sorted(current.keys() - former.keys()):
            if not self._is_expected(new_model, row_id, current[row_id]):
                yield f"{new_model} {row_id} is new: {current[row_id]}"
        for row_id in sorted(former.keys() & current.keys()):
            for name, value in former[row_id].items():
                if (model, name) in DROPPED:
                    continue
                value = self._translate(model, name, value)
                new_name = RENAMED.get((model, name), name)
                now = current[row_id].get(new_name)
                key = new_model, row_id
                if value == now or self._is_now_shipped(key, new_name, now):
                    continue
                if key in self.shipped and keeps_words(value, now):
                    continue
                if not CHANGED.get((model, name), lambda *_values: False)(value, now):
                    yield f"{model} {row_id}: {name} was {value!r} and is {now!r}"

    def _is_expected(self, model, row_id, row):
        """Return whether there is a reason for a new row."""
        about = (row["model"], row["res_id"]) if model == "mail.message" else None
        return (
            (model, row_id) in self.shipped
            or about in self.shipped
            or ADDED.get(model, lambda _row: False)(row)
        )

    def _is_now_shipped(self, key, name, value):
        """Return whether a shipped record's value is that of a new database."""
        return key in self.shipped and is_same(value, self.shipped[key].get(name))

    @staticmethod
    def _translate(model, name, value):
        """Return an old value under its present name."""
        if name in MODEL_COLUMNS and isinstance(value, str):
            return RENAMED.get(value, value)
        names = VALUES.get((model, name))
        return names.get(value, value) if names else value


def keeps_words(value, now):
    """Return whether a shipped, translated value is unchanged apart from new languages.

    Odoo's update adds the translations of languages that a record lacks.
    """
    if isinstance(value, dict) and isinstance(now, dict):
        return value.items() <= now.items()
    return value == now


def find_unlike_new(after, new):
    """Return what ships and differs from a new database: XML id and column.

    Ids and times are ignored: they differ between any two databases.
    """
    former = new.get_shipped()
    found = set()
    for name, (_model, _id, row) in after.get_shipped().items():
        for column, value in row.items():
            is_id = column in ID_COLUMNS or column.endswith(("_id", "_uid"))
            if is_id or name not in former:
                continue
            current = former[name][2].get(column)
            values = map(str, (value, current))
            if not is_same(value, current) and not any(map(MOMENT.match, values)):
                found.add((name, column))
    return found


def is_same(one, other):
    """Return whether two values are the same in English; all empty values are equal."""
    one, other = (
        it.get("en_US", it) if isinstance(it, dict) else it for it in (one, other)
    )
    return (one or None) == (other or None)
