# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Report opt-outs to Twilio, and read which numbers were deactivated.

Consent Management API: a pilot; with the Compliance Toolkit, or on request
https://www.twilio.com/docs/messaging/features/consent-api
https://twilio.com/docs/messaging/features/bulk-upsert-consents-api
Deactivations: numbers of the US, a report for each day
https://www.twilio.com/docs/messaging/api/deactivations-resource
https://support.twilio.com/hc/en-us/articles/360042744973-Handling-Deactivated-Phone-Numbers

Twilio does not list its opted-out numbers; it refuses texts to them (21610).
"""

import re
from itertools import batched
from uuid import UUID, uuid5

from ..tools.texts import by_word
from . import shared
from .base import LookupFailed
from .media import MediaFailed
from .opt_outs import NotOffered

#: Consents per request, Twilio's maximum; it accepts 100 requests a minute.
BATCH_SIZE = 25
#: Twilio's word for each method of the ledger.
SOURCES = by_word({"website": "web", "offline": "paper in_person phone written"})
#: Maximum size of a day's report in bytes; enough for millions of numbers.
REPORT_LIMIT = 64 * 1024 * 1024
#: Seconds that its download may take.
REPORT_DEADLINE = 120
#: A line of a report: a US number, with or without the country code.
_LINE = re.compile(r"\+?1?(\d{10})")


def tell(provider, opt_outs):
    """Report who opted out, or back in, for each sender of the account.

    See ``Provider.tell_opt_outs``.
    """
    keys, items = {}, []
    for opt_out in opt_outs:
        for sender in provider.senders():
            item = _prepare(opt_out, sender.address)
            keys[item["correlation_id"]] = opt_out.key
            items.append(item)
    refused = {}
    for batch in batched(items, BATCH_SIZE):
        for result in _post(provider, list(batch)):
            if result.get("error_code"):
                words = "; ".join(map(str, result.get("error_messages") or ()))
                refused[keys.get(result.get("correlation_id"))] = words
    refused.pop(None, None)
    return refused


def _prepare(opt_out, sender):
    back = ("opt-in", "opt-in-message")
    status, by_text = back if opt_out.is_back else ("opt-out", "opt-out-message")
    source = by_text if opt_out.method == "keyword" else SOURCES.get(opt_out.method)
    return {
        "contact_id": opt_out.number,
        # The same for each attempt, but different for each sender.
        "correlation_id": uuid5(UUID(hex=opt_out.key), sender).hex,
        "sender_id": sender,
        "status": status,
        "source": source or "others",
        "date_of_consent": opt_out.said_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _post(provider, items):
    """Post a batch of consents, and return Twilio's result for each."""
    try:
        answer = provider.api.ask(
            lambda client: client.accounts.v1.bulk_consents.create(items=items)
        )
    except LookupFailed as error:
        if error.status in (403, 404):
            raise NotOffered(str(error)) from error
        raise
    return [it for it in answer.items or () if isinstance(it, dict)]


def list_deactivated(provider, day):
    """Return the numbers of a day's report (E.164), None if there is none yet.

    Twilio redirects to a URL on another host that is valid for two minutes.
    """
    try:
        found = provider.api.ask(
            lambda client: client.messaging.v1.deactivations().fetch(date=day)
        )
    except LookupFailed as error:
        if error.status == 404:
            return None
        raise
    try:
        limits = {"limit": REPORT_LIMIT, "deadline": REPORT_DEADLINE, "any_type": True}
        report = shared.fetch_media(provider.account, found.redirect_to, **limits)
    except MediaFailed as error:
        raise LookupFailed(error.fault) from error
    lines = report.data.decode("ascii", "replace").split()
    found = map(_LINE.fullmatch, lines)
    return [f"+1{match[1]}" for match in found if match]
