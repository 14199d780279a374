# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.tools import SQL

from ..models.core.sql_settings import group_in_memory

#: Averages and rates: dividend and divisors, each summed over the rows of a group. An
#: average over rows would be wrong, since a row of ``sms.day`` stands for many facts.
RATIOS = {
    "delivery_seconds": ("delivery_seconds", ("timed_count",)),
    "reply_seconds": ("reply_seconds", ("reply_count",)),
    "answer_seconds": ("answer_seconds", ("answered_count",)),
    "alert_seconds": ("alert_seconds", ("alert_taken_count",)),
    "rating_sum": ("rating_sum", ("rating_count",)),
    "delivery_rate": ("delivered_count", ("delivered_count", "failed_count")),
    "reply_rate": ("reply_count", ("sent_count",)),
    "stop_rate": ("stop_count", ("sent_count",)),
    "reach_rate": ("reached_count", ("concerned_count",)),
    "alert_rate": ("alert_in_time_count", ("alert_count",)),
}
#: Rates, which a single row does not have.
RATES = tuple(name for name in RATIOS if name.endswith("_rate"))
_COUNTS = "sent delivered failed blocked reply click opt_in opt_out"
#: Measures of the charts.
SERIES = tuple(f"{name}_count" for name in _COUNTS.split())


class Average(fields.Float):
    """A fact's part of an average; exported as nothing, not 0, where it has none."""

    aggregator = "avg"

    def convert_to_export(self, value, record):
        """Return an empty cell for a value that is not known."""
        return value or ""


def _rate(*args, **attributes):
    """Return the field of a rate. Rows have none, so that none is exported."""
    return fields.Float(*args, aggregator="avg", exportable=False, **attributes)


class SmsFigures(models.AbstractModel):
    """Figures of text messages, shared by single facts and daily sums."""

    _name = "sms.figures"
    _description = "Figures of Text Messages"
    _log_access = False

    kind = fields.Selection(
        [
            ("outgoing", "Text sent"),
            ("call", "Call"),
            ("incoming", "Text received"),
            ("consent", "Consent"),
            ("click", "Click on a link"),
            ("appointment", "Appointment"),
            ("rating", "Rating"),
            ("alert", "Team alert"),
            ("recipient", "Targeted by a broadcast"),
            ("news", "News of an incident"),
            ("mute", "Muted incident"),
        ],
        "What",
    )
    company_id = fields.Many2one("res.company")
    purpose_id = fields.Many2one("sms.purpose")
    template_id = fields.Many2one("sms.template")
    team_id = fields.Many2one("helpdesk.ticket.team")
    sender_id = fields.Many2one("sms.sender")
    fault_id = fields.Many2one("sms.fault", "Why Not Delivered")
    gate_reason = fields.Selection(
        lambda self: self._get_selection("gate_reason"), "Reason for Decision"
    )
    failure_type = fields.Selection(
        lambda self: self._get_selection("failure_type"), "Failure"
    )
    currency_id = fields.Many2one("res.currency")
    made_count = fields.Integer("Made")
    sent_count = fields.Integer(
        "Sent", help="Accepted by the carrier, whether or not they were delivered."
    )
    delivered_count = fields.Integer("Delivered")
    failed_count = fields.Integer("Not Delivered")
    blocked_count = fields.Integer("Blocked")
    waiting_count = fields.Integer("Waiting or Held")
    cancelled_count = fields.Integer(
        "Cancelled", help="Cancelled, replaced or expired."
    )
    segment_count = fields.Integer(
        "Segments", help="Of texts that the carrier accepted."
    )
    cost = fields.Float(
        digits=(16, 5),
        help="As charged by the carrier, otherwise from the price list. Group by "
        "currency if there are several.",
    )
    priced_count = fields.Integer(
        "Priced by the Carrier", help="Texts whose cost the carrier has reported."
    )
    call_count = fields.Integer("Calls", help="Placed by the carrier.")
    call_cost = fields.Float(
        "Cost of Calls", digits=(16, 5), help="As charged by the carrier."
    )
    timed_count = fields.Integer("Delivered at a Known Time")
    delivery_seconds = Average("Seconds until Delivery")
    received_count = fields.Integer("Received")
    reply_count = fields.Integer(
        "Replies", help="Texts received within 72 hours after one of ours."
    )
    reply_seconds = Average("Seconds until Reply")
    stop_count = fields.Integer(
        "STOP Texts",
        help="Opt-outs by text, attributed to the template of our previous text.",
    )
    asked_count = fields.Integer(
        "Waited for an Answer",
        help="Customers' texts that started a wait for an answer.",
    )
    answered_count = fields.Integer("Answered by Text")
    answer_seconds = Average("Seconds until Our Answer")
    opt_in_count = fields.Integer(
        "Opt-ins", help="Opt-in events in the ledger, one for each purpose."
    )
    opt_out_count = fields.Integer(
        "Opt-outs",
        help="Opt-out events in the ledger, from every channel. One about all "
        "purposes counts once.",
    )
    click_count = fields.Integer("Clicks on Links")
    visit_count = fields.Integer("Appointments")
    visit_confirmed_count = fields.Integer("Appointments Confirmed")
    visit_moved_count = fields.Integer("Appointments Moved")
    visit_missed_count = fields.Integer("Appointments Missed")
    rating_count = fields.Integer("Ratings")
    rating_sum = Average("Rating", help="1 to 5.")

    concerned_count = fields.Integer(
        "Targeted by Broadcasts", help="Everyone targeted by a broadcast that was sent."
    )
    left_out_count = fields.Integer(
        "Excluded",
        help="Targeted, but not textable, without a number, duplicate or muted.",
    )
    reached_count = fields.Integer(
        "Reached by Broadcasts",
        help="Broadcast texts that the carrier accepted, minus those not delivered.",
    )
    known_count = fields.Integer(
        "Known-issue Replies",
        help="People who contacted us during an incident and were told that we "
        "already know.",
    )
    news_count = fields.Integer("News of Incidents")
    mute_count = fields.Integer("Incidents Muted")

    alert_count = fields.Integer("Team Alerts")
    alert_taken_count = fields.Integer("Team Alerts Acknowledged")
    alert_in_time_count = fields.Integer("Team Alerts Acknowledged in Time")
    alert_seconds = Average("Seconds until an Alert Was Acknowledged")

    delivery_rate = _rate(help="Among those with a final status.")
    reply_rate = _rate(help="Replies per text sent.")
    stop_rate = _rate("Opt-out Rate", help="STOP texts per text sent.")
    reach_rate = _rate(
        "Broadcasts' Reach", help="Share of the people targeted by broadcasts."
    )
    alert_rate = _rate("Alerts Acknowledged in Time")

    def _read_group(self, *args, **kwargs):
        with group_in_memory(self.env.cr):
            return super()._read_group(*args, **kwargs)

    def _read_grouping_sets(self, *args, **kwargs):
        with group_in_memory(self.env.cr):
            return super()._read_grouping_sets(*args, **kwargs)

    def _read_group_select(self, aggregate_spec, query):
        """Compute averages and rates as ratios of sums (:data:`RATIOS`)."""
        name, _colon, function = aggregate_spec.partition(":")
        if name not in RATIOS or function != "avg":
            return super()._read_group_select(aggregate_spec, query)
        part, whole = RATIOS[name]
        sums = SQL(" + ").join(
            SQL("sum(%s)", self._field_to_sql(self._table, it, query)) for it in whole
        )
        part_sql = self._field_to_sql(self._table, part, query)
        return SQL("sum(%s)::float8 / NULLIF(%s, 0)", part_sql, sums)

    def _get_selection(self, name, model="sms.sms"):
        return self.env[model]._fields[name]._description_selection(self.env)


def _get_types(*kinds):
    """Return the SQL types of the figures' fields of the given classes."""
    return {
        field.name: field._column_type[0]
        for field in SmsFigures._field_definitions
        if isinstance(field, kinds) and field.name not in RATES
    }


#: Columns, with their types, by which figures are grouped, also in ``sms.day``.
DIMENSIONS = _get_types(fields.Many2one, fields.Selection)
#: Measures, with their types, which are summed.
MEASURES = _get_types(fields.Integer, fields.Float)
