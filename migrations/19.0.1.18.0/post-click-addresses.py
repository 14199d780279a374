# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Forget from where people opened links in texts: that is no longer recorded."""


def migrate(cr, _version):
    """Empty the addresses (IP) of clicks on the links of texts."""
    cr.execute(
        """
        UPDATE link_tracker_click click SET ip = NULL
          FROM link_tracker link
         WHERE link.id = click.link_id AND link.sms_company_id IS NOT NULL
           AND click.ip IS NOT NULL
        """
    )
