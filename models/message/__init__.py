# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""An outgoing text from its creation to the gate's decision.

Offers ``sms.sms.create`` and ``_queue_many``, ``sms.gate._decide``, what numbers have
answered (``sms.consent._get_answers``), and hooks for facts and for what follows.
May use core and ledger.
"""

from . import sms_send_at
from . import sms_sms, sms_sms_waiting, sms_sms_untold, sms_sms_intake, sms_sms_media
from . import sms_sms_again, sms_gate
from . import sms_consent, sms_consent_law, sms_quiet_hours
from . import res_company, mail_thread, res_partner, res_users, sms_unusable_number
