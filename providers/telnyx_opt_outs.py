# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Read whom Telnyx does not let be texted.

https://developers.telnyx.com/api-reference/opt-out-management/list-opt-outs

It blocks a number for a messaging profile when that texts STOP, and ends it by START
(https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out). There is no
way to tell it of anybody else, and none to ask which numbers were deactivated.
"""

from datetime import datetime, timedelta

from .opt_outs import OptOut
from .telnyx_account import get_profile_ids
from .telnyx_words import as_text

OPT_OUTS_PATH = "/v2/messaging_optouts"
#: Pages that are read of one profile, at the most.
PAGE_LIMIT = 4000


def list_opt_outs(provider):
    """Yield the people whom the account's profiles block, a page at a time."""
    for profile_id in get_profile_ids(provider):
        asked = {
            "filter[messaging_profile_id]": profile_id,
            "redaction_enabled": "false",
        }
        for rows in provider.api.list_pages(OPT_OUTS_PATH, PAGE_LIMIT, asked):
            yield [_read(row) for row in rows if as_text(row.get("to"))]


def _read(row):
    return OptOut(
        as_text(row.get("to")),
        _read_time(as_text(row.get("created_at"))),
        sender=as_text(row.get("from")),
    )


def _read_time(value):
    """Return a time as Telnyx writes it, UTC without a zone; None if it is none."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    since_utc = moment.utcoffset() or timedelta()
    return moment.replace(tzinfo=None, microsecond=0) - since_utc
