# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.quiet_hours import MARKETING
from .sms_dated_law import AUTHORITIES

HOURS = "hours"
#: Models whose rows are shown, in the order in which their ids are woven.
SOURCES = ("sms.quiet.hours", "sms.consent.law")


class SmsCountryRule(models.Model):
    """What holds for offers in each country, on one page.

    A query over quiet hours and the other rules for offers; nothing is stored.
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
        return SQL(
            """
            SELECT id * 2 AS id, country_id, state_id, company_id,
                   %s AS matter, CASE WHEN state_id IS NULL THEN 0 ELSE 99 END AS rank,
                   authority, source, source_url, read_on, effective_from,
                   effective_to, is_confirmed
              FROM sms_quiet_hours
             WHERE active AND quiet_class = %s
             UNION ALL
            SELECT id * 2 + 1, country_id, NULL, NULL,
                   duty, array_position(%s::varchar[], duty), authority, source,
                   source_url, read_on, effective_from, effective_to, is_confirmed
              FROM sms_consent_law
             WHERE active
            """,
            HOURS,
            MARKETING,
            list(dict(self.env["sms.consent.law"]._fields["duty"].selection)),
        )

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
        for place, model in enumerate(SOURCES):
            rows = self.filtered(
                lambda row, place=place: row.id % len(SOURCES) == place
            )
            ids = [row.id // len(SOURCES) for row in rows]
            for row, source in zip(
                rows, self.env[model].sudo().browse(ids), strict=True
            ):
                row.rule = source._describe_rule()

    def _get_source(self):
        """Return the record that a row shows."""
        self.ensure_one()
        row_id, place = divmod(self.id, len(SOURCES))
        return self.env[SOURCES[place]].browse(row_id)

    def action_view_source(self):
        """Open the rule; its own rights hold."""
        return self._get_source()._get_records_action()
