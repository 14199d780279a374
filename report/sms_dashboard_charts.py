# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, format_date

from ..tools import figures
from .sms_figures import SERIES

#: Above so many days the charts show weeks.
MAX_POINTS = 62


class SmsDashboard(models.AbstractModel):
    """The charts and short lists of the dashboard."""

    _inherit = "sms.dashboard"

    @api.model
    def _prepare_series(self, found, period):
        """Return the charts' points: days, or weeks where there are many."""
        step = 1 if period.days <= MAX_POINTS else 7
        days = range(0, period.days, step)
        starts = [period.first + timedelta(days=offset) for offset in days]
        points = {name: [0] * len(starts) for name in SERIES}
        for (day,), sums in found["day"][True].items():
            place = (day - period.first).days // step
            for name in SERIES:
                points[name][place] += sums[name]
        labels = [format_date(self.env, it, date_format="MMM d") for it in starts]
        return {"labels": labels, "is_weekly": step > 1, **points}

    @api.model
    def _prepare_templates(self, found):
        """Return the templates that do best and worst."""
        sums = {key[0]: it for key, it in found["template"][True].items() if key[0]}
        best, worst = figures.rank_templates(sums)
        names = self._get_names("sms.template", [*best, *worst])

        def prepare(template_id):
            """Return one template's row."""
            rates = figures.get_rates(sums[template_id])
            return {
                "id": template_id,
                "name": names[template_id],
                "sent": sums[template_id]["sent_count"],
                **{name: rates[name] for name in ("delivery_rate", "reply_rate")},
                "stop_rate": rates["stop_rate"],
            }

        return {"best": [*map(prepare, best)], "worst": [*map(prepare, worst)]}

    @api.model
    def _prepare_teams(self, found):
        """Return how fast each team answers, the one that is asked most first."""
        sums = {key[0]: it for key, it in found["team"][True].items()}
        asked = {key: it for key, it in sums.items() if it["asked_count"]}
        names = self._get_names("helpdesk.ticket.team", filter(None, asked))
        return [
            {
                "id": team_id or 0,
                "name": names.get(team_id) or self.env._("No team"),
                "asked": it["asked_count"],
                "answered": it["answered_count"],
                "answer_time": figures.get_rates(it)["answer_time"],
            }
            for team_id, it in sorted(
                asked.items(), key=lambda pair: -pair[1]["asked_count"]
            )
        ]

    @api.model
    def _prepare_failures(self, found):
        """Return why texts were not delivered, in plain words with what to do."""
        failures = dict(
            self.env["sms.sms"]._fields["failure_type"]._description_selection(self.env)
        )
        rows = []
        for (fault_id, failure), sums in found["fault"][True].items():
            if not sums["failed_count"]:
                continue
            fault = self.env["sms.fault"].sudo().browse(fault_id or [])
            name = fault.name or failures.get(failure) or self.env._("Not known")
            rows.append(
                {
                    "name": name,
                    "advice": fault.advice or "",
                    "count": sums["failed_count"],
                    "fault_id": fault_id or 0,
                    "failure_type": failure or "",
                }
            )
        return sorted(rows, key=lambda row: -row["count"])[:6]

    @api.model
    def _prepare_blocked(self, found):
        """Return why the gate has blocked texts, in plain words."""
        reasons = dict(
            self.env["sms.sms"]._fields["gate_reason"]._description_selection(self.env)
        )
        rows = [
            {
                "key": reason or "",
                "name": reasons.get(reason) or self.env._("Not known"),
                "count": sums["blocked_count"],
            }
            for (reason,), sums in found["reason"][True].items()
            if sums["blocked_count"]
        ]
        return sorted(rows, key=lambda row: -row["count"])[:6]

    @api.model
    def _prepare_queue(self):
        """Return how the outbox is now; the indexes hold open rows only."""
        counts = self.env.execute_query(
            SQL(
                """
                SELECT count(*) FILTER (WHERE state = 'outgoing'
                                          AND not_before <= %(now)s),
                       count(*) FILTER (WHERE state = 'outgoing'
                                          AND not_before > %(now)s),
                       count(*) FILTER (WHERE state = 'process'),
                       EXTRACT(EPOCH FROM %(now)s::timestamp - min(not_before)
                           FILTER (WHERE state = 'outgoing'))
                  FROM sms_sms
                 WHERE state IN ('outgoing', 'process')
                   AND record_company_id = ANY(%(companies)s)
                """,
                now=fields.Datetime.now(),
                companies=self.env.companies.ids,
            )
        )[0]
        waiting, held, sending, oldest = counts
        return {
            "waiting": waiting,
            "held": held,
            "sending": sending,
            "oldest_seconds": max(0, float(oldest or 0)),
        }

    @api.model
    def _get_names(self, model, ids):
        records_sudo = self.env[model].sudo().browse(ids).exists()
        names = {record.id: record.display_name for record in records_sudo}
        return {it: names.get(it) or self.env._("Deleted") for it in ids} | names
