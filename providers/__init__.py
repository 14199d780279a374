# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
from functools import lru_cache

from .sandbox import SandboxProvider
from .telnyx import TelnyxProvider
from .twilio import TwilioProvider

#: The adapter for each ``res.company.sms_provider`` whose texts use the outbox.
PROVIDERS = {cls.code: cls for cls in (TwilioProvider, TelnyxProvider, SandboxProvider)}


def get_provider(code, account):
    """Return the adapter for an account, the same one for the same account.

    It keeps its connections to the carrier, as making one takes longer than a post.

    :param str code: a key of :data:`PROVIDERS`; for any other, return None
    :param dict account: as documented on the adapter; values must fit into JSON
    """
    cls = PROVIDERS.get(code)
    return cls and _make(cls, json.dumps(account, sort_keys=True))


@lru_cache(maxsize=64)
def _make(cls, account):
    return cls(json.loads(account))
