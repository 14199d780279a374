# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import test_access
from . import test_consent
from . import test_consent_wizard
from . import test_hooks
from . import test_keywords_data
from . import test_neutralize
from . import test_outbox
from . import test_providers
from . import test_scenario
from . import test_ticket
from . import test_tools_consent
from . import test_tools_gate
from . import test_tools_keywords
from . import test_tools_segments
from . import test_tools_texts
from . import test_tours
from . import test_webhooks
