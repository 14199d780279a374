# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Asking Twilio what it has of our texts, and what they cost.

https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
"""

from datetime import UTC, datetime, timedelta

from .outbound import read_price
from .shared import fold
from .twilio_words import read_found

#: Messages that a lookup reads, newest first: more than one person gets in minutes.
LOOKUP_LIMIT = 50
#: What Twilio writes before each text of an account on trial.
TRIAL = fold("Sent from your Twilio trial account - ")
#: Messages in a page of a list: the most that Twilio gives.
PAGE_SIZE = 1000


def find(provider, message, since, until):
    """List what Twilio has to this number, and pick what may be the message.

    By the number alone: Twilio's date filter is about the date of sending, which
    a message that still waits there does not have. Its words may not be ours any more:
    a Messaging Service rewrites typographic characters, an account on trial says so
    first, and one that keeps no words shows none.
    """
    listed = provider.api.ask(
        lambda client: client.messages.list(to=message.number, limit=LOOKUP_LIMIT)
    )
    found = [read_found(instance) for instance in listed]
    in_time = [
        one
        for one in found
        if one.created_at is None or since <= one.created_at <= until
    ]
    words = fold(message.body)
    same = [it for it in in_time if fold(it.body).removeprefix(TRIAL) == words]
    return same + [it for it in in_time if not it.body]


def fetch(provider, carrier_id):
    """Read what has become of one message."""
    fetched = provider.api.ask(lambda client: client.messages(carrier_id).fetch())
    return read_found(fetched).report


def list_prices(provider, day, sender):
    """List the day's messages, a thousand a page; Twilio prices them hours later."""
    begin = datetime.combine(day, datetime.min.time(), UTC)
    values = {
        "date_sent_after": begin,
        "date_sent_before": begin + timedelta(days=1),
        "page_size": PAGE_SIZE,
    }
    if sender:
        values["from_"] = sender
    page = provider.api.ask(lambda client: client.messages.page(**values))
    while page is not None:
        prices = {
            instance.sid: read_price(instance.price, instance.price_unit)
            for instance in page
        }
        yield {sid: price for sid, price in prices.items() if price}
        page = provider.api.ask(lambda _client, page=page: page.next_page())
