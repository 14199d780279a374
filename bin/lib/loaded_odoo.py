# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Load Odoo and a database's registry into the process that importing this is for.

The environment names the settings and the database (:mod:`live_server`).
"""

import gc

import turned_clock  # noqa: F401  # applied by the import

from odoo.modules.registry import Registry
from odoo.service.server import load_server_wide_modules
from odoo.sql_db import close_all
from odoo.tools import config

from odoo.addons.base.models import res_users

config.parse_config([], setup_logging=False)
load_server_wide_modules()
# As in Odoo's own tests: a call by RPC would spend half a second on its password.
res_users.MIN_ROUNDS = 1
Registry(*config["db_name"])
close_all()
gc.collect()
# Or the first collection in each fork would copy all of this.
gc.freeze()
