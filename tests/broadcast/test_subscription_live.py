# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
from concurrent.futures import ThreadPoolExecutor

import requests

from ..live import LiveCase

NUMBER = "+13035559910"
LOGIN, PASSWORD = "outage-customer", "outage-customer-password"


class TestAtOnce(LiveCase):
    """The pages of outages receive several clicks and visitors at once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        [portal] = cls.rpc(
            "ir.model.data",
            "search_read",
            [("module", "=", "base"), ("name", "=", "group_portal")],
            ["res_id"],
        )
        user_id = cls.rpc(
            "res.users",
            "create",
            {
                "name": "Outage Customer",
                "login": LOGIN,
                "password": PASSWORD,
                "group_ids": [(6, 0, [portal["res_id"]])],
            },
        )
        [user] = cls.rpc("res.users", "read", [user_id], ["partner_id"])
        cls.rpc("res.partner", "write", [user["partner_id"][0]], {"phone": NUMBER})
        cls.area_id = cls.rpc(
            "sms.area",
            "create",
            {"name": "Mail server", "kind": "service", "takes_subscribers": True},
        )

    def log_in(self):
        """Return the customer's logged-in session, and the page of outages."""
        browser = requests.Session()
        address = f"{self.server.url}/web/login"
        page = browser.get(address, params={"db": self.database}, timeout=30).text
        form = {
            "login": LOGIN,
            "password": PASSWORD,
            "csrf_token": self.read_token(page),
        }
        browser.post(address, data=form, timeout=30)
        page = browser.get(f"{self.server.url}/my/outages", timeout=30).text
        self.assertIn("Mail server", page)
        return browser, page

    @staticmethod
    def read_token(page):
        """Return the token of a page's form."""
        return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]

    def test_two_clicks_choose_once(self):
        browser, page = self.log_in()
        box = f"sms_area_{self.area_id}"
        wording = re.search(rf'name="{box}"[^>]*value="(\d+)"', page)
        form = {"csrf_token": self.read_token(page), box: wording[1]}
        cookies = browser.cookies.get_dict()

        def click(_index):
            """Post the form, as one of several simultaneous clicks."""
            address = f"{self.server.url}/my/outages"
            return requests.post(address, data=form, cookies=cookies, timeout=60)

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(click, range(4)))
        for answer in answers:
            self.assertEqual(answer.status_code, 200)
            self.assertIn("Waiting for your YES", answer.text)
        self.assertEqual(self.count("sms_subscription", "number = %s", [NUMBER]), 1)
        self.assertEqual(self.count_events(NUMBER), 1)

    def test_visitors_who_share_an_address_do_not_wait_for_each_other(self):
        """As the phones of one network that open the link in a broadcast."""

        def visit(_index):
            return requests.get(f"{self.server.url}/sms/incident/none", timeout=60)

        visit(0)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(visit, range(80)))
        self.assertEqual({answer.status_code for answer in answers}, {404})
        self.assertNotIn("try again in", self.server.read_log())
