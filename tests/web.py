# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Common base of the pages' tests: a browser without scripts, over real HTTP."""

from lxml import html

from odoo.tests import HttpCase, tagged

from .common import SmsCase

DEVICE = "Test Phone/1.0"


@tagged("post_install", "-at_install")
class WebCase(SmsCase, HttpCase):
    """Open pages, read their forms, and post them with their CSRF token.

    Each test is another visitor without a login; ``wording`` is the one in force for
    tickets. Typed numbers are read as US numbers.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wording = cls.env.ref("helpdesk_mgmt_sms.sms_wording_ticket")
        cls.company.write(
            {
                "sms_privacy_url": "https://www.example.com/privacy",
                "sms_terms_url": "https://www.example.com/terms",
            }
        )

    def setUp(self):
        super().setUp()
        self.opener.headers["User-Agent"] = DEVICE

    def get(self, url, **options):
        """Return the response to a GET."""
        return self.url_open(url, **options)

    def post(self, url, page=None, **values):
        """Post values with the CSRF token of a page.

        :param page: the response that showed the form, default a new GET of ``url``
        """
        page = page or self.get(url)
        token = self.tree(page).xpath("//input[@name='csrf_token']/@value")[0]
        return self.url_open(url, data={"csrf_token": token, **values})

    def tree(self, response):
        """Return the page of a response, as an lxml tree."""
        return html.fromstring(response.text)

    def ticked(self, response):
        """Return the names of the checked checkboxes of a page."""
        return set(
            self.tree(response).xpath("//input[@type='checkbox'][@checked]/@name")
        )

    def boxes(self, response):
        """Return the checkboxes of a page as ``{name: value}``."""
        found = self.tree(response).xpath("//input[@type='checkbox']")
        return {box.get("name"): box.get("value") for box in found}

    def text(self, response):
        """Return the text of a page, with whitespace collapsed."""
        return " ".join(self.tree(response).text_content().split())

    def events(self, number=None, company=None):
        """Return the ledger's events of a number, oldest first."""
        self.env.invalidate_all()
        ledger = self.env["sms.consent.event"]
        domain = ledger._number_domain(company or self.company, number or self.number)
        return ledger.search(domain, order="id")

    def answers(self, number=None, company=None):
        """Return ``{purpose code: state}`` of a number, without the state ``none``."""
        company = company or self.company
        number = number or self.number
        self.env["sms.consent"]._forget_answers()
        found = self.env["sms.consent"]._get_answers([company.id], [number])
        get_answer = self.env["sms.consent"]._get_answer
        states = {
            purpose.code: get_answer(found[company.id, number], purpose.id).state
            for purpose in self.env["sms.purpose"].search([])
        }
        return {code: state for code, state in states.items() if state != "none"}

    def publish(self, wording):
        """Supersede a wording by a new version, and return the new one."""
        draft = self.env["sms.wording"].browse(wording.action_new_version()["res_id"])
        draft.body = draft.body.replace("support tickets", "service tickets")
        draft.action_publish()
        self.env.flush_all()
        return draft

    def waiting_for(self, number):
        """Return the texts to a number that the gate has let pass."""
        self.env.invalidate_all()
        return self.messages_to(number).filtered(lambda sms: sms.state == "outgoing")
