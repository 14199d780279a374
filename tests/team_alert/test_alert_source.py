# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import hashlib
import hmac
import json
import time
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ...models.core.sms_rate_limit import LIMITS
from ...models.team_alert import sms_alert_source
from ...tools import log_mask, monitoring
from ...tools.segments import count_segments
from . import payloads
from .common import TeamAlertCase

LOGGER = "odoo.addons.helpdesk_mgmt_sms.controllers.public"


class SourceCase(TeamAlertCase):
    """The team's Prometheus, which reports to us."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.source = cls.make_source("alertmanager", "Prometheus")

    @classmethod
    def make_source(cls, system, name, **values):
        """Return a new monitoring system of the team, made by the manager."""
        sources = cls.env["sms.alert.source"].with_user(cls.manager)
        source = sources.create(
            {"name": name, "system": system, "team_id": cls.team.id, **values}
        )
        return source.sudo()

    def report(self, payload, source=None):
        """Take in a report, as the endpoint does once it is verified."""
        source = source or self.source
        body = json.dumps(payload).encode()
        return source._take(monitoring.read(source.system, body))

    def find_alerts(self, source=None):
        """Return the alerts of a source, oldest first."""
        domain = [("source_id", "=", (source or self.source).id)]
        return self.alerts.search(domain, order="id")


class TestTroubles(SourceCase):
    """Each trouble has one alert, from its first report to its end."""

    def test_the_first_report_raises_one_alert(self):
        done = self.report(payloads.ALERTMANAGER)
        self.assertEqual(done, {"raised": 2, "repeated": 0, "resolved": 0})
        alert = self.find_alerts()
        self.assertEqual(alert.name, "Prometheus: Instance web1:9100 down (+1)")
        self.assertEqual((alert.origin, alert.team_id), ("system", self.team))
        self.assertEqual(alert.plan_id, self.plan)
        self.assertEqual(len(alert.trouble_ids), 2)
        [text] = self.texts_to(self.ann)
        self.assertIn("[URGENT] Prometheus: Instance web1:9100 down (+1)", text)
        self.assertFalse(self.texts_to(self.bo))

    def test_a_repeat_is_counted_and_texts_nobody(self):
        for _time in range(5):
            self.report(payloads.ALERTMANAGER)
            self.frozen.tick(timedelta(minutes=1))
        alert = self.find_alerts()
        self.assertEqual(alert.repeat_count, 4)
        self.assertEqual(alert.trouble_ids.mapped("report_count"), [5, 5])
        last = fields.Datetime.now() - timedelta(minutes=1)
        self.assertEqual(set(alert.trouble_ids.mapped("heard_at")), {last})
        self.assertEqual(len(self.texts_to(self.ann)), 1)

    def test_it_ends_with_the_last_of_its_troubles(self):
        self.report(payloads.ALERTMANAGER)
        self.run_outbox()
        alert = self.find_alerts()
        one_left = payloads.change(payloads.ALERTMANAGER)
        one_left["alerts"][0]["status"] = "resolved"
        self.report(one_left)
        self.assertEqual(alert.state, "open")
        done = self.report(payloads.change(payloads.ALERTMANAGER, "resolved"))
        self.assertEqual(done, {"raised": 0, "repeated": 0, "resolved": 1})
        self.assertEqual(alert.state, "resolved")
        self.assertIn("Resolved by Prometheus", alert.status_label)
        self.assertIn("Prometheus has resolved", self.texts_to(self.ann)[-1])

    def test_who_has_taken_it_hears_that_it_is_over(self):
        self.report(payloads.ALERTMANAGER)
        alert = self.find_alerts()
        self.run_outbox()
        self.answer(self.ann, "4")
        self.assertEqual(alert.acknowledged_by_id, self.ann)
        self.report(payloads.ALERTMANAGER)
        self.report(payloads.change(payloads.ALERTMANAGER, "resolved"))
        self.assertEqual(alert.acknowledged_by_id, self.ann)
        self.assertIn("Prometheus has resolved", self.texts_to(self.ann)[-1])

    def test_firing_again_is_a_new_alert(self):
        self.report(payloads.ALERTMANAGER)
        self.report(payloads.change(payloads.ALERTMANAGER, "resolved"))
        done = self.report(payloads.ALERTMANAGER)
        self.assertEqual(done["raised"], 2)
        first, second = self.find_alerts()
        self.assertEqual((first.state, second.state), ("resolved", "open"))

    def test_what_a_person_has_resolved_and_still_fires_is_a_new_alert(self):
        self.report(payloads.ALERTMANAGER)
        self.find_alerts().with_user(self.ann).action_resolve()
        self.assertEqual(self.report(payloads.ALERTMANAGER)["raised"], 2)
        self.assertEqual(len(self.find_alerts()), 2)

    def test_firing_anew_after_an_end_that_was_not_reported(self):
        """It was silenced when it ended: its alert is over, and people are told."""
        payload = payloads.change(payloads.ALERTMANAGER, alerts=1)
        self.report(payload)
        self.find_alerts().with_user(self.ann).action_acknowledge()
        for began_at, count in (
            ("2026-11-25T21:59:45Z", 1),  # another replica's time
            ("2026-12-02T23:14:45.828+01:00", 2),
            ("2026-12-02T22:14:45.828Z", 2),
            (None, 2),
            ("0001-01-01T00:00:00Z", 2),
        ):
            payload["alerts"][0]["startsAt"] = began_at
            with self.subTest(began_at=began_at):
                self.report(payload)
                self.assertEqual(len(self.find_alerts()), count)
        first, second = self.find_alerts()
        self.assertEqual((first.state, second.state), ("resolved", "open"))
        self.assertEqual(second.repeat_count, 3)
        self.assertEqual(self.source.firing_count, 1)
        self.assertIn("[URGENT] Prometheus: ", self.texts_to(self.ann)[-1])

    def test_what_ends_by_itself_was_acknowledged_by_nobody(self):
        self.report(payloads.ALERTMANAGER)
        self.frozen.tick(timedelta(minutes=9))
        self.report(payloads.change(payloads.ALERTMANAGER, "resolved"))
        alert = self.find_alerts()
        self.assertFalse(alert.acknowledged_at)
        self.assertTrue(alert.is_in_time)
        figures = self.env["sms.analysis"].search([("kind", "=", "alert")])
        self.assertEqual(figures.mapped("alert_count"), [1])
        self.assertEqual(figures.mapped("alert_taken_count"), [0])
        self.report(payloads.ALERTMANAGER)
        self.frozen.tick(timedelta(minutes=11))
        self.report(payloads.change(payloads.ALERTMANAGER, "resolved"))
        self.assertFalse(self.find_alerts()[1].is_in_time)

    def test_one_more_of_the_group_when_all_were_told_is_a_new_alert(self):
        """Nobody would hear of it: the first alert's plan has no more steps."""
        self.report(payloads.change(payloads.ALERTMANAGER, alerts=1))
        self.wait(50)
        self.report(payloads.ALERTMANAGER)
        first, second = self.find_alerts()
        self.assertEqual((first.state, second.state), ("open", "open"))
        self.assertIn("web2:9100 down", self.texts_to(self.ann)[-1])

    def test_one_more_of_the_group_joins_the_alert_that_waits(self):
        self.report(payloads.change(payloads.ALERTMANAGER, alerts=1))
        self.report(payloads.ALERTMANAGER)
        alert = self.find_alerts()
        self.assertEqual(len(alert.trouble_ids), 2)
        self.assertEqual(len(self.texts_to(self.ann)), 1)

    def test_what_belongs_to_no_group_is_an_alert_of_its_own(self):
        """Some senders of this format give no key of a group."""
        first = payloads.change(payloads.ALERTMANAGER, alerts=1, groupKey=None)
        second = payloads.change(payloads.ALERTMANAGER, groupKey="")
        del second["alerts"][0]
        self.report(first)
        self.report(second)
        self.assertEqual(len(self.find_alerts()), 2)
        self.assertIn("web2:9100 down", self.texts_to(self.ann)[-1])

    def test_one_more_after_somebody_has_taken_it_is_a_new_alert(self):
        self.report(payloads.change(payloads.ALERTMANAGER, alerts=1))
        self.find_alerts().with_user(self.ann).action_acknowledge()
        self.report(payloads.ALERTMANAGER)
        first, second = self.find_alerts()
        self.assertEqual((first.state, second.state), ("acknowledged", "open"))
        self.assertEqual(second.trouble_ids.summary, "Instance web2:9100 down")

    def test_resolved_ends_nothing_that_it_has_not_raised(self):
        self.report(payloads.ALERTMANAGER)
        other = self.make_source("alertmanager", "Staging")
        by_hand = self.raise_alert("Instance web1:9100 down")
        done = self.report(payloads.change(payloads.ALERTMANAGER, "resolved"), other)
        self.assertEqual(done, {"raised": 0, "repeated": 0, "resolved": 0})
        self.assertEqual(self.find_alerts().state, "open")
        self.report(payloads.change(payloads.ALERTMANAGER, "resolved"))
        self.assertEqual(by_hand.state, "open")

    def test_grafana_and_zabbix(self):
        for system, payload, over, words in (
            (
                "grafana",
                payloads.GRAFANA,
                payloads.change(payloads.GRAFANA, "resolved"),
                "Mon: This alert was triggered for zone us-1 (+1)",
            ),
            (
                "zabbix",
                payloads.ZABBIX,
                payloads.change(payloads.ZABBIX, event_value="0"),
                "Mon: db1: Free disk space is less than 5% on volume /",
            ),
        ):
            source = self.make_source(system, "Mon")
            with self.subTest(system=system):
                self.report(payload, source)
                self.report(payload, source)
                alert = self.find_alerts(source)
                self.assertEqual((alert.name, alert.repeat_count), (words, 1))
                self.report(over, source)
                self.assertEqual(alert.state, "resolved")

    def test_a_late_report_of_a_zabbix_event_that_is_over(self):
        """Zabbix posts again what got no answer, even after the recovery."""
        source = self.make_source("zabbix", "Zabbix")
        self.report(payloads.ZABBIX, source)
        self.report(payloads.change(payloads.ZABBIX, event_value="0"), source)
        done = self.report(payloads.ZABBIX, source)
        self.assertEqual(done, {"raised": 0, "repeated": 0, "resolved": 0})
        self.assertEqual(self.find_alerts(source).state, "resolved")
        self.assertEqual(source.firing_count, 0)
        self.report(payloads.change(payloads.ZABBIX, event_id="1251"), source)
        self.assertEqual(len(self.find_alerts(source)), 2)

    def test_a_zabbix_event_whose_recovery_comes_first(self):
        """Odoo was down when it began: Zabbix posts that again after the recovery."""
        source = self.make_source("zabbix", "Zabbix")
        over = payloads.change(payloads.ZABBIX, event_value="0")
        for payload in (over, over, payloads.ZABBIX):
            done = self.report(payload, source)
            self.assertEqual(done, {"raised": 0, "repeated": 0, "resolved": 0})
        self.assertFalse(self.find_alerts(source))
        self.assertEqual(source.trouble_ids.mapped("is_firing"), [False])

    def test_a_zabbix_event_that_a_person_has_resolved_too_early(self):
        source = self.make_source("zabbix", "Zabbix")
        for number in (1, 2):
            self.report(payloads.ZABBIX, source)
            self.assertEqual(len(self.find_alerts(source)), number)
            self.find_alerts(source).with_user(self.ann).action_resolve()

    def test_a_long_summary_is_cut_to_a_segment(self):
        payload = payloads.change(payloads.ALERTMANAGER, alerts=1)
        payload["alerts"][0]["annotations"]["summary"] = "word " * 200
        self.report(payload)
        self.assertEqual(count_segments(self.find_alerts().name).count, 1)

    def test_its_page_and_its_counts_stand_on_the_alert(self):
        self.report(payloads.ALERTMANAGER)
        alert = self.find_alerts().with_user(self.own_agent)
        self.assertIn("prometheus.example.org", alert.trouble_ids[0].link)
        self.assertEqual(alert.source_id.display_name, "Prometheus")


class TestSeverity(SourceCase):
    """Critical troubles page people, warnings only where the source says so."""

    def warn(self, severity="warning", key="1", source=None):
        """Report a single trouble with a severity."""
        payload = payloads.change(payloads.ALERTMANAGER, alerts=1)
        payload["alerts"][0]["labels"]["severity"] = severity
        payload["alerts"][0]["fingerprint"] = key
        return self.report(payload, source)

    def test_a_warning_is_listed_and_wakes_nobody(self):
        self.warn()
        self.assertFalse(self.find_alerts())
        trouble = self.source.trouble_ids
        self.assertEqual((trouble.severity, trouble.is_firing), ("warning", True))
        self.assertEqual(self.source.firing_count, 1)
        self.assertFalse(self.texts_to(self.ann))

    def test_a_warning_that_becomes_critical_does(self):
        self.warn()
        self.warn("critical")
        self.assertEqual(self.find_alerts().trouble_ids, self.source.trouble_ids)

    def test_a_source_may_page_for_warnings_and_never_for_information(self):
        self.source.is_warning_urgent = True
        self.warn("info", "2")
        self.assertFalse(self.find_alerts())
        self.warn()
        self.assertTrue(self.find_alerts())


class TestStorms(SourceCase):
    """Whatever the volume, few texts leave, and nothing is lost."""

    def test_five_hundred_in_one_report(self):
        self.report(payloads.make_storm(500))
        alert = self.find_alerts()
        self.assertEqual(alert.name, "Prometheus: Instance 0 down (+499)")
        self.assertEqual(len(alert.trouble_ids), 500)
        self.assertEqual(len(self.texts_to(self.ann)), 1)

    def test_as_many_queries_for_many_as_for_few(self):
        self.report(payloads.make_storm(600, 10_000))
        few = self.count_queries(self.report, payloads.make_storm(20, 10_000))
        many = self.count_queries(self.report, payloads.make_storm(400, 10_000))
        self.assertLessEqual(many, few + 15)

    def report_group(self, number, status="firing"):
        """Report a single trouble, in a group of its own."""
        payload = payloads.make_storm(1, number)
        payload = payloads.change(payload, status, groupKey=f"group {number}")
        return self.report(payload)

    def test_many_groups_in_an_hour_end_in_one_alert_for_the_rest(self):
        with patch.dict(LIMITS, {"alert_source_alerts": (3, 3600)}):
            for number in range(12):
                self.report_group(number)
        alerts = self.find_alerts()
        self.assertEqual(len(alerts), 4)
        self.assertIn("Too many alerts in an hour", alerts[-1].name)
        self.assertEqual(len(alerts[-1].trouble_ids), 10)
        self.assertEqual(len(self.texts_to(self.ann)), 4)

    def test_only_a_person_ends_the_alert_for_the_rest(self):
        with patch.dict(LIMITS, {"alert_source_alerts": (0, 3600)}):
            self.report_group(1)
            self.report_group(1, "resolved")
            storm = self.find_alerts()
            self.assertEqual(storm.state, "open")
            self.report_group(1)
            self.assertEqual(self.find_alerts(), storm, "flapping texts once")
            self.assertEqual(self.source.firing_count, 2)
            storm.with_user(self.ann).action_resolve()
            self.assertEqual(self.source.firing_count, 1, "group 1 fires again")
            self.report_group(2)
            self.assertEqual(len(self.find_alerts()), 2)

    def test_beyond_a_number_troubles_are_only_counted(self):
        with patch.object(sms_alert_source, "MAX_OPEN", 5):
            self.report(payloads.make_storm(10))
        storm, alert = self.find_alerts()
        self.assertEqual(storm.repeat_count, 1)
        self.assertLessEqual(len(self.source.trouble_ids), 6)
        self.assertEqual(alert.state, "open")

    def test_what_is_only_listed_keeps_no_urgent_one_out(self):
        """Many a trouble for information never ends."""
        storm = payloads.make_storm(8)
        for alert in storm["alerts"]:
            alert["labels"] = {"severity": "info"}
        with patch.object(sms_alert_source, "MAX_OPEN", 5):
            self.report(storm)
            self.assertFalse(self.find_alerts())
            self.assertEqual(len(self.source.trouble_ids), 5)
            self.report(payloads.ALERTMANAGER)
        self.assertIn("web1:9100 down", self.find_alerts().name)

    def test_old_troubles_are_deleted_but_of_open_alerts(self):
        self.report_group(1)
        self.report_group(2)
        self.report_group(2, "resolved")
        self.frozen.tick(timedelta(days=91))
        self.env["sms.alert.trouble"]._gc_troubles()
        self.assertEqual(self.source.trouble_ids.summary, "Instance 1 down")


class TestSourceRights(SourceCase):
    """Only a manager of the source's company reads its keys."""

    def test_who_reads_the_keys(self):
        names = ["key", "secret", "address", "setup"]
        values = self.source.with_user(self.manager).read(names)[0]
        self.assertIn(values["key"], values["address"])
        self.assertIn(values["secret"], values["setup"])
        self.assertGreaterEqual(len(values["key"]), 32)
        self.assertGreaterEqual(len(values["secret"]), 43)
        for user in (
            *(self.own_agent, self.agent, self.compliance_officer, self.employee),
            *(self.portal_user, self.make_stranger()),
        ):
            for name in names:
                with (
                    self.subTest(user=user.login, name=name),
                    self.assertRaises(AccessError),
                ):
                    self.source.with_user(user).read([name])

    def test_nobody_guesses_them_by_searching(self):
        sources = self.env["sms.alert.source"].with_user(self.agent)
        for name in ("key", "secret"):
            with self.assertRaises(AccessError):
                sources.search([(name, "like", "a")])
            with self.assertRaises(AccessError):
                sources.with_user(self.agent).formatted_read_group([], [name])

    def make_stranger(self):
        """Return a manager of another company."""
        company = self.make_company("Other")
        return new_test_user(
            self.env,
            "sms-stranger",
            groups="helpdesk_mgmt.group_helpdesk_manager",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )

    def test_another_companys_manager_does_nothing_with_it(self):
        source = self.source.with_user(self.make_stranger())
        self.assertFalse(source.search([]))
        for act in (source.action_rotate_key, lambda: source.write({"name": "x"})):
            with self.assertRaises(AccessError):
                act()

    def test_an_agent_does_not_rotate_them(self):
        with self.assertRaises(AccessError):
            self.source.with_user(self.agent).action_rotate_key()

    def test_keys_are_random_and_not_thought_up(self):
        source = self.source.with_user(self.manager)
        with self.assertRaises(AccessError):
            source.write({"secret": "1234"})
        with self.assertRaises(AccessError):
            source.create({"name": "x", "team_id": self.team.id, "key": "1234"})

    def test_rotating_ends_the_former_ones(self):
        key, secret = self.source.key, self.source.secret
        self.source.with_user(self.manager).action_rotate_key()
        self.assertNotEqual(self.source.key, key)
        self.assertNotEqual(self.source.secret, secret)
        self.assertFalse(self.source._find_by_key(key))
        copied = self.source.copy()
        self.assertNotEqual(copied.key, self.source.key)

    def test_an_archived_source_takes_nothing(self):
        self.source.active = False
        self.assertFalse(self.source._find_by_key(self.source.key))
        self.assertFalse(self.source._find_by_key(""))

    def test_a_team_of_another_company_is_refused(self):
        other = self.make_company("Other")
        team = self.env["helpdesk.ticket.team"].create(
            {"name": "Far away", "company_id": other.id}
        )
        with self.assertRaises(UserError):
            self.source.team_id = team

    def test_the_company_is_that_of_the_source(self):
        """A team without a company has people on call in each of them."""
        other = self.make_company("Other")
        self.team.company_id = False
        dee = self.make_colleague("Eve", 920, is_agreed=False)
        dee.company_ids |= other
        self.env["sms.oncall.shift"].create(
            {"team_id": self.team.id, "user_id": dee.id, "company_id": other.id}
        )
        source = self.source.copy({"company_id": other.id})
        self.report(payloads.ALERTMANAGER, source)
        alert = self.find_alerts(source)
        self.assertEqual(alert.company_id, other)
        self.assertEqual(alert.trouble_ids.company_id, other)
        self.assertFalse(self.texts_to(self.ann))

    def test_the_form(self):
        with Form(self.env["sms.alert.source"].with_user(self.manager)) as form:
            form.name = "Grafana"
            form.system = "grafana"
            form.team_id = self.team
        self.assertIn("hmacConfig", form.record.setup)


@tagged("post_install", "-at_install")
class TestAddress(SourceCase, HttpCase):
    """The endpoint, as monitoring systems and strangers call it."""

    is_frozen = False

    def post(self, payload=None, source=None, key=None, **headers):
        """Post a report, by default the documented one; return the answer."""
        source = source or self.source
        payload = payload or payloads.ALERTMANAGER
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        headers.setdefault("Authorization", f"Bearer {source.secret}")
        headers.setdefault("Content-Type", "application/json")
        self.env.flush_all()
        answer = self.url_open(
            sms_alert_source.PATH + (key or source.key), data=body, headers=headers
        )
        self.env.invalidate_all()
        return answer

    def test_a_report(self):
        answer = self.post()
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(answer.json(), {"raised": 2, "repeated": 0, "resolved": 0})
        self.assertEqual(len(self.find_alerts()), 1)
        self.assertTrue(self.source.heard_at)
        self.assertEqual(self.post().json()["repeated"], 2)
        over = payloads.change(payloads.ALERTMANAGER, "resolved")
        self.assertEqual(self.post(over).json()["resolved"], 2)

    def test_a_signed_report_of_grafana(self):
        source = self.make_source("grafana", "Grafana")
        body = json.dumps(payloads.GRAFANA).encode()
        now = str(int(time.time()))
        signed = hmac.new(
            source.secret.encode(), now.encode() + b":" + body, hashlib.sha256
        ).hexdigest()
        headers = {
            "Authorization": "",
            monitoring.SIGNATURE_HEADER: signed,
            monitoring.TIME_HEADER: now,
        }
        self.assertEqual(self.post(body, source, **headers).status_code, 200)
        with mute_logger(LOGGER):
            answer = self.post(body + b" ", source, **headers)
        self.assertEqual(answer.status_code, 403)

    @mute_logger(LOGGER)
    def test_a_stranger_is_refused_before_anything_is_read(self):
        with patch.object(monitoring, "read") as read:
            for key, headers, status in (
                ("wrong", {}, 404),
                ("%00", {}, 404),
                (None, {"Authorization": ""}, 403),
                (None, {"Authorization": "Bearer wrong"}, 403),
                (None, {"Content-Type": "text/plain"}, 415),
            ):
                with self.subTest(key=key, headers=headers):
                    answer = self.post(key=key, **headers)
                    self.assertEqual(answer.status_code, status)
            read.assert_not_called()
        self.assertFalse(self.find_alerts())
        self.assertEqual(self.source.refused_count, 2)
        self.assertIn("secret", self.source.refusal)

    def test_another_sources_secret_opens_nothing(self):
        other = self.make_source("zabbix", "Zabbix")
        with mute_logger(LOGGER):
            answer = self.post(Authorization=f"Bearer {other.secret}")
        self.assertEqual(answer.status_code, 403)

    def test_what_cannot_be_read_is_answered_in_plain_words(self):
        for body in (b" ", b"{", b"[]", b'{"alerts": 1}'):
            answer = self.post(body)
            with self.subTest(body=body):
                self.assertEqual(answer.status_code, 400)
                self.assertTrue(answer.json()["error"].endswith("."))
        self.assertEqual(self.source.refused_count, 4)
        self.assertEqual(self.source.refusal, "“alerts” must be a list of objects.")

    def test_an_alert_that_cannot_be_raised_is_refused_and_may_come_again(self):
        """Alertmanager repeats nothing that was refused with a status below 500."""
        plans = self.env["sms.team.alert.plan"].search([])
        plans.active = False
        answer = self.post()
        self.assertEqual(answer.status_code, 503)
        self.assertIn("There is no plan", answer.json()["error"])
        self.assertIn("There is no plan", self.source.refusal)
        self.assertEqual(self.source.refused_count, 1)
        self.assertFalse(self.source.trouble_ids)
        plans.active = True
        self.assertEqual(self.post().json()["raised"], 2)

    def test_what_is_too_long_is_refused(self):
        self.assertEqual(self.post(b" " * (1024 * 1024 + 1)).status_code, 413)

    def test_a_flood_is_refused_and_may_come_again(self):
        with patch.dict(LIMITS, {"alert_source": (3, 60)}):
            statuses = [self.post().status_code for _time in range(5)]
            answer = self.post()
        self.assertEqual(statuses, [200, 200, 200, 429, 429])
        self.assertEqual(answer.headers["Retry-After"], "60")
        self.assertEqual(len(self.find_alerts()), 1)

    def test_no_secret_stands_in_the_log(self):
        with self.assertLogs(LOGGER, level="INFO") as logs:
            self.post(Authorization="Bearer wrong")
        written = "\n".join(map(log_mask.mask, logs.output))
        self.assertNotIn(self.source.key, written)
        self.assertNotIn(self.source.secret, "\n".join(logs.output))
