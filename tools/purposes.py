# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which purpose a message of any app has: the most specific rule decides.

A purpose decides which consent is asked for, so nothing that a client says may choose
one: what made a message is told by our own code alone (:class:`MessageSource`).
"""

from typing import NamedTuple

#: What a rule is about, the most specific first.
ACTION, TEMPLATE, MODEL = LEVELS = ("action", "template", "model")

#: The app whose messages mailings are, on whatever records.
MAILING_MODEL = "mailing.mailing"


class MessageSource(NamedTuple):
    """What made a message; our own code puts it into the context ``sms_source``.

    A client can send any text in a context, but none of this type.

    :param model_name: the model whose app made it, such as ``helpdesk.ticket``
    :param template_id: id of the ``sms.template`` that it was made out of, or 0
    :param action_id: id of the ``ir.actions.server`` that made it, or 0
    :param is_own_text: somebody has written another text over the template's
    :param automation_id: id of the ``sms.automation`` that made it, or 0
    :param is_urgent: it leaves before others
    """

    model_name: str = ""
    template_id: int = 0
    action_id: int = 0
    is_own_text: bool = False
    automation_id: int = 0
    is_urgent: bool = False


def find_purpose(rules, source, company_id):
    """Return the purpose of what a source makes in a company.

    A server action comes before a template, and that before a model; of two rules for
    the same the company's own comes before that for all companies. A template whose
    text was written over says nothing: anybody can choose one and write what they like.

    :param dict rules: purpose ids by ``(level, id or model, company id or False)``
    :param MessageSource source: what made the message
    :param int company_id: the message's company
    :return: a purpose's id, or None when no rule speaks of it
    """
    targets = {
        ACTION: source.action_id,
        TEMPLATE: 0 if source.is_own_text else source.template_id,
        MODEL: source.model_name,
    }
    keys = (
        (level, targets[level], of_company)
        for level in LEVELS
        if targets[level]
        for of_company in (company_id, False)
    )
    return next((rules[key] for key in keys if key in rules), None)
