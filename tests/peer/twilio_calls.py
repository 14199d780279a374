# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Calls at the loopback peer, and the webhooks by which a call proceeds.

Format of the responses and of the webhooks: Twilio's public OpenAPI description, and
https://www.twilio.com/docs/voice/twiml#request-parameters
"""

from xml.etree import ElementTree


def is_call(form):
    """Return whether a posted form or an accepted message is a call."""
    return "Url" in form


def describe_call(account_sid, call):
    """Return a call as Twilio shows it."""
    return {
        "account_sid": account_sid,
        "sid": call["sid"],
        "to": call["To"],
        "from": call["From"],
        "status": call["status"],
        "answered_by": call.get("answered_by"),
        "direction": "outbound-api",
        "date_created": call["created"],
        "date_updated": call["created"],
        "start_time": None,
        "end_time": None,
        "duration": None,
        "price": call.get("price"),
        "price_unit": "USD",
        "api_version": "2010-04-01",
        "uri": f"/2010-04-01/Accounts/{account_sid}/Calls/{call['sid']}.json",
        "subresource_uris": {},
    }


class PeerCall:
    """The phone at the other end of a call that the peer has accepted.

    :param dict call: the call as the peer has it
    :param post: function that posts a form to an address, signed
    """

    def __init__(self, call, post):
        self.call, self._post = call, post
        self.words, self.key_url = "", None

    def answer(self, answered_by="human"):
        """Pick up; return what is said."""
        form = self._form("in-progress", AnsweredBy=answered_by)
        return self._hear(self._post(self.call["Url"], form))

    def press(self, key):
        """Press a key ("": none in time); return what is said then."""
        assert self.key_url, "no key is waited for"
        form = self._form("in-progress", Digits=key, msg="Gather End")
        return self._hear(self._post(self.key_url, form))

    def end(self, status="completed", **others):
        """End the call, and report it as Twilio does; return the response."""
        self.call["status"] = status
        return self._post(self.call["StatusCallback"], self._form(status, **others))

    def _form(self, status, **others):
        return {
            "CallSid": self.call["sid"],
            "CallStatus": status,
            "AccountSid": "AC",
            "To": self.call["To"],
            "From": self.call["From"],
            "Direction": "outbound-api",
            **others,
        }

    def _hear(self, response):
        """Note what a TwiML response says, and where a pressed key is posted."""
        assert response.status_code == 200, response.status_code
        document = ElementTree.fromstring(response.text)  # noqa: S314  # our own
        gather = document.find("Gather")
        self.key_url = None if gather is None else gather.get("action")
        said = document.find(".//Say")
        self.language = None if said is None else said.get("language")
        self.words = "" if said is None else said.text
        return self.words
