# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Drop the triggers on Odoo's own tables: ORM hooks mark outdated days instead."""

#: The triggers' functions; dropping them drops the triggers.
FORMER = ("sms_day_mark_calendar_event", "sms_day_mark_rating_rating")


def migrate(cr, _version):
    """Drop the functions and their triggers."""
    for name in FORMER:
        cr.execute(f"DROP FUNCTION IF EXISTS {name} CASCADE")
