# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Texts with blanks such as ``{customer}``: filled for thousands of people at once."""

import re

_BLANK = re.compile(r"\{([^{}]*)\}")


def find_unknown(text, names):
    """Return the blanks of a text that are none of ``names``, in order, each once.

    :param str text: may be empty
    :param names: names of blanks
    :rtype: list[str]
    """
    found = (match.strip() for match in _BLANK.findall(text or ""))
    return list(dict.fromkeys(name for name in found if name not in names))


def fill(text, values):
    """Return a text with its blanks filled. What is filled in is not read again.

    :param str text: may be empty
    :param dict values: text by name of the blank
    """
    return _BLANK.sub(lambda match: values.get(match[1].strip(), match[0]), text or "")
