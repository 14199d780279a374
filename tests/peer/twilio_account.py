# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The loopback peer's account, with its numbers and its Messaging Services.

Twilio's console shows the same, and its API changes it. Format of the responses:
Twilio's public OpenAPI description.
"""

import re

ACCOUNT_PATH = re.compile(r"^/2010-04-01/Accounts/(AC[0-9a-zA-Z]{32})\.json$")
NUMBERS_PATH = re.compile(
    r"^/2010-04-01/Accounts/(AC[0-9a-zA-Z]{32})/IncomingPhoneNumbers"
    r"(?:/(PN[0-9a-f]{32}))?\.json$"
)
SERVICE_PATH = re.compile(r"^/v1/Services/(MG[0-9a-zA-Z]{32})(/PhoneNumbers)?$")

#: Fields of a form that are stored unchanged, and their names in responses.
SERVICE_FIELDS = {
    "InboundRequestUrl": "inbound_request_url",
    "InboundMethod": "inbound_method",
}


class PeerAccount:
    """The data of the account, which tests fill and read.

    ``numbers`` maps a number (E.164) to what Twilio shows of it, ``services`` the id of
    a Messaging Service to what Twilio shows of it, ``pools`` that id to its numbers.
    """

    def __init__(self):
        self.status, self.type, self.name = "active", "Full", "Loopback"
        self.numbers, self.services, self.pools = {}, {}, {}

    def add_number(self, number, **shown):
        """Add a number to the account.

        :param str number: E.164
        :param shown: what Twilio shows of it, besides the defaults
        """
        self.numbers[number] = {
            "sid": f"PN{len(self.numbers):032x}",
            "phone_number": number,
            "capabilities": {"sms": True, "mms": True, "voice": True, "fax": False},
            "sms_url": "",
            "sms_method": "POST",
            "sms_application_sid": None,
            **shown,
        }

    def add_service(self, sid, *pool, **shown):
        """Add a Messaging Service with the given numbers to the account."""
        self.pools[sid] = pool
        self.services[sid] = {
            "sid": sid,
            "inbound_request_url": None,
            "inbound_method": "POST",
            "use_inbound_webhook_on_number": False,
            **shown,
        }

    def show(self, path):
        """Return the body for a GET, None if not found."""
        if found := ACCOUNT_PATH.match(path):
            return {
                "sid": found[1],
                "status": self.status,
                "type": self.type,
                "friendly_name": self.name,
            }
        if NUMBERS_PATH.match(path):
            return {"incoming_phone_numbers": list(self.numbers.values())}
        found = SERVICE_PATH.match(path)
        if not found or found[1] not in self.services:
            return None
        if not found[2]:
            return self.services[found[1]]
        pool = [{"phone_number": number} for number in self.pools[found[1]]]
        meta = {"key": "phone_numbers", "page_size": 50, "next_page_url": None}
        return {"phone_numbers": pool, "meta": meta}

    def change(self, path, form):
        """Apply a POST and return the changed object, None if not found."""
        if found := NUMBERS_PATH.match(path):
            for number in self.numbers.values():
                if number["sid"] == found[2]:
                    number["sms_url"] = form.get("SmsUrl", number["sms_url"])
                    number["sms_method"] = form.get("SmsMethod", number["sms_method"])
                    if "SmsApplicationSid" in form:
                        number["sms_application_sid"] = (
                            form["SmsApplicationSid"] or None
                        )
                    return number
        found = SERVICE_PATH.match(path)
        if not found or found[1] not in self.services:
            return None
        service = self.services[found[1]]
        for name, shown in SERVICE_FIELDS.items():
            service[shown] = form.get(name, service[shown])
        if on_number := form.get("UseInboundWebhookOnNumber"):
            service["use_inbound_webhook_on_number"] = on_number.lower() == "true"
        return service
