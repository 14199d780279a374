# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from itertools import chain

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_amount, format_date, formatLang
from odoo.tools.translate import LazyTranslate

from ..models.setup.sms_carrier_check import MANAGER_GROUP
from ..models.setup.sms_health import uses_carrier
from ..models.setup.sms_onboarding import SYSTEM_GROUP
from ..tools import figures

_lt = LazyTranslate(__name__)

#: Groups that may open the set-up.
SETTERS = (MANAGER_GROUP, SYSTEM_GROUP)

#: Label and unit of each tile by its key, and whether more is better (1), worse (-1) or
#: neither (0). If a tuple began with the key, Odoo would export it for translation.
TILES = {
    "sent_count": (_lt("Sent"), "count", 0),
    "delivery_rate": (_lt("Delivered"), "percent", 1),
    "delivery_time": (_lt("Time to deliver"), "seconds", -1),
    "blocked_count": (_lt("Blocked"), "count", -1),
    "reply_count": (_lt("Replies"), "count", 1),
    "answer_time": (_lt("First answer"), "seconds", -1),
    "opt_out_count": (_lt("Opt-outs"), "count", -1),
    "click_count": (_lt("Clicks on links"), "count", 1),
    "confirmed_rate": (_lt("Visits confirmed"), "percent", 1),
    "rating": (_lt("Rating"), "rating", 1),
    "alert_rate": (_lt("Alerts acknowledged in time"), "percent", 1),
    "reach_rate": (_lt("Broadcasts reached"), "percent", 1),
    "news_count": (_lt("News of incidents"), "count", 0),
}


class SmsDashboard(models.AbstractModel):
    """The tiles of the dashboard, its filters, and what needs attention."""

    _inherit = "sms.dashboard"

    def _prepare_period(self, period):
        """Return the period shown, and the previous one in words."""
        days = self.env["sms.day"]
        before = (period.before, period.first - timedelta(days=1))
        return {
            "date_from": str(period.first),
            "date_to": str(period.last),
            "days": period.days,
            "today": str(days._get_today(self.env.company)),
            "facts": list(Domain.OR(self._get_facts_domains(period))),
            "before": " – ".join(format_date(self.env, day) for day in before),
        }

    def _get_facts_domains(self, period):
        """Yield the domain of each company's facts: its days are by its own clock."""
        days = self.env["sms.day"]
        for company in self.env.companies:
            end = days._to_utc(company, period.last + timedelta(days=1))
            since = Domain("date", ">=", str(days._to_utc(company, period.first)))
            own = since & Domain("date", "<", str(end))
            yield own & Domain("company_id", "=", company.id)

    def _prepare_choices(self):
        companies = [False, *self.env.companies.ids]
        teams_sudo = self.env["helpdesk.ticket.team"].sudo()
        own = [("company_id", "in", companies)]
        return {
            "teams": teams_sudo.search_read(own, ["name"]),
            "purposes": self.env["sms.purpose"].sudo().search_read([], ["name"]),
        }

    def _prepare_tiles(self, found):
        """Return the tiles, each with its change from the previous period."""
        now = self._get_rates(found)
        before = self._get_rates(found, is_now=False)
        notes = self._get_notes(now)
        return [
            {
                "key": key,
                "label": self.env._(label),
                "unit": unit,
                "value": now[key],
                "note": notes[key],
                "better": better,
                **figures.compare(now[key], before[key])._asdict(),
            }
            for key, (label, unit, better) in TILES.items()
        ] + self._prepare_costs(found)

    def _get_notes(self, now):
        """Return the note below each tile's figure."""
        say = {
            name: formatLang(self.env, value, 0)
            for name, value in now.items()
            if value is not None
        }
        return {
            "sent_count": self.env._("1 segment")
            if now["segment_count"] == 1
            else self.env._("%s segments", say["segment_count"]),
            "opt_out_count": self.env._("1 opt-in")
            if now["opt_in_count"] == 1
            else self.env._("%s opt-ins", say["opt_in_count"]),
            "rating": self.env._("1 rating, 1 to 5")
            if now["rating_count"] == 1
            else self.env._("%s ratings, 1 to 5", say["rating_count"]),
            "alert_rate": self.env._("of 1 team alert")
            if now["alert_count"] == 1
            else self.env._("of %s team alerts", say["alert_count"]),
            "delivery_rate": self.env._("%s not delivered", say["failed_count"]),
            "delivery_time": self.env._("until the carrier's report"),
            "blocked_count": self.env._("before sending, with a reason"),
            "reply_count": self.env._("%s received", say["received_count"]),
            "answer_time": self.env._(
                "%(answered)s of %(asked)s answered by text",
                answered=say["answered_count"],
                asked=say["asked_count"],
            ),
            "click_count": self.env._("bots not counted"),
            "confirmed_rate": self.env._(
                "of %(all)s; %(moved)s moved, %(missed)s missed",
                all=say["visit_count"],
                moved=say["visit_moved_count"],
                missed=say["visit_missed_count"],
            ),
            "reach_rate": self.env._(
                "%(reached)s of %(concerned)s concerned",
                reached=say["reached_count"],
                concerned=say["concerned_count"],
            ),
            "news_count": self.env._(
                "known-issue replies: %(known)s, muted: %(muted)s",
                known=say["known_count"],
                muted=say["mute_count"],
            ),
        }

    def _prepare_costs(self, found):
        """Return tiles for the known cost of texts and of calls in each currency."""
        kinds = {
            "cost": (self.env._("Cost"), self._describe_cost),
            "call_cost": (self.env._("Cost of calls"), self._describe_call_cost),
        }
        tiles = []
        for (currency_id,), sums in found["currency"][True].items():
            currency = self.env["res.currency"].browse(currency_id)
            before = found["currency"][False].get((currency_id,), {})
            tiles += [
                {
                    "key": f"{name}_{currency_id}",
                    "label": label,
                    "unit": "text",
                    "value": format_amount(self.env, sums[name], currency),
                    "note": describe(sums),
                    "better": 0,
                    **figures.compare(sums[name], before.get(name, 0))._asdict(),
                }
                for name, (label, describe) in kinds.items()
                if currency_id and sums[name]
            ]
        return tiles

    def _describe_call_cost(self, sums):
        if sums["call_count"] == 1:
            return self.env._("1 call, as the carrier says")
        count = formatLang(self.env, sums["call_count"], 0)
        return self.env._("%s calls, as the carrier says", count)

    def _describe_cost(self, sums):
        if not sums["priced_count"]:
            return self.env._("from your price list")
        return self.env._(
            "%(told)s of %(all)s texts as the carrier says",
            told=formatLang(self.env, sums["priced_count"], 0),
            all=formatLang(self.env, sums["sent_count"], 0),
        )

    # === Attention ===

    def _find_attention(self, found, filters):
        """Return what needs attention and the user may open, the most severe first."""
        finders = [
            ("sms.outbox.alert", self._find_troubles()),
            (None, self._find_unsaid()),
            ("sms.oncall.gap", self._find_oncall_gaps(filters)),
            ("sms.consent.review", self._find_reviews()),
            ("sms.carrier.difference", self._find_carrier_differences()),
            ("sms.sms", self._find_untold(filters)),
            (None, self._find_failing_senders(found)),
            ("helpdesk.ticket", self._find_unanswered(filters)),
            (None, self._find_rising_opt_outs(found)),
        ]
        may_read = [
            items
            for model_name, items in finders
            if not model_name or self.env[model_name].has_access("read")
        ]
        return sorted(chain(*may_read), key=lambda item: item["level"] != "danger")

    def _make_item(self, level, text, advice, xmlid, domain=()):
        """Return an item that opens the records of a domain.

        The action's own filters are removed, since they could hide some of them.
        """
        xmlid = f"helpdesk_mgmt_sms.{xmlid}"
        action = self.env["ir.actions.actions"]._for_xml_id(xmlid)
        action = {**action, "domain": domain, "context": {}}
        return {"level": level, "text": text, "advice": advice, "action": action}

    def _find_troubles(self):
        own = ("company_id", "in", self.env.companies.ids)
        alerts = self.env["sms.outbox.alert"].search([("closed_at", "=", False), own])
        for alert in alerts:
            advice = self.env._("Texts wait until it is resolved.")
            if alert.key == "webhook":
                advice = self.env._("No texts are received until it is resolved.")
            one = ("sms_outbox_alert_action", [("id", "=", alert.id)])
            yield self._make_item("danger", alert.message, advice, *one)

    def _find_unsaid(self):
        """Yield the companies that text real phones without legal information."""
        if not any(map(self.env.user.has_group, SETTERS)):
            return
        for company in self.env.companies.filtered(uses_carrier):
            if unsaid := company._get_sms_unsaid():
                text = self.env._(
                    "%(company)s texts people, and they cannot find: %(missing)s",
                    company=company.sudo().name,
                    missing=", ".join(unsaid.values()),
                )
                advice = self.env._("Enter it under “Say who you are”.")
                yield self._make_item("warning", text, advice, "sms_onboarding_action")

    def _find_oncall_gaps(self, filters):
        gaps, now = self.env["sms.oncall.gap"], fields.Datetime.now()
        domain = [("stop_at", ">", now), ("company_id", "in", self.env.companies.ids)]
        if team_id := self._read_id(filters, "team_id"):
            domain.append(("team_id", "=", team_id))
        for team, found in gaps.search(domain).grouped("team_id").items():
            text = self.env._("Nobody is on call for %s", found[0].display_name)
            if count := len(found) - 1:
                text = self.env._(
                    "%(gap)s, and at %(count)s other times", gap=text, count=count
                )
            level = "danger" if found[0].start_at <= now else "warning"
            advice = self.env._("Give somebody a shift, or take one over.")
            mine = [*domain, ("team_id", "=", team.id)]
            yield self._make_item(level, text, advice, "sms_oncall_gap_action", mine)

    def _find_reviews(self):
        """Yield the numbers of undecided possible opt-outs, overdue and others."""
        reviews, companies = self.env["sms.consent.review"], self.env.companies
        domain = [("state", "=", "open"), ("company_id", "in", companies.ids)]
        late = list(reviews._get_late_domain(companies))
        count, late_count = reviews.search_count(domain), reviews.search_count(late)
        xmlid = "sms_consent_review_action"
        if late_count:
            text = self.env._(
                "%s possible opt-outs are past their deadline", late_count
            )
            if late_count == 1:
                text = self.env._("A possible opt-out is past its deadline")
            advice = self.env._("Decide in the review queue now.")
            yield self._make_item("danger", text, advice, xmlid, late)
        if count > late_count:
            text = self.env._("%s possible opt-outs need review", count)
            if count == 1:
                text = self.env._("A possible opt-out needs review")
            advice = self.env._("Until then, only replies to their own texts are sent.")
            yield self._make_item("warning", text, advice, xmlid, domain)

    def _find_carrier_differences(self):
        """Yield how many numbers differ between the carrier and our ledger, if any."""
        differences = self.env["sms.carrier.difference"]
        own = ("company_id", "in", self.env.companies.ids)
        domain = [*differences._get_urgent_domain(), own]
        if count := differences.search_count(domain):
            text = self.env._("%s numbers differ at the carrier", count)
            if count == 1:
                text = self.env._("A number differs at the carrier")
            advice = self.env._("Deactivated, or still blocked there: see what to do.")
            xmlid = "sms_carrier_difference_action"
            yield self._make_item("warning", text, advice, xmlid, domain)

    def _find_untold(self, filters):
        """Yield how many people their last text has not reached, if any."""
        own = ("record_company_id", "in", self.env.companies.ids)
        domain = [("is_untold", "=", True), own]
        if purpose_id := self._read_id(filters, "purpose_id"):
            domain.append(("purpose_id", "=", purpose_id))
        query = """
            SELECT count(DISTINCT COALESCE('p' || partner_id, number, 's' || id))
              FROM sms_sms WHERE id IN %s
        """
        found = self.env["sms.sms"]._search(domain).subselect()
        [[count]] = self.env.execute_query(SQL(query, found))
        if count:
            text = self.env._("%s customers were never told", count)
            if count == 1:
                text = self.env._("A customer was never told")
            advice = self.env._(
                "The last text about their ticket, appointment or outage was blocked "
                "or failed, and nothing has reached them since."
            )
            yield self._make_item("warning", text, advice, "sms_sms_action", domain)

    def _find_failing_senders(self, found):
        """Yield the senders with many undelivered texts that are still in use."""
        failing = {
            key[0]: sums
            for key, sums in found["sender"][True].items()
            if key[0] and figures.is_failing(sums)
        }
        senders_sudo = self.env["sms.sender"].sudo()
        for sender in senders_sudo.search([("id", "in", list(failing))]):
            rate = figures.get_rates(failing[sender.id])["failure_rate"]
            text = self.env._(
                "%(sender)s: %(rate)s of its texts are not delivered",
                sender=sender.display_name,
                rate=f"{rate:.0%}",
            )
            advice = self.env._("Look at the reasons below, then at the sender.")
            one = ("sms_sender_action", [("id", "=", sender.id)])
            yield self._make_item("danger", text, advice, *one)

    def _find_unanswered(self, filters):
        """Yield how many customers wait for an answer, and how many for long."""
        tickets = self.env["helpdesk.ticket"]
        own = ("company_id", "in", [False, *self.env.companies.ids])
        domain = [("sms_waiting_since", "!=", False), own]
        if team_id := self._read_id(filters, "team_id"):
            domain.append(("team_id", "=", team_id))
        hours = figures.PATIENCE_HOURS
        limit = fields.Datetime.now() - timedelta(hours=hours)
        late = [*domain, ("sms_waiting_since", "<", limit)]
        count, late_count = tickets.search_count(domain), tickets.search_count(late)
        if not count:
            return
        text = self.env._("%s customers are waiting for an answer", count)
        if count == 1:
            text = self.env._("A customer is waiting for an answer")
        advice = self.env._("They texted, and nobody has answered.")
        if late_count:
            advice = self.env._(
                "%(count)s of them for more than %(hours)s hours.",
                count=late_count,
                hours=hours,
            )
        xmlid = "helpdesk_ticket_conversation_action"
        yield self._make_item("warning", text, advice, xmlid, domain)

    def _find_rising_opt_outs(self, found):
        before = found["template"][False]
        rising = {
            key[0]: sums
            for key, sums in found["template"][True].items()
            if key[0] and figures.is_stop_rate_rising(sums, before.get(key, {}))
        }
        names = self._get_names("sms.template", rising)
        for template_id, sums in rising.items():
            text = self.env._(
                "“%(template)s”: %(rate)s of its recipients have opted out",
                template=names[template_id],
                rate=f"{figures.get_rates(sums)['stop_rate']:.1%}",
            )
            advice = self.env._(
                "More than before. Is it useful to the people who get it?"
            )
            one = ("sms_template_action", [("id", "=", template_id)])
            yield self._make_item("warning", text, advice, *one)
