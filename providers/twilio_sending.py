# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Handing a text over to Twilio.

https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
"""

import json

from requests.exceptions import RequestException
from twilio.base.exceptions import TwilioException

from .outbound import ACCEPTED, UNKNOWN, Outcome
from .shared import outcome_of_bad_paste, outcome_of_failure, outcome_of_refusal
from .twilio_words import CODES, REPORTS, fault_of_status


def send(provider, message):
    """Post one message; every failure is sorted by what Twilio may have done.

    Twilio knows no idempotency key for this call, so an attempt whose outcome
    nobody can tell is ``unknown`` and must never be posted again blindly.
    """
    try:
        client = provider.api.get_client()
        created = client.messages.create(**fields_of(provider.account, message))
    except TwilioException as error:
        return _outcome_of_error(error)
    except UnicodeEncodeError:
        return outcome_of_bad_paste("twilio_authentication")
    except (RequestException, json.JSONDecodeError) as error:
        return outcome_of_failure(error)
    report = REPORTS.get(created.status, UNKNOWN)
    return Outcome(ACCEPTED, carrier_id=created.sid or "", report=report)


def fields_of(account, message):
    """Return the arguments of Twilio's call for a message.

    :param dict account: as in ``TwilioProvider``
    """
    values = {"to": message.number, "body": message.body}
    if message.media:
        values["media_url"] = list(message.media)
    if message.callback:
        values["status_callback"] = message.callback
    service = account.get("messaging_service_sid")
    # A number of the service sends as one: with its opt-outs and its settings.
    if service:
        values["messaging_service_sid"] = service
    if message.sender and message.sender != service:
        values["from_"] = message.sender
    return values


def _outcome_of_error(error):
    """Sort an error answer: surely refused, surely not taken, or unknown."""
    status = getattr(error, "status", None) or 0
    code = str(getattr(error, "code", None) or "")
    # The SDK's text repeats the address with the account in it: keep the words.
    words = str(getattr(error, "msg", "") or getattr(error, "title", ""))
    fault, failure_type = CODES.get(code) or fault_of_status(status)
    is_sure = 400 <= status < 500 and status != 408
    return outcome_of_refusal(fault, failure_type, code, words, is_sure)
