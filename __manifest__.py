# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Helpdesk SMS",
    "summary": "Lawful, two-way, dependable text messaging for helpdesk tickets",
    "version": "19.0.1.0.0",
    "license": "AGPL-3",
    "category": "After-Sales",
    "author": "Helpdesk SMS contributors, Odoo Community Association (OCA)",
    "website": "https://github.com/OCA/helpdesk",
    "depends": ["helpdesk_mgmt", "sms_twilio", "calendar_sms"],
    "external_dependencies": {"python": ["phonenumbers", "twilio"]},
    "data": [],
    "demo": [],
    "installable": True,
}
