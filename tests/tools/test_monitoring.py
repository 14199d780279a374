# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import hashlib
import hmac
import json
from datetime import datetime

import yaml
from werkzeug.datastructures import Headers

from odoo.tests import BaseCase

from ...tools import monitoring
from ...tools.monitoring import CRITICAL, INFO, SYSTEMS, WARNING, Trouble
from ...tools.monitoring_setup import write_setup
from ...tools.segments import count_segments
from ..team_alert import payloads

SECRET = "the-secret-of-a-source"
NOW = 1_795_000_000


class ReaderCase(BaseCase):
    """Helpers to parse what a system sends."""

    def read_report(self, system, payload):
        """Return the parsed report of a payload."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return monitoring.read(system, body)


class TestReaders(ReaderCase):
    """Parsing of each system's documented payloads."""

    def test_alertmanager(self):
        report = self.read_report("alertmanager", payloads.ALERTMANAGER)
        self.assertEqual(report.more, 0)
        self.assertEqual(len(report.troubles), 2)
        self.assertEqual(
            report.troubles[0],
            Trouble(
                "1a30ba71cca2921f",
                True,
                "Instance web1:9100 down",
                CRITICAL,
                "http://prometheus.example.org:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
                datetime(2026, 11, 25, 21, 58, 45),
            ),
        )
        other = {**payloads.ALERTMANAGER, "groupKey": "another"}
        self.assertNotEqual(self.read_report("alertmanager", other).group, report.group)

    def test_grafana(self):
        report = self.read_report("grafana", payloads.GRAFANA)
        self.assertEqual(report.group, "{}:{}")
        self.assertEqual(
            [(it.key, it.is_firing, it.summary) for it in report.troubles],
            [
                ("c6eadffa33fcdf37", True, "This alert was triggered for zone us-1"),
                ("bc97ff14869b13e3", True, "This alert was triggered for zone eu-1"),
            ],
        )
        link = report.troubles[0].link
        self.assertEqual(link, "https://play.grafana.org/alerting/1afz29v7z/edit")

    def test_zabbix(self):
        report = self.read_report("zabbix", payloads.ZABBIX)
        self.assertEqual(
            report.troubles,
            (
                Trouble(
                    "1250",
                    True,
                    "db1: Free disk space is less than 5% on volume /",
                    CRITICAL,
                    "https://zabbix.example.org/tr_events.php?triggerid=13491&eventid=1250",
                ),
            ),
        )
        self.assertEqual(report.group, "1250")

    def test_zabbix_says_as_much_as_it_knows(self):
        url = "https://zabbix.example.org/ZABBIX/"
        page = f"{url}tr_events.php?triggerid=13491&eventid=1250"
        name = payloads.ZABBIX["event_name"]
        for values, summary, link in (
            ({"zabbix_url": url}, f"db1: {name}", page),
            ({"zabbix_url": None}, f"db1: {name}", ""),
            ({"trigger_id": None}, f"db1: {name}", ""),
            ({"trigger_id": "{TRIGGER.ID}"}, f"db1: {name}", ""),
            ({"host_name": None, "zabbix_url": url}, name, page),
            ({"host_name": None, "host_host": "db", "zabbix_url": url}, None, page),
            ({"event_name": "db1 is down", "zabbix_url": url}, "db1 is down", page),
            ({"event_name": None, "zabbix_url": url}, "db1: Problem 1250", page),
        ):
            with self.subTest(values=values):
                payload = {**payloads.ZABBIX, **values}
                [trouble] = self.read_report("zabbix", payload).troubles
                self.assertEqual(trouble.summary, summary or f"db: {name}")
                self.assertEqual(trouble.link, link)

    def test_what_is_over(self):
        for system, payload in (
            ("alertmanager", payloads.change(payloads.ALERTMANAGER, "resolved")),
            ("grafana", payloads.change(payloads.GRAFANA, "resolved")),
            ("zabbix", payloads.change(payloads.ZABBIX, event_value="0")),
        ):
            with self.subTest(system=system):
                report = self.read_report(system, payload)
                self.assertTrue(report.troubles)
                self.assertFalse(any(it.is_firing for it in report.troubles))

    def test_each_alert_has_a_status_of_its_own(self):
        payload = payloads.change(payloads.ALERTMANAGER)
        payload["alerts"][1]["status"] = "resolved"
        report = self.read_report("alertmanager", payload)
        self.assertEqual([it.is_firing for it in report.troubles], [True, False])

    def test_severities(self):
        for label, expected in (
            ("critical", CRITICAL),
            ("page", CRITICAL),
            ("P1", CRITICAL),
            (None, CRITICAL),
            ("Warning", WARNING),
            ("info", INFO),
        ):
            payload = payloads.change(payloads.ALERTMANAGER, alerts=1)
            payload["alerts"][0]["labels"]["severity"] = label
            with self.subTest(label=label):
                [trouble] = self.read_report("alertmanager", payload).troubles
                self.assertEqual(trouble.severity, expected)
        for number, expected in enumerate(
            (INFO, INFO, WARNING, WARNING, CRITICAL, CRITICAL)
        ):
            payload = {**payloads.ZABBIX, "event_nseverity": str(number)}
            with self.subTest(number=number):
                [trouble] = self.read_report("zabbix", payload).troubles
                self.assertEqual(trouble.severity, expected)

    def test_without_annotations_the_labels_say_it(self):
        """Without labels the key does."""
        for changes, expected in (
            ({"annotations": {"summary": "  "}}, "InstanceDown web1:9100"),
            ({"annotations": {}, "labels": {"job": "node", "a": "b"}}, "node, b"),
            ({"annotations": {}, "labels": {}}, "1a30ba71cca2921f"),
        ):
            payload = payloads.change(payloads.ALERTMANAGER, alerts=1)
            payload["alerts"][0] |= changes
            with self.subTest(changes=changes):
                [trouble] = self.read_report("alertmanager", payload).troubles
                self.assertEqual(trouble.summary, expected)

    def test_without_a_fingerprint_the_labels_are_the_key(self):
        payload = payloads.change(payloads.ALERTMANAGER)
        for alert in payload["alerts"]:
            del alert["fingerprint"]
        first, second = self.read_report("alertmanager", payload).troubles
        self.assertNotEqual(first.key, second.key)
        # Whatever else it says, and in whatever order.
        labels = payload["alerts"][0]["labels"]
        payload["alerts"][0] |= {
            "annotations": {},
            "labels": dict(reversed(labels.items())),
        }
        self.assertEqual(
            self.read_report("alertmanager", payload).troubles[0].key, first.key
        )

    def test_a_key_that_cannot_be_stored_is_written_another_way(self):
        payload = payloads.change(payloads.ALERTMANAGER, alerts=1)
        for key, is_kept in (
            ("x" * 64, True),
            ("x" * 65, False),
            ("disk\tfull", False),
            ("диск", False),
        ):
            payload["alerts"][0]["fingerprint"] = key
            with self.subTest(key=key):
                [trouble] = self.read_report("alertmanager", payload).troubles
                self.assertRegex(trouble.key, r"\A([0-9a-f]{64}|x{64})\Z")
                self.assertEqual(trouble.key == key, is_kept)

    def test_numbers_are_as_good_as_texts(self):
        payload = {**payloads.ZABBIX, "event_id": 1250, "event_value": 1}
        self.assertEqual(
            self.read_report("zabbix", payload),
            self.read_report("zabbix", payloads.ZABBIX),
        )

    def test_what_is_unknown_is_ignored(self):
        payload = {**payloads.ALERTMANAGER, "new": {"deep": [1, None]}}
        self.assertEqual(
            self.read_report("alertmanager", payload),
            self.read_report("alertmanager", payloads.ALERTMANAGER),
        )


class TestHostileReports(ReaderCase):
    """Malformed payloads do no harm, and are refused with a reason."""

    def test_what_cannot_be_read(self):
        alert = payloads.ALERTMANAGER["alerts"][0]
        no_json, no_object = "The body is not JSON.", "The body must be a JSON object."
        no_list = "“alerts” must be a list of objects."
        no_status = "The status of an alert is “firing” or “resolved”."
        no_key = "An alert has neither a fingerprint nor labels."
        no_id = "“event_id” must be a number: {EVENT.ID}."
        no_value = "“event_value” must be 0 or 1: {EVENT.VALUE}."
        for system, payload, reason in (
            ("alertmanager", b"", no_json),
            ("alertmanager", b"\xff\xfe\x00", no_json),
            ("alertmanager", b"[" * 200_000, no_json),
            ("alertmanager", [], no_object),
            ("alertmanager", "text", no_object),
            ("alertmanager", {}, no_list),
            ("alertmanager", {"alerts": {}}, no_list),
            ("alertmanager", {"alerts": ["text"]}, no_list),
            ("alertmanager", {"alerts": [{**alert, "status": "perhaps"}]}, no_status),
            ("grafana", {"alerts": [{"status": "firing"}]}, no_key),
            ("zabbix", {}, no_id),
            ("zabbix", {**payloads.ZABBIX, "event_id": "{EVENT.ID}"}, no_id),
            ("zabbix", {**payloads.ZABBIX, "event_id": "*UNKNOWN*"}, no_id),
            ("zabbix", {**payloads.ZABBIX, "event_id": "1" * 21}, no_id),
            ("zabbix", {**payloads.ZABBIX, "event_value": "2"}, no_value),
            ("zabbix", {**payloads.ZABBIX, "event_value": True}, no_value),
        ):
            with (
                self.subTest(system=system, payload=str(payload)[:60]),
                self.assertRaises(monitoring.UnreadableReport) as caught,
            ):
                self.read_report(system, payload)
            self.assertEqual(str(caught.exception), reason)

    def test_the_longest_number_that_zabbix_has(self):
        payload = {**payloads.ZABBIX, "event_id": 2**64 - 1}
        [trouble] = self.read_report("zabbix", payload).troubles
        self.assertEqual(trouble.key, "18446744073709551615")

    def test_a_link_that_a_browser_would_run_is_left_out(self):
        payload = payloads.change(payloads.ALERTMANAGER, alerts=1)
        longest = "https://x/".ljust(2000, "x")
        for url, link in (
            *(("javascript:alert(1)", ""), ("https://a b", ""), (7, "")),
            *((longest, longest), (f"{longest}x", "")),
        ):
            payload["alerts"][0]["generatorURL"] = url
            with self.subTest(url=str(url)[:30]):
                self.assertEqual(
                    self.read_report("alertmanager", payload).troubles[0].link, link
                )

    def test_what_is_huge_is_cut_and_what_cannot_be_stored_goes(self):
        payload = payloads.change(payloads.ALERTMANAGER, alerts=1)
        payload["alerts"][0] |= {
            "fingerprint": "x" * 5000,
            "annotations": {"summary": "\x00\ud83d" + "long " * 5000},
        }
        [trouble] = self.read_report("alertmanager", payload).troubles
        self.assertEqual(len(trouble.key), 64)
        self.assertEqual(trouble.summary, f"?{'long ' * 58}long...")
        self.assertLessEqual(len(trouble.summary), monitoring.SUMMARY_LIMIT)

    def test_words_of_which_nothing_is_left_are_none(self):
        alert = {
            "status": "firing",
            "labels": {"alertname": "DiskFull"},
            "annotations": {"summary": "\x00 \x00", "description": " "},
        }
        report = self.read_report("alertmanager", {"alerts": [alert]})
        self.assertEqual(report.troubles[0].summary, "DiskFull")

    def test_of_very_many_the_first_are_read_and_all_are_counted(self):
        payload = {**payloads.make_storm(700), "truncatedAlerts": 40}
        report = self.read_report("alertmanager", payload)
        self.assertEqual(len(report.troubles), monitoring.MAX_TROUBLES)
        self.assertEqual(report.more, 240)
        for truncated, more in (
            *((-5, 0), ("many", 0), (None, 0), (True, 1)),
            *((10**6, 10**6), (10**30, 10**6)),
        ):
            payload = {**payloads.ALERTMANAGER, "truncatedAlerts": truncated}
            report = self.read_report("alertmanager", payload)
            self.assertEqual(report.more, more, truncated)

    def test_the_same_key_twice_is_one_trouble(self):
        payload = payloads.change(payloads.ALERTMANAGER, alerts=1)
        payload["alerts"] *= 3
        self.assertEqual(len(self.read_report("alertmanager", payload).troubles), 1)


class TestWords(BaseCase):
    """The text on the phone."""

    def test_one_segment_with_the_system_first(self):
        for summary in ("disk full " * 50, "Speicher übergelaufen — schlimm " * 20):
            words = monitoring.describe("Prometheus", summary, "(+12)")
            with self.subTest(summary=summary[:20]):
                self.assertTrue(words.startswith("Prometheus: "))
                self.assertTrue(words.endswith("... (+12)"), words)
                self.assertEqual(count_segments(words).count, 1)
        self.assertEqual(monitoring.describe("Zabbix", "db1 down"), "Zabbix: db1 down")

    def test_as_much_as_the_segment_holds(self):
        for summary, length in (
            *(("x" * 400, 160), ("x" * 152, 160), ("x" * 153, 160)),
            # Unicode, and characters that take two units.
            *(("ж" * 400, 70), ("ж" * 100, 70), ("🔥" + "ж" * 100, 69)),
            *(("🔥" * 100, 40), ("{" + "x" * 200, 159)),
        ):
            with self.subTest(summary=summary[:3]):
                words = monitoring.describe("Zabbix", summary)
                self.assertEqual(len(words), length)
                self.assertEqual(count_segments(words).count, 1)


class TestAuthentic(BaseCase):
    """A secret in a header, or a signature: both are really computed."""

    body = b'{"alerts": []}'

    def is_authentic(self, system="grafana", secret=SECRET, now=NOW, **headers):
        """Tell if a request with the given headers is authentic."""
        headers = Headers({name.replace("_", "-"): it for name, it in headers.items()})
        return monitoring.is_authentic(system, secret, self.body, headers, now)

    def sign(self, body, secret=SECRET):
        """Return what Grafana writes into its header."""
        return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()

    def test_a_secret_in_the_header(self):
        for given, expected in (
            (f"Bearer {SECRET}", True),
            (f"bearer {SECRET}", True),
            (f"Bearer  {SECRET} ", True),
            (f"Bearer {SECRET}x", False),
            (f"Basic {SECRET}", False),
            (SECRET, False),
            ("Bearer", False),
            ("Bearer \xff\xfe", False),
            ("Bearer \ud800", False),
            ("", False),
        ):
            for system in SYSTEMS:
                with self.subTest(system=system, given=given):
                    self.assertEqual(
                        self.is_authentic(system, Authorization=given), expected
                    )

    def test_an_empty_secret_opens_nothing(self):
        for secret in ("", False, None):
            with self.subTest(secret=secret):
                signed = self.sign(self.body, "")
                self.assertFalse(
                    self.is_authentic(secret=secret, Authorization="Bearer ")
                )
                self.assertFalse(
                    self.is_authentic(
                        secret=secret, X_Grafana_Alerting_Signature=signed
                    )
                )

    def test_a_signature(self):
        right = self.sign(self.body)
        for given, expected in (
            (right, True),
            (right.upper(), True),
            (self.sign(self.body, "another"), False),
            (self.sign(b"another body"), False),
            ("\xff", False),
        ):
            with self.subTest(given=given):
                found = self.is_authentic(X_Grafana_Alerting_Signature=given)
                self.assertEqual(found, expected)

    def test_a_signature_with_its_time_is_not_replayed(self):
        signed = self.sign(str(NOW).encode() + b":" + self.body)
        headers = {
            "X_Grafana_Alerting_Signature": signed,
            "X_Grafana_Alerting_Timestamp": str(NOW),
        }
        self.assertTrue(self.is_authentic(now=NOW + 300, **headers))
        self.assertFalse(self.is_authentic(now=NOW + 301, **headers))
        headers["X_Grafana_Alerting_Timestamp"] = str(NOW + 1000)
        self.assertFalse(self.is_authentic(now=NOW + 1000, **headers))
        headers["X_Grafana_Alerting_Timestamp"] = "now"
        self.assertFalse(self.is_authentic(**headers))
        del headers["X_Grafana_Alerting_Timestamp"]
        self.assertFalse(self.is_authentic(**headers))

    def test_others_do_not_sign(self):
        signed = self.sign(self.body)
        self.assertFalse(
            self.is_authentic("zabbix", X_Grafana_Alerting_Signature=signed)
        )


class TestSetup(BaseCase):
    """Systems can read the configuration to paste."""

    def load(self, system):
        """Return what a system reads of its file."""
        return yaml.safe_load(
            write_setup(system, "https://odoo.example/a/k-_1", SECRET)
        )

    def test_alertmanager(self):
        [receiver] = self.load("alertmanager")["receivers"]
        [webhook] = receiver["webhook_configs"]
        self.assertEqual(webhook["url"], "https://odoo.example/a/k-_1")
        self.assertTrue(webhook["send_resolved"])
        authorization = webhook["http_config"]["authorization"]
        self.assertEqual(authorization, {"type": "Bearer", "credentials": SECRET})

    def test_grafana(self):
        [point] = self.load("grafana")["contactPoints"]
        [receiver] = point["receivers"]
        self.assertEqual(receiver["type"], "webhook")
        signing = receiver["settings"]["hmacConfig"]
        self.assertEqual(signing["secret"], SECRET)
        self.assertEqual(signing["header"], monitoring.SIGNATURE_HEADER)
        self.assertEqual(signing["timestampHeader"], monitoring.TIME_HEADER)

    def test_zabbix(self):
        [media] = self.load("zabbix")["zabbix_export"]["media_types"]
        parameters = {it["name"]: it["value"] for it in media["parameters"]}
        self.assertEqual(parameters.pop("address"), "https://odoo.example/a/k-_1")
        self.assertEqual(parameters.pop("secret"), SECRET)
        self.assertEqual(parameters.keys(), payloads.ZABBIX.keys())
        self.assertEqual(parameters["event_id"], "{EVENT.ID}")
        self.assertIn("'Authorization: Bearer ' + secret", media["script"])
