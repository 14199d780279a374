# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Common base of the tests of consent."""

import base64
import csv
import io
from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..common import SmsCase, phone_number
from ..web import DEVICE, WebCase

CONSENT = {
    "number": phone_number(0),
    "purposes": ["ticket"],
    "how": "web",
    "happened_at": "2026-03-02T09:00:00Z",
    "wording": "I agree to texts about my tickets.",
    "source": "https://shop.example/orders/17",
    "message_ref": "order-17",
}
HEADERS = ("Phone", "Date", "Method", "Text", "Evidence", "Name")
WORDS = "I agree to texts about my tickets."
NEW = "/new/ticket"
SUBMIT = "/submitted/ticket"
ACCOUNT = "/my/account"
SAVE = "/my/account/sms"


@tagged("post_install", "-at_install")
class ApiCase(SmsCase, HttpCase):
    """Common base: another system with the API key of an agent."""

    def setUp(self):
        super().setUp()
        self.keys = {}

    def get_key(self, user):
        """Return an API key of a user."""
        if user not in self.keys:
            keys = self.env["res.users.apikeys"].with_user(user).sudo()
            expiry = fields.Datetime.now() + timedelta(days=1)
            self.keys[user] = keys._generate(None, "test", expiry)
        return self.keys[user]

    def call(self, method, user=None, key=None, **arguments):
        """Call the API over HTTP; return the response."""
        key = key or self.get_key(user or self.agent)
        with mute_logger("odoo.http"):
            response = self.url_open(
                f"/json/2/sms.consent.api/{method}",
                json=arguments,
                headers={"Authorization": f"bearer {key}"},
            )
        self.env.invalidate_all()
        return response

    def record(self, **values):
        """Record a valid consent by the API; return its response."""
        response = self.call("record_consent", **{**CONSENT, **values})
        self.assertEqual(response.status_code, 200, response.text)
        return response.json()

    def refuse(self, words, method="record_consent", status=422, user=None, **values):
        """Check that a call is refused with these words, and records nothing."""
        count = self.env["sms.consent.event"].search_count([])
        base = CONSENT if method == "record_consent" else {}
        arguments = {k: v for k, v in {**base, **values}.items() if v != "-"}
        response = self.call(method, user=user, **arguments)
        self.assertEqual(response.status_code, status, response.text)
        self.assertRegex(response.json()["message"], words)
        self.assertEqual(self.env["sms.consent.event"].search_count([]), count)

    def events(self, number=None):
        """Return a number's events, oldest first."""
        return self.env["sms.consent.event"].search(
            [("number", "=", number or self.number)], order="id"
        )


def make_row(index=0, **changes):
    """Return a valid row, with the given cells changed."""
    row = {
        "Phone": phone_number(index),
        "Date": "2026-03-02 09:00",
        "Method": "Web form",
        "Text": WORDS,
        "Evidence": f"CRM {index}",
        "Name": f"Customer {index}",
        **changes,
    }
    return row


def make_csv(rows, headers=HEADERS):
    """Return a list as a CSV file."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, headers, extrasaction="ignore", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


@tagged("post_install", "-at_install")
class ImportCase(SmsCase):
    """Common base: a manager imports lists of consents."""

    def make_job(self, data, user=None, **values):
        """Return a new, configured import of a list."""
        if not isinstance(data, bytes):
            data = make_csv(data)
        jobs = self.env["sms.consent.import"].with_user(user or self.manager)
        return jobs.create(
            {
                "file": base64.b64encode(data),
                "file_name": "crm.csv",
                "purpose_ids": [(6, 0, self.purposes("ticket").ids)],
                "date_order": "ymd",
                "tz": "UTC",
                **values,
            }
        )

    def run_job(self, data, **values):
        """Check and import a list; return its job."""
        job = self.make_job(data, **values)
        job.action_check()
        if job.state == "checked":
            job.action_import()
        return job

    def run_cron(self):
        self._run_cron(self.env.ref("helpdesk_mgmt_sms.ir_cron_sms_consent_import"))

    def assertCounts(self, job, good, skipped=0, wrong=0):
        self.assertEqual(
            (job.good_count, job.skipped_count, job.wrong_count), (good, skipped, wrong)
        )

    def events(self, number=None):
        """Return the ledger's events, of a number or of all, oldest first."""
        domain = [("number", "=", number)] if number else []
        return self.env["sms.consent.event"].search(domain, order="id")

    def faults(self, job):
        """Return the reasons of rows that were not recorded, by row number."""
        return {row.row: row.reason for row in job.row_ids}


class PortalCase(WebCase):
    """Common base: a customer with a login and a number that nobody else has."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.login = cls.portal_user
        cls.own_number = phone_number(20)
        cls.login.partner_id.write(
            {"phone": "(303) 555-0120", "country_id": cls.country.id}
        )
        cls.purpose = cls.purposes("ticket")

    def setUp(self):
        super().setUp()
        self.authenticate("sms-portal", "sms-portal")
        self.opener.headers["User-Agent"] = DEVICE

    def prove(self, number=None, login=None):
        """Confirm that a number is a login's, as after a YES."""
        claims = self.env["sms.number.claim"]
        partner = (login or self.login).partner_id
        claim = claims._note(self.company, partner, number or self.own_number)
        claim.confirmed_at = "2026-01-01 12:00:00"
        self.env.flush_all()

    def tickets(self, name="Screen is black"):
        """Return the tickets created by the form."""
        self.env.invalidate_all()
        return self.env["helpdesk.ticket"].search([("name", "=", name)])
