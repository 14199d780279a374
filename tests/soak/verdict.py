# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Decide whether the soak was passed; each check is a line with its numbers."""

import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from statistics import mean

from .gauges import get_slope

#: Seconds after the answer to a STOP in which texts claimed before may still be sent,
#: and further seconds until they may arrive at the carrier.
STOP_WITHIN, ON_ITS_WAY = 2.0, 1.5
#: Unique words of a text, as made by ``LoadCase.mark``.
MARK = re.compile(r"\w+ #\d+\.")
#: The addon's lines in the traceback of a refused call.
WHERE = re.compile(r'helpdesk_mgmt_sms/(\S+", line \d+)')
FINAL = ("sent", "error", "canceled")
#: Lines about one check.
SHOWN = 40
#: Seconds after a kill or crash in which calls may be refused.
SHAKEN = 20.0
#: Limits of growth in the second half of a node's life: MB per hour and MB in all, both
#: of which must be exceeded to fail; ratio of connections at the end to those half-way.
SLOPE, RISE, CONNECTIONS = 60.0, 60.0, 1.5
#: Number of connections that a node opens when it starts.
CONNECTIONS_OF_A_NODE = 10
READ_ROWS = """
    SELECT id, uuid, number, split_part(COALESCE(body, ''), E'\n', 1), state,
           failure_type, gate_reason, provider, carrier_id, exemption, is_call,
           EXTRACT(EPOCH FROM claimed_at)::float AS claimed, attempts, gate_verdict
      FROM sms_sms WHERE id > %s
"""
NAMES = (
    *("id", "uuid", "number", "words", "state", "failure", "reason", "provider"),
    *("carrier_id", "exemption", "is_call", "claimed", "attempts", "verdict"),
)
READ_INBOUND = """
    SELECT inbound.provider_sid, count(*), bool_and(inbound.kind IS NOT NULL),
           bool_and(inbound.kind != 'conversation'
                    OR inbound.ticket_id IS NOT NULL
                   AND inbound.mail_message_id IS NOT NULL),
           bool_or(inbound.error IS NOT NULL),
           bool_or(EXISTS (SELECT FROM sms_consent_event event
                             JOIN sms_consent_evidence evidence
                               ON evidence.id = event.evidence_id
                            WHERE evidence.message_ref = inbound.provider_sid))
      FROM sms_inbound inbound
  GROUP BY inbound.provider_sid
"""
#: What a number has texted, with the times by the database.
READ_SAID = """
    SELECT id, format('%%s: %%s received at %%s, by transaction %%s, event %%s', id,
                      kind, received_at, inbound.xmin, provider_sid)
      FROM sms_inbound inbound
     WHERE number = %s AND received_at BETWEEN %s AND %s ORDER BY id
"""
READ_PARTS = """
    SELECT broadcast_id, outcome, count(*), count(DISTINCT number)
      FROM sms_broadcast_recipient WHERE broadcast_id = ANY(%s)
  GROUP BY broadcast_id, outcome
"""
READ_ALERTS = """
    SELECT alert.id, count(entry.id), count(DISTINCT (entry.sms_id))
      FROM sms_team_alert alert
 LEFT JOIN sms_team_alert_entry entry
        ON entry.alert_id = alert.id AND entry.kind = 'told'
     WHERE alert.id = ANY(%s)
  GROUP BY alert.id
"""


class Verdict:
    """Compare what was promised, what the carrier has, and what the database says.

    :param case: the soak, after its end
    """

    def __init__(self, case):
        self._case = case
        rows = case.query(READ_ROWS, [case.last_id_before])
        self.rows = [dict(zip(NAMES, row, strict=True)) for row in rows]
        self.by_text = defaultdict(list)
        for row in self.rows:
            words = "call" if row["is_call"] else row["words"]
            self.by_text[row["number"], words].append(row)
        self.lines, self.faults = [], []

    def note(self, name, numbers, faults=()):
        """Add the line of a check, with what was checked and what is wrong."""
        faults = list(faults)
        state = "FAILED" if faults else "ok"
        self.lines.append(f"{state:7}{name}: {numbers}")
        self.lines += [f"         {fault}" for fault in faults[:SHOWN]]
        if len(faults) > SHOWN:
            self.lines.append(f"         and {len(faults) - SHOWN} more")
        self.faults += faults

    def check(self):
        """Do all checks; return self."""
        case = self._case
        tried = {"texts": case.promised, "answers": case.received}
        tried["STOP"] = case.absences
        idle = [name for name, found in tried.items() if not found]
        self.note("tried", ", ".join(tried), [f"no {name} at all" for name in idle])
        self.check_promises()
        self.check_parts()
        self.check_twice()
        self.check_received()
        self.check_reports()
        self.check_stops()
        self.check_visits_and_alerts()
        self.check_calls()
        self.check_gauges()
        return self

    # === Nothing is lost ===

    def check_promises(self):
        """Check that each promised text has ended, and was sent or has a reason."""
        faults = [f"{row} says nothing" for row in self.rows if not row["words"]]
        ends = Counter()
        taken = {message["sid"] for message in self._case.peer.taken}
        for key in self._case.promised:
            rows = self.by_text[key]
            if len(rows) != 1:
                faults.append(f"{key} has {len(rows)} rows")
                continue
            [row] = rows
            ends[row["state"], row["reason"] or row["failure"] or ""] += 1
            faults += self._find_end_faults(row, taken)
        told = ", ".join(
            f"{count} {state} {reason}".strip()
            for (state, reason), count in ends.most_common()
        )
        self.note("promised texts", f"{len(self._case.promised)} ({told})", faults)

    def _find_end_faults(self, row, taken):
        """Yield what is wrong with the outcome of a text, as lines."""
        key = row["number"], row["words"]
        if row["state"] not in FINAL:
            yield f"{key} is {row['state']} {row['reason']}, tried {row['attempts']}"
        elif row["state"] == "sent" and row["carrier_id"] not in taken:
            yield f"{key} is sent, and the carrier does not have it"
        elif row["state"] != "sent" and not (row["failure"] or row["reason"]):
            yield f"{key} is {row['state']} without a reason"
        elif row["state"] == "error" and row["number"] not in self._case.landlines:
            yield f"{key} has failed: {row['failure']}, tried {row['attempts']}"

    def check_parts(self):
        """Check that each broadcast has ended with everybody in it exactly once."""
        case, faults, ends = self._case, [], Counter()
        found = defaultdict(dict)
        rows = case.query(READ_PARTS, [list(case.parts)]) if case.parts else []
        for broadcast_id, outcome, count, numbers in rows:
            found[broadcast_id][outcome] = count, numbers
        taken = {message["sid"] for message in case.peer.taken}
        for broadcast_id, words in case.parts.items():
            outcomes = found[broadcast_id]
            count = sum(it[0] for it in outcomes.values())
            if count != len(case.partner_ids) or outcomes.keys() & {"new", "will"}:
                faults.append(f"{words} has {outcomes}")
            own = [row for row in self.rows if row["words"].startswith(words)]
            queued = outcomes.get("queued", (0, 0))
            if not len(own) == queued[0] == queued[1]:
                faults.append(f"{words} has {len(own)} texts, {queued} queued")
            for row in own:
                ends[row["state"]] += 1
                faults += self._find_end_faults(row, taken)
        self.note("broadcasts", f"{len(case.parts)}, their texts {dict(ends)}", faults)

    # === Nothing is sent twice ===

    def check_twice(self):
        """Check that the carrier accepted no text more often than it was written.

        Of twins, with the same words to the same number, it cannot be said which one
        was accepted: a lookup takes either for the other.
        """
        taken, ids = Counter(), Counter()
        for message in self._case.peer.taken:
            words = message.get("Body", "call").partition("\n")[0]
            taken[message["To"], words] += 1
            # Texts of broadcasts have no callback address.
            if address := message.get("StatusCallback"):
                ids[message["To"], words, address] += 1
        faults = []
        for (number, words, address), count in ids.items():
            if count > 1 and len(self.by_text[number, words]) == 1:
                faults.append(f"{number} {words!r}: {address} was taken {count} times")
                faults += self._tell_story(number, words)
        for (number, words), count in taken.items():
            wanted = sum(bool(row["claimed"]) for row in self.by_text[number, words])
            if count > wanted:
                faults.append(f"{number} {words!r}: taken {count}, claimed {wanted}")
                faults += self._tell_story(number, words)
        for (number, words), rows in self.by_text.items():
            if len(rows) > 1 and MARK.search(words):
                faults.append(f"{number} {words!r}: {len(rows)} rows")
        posts = len(self._case.peer.messages)
        again = posts - sum(taken.values())
        self.note(
            "the carrier",
            f"{posts} posts, {sum(taken.values())} taken, {again} not",
            faults,
        )

    def _tell_story(self, number, words):
        """Return when a text was posted, and the lines of all logs about it."""
        posts = [
            f"posted at {datetime.fromtimestamp(message['At'], UTC):%H:%M:%S}"
            for message in self._case.peer.messages
            if message["To"] == number and message.get("Body", "").startswith(words)
        ]
        ids = "|".join(str(row["id"]) for row in self.by_text[number, words])
        line = re.compile(rf"^.*sms\.sms\((?:.* )?(?:{ids})[,)].*$", re.MULTILINE)
        logged = [one for log in self._case.read_logs() for one in line.findall(log)]
        return [*posts, *sorted(logged)[:30]]

    def _tell_said(self, number, moment):
        """Return what a number had texted about a time, and the log lines about it."""
        at, minute = datetime.fromtimestamp(moment, UTC), timedelta(minutes=1)
        limits = [(at + ago).replace(tzinfo=None) for ago in (-minute, minute)]
        said = self._case.query(READ_SAID, [number, *limits])
        ids = "|".join(str(row[0]) for row in said) or "none"
        line = re.compile(rf"^.*sms\.inbound\((?:{ids}),\).*$", re.MULTILINE)
        logged = [one for log in self._case.read_logs() for one in line.findall(log)]
        told = [row[1] for row in said]
        return [f"STOP answered at {at:%H:%M:%S.%f}", *told, *sorted(logged)[:30]]

    # === Webhooks ===

    def check_received(self):
        """Check that each received text was stored once, with its effect."""
        found = {row[0]: row[1:] for row in self._case.query(READ_INBOUND)}
        faults, kinds = [], Counter()
        for sid, (number, words) in self._case.received.items():
            kinds[words if words in ("STOP", "START", "HELP", "YES") else "words"] += 1
            count, has_kind, is_placed, has_error, is_entered = found.get(
                sid, (0, False, False, False, False)
            )
            if count != 1 or not has_kind or not is_placed or has_error:
                faults.append(f"{sid} {number} {words}: {found.get(sid)}")
            elif words in ("STOP", "START") and not is_entered:
                faults.append(f"{sid} {number} {words} is not in the ledger")
        self.note("texts that came in", dict(kinds), faults)

    def check_reports(self):
        """Check that each final report that was answered with 200 is on its text."""
        by_id = {row["carrier_id"]: row for row in self.rows}
        wanted = {"delivered": "sent", "undelivered": "error"}
        faults = []
        for sid, status in self._case.reported.items():
            row = by_id.get(sid)
            if not row or row["state"] != wanted[status]:
                faults.append(f"{sid} was {status}, and is {row and row['state']}")
        counts = Counter(self._case.reported.values())
        self.note("final reports by webhook", dict(counts), faults)

    def check_stops(self):
        """Check that nothing was claimed for or sent to numbers that were opted out."""
        faults, checked = [], 0
        arrivals = defaultdict(list)
        for message in self._case.peer.taken:
            arrivals[message["To"]].append(message)
        for number, absences in self._case.absences.items():
            rows = [
                row
                for row in self.rows
                if row["number"] == number and not row["exemption"]
            ]
            own = {row["words"] for row in rows}
            for begin, end in absences:
                checked += 1
                for row in rows:
                    # A canceled text was claimed, but recalled before it was sent.
                    is_claimed = row["claimed"] and row["state"] != "canceled"
                    if is_claimed and begin + STOP_WITHIN < row["claimed"] < int(end):
                        faults.append(
                            f"{row} was claimed {row['claimed'] - begin:.1f} s after"
                            " STOP"
                        )
                        faults += self._tell_story(number, row["words"])
                        faults += self._tell_said(number, begin)
                late = begin + STOP_WITHIN + ON_ITS_WAY
                for message in arrivals[number]:
                    words = message["Body"].partition("\n")[0]
                    if late < message["At"] < end and words in own:
                        faults.append(
                            f"{number} {words!r} left {message['At'] - begin:.1f} s"
                            " after STOP"
                        )
        self.note("absences after STOP", checked, faults)

    # === The rest ===

    def check_visits_and_alerts(self):
        """Check that customers were notified of visits, and the team of alerts."""
        case, faults = self._case, []
        planned = case.query(
            "SELECT event_id, state FROM sms_reminder"
            " WHERE kind = 'booked' AND event_id = ANY(%s)",
            [case.booked],
        )
        faults += [
            f"visit {it} is {state}" for it, state in planned if state == "planned"
        ]
        missing = set(case.booked) - {row[0] for row in planned}
        faults += [f"nobody was told of visit {it}" for it in missing]
        for alert_id, told, texts in case.query(READ_ALERTS, [case.raised]):
            if not told or told != texts:
                faults.append(f"alert {alert_id} was told {told} times, {texts} texts")
        self.note(
            "visits and alerts", f"{len(case.booked)}, {len(case.raised)}", faults
        )

    def check_calls(self):
        """Check that people's calls were refused only while something was broken."""
        case = self._case
        faults = [
            f"{name}: {' / '.join(WHERE.findall(words)[-3:])} {words.splitlines()[-1]}"
            for at, name, words in case.refusals
            if not any(blow - 1 < at < blow + SHAKEN for blow in case.blows)
        ]
        self.note("calls of people", dict(case.calls), faults)

    def check_gauges(self):
        """Check that memory, connections and tables do not grow without bounds."""
        gauges = self._case.gauges
        life = gauges.get_last_life()
        half = life[len(life) // 2 :]
        slope = get_slope(half)
        rise = slope * (half[-1][0] - half[0][0]) / 3600 if half else 0
        faults = [f"+{rise:.0f} MB"] if slope > SLOPE and rise > RISE else []
        numbers = f"{life[0][1]:.0f} to {life[-1][1]:.0f} MB, {slope:+.0f} MB/h at last"
        self.note("memory of the first node", numbers, faults)
        counts = [count for _at, count, _held in gauges.connections]
        third = len(counts) // 3 or 1
        middle, last = mean(counts[third:-third] or counts), mean(counts[-third:])
        is_grown = last > middle * CONNECTIONS + CONNECTIONS_OF_A_NODE
        faults = [f"{middle:.0f} to {last:.0f}"] if is_grown else []
        numbers = f"{middle:.0f} half-way, {last:.0f} at last, {max(counts)} at most"
        numbers += f", {gauges.connections[-1][2]} in a transaction at the end"
        self.note("connections", numbers, faults)
        texts = len(self.rows) + len(self._case.received)
        count = len(gauges.tables[-1][1])
        self.note("tables", count, gauges.find_grown(texts))
