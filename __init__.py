# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import controllers, models, report, wizard
from .hooks import mask_logs, post_init_hook, uninstall_hook
