# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Clicks on links and the weekly digest; the analyses are in ``report/``.

Offers figures of links and the digest.
May use all rooms.
"""

from . import link_tracker, digest_digest
