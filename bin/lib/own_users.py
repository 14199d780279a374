# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A pytest plugin: make the tests' users once, instead of once in each test class."""

import pytest

from odoo.api import SUPERUSER_ID, Environment
from odoo.modules.registry import Registry
from odoo.tests.common import get_db_name


@pytest.fixture(scope="session", autouse=True)
def own_users(load_registry):
    """Make the users and commit."""
    # It cannot be found before Odoo is set up.
    from odoo.addons.helpdesk_mgmt_sms.tests.common import make_users

    with Registry(get_db_name()).cursor() as cr:
        make_users(Environment(cr, SUPERUSER_ID, {}))
