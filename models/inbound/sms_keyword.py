# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import ormcache

from ...tools import keywords


class SmsKeyword(models.Model):
    """A word that a person can text to us, and what it does.

    The words that the law and the carriers name are mandatory: managers add words, such
    as joining ones for a campaign or a stop word in another language, but remove none.
    """

    _name = "sms.keyword"
    _inherit = ["sms.shared.row", "sms.checked.words", "sms.cached.rules"]
    _description = "Text Message Keyword"
    _order = "action, word"
    _rec_name = "word"

    word = fields.Char(
        required=True,
        help="The whole text must match. Case, punctuation and spaces do not matter.",
    )
    action = fields.Selection(
        [
            (keywords.STOP, "Opt out"),
            (keywords.HELP, "Get help"),
            (keywords.START, "Rejoin"),
            (keywords.YES, "Answer yes"),
            (keywords.NO, "Answer no"),
            (keywords.JOIN, "Join"),
            (keywords.STATUS, "Tell the status of their tickets"),
            (keywords.ANSWER, "Answer with a text"),
            (keywords.TICKET, "Create a ticket"),
            (keywords.MUTE, "Mute an incident"),
            (keywords.UNMUTE, "Unmute an incident"),
            (keywords.OTHER, "Not about the incident"),
        ],
        required=True,
        default=keywords.JOIN,
    )
    lang = fields.Selection(
        lambda self: self._get_languages(),
        "Language",
        help="People who text this word are answered in this language, unless their "
        "contact has another one. Leave empty for a word of several languages.",
    )
    purpose_ids = fields.Many2many(
        "sms.purpose", string="Purposes", help="What people join by texting this word."
    )
    answer = fields.Text(
        translate=True,
        help="Sent to people who text this word. Placeholders: {company}, {contact} "
        "and, for a new ticket, {ticket} (its number).",
    )
    team_id = fields.Many2one(
        "helpdesk.ticket.team",
        help="Gets the ticket. Leave empty for the team of the number that was texted.",
    )
    company_id = fields.Many2one(
        "res.company",
        ondelete="restrict",
        default=lambda self: self._default_row_company(),
        help="Leave empty for all companies.",
    )
    mandatory = fields.Boolean(
        readonly=True, help="Required by law or by the carriers. It cannot be removed."
    )
    active = fields.Boolean(default=True)

    _word_unique = models.UniqueIndex(
        "(word, COALESCE(company_id, 0))", "This word is already a keyword."
    )

    @api.model
    def _get_languages(self):
        """Return all languages: words ship even if theirs is not installed."""
        languages = self.env["res.lang"].sudo().with_context(active_test=False)
        return [(it.code, it.name) for it in languages.search([])]

    @api.constrains("word", "action", "purpose_ids", "answer")
    def _check_word(self):
        """Keep words readable, complete, and each with one meaning."""
        for keyword in self:
            if fault := keyword._find_fault():
                raise ValidationError(fault)

    def _find_fault(self):
        word, action = self.word, self.action
        if not word:
            return self.env._("A keyword needs at least one letter or digit.")
        if action == keywords.JOIN and not self.purpose_ids:
            return self.env._("Choose what people join by texting %s.", word)
        if action == keywords.ANSWER and not (self.answer or "").strip():
            return self.env._("Enter the answer to people who text %s.", word)
        for reserved in keywords.MANDATORY_WORDS:
            if action != reserved and keywords.is_mandatory(reserved, word):
                return self.env._("%s already means something to the carriers.", word)
        known = ("company", "contact")
        known += ("ticket",) if action == keywords.TICKET else ()
        return self._find_unknown_placeholder(self.answer, known)

    @api.constrains("word", "action", "company_id", "active")
    def _check_one_meaning(self):
        """Refuse a word that a company would know with two meanings.

        Whichever won, the customer could get something other than was promised. A
        company's own word may specify what a common one joins. Words that differ only
        in accents are the same.
        """
        for keyword in self.filtered("active"):
            domain = Domain("action", "!=", keyword.action)
            if keyword.company_id:
                domain &= Domain("company_id", "in", [False, keyword.company_id.id])
            others = self.sudo().search(domain).mapped("word")
            if keywords.squeeze(keyword.word) in map(keywords.squeeze, others):
                message = self.env._("%s already means something else.", keyword.word)
                raise ValidationError(message)

    @api.model_create_multi
    def create(self, vals_list):
        """Normalize the word to the form in which texts are compared."""
        return super().create([self._normalize(vals) for vals in vals_list])

    def write(self, vals):
        """Refuse every change of a mandatory word, except in an installation.

        A client may send any context, so the context alone does not prove one.
        """
        protected = {"word", "action", "company_id", "mandatory", "active"}
        is_installation = self.env.su and self.env.context.get("install_mode")
        if protected & vals.keys() and not is_installation and self._has_mandatory():
            raise UserError(self.env._("A mandatory keyword cannot be changed."))
        return super().write(self._normalize(vals))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_mandatory(self):
        if self._has_mandatory():
            raise UserError(self.env._("A mandatory keyword cannot be deleted."))

    def _has_mandatory(self):
        return any(self.mapped("mandatory"))

    @api.model
    def _normalize(self, vals):
        """Normalize the word in values.

        Users cannot make a word mandatory: it could never be removed again.
        """
        vals = dict(vals)
        if not self.env.su:
            vals.pop("mandatory", None)
        if "word" in vals:
            vals["word"] = keywords.normalize(vals["word"])
        return vals

    def _get_copy_domain(self):
        return [("word", "=", self.word)]

    def _copy_for_company(self, company):
        """Refuse a mandatory word: it means the same everywhere."""
        if self.mandatory:
            raise UserError(self.env._("A mandatory keyword cannot be changed."))
        return super()._copy_for_company(company)

    @api.model
    @ormcache("company.id")
    def _get_words(self, company):
        """Return the words that ``company`` knows, its own before the common ones.

        A company that has archived its own word does not know the common one either,
        unless that is mandatory. Cached, as every text needs them.

        :return: ``{action: {word: id of the keyword}}``
        """
        domain = Domain("company_id", "=", company.id)
        domain |= Domain("company_id", "=", False) & Domain("active", "=", True)
        known_sudo = self.sudo().with_context(active_test=False).search(domain)
        words = {}
        for keyword in known_sudo.sorted(lambda it: bool(it.company_id)):
            of_action = words.setdefault(keyword.action, {})
            if keyword.active:
                of_action[keyword.word] = keyword.id
            elif not known_sudo.browse(of_action.get(keyword.word)).mandatory:
                of_action.pop(keyword.word, None)
        return words
