# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Parse the webhooks of monitoring systems into one form: problems, open or resolved.

Each reader follows its system's documentation and ignores unknown fields:

- Prometheus Alertmanager, ``webhook_config``, version 4 of its payload:
  https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
- Grafana, contact point of type webhook, and its signatures:
  https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
- Zabbix, media type of type webhook. Its script decides what is sent; ours
  (``monitoring_setup``) sends parameters with the names and macros of the media types
  that Zabbix ships, such as that for Event-Driven Ansible:
  https://www.zabbix.com/documentation/current/en/manual/config/notifications/media/webhook
"""

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import NamedTuple

from .import_rows import find_instant
from .links import is_page
from .segments import count_segments
from .texts import clean, is_same, shorten

ALERTMANAGER, GRAFANA, ZABBIX = SYSTEMS = ("alertmanager", "grafana", "zabbix")
CRITICAL, WARNING, INFO = SEVERITIES = ("critical", "warning", "info")

#: Most troubles of one report that are read; the others are only counted.
MAX_TROUBLES = 500
#: Longest key and summary that are stored, in characters.
KEY_LIMIT, SUMMARY_LIMIT = 64, 300
#: A signature with a timestamp is valid for this many seconds.
SIGNATURE_AGE = 300
#: Replicas of a system differ by less about when a trouble began.
SAME_START = timedelta(minutes=5)
SIGNATURE_HEADER = "X-Grafana-Alerting-Signature"
TIME_HEADER = "X-Grafana-Alerting-Timestamp"

#: Values of the label ``severity`` that are not critical. Any other is, and so is none:
#: whoever routes an alert without a severity here considers it important.
_MILD = {
    **dict.fromkeys(("warning", "warn", "minor", "average", "medium"), WARNING),
    **dict.fromkeys(("info", "information", "notice", "low", "none", "debug"), INFO),
}
#: Zabbix's ``{EVENT.NSEVERITY}``: not classified, information, warning, average, high
#: and disaster.
_ZABBIX_SEVERITIES = {"0": INFO, "1": INFO, "2": WARNING, "3": WARNING}
#: Annotations that may contain an alert's summary, the best first.
_ANNOTATIONS = ("summary", "title", "description", "message")


class UnreadableReport(ValueError):
    """A body that cannot be parsed; the message says why."""


class Trouble(NamedTuple):
    """A problem that a monitoring system reports as open or resolved.

    :param str key: the system's own key of the problem, the same in each report
    :param bool is_firing: it is open
    :param str severity: one of :data:`SEVERITIES`
    :param str link: its page in the system, or empty
    :param datetime began_at: UTC, naive; None if the system does not say
    """

    key: str
    is_firing: bool
    summary: str
    severity: str = CRITICAL
    link: str = ""
    began_at: datetime | None = None


class Report(NamedTuple):
    """The contents of one request.

    :param str group: the system's key for problems that belong together
    :param tuple troubles: of :class:`Trouble`, each key once
    :param int more: number of further troubles, which were not read
    """

    group: str
    troubles: tuple
    more: int = 0


def read(system, body):
    """Return the :class:`Report` in the body of a request.

    :param str system: one of :data:`SYSTEMS`
    :param bytes body: JSON; the caller has limited its size
    :raises UnreadableReport: for anything but a report of the system
    """
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableReport("The body is not JSON.") from None
    if not isinstance(payload, dict):
        raise UnreadableReport("The body must be a JSON object.")
    return _READERS[system](payload)


def describe(source, summary, more=""):
    """Return an alert's text, cut to one segment, with the system's name first.

    :param str more: appended to it, such as "(+4)"
    """
    tail = f" {more}" if more else ""
    # 160 characters in GSM-7; fewer fit if some take two units, or need Unicode.
    candidates = (
        shorten(f"{source}: {summary}", limit, sign="...") + tail
        for limit in range(160, 0, -1)
    )
    return next(it for it in candidates if count_segments(it).count == 1)


# === Authentication ===


def is_authentic(system, secret, body, headers, now):
    """Tell if a request carries its source's secret, or is signed with it.

    All can send ``Authorization: Bearer``; Grafana can sign instead: HMAC-SHA256 (hex)
    of the body or, if a header of its own has the time (seconds since 1970), of
    ``time:body``.

    :param str secret: if empty, no request is authentic
    :param headers: a case-insensitive mapping
    :param float now: seconds since 1970
    """
    if not secret:
        return False
    if system == GRAFANA and headers.get(SIGNATURE_HEADER):
        return _is_signed(secret, body, headers, now)
    scheme, _blank, given = (headers.get("Authorization") or "").partition(" ")
    return scheme.lower() == "bearer" and is_same(given.strip(), secret)


def _is_signed(secret, body, headers, now):
    at = headers.get(TIME_HEADER)
    if at is not None:
        if not _is_number(at) or abs(now - int(at)) > SIGNATURE_AGE:
            return False
        body = at.encode() + b":" + body
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return is_same(headers.get(SIGNATURE_HEADER).strip().lower(), expected)


# === Readers ===


def _read_alerts(payload):
    """Read a report of Alertmanager, or of Grafana, which has the same format."""
    alerts = payload.get("alerts")
    if not isinstance(alerts, list) or not all(isinstance(it, dict) for it in alerts):
        raise UnreadableReport("“alerts” must be a list of objects.")
    group = _to_key(_say(payload.get("groupKey")))
    troubles = {it.key: it for it in map(_read_alert, alerts[:MAX_TROUBLES])}
    truncated = payload.get("truncatedAlerts")
    truncated = truncated if isinstance(truncated, int) else 0
    more = max(len(alerts) - MAX_TROUBLES, 0) + min(max(truncated, 0), 10**6)
    return Report(group, tuple(troubles.values()), more)


def _read_alert(alert):
    status = alert.get("status")
    if status not in ("firing", "resolved"):
        raise UnreadableReport("The status of an alert is “firing” or “resolved”.")
    labels = _get_words(alert, "labels")
    annotations = _get_words(alert, "annotations")
    key = _say(alert.get("fingerprint")) or json.dumps(labels, sort_keys=True)
    if key == "{}":
        raise UnreadableReport("An alert has neither a fingerprint nor labels.")
    named = " ".join(filter(None, map(labels.get, ("alertname", "instance"))))
    summaries = (*map(annotations.get, _ANNOTATIONS), named, ", ".join(labels.values()))
    return Trouble(
        _to_key(key),
        status == "firing",
        shorten(next(filter(None, summaries), key), SUMMARY_LIMIT, "..."),
        _MILD.get(labels.get("severity", "").lower(), CRITICAL),
        _to_link(_say(alert.get("generatorURL"))),
        find_instant(_say(alert.get("startsAt"))),
    )


def _read_zabbix(payload):
    """Read a report from our script for Zabbix's media type: one event."""
    facts = _get_words({"event": payload}, "event")
    event_id, value = facts.get("event_id", ""), facts.get("event_value")
    if not _is_number(event_id):
        raise UnreadableReport("“event_id” must be a number: {EVENT.ID}.")
    if value not in ("0", "1"):
        raise UnreadableReport("“event_value” must be 0 or 1: {EVENT.VALUE}.")
    name = facts.get("event_name") or f"Problem {event_id}"
    host = facts.get("host_name") or facts.get("host_host") or ""
    summary = name if host in name else f"{host}: {name}"
    summary = shorten(summary, SUMMARY_LIMIT, "...")
    severity = _ZABBIX_SEVERITIES.get(facts.get("event_nseverity"), CRITICAL)
    url, trigger_id = facts.get("zabbix_url", ""), facts.get("trigger_id", "")
    page = f"/tr_events.php?triggerid={trigger_id}&eventid={event_id}"
    link = _to_link(url.rstrip("/") + page) if _is_number(trigger_id) else ""
    key = _to_key(event_id)
    trouble = Trouble(key, value == "1", summary, severity, link)
    return Report(key, (trouble,))


_READERS = {ALERTMANAGER: _read_alerts, GRAFANA: _read_alerts, ZABBIX: _read_zabbix}


def _get_words(holder, name):
    """Return an object of a payload with its texts and numbers as texts, no others."""
    found = holder.get(name)
    found = found if isinstance(found, dict) else {}
    return {str(key): said for key, value in found.items() if (said := _say(value))}


def _say(value):
    """Return a text or a number as text, anything else as an empty text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return clean(str(value)).strip()


def _is_number(text):
    return text.isascii() and text.isdigit() and len(text) <= 20


def _to_key(text):
    """Return a key that can be stored and indexed: itself, or its SHA-256 (hex)."""
    if len(text) > KEY_LIMIT or not text.isprintable() or not text.isascii():
        return hashlib.sha256(text.encode()).hexdigest()
    return text


def _to_link(url):
    return url if len(url) <= 2000 and is_page(url) else ""
