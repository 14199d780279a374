# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import NamedTuple

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from ..tools import TICKET_MODEL, automation
from ..tools.automation import Rule
from ..tools.purpose_rules import MessageSource
from .sms_purpose import PurposeCode


class Text(NamedTuple):
    """One text that a rule asks for: about which record, to whom."""

    record: models.BaseModel
    rule: Rule
    recipients: tuple


class SmsAutomation(models.Model):
    """The texts that the engine makes: to each number once, and not too often."""

    _inherit = "sms.automation"

    @api.model
    def _text(self, pairs):
        """Text what has a recipient who has not had it lately.

        :param list pairs: of ``(ticket, Rule)``
        :return: the texts that were made
        :rtype: list[Text]
        """
        texts = self._drop_repeated(self._address(pairs))
        for text in texts:
            self._send(text)
        return texts

    @api.model
    def _address(self, pairs):
        """Return the texts with their recipients: each number once for one ticket."""
        recipients_of = {}
        for audience in {rule.audience for _record, rule in pairs}:
            records = self.env[TICKET_MODEL].sudo()
            for record, rule in pairs:
                if rule.audience == audience:
                    records |= record.sudo()
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
        """Return the texts without recipients who have had them lately."""
        last = self._get_last_times(
            [text for text in texts if text.rule.pause is not None]
        )
        now = fields.Datetime.now()
        kept = []
        for text in texts:
            found = tuple(
                recipient
                for recipient in text.recipients
                if automation.may_text(
                    text.rule,
                    last.get((text.record.id, text.rule.template_id, recipient.number)),
                    now,
                )
            )
            if found:
                kept.append(text._replace(recipients=found))
        return kept

    @api.model
    def _get_last_times(self, texts):
        """Return when each template last went to each number, by ticket.

        One query for all. What was blocked does not count: nobody has had it.

        :return: ``{(ticket id, template id, number): datetime}``
        """
        if not texts:
            return {}
        messages = self.env["sms.sms"].sudo()
        messages.flush_model(
            ["number", "template_id", "mail_message_id", "gate_verdict"]
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT about.res_id, sms.template_id, sms.number, max(sms.create_date)
                  FROM mail_message about
                  JOIN sms_sms sms ON sms.mail_message_id = about.id
                 WHERE about.model = %s AND about.res_id = ANY(%s)
                   AND sms.template_id = ANY(%s) AND sms.gate_verdict != 'block'
              GROUP BY about.res_id, sms.template_id, sms.number
                """,
                TICKET_MODEL,
                list({text.record.id for text in texts}),
                list({text.rule.template_id for text in texts}),
            )
        )
        return {tuple(row[:3]): row[3] for row in rows}

    @api.model
    def _send_template(self, ticket, template):
        """Queue a template to a ticket's customer."""
        rule = Rule(0, automation.STAGE, template.id)
        for text in self._address([(ticket, rule)]):
            self._send(text)

    @api.model
    def _send(self, text):
        """Queue a text in the house's name.

        Whoever changed the ticket need not have the right to text, and a portal user
        who closes one must not appear as the author.
        """
        rule = text.rule
        record = text.record.with_user(SUPERUSER_ID)
        record = record.with_company(record.company_id).with_context(
            sms_source=MessageSource(
                template_id=rule.template_id,
                automation_id=rule.automation_id,
                is_urgent=rule.is_urgent,
            ),
            sms_purpose=PurposeCode(rule.purpose_code) if rule.purpose_code else None,
            sms_personal=None,
        )
        template = record.env["sms.template"].browse(rule.template_id)
        if rule.audience == automation.CUSTOMER:
            body = template._render_text(record)
            record._message_sms(body, number_field="partner_phone", put_in_queue=True)
            return
        bodies = {}
        for recipient in text.recipients:
            body = template._render_text(record, recipient.partner)
            bodies.setdefault(body, []).append(recipient.partner.id)
        for body, partner_ids in bodies.items():
            record._message_sms(body, partner_ids=partner_ids, put_in_queue=True)
