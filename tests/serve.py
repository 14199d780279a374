# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Start Odoo as its own script does: the server starts more processes by its path."""

if __name__ == "__main__":
    from odoo.cli.command import main

    main()
