# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Everything at once for a while, in bad weather: see ``test_soak.py``."""
