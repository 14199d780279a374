# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Asking Telnyx what it has of our texts.

https://developers.telnyx.com/api-reference/detail-records/search-detail-records
"""

from .base import LookupFailed
from .telnyx_words import as_dict, as_text, read_message, read_record

#: Seconds that a lookup's window is wider than the time since the post, and then
#: seconds until a detail record is written for sure: none before means nothing.
WINDOW, RECORDED_WITHIN = 600, 1800
#: Records that a lookup reads: more than one person gets in minutes.
LOOKUP_LIMIT = 50


def find(provider, message, since, until):
    """Search the detail records for the one that reports to our own address.

    Each message has an address of its own, so it cannot be mistaken. That there is
    no record says something only after the time in which they are written.
    """
    listed = provider.api.ask(
        "/v2/detail_records",
        {
            "filter[record_type]": "messaging",
            "filter[direction]": "outbound",
            "filter[cld]": message.number,
            "filter[created_at][gte]": f"{since.isoformat()}Z",
            "filter[created_at][lt]": f"{until.isoformat()}Z",
            "page[size]": LOOKUP_LIMIT,
        },
    )
    records = listed if isinstance(listed, list) else []
    found = [
        read_record(record)
        for record in map(as_dict, records)
        if as_text(record.get("delivery_status_webhook_url")).endswith(message.uuid)
    ]
    if not found and (until - since).total_seconds() < WINDOW + RECORDED_WITHIN:
        raise LookupFailed("The records may not be written yet")
    return found


def fetch(provider, carrier_id):
    """Read what has become of one message."""
    return read_message(as_dict(provider.api.ask(f"/v2/messages/{carrier_id}")))
