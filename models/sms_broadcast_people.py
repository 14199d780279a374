# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import NamedTuple

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools import texts, verdicts
from ..tools.names import tidy_name
from ..tools.segments import count_segments
from .res_partner_reader import NOBODY
from .sms_broadcast import STATUS_PAGE
from .sms_broadcast_recipient import (
    BLOCKED,
    DUPLICATE,
    HELD,
    NEW,
    NO_NUMBER,
    REACHED,
    WILL,
)
from .sms_gate import GateQuestion
from .sms_purpose import ALERT
from .sql_array import as_arrays


class Sample(NamedTuple):
    """What the people of one language read.

    :param str lang: its code
    :param str language: its name
    :param str text: for one of them, with its footer
    :param Segments segments: of that text; a longer name may make more
    :param int count: how many they are
    """

    lang: str
    language: str
    text: str
    segments: object
    count: int


OUTCOME_OF = {verdicts.SEND: WILL, verdicts.HOLD: HELD, verdicts.BLOCK: BLOCKED}


class SmsBroadcast(models.Model):
    """Whom a broadcast concerns, and what the gate says of each of them."""

    _inherit = "sms.broadcast"

    def _get_author(self):
        """Return the broadcast as the person sees it who sends it, never in sudo.

        Nobody reaches contacts that they may not read.
        """
        self.ensure_one()
        return self.with_user(self.user_id).with_company(self.company_id)

    def _select_recipients(self):
        """Note who was told before, or else all people of the areas.

        Each once, area after area: one statement for each. Of those who share a number
        the first gets it. Who wants no more texts about the incident is marked.
        """
        self.ensure_one()
        self.env.flush_all()
        cr = self.env.cr
        cr.execute(
            SQL("DELETE FROM sms_broadcast_recipient WHERE broadcast_id = %s", self.id)
        )
        if self._is_follow_up():
            self._select_told()
        else:
            for area in self._get_author().area_ids:
                cr.execute(self._get_selection(area))
                if area.takes_subscribers:
                    cr.execute(self._get_subscriber_selection(area))
            cr.execute(self._get_marking())
        if self.incident_id:
            cr.execute(self._get_muting())
        self.env["sms.broadcast.recipient"].invalidate_model()

    def _get_areas(self):
        """Return the areas in which recipients are, or were when they were told."""
        if self._is_follow_up():
            return self.area_ids | self.incident_id.broadcast_ids.area_ids
        return self.area_ids

    def _get_selection(self, area):
        """Return the statement that notes the contacts of an area."""
        partners = area.env["res.partner"]
        domain = area._get_contact_domain() & Domain(
            "company_id", "in", [False, self.company_id.id]
        )
        found = partners._search(domain)
        return SQL(
            """
            INSERT INTO sms_broadcast_recipient
                   (broadcast_id, partner_id, area_id, number, lang, outcome)
            SELECT %s, partner.id, %s, NULLIF(partner.phone_sanitized, ''),
                   partner.lang, %s
              FROM res_partner partner
             WHERE partner.id IN %s
          ORDER BY partner.id
                ON CONFLICT (broadcast_id, partner_id) DO NOTHING
            """,
            self.id,
            area.id,
            NEW,
            found.subselect(),
        )

    def _get_marking(self):
        """Return the statement that marks who has no number, or another's."""
        return SQL(
            """
            UPDATE sms_broadcast_recipient own
               SET outcome = CASE WHEN own.number IS NULL THEN %s ELSE %s END
             WHERE own.broadcast_id = %s
               AND (own.number IS NULL
                    OR EXISTS (SELECT 1 FROM sms_broadcast_recipient other
                                WHERE other.broadcast_id = own.broadcast_id
                                  AND other.number = own.number
                                  AND other.id < own.id))
            """,
            NO_NUMBER,
            DUPLICATE,
            self.id,
        )

    # ------------------------------------------------------------------
    # The gate
    # ------------------------------------------------------------------

    def _judge(self, recipients):
        """Enter what the gate says of some recipients.

        :param recipients: ``sms.broadcast.recipient``, whose messages are not made yet
        """
        if not recipients:
            return
        purpose_id = self.env["sms.purpose"]._get(ALERT).id
        readers = recipients.partner_id._get_sms_readers()
        decided = self.env["sms.gate"]._decide(
            [
                GateQuestion(
                    self.company_id.id,
                    recipient.number,
                    purpose_id,
                    reader=readers.get(recipient.partner_id.id, NOBODY),
                    keeps_hours=not self.is_emergency,
                )
                for recipient in recipients
            ]
        )
        rows = [
            (recipient.id, OUTCOME_OF[decision.verdict], decision.reason)
            for recipient, (decision, _event) in zip(recipients, decided, strict=True)
        ]
        self.env.cr.execute(
            SQL(
                """
                UPDATE sms_broadcast_recipient own
                   SET outcome = new.outcome, reason = new.reason
                  FROM unnest(%s) AS new (id, outcome, reason)
                 WHERE own.id = new.id
                """,
                as_arrays(rows, "int4", "varchar", "varchar"),
            )
        )
        recipients.invalidate_recordset()

    # ------------------------------------------------------------------
    # The words
    # ------------------------------------------------------------------

    def _get_words(self, langs):
        """Return the text, and what is filled into it, in some languages.

        :param langs: codes of languages; an empty one stands for the company's
        :return: ``{code: (body, {area id: name}, {blank: text for everybody})}``
        """
        own = self.company_id.sudo().partner_id.lang or "en_US"
        words = {}
        for lang in langs:
            it = self.with_context(lang=lang or own)
            areas = {area.id: area.name for area in it._get_areas()}
            shared = {"customer": it.env._("there"), **it._get_shared_words()}
            words[lang] = it.body, areas, shared
        return words

    @api.model
    def _fill_in(self, words, recipient):
        """Return the text for one person.

        :param words: a value of :meth:`_get_words`
        :param recipient: ``sms.broadcast.recipient``
        """
        body, areas, shared = words
        values = {**shared, "area": areas.get(recipient.area_id.id, "")}
        if name := tidy_name(recipient.partner_id.name):
            values["customer"] = name
        return texts.fill(body, values)

    def _get_shared_words(self):
        """Return what is filled in for everybody alike, by blank. Extended."""
        page = self.incident_id.sudo().status_page
        return {STATUS_PAGE: page} if self.incident_id else {}

    def _get_samples(self):
        """Return what somebody gets, in each language that recipients read.

        :return: list of :class:`Sample`
        """
        self.ensure_one()
        names = dict(self.env["res.lang"].get_installed())
        rows = self.env.execute_query(
            SQL(
                """
                SELECT min(id), count(*) FROM sms_broadcast_recipient
                 WHERE broadcast_id = %s AND outcome = ANY(%s)
              GROUP BY lang ORDER BY count(*) DESC
                """,
                self.id,
                list(REACHED),
            )
        )
        counts = dict(rows)
        recipients = self.env["sms.broadcast.recipient"].sudo().browse(counts)
        words = self._get_words(set(recipients.mapped("lang")))
        purpose = self.env["sms.purpose"]._get(ALERT)
        samples = []
        for recipient in recipients:
            lang = recipient.lang or self.company_id.sudo().partner_id.lang or "en_US"
            footer = purpose._get_rules(lang, self.company_id).footer
            text = self._fill_in(words[recipient.lang], recipient)
            text = "\n".join(filter(None, (text, footer)))
            language, segments = names.get(lang, lang), count_segments(text)
            samples.append(
                Sample(recipient.lang, language, text, segments, counts[recipient.id])
            )
        return samples
