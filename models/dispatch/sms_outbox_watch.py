# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import secrets
from datetime import UTC, timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, consteq, format_date

from ...providers import PROVIDERS, faults
from ...tools.exposition import Metric
from ..core.ir_cron import MODULE
from ..core.sms_dated_rule import NOTICE
from .sms_counter import DELIVERED, FAILED, SENT
from .sms_dispatcher import LEASE
from .sms_outbox_alert import RULES
from .sms_webhook_refusal import ADDRESS, INBOUND, OVER, UNSIGNED

#: System parameter: token that a monitor must present to read the outbox's health.
HEALTH_TOKEN_PARAMETER = "helpdesk_mgmt_sms.health_token"
#: Trouble: at least this many texts ended within an hour, and this percentage failed.
ERROR_SAMPLE, ERROR_PERCENT = 20, 20
#: A waiting queue from which nothing has left for this long stands still.
STANDSTILL = timedelta(minutes=15)
#: Scheduled actions that are shipped switched off: second workers, for many texts.
SPARE_JOBS = ("ir_cron_sms_dispatch_2", "ir_cron_sms_webhook_2")
#: Carriers' events are processed at once: one that has waited this long is stuck.
EVENT_TOO_LONG = timedelta(minutes=2)
#: An outcome that could not be looked up for this long needs a person.
UNKNOWN_TOO_LONG = timedelta(hours=1)
#: Counts of open messages by sender, in one pass.
OPEN_MESSAGES = """
    SELECT sender_id,
           count(*) FILTER (WHERE state = 'outgoing' AND not_before <= %(now)s),
           min(not_before) FILTER (WHERE state = 'outgoing' AND not_before <= %(now)s),
           count(*) FILTER (WHERE state = 'outgoing' AND not_before > %(now)s),
           count(*) FILTER (WHERE state = 'process' AND claimed_at < %(abandoned)s),
           count(*) FILTER (WHERE state = 'unknown'),
           count(*) FILTER (WHERE state = 'unknown' AND claimed_at < %(unasked)s),
           count(*) FILTER (WHERE state = 'outgoing' AND tried_at < %(lately)s
                              AND fault_id IN (SELECT id FROM sms_fault
                                                WHERE fault = %(no_connection)s))
      FROM sms_sms
     WHERE record_company_id = %(company)s AND erased_at IS NULL
       AND state IN ('outgoing', 'process', 'unknown')
  GROUP BY sender_id
"""
#: Counts of texts that have ended since a time, by fault. Without calls: that nobody
#: answers one says nothing about texts.
ENDED_MESSAGES = """
    SELECT sms.state = 'error', fault.fault, count(*)
      FROM sms_sms sms
 LEFT JOIN sms_fault fault ON fault.id = sms.fault_id
     WHERE sms.record_company_id = %s AND sms.claimed_at > %s
       AND sms.state IN ('pending', 'sent', 'error') AND sms.is_call IS NOT TRUE
  GROUP BY 1, 2
"""

#: Models of rules with dates. Managers can mend what is wrong with them.
DATED_RULES = (
    *("sms.quiet.hours", "sms.consent.law", "sms.sender.rule", "sms.scope.rule"),
)
#: How the names of all metrics begin.
METRIC_PREFIX = "helpdesk_sms_"


class SmsOutboxWatch(models.AbstractModel):
    """Watches the outbox from outside: whether texts leave, and whether they arrive.

    Runs in a cron of its own, so that it also notices when the outbox's cron is off.
    """

    _name = "sms.outbox.watch"
    _description = "Watch over the Text Message Outbox"

    def _run(self):
        """Raise alerts on each company's outbox; close those that are over."""
        alerts = self.env["sms.outbox.alert"]
        companies = self._get_companies()
        for company in companies:
            watch = self.with_context(lang=company._pick_sms_lang())
            alerts, facts = alerts.with_env(watch.env), watch._get_facts(company)
            troubles = watch._get_troubles(facts)
            troubles[RULES] = watch._explain_ends(company)
            for key, message in troubles.items():
                if message:
                    alerts._raise(company, key, message)
                else:
                    alerts._close(company, key)
        # Companies that have left the outbox or are archived are not watched any more:
        # their alerts would stay open forever.
        former = Domain("company_id", "not in", companies.ids)
        for alert in alerts.search(former & Domain("closed_at", "=", False)):
            alert._close(alert.company_id, alert.key)
        self.env["sms.counter"]._merge()

    def _get_companies(self):
        return self.env["res.company"].search([("sms_provider", "in", list(PROVIDERS))])

    def _get_troubles(self, facts):
        """Return what is wrong, in plain words. Extended by other rooms.

        :return: ``{key: message or False}``
        """
        return {
            "copy": facts["is_copy"] and self.env["sms.database"]._explain(),
            "cron": facts["broken_jobs"] and self._explain_jobs(facts),
            "standstill": facts["standing_still"]
            and self.env._(
                "Texts waiting: %s. Their senders have sent none for 15 minutes. Check "
                "that scheduled actions are running.",
                facts["standing_still"],
            ),
            "sending": facts["stuck_sending"]
            and self.env._(
                "Texts interrupted while being sent, and not being checked: %s. Check "
                "that scheduled actions are running.",
                facts["stuck_sending"],
            ),
            "connection": facts["not_connected"]
            and self.env._(
                "The carrier cannot be reached: %s texts have been tried for 15 "
                "minutes. Check that this server may connect to it.",
                facts["not_connected"],
            ),
            "unknown": facts["unknown_too_long"]
            and self.env._(
                "The carrier cannot be asked about %s texts. Check that it can be "
                "reached.",
                facts["unknown_too_long"],
            ),
            "country": facts["country_refused"]
            and self.env._(
                "The carrier does not text the countries of %s recipients. Enable "
                "them in the carrier's account.",
                facts["country_refused"],
            ),
            "errors": facts["ended"] >= ERROR_SAMPLE
            and facts["failed"] * 100 >= facts["ended"] * ERROR_PERCENT
            and self.env._(
                "%(failed)s of the last %(ended)s texts were not delivered. See why "
                "in the list of failed messages.",
                failed=facts["failed"],
                ended=facts["ended"],
            ),
            "webhook": facts["refused_requests"] and self._explain_refusals(facts),
            "events": self._explain_events(facts),
        }

    # === Rules with dates ===

    @api.model
    def _explain_ends(self, company):
        """Return what ends within 60 days and what to do, or an empty string.

        Nothing is wrong yet, so monitors are not told.
        """
        today, texts = fields.Date.today(), []
        ending = [
            f"“{rule.display_name}” ({format_date(self.env, rule.effective_to)})"
            for name in DATED_RULES
            for rule in self.env[name].sudo()._find_ending(company, today)
        ]
        if ending:
            texts.append(
                self.env._(
                    "Rules that end, with none to follow: %s. Enter those that follow, "
                    "or archive these. Without them the stricter rules hold: offers "
                    "need consent in writing and keep your business hours, and a STOP "
                    "ends everything.",
                    ", ".join(ending),
                )
            )
        year = (today + NOTICE).year
        hours_sudo = self.env["sms.quiet.hours"].sudo()
        if countries := hours_sudo._find_unknown_holidays(company, year):
            texts.append(
                self.env._(
                    "Public holidays of %(year)s are not known: %(countries)s. Where a "
                    "rule allows no texts on holidays, none are sent there all year. "
                    "Ask an administrator to update the Python library “holidays”.",
                    year=year,
                    countries=", ".join(countries.mapped("name")),
                )
            )
        return " ".join(texts)

    # === For a monitor outside ===

    def _get_health(self, token):
        """Return the health of all outboxes as plain data; None for a wrong token."""
        known = self._get_health_token()
        # As bytes: ``consteq`` raises on a string that is not ASCII.
        if not (known and consteq(known.encode(), (token or "").encode())):
            return None
        outboxes, troubles = [], set()
        for company in self._get_companies():
            facts = self._get_facts(company)
            wrong = [key for key, it in self._find_troubles(facts).items() if it]
            troubles.update(wrong)
            outboxes.append({"company": company.id, "troubles": wrong, **facts})
        return {"status": "trouble" if troubles else "ok", "outboxes": outboxes}

    def _find_troubles(self, facts):
        """Return all troubles that a monitor can see, by key; false if absent now."""
        troubles = self._get_troubles(facts)
        return {
            **troubles,
            "cron": troubles["cron"] or facts["late_jobs"],
            "sender": facts["stopped_senders"],
        }

    def _get_health_token(self):
        """Return the token of the monitor's address; empty if there is none."""
        parameters_sudo = self.env["ir.config_parameter"].sudo()
        return parameters_sudo.get_param(HEALTH_TOKEN_PARAMETER) or ""

    @api.model
    def _make_health_token(self):
        if not self._get_health_token():
            parameters_sudo = self.env["ir.config_parameter"].sudo()
            parameters_sudo.set_param(HEALTH_TOKEN_PARAMETER, secrets.token_urlsafe(24))

    # === Facts, without personal data ===

    def _get_facts(self, company):
        """Return the state of a company's outbox in figures. Extended by other rooms.

        A monitor asks every few seconds: each figure is one query that uses an index.
        """
        now = fields.Datetime.now()
        cron = self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_dispatch")
        run_sudo = self.env["sms.webhook.refusal"].sudo()._get_run(company)
        return {
            **self._get_open_facts(company, now),
            **self._get_recent_facts(company, now),
            **self._get_event_facts(company, now),
            **self._get_ledger_facts(company),
            **self._get_job_facts(now),
            **self._get_counter_facts(company),
            "refused_requests": run_sudo.hits,
            "refused_cause": run_sudo.cause or "",
            "refused_base": run_sudo.called_base or "",
            "public_address": company._get_sms_base_url(),
            "stopped_senders": self.env["sms.sender"].search_count(
                [("company_id", "=", company.id), ("stop_count", ">", 0)]
            ),
            "is_cron_active": cron.sudo().active,
            "is_copy": company._find_sms_account_lock() == faults.COPY,
        }

    def _get_open_facts(self, company, now):
        """Return how many messages have no outcome yet, and since when."""
        self.env["sms.sms"].flush_model()
        query = SQL(
            OPEN_MESSAGES,
            company=company.id,
            now=now,
            abandoned=now - 2 * LEASE,
            unasked=now - UNKNOWN_TOO_LONG,
            lately=now - STANDSTILL,
            no_connection=faults.NO_CONNECTION,
        )
        rows = self.env.execute_query(query)
        queues = [
            (self.env["sms.sender"].browse(sender_id or ()), size, oldest_at)
            for sender_id, size, oldest_at, *_others in rows
            if size
        ]
        oldest_at = min((oldest for _sender, _size, oldest in queues), default=None)
        names = ("held", "stuck_sending", "unknown", "unknown_too_long")
        counted = enumerate((*names, "not_connected"), 3)
        return {
            "waiting": sum(size for _sender, size, _oldest in queues),
            "oldest_seconds": oldest_at and int((now - oldest_at).total_seconds()),
            **{name: sum(row[place] for row in rows) for place, name in counted},
            "standing_still": sum(
                size
                for sender, size, oldest in queues
                if self._stands_still(sender, oldest, now)
            ),
        }

    def _stands_still(self, sender, oldest, now):
        """Return whether a sender with a waiting queue has sent nothing lately.

        Per sender: others may send whatever holds up this one. Stopped senders are left
        out, since administrators know of them.
        """
        lately = now - STANDSTILL
        if oldest >= lately or sender.stop_count:
            return False
        left = Domain("sender_id", "=", sender.id) & Domain("sent_at", ">", lately)
        # Texts that left lately were not claimed long before; this uses the index.
        left &= Domain("claimed_at", ">", lately - STANDSTILL)
        return not self.env["sms.sms"].search_count(left, limit=1)

    def _get_recent_facts(self, company, now):
        """Return what became of the last hour's texts."""
        self.env["sms.sms"].flush_model()
        since = now - timedelta(hours=1)
        rows = self.env.execute_query(SQL(ENDED_MESSAGES, company.id, since))
        failed = {fault: count for is_failed, fault, count in rows if is_failed}
        return {
            "ended": sum(count for _is_failed, _fault, count in rows),
            "failed": sum(failed.values()),
            "country_refused": failed.get(faults.COUNTRY, 0),
        }

    def _get_event_facts(self, company, now):
        """Return how many carriers' events are not processed, and since when."""
        events_sudo = self.env["sms.webhook.event"].sudo()
        own, figures = [("company_id", "=", company.id)], ["__count", "received_at:min"]
        rows = events_sudo._read_group(own, ["is_failed"], figures)
        counts = {bool(is_failed): count for is_failed, count, _oldest in rows}
        waiting = (oldest for is_failed, _count, oldest in rows if not is_failed)
        oldest_at = min(waiting, default=None)
        return {
            "waiting_events": counts.get(False, 0),
            "oldest_event_seconds": oldest_at
            and max(int((now - oldest_at).total_seconds()), 0),
            "failed_events": counts.get(True, 0),
        }

    def _get_ledger_facts(self, company):
        """Return when the consent ledger was verified, and whether it was broken."""
        checks_sudo = self.env["sms.consent.check"].sudo()
        check_sudo = checks_sudo.search([("company_id", "=", company.id)], limit=1)
        checked_at = check_sudo.checked_at
        return {
            "ledger_checked_timestamp_seconds": checked_at
            and int(checked_at.replace(tzinfo=UTC).timestamp())
            or None,
            "ledger_broken": check_sudo.state == "broken",
        }

    def _get_job_facts(self, now):
        """Return which of our scheduled actions do not run, by name.

        ``broken_jobs`` are switched off, as Odoo does to one that keeps failing, or
        failed twice in a row. ``late_jobs`` ran before, and are due for 15 minutes.
        """
        owned = Domain("module", "=", MODULE) & Domain("model", "=", "ir.cron")
        owned_sudo = self.env["ir.model.data"].sudo().search(owned)
        names = {row.res_id: row.name for row in owned_sudo}
        jobs_sudo = self.env["ir.cron"].sudo().browse(names)
        broken = jobs_sudo.filtered(
            lambda job: (
                not job.active
                and names[job.id] not in SPARE_JOBS
                or job.failure_count > 1
            )
        )
        late = (jobs_sudo - broken).filtered(
            lambda job: job.active and job.lastcall and job.nextcall < now - STANDSTILL
        )
        return {"broken_jobs": broken.mapped("name"), "late_jobs": late.mapped("name")}

    def _explain_jobs(self, facts):
        names = ", ".join(f"“{name}”" for name in facts["broken_jobs"])
        text = self.env._(
            "Scheduled actions that are switched off or fail: %s. An administrator can "
            "switch them on under Settings > Technical > Scheduled Actions; the "
            "server's log says why one fails.",
            names,
        )
        if facts["is_cron_active"]:
            return text
        off = self.env._("The outbox is switched off, so no texts are sent.")
        return f"{off} {text}"

    def _explain_events(self, facts):
        """Return why received events have no effect yet, in plain words."""
        if (facts["oldest_event_seconds"] or 0) >= EVENT_TOO_LONG.total_seconds():
            return self.env._(
                "Received texts and delivery reports not processed yet: %(count)s, the "
                "oldest for %(minutes)s minutes. Check that scheduled actions are "
                "running, “Text Messages: process what carriers report” among them.",
                count=facts["waiting_events"],
                minutes=facts["oldest_event_seconds"] // 60,
            )
        return facts["failed_events"] and self.env._(
            "Received texts and delivery reports that cannot be processed: %s. An "
            "administrator can see why in the server's log.",
            facts["failed_events"],
        )

    def _explain_refusals(self, facts):
        """Return what is refused, the likely cause and what to do, in plain words."""
        if facts["refused_cause"] in (ADDRESS, INBOUND):
            return self.env._(
                "The carrier's requests are refused, a STOP among them: it calls "
                "%(called)s, and the public address is %(address)s. Correct it in "
                "Settings, under Public address, or at the carrier.",
                called=facts["refused_base"],
                address=facts["public_address"],
            )
        if facts["refused_cause"] == OVER:
            return self.env._(
                "Texts are refused, a STOP among them: the carrier still posts them to "
                "the former address, which is no longer valid. Enter the current "
                "address at the carrier; Settings show it."
            )
        if facts["refused_cause"] == UNSIGNED:
            return self.env._(
                "Requests to the carrier's address are refused because they are not "
                "signed. If texts are missing, check that no proxy in front of Odoo "
                "drops the signature header. If not, generate a new address in "
                "Settings."
            )
        return self.env._(
            "The carrier's requests are refused, a STOP among them: their signature is "
            "wrong. Either the token (at Telnyx the public key) in Settings is not the "
            "account's, since it was replaced there, or they were signed for another "
            "address than %s.",
            facts["public_address"],
        )

    # === Metrics ===

    def _get_counter_facts(self, company):
        """Return the counters, which never decrease."""
        counts = self.env["sms.counter"].sudo()._read(company)
        return {
            "sent_total": counts.get((SENT, None), 0),
            "delivered_total": counts.get((DELIVERED, None), 0),
            "failed_total": {
                it: counts.get((FAILED, it), 0) for it, _name in faults.SELECTION
            },
        }

    def _make_metrics(self, health):
        """Return the outboxes' health as :class:`Metric`, without personal data.

        :param dict health: as :meth:`_get_health` returns it
        """
        outboxes, words = health["outboxes"], self._get_metric_words()
        metrics = [
            Metric(METRIC_PREFIX + fact, text, self._sample(fact, outboxes))
            for fact, text in words.items()
        ]
        troubles = [
            ({"company": it["company"], "trouble": key}, int(key in it["troubles"]))
            for it in outboxes
            for key in self._find_troubles(it)
        ]
        text = "1 while this trouble lasts, as in the JSON form of this page."
        return [Metric(f"{METRIC_PREFIX}trouble", text, troubles), *metrics]

    def _sample(self, fact, outboxes):
        """Return the samples of a fact: one per company, or per company and reason.

        A fact without a value is 0: a missing series cannot be monitored.
        """
        samples = []
        for outbox in outboxes:
            labels, value = {"company": outbox["company"]}, outbox[fact]
            if isinstance(value, list):
                samples.append((labels, len(value)))
            elif isinstance(value, dict):
                samples += [({**labels, "reason": it}, value[it]) for it in value]
            else:
                samples.append((labels, int(value or 0)))
        return samples

    def _get_metric_words(self):
        """Return the facts that are exposed, with their help texts. Rooms add to it.

        Only numbers, in base units; names of counters end in ``_total``.

        :return: ``{name of a fact: its help}``
        """
        return {
            "waiting": "Texts that are due and wait to be sent.",
            "oldest_seconds": "For how long the oldest of them has been due.",
            "held": "Texts that wait for their hour.",
            "unknown": "Texts of which the carrier is asked whether it has them.",
            "standing_still": "Due texts whose sender has sent nothing for 15 minutes.",
            "stuck_sending": "Texts that a crash has left behind.",
            "stopped_senders": "Senders that the carrier refuses.",
            "waiting_events": "Received texts and reports that are not processed yet.",
            "oldest_event_seconds": "For how long the oldest of them has waited.",
            "failed_events": "Received texts and reports that cannot be processed.",
            "refused_requests": "Requests to the carrier's address that were refused "
            "since the last good one.",
            "is_cron_active": "1 if the outbox's scheduled action is switched on.",
            "broken_jobs": "Scheduled actions that are switched off or keep failing.",
            "late_jobs": "Scheduled actions that are due for 15 minutes.",
            "ledger_checked_timestamp_seconds": "When the ledger was last verified.",
            "ledger_broken": "1 if that found something.",
            "sent_total": "Texts and calls that a carrier has taken, each time.",
            "delivered_total": "Texts and calls that it reports as delivered.",
            "failed_total": "Texts and calls that were given up, by reason.",
        }
