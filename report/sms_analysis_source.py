# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import NamedTuple


class Source(NamedTuple):
    """One source: what it is called, and the parts of its SELECT."""

    kind: str
    moment: str
    row_id: str
    company: str
    tables: str
    condition: str
    columns: dict
