# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What Odoo must not do under a clock that is turned (libfaketime). Import it to apply.

Files have the kernel's clock, which is not turned. Odoo deletes sessions by the age of
their files, so it would delete those in use.
"""

import os

from odoo.http import FilesystemSessionStore

if "faketime" in os.environ.get("LD_PRELOAD", ""):
    FilesystemSessionStore.vacuum = lambda _store, max_lifetime=0: None
