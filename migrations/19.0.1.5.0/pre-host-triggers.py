# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Drop the triggers on tables of Odoo's: the ORM marks their old days instead."""

#: Functions of the triggers, by which those go as well.
FORMER = ("sms_day_mark_calendar_event", "sms_day_mark_rating_rating")


def migrate(cr, _version):
    """Drop the functions and their triggers."""
    for name in FORMER:
        cr.execute(f"DROP FUNCTION IF EXISTS {name} CASCADE")
