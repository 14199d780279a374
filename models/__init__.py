# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import (
    core,
    ledger,
    message,
    dispatch,
    inbound,
    consent,
    desk,
    automation,
    appointment,
    broadcast,
    team_alert,
    privacy,
    analytics,
    setup,
)
