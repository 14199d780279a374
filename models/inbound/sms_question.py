# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import timedelta
from functools import partial

from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain

from ...tools.verdicts import HOLD
from ..core.batch_jobs import contain

_logger = logging.getLogger(__name__)
OPEN, ANSWERED, REPLACED, CANCELLED = ("open", "answered", "replaced", "cancelled")
#: Time in which a question may be answered, unless it has its own.
LIFE = timedelta(days=7)
#: Fields that identify the person asked, or hold their words.
PERSONAL_FIELDS = ("number", "answer", "partner_id")


class SmsQuestion(models.Model):
    """A question that a number was asked by text, until it is answered or over.

    Of several open ones the newest that understands a text takes it: each kind has a
    method ``_take_<kind>`` that returns whether a text is an answer. A text that none
    of them understands, or that comes too late, is conversation. The question to
    confirm joining is not kept here but in the ledger (``sms.opt.in``).
    """

    _name = "sms.question"
    _description = "Question by Text Message"
    _inherit = ["sms.personal.data", "sms.masked.number"]
    _kept_since = "asked_at"
    _order = "id desc"
    _rec_name = "number"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    number = fields.Char(readonly=True, help="E.164; empty once it is erased.")
    partner_id = fields.Many2one(
        "res.partner", "Contact", readonly=True, index="btree_not_null"
    )
    kind = fields.Selection(
        [("rating", "How it went")], "About", required=True, readonly=True
    )
    res_model = fields.Char("Record's Model", required=True, readonly=True)
    res_id = fields.Many2oneReference(
        "Related Record", model_field="res_model", required=True, readonly=True
    )
    sms_id = fields.Many2one(
        "sms.sms", "Asked By", readonly=True, index="btree_not_null"
    )
    state = fields.Selection(
        [
            (OPEN, "Open"),
            (ANSWERED, "Answered"),
            (REPLACED, "Replaced"),
            (CANCELLED, "Cancelled"),
        ],
        required=True,
        readonly=True,
        default=OPEN,
    )
    asked_at = fields.Datetime(
        "Asked", required=True, readonly=True, default=fields.Datetime.now
    )
    expires_at = fields.Datetime(
        "Until",
        required=True,
        readonly=True,
        help="A later answer is treated as conversation.",
    )
    answer = fields.Char(readonly=True, help="What was understood.")
    answered_at = fields.Datetime("Answered", readonly=True)
    inbound_id = fields.Many2one(
        "sms.inbound", "Answered By", readonly=True, index="btree_not_null"
    )

    _open_index = models.Index("(company_id, number) WHERE state = 'open'")
    _record_index = models.Index("(res_model, res_id)")

    @api.model
    def _ask(self, kind, record, message, expires_at=None):
        """Record that a number was asked; this replaces an older question of the kind.

        :param message: ``sms.sms`` that asks; one that the gate has blocked asks nobody
        :param datetime expires_at: UTC, default :data:`LIFE` from now
        """
        if message.state == "canceled":
            return self.browse()
        self._end(kind, record, REPLACED)
        expires_at = expires_at or fields.Datetime.now() + LIFE
        return self.sudo().create(self._prepare(kind, record, message, expires_at))

    @api.model
    def _prepare(self, kind, record, message, expires_at):
        return {
            "company_id": message.record_company_id.id,
            "number": message.number,
            "partner_id": message.partner_id.id,
            "kind": kind,
            "res_model": record._name,
            "res_id": record.id,
            "sms_id": message.id,
            "expires_at": expires_at,
        }

    @api.model
    def _end(self, kind, records, state):
        """Close the open questions of a kind about records.

        A question that still waits in the outbox is not sent any more.
        """
        domain = Domain("state", "=", OPEN) & Domain("kind", "=", kind)
        domain &= Domain("res_model", "=", records._name)
        domain &= Domain("res_id", "in", records.ids)
        questions_sudo = self.sudo().search(domain)
        questions_sudo.state = state
        waiting_sudo = questions_sudo.sms_id.filtered(lambda it: it.state == "outgoing")
        waiting_sudo.action_set_canceled()

    @api.model
    def _take(self, inbound):
        """Take a text as the answer to an open question; return whether it is one.

        A failure here must not undo the receipt of the text: it is conversation then.
        """
        failure = "%s: not taken as an answer"
        sender = self.env["sms.inbound.router"]._get_sender(inbound)
        for question in self._find_open(inbound) if sender["is_asked"] else ():
            take = partial(getattr(question, f"_take_{question.kind}"), inbound)
            is_taken = contain(self.env, take, _logger, failure, inbound)
            if is_taken is None:
                return False  # no answer to an older question either
            if is_taken:
                inbound.kind = inbound.kind or "answer"
                return True
        return self._take_unclaimed(inbound)

    @api.model
    def _take_unclaimed(self, inbound):
        """Hook for texts that answer no open question, but look like an answer."""
        return False

    @api.model
    def _is_asked_since(self, inbound, asked):
        """Return whether the number was asked something after the question to join."""
        sender = self.env["sms.inbound.router"]._get_sender(inbound)
        if not asked or not sender["is_asked"]:
            return False
        read = self._find_open(inbound).filtered(lambda it: not it._is_unread())
        newest = max(read.mapped("asked_at"), default=None)
        return bool(newest) and newest > max(asked.mapped("recorded_at"))

    def _is_urgent(self):
        self.ensure_one()
        return False

    def _is_unread(self):
        """Return whether the text that asks is still held, or was never delivered."""
        sms = self.sms_id
        is_held = sms.state == "outgoing" and sms.gate_verdict == HOLD
        return is_held or sms.state in ("canceled", "error")

    def _is_last_asked(self):
        """Return whether a mere yes or no means it: nothing was asked since."""
        newer = Domain("company_id", "=", self.company_id.id)
        newer &= Domain("number", "=", self.number) & Domain("id", ">", self.id)
        newer &= Domain("state", "in", (OPEN, ANSWERED))
        return all(it._is_unread() or it._is_urgent() for it in self.search(newer))

    def _may_answer(self, company):
        """Hook: return whether a text that a company has received may answer it."""
        return self.company_id == company

    @api.model
    def _find_open(self, inbound):
        """Return the questions that a text may answer: urgent ones, then the newest.

        Not those to a contact for whom the number is not, or no longer, confirmed. Nor,
        unless urgent, those after which a user has asked something: "How many?" - "3"
        cancels no appointment. Nor, with a carrier, what was asked in the sandbox.
        """
        unproven = self.env["sms.number.claim"]._query_unproven(inbound.number)
        domain = Domain("partner_id", "=", False)
        domain |= Domain("partner_id", "not in", unproven)
        companies = self.env["sms.sender"]._find_companies(inbound)
        domain &= Domain("company_id", "in", companies.ids)
        domain &= Domain("number", "=", inbound.number) & Domain("state", "=", OPEN)
        domain &= Domain("expires_at", ">", inbound.received_at)
        if not self.env["sms.consent.event"]._is_on_sandbox(inbound.company_id):
            domain &= ~Domain("sms_id.provider", "=", "sandbox")
        found_sudo = self.sudo().search(domain)
        found_sudo = found_sudo.filtered(lambda it: it._may_answer(inbound.company_id))
        if later_sudo := self.env["sms.inbound.router"]._get_users_question(inbound):
            found_sudo = found_sudo.filtered(
                lambda it: it._is_urgent() or not it._is_before(later_sudo)
            )
        return found_sudo.sorted(lambda it: not it._is_urgent())

    def _is_before(self, message):
        """Return whether the question was texted before a message, a ``sms.sms``."""
        if self.sms_id.claimed_at and message.claimed_at:
            return self.sms_id.claimed_at <= message.claimed_at
        return self.sms_id.id < message.id

    def _note_answer(self, inbound, answer):
        said = {"answer": answer, "answered_at": inbound.received_at}
        self.write({"state": ANSWERED, "inbound_id": inbound.id, **said})

    # === Erasure ===

    @api.model
    def _get_overdue_domain(self, company, limits):
        """Keep those that may still be answered."""
        is_over = Domain("expires_at", "<", fields.Datetime.now())
        is_over |= Domain("state", "!=", OPEN)
        return super()._get_overdue_domain(company, limits) & is_over

    def _describe_personal(self):
        return [(len(self), self.env._("Questions by text, with their answers"))]

    def _forget(self):
        """Empty and cancel the questions: nobody is left who could answer."""
        self._forget_ratings()
        self.write({**dict.fromkeys(PERSONAL_FIELDS), "state": CANCELLED})

    def _forget_ratings(self):
        """Empty the words with which tickets were rated; the figures stay."""
        rated = self.filtered(lambda it: it.kind == "rating" and it.state == ANSWERED)
        domain = Domain("res_model", "=", "helpdesk.ticket")
        domain &= Domain("res_id", "in", rated.mapped("res_id"))
        domain &= Domain("feedback", "!=", False)
        ratings_sudo = self.env["rating.rating"].sudo().search(domain)
        words = self.env._("These words were erased.")
        ratings_sudo.message_id.body = Markup("<p><em>%s</em></p>") % words
        ratings_sudo.feedback = False
