# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Our vocabulary for incoming texts."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Media:
    """A picture or a file of an incoming text, stored at the carrier.

    :param content_type: claimed by the sender's phone; trust the bytes instead
    """

    url: str
    content_type: str = ""


@dataclass(frozen=True)
class InboundEvent:
    """One incoming text.

    :param provider: code of the adapter that parsed it
    :param carrier_id: unique id of the event within the company
    :param number: the sender as the carrier writes it, usually E.164; may be empty
    :param opt_out_type: ``STOP``, ``START`` or ``HELP`` if the carrier has replied
    :param service: the carrier's id of the service that ``to_number`` belongs to
    :param media: tuple of :class:`Media`
    :param raw: every field as received, for the record
    """

    provider: str
    carrier_id: str
    number: str
    to_number: str
    body: str
    opt_out_type: str = ""
    service: str = ""
    media: tuple = ()
    raw: dict = field(default_factory=dict)
