# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from functools import partial

from odoo import api, fields, models
from odoo.fields import Domain

from ..models.core.mixins import FILLED_IN
from ..models.ledger import sms_purpose
from ..tools import advice, keywords, registration, reply_codes, texts
from ..tools.consent import OPTED_IN
from ..tools.quiet_hours import MARKETING

#: XML ids of the default templates for samples.
SHIPPED_SAMPLES = (
    "sms_template_ticket_received",
    "sms_template_ticket_waiting",
    "sms_template_ticket_closed",
    "sms_template_appointment_reminder",
    "sms_template_outage",
)
#: Purpose of the texts, by model of the template.
PURPOSES = {
    "helpdesk.ticket": sms_purpose.TICKET,
    "calendar.event": sms_purpose.APPOINTMENT,
    "res.partner": sms_purpose.ALERT,
}
#: The packet is always in English, since US carriers read it.
LANG = "en_US"
#: Fields of the printed packet, in order.
PRINTED = (
    "description",
    "opt_in_flow",
    "samples",
    "has_links",
    "has_phones",
    "opt_in_keywords",
    "opt_in_text",
    "opt_out_keywords",
    "opt_out_text",
    "help_keywords",
    "help_text",
    "privacy_url",
    "terms_url",
    "privacy_statement",
)


class SmsRegistration(models.TransientModel):
    """A company's registration of its texts in the US (A2P 10DLC), ready to copy.

    Generated in English from the current templates, keywords, replies, wordings and
    forms. The description and the ways to opt in can be edited before printing. Nothing
    is kept.
    """

    _name = "sms.registration"
    _description = "Registration of Text Messages (A2P 10DLC)"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True,
        default=lambda self: self.env.company,
    )  # fmt: skip
    template_ids = fields.Many2many(
        "sms.template",
        string="Samples From",
        default=lambda self: self._default_templates(),
        help="Two to five templates that show what is actually sent.",
    )
    description = fields.Text(
        compute="_compute_description", precompute=True, **FILLED_IN
    )
    opt_in_flow = fields.Text(
        "How People Opt In",
        compute="_compute_description",
        precompute=True,
        **FILLED_IN,
    )
    samples = fields.Text(compute="_compute_samples")
    opt_in_keywords = fields.Char(compute="_compute_commands")
    opt_in_text = fields.Text("Text After Opting In", compute="_compute_commands")
    opt_out_keywords = fields.Char(compute="_compute_commands")
    opt_out_text = fields.Text("Text After Opting Out", compute="_compute_commands")
    help_keywords = fields.Char(compute="_compute_commands")
    help_text = fields.Text("Text After HELP", compute="_compute_commands")
    privacy_url = fields.Char(related="company_id.sms_privacy_url")
    terms_url = fields.Char(related="company_id.sms_terms_url")
    privacy_statement = fields.Text(
        compute="_compute_privacy_statement",
        help="The privacy policy must say so; carriers read it.",
    )
    has_links = fields.Boolean("Samples Hold Links", compute="_compute_samples")
    has_phones = fields.Boolean(
        "Samples Hold Phone Numbers", compute="_compute_samples"
    )
    problems = fields.Text(compute="_compute_problems")
    problem_count = fields.Integer(compute="_compute_problems")

    def _compute_display_name(self):
        for record in self:
            record.display_name = self.env._("Registration (A2P 10DLC)")

    @api.model
    def _default_templates(self):
        found = (
            self.env.ref(f"helpdesk_mgmt_sms.{xmlid}", raise_if_not_found=False)
            for xmlid in SHIPPED_SAMPLES
        )
        return self.env["sms.template"].union(*filter(None, found))

    def _get_samples(self):
        """Return the samples as texts would be sent, with placeholders in brackets."""
        templates = self.template_ids.with_context(lang=LANG)
        words_by_model = templates._get_placeholder_words()
        samples = []
        for template in templates:
            code = PURPOSES.get(template.model, sms_purpose.TICKET)
            purpose = self.env["sms.purpose"]._get(code)
            words = words_by_model.get(template.model, {})
            body = template._get_for_company(self.company_id).body
            body = registration.show_placeholders(body, words)
            rules = purpose._get_rules(LANG, self.company_id)
            # Like the first text to a number, which names the sender.
            name = self.company_id.name
            footer = rules.footer and advice.sign(body, rules.footer, name)
            samples.append(texts.add_footer(body.strip(), footer))
        return samples

    @api.depends("template_ids", "company_id")
    def _compute_samples(self):
        for record in self:
            samples = record._get_samples()
            record.samples = "\n\n".join(samples)
            record.has_links = registration.has_link(samples)
            record.has_phones = registration.has_phone(samples)

    @api.depends("company_id")
    def _compute_commands(self):
        """Show the keywords that people text, and the replies to them."""
        purposes = self.env["sms.purpose"]._get_for_customers()
        for record in self:
            company = record.company_id
            words = self.env["sms.keyword"]._get_words(company)
            join = registration.list_keywords
            joining = words.get(keywords.JOIN, ())
            record.opt_in_keywords = join(joining, words[keywords.START])
            record.opt_out_keywords = join(words[keywords.STOP])
            record.help_keywords = join(words[keywords.HELP])
            terms = {"company": company, "lang": LANG, "purposes": purposes}
            say = partial(self.env["sms.reply"]._render_for, **terms)
            record.opt_in_text = say(reply_codes.JOIN_DONE)
            record.opt_out_text = say(reply_codes.STOP_DONE)
            record.help_text = say(reply_codes.HELP)

    @api.depends(
        "description", "opt_in_flow", "samples", "opt_in_text", "opt_out_text",
        "help_text", "privacy_url", "terms_url",
    )  # fmt: skip
    def _compute_problems(self):
        for record in self:
            found = registration.get_problems(record._get_packet())
            record.problems = "\n".join(map(record._say, found))
            record.problem_count = len(found)

    def _get_packet(self):
        """Return the contents of the registration as plain texts."""
        names = registration.Packet.__dataclass_fields__.keys() - {"company", "samples"}
        return registration.Packet(
            company=self.company_id.name,
            samples=tuple(self._get_samples()),
            **{name: self[name] or "" for name in names},
        )

    def _get_printed(self):
        """Return pairs of a label and a text for the printed packet."""
        env = self.with_context(lang=LANG).env
        words = {True: env._("Yes"), False: env._("No")}
        return [
            (
                self._fields[name].get_description(env)["string"],
                words[self[name]] if name.startswith("has_") else self[name] or "",
            )
            for name in PRINTED
        ]

    def action_print(self):
        """Return the action to print the packet as a PDF.

        :raises AccessError: if the company is not among the user's selected ones
        """
        self.ensure_one()
        self.company_id._check_sms_user()
        report = self.env.ref("helpdesk_mgmt_sms.sms_registration_report")
        return report.report_action(self)

    # === Sentences ===

    @api.depends("company_id")
    def _compute_description(self):
        env = self.with_context(lang=LANG).env
        usual = env["sms.purpose"]._get_for_customers()
        for record in self:
            agreed = Domain("company_id", "=", record.company_id.id)
            agreed &= Domain("state", "=", OPTED_IN)
            agreed &= Domain("purpose_id.quiet_class", "=", MARKETING)
            found = env["sms.consent"].sudo()._read_group(agreed, ["purpose_id"])
            offers = usual.browse().union(*(purpose for [purpose] in found))
            description = env._(
                "%(company)s is an IT helpdesk. It texts customers who have agreed to "
                "it about: %(purposes)s.",
                company=record.company_id.name,
                purposes=", ".join((usual | offers).mapped("name")),
            )
            if not offers:
                description += " " + env._(
                    "Texts answer and follow up their own requests; no marketing is "
                    "sent. Messages are conversational and informational, and their "
                    "frequency varies with the requests."
                )
            record.description = description
            record.opt_in_flow = " ".join(record.with_context(lang=LANG)._get_ways())

    def _get_ways(self):
        """Yield a sentence for each available way to opt in."""
        company = self.company_id
        purposes = self.env["sms.purpose"]._get_for_customers()
        words = sorted(self.env["sms.keyword"]._get_words(company).get("join", ()))
        yield self.env._("End users agree in these ways, for each purpose apart.")
        if words:
            yield self.env._(
                "By text: they send %s to our number, are asked to confirm, and "
                "join by answering YES.",
                ", ".join(words),
            )
        if company.sudo().sms_join_page:
            yield self.env._(
                "On our page %s: they type their number, get one text with the "
                "question, and join by answering YES.",
                company.sudo().sms_join_url,
            )
        yield self.env._(
            "On the portal's form for a new ticket and on their account's page: "
            "by a box that is not ticked beforehand. In person, by phone or on a "
            "signed form: an agent records it with the words that were shown."
        )
        if wordings := self.env["sms.wording"]._get_published(company, purposes[:1]):
            yield self.env._("The words are: “%s”", wordings._render(company))
        yield self.env._(
            "Consent is not a condition of purchase. Mobile numbers and consent are "
            "not shared with third parties."
        )

    @api.depends("company_id")
    def _compute_privacy_statement(self):
        for record in self:
            record.privacy_statement = record.with_context(lang=LANG).env._(
                "%s does not share mobile numbers, nor the consent to text messages, "
                "with third parties or affiliates for marketing or promotional "
                "purposes.",
                record.company_id.name,
            )

    @api.model
    def _say(self, problem):
        name = self._fields[problem.field].get_description(self.env)["string"]
        values = {"name": name, "detail": problem.detail}
        return self._get_sentences()[problem.what] % values

    @api.model
    def _get_sentences(self):
        return {
            "short": self.env._("%(name)s needs at least %(detail)s characters."),
            "long": self.env._("%(name)s has at most %(detail)s characters."),
            "few_samples": self.env._("Choose at least %(detail)s templates."),
            "many_samples": self.env._("Choose at most %(detail)s templates."),
            "sample_length": self.env._("Sample %(detail)s: 20 to 1,024 characters."),
            "sample_stop": self.env._(
                "Sample %(detail)s does not say STOP. Add it to its purpose's footer."
            ),
            "sample_shortener": self.env._(
                "Sample %(detail)s has a public link shortener. Carriers block those."
            ),
            "names_nobody": self.env._("%(name)s: name the company at least once."),
            "not_said": self.env._("%(name)s: say %(detail)s."),
            "no_keyword": self.env._("%(name)s: add one under Keywords."),
            "no_page": self.env._(
                "%(name)s: enter the address of the page in the settings."
            ),
        }
