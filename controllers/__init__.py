# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import twilio
from . import telnyx
from . import alerts
from . import public
from . import portal
from . import preferences
from . import join
from . import health
from . import thread
from . import ticket
from . import close
from . import incident
from . import subscription
from . import media
