# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from ast import literal_eval
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command, Domain
from odoo.tools import email_normalize

from odoo.addons.mail.tools.alias_error import AliasError

from ...tools import escalation, replies, texts
from .sms_team_alert import RESOLVED

#: Placeholders of the text.
BLANKS = ("alert", "team", *replies.ACTIONS)


class SmsTeamAlertPlan(models.Model):
    """Escalation plan of a team's alerts: the text, the people, the steps.

    A team without a plan of its own uses that of its company, or else the shared one.
    Mails to its alias, as from a monitoring system, raise alerts.
    """

    _name = "sms.team.alert.plan"
    _description = "Plan of Team Alerts"
    _inherit = ["sms.shared.row", "mail.alias.mixin.optional", "sms.checked.words"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        ondelete="restrict",
        default=lambda self: self.env.company,
        help="Leave empty for all companies.",
    )
    team_id = fields.Many2one(
        "helpdesk.ticket.team",
        ondelete="cascade",
        index="btree_not_null",
        help="Leave empty for all teams without their own plan.",
    )
    body = fields.Text(
        "Text",
        required=True,
        translate=True,
        default=lambda self: self._default_body(),
        help="Placeholders: {alert} (what is wrong), {team}, and the codes to answer "
        "with: {acknowledge}, {resolve}, {escalate}.",
    )
    target_minutes = fields.Integer(
        "Acknowledge Within",
        default=10,
        help="Minutes within which an alert should be acknowledged.",
    )
    tell_others = fields.Boolean(
        "Notify the Others",
        default=True,
        help="People who were notified and no longer need to act get a text that says "
        "so.",
    )
    step_ids = fields.One2many(
        "sms.team.alert.step",
        "plan_id",
        "Steps",
        copy=True,
        default=lambda self: self._default_steps(),
    )
    is_urgent = fields.Boolean(
        "Call at Any Hour",
        default=True,
        help="If not, people are called within the hours of their own preferences, and "
        "texted at others.",
    )
    summary = fields.Char(compute="_compute_summary")
    call_preview = fields.Char("What Is Said", compute="_compute_calls")
    no_calls_reason = fields.Char(compute="_compute_calls")
    mail_senders = fields.Text(
        "Allowed Senders",
        help="Addresses or domains such as @example.com, one per line. Your users can "
        "always raise an alert by email; emails from anyone else are sent back.",
    )

    _target_positive = models.Constraint(
        "CHECK (target_minutes > 0)", "The minutes must be positive."
    )

    @api.model
    def _default_body(self):
        return self.env._(
            "[URGENT] {alert}\nReply {acknowledge} to acknowledge, {resolve} to "
            "resolve, {escalate} to escalate."
        )

    @api.model
    def _default_steps(self):
        every = {"repeats": 3, "every_minutes": 15}
        return [
            Command.create({"after_minutes": 0, "whom": escalation.ON_CALL}),
            Command.create({"after_minutes": 10, "whom": escalation.NEXT}),
            Command.create({"after_minutes": 20, "whom": escalation.ALL, **every}),
        ]

    @api.depends("step_ids.how", "team_id", "company_id")
    @api.depends_context("lang", "company")
    def _compute_calls(self):
        for plan in self:
            company, has_calls = plan.company_id or self.env.company, plan._has_calls()
            plan.no_calls_reason = has_calls and company._explain_sms_no_calls()
            plan.call_preview = has_calls and plan._fill_in_call(
                self.env._("(what is wrong)"), plan.team_id, company
            )

    def _has_calls(self):
        return escalation.CALL in self.step_ids.mapped("how")

    @api.constrains("company_id")
    def _check_calls(self):
        """Refuse calls that the plan's company cannot place.

        A shared plan may have them: companies that cannot call send texts instead.
        """
        for plan in self:
            company = plan.company_id
            reason = company and plan._has_calls() and company._explain_sms_no_calls()
            if reason:
                values = {"name": plan.name, "reason": reason}
                raise ValidationError(
                    self.env._("“%(name)s” cannot call people. %(reason)s", **values)
                )

    @api.depends(
        "step_ids.after_minutes", "step_ids.whom", "step_ids.repeats", "step_ids.how"
    )
    @api.depends_context("lang")
    def _compute_summary(self):
        for plan in self:
            plan.summary = "; ".join(it._describe() for it in plan.step_ids.sorted())

    @api.constrains("body")
    def _check_body(self):
        """Refuse unknown placeholders, and a text without the alert."""
        for plan in self:
            if fault := self._find_unknown_placeholder(plan.body, BLANKS):
                raise ValidationError(fault)
            for needed in ("alert", replies.ACKNOWLEDGE):
                if f"{{{needed}}}" not in plan.body:
                    words = self.env._("The text must contain {%s}.", needed)
                    raise ValidationError(words)

    @api.constrains("step_ids")
    def _check_steps(self):
        if empty := self.filtered(lambda it: not it.step_ids):
            words = self.env._("“%s” needs at least one step.", empty[0].name)
            raise ValidationError(words)

    @api.constrains("alias_id", "team_id", "company_id")
    def _check_alias(self):
        """Require a team and a company for an alias, as a mail names neither."""
        for plan in self:
            if plan.alias_id.alias_name and not (plan.team_id and plan.company_id):
                words = self.env._(
                    "“%s” has an email address, so it needs a team and a company.",
                    plan.name,
                )
                raise ValidationError(words)

    def _get_copy_domain(self):
        return [("team_id", "=", self.team_id.id)]

    def _alias_get_creation_values(self):
        values = super()._alias_get_creation_values()
        values["alias_model_id"] = self.env["ir.model"]._get_id("sms.team.alert")
        if self.id:
            defaults = literal_eval(self.alias_defaults or "{}")
            values["alias_defaults"] = {**defaults, "plan_id": self.id}
        return values

    @api.model
    def _find(self, team, company):
        """Return the plan for a team: its own, its company's, or a shared one."""
        domain = Domain("team_id", "in", (team.id, False))
        domain &= Domain("company_id", "in", (company.id, False))
        found = self.sudo().search(domain)
        found = found.sorted(lambda it: (not it.team_id, not it.company_id))
        if not found:
            words = self.env._(
                "There is no plan for team alerts. A helpdesk manager can create "
                "one under Configuration > Text messages > Alert plans."
            )
            raise ValidationError(words)
        return found[0]

    def _get_steps(self):
        """Return the plan's steps as ``tools.escalation.Step`` items.

        A plan whose steps were deleted one by one, over RPC, tells everybody at once.
        """
        return [
            escalation.Step(
                timedelta(minutes=step.after_minutes),
                step.whom,
                step.repeats,
                timedelta(minutes=step.every_minutes),
                step.how,
            )
            for step in self.step_ids
        ] or [escalation.Step(timedelta(), escalation.ALL)]

    def _render(self, alert, lang):
        """Return the text of an alert in a language; an empty one: the company's."""
        plan = self.with_context(lang=lang or alert.company_id.partner_id.lang)
        return plan._fill_in(alert.name, alert.team_id, alert._get_codes())

    def _fill_in(self, words, team, codes):
        team = team.with_context(lang=self.env.lang)
        return texts.fill(self.body, {"alert": words, "team": team.name, **codes})

    def _fill_in_call(self, words, team, company):
        """Return the script of a call, in the language of the environment."""
        return self.env._(
            "This is %(company)s, with an urgent alert for the team %(team)s. "
            "%(alert)s. To take it, press 1. To pass it on to the next person, "
            "press 2.",
            company=company.sudo().name,
            team=team.with_context(lang=self.env.lang).name or "…",
            alert=words.rstrip(" .!"),
        )

    # === Alerts by mail ===

    def _alias_get_error(self, message, message_dict, alias):
        """Bounce mails from unknown senders, and too many, since alerts wake people."""
        if error := super()._alias_get_error(message, message_dict, alias):
            return error
        partners_sudo = self.env["res.partner"].sudo()
        author_sudo = partners_sudo.browse(message_dict.get("author_id") or ())
        sender = email_normalize(message_dict.get("email_from") or "") or ""
        if not self.active or not self._takes_mail_of(sender, author_sudo):
            reason = self.env._("This address only accepts alerts from known senders.")
            return AliasError("error_team_alert_sender", reason)
        is_new = not self._find_mailed(message_dict.get("subject"))
        counters_sudo = self.env["sms.rate.limit"].sudo()
        if is_new and counters_sudo._is_over("team_alert_mails", str(self.id)):
            reason = self.env._("Too many alerts in an hour. Call instead.")
            return AliasError("error_team_alert_many", reason)
        return False

    def _find_mailed(self, subject):
        """Return the unresolved alert that an email repeats, in sudo, if any."""
        alerts_sudo = self.env["sms.team.alert"].sudo()
        same = Domain("plan_id", "=", self.id) & Domain("state", "!=", RESOLVED)
        same &= Domain("name", "=", alerts_sudo._clean_words(subject))
        return alerts_sudo.search(same, limit=1)

    def _takes_mail_of(self, sender, author):
        """Return whether a sender is a user of the plan's company, or allowed by it."""
        self.ensure_one()
        users = author.user_ids.filtered(lambda user: user.active and not user.share)
        if self.company_id & users.company_ids:
            return True
        known = {line.strip().lower() for line in (self.mail_senders or "").split()}
        domain = f"@{sender.rpartition('@')[2]}"
        return bool(sender) and (sender in known or domain in known)


class SmsTeamAlertStep(models.Model):
    """A step of a plan: whom it tells, how, and after how long."""

    _name = "sms.team.alert.step"
    _inherit = "sms.shared.row"
    _row_company = "plan_id.company_id"
    _description = "Step of a Plan of Team Alerts"
    _order = "after_minutes, id"
    _rec_name = "whom"

    plan_id = fields.Many2one(
        "sms.team.alert.plan", required=True, ondelete="cascade", index=True
    )
    after_minutes = fields.Integer(
        "After (Minutes)",
        help="If nobody has acknowledged it by then. 0 for immediately.",
    )
    whom = fields.Selection(
        [
            (escalation.ON_CALL, "Who is on call now"),
            (escalation.NEXT, "The next one"),
            (escalation.ALL, "All"),
        ],
        string="Notify",
        required=True,
        default=escalation.NEXT,
    )
    how = fields.Selection(
        [(escalation.TEXT, "Text message"), (escalation.CALL, "Phone call")],
        required=True,
        default=escalation.TEXT,
        help="People who are called and have had no text yet get it as well. In their "
        "own preferences they can choose to be called first, or only.",
    )
    repeats = fields.Integer("Repeat", help="How often it is repeated.")
    every_minutes = fields.Integer("Every (Minutes)", default=10)

    _times_positive = models.Constraint(
        "CHECK (after_minutes BETWEEN 0 AND 43200 AND repeats BETWEEN 0 AND 20"
        " AND every_minutes BETWEEN 1 AND 43200)",
        "Minutes cannot be negative nor exceed a month, and a step is repeated at "
        "most 20 times.",
    )

    @api.constrains("how", "plan_id")
    def _check_calls(self):
        self.plan_id._check_calls()

    def _describe(self):
        whom = dict(self._fields["whom"]._description_selection(self.env))[self.whom]
        if self.how == escalation.CALL:
            whom = self.env._("%s by call", whom)
        said = self.env._("At once: %s", whom)
        if self.after_minutes:
            values = {"whom": whom, "minutes": self.after_minutes}
            said = self.env._("After %(minutes)s minutes: %(whom)s", **values)
        if not self.repeats:
            return said
        values = {"said": said, "count": self.repeats, "minutes": self.every_minutes}
        return self.env._(
            "%(said)s, repeated %(count)s times every %(minutes)s minutes", **values
        )
