# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A carrier for measurements: takes every message, and answers after a delay.

A process of its own, with one event loop, so that it is never the bottleneck. It speaks
just as much HTTP as the clients of the benchmark need. Prints its port, then serves:

- ``POST …/Messages.json``: 201 as Twilio answers, after ``--latency`` seconds;
- ``GET …/Messages.json``: a page of the messages that ``GET /fill?<count>`` has made,
  newest first; one in a hundred went to a landline and one was filtered. Without
  ``/fill``, a page of the messages taken, within the requested times;
- ``GET /lists?reset``: the times at which pages were requested;
- ``GET /stats``: the times (``time.time()``) at which messages came; ``?reset`` also
  forgets them; ``GET /count``: how many there are;
- ``GET /arrivals?<number>``: the times of the messages to a number.

With ``--server`` it posts two delivery reports on each message that came with a
callback address, to that server, signed with ``--token``.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import time
from bisect import bisect_left
from collections import defaultdict
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from operator import itemgetter
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from twilio.request_validator import RequestValidator

ids = itertools.count(1)
times, lists, taken = [], [], []
when = itemgetter(0)
arrivals = defaultdict(list)
filled = 0
DATES = ("date_created", "date_updated", "date_sent")
MADE = format_datetime(datetime.now(UTC))
#: Seconds between a message and its first report, and between its reports.
REPORT_AFTER = 1.0
#: Reports posted at the same time: a carrier limits its connections to one customer.
AT_ONCE = 8
#: Status and error code of those in a hundred that failed, by their position.
FAILED = {7: ("undelivered", 30006), 77: ("undelivered", 30007)}


def respond(status, body):
    """Return an HTTP response with a JSON body, as bytes."""
    data = json.dumps(body).encode()
    return (
        f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    ).encode() + data


def take(form):
    """Take a message; return its id."""
    sid = f"SM{time.time_ns() % 16**16:016x}{next(ids):016x}"
    taken.append((datetime.now(UTC), sid, form.get("To"), form.get("Body")))
    return sid


def respond_taken(sid):
    """Return the answer to a new message."""
    message = {"sid": sid, "status": "queued", "error_code": None}
    return respond(201, {**message, "date_created": MADE, "date_updated": MADE})


def show_taken(made, sid, number, body):
    """Return a taken message as it appears in the list."""
    is_new = (datetime.now(UTC) - made).total_seconds() < REPORT_AFTER
    shown = dict.fromkeys(DATES, format_datetime(made))
    shown |= {"sid": sid, "to": number, "body": body, "error_code": None}
    return {**show(0), **shown, "status": "sent" if is_new else "delivered"}


def find_taken(asked):
    """Return where in ``taken`` the messages of the requested times begin and end."""
    limits = asked.get("DateSent>", "0001-01-01"), asked.get("DateSent<", "9999-01-01")
    return [
        bisect_left(taken, datetime.fromisoformat(limit).replace(tzinfo=UTC), key=when)
        for limit in limits
    ]


def show(index):
    """Return the ``index``-th made message as it appears in the list."""
    status, code = FAILED.get(index % 100, ("delivered", None))
    sid = f"SM{index:032x}"
    return {
        "sid": sid,
        "status": status,
        "error_code": code,
        "error_message": None,
        "body": f"Hello {index}, our office is closed. Reply STOP to opt out.",
        "to": f"+1303{index:07d}",
        "from": "+13035550100",
        "direction": "outbound-api",
        "num_segments": "1",
        "num_media": "0",
        "price": "-0.00790",
        "price_unit": "USD",
        **dict.fromkeys(DATES, MADE),
        "messaging_service_sid": None,
        "api_version": "2010-04-01",
        "uri": f"/2010-04-01/Accounts/AC0/Messages/{sid}.json",
        "subresource_uris": {"media": f"/2010-04-01/Messages/{sid}/Media.json"},
    }


def list_page(url):
    """Return a page of the list."""
    lists.append(time.time())
    asked = dict(parse_qsl(url.query))
    size, page = int(asked["PageSize"]), int(asked.get("Page", 0))
    begin, end = (0, filled) if filled else find_taken(asked)
    end -= page * size
    rows = range(end - 1, max(end - size, begin) - 1, -1)
    shown = [show(row) if filled else show_taken(*taken[row]) for row in rows]
    following = f"{url.path}?{urlencode({**asked, 'Page': page + 1})}"
    next_uri = following if end - size > begin else None
    return {"messages": shown, "page_size": size, "next_page_uri": next_uri}


def answer(target):
    """Return the response to a GET request."""
    global filled  # the only setting made by a request
    url = urlsplit(target)
    found = times
    if url.path.endswith("/Messages.json"):
        return respond(200, list_page(url))
    if url.path == "/fill":
        filled = int(url.query)
    elif url.path == "/arrivals":
        return respond(200, arrivals[unquote(url.query)])
    elif url.path == "/lists":
        found = lists
    elif url.path == "/count":
        return respond(200, len(times))
    data = respond(200, found)
    if url.query == "reset":
        found.clear()
    return data


class Reporter:
    """Posts delivery reports as a carrier does, up to :data:`AT_ONCE` in parallel.

    :param str server: address that they are posted to; of the callback address given
        with a message only the path is used
    :param str token: auth token with which they are signed
    """

    def __init__(self, server, token):
        self._server, self._validator = urlsplit(server), RequestValidator(token)
        self._free = asyncio.Semaphore(AT_ONCE)
        self._tasks = set()

    def report(self, url, sid):
        """Schedule the reports on a message."""
        task = asyncio.create_task(self._report(url, sid))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _report(self, url, sid):
        for status in ("sent", "delivered"):
            await asyncio.sleep(REPORT_AFTER)
            async with self._free:
                await self._post(url, {"MessageSid": sid, "MessageStatus": status})

    async def _post(self, url, form):
        address = self._server.hostname, self._server.port
        try:
            reader, writer = await asyncio.open_connection(*address)
        except OSError:
            return
        body = "&".join(f"{name}={value}" for name, value in form.items())
        signature = self._validator.compute_signature(url, form)
        writer.write(
            f"POST {urlsplit(url).path} HTTP/1.0\r\nHost: {address[0]}\r\n"
            f"X-Twilio-Signature: {signature}\r\nContent-Length: {len(body)}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
            f"{body}".encode()
        )
        with contextlib.suppress(OSError):
            await reader.read()
        writer.close()


async def serve(reader, writer, latency, reporter):
    """Answer the requests of one connection, one after the other."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            body = b""
            for line in lines:
                name, _, value = line.partition(":")
                if name.lower() == "content-length":
                    body = await reader.readexactly(int(value))
            if first.startswith("POST"):
                form = dict(parse_qsl(body.decode()))
                times.append(time.time())
                arrivals[form.get("To")].append(times[-1])
                sid = take(form)
                await asyncio.sleep(latency)
                writer.write(respond_taken(sid))
                if reporter and "StatusCallback" in form:
                    reporter.report(form["StatusCallback"], sid)
            else:
                writer.write(answer(first.split(" ")[1]))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main():
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--latency", type=float, default=0.1)
    parser.add_argument("--server", help="address of Odoo, for delivery reports")
    parser.add_argument("--token", default="", help="with which they are signed")
    options = parser.parse_args()
    reporter = Reporter(options.server, options.token) if options.server else None
    talk = partial(serve, latency=options.latency, reporter=reporter)
    server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
