# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from ..models import sms_purpose, sms_reply

#: Model of a template: the purpose that its texts have.
PURPOSES = {
    "helpdesk.ticket": sms_purpose.TICKET,
    "calendar.event": sms_purpose.APPOINTMENT,
    "res.partner": sms_purpose.ALERT,
}


class SmsRegistration(models.TransientModel):
    """What a registration says in sentences: what is sent, and how people agree."""

    _inherit = "sms.registration"

    @api.model
    def _get_purpose(self, template):
        code = PURPOSES.get(template.model, sms_purpose.TICKET)
        return self.env["sms.purpose"]._get(code)

    @api.depends("company_id")
    def _compute_description(self):
        names = self.env["sms.purpose"]._get_for_customers().mapped("name")
        for record in self:
            record.description = self.env._(
                "%(company)s is an IT helpdesk. It texts customers who have agreed to "
                "it about: %(purposes)s. Texts answer and follow up their own "
                "requests; no marketing is sent. Messages are conversational and "
                "informational, and their frequency varies with the requests.",
                company=record.company_id.name,
                purposes=", ".join(names),
            )

    @api.depends("company_id")
    def _compute_opt_in_flow(self):
        for record in self:
            record.opt_in_flow = " ".join(record._get_ways())

    def _get_ways(self):
        """Return how people agree, one sentence for each way that is open."""
        self.ensure_one()
        company = self.company_id
        purposes = self.env["sms.purpose"]._get_for_customers()
        words = sorted(self.env["sms.keyword"]._get_words(company).get("join", ()))
        ways = [self.env._("End users agree in these ways, for each purpose apart.")]
        if words:
            ways.append(
                self.env._(
                    "By text: they send %s to our number, are asked to confirm, and "
                    "join by answering YES.",
                    ", ".join(words),
                )
            )
        if company.sudo().sms_join_page:
            ways.append(
                self.env._(
                    "On our page %s: they type their number, get one text with the "
                    "question, and join by answering YES.",
                    company.sudo().sms_join_url,
                )
            )
        ways.append(
            self.env._(
                "On the portal's form for a new ticket and on their account's page: "
                "by a box that is not ticked beforehand. In person, by phone or on a "
                "signed form: an agent records it with the words that were shown."
            )
        )
        wordings = self.env["sms.wording"]._get_published(company, purposes[:1])
        if wordings:
            shown = wordings._render(company)
            ways.append(self.env._("The words are: “%s”", shown))
        ways.append(
            self.env._(
                "Consent is no condition of a purchase. Mobile numbers and consent are "
                "not shared with third parties."
            )
        )
        return ways

    @api.depends("company_id")
    def _compute_privacy_statement(self):
        for record in self:
            record.privacy_statement = self.env._(
                "%s does not share mobile numbers, nor the consent to text messages, "
                "with third parties or affiliates for marketing or promotional "
                "purposes.",
                record.company_id.name,
            )

    def _get_answers(self):
        """Return what a person is answered, by field."""
        self.ensure_one()
        reply = self.env["sms.reply"]
        purposes = self.env["sms.purpose"]._get_for_customers()
        partner = self.env["res.partner"]
        return {
            field: reply._render_for(code, self.company_id, partner, purposes)
            for field, code in (
                ("opt_in_text", sms_reply.JOIN_DONE),
                ("opt_out_text", sms_reply.STOP_DONE),
                ("help_text", sms_reply.HELP),
            )
        }

    @api.model
    def _say(self, problem):
        """Return a problem as a sentence: what it is, and what to do."""
        name = self._fields[problem.field].get_description(self.env)["string"]
        values = {"name": name, "detail": problem.detail}
        return self._get_sentences()[problem.what] % values

    @api.model
    def _get_sentences(self):
        """Return what each problem says."""
        return {
            "short": self.env._("%(name)s needs at least %(detail)s characters."),
            "long": self.env._("%(name)s takes at most %(detail)s characters."),
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
