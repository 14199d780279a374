# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Handing a text over to Telnyx.

https://developers.telnyx.com/api-reference/messages/send-a-message
"""

from requests.exceptions import RequestException

from .outbound import ACCEPTED, UNKNOWN, Outcome
from .shared import outcome_of_bad_paste, outcome_of_failure, outcome_of_refusal
from .telnyx_api import is_success, read_error
from .telnyx_words import CODES, REPORTS, as_dict, as_text, fault_of_status, first_of


def send(provider, message):
    """Post one message; every failure is sorted by what Telnyx may have done.

    With a key by which Telnyx knows a second post of it: what it has taken is not
    taken again. https://developers.telnyx.com/docs/development/api-fundamentals/idempotency
    """
    headers = {}
    # The addresses of media change with every attempt, and a key wants the same.
    if message.key and not message.media:
        headers["Idempotency-Key"] = message.key
    values = _fields_of(provider.account, message)
    try:
        response = provider.api.request(
            "POST", "/v2/messages", json=values, headers=headers
        )
        if not is_success(response):
            return _outcome_of_error(response)
        data = as_dict(as_dict(response.json()).get("data"))
    except UnicodeEncodeError:
        return outcome_of_bad_paste("sms_acc")
    except (RequestException, ValueError) as error:
        return outcome_of_failure(error)
    status = as_text(first_of(data.get("to")).get("status"))
    return Outcome(ACCEPTED, as_text(data.get("id")), REPORTS.get(status, UNKNOWN))


def _fields_of(account, message):
    """Return the body of Telnyx's call for a message."""
    profile = account.get("messaging_profile_id")
    values = {"to": message.number, "text": message.body}
    if message.sender == profile:
        values["messaging_profile_id"] = profile
    else:
        values["from"] = message.sender
    if message.media:
        values["media_urls"] = list(message.media)
    if message.callback:
        values.update(webhook_url=message.callback, use_profile_webhooks=False)
    return values


def _outcome_of_error(response):
    """Sort an error answer: surely refused, surely not taken, or unknown."""
    error = read_error(response)
    code = as_text(error.get("code"))
    words = as_text(error.get("detail")) or as_text(error.get("title"))
    status = response.status_code
    fault, failure_type = CODES.get(code) or fault_of_status(status)
    # 409: the first post is under way. A key that is known is one that was taken.
    is_known_key = status == 409 or "idempotency" in words.lower()
    is_sure = 400 <= status < 500 and status != 408 and not is_known_key
    return outcome_of_refusal(fault, failure_type, code, words, is_sure)
