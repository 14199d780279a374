# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A soak test with faults of carrier, servers and database: see ``test_soak.py``."""
