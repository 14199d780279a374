# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Removing what a message said from Twilio.

Words: https://www.twilio.com/docs/messaging/api/message-resource#update-a-message-resource
Media: https://www.twilio.com/docs/messaging/api/media-resource#delete-media
All: https://www.twilio.com/docs/messaging/api/message-resource#delete-a-message-resource
Twilio's own backups may hold a text for up to 30 days more.
"""

import re

from .base import MEDIA_LIMIT, LookupFailed, RedactionRefused
from .twilio_account import get_status, words_of

#: What Twilio calls a message. What is not called so was never one of its messages.
MESSAGE_SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}\Z")
#: It is not there (any more): nothing is left to remove.
GONE = 404
#: Refusals that may end: of credentials, of a message on its way, of too many requests.
PASSING = (401, 403, 408, 409, 429)


def redact(provider, carrier_id, is_whole):
    """Remove a message's words and media, or all of it; see ``Provider.redact``."""
    if not MESSAGE_SID.match(carrier_id):
        return
    try:
        if is_whole:  # its media go with it
            provider.api.ask(lambda client: client.messages(carrier_id).delete())
        else:
            _remove_media(provider, carrier_id)
            provider.api.ask(lambda client: client.messages(carrier_id).update(body=""))
    except LookupFailed as error:
        status = get_status(error)
        if status == GONE:
            return
        words = words_of(error)
        if status and 400 <= status < 500 and status not in PASSING:
            raise RedactionRefused(words) from error
        raise LookupFailed(words) from error


def _remove_media(provider, carrier_id):
    """Remove the pictures and files of a message."""
    shown = provider.api.ask(
        lambda client: client.messages(carrier_id).media.list(limit=MEDIA_LIMIT)
    )
    for media in shown:
        try:
            provider.api.ask(
                lambda client, sid=media.sid: (
                    client.messages(carrier_id).media(sid).delete()
                )
            )
        except LookupFailed as error:
            if get_status(error) != GONE:
                raise
