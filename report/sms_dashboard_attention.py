# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models

from ..tools import figures

MODULE = "helpdesk_mgmt_sms"


class SmsDashboard(models.AbstractModel):
    """What needs somebody's attention, the gravest first, each with where to go."""

    _inherit = "sms.dashboard"

    @api.model
    def _find_attention(self, found, filters):
        """Return what needs attention: ``level``, ``text``, ``advice`` and ``action``.

        Only of what the user may see: who cannot open a thing is not sent there.
        """
        items = [
            *self._find_troubles(),
            *self._find_overdue_reviews(),
            *self._find_failing_senders(found),
            *self._find_unanswered(filters),
            *self._find_rising_opt_outs(found),
        ]
        return sorted(items, key=lambda item: item["level"] != "danger")

    @api.model
    def _make_item(self, level, text, advice, xmlid, domain, context=None):
        """Return one line, which opens the records of an action.

        The domain is the line's alone: an action's own filters would hide some.
        """
        action = self.env["ir.actions.act_window"]._for_xml_id(f"{MODULE}.{xmlid}")
        action = {**action, "domain": domain, "context": context or {}}
        return {"level": level, "text": text, "advice": advice, "action": action}

    @api.model
    def _find_troubles(self):
        """Return the outbox's open troubles, of those companies that are looked at."""
        alerts = self.env["sms.outbox.alert"]
        if not alerts.has_access("read"):
            return []
        domain = [
            ("closed_at", "=", False),
            ("company_id", "in", self.env.companies.ids),
        ]
        return [
            self._make_item(
                "danger",
                alert.message,
                self.env._("No text comes in until it is over.")
                if alert.key == "webhook"
                else self.env._("Texts wait until it is over."),
                "sms_outbox_alert_action",
                [("id", "=", alert.id)],
            )
            for alert in alerts.search(domain)
        ]

    @api.model
    def _find_overdue_reviews(self):
        """Return the possible opt-outs whose deadline is over."""
        reviews = self.env["sms.consent.review"]
        if not reviews.has_access("read"):
            return []
        domain = [
            ("state", "=", "open"),
            ("deadline", "<", reviews._get_today()),
            ("company_id", "in", self.env.companies.ids),
        ]
        count = reviews.search_count(domain)
        if not count:
            return []
        text = self.env._("%s possible opt-outs are past their deadline", count)
        if count == 1:
            text = self.env._("A possible opt-out is past its deadline")
        advice = self.env._("Decide in the review queue; the law gives no more time.")
        return [
            self._make_item("danger", text, advice, "sms_consent_review_action", domain)
        ]

    @api.model
    def _find_failing_senders(self, found):
        """Return the senders much of whose texts is not delivered."""
        failing = {
            key[0]: sums
            for key, sums in found["sender"][True].items()
            if key[0] and figures.is_failing(sums)
        }
        names = self._get_names("sms.sender", failing)
        return [
            self._make_item(
                "danger",
                self.env._(
                    "%(sender)s: %(rate)s of its texts are not delivered",
                    sender=names[sender_id],
                    rate=f"{figures.get_rates(sums)['failure_rate']:.0%}",
                ),
                self.env._("Look at the reasons below, then at the sender."),
                "sms_sender_action",
                [("id", "=", sender_id)],
            )
            for sender_id, sums in failing.items()
        ]

    @api.model
    def _find_unanswered(self, filters):
        """Return how many customers have waited too long for an answer."""
        limit = fields.Datetime.now() - timedelta(hours=figures.PATIENCE_HOURS)
        domain = [
            ("sms_waiting_since", "<", limit),
            ("company_id", "in", [False, *self.env.companies.ids]),
        ]
        if team_id := self._read_id(filters.get("team_id")):
            domain.append(("team_id", "=", team_id))
        tickets = self.env["helpdesk.ticket"]
        count = tickets.has_access("read") and tickets.search_count(domain)
        if not count:
            return []
        text = self.env._(
            "%(count)s customers have waited for more than %(hours)s hours",
            count=count,
            hours=figures.PATIENCE_HOURS,
        )
        if count == 1:
            text = self.env._(
                "A customer has waited for more than %s hours", figures.PATIENCE_HOURS
            )
        return [
            self._make_item(
                "warning",
                text,
                self.env._("They have texted; nobody has answered."),
                "helpdesk_ticket_conversation_action",
                domain,
            )
        ]

    @api.model
    def _find_rising_opt_outs(self, found):
        """Return the templates after which more people leave than before."""
        before = found["template"][False]
        rising = {
            key[0]: sums
            for key, sums in found["template"][True].items()
            if key[0] and figures.is_stop_rate_rising(sums, before.get(key, {}))
        }
        names = self._get_names("sms.template", rising)
        return [
            self._make_item(
                "warning",
                self.env._(
                    "“%(template)s”: %(rate)s of who got it have opted out",
                    template=names[template_id],
                    rate=f"{figures.get_rates(sums)['stop_rate']:.1%}",
                ),
                self.env._("More than before: is it of use to who gets it?"),
                "sms_template_action",
                [("id", "=", template_id)],
            )
            for template_id, sums in rising.items()
        ]
