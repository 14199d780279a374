# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import io
import logging

from odoo.tests import BaseCase

from ...tools import log_mask

KEY = "Zk3-secret_KEY"


class TestLogMask(BaseCase):
    """Logs contain no personal data and no secrets."""

    def log(self, name, message, *args, **kwargs):
        """Return the output of a handler with the mask."""
        written = io.StringIO()
        handler = logging.StreamHandler(written)
        handler.addFilter(log_mask.LogMask())
        logger = logging.Logger(name)
        logger.addHandler(handler)
        logger.error(message, *args, **kwargs)
        return written.getvalue()

    def test_numbers(self):
        for line, expected in (
            ("to +13035550142 now", "to +***42 now"),
            ("From=%2B13035550142&Body=", "From=%2B***42&Body="),
            ("['+447700900123', '+13035550100']", "['+***23', '+***00']"),
            ("2026-11-25 20:47:21+00:00", "2026-11-25 20:47:21+00:00"),
            ("uid 1303555014, 5+7 of +12", "uid 1303555014, 5+7 of +12"),
        ):
            with self.subTest(line=line):
                self.assertEqual(log_mask.mask(line), expected)

    def test_ways_in(self):
        for path in (
            f"/helpdesk_sms/twilio/{KEY}/inbound",
            f"/helpdesk_sms/twilio/{KEY}/status/0e0e",
            f"/helpdesk_sms/twilio/{KEY}/call/0e0e",
            f"/helpdesk_sms/twilio/{KEY}/call/0e0e/1",
            f"/helpdesk_sms/health/{KEY}",
            f"/helpdesk_sms/alerts/{KEY}",
            f"/helpdesk_sms/media/{KEY}",
            f"/sms/preferences/{KEY}",
            f"/sms/p/{KEY}",
            f"/sms/t/{KEY}",
            f"/sms/join/{KEY}",
            f"/sms/incident/{KEY}",
            f"/my/ticket/7?access_token={KEY}&x=1",
        ):
            with self.subTest(path=path):
                line = self.log("werkzeug", '"GET %s HTTP/1.1" 200', path)
                self.assertNotIn(KEY, line)
                self.assertIn(path.partition(KEY)[0], line)
                self.assertIn("HTTP/1.1", line)

    def test_a_signed_address_of_a_picture(self):
        line = self.log("werkzeug", "GET /helpdesk_sms/media/7/12/1790000000/%s", KEY)
        self.assertEqual(line, "GET /helpdesk_sms/media/***\n")

    def test_what_opens_nothing_stays(self):
        for line in ("/odoo/action-sms?debug=1", "/web/login", "/my/account/sms"):
            self.assertEqual(log_mask.mask(line), line)
        line = "No way to text: 'no number'"
        self.assertEqual(self.log("odoo.addons.sms", line), f"{line}\n")

    def test_a_query_that_failed_is_logged_without_its_values(self):
        query = "INSERT INTO sms_sms (body) VALUES ('It''s my knee, call me')"
        for logged in (query, query.encode()):
            line = self.log("odoo.sql_db", "bad query: %s\nERROR: %s", logged, "Key")
            self.assertIn("INSERT INTO sms_sms (body) VALUES ('***')", line)
            self.assertNotIn("knee", line)

    def test_what_a_query_in_bytes_asks_stays_readable(self):
        for query, logged in (
            (b"SELECT id FROM sms_sms", "SELECT id FROM sms_sms"),
            (b"SELECT \xff FROM sms_sms", "SELECT \ufffd FROM sms_sms"),
        ):
            line = self.log("odoo.sql_db", "bad query: %s\nERROR: %s", query, "x")
            self.assertEqual(line, f"bad query: {logged}\nERROR: x\n")

    def test_a_row_that_was_refused(self):
        """PostgreSQL shows it without quotes, in the line and in the traceback."""
        detail = "DETAIL:  Failing row contains (7, my knee (left)\ncall me, null)."
        key = f"DETAIL:  Key (sms_webhook_key)=({KEY}) already exists.\n"
        for text, masked in (
            (detail, "Failing row contains (***)."),
            (key, "Key (sms_webhook_key)=(***) already exists."),
        ):
            with self.subTest(text=text):
                query = "bad query: INSERT INTO sms_sms …\nERROR: %s"
                line = self.log("odoo.sql_db", query, text)
                try:
                    raise ValueError(text)
                except ValueError:
                    line += self.log("odoo.http", "Failed", exc_info=True)
                for word in ("knee", "call me", KEY):
                    self.assertNotIn(word, line)
                self.assertEqual(line.count(f"DETAIL:  {masked}"), 2)

    def test_a_dump_of_headers(self):
        dump = "POST api.telnyx.com Authorization: Bearer %s, Accept: x"
        line = self.log("urllib3", dump, f"KEY{KEY}=")
        self.assertEqual(
            line, "POST api.telnyx.com Authorization: Bearer ***, Accept: x\n"
        )

    def test_a_traceback(self):
        try:
            raise ValueError("No such number: +13035550142")
        except ValueError:
            line = self.log("odoo.http", "Failed for %s", "x", exc_info=True)
        self.assertIn("ValueError: No such number: +***42", line)
        self.assertNotIn("3035550142", line)

    def test_lines_of_other_apps_are_left_alone(self):
        for name, line in (
            ("odoo.sql_db", "bad query: INSERT INTO sale_order VALUES ('S0007', 'x')"),
            ("odoo.sql_db", "bad query: x\nDETAIL:  Key (login)=(bob) already exists."),
            ("odoo.addons.voip", "Call to +13035550142 failed"),
            ("werkzeug", '"GET /web/reset_password?token=abc HTTP/1.1" 200'),
            ("urllib3", "POST api.acme.com Authorization: Basic YWJjZGVmZ2g="),
            ("odoo.addons.cosmsolver", "smsx=1 +13035550142"),
        ):
            with self.subTest(line=line):
                self.assertEqual(self.log(name, line), f"{line}\n")
        line = self.log("odoo.addons.voip", "Heard %s", b"+13035550142")
        self.assertEqual(line, "Heard b'+13035550142'\n")

    def test_a_traceback_of_another_app_is_left_alone(self):
        formatted = 'File "sale/models/order.py"\nValueError: +13035550142'
        record = logging.LogRecord("odoo.http", 40, "", 1, "Failed", (), None)
        record.exc_text = formatted
        log_mask.LogMask().filter(record)
        self.assertEqual(record.exc_text, formatted)
        record.exc_text = formatted.replace("sale", "helpdesk_mgmt_sms")
        log_mask.LogMask().filter(record)
        self.assertNotIn("3035550142", record.exc_text)

    def test_a_line_that_cannot_be_put_together_is_not_swallowed(self):
        record = logging.LogRecord("x", 40, "", 1, "%s and %s", ("one",), None)
        self.assertTrue(log_mask.LogMask().filter(record))
        self.assertEqual(record.args, ("one",))

    def test_the_server_masks_what_it_logs_once(self):
        root = logging.getLogger()
        handler = logging.StreamHandler(io.StringIO())
        root.addHandler(handler)
        self.addCleanup(root.removeHandler, handler)
        log_mask.install()
        log_mask.install()
        logging.getLogger("odoo.addons.sms").error("To %s", "+13035550142")
        self.assertEqual(len(handler.filters), 1)
        self.assertNotIn("3035550142", handler.stream.getvalue())
