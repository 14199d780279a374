# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A pytest plugin: give each parallel worker its own filestore, like its own database.

pytest-odoo lets them share one. At the end of each class Odoo deletes the files that
its own database does not know, and so deleted those of tests in other workers.
"""

import shutil
from contextlib import contextmanager

import pytest_odoo

from odoo.tools import config


@contextmanager
def copied_filestore(original_name, name):
    """Copy the filestore of the original database, and delete the copy at the end.

    :param str original_name: name of the database that was copied
    :param str name: name of the worker's database; the same without workers
    """
    if original_name == name:
        yield
        return
    own = config.filestore(name)
    shutil.copytree(config.filestore(original_name), own, dirs_exist_ok=True)
    try:
        yield
    finally:
        shutil.rmtree(own)


pytest_odoo._shared_filestore = copied_filestore
