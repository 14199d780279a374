# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.quiet_hours import MARKETING
from .sms_dated_law import AUTHORITIES

HOURS = "hours"
#: Columns of each source, besides the id.
COLUMNS = SQL(
    "country_id, state_id, company_id, rank, matter, authority, source, source_url,"
    " read_on, effective_from, effective_to, is_confirmed"
)


class SmsCountryRule(models.Model):
    """The rules that apply to texts in each country, on one page.

    A query over quiet hours and the other rules of law; nothing is stored.
    """

    _name = "sms.country.rule"
    _description = "Rules by Country"
    _auto = False
    _order = "country_id, rank, state_id, effective_from, id"
    _rec_name = "matter"

    country_id = fields.Many2one("res.country")
    state_id = fields.Many2one("res.country.state", "State or Region")
    company_id = fields.Many2one("res.company")
    rank = fields.Integer(help="Rules of the whole country come first.")
    matter = fields.Selection("_get_matters", "About")
    rule = fields.Text(compute="_compute_rule")
    authority = fields.Selection(AUTHORITIES, "Kind of Rule")
    source = fields.Text()
    source_url = fields.Char("Web Page")
    read_on = fields.Date()
    effective_from = fields.Date("Since")
    effective_to = fields.Date("Until")
    is_confirmed = fields.Boolean("Confirmed")

    @property
    def _table_query(self):
        sources = self._get_sources()
        return SQL(" UNION ALL ").join(
            SQL(
                "SELECT id * %s + %s AS id, %s FROM (%s) AS part",
                len(sources),
                place,
                COLUMNS,
                query,
            )
            for place, query in enumerate(sources.values())
        )

    @api.model
    def _get_sources(self):
        """Return the models whose rows are shown; their order is part of the row ids.

        Rooms add theirs at the end.

        :return: ``{model: SELECT of its id and the COLUMNS}``
        """
        duties = list(dict(self.env["sms.consent.law"]._fields["duty"].selection))
        return {
            "sms.quiet.hours": SQL(
                """
                SELECT *, %s AS matter,
                       CASE WHEN state_id IS NULL THEN 0 ELSE 99 END AS rank
                  FROM sms_quiet_hours
                 WHERE active AND quiet_class = %s
                """,
                HOURS,
                MARKETING,
            ),
            "sms.consent.law": SQL(
                """
                SELECT *, NULL::int4 AS state_id, NULL::int4 AS company_id,
                       duty AS matter, array_position(%s::varchar[], duty) AS rank
                  FROM sms_consent_law
                 WHERE active
                """,
                duties,
            ),
        }

    @property
    def _table_sql(self):
        self.env.flush_all()
        return super()._table_sql

    @api.model
    def _get_matters(self):
        duty = self.env["sms.consent.law"]._fields["duty"]
        return [
            (HOURS, self.env._("Hours")),
            *duty._description_selection(self.env),
        ]

    def _compute_rule(self):
        models = list(self._get_sources())
        for place, rows in self.grouped(lambda row: row.id % len(models)).items():
            ids = [row.id // len(models) for row in rows]
            sources_sudo = self.env[models[place]].sudo().browse(ids)
            for row, source_sudo in zip(rows, sources_sudo, strict=True):
                row.rule = source_sudo._describe_rule()

    def _get_source(self):
        """Return the record that a row shows."""
        self.ensure_one()
        models = list(self._get_sources())
        row_id, place = divmod(self.id, len(models))
        return self.env[models[place]].browse(row_id)

    def action_view_source(self):
        """Open the rule; its own access rights apply."""
        return self._get_source()._get_records_action()
