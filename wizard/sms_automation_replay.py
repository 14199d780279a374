# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from contextlib import closing
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import groupby

from ..models.automation.sms_automation_engine import Change
from ..models.message.sms_gate import GateQuestion
from ..tools import TICKET_MODEL, automation, verdicts
from ..tools.automation import Rule
from ..tools.purpose_rules import MessageSource

#: Most texts that are shown; others are only counted.
SHOWN = 200


class SmsAutomationReplay(models.TransientModel):
    """A dry run of automations on the past, which sends nothing.

    What Odoo does not keep (a ticket's former team, priority or category) is taken as
    it is today; deadlines are not replayed.
    """

    _name = "sms.automation.replay"
    _description = "Dry Run of Automations"

    days = fields.Integer("Look Back", default=7, required=True)
    automation_ids = fields.Many2many(
        "sms.automation", string="Automations", context={"active_test": False}
    )
    line_ids = fields.One2many("sms.automation.replay.line", "replay_id", "Texts")
    text_count = fields.Integer(readonly=True)
    ticket_count = fields.Integer(readonly=True)
    summary = fields.Char(compute="_compute_summary")

    _days_bounds = models.Constraint(
        "CHECK (days BETWEEN 1 AND 31)", "Choose from 1 to 31 days."
    )

    @api.depends("text_count", "ticket_count", "line_ids")
    def _compute_summary(self):
        for wizard in self:
            wizard.summary = self.env._(
                "%(texts)s texts about %(tickets)s tickets. Of those shown, %(sent)s "
                "would be sent now.",
                texts=wizard.text_count,
                tickets=wizard.ticket_count,
                sent=sum(line.verdict == verdicts.SEND for line in wizard.line_ids),
            )

    def action_replay(self):
        """Replay the past and show who would have got which text.

        Side effects of rendering a template are rolled back.
        """
        self.ensure_one()
        with closing(self.env.cr.savepoint()):
            texts = self._find_texts()
            values = self._describe(texts[:SHOWN])
        self.line_ids.unlink()
        self.write(
            {
                "text_count": len(texts),
                "ticket_count": len({ticket.id for _at, ticket, *_rest in texts}),
                "line_ids": [fields.Command.create(vals) for vals in values],
            }
        )
        return self._get_records_action(
            name=self.env._("Dry run"),
            target="new",
            context={"dialog_size": "extra-large"},
        )

    # === Replay ===

    def _find_texts(self):
        """Return ``(time, ticket, rule, recipient)`` for each text, newest first."""
        since = fields.Datetime.now() - timedelta(days=self.days)
        changes, inbound = self._read_changes(since), self._read_inbound(since)
        found = self.env[TICKET_MODEL].with_context(active_test=False)
        tickets = found.search(
            ["|", ("create_date", ">=", since), ("id", "in", [*changes, *inbound])]
        ).sudo()
        answers = self._read_answers(tickets, since)
        rules, engine = self._get_rules(), self.env["sms.automation"].sudo()
        asked = [(Change(ticket, frozenset()), rules) for ticket in tickets]
        closed_ids = set(tickets.stage_id.search([("closed", "=", True)]).ids)
        planned = []
        for (ticket, *_change), own in engine._drop_by_domain(asked):
            past = (it.get(ticket.id, []) for it in (changes, inbound, answers))
            created_at = ticket.create_date if ticket.create_date >= since else None
            found = self._replay_ticket(ticket, created_at, past, own, closed_ids)
            planned += [(at, ticket, rule) for at, rule in found]
        return self._address(sorted(planned, key=lambda text: text[0]))[::-1]

    @api.model
    def _replay_ticket(self, ticket, created_at, past, rules, closed_ids):
        """Return which rules would have texted about a ticket, and when.

        :param datetime created_at: None if before the period
        :param past: the ticket's changes, its customer's texts, our answers
        :return: list of ``(time, rule)``
        """
        changes, inbound, answers = past
        state = (ticket.stage_id.id or 0, ticket.user_id.id or 0)
        events = automation.read_history(
            created_at, changes, *state, closed_ids, inbound
        )
        # Customers of closed tickets wait no longer.
        closings = [it.at for it in events if automation.CLOSED in it.happened]
        waits = automation.find_waits(inbound, answers + closings)
        facts = self.env["sms.automation"]._get_facts(ticket)
        facts = facts._replace(asks_rating=ticket._asks_sms_rating())
        now = fields.Datetime.now()
        return automation.plan_replay(events, waits, rules, facts, now)

    def _get_rules(self):
        stages = self.env["helpdesk.ticket.stage"].sudo()
        stages = stages.search([("sms_template_id", "!=", False)])
        chosen = self.automation_ids.sudo().filtered("template_id").sorted()
        return [
            Rule(
                0, automation.STAGE, it.sms_template_id.id, stage_ids=frozenset(it.ids)
            )
            for it in stages
        ] + [rule._to_rule() for rule in chosen]

    # === Recipients ===

    @api.model
    def _address(self, planned):
        """Return the texts with their recipients, within each rule's frequency."""
        engine = self.env["sms.automation"].sudo().with_user(self.env.user)
        last, texts = {}, []
        for at, ticket, rule in planned:
            for recipient in engine._get_recipients(ticket, rule.audience)[ticket.id]:
                key = (ticket.id, rule.template_id, recipient.number)
                if automation.may_text(rule, last.get(key), at):
                    last[key] = at
                    texts.append((at, ticket, rule, recipient))
        return texts

    @api.model
    def _describe(self, texts):
        """Return the lines for texts, rendered today, with the gate's verdict."""
        refusals = self._find_sender_refusals(texts)
        questions = [
            GateQuestion(
                ticket.company_id.id,
                recipient.number,
                self._get_purpose(ticket, rule).id,
                reader=recipient.partner._get_sms_reader(),
                sender_refusal=refusals[ticket.company_id, recipient.number],
            )
            for _at, ticket, rule, recipient in texts
        ]
        decisions = self.env["sms.gate"].sudo()._decide(questions)
        return [
            {
                "happened_at": at,
                "ticket_id": ticket.id,
                "automation_id": rule.automation_id,
                "recipient": recipient.partner.name or ticket.sms_contact_label,
                "number": recipient.number,
                "body": self._get_body(ticket, rule, recipient),
                "verdict": decision.verdict,
                "reason": self.env["sms.sms"]._get_gate_label(decision.reason),
            }
            for (at, ticket, rule, recipient), (decision, _event_id) in zip(
                texts, decisions, strict=True
            )
        ]

    @api.model
    def _find_sender_refusals(self, texts):
        """Return why no sender can text each (company, number), or empty."""
        refusals = {}
        for company, own in groupby(texts, lambda text: text[1].company_id):
            numbers = [recipient.number for *_text, recipient in own]
            found = company.sudo()._find_sms_sender_refusals(numbers)
            keys = ((company, number) for number in numbers)
            refusals |= dict(zip(keys, found, strict=True))
        return refusals

    @api.model
    def _get_purpose(self, ticket, rule):
        if rule.purpose_code:
            return self.env["sms.purpose"]._get(rule.purpose_code).sudo()
        source = MessageSource(TICKET_MODEL, rule.template_id)
        rules = self.env["sms.purpose.rule"]
        return rules._find_purpose(ticket.company_id, source).sudo()

    @api.model
    def _get_body(self, ticket, rule, recipient):
        template_sudo = self.env["sms.template"].sudo().browse(rule.template_id)
        partner = None if rule.audience == automation.CUSTOMER else recipient.partner
        try:
            return template_sudo._render_text(ticket, partner)
        except UserError:
            return self.env._("(The template cannot be filled in: correct it.)")

    # === History kept by Odoo ===

    @api.model
    def _read_changes(self, since):
        """Return the tracked changes of stage and user: ``{ticket id: [Change]}``."""
        values_sudo = self.env["mail.tracking.value"].sudo()
        found_sudo = values_sudo.search(
            [
                ("mail_message_id.model", "=", TICKET_MODEL),
                ("mail_message_id.date", ">=", since),
                ("field_id.name", "in", ("stage_id", "user_id")),
            ]
        )
        changes = defaultdict(list)
        for message, own in found_sudo.grouped("mail_message_id").items():
            old = {f"old_{it.field_id.name}": it.old_value_integer or 0 for it in own}
            changes[message.res_id].append(automation.Change(message.date, **old))
        return changes

    @api.model
    def _read_inbound(self, since):
        """Return when customers texted: ``{ticket id: times}``."""
        groups = self.env["sms.inbound"]._read_group(
            [
                ("ticket_id", "!=", False),
                ("kind", "=", "conversation"),
                ("received_at", ">=", since),
            ],
            ["ticket_id"],
            ["received_at:array_agg"],
        )
        return {ticket.id: sorted(times) for ticket, times in groups}

    @api.model
    def _read_answers(self, tickets, since):
        """Return when internal users answered, by ticket id; notes are no answers."""
        messages_sudo = self.env["mail.message"].sudo()
        groups = messages_sudo._read_group(
            [
                ("model", "=", TICKET_MODEL),
                ("res_id", "in", tickets.ids),
                ("date", ">=", since),
                ("author_id.user_ids.share", "=", False),
                "|",
                ("message_type", "=", "sms"),
                "&",
                ("message_type", "=", "comment"),
                ("subtype_id", "=", self.env.ref("mail.mt_comment").id),
            ],
            ["res_id"],
            ["date:array_agg"],
        )
        return dict(groups)


class SmsAutomationReplayLine(models.TransientModel):
    """A text that would have been sent."""

    _name = "sms.automation.replay.line"
    _description = "Text of a Dry Run"
    _inherit = "sms.personal.data"
    _personal_company = "ticket_id.company_id"
    _is_counted = False
    _order = "happened_at desc, id"

    replay_id = fields.Many2one(
        "sms.automation.replay", required=True, ondelete="cascade"
    )
    happened_at = fields.Datetime("When", readonly=True)
    ticket_id = fields.Many2one("helpdesk.ticket", readonly=True, ondelete="cascade")
    automation_id = fields.Many2one(
        "sms.automation", readonly=True, help="Empty: the text of the stage."
    )
    recipient = fields.Char("To", readonly=True)
    number = fields.Char(readonly=True)
    body = fields.Text("Text", readonly=True)
    verdict = fields.Selection(
        [(verdicts.SEND, "Sent"), (verdicts.HOLD, "Held"), (verdicts.BLOCK, "Blocked")],
        "Today",
        readonly=True,
    )
    reason = fields.Char("Why", readonly=True)
