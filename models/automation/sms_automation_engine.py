# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from functools import partial
from itertools import chain
from typing import NamedTuple

from psycopg2 import OperationalError

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools import TICKET_MODEL, automation, verdicts
from ...tools.automation import Facts, Rule
from ...tools.purpose_rules import MessageSource
from ..ledger.sms_purpose import PurposeCode

_logger = logging.getLogger(__name__)
#: Key of the transaction's notes on which automations have told of a new ticket.
PLANNED = "helpdesk_mgmt_sms.planned"


class Recipient(NamedTuple):
    """A recipient; the number is E.164, or as it was entered, or empty."""

    partner: models.BaseModel
    number: str


class Text(NamedTuple):
    """A text that a rule requests: about which record, to whom."""

    record: models.BaseModel
    rule: Rule
    recipients: tuple


class Change(NamedTuple):
    """A changed ticket, in sudo, and the triggers that the change fires.

    A customer who is told that the ticket was created is not told of its assignment.
    One that is late meets the conditions on new tickets only after its creation.
    """

    record: models.BaseModel
    happened: frozenset
    is_told: bool = False
    is_late: bool = False


def get_notes(cr, key):
    """Return a set that is kept under a key until the transaction ends."""
    cache, now = cr.cache, cr.now()
    since, notes = cache.get(key, (None, None))
    if since != now:
        notes = set()
        cache[key] = (now, notes)
    return notes


class SmsAutomation(models.Model):
    """The engine: turns changes of tickets into texts, with few queries for all.

    A failing text never undoes the change: the failure is noted on the ticket.
    """

    _inherit = "sms.automation"

    # === Recipients ===

    @api.model
    def _get_recipients(self, tickets, audience):
        """Return lists of :class:`Recipient` by ticket id, for tickets in sudo."""
        if audience == automation.CUSTOMER:
            return self._get_customers(tickets)
        people = {
            automation.FOLLOWERS: self._get_followers,
            automation.ASSIGNEE: lambda ticket: ticket.user_id,
            automation.TEAM: lambda ticket: ticket.team_id.user_ids,
        }[audience]
        found = {}
        for ticket in tickets:
            someone = people(ticket)
            if audience in automation.STAFF:
                colleagues = self._filter_colleagues(someone, ticket.company_id)
                # Whoever made the change knows about it.
                someone = (colleagues - self.env.user).partner_id
            found[ticket.id] = [self._to_recipient(partner) for partner in someone]
        return found

    @api.model
    def _filter_colleagues(self, users, company):
        """Return the users who still work here, and in the ticket's company."""
        return users.filtered(
            lambda it: it.active and not it.share and company in it.company_ids
        )

    @api.model
    def _to_recipient(self, partner):
        return Recipient(partner, partner.phone_sanitized or partner.phone or "")

    @api.model
    def _get_customers(self, tickets):
        """Return the customers with a number; an invalid one gets a blocked message."""
        with_phone = tickets.filtered("partner_phone")
        info = with_phone._sms_get_recipients_info(force_field="partner_phone")
        found = {ticket.id: [] for ticket in tickets}
        for ticket in with_phone:
            entry = info[ticket.id]
            number = entry["sanitized"] or entry["number"] or ""
            found[ticket.id] = [Recipient(entry["partner"], number)]
        return found

    @api.model
    def _get_followers(self, ticket):
        """Return the contacts who follow; none who works here, or has worked here."""
        followers = ticket.message_partner_ids - ticket.partner_id
        return followers.filtered(
            lambda partner: all(
                it.share for it in partner.with_context(active_test=False).user_ids
            )
        )

    # === Texts ===

    @api.model
    def _text(self, pairs):
        """Text ``(ticket, Rule)`` pairs without recent repeats; return those sent."""
        texts = self._drop_repeated(self._address(pairs))
        return [it for it in texts if self._isolate(partial(self._send, it), it.record)]

    @api.model
    def _address(self, pairs):
        """Return the texts with their recipients, each number once per ticket."""
        recipients_of = {}
        for audience in {rule.audience for _record, rule in pairs}:
            records = [it.sudo() for it, rule in pairs if rule.audience == audience]
            records = self.env[TICKET_MODEL].sudo().union(*records)
            recipients_of[audience] = self._get_recipients(records, audience)
        texts, seen = [], set()
        for record, rule in pairs:
            found = []
            for recipient in recipients_of[rule.audience][record.id]:
                key = (record.id, recipient.number or recipient.partner.id)
                if key not in seen:
                    seen.add(key)
                    found.append(recipient)
            if found:
                texts.append(Text(record, rule, tuple(found)))
        return texts

    @api.model
    def _drop_repeated(self, texts):
        """Return the texts without recipients who got them recently."""
        last = self._get_last_times([it for it in texts if it.rule.pause is not None])
        now = fields.Datetime.now()
        kept = []
        for text in texts:
            about = (text.record.id, text.rule.template_id)
            found = tuple(
                recipient
                for recipient in text.recipients
                if automation.may_text(
                    text.rule, last.get((*about, recipient.number)), now
                )
            )
            if found:
                kept.append(text._replace(recipients=found))
        return kept

    @api.model
    def _get_last_times(self, texts):
        """Return when each template was last sent to each number.

        Texts that were blocked, cancelled or replaced do not count.

        :return: ``{(ticket id, template id, number): datetime}``
        """
        about = Domain("model", "=", TICKET_MODEL)
        about &= Domain("res_id", "in", [text.record.id for text in texts])
        sent = Domain("mail_message_id", "any", about)
        sent &= Domain("template_id", "in", [text.rule.template_id for text in texts])
        sent &= Domain("gate_verdict", "in", (verdicts.SEND, verdicts.HOLD))
        sent &= Domain("state", "!=", "canceled")
        sent_sudo = self.env["sms.sms"].sudo().search(sent, order="create_date, id")
        return {
            (it.mail_message_id.res_id, it.template_id.id, it.number): it.create_date
            for it in sent_sudo
        }

    @api.model
    def _send(self, text):
        """Queue a text as OdooBot.

        Whoever changed the ticket may not have the right to text, and a portal user who
        closes it must not appear as the author.
        """
        rule = text.rule
        record = text.record.with_user(SUPERUSER_ID)
        record = record.with_company(record.company_id).with_context(
            sms_source=MessageSource(
                template_id=rule.template_id,
                automation_id=rule.automation_id,
                is_urgent=rule.is_urgent,
                fact=record._make_sms_fact(rule.trigger),
            ),
            sms_purpose=PurposeCode(rule.purpose_code) if rule.purpose_code else None,
            sms_personal=None,
        )
        template = record.env["sms.template"].browse(rule.template_id)
        if rule.audience == automation.CUSTOMER:
            body = template._render_text(record)
            record._message_sms(body, number_field="partner_phone", put_in_queue=True)
            return True
        bodies = {}
        for recipient in text.recipients:
            body = template._render_text(record, recipient.partner)
            bodies.setdefault(body, []).append(recipient.partner.id)
        for body, partner_ids in bodies.items():
            record._message_sms(body, partner_ids=partner_ids, put_in_queue=True)
        return True

    # === Changes ===

    @api.model
    def _on_changes(self, changes):
        """Plan the texts of automations and stages, at once or for later.

        No text is created in the transaction that changes a ticket, so users need not
        wait for templates: the cron, woken by the commit, processes the plan.

        :param list changes: :class:`Change` items
        :return: list of planned ``(ticket, Rule)``
        """
        planned = [(change, self._find_candidates(change)) for change in changes]
        planned = [(change, rules) for change, rules in planned if rules]
        closed = [it.record for it, _ in planned if automation.CLOSED in it.happened]
        asked = self.env[TICKET_MODEL].sudo().union(*closed)._filter_sms_rating()
        pairs = []
        for change, rules in self._drop_by_domain(planned):
            facts = Facts(asks_rating=change.record in asked)
            served = automation.get_served(change.happened, facts)
            chosen = automation.choose(rules, served)
            pairs += [(change.record, rule) for rule in chosen]
        if pairs:
            self.env["sms.automation.run"]._plan(pairs)
        get_notes(self.env.cr, PLANNED).update(
            (record.id, rule.automation_id)
            for record, rule in pairs
            if rule.trigger == automation.CREATED
        )
        return pairs

    @api.model
    def _on_due(self, ticket, rules):
        """Send planned texts whose rules still apply to the ticket."""
        facts = self._get_facts(ticket)
        rules = [rule for rule in rules if automation.fits(rule, facts)]
        [(_change, rules)] = self._drop_by_domain(
            [(Change(ticket, frozenset()), rules)]
        )
        pairs = [(ticket, rule) for rule in rules]
        return self._isolate(partial(self._text, pairs), ticket) or []

    @api.model
    def _find_candidates(self, change):
        """Return the rules that a change may trigger, the stage's first."""
        record, happened, is_told, is_late = change
        is_new = automation.CREATED in happened and not is_late
        trigger = automation.FIRST_STAGE if is_new else automation.STAGE
        is_staged = automation.STAGE in happened
        rules = self._get_stage_rules(record, trigger) if is_staged else []
        own = [rule for rule in self._get_rules() if rule.trigger in happened]
        if is_told:
            known = (automation.ASSIGNED, automation.CUSTOMER)
            own = [rule for rule in own if (rule.trigger, rule.audience) != known]
        if is_late:
            known = get_notes(self.env.cr, PLANNED)
            own = [rule for rule in own if (record.id, rule.automation_id) not in known]
        if own:
            facts = self._get_facts(record)
            rules += [rule for rule in own if automation.fits(rule, facts)]
        return rules

    @api.model
    def _get_stage_rules(self, record, trigger):
        template = record.stage_id.sms_template_id
        return [Rule(0, trigger, template.id)] if template else []

    @api.model
    def _get_facts(self, record):
        return Facts(
            record.company_id.id,
            record.team_id.id or 0,
            record.stage_id.id or 0,
            record.category_id.id or 0,
            record.priority or "",
        )

    @api.model
    def _drop_by_domain(self, planned):
        """Return the changes, each with the rules whose conditions hold."""
        tickets = self.env[TICKET_MODEL].sudo()
        tickets = tickets.browse(change.record.id for change, _rules in planned)
        holding = {}
        for rule in chain.from_iterable(rules for _change, rules in planned):
            if rule.domain and rule.automation_id not in holding:
                holding[rule.automation_id] = self._find_holding(rule, tickets)

        def holds(change, rule):
            return not rule.domain or change.record.id in holding[rule.automation_id]

        return [
            (change, [rule for rule in rules if holds(change, rule)])
            for change, rules in planned
        ]

    @api.model
    def _find_holding(self, rule, tickets):
        """Return the ids of the tickets that meet a rule's domain.

        One that fails affects only its ticket, and no other rule.
        """
        found = partial(self._filter_by_domain, rule, tickets.ids)
        found = self._isolate(found, tickets)
        if found is None and len(tickets) > 1:
            return set().union(*(self._find_holding(rule, it) for it in tickets))
        return set(found.ids) if found else set()

    @api.model
    def _filter_by_domain(self, rule, ids):
        """Return the tickets that meet a rule's domain.

        Relative dates ("today") are those of the ticket's company.
        """
        tickets_sudo = self.env[TICKET_MODEL].sudo().browse(ids)
        found_sudo = tickets_sudo.browse()
        for company, own_sudo in tickets_sudo.grouped("company_id").items():
            own_sudo = own_sudo.with_context(tz=company._get_sms_zone())
            found_sudo |= own_sudo.filtered_domain(list(rule.domain))
        return found_sudo

    # === Failures ===

    @api.model
    def _isolate(self, work, records):
        """Run some work so that its failure undoes nothing else.

        Flushes first, instead of in the savepoint: Odoo's flushing savepoint would end
        the tracking of the ticket's changes prematurely.

        :param work: function without arguments
        :param records: ``helpdesk.ticket``; a failure with a single one is noted on it
        :return: the result of the work; None if it failed
        """
        self.env.flush_all()
        try:
            with self.env.cr.savepoint(flush=False):
                result = work()
                self.env.flush_all()
        except OperationalError:
            raise  # the transaction is lost, and Odoo retries it
        except Exception as error:  # whatever a template or another module raises
            self.env.transaction.clear()
            if len(records) == 1:
                self._note_failure(records, error)
            return None
        return result

    @api.model
    def _note_failure(self, record, error):
        _logger.error("%s: no text was made about it", record, exc_info=error)
        words = str(error) if isinstance(error, UserError) else ""
        note = self.env._(
            "An automatic text could not be created: its template could not be filled "
            "in, or something else went wrong. Please tell a helpdesk manager. %s",
            words,
        )
        record.with_user(SUPERUSER_ID)._message_log(body=note.strip())
