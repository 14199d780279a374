# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reports of monitoring systems, read into our words: what is wrong, what is over.

Each reader takes what its system documents and ignores what it does not know:

- Prometheus Alertmanager, ``webhook_config``, version 4 of its payload:
  https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
- Grafana, contact point of the type webhook, and how it signs:
  https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
- Zabbix, media type of the type webhook. What is sent is up to its script; ours
  (``monitoring_setup``) sends the parameters by the names and macros of those that
  Zabbix ships, such as that for Event-Driven Ansible:
  https://www.zabbix.com/documentation/current/en/manual/config/notifications/media/webhook
"""

import hashlib
import hmac
import json
from typing import NamedTuple

from .links import is_page
from .segments import count_segments
from .texts import clean, shorten

ALERTMANAGER, GRAFANA, ZABBIX = SYSTEMS = ("alertmanager", "grafana", "zabbix")
CRITICAL, WARNING, INFO = SEVERITIES = ("critical", "warning", "info")

#: Troubles of one report that are looked at; the others are counted.
MAX_TROUBLES = 500
#: Characters of a key and of a summary that are kept.
KEY_LIMIT, SUMMARY_LIMIT = 64, 300
#: A signature with a time is good for so many seconds.
SIGNATURE_AGE = 300
SIGNATURE_HEADER = "X-Grafana-Alerting-Signature"
TIME_HEADER = "X-Grafana-Alerting-Timestamp"

#: Words of the label ``severity`` that are not critical. Any other is: who routes an
#: alert here without a severity means it.
_MILD = {
    **dict.fromkeys(("warning", "warn", "minor", "average", "medium"), WARNING),
    **dict.fromkeys(("info", "information", "notice", "low", "none", "debug"), INFO),
}
#: Zabbix's ``{EVENT.NSEVERITY}``: not classified, information, warning, average, high
#: and disaster.
_ZABBIX_SEVERITIES = {"0": INFO, "1": INFO, "2": WARNING, "3": WARNING}
#: Where the words of an alert stand, the best first.
_ANNOTATIONS = ("summary", "title", "description", "message")


class UnreadableReport(ValueError):
    """A body that its reader cannot make anything of; the message says why."""


class Trouble(NamedTuple):
    """Something that is wrong, or no longer.

    :param str key: the system's own for this trouble, the same in each report
    :param str severity: one of :data:`SEVERITIES`
    :param str link: its page in the system, or empty
    """

    key: str
    is_firing: bool
    summary: str
    severity: str = CRITICAL
    link: str = ""


class Report(NamedTuple):
    """What one request says.

    :param str group: the system's key for what belongs together
    :param tuple troubles: of :class:`Trouble`, each key once
    :param int more: troubles that the report counts and does not name
    """

    group: str
    troubles: tuple
    more: int = 0


def read(system, body):
    """Return the :class:`Report` in the body of a request.

    :param str system: one of :data:`SYSTEMS`
    :param bytes body: JSON, of a size that the caller has limited
    :raises UnreadableReport: for all that is no report of the system
    """
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableReport("The body is not JSON.") from None
    if not isinstance(payload, dict):
        raise UnreadableReport("The body must be a JSON object.")
    return _READERS[system](payload)


def describe(source, summary, more=""):
    """Return the words for the phone, cut to one segment, the system's name first.

    :param str more: what is added behind them, such as "(+4)"
    """
    tail = f" {more}" if more else ""
    # As many as GSM-7 has, else as fit: signs of two units leave room for fewer.
    candidates = (
        shorten(f"{source}: {summary}", limit, sign="...") + tail
        for limit in range(160, 0, -1)
    )
    return next(it for it in candidates if count_segments(it).count == 1)


# === Who has sent it ===


def is_authentic(system, secret, body, headers, now):
    """Tell if a request carries the secret of its source, or is signed by it.

    All can send ``Authorization: Bearer``; Grafana can sign instead: HMAC-SHA256 in
    hex of the body or, with a time (in seconds) in a header of its own, of
    ``time:body``.

    :param str secret: an empty one opens nothing
    :param headers: a mapping that ignores case
    :param float now: seconds since 1970
    """
    if not secret:
        return False
    if system == GRAFANA and headers.get(SIGNATURE_HEADER):
        return _is_signed(secret, body, headers, now)
    scheme, _blank, given = (headers.get("Authorization") or "").partition(" ")
    return scheme.lower() == "bearer" and _is_same(given.strip(), secret)


def _is_signed(secret, body, headers, now):
    at = headers.get(TIME_HEADER)
    if at is not None:
        if not _is_number(at) or abs(now - int(at)) > SIGNATURE_AGE:
            return False
        body = at.encode() + b":" + body
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return _is_same(headers.get(SIGNATURE_HEADER).strip().lower(), expected)


def _is_same(given, expected):
    """Compare in constant time; a header may hold any bytes."""
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())


# === Readers ===


def _read_alerts(payload):
    """Read a report of Alertmanager, or of Grafana, which has the same form."""
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
        _to_summary(next(filter(None, summaries), key)),
        _MILD.get(labels.get("severity", "").lower(), CRITICAL),
        _to_link(_say(alert.get("generatorURL"))),
    )


def _read_zabbix(payload):
    """Read a report of our script for Zabbix's media type: one event."""
    facts = _get_words({"event": payload}, "event")
    event_id, value = facts.get("event_id", ""), facts.get("event_value")
    if not _is_number(event_id):
        raise UnreadableReport("“event_id” must be a number: {EVENT.ID}.")
    if value not in ("0", "1"):
        raise UnreadableReport("“event_value” must be 0 or 1: {EVENT.VALUE}.")
    name = facts.get("event_name") or f"Problem {event_id}"
    host = facts.get("host_name") or facts.get("host_host") or ""
    summary = name if host in name else f"{host}: {name}"
    severity = _ZABBIX_SEVERITIES.get(facts.get("event_nseverity"), CRITICAL)
    url, trigger_id = facts.get("zabbix_url", ""), facts.get("trigger_id", "")
    page = f"/tr_events.php?triggerid={trigger_id}&eventid={event_id}"
    link = _to_link(url.rstrip("/") + page) if _is_number(trigger_id) else ""
    key = _to_key(event_id)
    trouble = Trouble(key, value == "1", _to_summary(summary), severity, link)
    return Report(key, (trouble,))


_READERS = {
    ALERTMANAGER: _read_alerts,
    GRAFANA: _read_alerts,
    ZABBIX: _read_zabbix,
}


def _get_words(holder, name):
    """Return the words of an object in a payload, without what is none."""
    found = holder.get(name)
    found = found if isinstance(found, dict) else {}
    return {str(key): said for key, value in found.items() if (said := _say(value))}


def _say(value):
    """Return a text or a number as text, all else as an empty one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return clean(str(value)).strip()


def _is_number(text):
    return text.isascii() and text.isdigit() and len(text) <= 20


def _to_key(text):
    """Return a key that can be stored and indexed: the same for the same."""
    if len(text) > KEY_LIMIT or not text.isprintable() or not text.isascii():
        return hashlib.sha256(text.encode()).hexdigest()
    return text


def _to_summary(text):
    return shorten(text, SUMMARY_LIMIT, sign="...")


def _to_link(url):
    return url if len(url) <= 2000 and is_page(url) else ""
