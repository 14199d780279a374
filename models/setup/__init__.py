# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Setting up texts: onboarding, account checks, health, the virtual phone.

Offers the steps of the onboarding and the health check.
May use all rooms.
"""

from . import sms_health, sms_onboarding, sms_carrier_check
from . import sms_encryption, sms_virtual_phone, res_company
