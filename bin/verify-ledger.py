#!/usr/bin/env python3
"""Verify an exported consent ledger without Odoo: verify-ledger.py FILE [KNOWN_HASH]

FILE is an exported chain, or the evidence.json of an unpacked evidence packet. Each
link's hash is the SHA-256 of the canonical JSON (sorted keys, no spaces, UTF-8) of
{"content": ..., "previous": hash of the link before, "sequence": its number}; the first
link follows 64 zeros. A packet holds some of the links, the evidence and the wordings
that they name by digest, and SHA256SUMS of its files. KNOWN_HASH is a link's hash that
you noted at an earlier time: it must be there.
"""

import hashlib
import json
import sys
from pathlib import Path


def sha256(data):
    """Return the SHA-256 (hex) of bytes, or of the canonical JSON of anything else."""
    if not isinstance(data, bytes):
        form = {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False}
        data = json.dumps(data, **form).encode()
    return hashlib.sha256(data).hexdigest()


def find_breaks(links, segment):
    """Yield where the chain does not hold. In a segment other links may be left out."""
    number, previous = 0, "0" * 64
    for link in links:
        may_skip = segment == "person" or (segment == "period" and number == 0)
        if may_skip and link["sequence"] > number + 1:
            number, previous = link["sequence"] - 1, link["previous"]
        number += 1
        sealed = {name: link[name] for name in ("content", "previous", "sequence")}
        if (link["sequence"], link["previous"]) != (number, previous):
            yield f"link {number} is missing or out of order"
        if link["content"] is None or sha256(sealed) != link["hash"]:
            yield f"link {number} is not what was sealed"
        previous = link["hash"]


def find_changes(events, wordings, folder):
    """Yield evidence, wordings, scans and files that are not those that were named."""
    bodies = {wording["digest"]: wording["body"].encode() for wording in wordings}
    yield from (f"wording {key}" for key, body in bodies.items() if sha256(body) != key)
    for event in events:
        name, content = f"event {event['content']['event_id']}", event["content"]
        digest, known = content["evidence_digest"], event["evidence"]
        if (
            known is None
            and not event["erased_at"]
            or known
            and sha256(known) != digest
        ):
            yield f"the evidence of {name} (link {event['sequence']})"
        if content["wording_digest"] not in (None, *bodies):
            yield f"the wording of {name} (link {event['sequence']})"
        scans = (known or {}).get("file_digests") or {}
        for scan in event["files"]:
            if scans.get(scan["name"]) != scan["sha256"]:
                yield f"the scan {scan['name']} of {name} (link {event['sequence']})"
    sums = folder / "SHA256SUMS"
    for line in sums.read_text("utf-8").splitlines() if sums.exists() else ():
        digest, path = line.split("  ", 1)
        if (
            not (folder / path).exists()
            or sha256((folder / path).read_bytes()) != digest
        ):
            yield f"file {path}"


def main(path, known=None):
    """Print whether everything holds; return the exit status, or what is broken."""
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    events = data.get("events", [])
    links = [link for link in data.get("links", events) if link["sequence"]]
    for found in find_breaks(links, data.get("segment")):
        return f"BROKEN: {found}"
    folder = Path(path).resolve().parent
    for found in find_changes(events, data.get("wordings", ()), folder):
        return f"BROKEN: {found} is missing or not what was recorded"
    if known and known not in {link["hash"] for link in links}:
        return f"BROKEN: the end {known} that was noted is not in this chain"
    end = links[-1]["hash"] if links else "0" * 64
    print(f"intact: {len(links)} links, end {end}")
    if len(events) > len(links):
        print(f"{len(events) - len(links)} events are not sealed yet")
    return 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
