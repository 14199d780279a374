# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Check an account at Telnyx, and set it up.

Incoming texts are posted to the URL of the messaging profile that has their number.

Numbers: https://developers.telnyx.com/api-reference/number-settings/list-phone-numbers-with-messaging-settings
Profiles: https://developers.telnyx.com/api-reference/profiles/update-a-messaging-profile
"""

import base64

from requests.exceptions import InvalidHeader, RequestException

from .account import CREDENTIALS, FINE, INBOUND, SENDERS, UNSURE, WRONG, Finding
from .base import LookupFailed
from .shared import judge_inbound, judge_numbers
from .telnyx_words import as_dict, as_text

NUMBERS_PATH = "/v2/phone_numbers/messaging"
PROFILE_PATH = "/v2/messaging_profiles/{}"
#: Key of the messaging profile that a number or an account sends with.
PROFILE = "messaging_profile_id"
#: Pages of an account's numbers that are read.
PAGE_LIMIT = 4
#: The version of the events that we parse.
WEBHOOK_VERSION = "2"
#: Bytes of a public key (Ed25519).
KEY_SIZE = 32


def check(provider, inbound_url):
    """Return what is right and wrong with an account; see ``Provider.check``."""
    try:
        numbers = _get_numbers(provider)
    except LookupFailed as error:
        return (_refusal(error),)
    if not _is_key(provider.account.get("public_key")):
        return (Finding(CREDENTIALS, WRONG, "public_key_malformed"),)
    findings = [Finding(CREDENTIALS, FINE, "accepted")]
    try:
        profile_id = provider.account.get(PROFILE)
        own = _get_own(provider)
        if profile_id:
            findings += _check_pool(provider, profile_id, numbers, inbound_url)
        if own or not profile_id:
            findings += _check_numbers(provider, own, numbers, inbound_url)
    except LookupFailed as error:
        findings.append(Finding(SENDERS, UNSURE, "no_answer", detail=str(error)))
    return tuple(findings)


def _refusal(error):
    # ``requests`` or ``http.client`` refuses a bad paste, which no header can hold.
    cause = error.__cause__
    is_bad_paste = isinstance(cause, InvalidHeader)
    is_bad_paste |= isinstance(cause, ValueError) and not isinstance(
        cause, RequestException
    )
    if error.status in (401, 403) or is_bad_paste:
        return Finding(CREDENTIALS, WRONG, "api_key_refused")
    return Finding(CREDENTIALS, UNSURE, "no_answer", detail=str(error))


def _is_key(value):
    """Tell whether a public key is well-formed; Telnyx does not show the right one."""
    try:
        return len(base64.b64decode(value, validate=True)) == KEY_SIZE
    except (TypeError, ValueError):
        return False


def _get_own(provider):
    """Return the senders set in Odoo: E.164, short codes or names."""
    return [number for number, _country in provider.account.get("senders") or ()]


def _get_numbers(provider):
    """Return the account's numbers as Telnyx lists them, by E.164."""
    numbers = {}
    for rows in provider.api.list_pages(NUMBERS_PATH, PAGE_LIMIT):
        numbers.update((as_text(row.get("phone_number")), row) for row in rows)
    numbers.pop("", None)
    return numbers


def _get_profile(provider, profile_id):
    try:
        return as_dict(provider.api.ask(PROFILE_PATH.format(profile_id)))
    except LookupFailed as error:
        # 422: not an id at all.
        if error.status in (404, 422):
            return None
        raise


def _can_text(number):
    """Tell whether a number can send texts, to its own country or to others."""
    ways = as_dict(as_dict(number.get("features")).get("sms"))
    return bool(ways.get("domestic_two_way") or ways.get("international_outbound"))


def list_numbers(provider):
    """Return the account's numbers that can send texts (E.164)."""
    numbers = _get_numbers(provider)
    ready = (it for it, row in numbers.items() if _can_text(row) and row.get(PROFILE))
    return tuple(sorted(ready))


def _check_numbers(provider, own, numbers, inbound_url):
    profiles = {}

    def judge(sender, number):
        profile_id = as_text(number.get(PROFILE))
        if not profile_id:
            return [Finding(SENDERS, WRONG, "no_profile", sender)]
        if profile_id not in profiles:
            profiles[profile_id] = _get_profile(provider, profile_id) or {}
        webhook = _check_webhook(sender, profiles[profile_id], inbound_url)
        return [Finding(SENDERS, FINE, "owned", sender), webhook]

    return judge_numbers(own, numbers, _can_text, judge)


def _check_pool(provider, profile_id, numbers, inbound_url):
    """Return findings about the profile whose number pool is the sender."""
    profile = _get_profile(provider, profile_id)
    if profile is None:
        return [Finding(SENDERS, WRONG, "not_owned", profile_id)]
    if profile.get("enabled") is False:
        return [Finding(SENDERS, WRONG, "profile_off", profile_id)]
    if not profile.get("number_pool_settings"):
        return [Finding(SENDERS, WRONG, "pool_off", profile_id)]
    pool = sorted(it for it, row in numbers.items() if row.get(PROFILE) == profile_id)
    if not pool:
        return [Finding(SENDERS, WRONG, "profile_empty", profile_id)]
    return [
        Finding(SENDERS, FINE, "owned", profile_id, detail=", ".join(pool[:5])),
        _check_webhook(profile_id, profile, inbound_url),
    ]


def _check_webhook(sender, profile, inbound_url):
    finding = judge_inbound(sender, as_text(profile.get("webhook_url")), inbound_url)
    version = as_text(profile.get("webhook_api_version"))
    if finding.state == FINE and version != WEBHOOK_VERSION:
        return Finding(INBOUND, WRONG, "old_version", sender)
    return finding


def get_profile_ids(provider):
    """Return the ids of the sending profiles, in order."""
    numbers = _get_numbers(provider)
    senders = [provider.account, *(numbers.get(it, {}) for it in _get_own(provider))]
    return sorted(filter(None, {sender.get(PROFILE) for sender in senders}))


def set_inbound_url(provider, inbound_url):
    """Set our URL on the profile of the pool, and on those of the numbers."""
    profile_ids = get_profile_ids(provider)
    if not profile_ids:
        raise LookupFailed("no messaging profile")
    values = {"webhook_url": inbound_url, "webhook_api_version": WEBHOOK_VERSION}
    for profile_id in profile_ids:
        provider.api.ask(PROFILE_PATH.format(profile_id), "PATCH", json=values)
