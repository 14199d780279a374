# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The loopback Telnyx's account: its numbers and its messaging profiles.

Format of the responses: Telnyx's public API reference.
"""

import re

NUMBERS_PATH = "/v2/phone_numbers/messaging"
OPT_OUTS_PATH = "/v2/messaging_optouts"
PROFILE_PATH = re.compile(r"^/v2/messaging_profiles/([0-9a-f-]{36})$")


class PeerTelnyxAccount:
    """The data of the account, which tests fill and read.

    ``numbers`` maps a number (E.164) to what Telnyx shows of it, ``profiles`` an id to
    what it shows of a messaging profile.
    """

    def __init__(self):
        self.numbers, self.profiles = {}, {}
        #: What Telnyx shows of each opt-out, oldest first.
        self.opt_outs = []

    def add_opt_out(self, number, profile_id, sender, said_at):
        """Add an opt-out by STOP of ``sender``, texted to a number of a profile.

        :param datetime said_at: UTC, without a time zone
        """
        self.opt_outs.append(
            {
                "from": sender,
                "to": number,
                "messaging_profile_id": profile_id,
                "keyword": "STOP",
                "created_at": f"{said_at}.631252+00:00",
            }
        )

    def add_number(self, number, profile_id, **shown):
        """Add a number to the account, in a messaging profile or in none."""
        two_way = dict.fromkeys(
            ("domestic_two_way", "international_inbound", "international_outbound"),
            True,
        )
        self.numbers[number] = {
            "record_type": "messaging_settings",
            "id": str(1293384261075731499 + len(self.numbers)),
            "phone_number": number,
            "messaging_profile_id": profile_id,
            "country_code": "US",
            "type": "longcode",
            "features": {"sms": two_way, "mms": None},
            **shown,
        }

    def add_profile(self, profile_id, **shown):
        """Add a messaging profile to the account."""
        self.profiles[profile_id] = {
            "record_type": "messaging_profile",
            "id": profile_id,
            "name": "Loopback",
            "enabled": True,
            "webhook_url": None,
            "webhook_failover_url": None,
            "webhook_api_version": "2",
            "number_pool_settings": None,
            "redaction_enabled": False,
            **shown,
        }

    def show(self, path, params):
        """Return the data for a GET, None if not found."""
        if path == NUMBERS_PATH:
            size, page = int(params["page[size]"]), int(params["page[number]"])
            return list(self.numbers.values())[(page - 1) * size : page * size]
        if path == OPT_OUTS_PATH:
            size, page = int(params["page[size]"]), int(params["page[number]"])
            wanted = params["filter[messaging_profile_id]"]
            found = [it for it in self.opt_outs if it["messaging_profile_id"] == wanted]
            shown = found[(page - 1) * size : page * size]
            is_shown = params.get("redaction_enabled") == "false"
            return shown if is_shown else [{**it, "to": "+1*****"} for it in shown]
        found = PROFILE_PATH.match(path)
        return self.profiles.get(found[1]) if found else None

    def change(self, path, values):
        """Apply a PATCH and return the changed data, None if not found."""
        found = PROFILE_PATH.match(path)
        if not found or found[1] not in self.profiles:
            return None
        self.profiles[found[1]].update(values)
        return self.profiles[found[1]]
