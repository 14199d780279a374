#!/usr/bin/env python3
"""Verify an exported consent ledger without Odoo.

    verify-ledger.py [--key FILE] FILE [KNOWN_HASH]

FILE is an exported chain, or the evidence.json of an unpacked evidence packet. Each
link's hash is the SHA-256 of the canonical JSON (sorted keys, no spaces, UTF-8) of
{"content": ..., "previous": hash of the link before, "sequence": its number}; the first
link follows 64 zeros. A packet holds some of the links, the evidence and the wordings
that they name by digest, the answers that follow from them, SHA256SUMS of its files,
and SEAL. KNOWN_HASH is a link's hash that you noted at an earlier time: it must be
there. The key of the ledger (in a file, or in HELPDESK_SMS_CONSENT_KEY) shows beyond
that that nobody without it has made or changed any of this.

Prints "intact" and exits with 0, or says what is wrong and exits with another status.
"""

import argparse
import csv
import hashlib
import hmac
import json
import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

KEY_VARIABLE = "HELPDESK_SMS_CONSENT_KEY"
EVIDENCE, CHAIN = "helpdesk_mgmt_sms.evidence/3", "helpdesk_mgmt_sms.chain/2"
#: Without what the Reassigned Numbers Database has answered.
FORMER_EVIDENCE = "helpdesk_mgmt_sms.evidence/2"
SEAL = "helpdesk_mgmt_sms.seal/1"
SEAL_CONTEXT = "helpdesk_mgmt_sms.ledger.seal"

OLD_CONTENT = set(
    ["event_id", "company_id", "number_hash", "purpose", "event", "method"]
    + ["happened_at", "recorded_at", "user_id", "wording_digest", "evidence_digest"]
)
LINK = {"sequence", "previous", "hash", "seal", "content"}
EVENT = LINK | set(
    ["link_seal", "sandbox", "evidence", "evidence_id", "erased_at", "files"]
    + ["shown", "effect"]
)
HEAD = {"format", "company", "company_id", "key", "content_fields"}
DOCUMENT = HEAD | set(
    ["reference", "made_at", "made_by", "segment", "sandbox", "events", "statements"]
    + ["opt_outs", "messages", "received", "reassigned", "wordings", "chain"]
)
KEYS = {
    "chain": HEAD | {"exported_at", "genesis", "links"},
    "person": DOCUMENT | {"person", "answers"},
    "period": DOCUMENT | {"period"},
}
#: What a value must be, so that nothing passes for empty that is something else.
KINDS = {
    list: ["events", "statements", "opt_outs", "messages", "received", "reassigned"]
    + ["wordings", "answers", "links"],
    dict: ["person", "period", "chain"],
    bool: ["sandbox"],
    int: ["company_id"],
    str: ["key"],
}
#: Tables of a packet: which list of the document, and the columns that name its rows.
TABLES = {
    "events.csv": ("events", "event_id"),
    "opt-outs.csv": ("opt_outs", "event_ids"),
    "messages.csv": ("messages", "id"),
    "received.csv": ("received", "id"),
    "reassigned.csv": ("reassigned", "id"),
}


class Broken(Exception):
    """Something does not hold; its text says what."""


def need(holds, text):
    """Raise :class:`Broken` unless something holds."""
    if not holds:
        raise Broken(text)


# === What events mean: the same rule as tools/consent.py of the addon ===

NONE, PENDING, OPTED_IN, OPTED_OUT = "none", "pending", "opted_in", "opted_out"
STATEMENTS = ("granted", "confirmed", "restored", "revoked")
YESES = ("granted", "confirmed", "restored")
FOR_ALL_EVENTS = ("revoked", "restored")
#: Ways in which a no is known from an agent's word alone: it binds nobody.
SPOKEN = ("in_person", "phone")


class Standing(NamedTuple):
    """The standing of a purpose, or of all; ``word`` is the person's own last one."""

    state: str = NONE
    event_id: int = 0
    since: str = None
    word: int = 0
    is_bound: bool = False


def next_state(current, event, for_all):
    """Return the state that an event leads to."""
    if event == "requested":
        return PENDING if current == NONE else current
    if event == "expired":
        return OPTED_OUT if current == OPTED_OUT else NONE
    if event == "revoked":
        return OPTED_OUT
    need(event in STATEMENTS, f"no such consent event: {event!r}")
    return NONE if for_all else OPTED_IN


def is_own_yes(content):
    """Tell if an event is a yes by which the person can undo their own no."""
    method = content["method"]
    is_page = method == "web" and content["wording_digest"]
    return content["event"] in YESES and (method in ("keyword", "paper") or is_page)


def is_ineffective(content, own, of_all):
    """Tell if an event is a yes that a no keeps from having any effect."""
    stops = [it for it in (own, of_all) if it and it.state == OPTED_OUT]
    if content["event"] not in YESES or not stops:
        return False
    latest = max(it.since for it in stops)
    if content["happened_at"] < latest:
        return True
    is_later = content["method"] != "paper" or content["happened_at"] > latest
    if is_own_yes(content) and is_later:
        return False
    by_all = of_all is not None and of_all.is_bound and of_all.word > own.word
    return own.is_bound or by_all


def take(content, own, of_all):
    """Return what stands after an event; ``of_all`` is None for one about all."""
    if is_ineffective(content, own, of_all):
        return own
    event, event_id = content["event"], content["event_id"]
    state = next_state(own.state, event, of_all is None)
    if state == own.state and event not in STATEMENTS:
        return own
    since, word, is_bound = content["happened_at"], own.word, own.is_bound
    if event == "revoked" and own.state == OPTED_OUT:
        since = max(since, own.since)
    is_own_no = event == "revoked" and content["method"] not in SPOKEN
    if is_own_no or is_own_yes(content):
        word, is_bound = event_id, is_own_no
    return Standing(state, event_id, since, word, is_bound)


def combine(own, of_all):
    """Return what holds for a purpose, given its own standing and that of all."""
    agreed_anew = own.state == OPTED_IN and own.event_id > of_all.event_id
    return own if of_all.state != OPTED_OUT or agreed_anew else of_all


def replay(contents):
    """Return what is stored of events, in the order of their ids.

    :return: ``{(number_hash, purpose or None): Standing}``
    """
    found = {}
    for content in sorted(contents, key=lambda it: it["event_id"]):
        number, purpose = content["number_hash"], content["purpose"]
        is_known = purpose is not None or content["event"] in FOR_ALL_EVENTS
        need(is_known, f"event {content['event_id']} cannot be about all purposes")
        own = found.get((number, purpose), Standing())
        of_all = None if purpose is None else found.get((number, None), Standing())
        after = take(content, own, of_all)
        if after != own:
            found[number, purpose] = after
    shown = {}
    for (number, purpose), own in found.items():
        of_all = found.get((number, None), Standing())
        is_own = own.state == OPTED_OUT or combine(own, of_all) == own
        shown[number, purpose] = own if is_own else of_all
    return shown


# === Digests and seals ===


def canonical(data):
    """Return the one form of a JSON value that is hashed."""
    form = {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False}
    return json.dumps(data, **form).encode()


def sha256(data):
    """Return the SHA-256 (hex) of bytes, or of the canonical JSON of anything else."""
    data = data if isinstance(data, bytes) else canonical(data)
    return hashlib.sha256(data).hexdigest()


def keyed(key, text):
    """Return the HMAC-SHA-256 (hex) of a text: the keyed hash of a number."""
    return hmac.new(key.encode(), text.encode(), "sha256").hexdigest()


def fingerprint(key):
    """Return what tells one key from another."""
    return keyed(key, "fingerprint")[:16]


def make_seal(key, kind, values):
    """Return the seal of a mapping; each kind has a key of its own."""
    own = hmac.new(key.encode(), f"{SEAL_CONTEXT}.{kind}".encode(), "sha256").digest()
    return hmac.new(own, canonical(values), "sha256").hexdigest()


# === The chain ===


def get_links(data):
    """Return the links of a file, in the form of the chain, in order."""
    if data["format"] == CHAIN:
        return data["links"]
    links = [
        {**{name: event[name] for name in LINK - {"seal"}}, "seal": event["link_seal"]}
        for event in data["events"]
    ]
    numbers = [link["sequence"] for link in links]
    statements = data["statements"]
    if data["segment"] == "period":  # those that lie in it
        span = range(min(numbers, default=1), max(numbers, default=0) + 1)
        statements = [it for it in statements if it["sequence"] in span]
    return sorted([*links, *statements], key=lambda link: link["sequence"])


def check_links(links, segment):
    """Check that links follow each other. In a segment others may be left out."""
    number, previous = 0, "0" * 64
    for link in links:
        may_skip = segment == "person" or (segment == "period" and number == 0)
        if may_skip and link["sequence"] > number + 1:
            number, previous = link["sequence"] - 1, link["previous"]
        number += 1
        follows = (link["sequence"], link["previous"]) == (number, previous)
        need(follows, f"link {number} is missing or out of order")
        content = link.get("statement", link["content"])
        need(isinstance(content, dict), f"the event of link {number} is missing")
        sealed = {"content": content, "previous": previous, "sequence": number}
        need(sha256(sealed) == link["hash"], f"link {number} is not what was sealed")
        previous = link["hash"]


def check_link_names(links, company_id):
    """Check that each link says what a link says, of this company."""
    for link in links:
        name = f"link {link['sequence']}"
        if "statement" in link:
            need(set(link) == LINK | {"statement"}, f"{name} has an unknown form")
            continue
        need(set(link) == LINK, f"{name} has an unknown form")
        fields = set(link["content"] or OLD_CONTENT)
        is_known = fields in (OLD_CONTENT, OLD_CONTENT | {"sandbox"})
        need(is_known, f"{name} seals unknown fields")
        own = (link["content"] or {"company_id": company_id})["company_id"]
        need(own == company_id, f"{name} is another company's")


def check_seals(data, links, statements, key):
    """Check that each link has its seal, and with the key that it is the right one."""
    need(len(statements) <= 1, "the chain is taken over twice")
    first = 1
    for link in statements:
        first, said = link["sequence"], link["statement"]
        expected = {
            "statement": "carried_over",
            "company_id": data["company_id"],
            "links": first - 1,
            "end": link["previous"],
            "key": data["key"],
            "at": said.get("at"),
        }
        need(said == expected, f"link {first} takes over another chain than this one")
        sealed = {"content": said, "previous": link["previous"], "sequence": first}
        need(sha256(sealed) == link["hash"], f"link {first} is not what was sealed")
    for link in [*links, *statements]:
        name = f"link {link['sequence']}"
        if link["sequence"] < first:
            need(link["seal"] is None, f"{name} has a seal from before there were any")
            continue
        need(link["seal"], f"{name} has no seal")
        values = {name: link[name] for name in ("sequence", "hash")}
        values["company_id"] = data["company_id"]
        need(
            not key or make_seal(key, "link", values) == link["seal"],
            f"{name} was not sealed by the key",
        )


# === The evidence ===


def check_events(data):
    """Check that each event is sealed, and has the evidence that its link names."""
    wordings = {it["digest"]: it["body"].encode() for it in data["wordings"]}
    for digest, body in wordings.items():
        is_same = sha256(body) == digest
        need(is_same, f"wording {digest} is missing or not what was recorded")
    for event in data["events"]:
        content = event["content"]
        name = f"event {content['event_id']} (link {event['sequence']})"
        need(set(event) == EVENT, f"{name} has an unknown form")
        changed = "is missing or not what was recorded"
        known, digest = event["evidence"], content["evidence_digest"]
        is_there = sha256(known) == digest if known else event["erased_at"]
        need(is_there, f"the evidence of {name} {changed}")
        is_known = content["wording_digest"] in (None, *wordings)
        need(is_known, f"the wording of {name} {changed}")
        scans = {scan["name"]: scan["sha256"] for scan in event["files"]}
        recorded = (known or {}).get("file_digests") or {}
        for scan in sorted(scans.keys() | recorded.keys()):
            is_same = scans.get(scan) == recorded.get(scan)
            need(is_same, f"the scan {scan} of {name} {changed}")
        is_marked = event["sandbox"] == content.get("sandbox", event["sandbox"])
        need(is_marked, f"the sandbox's mark of {name} {changed}")
        need(event["seal"] == "holds", f"{name} did not hold when it was exported")


def check_numbers(data, key):
    """Check that one keyed hash stands for one number, and with the key for its own."""
    numbers = {}
    people = data.get("person", {}).get("numbers", ())
    pairs = [(person["number_hash"], person["number"]) for person in people]
    for event in data["events"]:
        number = (event["evidence"] or {}).get("number")
        pairs.append((event["content"]["number_hash"], number))
    for value, number in pairs:
        if number is None:
            continue
        is_same = numbers.setdefault(value, number) == number
        need(is_same, f"the number {number} is not that of its events")
        is_right = not key or keyed(key, number) == value
        need(is_right, f"the number {number} is not that of its keyed hash")


def check_person(data):
    """Check that no event of a person's numbers is left out, as far as it is listed."""
    found = {}
    for event in data["events"]:
        content = event["content"]
        own = found.setdefault(content["number_hash"], ([], []))
        own[0].append(content["event_id"])
        own[1].append(event["sequence"])
    listed = {
        person["number_hash"]: (person["event_ids"], person["links"])
        for person in data["person"]["numbers"]
        if person["event_ids"]
    }
    need(found == listed, "the events are not those that are listed of the numbers")
    event_ids = {event_id for own, _links in found.values() for event_id in own}
    for message in data["messages"]:
        event_id = message["consent_event_id"]
        is_there = event_id is None or event_id in event_ids
        need(is_there, f"event {event_id}, under which a text was sent, is missing")


def check_answers(data):
    """Check that the answers that are stated are those that the events give."""
    events, in_sandbox = data["events"], data["sandbox"]
    contents = [
        event["content"] for event in events if in_sandbox or not event["sandbox"]
    ]
    known = {content["event_id"] for content in contents}
    derived = replay(contents)
    stated = {}
    for row in data["answers"]:
        own = (row["state"], row["event_id"] or 0, row["since"])
        stated[row["number_hash"], row["purpose"]] = own
        is_there = row["event_id"] is None or row["event_id"] in known
        need(is_there, f"event {row['event_id']}, which gave an answer, is missing")
    purposes = {purpose for _number, purpose in stated}
    purposes |= {content["purpose"] for content in contents} - {None}
    need(purposes, "the answers are missing")
    for person in data["person"]["numbers"]:
        value = person["number_hash"]
        of_all = derived.get((value, None), Standing())
        for purpose in sorted(purposes):
            own = derived.get((value, purpose), Standing())
            state, event_id, *_rest = combine(own, of_all)
            times = [it.since for it in (own, of_all) if it.since]
            since = max(times) if event_id else None
            need(
                stated.pop((value, purpose), None) == (state, event_id, since),
                f"the answer of {person['number'] or value} for {purpose} does not"
                f" follow from the events, which give {state!r}",
            )
    need(not stated, "there are answers of numbers that the file is not about")


def check_opt_outs(data):
    """Check that every opt-out among the events is listed as one, and no other."""
    contents = [event["content"] for event in data["events"]]
    events = {content["event_id"]: content for content in contents}
    revoked = {key for key, own in events.items() if own["event"] == "revoked"}
    listed = {event_id for row in data["opt_outs"] for event_id in row["event_ids"]}
    for event_id in sorted(listed - revoked):
        raise Broken(f"opt-out {event_id} is listed, and no such event is there")
    span = data.get("period")
    for event_id in sorted(revoked - listed):
        at = events[event_id]["recorded_at"]
        is_outside = span and not span["from"] <= at < span["to"]
        need(is_outside, f"opt-out {event_id} is not listed among the opt-outs")
    for row in data["opt_outs"]:
        own = [events[event_id] for event_id in row["event_ids"]]
        said = [own[0][name] for name in ("method", "happened_at", "recorded_at")]
        purposes = [it["purpose"] for it in own if it["purpose"]]
        is_same = said == [row["method"], row["said_at"], row["recorded_at"]]
        is_same = is_same and purposes == row["purposes"]
        need(is_same, f"opt-out {row['event_ids'][0]} is listed as another one")


def check_counts(data):
    """Check that there are as many links as the file says."""
    said, count = data["chain"], len(data["events"])
    need(not said["unsealed"], f"{said['unsealed']} events are not sealed")
    need(not said["changed"], f"{said['changed']} events did not hold at the export")
    need(said["sealed"] == count, f"{said['sealed']} events were exported, not {count}")


# === The files of a packet ===


def digest_file(path):
    """Return the SHA-256 (hex) of a file, block by block."""
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def read_sums(folder):
    """Return the digests that are listed of a packet's files, by path."""
    path = folder / "SHA256SUMS"
    need(path.is_file(), "SHA256SUMS is missing: nothing shows which files there were")
    sums = {}
    for line in path.read_text("utf-8").splitlines():
        match = re.fullmatch(r"([0-9a-f]{64})  (.+)", line)
        need(match, f"SHA256SUMS has a line that cannot be read: {line[:80]!r}")
        digest, name = match.groups()
        is_inside = not (Path(name).is_absolute() or ".." in Path(name).parts)
        need(is_inside, f"SHA256SUMS names a file outside the packet: {name}")
        need(name not in sums, f"SHA256SUMS names {name} twice")
        sums[name] = digest
    return sums


def check_files(folder, name, tables):
    """Check that a packet's files are those that were packed, no more and no less."""
    sums = read_sums(folder)
    for path, digest in sums.items():
        file = folder / path
        is_same = file.is_file() and digest_file(file) == digest
        need(is_same, f"file {path} is missing or not what was recorded")
    for path in (name, *tables):
        need(path in sums, f"file {path} is missing in SHA256SUMS")
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder).as_posix()
        is_listed = file.is_dir() or path in sums or path in ("SHA256SUMS", "SEAL")
        need(is_listed, f"file {path} is not listed in SHA256SUMS")


def check_packet_seal(folder, fingerprint_, key):
    """Check that the list of files is that which was sealed."""
    path = folder / "SEAL"
    need(path.is_file(), "SEAL is missing: nothing shows that the packet is whole")
    seal = read_json(path)
    known = {"format", "key", "sums", "seal"}
    need(set(seal) == known and seal["format"] == SEAL, "SEAL has an unknown form")
    need(seal["key"] == fingerprint_, "SEAL was made with another key than the links")
    is_same = seal["sums"] == digest_file(folder / "SHA256SUMS")
    need(is_same, "SHA256SUMS is not what was sealed")
    made = key and make_seal(key, "packet", {"sums": seal["sums"]})
    need(not key or made == seal["seal"], "SEAL was not made with the key")


def get_tables(data):
    """Return those of :data:`TABLES` that a document's version has."""
    return {key: table for key, table in TABLES.items() if table[0] in data}


def check_tables(data, folder):
    """Check that the tables have the rows of the document."""
    csv.field_size_limit(sys.maxsize)
    for file_name, (name, column) in get_tables(data).items():
        with (folder / file_name).open(encoding="utf-8-sig", newline="") as stream:
            found = [row[column] for row in csv.DictReader(stream)]
        rows = data[name]
        if name == "events":
            rows = [event["content"] for event in rows]
        values = [row[column] for row in rows]
        listed = [
            " ".join(map(str, it)) if isinstance(it, list) else str(it) for it in values
        ]
        need(found == listed, f"{file_name} has other rows than the file's {name!r}")


# === All of it ===


def read_json(path):
    """Return the object in a JSON file, in which no name stands twice."""

    def read_object(pairs):
        """Return an object of its pairs."""
        values = dict(pairs)
        need(len(values) == len(pairs), f"{path.name} names something twice")
        return values

    with path.open(encoding="utf-8") as stream:
        data = json.load(stream, object_pairs_hook=read_object)
    need(isinstance(data, dict), f"{path.name} holds no object")
    return data


def check_form(data):
    """Check that a file is of a kind that is known here; return which part it holds."""
    form = data.get("format")
    segment = "chain" if form == CHAIN else data.get("segment")
    is_known = form in (CHAIN, EVIDENCE, FORMER_EVIDENCE) and segment in KEYS
    need(
        is_known and (segment == "chain") == (form == CHAIN),
        f"the format {form!r} is unknown here: take the verify-ledger.py that belongs"
        " to the version of the addon that made the file",
    )
    keys = KEYS[segment] - ({"reassigned"} if form == FORMER_EVIDENCE else set())
    for name in sorted(keys - data.keys()):
        raise Broken(f"{name!r} is missing")
    for name in sorted(data.keys() - keys):
        raise Broken(f"{name!r} is unknown")
    for kind, names in KINDS.items():
        for name in data.keys() & set(names):
            need(type(data[name]) is kind, f"{name!r} is no {kind.__name__}")
    return segment


def check_packet(data, segment, path, key):
    """Check all of a packet but its links."""
    check_events(data)
    check_numbers(data, key)
    check_opt_outs(data)
    if segment == "person":
        check_person(data)
        check_answers(data)
    check_counts(data)
    check_files(path.parent, path.name, get_tables(data))
    check_packet_seal(path.parent, data["key"], key)
    check_tables(data, path.parent)


def verify(path, known, key):
    """Verify a file; return its links.

    :raises Broken: at the first thing that does not hold
    """
    data = read_json(path)
    segment = check_form(data)
    need(not key or fingerprint(key) == data["key"], "the key is not the ledger's")
    for event in data.get("events", ()):
        name = f"event {event['content']['event_id']}"
        need(event["sequence"], f"{name} is not sealed: export it again")
    links = get_links(data)
    check_link_names(links, data["company_id"])
    check_links(links, segment)
    statements = data.get("statements")
    if statements is None:
        statements = [link for link in links if "statement" in link]
    check_link_names(statements, data["company_id"])
    check_seals(data, links, statements, key)
    if segment != "chain":
        check_packet(data, segment, path, key)
    hashes = {link["hash"] for link in links}
    need(
        not known or known in hashes,
        f"the end {known} that was noted is not in this chain",
    )
    return links


def main(path, known=None, key=None):
    """Print whether everything holds; return the exit status, or what is broken.

    :param str known: hash of a link that must be there
    :param str key: the ledger's key
    """
    try:
        links = verify(Path(path).resolve(), known, key)
    except Broken as error:
        return f"BROKEN: {error}"
    except OSError as error:
        return f"BROKEN: {error.filename or path} cannot be read: {error.strerror}"
    except RecursionError:
        return f"BROKEN: {path} is nested too deep to be read"
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        said = str(error).splitlines()[0] if str(error) else ""
        return f"BROKEN: {path} cannot be read: {type(error).__name__} {said}"
    end = links[-1]["hash"] if links else "0" * 64
    print(f"intact: {len(links)} links, end {end}")
    print("seals checked" if key else "seals not checked: no key given")
    return 0


def run():
    """Read the command line, verify, and exit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file")
    parser.add_argument("known_hash", nargs="?")
    parser.add_argument("--key", metavar="FILE", help="file with the ledger's key")
    given = parser.parse_args()
    try:
        file = given.key and Path(given.key)
        key = file.read_text("utf-8").strip() if file else os.environ.get(KEY_VARIABLE)
    except (OSError, ValueError):
        sys.exit(f"BROKEN: the key in {given.key} cannot be read")
    if given.key and not key:
        sys.exit(f"BROKEN: the file {given.key} holds no key")
    sys.exit(main(given.file, given.known_hash, key))


if __name__ == "__main__":
    run()
