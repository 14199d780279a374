# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a call to action must say, and which of it a wording lacks.

Source: CTIA Messaging Principles and Best Practices, section 5.1.1 (calls to action):
the program, the message frequency, the rates, how to stop, how to get help, the
privacy policy and the terms.
"""

import re

#: Element: what shows that a wording has it, in English, Spanish, French, German.
ELEMENTS = {
    "program": r"\{company\}|\{program\}",
    "frequency": r"frequen|frecuencia|fréquence|häufigkeit|\bmsgs?/|varies|one message"
    r"|messages? (a|per) |per (day|week|month)|al mes|par mois|pro monat",
    "rates": r"\brates?\b|\btarifas?\b|\bfrais\b|\btarifs?\b|\bkosten\b|\bgebühren\b",
    "STOP": r"\bSTOP\b",
    "HELP": r"\bHELP\b",
    "privacy policy": r"\{privacy\}",
    "terms": r"\{terms\}",
}

#: Case matters for the words that a person is to text.
EXACT = ("STOP", "HELP")


def missing_elements(body):
    """Return what a wording lacks of what a call to action must say.

    :param str body: the wording with its placeholders ({company}, {privacy}, {terms})
    :return: keys of :data:`ELEMENTS`, in their order
    :rtype: list[str]
    """
    return [
        element
        for element, pattern in ELEMENTS.items()
        if not re.search(pattern, body or "", 0 if element in EXACT else re.IGNORECASE)
    ]
