# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Read which numbers Telnyx blocks.

https://developers.telnyx.com/api-reference/opt-out-management/list-opt-outs

It blocks a number for a messaging profile when it texts STOP, until it texts START
(https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out). It has no
API to report other opt-outs, and none that lists deactivated numbers.
"""

from ..tools.import_rows import find_instant
from .opt_outs import OptOut
from .telnyx_account import get_profile_ids
from .telnyx_words import as_text

OPT_OUTS_PATH = "/v2/messaging_optouts"
#: Maximum pages that are read of one profile.
PAGE_LIMIT = 4000


def list_opt_outs(provider):
    """Yield the numbers that the account's profiles block, page by page."""
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
        find_instant(as_text(row.get("created_at"))),
        sender=as_text(row.get("from")),
    )
