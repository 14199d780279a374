# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A text that came in, in our words."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Media:
    """A picture or a file that came with a text, where the carrier keeps it.

    :param content_type: what the sender's phone says that it is; believe the bytes
    """

    url: str
    content_type: str = ""


@dataclass(frozen=True)
class InboundEvent:
    """One text that came in.

    :param provider: code of the adapter that read it
    :param carrier_id: unique id of the event within the company
    :param number: the sender as the carrier names it, usually E.164; may be empty
    :param opt_out_type: ``STOP``, ``START`` or ``HELP`` when the carrier answered it
    :param service: the carrier's id of the service that ``to_number`` is in
    :param media: what came with it, a tuple of :class:`Media`
    :param raw: every field as it came, for the record
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
