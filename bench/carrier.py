# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A carrier for measurements: takes every message, and answers after a while.

A process of its own, with one event loop, so that it is never what is waited for. It
speaks as much HTTP as the clients of the benchmark do. Prints its port, then serves:

- ``POST …/Messages.json``: 201 as Twilio answers, after ``--latency`` seconds;
- ``GET …/Messages.json``: a page of as many messages as ``GET /fill?<count>`` has made,
  the newest first; of a hundred one is a landline's and one was filtered;
- ``GET /lists?reset``: how many pages were asked for;
- ``GET /stats``: the times (``time.time()``) at which messages came; ``?reset`` also
  forgets them.
"""

import argparse
import asyncio
import itertools
import json
import time
from functools import partial
from urllib.parse import parse_qsl, urlencode, urlsplit

ids = itertools.count(1)
times, lists = [], []
filled = 0
MADE = "Wed, 25 Nov 2026 12:00:00 +0000"
#: What became of some of a hundred: status and error code.
FAILED = {7: ("undelivered", 30006), 77: ("undelivered", 30007)}


def respond(status, body):
    """Return an answer as bytes."""
    data = json.dumps(body).encode()
    return (
        f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    ).encode() + data


def take():
    """Return the answer to a new message."""
    number = next(ids)
    sid = f"SM{time.time_ns() % 16**16:016x}{number:016x}"
    message = {"sid": sid, "status": "queued", "error_code": None}
    return respond(201, {**message, "date_created": MADE, "date_updated": MADE})


def show(index):
    """Return a message of the list."""
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
        "date_created": MADE,
        "date_updated": MADE,
        "date_sent": MADE,
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
    end = filled - page * size
    shown = [show(index) for index in range(end - 1, max(end - size, 0) - 1, -1)]
    following = f"{url.path}?{urlencode({**asked, 'Page': page + 1})}"
    next_uri = following if end > size else None
    return {"messages": shown, "page_size": size, "next_page_uri": next_uri}


def answer(target):
    """Return the answer to a question."""
    global filled  # the only thing that it is told
    url = urlsplit(target)
    found = times
    if url.path.endswith("/Messages.json"):
        return respond(200, list_page(url))
    if url.path == "/fill":
        filled = int(url.query)
    elif url.path == "/lists":
        found = lists
    data = respond(200, found)
    if url.query == "reset":
        found.clear()
    return data


async def serve(reader, writer, latency):
    """Answer the requests of one connection, one after the other."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            for line in lines:
                name, _, value = line.partition(":")
                if name.lower() == "content-length":
                    await reader.readexactly(int(value))
            if first.startswith("POST"):
                times.append(time.time())
                await asyncio.sleep(latency)
                writer.write(take())
            else:
                writer.write(answer(first.split(" ")[1]))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main():
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--latency", type=float, default=0.1)
    latency = parser.parse_args().latency
    answer = partial(serve, latency=latency)
    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
