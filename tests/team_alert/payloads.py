# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reports of monitoring systems, in the format that each of them documents.

Alertmanager, version 4 of the payload: the fields are those of
https://prometheus.io/docs/alerting/latest/configuration/#webhook_config and of
``Message`` in its ``notify/webhook/webhook.go``.

Grafana: the example of
https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
with its labels, keys and addresses.

Zabbix: the parameters of a media type of the type webhook, by the names of the one that
Zabbix ships for Event-Driven Ansible (``templates/media/event_driven_ansible`` in
https://git.zabbix.com/projects/ZBX/repos/zabbix), with values for their macros:
https://www.zabbix.com/documentation/current/en/manual/appendix/macros/supported_by_location
"""

import copy

ALERTMANAGER = {
    "version": "4",
    "groupKey": '{}/{severity="critical"}:{alertname="InstanceDown"}',
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "odoo",
    "groupLabels": {"alertname": "InstanceDown"},
    "commonLabels": {
        "alertname": "InstanceDown",
        "job": "node",
        "severity": "critical",
    },
    "commonAnnotations": {},
    "externalURL": "http://alertmanager.example.org:9093",
    "alerts": [
        {
            "status": "firing",
            "labels": {
                "alertname": "InstanceDown",
                "instance": "web1:9100",
                "job": "node",
                "severity": "critical",
            },
            "annotations": {
                "summary": "Instance web1:9100 down",
                "description": "web1:9100 of job node has been down for 5 minutes.",
            },
            "startsAt": "2026-11-25T21:58:45.828Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example.org:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
            "fingerprint": "1a30ba71cca2921f",
        },
        {
            "status": "firing",
            "labels": {
                "alertname": "InstanceDown",
                "instance": "web2:9100",
                "job": "node",
                "severity": "critical",
            },
            "annotations": {"summary": "Instance web2:9100 down"},
            "startsAt": "2026-11-25T21:59:15.828Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example.org:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
            "fingerprint": "5b9f3a2c88d0e4f1",
        },
    ],
}

GRAFANA = {
    "receiver": "My Super Webhook",
    "status": "firing",
    "orgId": 1,
    "alerts": [
        {
            "status": "firing",
            "labels": {
                "alertname": "High memory usage",
                "team": "blue",
                "zone": "us-1",
            },
            "annotations": {
                "description": "The system has high memory usage",
                "runbook_url": "https://myrunbook.com/runbook/1234",
                "summary": "This alert was triggered for zone us-1",
            },
            "startsAt": "2021-10-12T09:51:03.157076+02:00",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "https://play.grafana.org/alerting/1afz29v7z/edit",
            "fingerprint": "c6eadffa33fcdf37",
            "silenceURL": "https://play.grafana.org/alerting/silence/new",
            "dashboardURL": "",
            "panelURL": "",
            "values": {"B": 44.23943737541908, "C": 1},
        },
        {
            "status": "firing",
            "labels": {"alertname": "High CPU usage", "team": "blue", "zone": "eu-1"},
            "annotations": {
                "description": "The system has high CPU usage",
                "runbook_url": "https://myrunbook.com/runbook/1234",
                "summary": "This alert was triggered for zone eu-1",
            },
            "startsAt": "2021-10-12T09:56:03.157076+02:00",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "https://play.grafana.org/alerting/d1rdpdv7k/edit",
            "fingerprint": "bc97ff14869b13e3",
            "silenceURL": "https://play.grafana.org/alerting/silence/new",
            "dashboardURL": "",
            "panelURL": "",
            "values": {"B": 44.23943737541908, "C": 1},
        },
    ],
    "groupLabels": {},
    "commonLabels": {"team": "blue"},
    "commonAnnotations": {},
    "externalURL": "https://play.grafana.org/",
    "version": "1",
    "groupKey": "{}:{}",
    "truncatedAlerts": 0,
    "title": "[FIRING:2]  (blue)",
    "state": "alerting",
    "message": "**Firing**\n\nLabels:\n - alertname = T2\n",
}

ZABBIX = {
    "event_id": "1250",
    "event_value": "1",
    "event_name": "Free disk space is less than 5% on volume /",
    "event_nseverity": "5",
    "host_name": "db1",
    "trigger_id": "13491",
    "zabbix_url": "https://zabbix.example.org",
}


def change(payload, status=None, alerts=None, **values):
    """Return a payload with some values replaced.

    :param str status: of all its alerts
    :param int alerts: how many of its alerts to keep
    """
    changed = {**copy.deepcopy(payload), **values}
    if alerts is not None:
        changed["alerts"] = changed["alerts"][:alerts]
    if status:
        changed["status"] = status
        for alert in changed.get("alerts", ()):
            alert["status"] = status
    return changed


def make_storm(count, first=0):
    """Return a report of Alertmanager with ``count`` alerts in one group."""
    [alert] = change(ALERTMANAGER, alerts=1)["alerts"]
    alerts = [
        {
            **alert,
            "fingerprint": f"{first + number:016x}",
            "annotations": {"summary": f"Instance {first + number} down"},
        }
        for number in range(count)
    ]
    return {**ALERTMANAGER, "alerts": alerts}
