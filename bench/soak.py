# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run the soak test for an hour: mixed load while carrier, servers and database fail.

Run by ``bin/bench soak``. It is ``tests/soak/test_soak.py``, which the test suite runs
for three minutes: mixed load against the loopback carrier with faults switched on, two
servers of which one is killed every minute, PostgreSQL crashing twice. Its verdict says
what was lost or sent twice, whether STOP held, and what has grown. Fails if it fails.
"""

import os
import sys
import unittest

from common import make_parser, read_config


def main():
    """Read the command line, and run the test."""
    options = make_parser(__doc__, minutes=60).parse_args()
    os.environ["HELPDESK_SMS_SOAK_MINUTES"] = str(options.minutes)
    os.environ["HELPDESK_SMS_LIVE_DATABASE"] = options.database
    read_config(options)
    # The test reads its length when it is imported.
    from odoo.addons.helpdesk_mgmt_sms.tests.soak.test_soak import TestSoak

    tests = unittest.defaultTestLoader.loadTestsFromTestCase(TestSoak)
    result = unittest.TextTestRunner().run(tests)
    sys.exit(not result.wasSuccessful())


if __name__ == "__main__":
    main()
