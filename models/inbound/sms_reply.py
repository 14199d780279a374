# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import ormcache

from ...tools import advice, exemptions, keywords, texts, timing
from ...tools import reply_codes as codes
from ...tools.phone import E164
from ..core.moments import say_moment


class SmsReply(models.Model):
    """The wording of an automatic answer to a keyword.

    One of each ships for all companies; managers reword and translate their company's
    own. Placeholders in braces are filled in; :mod:`tools.reply_codes` names those
    that only some have.
    """

    _name = "sms.reply"
    _inherit = ["sms.shared.row", "sms.checked.words", "sms.cached.rules"]
    _description = "Text Message Answer"
    _order = "sequence, id"

    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, translate=True)
    code = fields.Selection(codes.SELECTION, "Sent", required=True, readonly=True)
    body = fields.Text(
        "Text",
        required=True,
        translate=True,
        help="Placeholders: {company} and {contact} (the company's phone or email). "
        "Others are filled in only in the replies that ship with them.",
    )

    company_id = fields.Many2one(
        "res.company",
        ondelete="restrict",
        default=lambda self: self._default_row_company(),
        help="Leave empty for all companies without their own answer.",
    )

    _code_company_unique = models.UniqueIndex(
        "(code, COALESCE(company_id, 0))",
        "There is one wording for each reply. Edit it.",
    )

    @api.constrains("body", "code")
    def _check_body(self):
        """Require what CTIA and the law prescribe, and placeholders that are filled in.

        HELP, and the question to confirm joining, say who writes and how to stop, HELP
        also gives a contact (CTIA Messaging Principles and Best Practices, sections
        5.1.2 to 5.1.4). The confirmation of an opt-out only confirms it, without any
        promotion (47 CFR 64.1200(a)(12)).
        """
        for reply in self:
            known = codes.get_placeholders(reply.code)
            fault = reply._find_unknown_placeholder(reply.body, known)
            if fault := fault or reply._find_promotion() or reply._find_missing():
                raise ValidationError(fault)

    def _find_promotion(self):
        """Return why a text says more than an opt-out confirmation may, or empty."""
        if self.code not in codes.CONFIRMATIONS:
            return ""
        found = advice.find_promotion(self.body)
        if found == "…":
            return self.env._(
                "“%(name)s” only confirms the opt-out: %(limit)s characters are "
                "enough.",
                name=self.name,
                limit=advice.MAX_CONFIRMATION,
            )
        return found and self.env._(
            "“%(name)s” only confirms the opt-out (47 CFR 64.1200(a)(12)): no offers, "
            "prices, addresses or other ways back than START. Take out “%(words)s”.",
            name=self.name,
            words=found,
        )

    def _find_missing(self):
        """Return why a text says less than it must, or empty."""
        code, name = self.code, self.name
        if code in (codes.HELP, codes.JOIN_QUESTION) and "{company}" not in self.body:
            return self.env._("“%s” must name who writes: {company}.", name)
        if code == codes.HELP and not advice.names_contact(self.body):
            return self.env._(
                "“%s” must name a contact: {contact}, a phone number or an email "
                "address.",
                name,
            )
        asks = code in (codes.HELP, codes.JOIN_QUESTION, codes.JOIN_DONE)
        if asks and "STOP" not in keywords.normalize(self.body).split():
            return self.env._("“%s” must tell how to STOP.", name)
        if code == codes.JOIN_QUESTION and not self._asks_for_yes():
            return self.env._("“%s” must ask for YES.", name)
        return ""

    def _asks_for_yes(self):
        """Return whether a text has a word for yes in capitals, in any language."""
        known = self.env["sms.keyword"]._get_words(self.company_id)
        return keywords.names(self.body, (*known.get(keywords.YES, ()), "YES"))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_own(self):
        """Keep the shared ones: STOP and HELP must always be answered."""
        if not all(reply.company_id for reply in self):
            text = self.env._("This reply is required. Edit its wording instead.")
            raise UserError(text)

    def _get_copy_domain(self):
        return [("code", "=", self.code)]

    @api.model
    @ormcache("code", "company_id", "lang")
    def _get_body(self, code, company_id, lang):
        """Return the wording that a company uses, cached: many answers are sent."""
        domain = [("code", "=", code), ("company_id", "in", [False, company_id])]
        replies_sudo = self.sudo().with_context(lang=lang).search(domain)
        return replies_sudo.sorted(lambda it: not it.company_id)[:1].body

    @api.model
    def _render(self, code, company, lang=None, **values):
        company_sudo = company.sudo()
        lang = company._pick_sms_lang(lang)
        contact = company_sudo.phone or company_sudo.email
        if not contact and self.env["sms.consent.event"]._is_on_sandbox(company):
            contact = self.with_context(lang=lang).env._("not set yet")
        names = {"company": company_sudo.name, "contact": contact or company_sudo.name}
        return texts.fill(self._get_body(code, company.id, lang), {**names, **values})

    @api.model
    def _render_for(self, code, company, lang, purposes, **fillers):
        """Return the wording of an answer in the recipient's language (a code)."""
        names = purposes.sorted().with_context(lang=lang).mapped("name")
        return self._render(code, company, lang, purposes=", ".join(names), **fillers)

    @api.model
    def _queue(
        self, code, company, number, partner, exemption, purposes, lang=None, **values
    ):
        """Queue an answer; ``exemption`` is a key of :mod:`tools.exemptions`."""
        lang = lang or company._find_sms_lang(partner.lang, number)
        purpose = purposes[:1] or self.env["sms.purpose"]._get("ticket")
        body = self._render_for(code, company, lang, purposes)
        values = {"purpose_id": purpose.id, "exemption": exemption, **values}
        self._queue_text(body, company, number, partner, **values)

    @api.model
    def _queue_text(self, body, company, number, partner, asked_at=None, **values):
        """Queue a text that answers a number.

        A sender that is no phone number (a name, a short code) cannot be answered. An
        answer expires when it makes no sense any more (:mod:`tools.timing`).

        :param datetime asked_at: when the answered text came (UTC), default now
        :param values: of the message; at least ``purpose_id`` and ``exemption``
        """
        if not E164.match(number or ""):
            return
        exemption = values.get("exemption")
        if exemption in exemptions.EXEMPTIONS:
            asked_at = asked_at or fields.Datetime.now()
            values["expires_at"] = timing.get_answer_end(exemption, asked_at)
        to = {"record_company_id": company.id, "partner_id": partner.id}
        text = {"number": number, "body": texts.clean(body), **to, **values}
        self.env["sms.sms"].create(text)


class SmsSms(models.Model):
    """Messages that answer a received text."""

    _inherit = "sms.sms"

    def _describe_answered_text(self):
        """Return in words when that text came."""
        moment = say_moment(self.env, self.inbound_id.sudo().received_at)
        return self.env._("Answers their text of %s", moment)
