# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Check an account at Twilio, and set it up.

Accounts: https://www.twilio.com/docs/iam/api/account
Numbers: https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
Services: https://www.twilio.com/docs/messaging/api/service-resource
"""

from .account import CREDENTIALS, FINE, INBOUND, SENDERS, UNSURE, WRONG, Finding
from .base import LookupFailed
from .shared import judge_inbound, judge_numbers

#: Numbers of an account that are read, over several pages.
NUMBER_LIMIT = 1000


def check(provider, inbound_url):
    """Return what is right and wrong with an account; see ``Provider.check``."""
    findings = _check_credentials(provider)
    if any(finding.state != FINE for finding in findings):
        return tuple(findings)
    try:
        entered = [number for number, _country in provider.account["senders"]]
        if provider.account.get("messaging_service_sid"):
            findings += _check_service(provider, entered, inbound_url)
        else:
            findings += _check_numbers(provider, entered, inbound_url)
    except LookupFailed as error:
        findings.append(Finding(SENDERS, UNSURE, "no_answer", detail=str(error)))
    return tuple(findings)


def _check_credentials(provider):
    """Return findings about the token, and about the API key if it is set.

    Check the token even if a key is used for sending: Twilio signs with the token. A
    standard key may read the numbers but not the account.
    """
    account = provider.account
    sid = account["account_sid"]
    client = provider.api.make_client((sid, account["auth_token"]))
    try:
        shown = provider.api.ask(lambda it: it.api.v2010.accounts(sid).fetch(), client)
    except LookupFailed as error:
        return [_refusal(error, "token_refused")]
    if shown.status != "active":
        status = shown.status or ""
        return [Finding(CREDENTIALS, WRONG, "account_closed", detail=status)]
    what = "trial" if shown.type == "Trial" else "accepted"
    findings = [Finding(CREDENTIALS, FINE, what, detail=shown.friendly_name or "")]
    if account.get("api_key_sid"):
        try:
            provider.api.ask(lambda client: client.incoming_phone_numbers.list(limit=1))
        except LookupFailed as error:
            findings.append(_refusal(error, "key_refused"))
    return findings


def _refusal(error, what):
    is_bad_paste = isinstance(error.__cause__, UnicodeEncodeError)
    if error.status in (401, 403, 404) or is_bad_paste:
        return Finding(CREDENTIALS, WRONG, what)
    return Finding(CREDENTIALS, UNSURE, "no_answer", detail=str(error))


def _get_numbers(provider):
    """Return the account's numbers as Twilio lists them, by E.164."""
    shown = provider.api.ask(
        lambda client: client.incoming_phone_numbers.list(limit=NUMBER_LIMIT)
    )
    return {number.phone_number: number for number in shown if number.phone_number}


def _can_text(number):
    return bool((number.capabilities or {}).get("sms"))


def list_numbers(provider):
    """Return the account's numbers that can send texts (E.164)."""
    numbers = _get_numbers(provider)
    return tuple(sorted(it for it, number in numbers.items() if _can_text(number)))


def _check_numbers(provider, entered, inbound_url):
    def judge(own, number):
        webhook = _check_webhook(own, number, inbound_url)
        return [Finding(SENDERS, FINE, "owned", own), webhook]

    return judge_numbers(entered, _get_numbers(provider), _can_text, judge)


def _check_webhook(sender, number, inbound_url):
    if number.sms_application_sid:
        return Finding(INBOUND, WRONG, "application", sender)
    return _compare(sender, number.sms_url, number.sms_method, inbound_url)


def _compare(sender, url, method, inbound_url):
    finding = judge_inbound(sender, url, inbound_url)
    if finding.state == FINE and method != "POST":
        return Finding(INBOUND, WRONG, "not_post", sender)
    return finding


def _check_service(provider, entered, inbound_url):
    """Return findings about the Messaging Service, the numbers in it and the others."""
    sid = provider.account["messaging_service_sid"]
    try:
        service = provider.api.ask(lambda it: it.messaging.v1.services(sid).fetch())
    except LookupFailed as error:
        if error.status == 404:
            return [Finding(SENDERS, WRONG, "not_owned", sid)]
        raise
    shown = provider.api.ask(
        lambda it: it.messaging.v1.services(sid).phone_numbers.list(limit=NUMBER_LIMIT)
    )
    pool = [number.phone_number for number in shown if number.phone_number]
    if not pool:
        return [Finding(SENDERS, WRONG, "service_empty", sid)]
    findings = [Finding(SENDERS, FINE, "owned", sid, detail=", ".join(pool[:5]))]
    # Texts to a number outside the service, such as a team's, come by its own webhook.
    if others := [it for it in entered if it.startswith("+") and it not in pool]:
        findings += _check_numbers(provider, others, inbound_url)
    if not service.use_inbound_webhook_on_number:
        url, method = service.inbound_request_url, service.inbound_method
        return [*findings, _compare(sid, url, method, inbound_url)]
    numbers = _get_numbers(provider)
    return findings + [
        _check_webhook(own, numbers[own], inbound_url) for own in pool if own in numbers
    ]


def set_inbound_url(provider, inbound_url):
    """Set our URL on the Messaging Service and on each sending number."""
    sid = provider.account.get("messaging_service_sid")
    if sid:
        values = {"inbound_request_url": inbound_url, "inbound_method": "POST"}
        values["use_inbound_webhook_on_number"] = False
        provider.api.ask(lambda it: it.messaging.v1.services(sid).update(**values))
    numbers = _get_numbers(provider)
    for own, _country in provider.account["senders"]:
        if own in numbers:
            _set_number_url(provider, numbers[own], inbound_url)


def _set_number_url(provider, number, inbound_url):
    values = {"sms_url": inbound_url, "sms_method": "POST"}
    if number.sms_application_sid:
        values["sms_application_sid"] = ""  # it would take precedence over the URL
    provider.api.ask(lambda it: it.incoming_phone_numbers(number.sid).update(**values))
