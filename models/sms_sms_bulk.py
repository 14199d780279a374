# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.models import LOG_ACCESS_COLUMNS
from odoo.tools import split_every

from .bulk_insert import insert_columns

#: From so many on, rows are written at once; below, the ORM is as fast.
BULK_FROM = 10
#: Rows that are written by one statement.
INSERT_SIZE = 2000


class SmsSms(models.Model):
    """Many messages at once: the same rows as one by one, without the ORM's work."""

    _inherit = "sms.sms"

    @api.model
    def _is_for_bulk(self, vals_list):
        """Tell if new messages are written at once: many, made by our own code.

        The ORM checks the rights of others row by row, and imports name their rows.
        """
        is_plain = self.env.su and not self.env.context.get("_import_current_module")
        return is_plain and len(vals_list) >= BULK_FROM

    @api.model
    def _insert_many(self, vals_list):
        """Store new messages: what ``BaseModel.create`` does for each, set-based.

        Modules that extend ``create`` before ours in the order of their dependencies
        (``sms``, ``sms_twilio``) are not asked: what they add is done here too.

        :param vals_list: completed values, as the ORM takes them
        :return: the new messages, in order
        """
        self.env.ref("sms.ir_cron_sms_scheduler_action")._trigger()
        self._refuse_unknown(vals_list)
        fallback = self._get_fallback(vals_list)
        ids = []
        for chunk in split_every(INSERT_SIZE, vals_list, list):
            ids += self._insert_chunk(chunk, fallback)
        messages = self.browse(ids)
        messages._note_inserted(vals_list)
        return messages

    @api.model
    def _refuse_unknown(self, vals_list):
        """Refuse values for fields that there are not, as the ORM does.

        :raises ValueError: for a name that is none of a field
        """
        names = {name for vals in vals_list for name in vals}
        if unknown := names - self._fields.keys():
            raise ValueError(f"Invalid field {min(unknown)!r} in {self._name!r}")

    @api.model
    def _get_fallback(self, vals_list):
        """Return what a message has where its values say nothing: defaults, its log."""
        given = set.intersection(*(set(vals) for vals in vals_list))
        fallback = self._add_missing_default_values(dict.fromkeys(given))
        now, uid = self.env.cr.now(), self.env.uid
        fallback.update(dict.fromkeys(("create_date", "write_date"), now))
        fallback.update(dict.fromkeys(("create_uid", "write_uid"), uid))
        return fallback

    @api.model
    def _insert_chunk(self, vals_list, fallback):
        """Write some rows; return their ids."""
        names = {name for vals in vals_list for name in vals} | fallback.keys()
        columns = {}
        for name in sorted(names - {"id"}):
            field = self._fields[name]
            if not (field.store and field.column_type):
                continue
            default = fallback.get(name)
            if name in LOG_ACCESS_COLUMNS:
                values = [default] * len(vals_list)
            else:
                values = [vals.get(name, default) for vals in vals_list]
            columns[name] = self._to_column(field, values)
        return insert_columns(self, len(vals_list), columns)

    @api.model
    def _to_column(self, field, values):
        """Return a field's values as SQL takes them; equal ones are converted once."""
        if values.count(values[0]) == len(values):
            return [field.convert_to_column_insert(values[0], self)] * len(values)
        return [field.convert_to_column_insert(value, self) for value in values]

    def _note_inserted(self, vals_list):
        """Let the ORM know of the rows: what depends on them, and their other fields.

        Values of fields without a column (a mailing's traces) are the fields' own to
        store.

        :param vals_list: the values that they were made of, in order
        """
        names = {name for vals in vals_list for name in vals}
        fields = [self._fields[name] for name in names]
        given = [field for field in fields if field.compute and not field.readonly]
        with self.env.protecting([(given, self)]):
            self.modified(self._fields, create=True)
            for field in fields:
                if field.store and not field.column_type:
                    field.create(
                        [
                            (sms, vals[field.name])
                            for sms, vals in zip(self, vals_list, strict=True)
                            if field.name in vals
                        ]
                    )
                    self.modified([field.name], create=True)
        self._forget_inverses(fields)
        self._validate_fields(names)

    def _forget_inverses(self, fields):
        """Let lists of messages on other records be read anew."""
        for field in fields:
            for inverse in self.pool.field_inverses[field]:
                self.env[inverse.model_name].invalidate_model([inverse.name])
