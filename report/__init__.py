# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import ir_actions_report, sms_certificate, sms_certificate_wordings
