# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from ..core.bulk_insert import as_arrays

#: Opted out at the carrier, and recorded here too; blocked there despite a later opt-in
#: here; opted out only here; deactivated by its network.
ENTERED, BLOCKED, MISSING, DEACTIVATED = KINDS = (
    "entered",
    "blocked",
    "missing",
    "deactivated",
)
#: Kinds that somebody should act on.
URGENT_KINDS = (BLOCKED, DEACTIVATED)


class SmsCarrierDifference(models.Model):
    """A number for which the carrier and our ledger disagreed.

    Written by the daily comparison (``sms.carrier.sync``). Differences in the current
    state are deleted when they are over; the others stay until somebody marks them as
    done.
    """

    _name = "sms.carrier.difference"
    _description = "Difference to the Carrier's Opt-outs"
    _inherit = "sms.personal.data"
    _kept_since = "found_at"
    _order = "done_at DESC NULLS FIRST, id desc"
    _rec_name = "number"
    _log_access = False

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    provider = fields.Char("Carrier", required=True, readonly=True)
    number = fields.Char(readonly=True, help="E.164")
    kind = fields.Selection(
        [
            (ENTERED, "Opted out at the carrier"),
            (BLOCKED, "Blocked at the carrier"),
            (MISSING, "Opted out here only"),
            (DEACTIVATED, "Deactivated"),
        ],
        "What",
        required=True,
        readonly=True,
    )
    advice = fields.Char("What to Do", compute="_compute_advice")
    said_at = fields.Datetime(
        "Since", readonly=True, help="When it was said, as far as it is known."
    )
    found_at = fields.Datetime("Found On", required=True, readonly=True)
    done_at = fields.Datetime("Done On", readonly=True)
    done_by_id = fields.Many2one("res.users", readonly=True)

    _kind_unique = models.UniqueIndex("(company_id, provider, kind, number)")

    @api.depends("kind")
    def _compute_advice(self):
        advice = {
            ENTERED: self.env._("Nothing: the opt-out was recorded here as well."),
            BLOCKED: self.env._(
                "They have agreed here since, but the carrier still blocks them. Ask "
                "them to text START to your number."
            ),
            MISSING: self.env._(
                "Nothing: they get no texts from here. The carrier only takes a STOP "
                "from their phone."
            ),
            DEACTIVATED: self.env._(
                "It may get another owner, so its consent has ended. Ask the person "
                "for their number."
            ),
        }
        for row in self:
            row.advice = advice.get(row.kind)

    def action_done(self):
        """Mark the differences as done by the user."""
        self.check_access("read")
        open_sudo = self.sudo().filtered(lambda row: not row.done_at)
        open_sudo.write({"done_at": fields.Datetime.now(), "done_by_id": self.env.uid})

    @api.model
    def _add(self, company, provider, kind, rows):
        """Store differences, each number once.

        :param rows: iterable of pairs of a number and the time since when (UTC) or None
        """
        rows = list(rows)
        if not rows:
            return
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO sms_carrier_difference (company_id, provider, kind,
                       found_at, number, said_at)
                SELECT %(company)s, %(provider)s, %(kind)s, %(now)s, number, said_at
                  FROM unnest(%(rows)s) AS new (number, said_at)
                ON CONFLICT (company_id, provider, kind, number)
                DO UPDATE SET found_at = EXCLUDED.found_at, done_at = NULL,
                              said_at = EXCLUDED.said_at, done_by_id = NULL
                        WHERE sms_carrier_difference.said_at
                              IS DISTINCT FROM EXCLUDED.said_at
                """,
                company=company.id,
                provider=provider,
                kind=kind,
                now=fields.Datetime.now(),
                rows=as_arrays(rows, "varchar", "timestamp"),
            )
        )
        self.invalidate_model()

    @api.model
    def _set(self, company, provider, kind, rows):
        """Replace the stored differences of a kind by the current ones."""
        rows = dict(rows)
        self.search(
            [
                ("company_id", "=", company.id),
                ("provider", "=", provider),
                ("kind", "=", kind),
                ("number", "not in", list(rows)),
            ]
        ).unlink()
        self._add(company, provider, kind, rows.items())

    @api.model
    def _get_urgent_domain(self):
        """Return the domain of differences that somebody should act on."""
        return [("kind", "in", URGENT_KINDS), ("done_at", "=", False)]
