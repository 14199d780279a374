# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The outbox: claims what may leave, posts it, records outcomes and delivery reports.

Offers ``sms.dispatcher._wake``, senders, prices, the watch, hooks for what an outcome
causes.
May use message and all below it.
"""

from . import sms_database
from . import sms_dispatcher, sms_dispatcher_claim, sms_dispatcher_lookup
from . import sms_sender_rule, sms_country_rule, sms_sender, sms_sender_pace
from . import sms_carrier_number, sms_fault, sms_price
from . import sms_report, sms_report_fetch
from . import sms_counter, sms_outbox_alert, sms_outbox_watch
from . import sms_webhook_refusal, sms_webhook_event
from . import sms_api, sms_sms, sms_sms_call, sms_sms_reports
from . import res_company, res_company_address
from . import ir_cron, ir_http
