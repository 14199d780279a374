# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Requirements of an A2P 10DLC registration, and which of them a packet fails.

Sources: Twilio's A2P campaign fields (description, message flow, samples, keyword
texts: https://www.twilio.com/docs/messaging/api/usapptoperson-resource) and CTIA's
Messaging Principles and Best Practices, section 5. US carriers block messages from an
unregistered long code.
"""

import re
from dataclasses import dataclass

from .advice import SHORTENERS
from .links import is_page

#: Field of a packet: minimum and maximum length in characters.
LENGTHS = {
    "description": (40, 4096),
    "opt_in_flow": (40, 2048),
    "opt_in_text": (20, 320),
    "opt_out_text": (20, 320),
    "help_text": (20, 320),
}
SAMPLE_LENGTHS = (20, 1024)
SAMPLE_COUNTS = (2, 5)
#: Maximum length of a list of keywords, joined by commas.
KEYWORDS_LENGTH = 255


@dataclass(frozen=True)
class Packet:
    """The contents of a registration as plain text; keywords are joined by commas."""

    company: str = ""
    description: str = ""
    opt_in_flow: str = ""
    samples: tuple = ()
    opt_in_keywords: str = ""
    opt_in_text: str = ""
    opt_out_keywords: str = ""
    opt_out_text: str = ""
    help_keywords: str = ""
    help_text: str = ""
    privacy_url: str = ""
    terms_url: str = ""


@dataclass(frozen=True)
class Problem:
    """A problem of a registration.

    :param what: ``short``, ``long``, ``few_samples``, ``many_samples``,
        ``sample_length``, ``sample_stop``, ``sample_shortener``, ``no_page``,
        ``no_keyword``, ``names_nobody``, ``not_said`` (what a text lacks)
    :param field: of the :class:`Packet`
    :param detail: a limit, the number of a sample, or the word that is missing
    """

    what: str
    field: str
    detail: str = ""


def get_problems(packet):
    """Return the problems that prevent a packet's registration."""
    return [
        *_check_lengths(packet),
        *_check_samples(packet),
        *_check_texts(packet),
        *_check_keywords(packet),
        *_check_pages(packet),
    ]


def _check_lengths(packet):
    for field, (shortest, longest) in LENGTHS.items():
        length = len(getattr(packet, field).strip())
        if length < shortest:
            yield Problem("short", field, str(shortest))
        elif length > longest:
            yield Problem("long", field, str(longest))


def _check_samples(packet):
    fewest, most = SAMPLE_COUNTS
    if len(packet.samples) < fewest:
        yield Problem("few_samples", "samples", str(fewest))
    elif len(packet.samples) > most:
        yield Problem("many_samples", "samples", str(most))
    for place, sample in enumerate(packet.samples, 1):
        if not SAMPLE_LENGTHS[0] <= len(sample) <= SAMPLE_LENGTHS[1]:
            yield Problem("sample_length", "samples", str(place))
        if not has_word(sample, "STOP"):
            yield Problem("sample_stop", "samples", str(place))
        if SHORTENERS.search(sample):
            yield Problem("sample_shortener", "samples", str(place))
    if packet.samples and not any(packet.company in it for it in packet.samples):
        yield Problem("names_nobody", "samples")


def _check_texts(packet):
    """Check that replies name the company, and opt-ins how to opt out and get help."""
    for field in ("opt_in_text", "opt_out_text", "help_text"):
        if packet.company not in getattr(packet, field):
            yield Problem("names_nobody", field)
    for word in ("STOP", "HELP"):
        if not has_word(packet.opt_in_text, word):
            yield Problem("not_said", "opt_in_text", word)
    if not has_word(packet.help_text, "STOP"):
        yield Problem("not_said", "help_text", "STOP")


def _check_keywords(packet):
    for field in ("opt_in_keywords", "opt_out_keywords", "help_keywords"):
        words = getattr(packet, field)
        if not words:
            yield Problem("no_keyword", field)
        elif len(words) > KEYWORDS_LENGTH:
            yield Problem("long", field, str(KEYWORDS_LENGTH))


def _check_pages(packet):
    for field in ("privacy_url", "terms_url"):
        if not is_page(getattr(packet, field)):
            yield Problem("no_page", field)


def list_keywords(*groups):
    """Return keywords as a registration lists them: carriers know single words only.

    :param groups: collections of words, in the order of the list
    :return: joined by commas
    """
    return ",".join(it for group in groups for it in sorted(group) if " " not in it)


def has_word(text, word):
    """Tell if a text contains a keyword, in capitals."""
    return re.search(rf"\b{word}\b", text) is not None


def has_link(texts):
    """Tell if any of the texts contains a link."""
    return any(re.search(r"https?://|\[[^\]]*\blink\b", text) for text in texts)


def has_phone(texts):
    """Tell if any of the texts contains a phone number."""
    return any(re.search(r"\+?\d[\d\s().-]{6,}\d", text) for text in texts)


def show_placeholders(body, words):
    """Return a template's source as a sample, with its placeholders in brackets.

    Carriers require ``[name]`` where a text differs from person to person.

    :param str body: contains ``{{ expression }}``
    :param dict words: names of placeholders, by expression
    """

    def show(match):
        """Return the name of a placeholder, in brackets."""
        expression = match[1].strip()
        name = words.get(expression) or _name_of(expression)
        return f"[{name.replace('_', ' ').lower()}]"

    return re.sub(r"\{\{(.+?)\}\}", show, body or "", flags=re.DOTALL)


def _name_of(expression):
    path = expression.partition(" or ")[0].split(".")
    if len(path) > 2 and path[-1] == "name":
        path.pop()
    return path[-1].strip().removesuffix("_id")
