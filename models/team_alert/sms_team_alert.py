# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ...tools import escalation, replies, reply_codes, texts
from ...tools.phone import E164
from ..core.moments import say_moment
from ..ledger.sms_purpose import INTERNAL
from . import sms_team_alert_entry as entries

OPEN, ACKNOWLEDGED, RESOLVED = ("open", "acknowledged", "resolved")
#: Longest description in characters: with codes and footer it fits three segments; and
#: the longest one in a list of several alerts.
WORDS_LIMIT, SHORT = 300, 40
#: The answer to each action by text.
DONE = {
    replies.ACKNOWLEDGE: reply_codes.ALERT_ACKNOWLEDGED,
    replies.RESOLVE: reply_codes.ALERT_RESOLVED,
    replies.ESCALATE: reply_codes.ALERT_ESCALATED,
}


class SmsTeamAlert(models.Model):
    """Something urgent that somebody of a team must take; escalated until they do.

    Raised by a person, an automation, a mail or a monitoring system, never created as a
    plain record, since raising it texts people. Its plan says whom to tell, and when to
    tell the next. It is answered with codes that are its own until some days after its
    end.
    """

    _name = "sms.team.alert"
    _description = "Team Alert"
    _inherit = ["mail.thread", "sms.own.defaults"]
    _order = "id desc"

    name = fields.Char("Problem", required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    team_id = fields.Many2one("helpdesk.ticket.team", required=True, readonly=True)
    plan_id = fields.Many2one("sms.team.alert.plan", required=True, readonly=True)
    ticket_id = fields.Many2one(
        "helpdesk.ticket", readonly=True, index="btree_not_null"
    )
    automation_id = fields.Many2one(
        "sms.automation", readonly=True, index="btree_not_null"
    )
    user_id = fields.Many2one(
        "res.users", "Raised By", readonly=True, help="Empty if no user did."
    )
    origin = fields.Selection(
        [
            ("person", "A person"),
            ("automation", "An automation"),
            ("mail", "A mail"),
            ("system", "A monitoring system"),
        ],
        required=True,
        readonly=True,
        default="person",
    )
    repeat_count = fields.Integer(
        "Reported Again",
        readonly=True,
        help="How often it was reported again while it was open.",
    )
    state = fields.Selection(
        [
            (OPEN, "Not acknowledged"),
            (ACKNOWLEDGED, "Acknowledged"),
            (RESOLVED, "Resolved"),
        ],
        required=True,
        readonly=True,
        default=OPEN,
        index=True,
        group_expand=True,
    )
    code_block = fields.Integer(
        readonly=True, help="Says which codes are its own: 0 has 4, 6, 8; 1 has 14 …"
    )

    created_at = fields.Datetime(
        "Raised", required=True, readonly=True, default=fields.Datetime.now
    )
    acknowledged_at = fields.Datetime("Acknowledged", readonly=True)
    acknowledged_by_id = fields.Many2one("res.users", readonly=True)
    resolved_at = fields.Datetime("Resolved", readonly=True)
    resolved_by_id = fields.Many2one("res.users", readonly=True)
    target_minutes = fields.Integer(
        "Acknowledge Within", readonly=True, help="Minutes, as its plan said."
    )
    is_in_time = fields.Boolean(
        "Acknowledged in Time",
        compute="_compute_is_in_time",
        store=True,
        help="Acknowledged, or over, within the target time of its plan.",
    )
    minutes_to_acknowledge = fields.Float(
        compute="_compute_is_in_time", store=True, aggregator=None
    )

    escalating_since = fields.Datetime(
        readonly=True,
        default=fields.Datetime.now,
        help="From when on the steps of the plan are counted.",
    )
    done_minutes = fields.Integer(
        readonly=True, default=-1, help="The steps up to this minute are done."
    )
    next_at = fields.Datetime(
        "Next Step", readonly=True, help="When the next step of the plan is due."
    )
    entry_ids = fields.One2many(
        "sms.team.alert.entry", "alert_id", "Timeline", readonly=True
    )

    is_live = fields.Boolean(compute="_compute_codes_label")
    codes_label = fields.Char("Codes", compute="_compute_codes_label")
    status_label = fields.Char("How It Stands", compute="_compute_status_label")
    told_label = fields.Char("Notified", compute="_compute_counts", compute_sudo=True)
    call_count = fields.Integer("To Call", compute="_compute_counts", compute_sudo=True)
    call_ids = fields.One2many(
        "sms.team.alert.entry", compute="_compute_counts", compute_sudo=True
    )

    _next_index = models.Index("(next_at) WHERE state = 'open' AND next_at IS NOT NULL")

    source_id = fields.Many2one(
        "sms.alert.source", "Monitoring System", readonly=True, index="btree_not_null"
    )
    trouble_ids = fields.One2many(
        "sms.alert.trouble", "alert_id", "Reported Troubles", readonly=True
    )

    @api.depends("acknowledged_at", "resolved_at", "created_at", "target_minutes")
    def _compute_is_in_time(self):
        for alert in self:
            taken_at = alert.acknowledged_at or alert.resolved_at
            took = taken_at - alert.created_at if taken_at else timedelta()
            minutes = took / timedelta(minutes=1)
            alert.minutes_to_acknowledge = alert.acknowledged_at and minutes
            alert.is_in_time = bool(taken_at) and minutes <= alert.target_minutes

    @api.model_create_multi
    def create(self, vals_list):
        """Assign each alert its own codes, one alert after the other."""
        alerts = self.browse()
        for vals in vals_list:
            vals.setdefault("company_id", self.env.company.id)
            vals["code_block"] = self._take_code_block()
            alerts += super().create([vals])
        return alerts

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        """Refuse to delete alerts: they record who was told and who took them."""
        raise UserError(self.env._("Team alerts cannot be deleted."))

    # === Raising ===

    @api.model
    def _raise(self, team, words, **values):
        """Raise an alert and queue its first messages, in this transaction.

        :param team: ``helpdesk.ticket.team`` whose people are told
        :param str words: what is wrong
        :param values: further fields: ``plan_id``, ``ticket_id``, ``user_id`` …
        :raises UserError: if ``words`` are empty
        """
        env_sudo = self.sudo().env
        plans = env_sudo["sms.team.alert.plan"]
        plan = plans.browse(values.get("plan_id") or ())
        ticket = env_sudo["helpdesk.ticket"].browse(values.get("ticket_id") or ())
        company = plan.company_id or ticket.company_id or team.sudo().company_id
        company = company or self.env.company
        name = self._clean_words(words)
        if not name:
            raise UserError(self.env._("Enter what is wrong."))
        plan = plan or plans._find(team, company)
        values |= {"name": name, "company_id": company.id, "team_id": team.id}
        values |= {"plan_id": plan.id, "target_minutes": plan.target_minutes}
        alert = self.sudo().create(values)
        alert._note_on_ticket(self.env._("Team alert raised: %s", name))
        alert._escalate(fields.Datetime.now())
        return alert

    @api.model
    def _clean_words(self, words):
        return texts.clean(texts.shorten(words, WORDS_LIMIT, sign="..."))

    def _note_on_ticket(self, words):
        for ticket in self.ticket_id:
            ticket._message_log(body=words)

    @api.model
    def message_new(self, msg_dict, custom_values=None):
        """Raise an alert from a mail; a repeated one is counted on the open alert.

        :raises AccessError: unless called by Odoo's mail gateway, in sudo: a call over
            RPC could forge the sender
        """
        if not self.env.su:
            raise AccessError(self.env._("Emails come in through the mail gateway."))
        plans_sudo = self.env["sms.team.alert.plan"].sudo()
        plan_sudo = plans_sudo.browse((custom_values or {})["plan_id"])
        words = self._clean_words(msg_dict.get("subject") or "")
        words = words or self.env._("An email without a subject")
        if alert_sudo := plan_sudo._find_mailed(words):
            alert_sudo.repeat_count += 1
            return alert_sudo
        author = self.env["res.partner"].browse(msg_dict.get("author_id") or ())
        users_sudo = author.sudo().user_ids.filtered(lambda user: not user.share)
        values = {"user_id": users_sudo[:1].id, "origin": "mail"}
        return self._raise(plan_sudo.team_id, words, plan_id=plan_sudo.id, **values)

    @api.model
    def _take_code_block(self):
        """Return the lowest block of codes that no other alert uses now.

        Nor one of another company: people may answer both at the same number.
        Concurrent alerts are serialized by a counter, so that the second one sees the
        first.
        """
        self.env["sms.rate.limit"].sudo()._is_over("team_alerts", "codes")
        is_used = Domain("state", "!=", RESOLVED)
        is_used |= Domain("resolved_at", ">", fields.Datetime.now() - replies.KEPT)
        taken = self.sudo().search_fetch(is_used, ["code_block"])
        return replies.find_free(taken.mapped("code_block"))

    def _get_codes(self):
        return replies.get_codes(self.code_block)

    # === Answers by text ===

    def _answer(self, action, question, inbound):
        """Act on the code of a text, and reply.

        Whoever has it already is told so again; if other alerts wait, of their codes.
        """
        facts = self._get_facts(question, inbound)
        taker, _at = self._get_taken()
        if self._act(action, inbound.received_at, facts):
            code = DONE[action]
        elif taker and taker.id == facts["user_id"]:
            if OPEN in question._find_open(inbound)._get_alert().mapped("state"):
                question._take_unknown_code(inbound)
                return
            is_over = self.state == RESOLVED
            code = DONE[replies.RESOLVE if is_over else replies.ACKNOWLEDGE]
        else:
            self._note(entries.LATE, inbound.received_at, **facts)
            code = reply_codes.ALERT_LATE
        partner = question.partner_id
        self._say_alert(inbound, code, partner, self._get_fillers(partner))

    @api.model
    def _say_alert(self, inbound, code, partner, fillers):
        """Queue a reply about an alert, unless the number has had too many."""
        inbound.kind = "answer"
        render = self.env["sms.reply"]._render
        body = render(code, inbound.company_id, partner.lang, **fillers)
        self.env["sms.inbound.router"]._say(inbound, body, partner, INTERNAL)

    def _get_facts(self, question, inbound):
        told = self._get_told().filtered(lambda it: it.number == question.number)
        return {
            "user_id": told.user_id[:1].id,
            "partner_id": question.partner_id.id,
            "number": question.number,
            "inbound_id": inbound.id,
        }

    def _get_told(self):
        return self.entry_ids.filtered(lambda it: it.kind == entries.TOLD)

    def _get_reached(self):
        """Return who was told, without messages that failed or were called off."""
        told = self._get_told()
        return told.filtered(lambda it: it.sms_id.state not in entries.FAILED_STATES)

    def _get_fillers(self, partner):
        user, at = self._get_taken()
        zone = partner.tz or self.company_id._get_sms_zone()
        reader = self.with_context(tz=zone, lang=partner.lang or self.env.lang)
        return {
            # The wordings continue after it, with their own punctuation.
            "alert": self.name.rstrip(" .!"),
            "name": self._get_taker_name(user),
            "time": say_moment(reader.env, at),
            **self._get_codes(),
        }

    def _get_taken(self):
        """Return the ``res.users`` who resolved or else took the alert, and when."""
        if self.state == RESOLVED:
            return self.resolved_by_id, self.resolved_at
        return self.acknowledged_by_id, self.acknowledged_at

    def _get_taker_name(self, user):
        if self.source_id and self.state == RESOLVED and not user:
            return self.source_id.sudo().name
        return user.sudo().name or self.env._("somebody")

    # === Buttons ===

    def action_acknowledge(self):
        """Take the alert, so that nobody else is told."""
        return self._press(replies.ACKNOWLEDGE)

    def action_resolve(self):
        """Resolve the alert."""
        return self._press(replies.RESOLVE)

    def action_escalate(self):
        """Pass the alert on: the plan's next step runs at once."""
        return self._press(replies.ESCALATE)

    def action_refresh(self):
        """Wake the escalation, in case it is late (called by the client)."""
        self.check_access("read")
        self.sudo()._wake_next()
        return True

    def _press(self, action):
        self._check_may_act()
        facts = {"user_id": self.env.uid, "partner_id": self.env.user.partner_id.id}
        for alert in self.sudo():
            alert._act(action, fields.Datetime.now(), facts)
        return True

    def _check_may_act(self):
        self.check_access("read")
        self.company_id._check_sms_user()
        if not self.env.user.has_group("helpdesk_mgmt.group_helpdesk_user_own"):
            raise AccessError(self.env._("Only helpdesk users can act on team alerts."))

    # === Actions ===

    def _act(self, action, at, facts):
        """Take, resolve or pass on the alert; return whether that was possible.

        Of two concurrent ones, Odoo retries the second, which finds the alert taken.

        :param datetime at: when it was said (UTC)
        :param dict facts: who said it, as fields of ``sms.team.alert.entry``
        """
        return {
            replies.ACKNOWLEDGE: self._acknowledge,
            replies.RESOLVE: self._resolve,
            replies.ESCALATE: self._pass_on,
        }[action](at, facts)

    def _acknowledge(self, at, facts):
        """Take the alert; return False if it was not open."""
        if self.state != OPEN:
            return False
        values = {"acknowledged_at": at, "acknowledged_by_id": facts["user_id"]}
        self.write({"state": ACKNOWLEDGED, **values, "next_at": False})
        self._close_step(entries.TAKEN, reply_codes.ALERT_TAKEN_BY_OTHER, at, facts)
        return True

    def _resolve(self, at, facts):
        """Resolve the alert; return False if it was resolved before.

        Its codes stay valid for a few days, and are not reused. A system that reports
        the end has not acknowledged it.
        """
        if self.state == RESOLVED:
            return False
        user_id = facts["user_id"]
        values = {"state": RESOLVED, "resolved_at": at, "resolved_by_id": user_id}
        if any(facts.values()) and not self.acknowledged_at:
            values |= {"acknowledged_at": at, "acknowledged_by_id": user_id}
        self.write({**values, "next_at": False})
        self.trouble_ids._end_storm(at)
        self.env["sms.question"]._find_team_alert(self).expires_at = at + replies.KEPT
        code = reply_codes.ALERT_RESOLVED_BY_OTHER
        self._close_step(entries.RESOLVED, code, at, facts)
        return True

    def _pass_on(self, at, facts):
        """Reopen it and run the next step at once; return False if it is resolved."""
        if self.state == RESOLVED:
            return False
        holder = self.acknowledged_by_id
        held = self._get_told().filtered(lambda it: holder and it.user_id == holder)
        self.write(
            {"state": OPEN, "acknowledged_at": False, "acknowledged_by_id": False}
        )
        self._note_answer(entries.ESCALATED, at, facts)
        self._tell_others(held, DONE[replies.ESCALATE], facts)
        passed_by = self.env["res.users"].browse(facts["user_id"] or ())
        self._hasten(fields.Datetime.now(), passed_by)
        return True

    def _close_step(self, kind, code, at, facts):
        self._note_answer(kind, at, facts)
        told = self._get_told()
        waiting = told.sms_id.filtered(lambda sms: sms.state == "outgoing")
        (waiting - self._find_others_calls(waiting)).action_set_canceled()
        if self.plan_id.tell_others:
            known = told.filtered(lambda it: it.sms_id not in waiting)
            self._tell_others(known, code, facts)

    def _note_answer(self, kind, at, facts):
        """Add an action to the timeline, and to the ticket."""
        self._note(kind, at, **facts)
        kinds = dict(self.entry_ids._fields["kind"]._description_selection(self.env))
        user = self.env["res.users"].browse(facts["user_id"] or ())
        values = {"alert": self.name, "state": kinds[kind]}
        values["name"] = user.name or self.env._("by text")
        self._note_on_ticket(
            self.env._("Team alert “%(alert)s”: %(state)s (%(name)s)", **values)
        )

    def _tell_others(self, told, code, facts):
        """Text other alerted people what somebody has done."""
        user = self.env["res.users"].browse(facts["user_id"] or ())
        own_number = facts.get("number") or user.partner_id.phone_sanitized
        others = told.filtered(
            lambda it: (
                it.user_id.id != facts["user_id"]
                and it.number != own_number
                and it.sms_id.state != "canceled"
                and it.user_id.sms_alert_order != escalation.ONLY_CALL
                and E164.match(it.number or "")
            )
        )
        render, values_of = self.env["sms.reply"]._render, {}
        for entry in others:
            partner = entry.partner_id
            fillers = self._get_fillers(partner)
            body = render(code, self.company_id, partner.lang, **fillers)
            values_of[entry.number] = self._prepare_text(partner, entry.number, body)
        self.env["sms.sms"].create(list(values_of.values()))

    # === Board ===

    @api.depends("code_block", "state")
    @api.depends_context("lang")
    def _compute_codes_label(self):
        for alert in self:
            alert.is_live = alert.state != RESOLVED
            alert.codes_label = self.env._(
                "%(acknowledge)s acknowledges, %(resolve)s resolves, %(escalate)s "
                "escalates",
                **alert._get_codes(),
            )

    def _describe_codes(self):
        return self.env._(
            "%(acknowledge)s acknowledge, %(resolve)s resolve, %(escalate)s escalate: "
            "%(alert)s",
            alert=texts.shorten(self.name, SHORT, sign="..."),
            **self._get_codes(),
        )

    @api.depends("entry_ids.kind", "entry_ids.needs_call", "entry_ids.user_id")
    @api.depends_context("lang", "tz", "uid")
    def _compute_counts(self):
        for alert in self:
            alert.told_label = alert._describe_told()
            alert.call_ids = alert.entry_ids.filtered("needs_call")
            alert.call_count = len(alert.call_ids.user_id)

    def _describe_told(self):
        """Return the people in the order they were told, each with the last time."""
        last = {}
        for entry in self._get_reached():
            name = entry.user_id.name or self.env._("somebody")
            last[name] = say_moment(self.env, entry.at)
        return ", ".join(f"{name} {at}" for name, at in last.items())

    @api.depends("state", "acknowledged_by_id", "resolved_by_id", "next_at")
    @api.depends_context("lang", "tz")
    def _compute_status_label(self):
        now = fields.Datetime.now()
        for alert in self:
            if alert.state == OPEN:
                alert.status_label = alert._describe_open(now)
                continue
            user, at = alert._get_taken()
            time = self._format_duration(at - alert.created_at)
            values = {"name": alert._get_taker_name(user), "time": time}
            label = self.env._("Acknowledged by %(name)s after %(time)s", **values)
            if alert.state == RESOLVED:
                label = self.env._("Resolved by %(name)s after %(time)s", **values)
            alert.status_label = label

    def _describe_open(self, now):
        """Return in words how long the alert has waited, and when the next are told."""
        waited = self._format_duration(now - self.created_at)
        if not self.next_at and not self.sudo()._get_reached():
            return self.env._("Not acknowledged for %s. Nobody was reached.", waited)
        if not self.next_at:
            return self.env._(
                "Not acknowledged for %s. The plan has no more steps.", waited
            )
        return self.env._(
            "Not acknowledged for %(waited)s. The next are told in %(left)s.",
            waited=waited,
            left=self._format_duration(self.next_at - now),
        )

    @api.model
    def _format_duration(self, duration):
        minutes = max(int(duration.total_seconds() // 60), 0)
        if not minutes:
            return self.env._("less than a minute")
        if minutes < 120:
            return self.env._("%s min", minutes)
        hours, left = divmod(minutes, 60)
        if hours < 48:
            return self.env._("%(hours)s h %(minutes)s min", hours=hours, minutes=left)
        return self.env._("%s days", hours // 24)
