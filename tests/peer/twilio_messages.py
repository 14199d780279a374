# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Removal at the loopback peer: a message's body, its media, or the whole message.

Format of the responses: Twilio's public OpenAPI description.
"""

import re

PATH = re.compile(
    r"^/2010-04-01/Accounts/(?:AC[0-9a-zA-Z]{32})/(?:Messages|Calls)/((?:SM|MM|CA)[0-9a-f]{32})"
    r"(/Media)?(?:/(ME[0-9a-f]{32}))?\.json$"
)


class PeerMessages:
    """The messages that may be removed, which tests add and read.

    ``kept`` maps a message's id to its body, ``media`` to the ids of its media.
    ``asked`` holds each request, as (method, id). ``choose`` is called with both, and
    returns ``(status, code)`` to refuse the request, or None.
    """

    def __init__(self):
        self.kept, self.media, self.asked = {}, {}, []
        self.choose = lambda method, sid: None

    def add(self, sid, words, *media):
        """Add a message, with the ids of its media."""
        self.kept[sid] = words
        self.media[sid] = list(media)

    def handle(self, method, path, form=None):
        """Return status and body for a request, None if not found."""
        found = PATH.match(path)
        if not found or found[1] not in self.kept:
            return None
        sid, is_media, media_sid = found.groups()
        self.asked.append((method, media_sid or sid))
        if refused := self.choose(method, media_sid or sid):
            status, code = refused
            return status, {"code": code, "message": "Refused", "status": status}
        if is_media:
            return self._handle_media(method, sid, media_sid)
        if method == "DELETE":
            del self.kept[sid], self.media[sid]
            return 204, ""
        if method == "POST":
            self.kept[sid] = form.get("Body", self.kept[sid])
        if sid.startswith("CA"):
            return 200, {"sid": sid, "status": "completed"}
        return 200, {"sid": sid, "body": self.kept[sid], "status": "delivered"}

    def _handle_media(self, method, sid, media_sid):
        """List the media of a message, or remove one of them."""
        if method == "GET":
            shown = [{"sid": it, "parent_sid": sid} for it in self.media[sid]]
            return 200, {"media_list": shown, "page_size": 50}
        if media_sid not in self.media[sid]:
            return None
        self.media[sid].remove(media_sid)
        return 204, ""
