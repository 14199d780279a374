# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from markupsafe import Markup

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import UserError

from . import sms_broadcast_recipient as outcomes
from .sms_broadcast import CHECKED, CHECKING, NEWS, QUEUEING, SENT, SHOWN, UNDER_WAY
from .sms_incident import GOING_ON, PLANNED

#: Mails created in one transaction.
MAIL_BATCH = 500
#: Most people who are checked while the user waits; the job checks more.
AT_ONCE = 3000


class SmsBroadcast(models.Model):
    """Texts an incident's news, and e-mails those who may not be texted.

    The broadcast's job creates the mails, and Odoo's queue sends them. Their recipients
    are marked in the same transaction, so nobody gets two.
    """

    _name = "sms.broadcast"
    _inherit = ["sms.broadcast", "sms.replied.mixin"]
    _reply_field = "broadcast_id"

    # === Words ===

    def _tells_news(self):
        """Return whether it carries news of an incident, which is mailed as well."""
        return f"{{{NEWS}}}" in (self.body or "")

    def _get_news(self):
        news_sudo = self.env["sms.incident.news"].sudo()
        return news_sudo.search([("broadcast_id", "=", self.id)], limit=1)

    def _get_shared_words(self):
        """Add the news, or a draft of it for a preview.

        A draft is in the context key ``sms_news``, as a text by language.
        """
        words = super()._get_shared_words()
        if not self.incident_id:
            return words
        lang = self.env.context.get("lang")
        if (news := self.env.context.get("sms_news")) is not None:
            text = news.get(lang) or next(iter(news.values()), "")
        else:
            text = self._get_news().with_context(lang=lang).body
        return {**words, NEWS: (text or "").strip()}

    def _get_told_langs(self):
        """Return the languages of the news; the words around it exist in all."""
        if not self._tells_news():
            return super()._get_told_langs()
        if (news := self.env.context.get("sms_news")) is not None:
            return frozenset(news)
        news = self._get_news()
        return self.company_id._get_sms_told_langs(news, "body") if news else {"en_US"}

    def _before_news_changes(self):
        """Return it to its author if its words were shown, maybe approved, before.

        :raises UserError: while it is being sent, since all get the same words
        """
        for broadcast in self:
            broadcast._wait_for_row()
            if broadcast.state in UNDER_WAY:
                reason = self.env._(
                    "“%s” is being sent in these words. Publish further news "
                    "instead, or correct them once it is sent.",
                    broadcast.name,
                )
                raise UserError(reason)
            if broadcast.state in SHOWN:
                # They are notified even if they have changed the news themselves.
                own = broadcast.with_context(mail_notify_author_mention=True)
                own = own._in_words_of_author()
                own._give_back(own.env._("Its news was changed. Check it again."))

    def action_send(self):
        """Send the broadcast, unless its news is not published.

        :raises UserError: if nobody has published the news
        """
        if self._tells_news() and not self._get_news():
            raise UserError(
                self.env._("Publish the news on the incident: that texts them too.")
            )
        return super().action_send()

    def _is_overtaken(self):
        """Also return True if the maintenance it announces has already begun."""
        if super()._is_overtaken():
            return True
        incident = self.incident_id
        is_begun = incident.planned_from and incident.state in GOING_ON
        return bool(is_begun) and self._get_news().state == PLANNED

    # === Check ===

    @api.depends("recipient_ids.mail_outcome")
    def _compute_counts(self):
        """Also count mails towards the number that another manager must approve."""
        result = super()._compute_counts()
        for broadcast in self.filtered(lambda it: it._tells_news()):
            limit = broadcast.company_id.sudo().sms_approve_from
            is_many = limit and broadcast._origin._count_told() > limit
            broadcast.needs_approval = bool(is_many)
        return result

    def _check_now(self):
        """Check recipients: a few at once, many by the job."""
        self.action_check()
        broadcast_sudo = self.sudo()
        if broadcast_sudo.concerned_count > AT_ONCE:
            return
        while broadcast_sudo.state == CHECKING:
            broadcast_sudo._work_off()
        self.invalidate_recordset()

    def _select_told(self):
        """Add those who were mailed, who may have agreed to texts since."""
        result = super()._select_told()
        self.env.cr.execute(
            """
            INSERT INTO sms_broadcast_recipient
                   (broadcast_id, partner_id, area_id, number, lang, outcome)
            SELECT DISTINCT ON (told.partner_id) %(broadcast)s, told.partner_id,
                   told.area_id, NULLIF(partner.phone_sanitized, ''),
                   partner.lang, 'new'
              FROM sms_broadcast_recipient told
              JOIN sms_broadcast before ON before.id = told.broadcast_id
              JOIN res_partner partner ON partner.id = told.partner_id
             WHERE before.incident_id = %(incident)s
               AND before.id != %(broadcast)s AND told.mail_outcome = %(mailed)s
          ORDER BY told.partner_id, told.id
                ON CONFLICT (broadcast_id, partner_id) DO NOTHING
            """,
            {
                "broadcast": self.id,
                "incident": self.incident_id.id,
                "mailed": outcomes.MAILED,
            },
        )
        self._mark_unreachable()
        return result

    def _mark_mails(self):
        """Mark who gets it by e-mail instead of a text, and why others do not."""
        self.env["res.partner"].flush_model(["email_normalized"])
        self.env["mail.blacklist"].flush_model()
        self.env.cr.execute(
            """
            UPDATE sms_broadcast_recipient own SET mail_outcome = found.outcome
              FROM (SELECT untold.id,
                           CASE WHEN COALESCE(partner.email_normalized, '') = ''
                                THEN %(no_address)s
                                WHEN listed.id IS NOT NULL THEN %(excluded)s
                                WHEN row_number() OVER (
                                     PARTITION BY partner.email_normalized
                                     ORDER BY untold.id) > 1 THEN %(same)s
                                ELSE %(mail)s END AS outcome
                      FROM sms_broadcast_recipient untold
                 LEFT JOIN res_partner partner ON partner.id = untold.partner_id
                 LEFT JOIN mail_blacklist listed
                        ON listed.email = partner.email_normalized
                       AND listed.active
                     WHERE untold.broadcast_id = %(broadcast)s
                       AND untold.outcome IN (%(blocked)s, %(no_number)s)
                   ) AS found
             WHERE own.id = found.id AND own.mail_outcome IS NULL
            """,
            {
                "broadcast": self.id,
                "blocked": outcomes.BLOCKED,
                "no_number": outcomes.NO_NUMBER,
                "no_address": outcomes.NO_ADDRESS,
                "excluded": outcomes.EXCLUDED,
                "same": outcomes.SAME_ADDRESS,
                "mail": outcomes.MAIL,
            },
        )
        self.env["sms.broadcast.recipient"].invalidate_model(["mail_outcome"])
        self.invalidate_recordset(["needs_approval"])

    def _count_told(self):
        return super()._count_told() + self.env["sms.broadcast.recipient"].search_count(
            [("broadcast_id", "=", self.id), ("mail_outcome", "=", outcomes.MAIL)]
        )

    def _call_off_recipients(self):
        result = super()._call_off_recipients()
        self.env.cr.execute(
            """
            UPDATE sms_broadcast_recipient SET mail_outcome = %s
             WHERE broadcast_id = %s AND mail_outcome = %s
            """,
            [outcomes.MAIL_CALLED_OFF, self.id, outcomes.MAIL],
        )
        return result

    def _on_state_changed(self, former):
        """Post its news on tickets once it is known who gets it otherwise."""
        result = super()._on_state_changed(former)
        if former == CHECKING and self._tells_news():
            self.env["sms.incident"]._wake_incidents()
        return result

    # === Job ===

    def _end_check(self):
        """Mark the mails first, since their recipients count towards approval."""
        if self._tells_news():
            self._mark_mails()
        return super()._end_check()

    def _work_off(self):
        """Send planned news once it is checked, and mail after the last text."""
        done = super()._work_off()
        if self._tells_news() and self.state == CHECKED:
            self._send_by_itself()
        elif self._tells_news() and self.state == SENT:
            done += self._mail_next()
        return done

    def _send_by_itself(self):
        """Send news that a maintenance plan has triggered, without a user.

        A reminder or the end goes only to those who were told before, in a broadcast
        that was approved.
        """
        if self.user_id.id == SUPERUSER_ID and self._get_news() and self._count_told():
            self._start()

    def _mail_next(self):
        """Queue a batch of mails, and keep the job running while more wait.

        :return: the number of recipients
        """
        waiting = [("broadcast_id", "=", self.id), ("mail_outcome", "=", outcomes.MAIL)]
        recipients = self.env["sms.broadcast.recipient"].search(
            waiting, order="id", limit=MAIL_BATCH
        )
        if not recipients:
            return 0
        excluded = recipients.filtered("partner_id.is_blacklisted")
        mailed = recipients - excluded
        for lang, group in mailed.grouped("lang").items():
            values = self._prepare_mail(lang)
            self.env["mail.mail"].sudo().create(
                [{**values, "recipient_ids": [(4, it.id)]} for it in group.partner_id]
            )
        rows = [(it.id, outcomes.MAILED) for it in mailed]
        rows += [(it.id, outcomes.EXCLUDED) for it in excluded]
        recipients._write_rows(rows, "mail_outcome")
        self.env["sms.incident"]._wake_mails()
        if len(recipients) == MAIL_BATCH:
            self.state = QUEUEING
        return len(recipients)

    def _prepare_mail(self, lang):
        """Return the values of the mail in a language, without its recipient."""
        company_sudo = self.company_id.sudo()
        told = self._get_told_langs()
        it = self.with_context(lang=company_sudo._pick_sms_told_lang(told, lang))
        incident_sudo = it.incident_id.sudo()
        news = it._get_shared_words()[NEWS]
        return {
            "subject": f"{company_sudo.name}: {incident_sudo.name}",
            "body_html": incident_sudo._render_news(news)
            + Markup("<p>%s</p>") % company_sudo.name,
            "email_from": company_sudo.email_formatted or self.env.user.email_formatted,
            "auto_delete": True,
        }
