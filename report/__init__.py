# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import (
    ir_actions_report,
    sms_certificate,
    sms_figures,
    sms_analysis,
    sms_day,
    sms_day_stale,
    sms_dashboard,
    sms_dashboard_tiles,
)
