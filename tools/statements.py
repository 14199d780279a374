# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How other systems name things: when something was said, and how consent was given."""

import re
from datetime import datetime, timedelta, timezone

#: Clocks differ. What lies so little in the future was said now.
CLOCK_TOLERANCE = timedelta(minutes=2)

#: How consent can have been given elsewhere, and how others write that.
WAYS = {
    "web": ("web form", "website", "online", "form", "formulaire", "formulario"),
    "paper": ("signed paper", "written form", "papier", "papel", "signature"),
    "text": ("sms", "text message", "keyword", "texto"),
    "phone": ("call", "telephone", "phone call", "said on the phone", "téléphone"),
    "in_person": ("in person", "verbal", "face to face", "said in person"),
    "written": ("email", "e-mail", "letter", "e-mail or letter", "mail", "courrier"),
}


def parse_instant(text):
    """Return a moment in UTC, without zone, out of ISO 8601.

    :param str text: such as ``2026-11-25T10:18:00Z`` or ``2026-11-25 10:18:00+01:00``;
        without a zone it is UTC
    :rtype: datetime
    :raises ValueError: when it is none
    """
    if not isinstance(text, str) or not re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", text):
        raise ValueError(f"not a moment: {text!r}")
    moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    if moment.tzinfo:
        moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
    return moment.replace(microsecond=0)


def settle_clock(moment, now):
    """Return ``moment``, or ``now`` when it lies in the future by a clock's error."""
    return now if now < moment <= now + CLOCK_TOLERANCE else moment


def read_way(text):
    """Return the key of :data:`WAYS` that a text means, or None."""
    word = " ".join(str(text or "").casefold().replace("_", " ").split())
    return next(
        (
            way
            for way, others in WAYS.items()
            if word in (way.replace("_", " "), *others)
        ),
        None,
    )


def make_note(way, source, note=None):
    """Return what the evidence says of a consent that was given elsewhere."""
    lines = [f"How it was given: {way}" if way else "", f"Evidence: {source}"]
    return "\n".join(filter(None, [*(lines if source else lines[:1]), note]))
