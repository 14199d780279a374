# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
from functools import lru_cache

from .sandbox import SandboxProvider
from .telnyx import TelnyxProvider
from .twilio import TwilioProvider

#: ``res.company.sms_provider``: its adapter. Companies on these use the outbox.
PROVIDERS = {cls.code: cls for cls in (TwilioProvider, TelnyxProvider, SandboxProvider)}


def get_provider(code, account):
    """Return the adapter for an account, the same one for the same account.

    It keeps its connections to the carrier: to make one takes longer than a post.

    :param str code: a key of :data:`PROVIDERS`, else None is returned
    :param dict account: the adapter's own keys, values as JSON knows them
    """
    cls = PROVIDERS.get(code)
    return cls and _make(cls, json.dumps(account, sort_keys=True))


@lru_cache(maxsize=64)
def _make(cls, account):
    return cls(json.loads(account))
