# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A carrier for measurements: takes every message, and answers after a while.

A process of its own, with one event loop, so that it is never what is waited for. It
speaks as much HTTP as the clients of the benchmark do. Prints its port, then serves:

- ``POST …/Messages.json``: 201 as Twilio answers, after ``--latency`` seconds;
- ``GET /stats``: the times (``time.time()``) at which messages came; ``?reset`` also
  forgets them.
"""

import argparse
import asyncio
import itertools
import json
import time
from functools import partial

ids = itertools.count(1)
times = []


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
    made = "Wed, 25 Nov 2026 12:00:00 +0000"
    message = {"sid": sid, "status": "queued", "error_code": None}
    return respond(201, {**message, "date_created": made, "date_updated": made})


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
                writer.write(respond(200, times))
                if "reset" in first:
                    times.clear()
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
