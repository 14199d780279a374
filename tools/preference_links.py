# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The address of a customer's own page, as everybody but the customer sees it.

Who opens it speaks for the customer. So what is stored of a text, and shown to us, has
a blank for the key; the key stands in what the carrier is given, and nowhere else. The
blank takes as much room as the key, and is in GSM-7: the segments are the same.
"""

import re

SHORT_PATH = "/sms/p/"
PAGE_PATH = "/sms/preferences/"
#: 62 letters and digits, 95 bits: nobody guesses one.
KEY_LENGTH = 16
MASK = "_" * KEY_LENGTH

_KEY = re.compile(
    rf"({re.escape(SHORT_PATH)})[A-Za-z0-9]{{{KEY_LENGTH}}}(?![A-Za-z0-9])"
    rf"|({re.escape(PAGE_PATH)})[\w=-]{{20,}}"
)
#: A whole masked address. Nothing but a bracket or a quote may stand before it: else
#: the key would become a part of an address that somebody else has chosen.
_MASKED = re.compile(
    rf"(?<!\S)([(\[<\"'“«]?)https?://\S*?{re.escape(SHORT_PATH + MASK)}(?!\w)"
)


def hide(text):
    """Return a text with blanks for the keys and tokens of customers' pages.

    :param str text: may be empty
    :rtype: str
    """
    if not text or "/sms/p" not in text:
        return text
    return _KEY.sub(lambda match: (match[1] or match[2]) + MASK, text)


def is_masked(text):
    """Tell if a text has an address in it that its reader is to get in full."""
    return bool(text) and MASK in text and bool(_MASKED.search(text))


def reveal(text, url):
    """Return a text as its reader gets it.

    The whole address is replaced, its host too: the key goes to our own page, whatever
    somebody has written around the blank.

    :param str text: as it is stored
    :param str url: the reader's own address
    :rtype: str
    """
    return _MASKED.sub(lambda match: match[1] + url, text)
