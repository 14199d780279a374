# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Recognize texts that a phone or a carrier has written, not a person."""

import re

from .texts import fold

#: Characters of such a text: a longer one is a person's.
MAX_LENGTH = 320
#: What only machines write, in the four languages that ship.
_SIGNS = re.compile(
    "|".join(
        (
            # Phones whose owners drive or do not want to be disturbed.
            r"\b(?:do not disturb|focus) (?:while|turned|is|on|status)\b",
            r"\bdriving (?:mode|with do not)|\bsent (?:from my car|by android auto)",
            r"\bi(?: a|')?m driving (?:right now|and can(?:'?t|not)\b)",
            r"\bill get back to you when im (?:done|not) driving",
            r"\bestoy conduciendo con|\bmodo (?:conduccion|no molestar)",
            r"\bje conduis avec|\bmode (?:conduite|ne pas deranger)",
            r"\bne pas deranger (?:en voiture|au volant)",
            r"\bnicht storen beim fahren|\bfahrmodus",
            # Replies that somebody has set up.
            r"\bauto(?:matic|mated|matically)?[- ]?(?:reply|response|responder)\b",
            r"\bthis is an automat|\b(?:respuesta|mensaje) automatic[ao]",
            r"\b(?:reponse|message) automatique|\babwesenheits(?:notiz|nachricht)",
            r"\bautomatische (?:antwort|nachricht|sms)",
            # Carriers and numbers that take no texts.
            r"\bfree ?msg\b|\bmessage blocking is active",
            r"\bunable to (?:send|deliver|receive) (?:this )?(?:text|message|sms)",
            r"\b(?:does not|cannot) (?:accept|support|receive) (?:any )?(?:text|sms)",
            r"\b(?:mailbox|number) is not monitored|\bunterstutzt keine sms",
            r"\bno (?:acepta|admite|puede recibir) (?:mensajes de texto|sms)",
            r"\bn'?accepte pas (?:les )?(?:sms|messages)",
        )
    )
)


def is_automatic(text):
    """Tell if a phone ("I'm driving") or a carrier has written a text."""
    said = fold(text or "").replace("’", "'")
    return len(said) <= MAX_LENGTH and bool(_SIGNS.search(said))
