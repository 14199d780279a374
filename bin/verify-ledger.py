#!/usr/bin/env python3
"""Verify an exported consent ledger without Odoo: verify-ledger.py FILE [KNOWN_HASH]

Each link's hash is the SHA-256 of the canonical JSON (sorted keys, no spaces, UTF-8) of
{"content": ..., "previous": hash of the link before, "sequence": its number}. The first
link follows 64 zeros. KNOWN_HASH is an end of the chain that you noted at an earlier
time: it must be one of the hashes.
"""

import hashlib
import json
import sys


def main(path, known=None):
    """Print whether the chain holds; return the exit status."""
    with open(path, encoding="utf-8") as file:
        links = json.load(file)["links"]
    previous = "0" * 64
    for number, link in enumerate(links, 1):
        sealed = {name: link[name] for name in ("content", "previous", "sequence")}
        text = json.dumps(
            sealed, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        own_hash = hashlib.sha256(text.encode()).hexdigest()
        if (link["sequence"], link["previous"]) != (number, previous):
            return f"BROKEN: link {number} is missing or out of order"
        if link["content"] is None or own_hash != link["hash"]:
            return f"BROKEN: link {number} is not what was sealed"
        previous = own_hash
    if known and known not in {link["hash"] for link in links}:
        return f"BROKEN: the end {known} that was noted is not in this chain"
    print(f"intact: {len(links)} links, end {previous}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
