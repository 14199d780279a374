# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict

from odoo import api, fields, models
from odoo.fields import Domain

from ...tools import TICKET_MODEL, verdicts
from ..message.sms_sms import RECORDED
from ..message.sms_sms_intake import get_ids
from .helpdesk_ticket_thread import OUT

#: Up to this many messages at once are all shown on their numbers' conversations; of
#: more, only personal ones and those under an exemption.
LIVE_LIMIT = 10


class SmsSms(models.Model):
    """Cancels a ticket's outdated texts, and shows texts on open conversations."""

    _inherit = "sms.sms"

    ticket_fact = fields.Char(
        **RECORDED,
        help="What must still be so of its ticket when it leaves: what set it off. "
        "Empty for texts that somebody has written.",
    )
    ticket_waited_since = fields.Datetime(
        **RECORDED,
        help="Since when the ticket's customer had waited for this answer.",
    )
    gate_reason = fields.Selection(
        selection_add=[
            (
                verdicts.OVERTAKEN,
                "The ticket has moved on since, so it would no longer be right",
            )
        ]
    )

    # To find conversations with a held text.
    _held_index = models.Index(
        "(mail_message_id) WHERE state = 'outgoing' AND gate_verdict = 'hold' "
        "AND mail_message_id IS NOT NULL"
    )

    @api.model
    def _get_template_lang(self, template, lang, company):
        told = template._get_for_company(company)._get_told_langs()
        return company._pick_sms_told_lang(told, lang)

    @api.model
    def _prepare_intake(self, vals_list, batch):
        """Store the fact about the ticket that must hold when messages are sent."""
        result = super()._prepare_intake(vals_list, batch)
        if fact := self._get_source().fact:
            for vals in vals_list:
                vals["ticket_fact"] = fact
        return result

    def _get_gate_standing(self):
        """Add the verdict for automatic texts whose ticket has since moved on."""
        standing = super()._get_gate_standing()
        for sms in self._find_overtaken():
            standing[sms.id].add(verdicts.OVERTAKEN)
        return standing

    def _find_overtaken(self):
        """Return the automatic texts whose fact about the ticket no longer holds."""
        told = self.filtered("ticket_fact")
        known = told._get_tickets().exists().grouped("id")

        def is_overtaken(sms):
            ticket_sudo = known.get(sms.mail_message_id.sudo().res_id)
            fact, trigger = sms.ticket_fact, sms.ticket_fact.partition(" ")[0]
            return not ticket_sudo or ticket_sudo._make_sms_fact(trigger) != fact

        return told.filtered(is_overtaken)

    def _get_over_reason(self):
        """Add automatic texts whose ticket has since moved on."""
        reason = super()._get_over_reason()
        if not reason and self.sudo()._find_overtaken():
            reason = self._get_gate_label(verdicts.OVERTAKEN)
        return reason

    def _prepare_again(self, number=None):
        return {**super()._prepare_again(number), "ticket_fact": self.ticket_fact}

    def _notify_changed(self):
        """Notify open conversations; who was not answered after all waits again."""
        result = super()._notify_changed()
        self.filtered(lambda sms: sms.state == "error")._resume_waiting()
        self._tell_desks_of((it.id, it.mail_message_id) for it in self.sudo())
        self._tell_number_desks_of(
            (sms_sudo.id, sms_sudo.record_company_id.id, sms_sudo.number)
            for sms_sudo in self.sudo()
            if len(self) <= LIVE_LIMIT or sms_sudo.is_personal or sms_sudo.exemption
        )
        return result

    @api.model
    def _tell_desks_of(self, posts):
        """Notify conversations of texts: pairs of an id and its message, in sudo."""
        changed, sms_ids = defaultdict(list), []
        for sms_id, post_sudo in posts:
            if post_sudo.model == TICKET_MODEL:
                changed[post_sudo.res_id].append(f"{OUT}-{sms_id}")
                sms_ids.append(sms_id)
        if sms_ids:
            self.env[TICKET_MODEL]._note_sms_texts(sms_ids)
            self.env[TICKET_MODEL]._notify_sms_desks(changed)

    @api.model
    def _tell_number_desks_of(self, messages):
        """Notify conversations of changed texts, given their numbers.

        A company that does not use our outbox pays no query here.

        :param messages: tuples of ``sms.sms`` id, company id and number
        """
        changed, companies_sudo = defaultdict(list), self.env["res.company"].sudo()
        for sms_id, company_id, number in messages:
            if companies_sudo.browse(company_id)._uses_sms_outbox():
                changed[company_id, number].append(f"{OUT}-{sms_id}")
        self.env[TICKET_MODEL]._notify_sms_number_desks(changed)

    def _after_intake(self, vals_list):
        """Show new texts and end the waiting, without reading rows of long lists."""
        result = super()._after_intake(vals_list)
        # Browsed together, so that they are prefetched together.
        post_ids = get_ids(vals_list, "mail_message_id")
        posts_sudo = self.env["mail.message"].sudo().browse(post_ids).grouped("id")
        self._tell_desks_of(
            (sms_id, posts_sudo[vals["mail_message_id"]])
            for sms_id, vals in zip(self._ids, vals_list, strict=True)
            if vals.get("mail_message_id")
        )
        self._tell_number_desks_of(
            (sms_id, vals["record_company_id"], vals["number"])
            for sms_id, vals in zip(self._ids, vals_list, strict=True)
            if len(self) <= LIVE_LIMIT or vals["is_personal"] or vals.get("exemption")
        )
        self._end_waiting()
        return result

    def _end_waiting(self):
        """Note on a ticket that its customer was answered, unless the gate blocked."""
        if len(self) > 1:  # a text to many is not a personal answer
            return
        answers = self.filtered(
            lambda sms: sms.is_personal and sms.gate_verdict != verdicts.BLOCK
        )
        for sms_sudo in answers.sudo():
            ticket_sudo = sms_sudo._get_tickets()
            if ticket_sudo.sms_waiting_since:
                sms_sudo.ticket_waited_since = ticket_sudo.sms_waiting_since
                ticket_sudo._end_sms_waiting()

    def _get_tickets(self):
        """Return the tickets that the texts are about, in sudo."""
        posts_sudo = self.mail_message_id.sudo()
        posts_sudo = posts_sudo.filtered(lambda it: it.model == TICKET_MODEL)
        return self.env[TICKET_MODEL].sudo().browse(set(posts_sudo.mapped("res_id")))

    def _update_sms_state_and_trackers(self, new_state, failure_type=None):
        result = super()._update_sms_state_and_trackers(new_state, failure_type)
        if new_state == "canceled":
            self._resume_waiting()
        return result

    def _after_decision(self, decisions):
        result = super()._after_decision(decisions)
        self._filter_decided(decisions, verdicts.BLOCK)._resume_waiting()
        return result

    def _resume_waiting(self):
        """Note that customers whose answer was cancelled are waiting again.

        This ends a snooze, which began when they seemed to be answered.
        Unless there is another answer since: if that is a text, the customer waits
        again once it is cancelled too.
        """
        for sms_sudo in self.sudo().filtered("ticket_waited_since"):
            waited_since = sms_sudo.ticket_waited_since
            sms_sudo.ticket_waited_since = False
            ticket_sudo = sms_sudo._get_tickets().exists()
            if not ticket_sudo or ticket_sudo.stage_id.closed:
                continue
            if later_sudo := sms_sudo._find_later_answer():
                later_sudo.ticket_waited_since = waited_since
            elif not ticket_sudo._find_sms_comments(sms_sudo.mail_message_id):
                since = ticket_sudo.sms_waiting_since or waited_since
                ticket_sudo.sms_waiting_since = min(since, waited_since)
                ticket_sudo._end_sms_snooze()

    def _find_later_answer(self):
        """Return the next text that somebody wrote on the same ticket and goes on."""
        post_sudo = self.mail_message_id.sudo()
        domain = Domain("id", ">", self.id) & Domain("is_personal", "=", True)
        domain &= Domain("state", "not in", ("canceled", "error"))
        domain &= Domain("mail_message_id.model", "=", post_sudo.model)
        domain &= Domain("mail_message_id.res_id", "=", post_sudo.res_id)
        return self.sudo().search(domain, order="id", limit=1)
