# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import secrets
from datetime import timedelta
from functools import partial

from odoo import SUPERUSER_ID, api, fields, models
from odoo.fields import Domain

from ...tools import monitoring
from ...tools.monitoring_setup import write_setup
from ..core.batch_jobs import work_off_safely
from ..core.encrypted_field import EncryptedChar
from ..core.mixins import count_linked, open_linked
from .sms_team_alert import RESOLVED

MANAGERS = "helpdesk_mgmt.group_helpdesk_manager"
#: Path of a source's webhook, followed by its key.
PATH = "/helpdesk_sms/alerts/"
#: Most firing troubles of one source, with an alert as without one.
MAX_OPEN = 2000

#: Key of the row that stands for all excess troubles; no system's key starts with a
#: blank.
STORM = " too many"
#: Troubles are deleted this long after their last report.
KEPT = timedelta(days=90)


class SmsAlertSource(models.Model):
    """A monitoring system that raises and resolves alerts of a team.

    It posts to an address with an unguessable key, and authenticates with a secret.
    Each report updates the record, through the methods of this class only.
    """

    _name = "sms.alert.source"
    _description = "Monitoring System"
    _inherit = "sms.setup.mixin"
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(
        required=True, help="Each text starts with it, so keep it short."
    )
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    team_id = fields.Many2one(
        "helpdesk.ticket.team",
        required=True,
        ondelete="cascade",
        check_company=True,
        help="Its people on call are notified, as its alert plan says.",
    )
    system = fields.Selection(
        [
            (monitoring.ALERTMANAGER, "Prometheus Alertmanager"),
            (monitoring.GRAFANA, "Grafana"),
            (monitoring.ZABBIX, "Zabbix"),
        ],
        required=True,
        default=monitoring.ALERTMANAGER,
    )
    is_warning_urgent = fields.Boolean(
        "Warnings Raise Alerts",
        help="Otherwise only critical troubles do, and those without a severity. "
        "Warnings are listed either way.",
    )
    key = fields.Char(groups=MANAGERS, copy=False, readonly=True)
    secret = EncryptedChar(groups=MANAGERS, copy=False, readonly=True)
    address = fields.Char(compute="_compute_setup", groups=MANAGERS)
    setup = fields.Text("Configuration", compute="_compute_setup", groups=MANAGERS)
    heard_at = fields.Datetime("Last Report", readonly=True, copy=False)
    refused_count = fields.Integer("Refused Requests", readonly=True, copy=False)
    refused_at = fields.Datetime("Last Refused", readonly=True, copy=False)
    refusal = fields.Char("Reason", readonly=True, copy=False)
    trouble_ids = fields.One2many("sms.alert.trouble", "source_id", "Troubles")
    firing_count = fields.Integer("Firing", compute="_compute_firing_count")

    _key_unique = models.UniqueIndex("(key)")

    @api.depends("key", "secret", "system", "company_id")
    def _compute_setup(self):
        for source in self:
            base = source.company_id._get_sms_base_url()
            source.address = f"{base}{PATH}{source.key}" if source.key else False
            source.setup = source.key and write_setup(
                source.system, source.address, source.secret
            )

    @api.depends("trouble_ids.ended_at")
    def _compute_firing_count(self):
        model_name, is_firing = "sms.alert.trouble", ("is_firing", "=", True)
        count_linked(self, "firing_count", model_name, "source_id", is_firing)

    @api.model_create_multi
    def create(self, vals_list):
        """Give each source its own random address and secret."""
        sources = super().create(vals_list)
        sources.action_rotate_key()
        return sources

    def action_rotate_key(self):
        """Replace address and secret; the former ones stop working."""
        self.check_access("write")
        for source_sudo in self.sudo():
            source_sudo.key = secrets.token_urlsafe(24)
            source_sudo.secret = secrets.token_urlsafe(32)
        return True

    def action_view_troubles(self):
        """Show the troubles that the system has reported."""
        xmlid = "helpdesk_mgmt_sms.sms_alert_trouble_action"
        return open_linked(self, xmlid, "source_id", search_default_firing=1)

    # === Requests ===

    @api.model
    def _find_by_key(self, key):
        """Return the source with an address's key, in sudo, or an empty set."""
        domain = Domain("key", "=", key) if key else Domain.FALSE
        return self.sudo().search(domain, limit=1)

    def _note_refusal(self, reason):
        values = {"refused_at": fields.Datetime.now(), "refusal": reason}
        self.write({"refused_count": self.refused_count + 1, **values})

    def _take(self, report):
        """Raise, repeat and end alerts as a report says.

        New troubles raise one alert together. Known ones are counted, and text nobody.

        :param report: ``tools.monitoring.Report``
        :return: dict with the counts ``raised``, ``repeated`` and ``resolved``
        """
        source = self.with_user(SUPERUSER_ID).with_company(self.company_id)
        source = source.with_context(lang=self.company_id.partner_id.lang)
        now = fields.Datetime.now()
        source.heard_at = now
        keys = [it.key for it in report.troubles]
        late = source._find_over(keys)
        known = source._find_open(keys, now)
        firing = [it for it in report.troubles if it.is_firing and it.key not in late]
        none = rows = source.trouble_ids.browse()
        again = [it for it in firing if it.key in known and known[it.key]._is_past(it)]
        none.union(*(known.pop(it.key) for it in again))._end(now)
        for trouble in firing:
            if trouble.key in known:
                rows |= known[trouble.key]
                known[trouble.key]._repeat(trouble, now)
        for alert in rows.alert_id:
            alert.repeat_count += 1
        new = source._add([it for it in firing if it.key not in known], report, now)
        quiet = (rows | new).filtered(lambda it: not it.alert_id)
        source._page(quiet.filtered(source._is_urgent), report)
        over = [it for it in report.troubles if not it.is_firing]
        ended = none.union(*(known.get(it.key, none) for it in over))
        ended._end(now)
        source._note_ends(over, now)
        return {"raised": len(new), "repeated": len(rows), "resolved": len(ended)}

    def _find_over(self, keys):
        """Return the keys of Zabbix's events that are over.

        An event never begins again: a report of it that comes later is a late one.
        """
        if self.system != monitoring.ZABBIX:
            return set()
        own = [("source_id", "=", self.id), ("key", "in", keys)]
        rows = self.trouble_ids.search(own)
        return set(rows.mapped("key")) - set(rows.filtered("is_firing").mapped("key"))

    def _note_ends(self, troubles, now):
        """Keep the ends of Zabbix's events whose beginning may be reported later."""
        if self.system == monitoring.ZABBIX:
            seen = self._find_over([it.key for it in troubles])
            new = [it for it in troubles if it.key not in seen]
            own = {"source_id": self.id, "ended_at": now}
            self.trouble_ids.create([{**it._asdict(), **own} for it in new])

    def _find_open(self, keys, now):
        """Return the firing troubles with the given keys, by key.

        A trouble ends when somebody resolves its alert; reported again, it is new.
        """
        domain = [("source_id", "=", self.id), ("is_firing", "=", True)]
        rows = self.trouble_ids.search([*domain, ("key", "in", keys)])
        answered = rows.filtered(lambda it: it.alert_id.state == RESOLVED)
        answered._close(now)
        return {row.key: row for row in rows - answered}

    def _is_urgent(self, trouble):
        is_warning = trouble.severity == monitoring.WARNING and self.is_warning_urgent
        return trouble.severity == monitoring.CRITICAL or is_warning

    def _add(self, troubles, report, now):
        """Create new troubles; beyond :data:`MAX_OPEN` they are only counted.

        Those without an alert, which may never end, keep no urgent one out.
        """
        rows = self.trouble_ids.browse()
        own = {"source_id": self.id, "group_key": report.group, "is_firing": True}
        for is_urgent, sign in ((True, "!="), (False, "=")):
            some = [it for it in troubles if self._is_urgent(it) == is_urgent]
            domain = [("source_id", "=", self.id), ("is_firing", "=", True)]
            domain.append(("alert_id", sign, False))
            room = MAX_OPEN - rows.search_count(domain, limit=MAX_OPEN)
            if is_urgent and len(some) > room:
                self._get_storm_alert().repeat_count += 1
            rows += rows.create([{**it._asdict(), **own} for it in some[:room]])
        return rows

    # === Alerts ===

    def _page(self, rows, report):
        """Link troubles to their group's waiting alert, or raise a new one."""
        if not rows:
            return
        if alert := self._find_waiting(report.group):
            alert.repeat_count += 1
        else:
            alert = self._raise_alert(rows, report.more)
        rows.alert_id = alert

    def _find_waiting(self, group):
        """Return the group's alert of which more people will be told, if any.

        Without a group nothing is known to belong together. Of an alert that somebody
        has acknowledged, or whose plan is at its end, nobody would hear any more.
        """
        if not group:
            return self.env["sms.team.alert"]
        own = [("source_id", "=", self.id), ("group_key", "=", group)]
        is_waiting = [("is_firing", "=", True), ("alert_id.next_at", "!=", False)]
        return self.trouble_ids.search([*own, *is_waiting], limit=1).alert_id

    def _raise_alert(self, rows, more):
        """Raise one alert for several troubles, unless there were too many alerts."""
        if self.env["sms.rate.limit"]._is_over("alert_source_alerts", str(self.id)):
            return self._get_storm_alert()
        worst = min(rows, key=lambda it: monitoring.SEVERITIES.index(it.severity))
        others = len(rows) - 1 + more
        return self._raise_in_words(worst.summary, others and f"(+{others})")

    def _get_storm_alert(self):
        """Return the one alert for all excess troubles; only a person resolves it."""
        if storm := self._find_open([STORM], fields.Datetime.now()).get(STORM):
            return storm.alert_id
        summary = self.env._("Too many alerts in an hour. Look there.")
        alert = self._raise_in_words(summary)
        values = {"source_id": self.id, "key": STORM, "is_firing": True}
        values |= {"summary": summary, "severity": monitoring.CRITICAL}
        self.trouble_ids.create({**values, "alert_id": alert.id})
        return alert

    def _raise_in_words(self, summary, more=""):
        words = monitoring.describe(self.name, summary, more or "")
        values = {"source_id": self.id, "origin": "system"}
        return self.env["sms.team.alert"]._raise(self.team_id, words, **values)


class SmsAlertTrouble(models.Model):
    """A trouble that a monitoring system reports: one row until it is over.

    However often it is reported, it has one alert, or none if it is not urgent. Several
    may share an alert, which ends with the last of them.
    """

    _name = "sms.alert.trouble"
    _description = "Reported Trouble"
    _order = "id desc"
    _rec_name = "summary"

    source_id = fields.Many2one(
        "sms.alert.source",
        "System",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(related="source_id.company_id", store=True)
    alert_id = fields.Many2one(
        "sms.team.alert", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    key = fields.Char(required=True, readonly=True, help="The system's own key.")
    group_key = fields.Char(
        readonly=True, help="The system's key for what belongs together."
    )
    summary = fields.Char("Problem", required=True, readonly=True)
    severity = fields.Selection(
        [
            (monitoring.CRITICAL, "Critical"),
            (monitoring.WARNING, "Warning"),
            (monitoring.INFO, "Information"),
        ],
        required=True,
        readonly=True,
    )
    link = fields.Char("Page", readonly=True)
    is_firing = fields.Boolean("Firing", readonly=True)
    report_count = fields.Integer("Reports", readonly=True, default=1)
    began_at = fields.Datetime(
        "Began", readonly=True, help="As the system says. Empty if it does not."
    )
    reported_at = fields.Datetime(
        "First Reported", required=True, readonly=True, default=fields.Datetime.now
    )
    heard_at = fields.Datetime(
        "Last Reported", required=True, readonly=True, default=fields.Datetime.now
    )
    ended_at = fields.Datetime("Over Since", readonly=True)

    _firing_unique = models.UniqueIndex("(source_id, key) WHERE is_firing")

    def _is_past(self, trouble):
        """Return whether a report is of a later time that the trouble fires.

        Its end was not reported, as of one that was silenced when it ended.
        """
        is_known = self.began_at and trouble.began_at
        return is_known and trouble.began_at - self.began_at > monitoring.SAME_START

    def _repeat(self, trouble, now):
        """Count another report of the trouble, which may have become worse."""
        values = {"summary": trouble.summary, "severity": trouble.severity}
        values["began_at"] = self.began_at or trouble.began_at
        self.write({"report_count": self.report_count + 1, "heard_at": now, **values})

    def _end(self, now):
        """Close troubles, and resolve alerts without a firing trouble."""
        self._close(now)
        for alert in self.alert_id:
            if not any(alert.trouble_ids.mapped("is_firing")):
                alert._resolve(now, {"user_id": False, "partner_id": False})

    def _end_storm(self, now):
        """Close the row for excess troubles, which no report ends."""
        self.filtered(lambda it: it.key == STORM and it.is_firing)._close(now)

    def _close(self, now):
        self.write({"is_firing": False, "ended_at": now, "heard_at": now})
        # Before another row with the same key is created (unique index).
        self.flush_recordset(["is_firing"])

    @api.autovacuum
    def _gc_troubles(self):
        """Delete troubles not reported for :data:`KEPT`, unless their alert is open."""
        old = Domain("heard_at", "<", fields.Datetime.now() - KEPT)
        over = Domain("alert_id", "=", False) | Domain("alert_id.state", "=", RESOLVED)
        self.search(old & over, limit=10_000).unlink()


class MailThread(models.AbstractModel):
    """Lets mails create our records only through an alias set up by a manager."""

    _inherit = "mail.thread"

    @api.model
    def message_process(self, *args, **options):
        """Repeat a fetched email after a conflict: Odoo drops one that fails."""
        process = partial(super().message_process, *args, **options)
        is_fetched = "default_fetchmail_server_id" in self.env.context
        return work_off_safely(self, process) if is_fetched else process()

    @api.model
    def _routing_check_route(self, message, message_dict, route, raise_exception=True):
        """Refuse a mail routed to one of our models without alias or thread.

        Odoo creates the record with all rights, and lets every employee submit mails
        over RPC: anybody could wake a team, or announce an incident.
        """
        model, thread_id, _values, _user_id, alias = route
        if model and model.startswith("sms.") and not (thread_id or alias):
            reason = self.env._("only an address of Odoo can create texts")
            message_id = message_dict["message_id"]
            self._routing_warn(reason, message_id, route, raise_exception)
            return ()
        return super()._routing_check_route(
            message, message_dict, route, raise_exception
        )
