# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Shipped records that people have deleted must stay deleted."""

from lxml import etree
from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.modules import Manifest
from odoo.tests import tagged
from odoo.tools import file_open, mute_logger
from odoo.tools.convert import convert_file

from ...hooks import create_shipped
from ..common import SmsCase
from .common import MODULE

#: Models whose records the code relies on: an update restores them.
NEEDED = {"ir.cron", "mail.message.subtype"}


def read_records():
    """Return shipped records in order: XML id, model, whether an update creates it."""
    found = []
    for path in Manifest.for_addon(MODULE)["data"]:
        if path.startswith("data/"):
            with file_open(f"{MODULE}/{path}", "rb") as file:
                root = etree.parse(file).getroot()
            found += [
                (it.get("id"), it.get("model"), it.get("forcecreate") != "0")
                for it in root.iter("record")
            ]
    return found


@tagged("post_install", "-at_install")
class TestDataFiles(SmsCase):
    """An update creates only records that nobody can delete."""

    def ref(self, name):
        """Return a shipped record by its XML id."""
        return self.env.ref(f"{MODULE}.{name}", raise_if_not_found=False)

    def try_to_delete(self, record):
        """Try to delete a record as each who may; return whether it worked."""
        for user in (self.manager, self.administrator):
            try:
                with self.env.cr.savepoint():
                    record.with_user(user).unlink()
            except (AccessError, UserError, IntegrityError):
                record.invalidate_recordset()
            else:
                return True
        return False

    def test_updates_create_only_what_nobody_can_delete(self):
        """In reverse order, since a record in use cannot be deleted."""
        wrong = []
        with mute_logger("odoo.sql_db"):
            for name, model, is_created in reversed(read_records()):
                is_kept = model in NEEDED or not self.try_to_delete(self.ref(name))
                if is_kept != is_created:
                    wrong.append(name)
        self.assertFalse(wrong, "forcecreate is wrong")

    def test_a_new_record_comes_by_its_versions_script(self):
        name = "sms_template_saved_call"
        body = self.ref(name).body
        self.ref(name).unlink()
        path = "data/sms_saved_reply_data.xml"
        convert_file(self.env, MODULE, path, {}, "update")
        self.assertFalse(self.ref(name))
        other = self.ref("sms_template_saved_solved")
        other.body = "Our own words."
        for _twice in range(2):
            create_shipped(self.env, (name, "sms_template_saved_solved"))
            self.assertEqual(self.ref(name).body, body)
        self.assertEqual(other.body, "Our own words.")
        data = self.env["ir.model.data"].search([("name", "=", name)])
        self.assertTrue(data.noupdate)
