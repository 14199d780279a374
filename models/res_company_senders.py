# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.tools import ormcache

from ..providers import account
from ..tools import dispatch

#: The way from what texts are posted on to the ticket that they are about.
TICKET_OF = {"helpdesk.ticket": "", "calendar.event": "ticket_id"}


class ResCompany(models.Model):
    """Says by which of its senders a company's texts leave."""

    _inherit = "res.company"

    def _choose_sms_senders(self, numbers, posts, code=None):
        """Return the sender of each of some texts, by their tickets and numbers.

        A company with one sender costs nothing; with several, what is to be known of
        teams and conversations is read at once for all texts.

        :param list numbers: E.164, or what was given when it cannot be brought to it
        :param list posts: for each text the ``mail.message`` that it is posted by in
            sudo, empty for those that are posted by none
        :param str code: a key of ``PROVIDERS``; default: the company's own provider
        :return: for each text the id of a ``sms.sender``, False if there is none
        :rtype: list
        """
        self.ensure_one()
        code = code or self.sms_provider
        sender_ids = self._get_sms_sender_ids(code)
        if len(sender_ids) < 2:
            only_id = next(iter(sender_ids.values()), False)
            return [only_id] * len(numbers)
        candidates = self._get_sms_candidates(code)
        team_ids = {}
        if any(it.team_id for it in candidates):
            team_ids = self._get_sms_team_ids(posts)
        senders_sudo = self.env["sms.sender"].sudo()
        known_ids = senders_sudo._find_conversations(self, numbers, sender_ids)
        return [
            dispatch.choose_sender(
                number or "",
                candidates,
                team_ids.get(post.id, 0),
                known_ids.get(number, 0),
            )
            or False
            for number, post in zip(numbers, posts, strict=True)
        ]

    def _get_sms_team_ids(self, posts):
        """Return the id of the team of the ticket that each of some posts is about.

        Of a post on an appointment it is the ticket that is visited for.

        :param list posts: ``mail.message``, in sudo, empty for none
        :return: by the post's id, without those about no ticket or one of no team
        """
        about = {post.id: (post.model, post.res_id) for post in posts if post.model}
        found = {}
        for model, path in TICKET_OF.items():
            ids = {res_id for name, res_id in about.values() if name == model}
            for record in self.env[model].sudo().browse(ids).exists():
                ticket = record[path] if path else record
                found[model, record.id] = ticket.team_id.id
        return {post_id: found[key] for post_id, key in about.items() if found.get(key)}

    @ormcache("self.id", "code")
    def _get_sms_sender_ids(self, code):
        """Return the ids of the company's senders at a carrier, by address."""
        senders_sudo = self.env["sms.sender"].sudo()
        found = senders_sudo.search(
            [("company_id", "=", self.id), ("provider", "=", code)]
        )
        return {sender.address: sender.id for sender in found}

    @ormcache("self.id", "code")
    def _get_sms_candidates(self, code):
        """Return the company's senders at a carrier as the rule asks for them.

        :return: tuple of ``tools.dispatch.Candidate``, in the account's order
        """
        sender_ids = self._get_sms_sender_ids(code)
        senders_sudo = self.env["sms.sender"].sudo()
        candidates = []
        for sender in self._get_sms_provider(code).senders():
            row_sudo = senders_sudo.browse(sender_ids.get(sender.address, ()))
            if row_sudo:
                countries = row_sudo.country_ids.mapped("code") or [sender.country]
                candidates.append(
                    dispatch.Candidate(
                        row_sudo.id,
                        tuple(filter(None, countries)),
                        row_sudo.team_id.id or 0,
                        sender.kind == account.SERVICE,
                    )
                )
        return tuple(candidates)
