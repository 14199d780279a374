# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which kinds of proof of a consent there are, and which of them a purpose accepts.

For offers, 47 CFR 64.1200(a)(2) and (f)(9) ask for prior express written consent: a
signed agreement. By the E-SIGN Act (15 U.S.C. 7001) a web form, a text message and an
e-mail are in writing; what was said on the phone or in person is not.
"""

WEB, TEXT, PAPER, WRITTEN, SPOKEN = KINDS = (
    "web",
    "text",
    "paper",
    "written",
    "spoken",
)

#: The kind of what was said in a way, as the ledger or other systems name it.
KIND_OF = {
    "web": WEB,
    "keyword": TEXT,
    "text": TEXT,
    "paper": PAPER,
    "written": WRITTEN,
    "phone": SPOKEN,
    "in_person": SPOKEN,
}


def is_accepted(way, accepted):
    """Tell if a consent that was given in a way is a proof that a purpose accepts.

    What an import or another system has entered was judged when it came, by the way in
    which it was given there.

    :param str way: a method of the ledger, or one of ``statements.WAYS``
    :param accepted: those of :data:`KINDS` that the purpose accepts
    :rtype: bool
    """
    kind = KIND_OF.get(way)
    return kind is None or kind in accepted
