# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from .sandbox import SandboxProvider
from .twilio import TwilioProvider

#: ``res.company.sms_provider``: its adapter. Companies on these use the outbox.
PROVIDERS = {cls.code: cls for cls in (TwilioProvider, SandboxProvider)}
