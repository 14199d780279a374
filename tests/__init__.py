# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Import each test module: Odoo collects the attributes ``test_*`` of this package."""

from . import hypothesis_profile

from .core import test_access
from .core import test_access_page
from .core import test_bulk_reads
from .core import test_company_rights
from .core import test_customer_languages
from .core import test_data_files
from .core import test_docs
from .core import test_encryption
from .core import test_encryption_keys
from .core import test_encryption_missing
from .core import test_found_out
from .core import test_fuzz_endpoints
from .core import test_hooks
from .core import test_house
from .core import test_ir_cron
from .core import test_relaxation_company
from .core import test_relaxation_reason
from .core import test_masked_numbers
from .core import test_migrations
from .core import test_neutralize
from .core import test_odd_numbers
from .core import test_planted_secrets
from .core import test_public_endpoints
from .core import test_replica
from .core import test_rooms
from .core import test_say_moment
from .core import test_scenario
from .core import test_shared_rows
from .core import test_tours

from .ledger import test_consent
from .ledger import test_consent_bulk
from .ledger import test_ledger
from .ledger import test_ledger_attacks
from .ledger import test_ledger_live
from .ledger import test_migration_ledger
from .ledger import test_purpose
from .ledger import test_purpose_rule
from .ledger import test_sandbox_consent
from .ledger import test_scope_rule
from .ledger import test_wording

from .message import test_country_page
from .message import test_country_rules
from .message import test_gate_reasons
from .message import test_intake
from .message import test_intake_many
from .message import test_intake_refused
from .message import test_mandatory_words
from .message import test_media_out
from .message import test_offer_law
from .message import test_quiet_hours
from .message import test_rights
from .message import test_unusable_number
from .message import test_waiting
from .message import test_ways as test_message_ways
from .message import test_ways_live

from .dispatch import test_answer_end
from .dispatch import test_carrier_change
from .dispatch import test_database_copy
from .dispatch import test_dated_rules
from .dispatch import test_failover
from .dispatch import test_fair_share
from .dispatch import test_metrics
from .dispatch import test_outbox
from .dispatch import test_outbox_batches
from .dispatch import test_outbox_kill
from .dispatch import test_outbox_odd_rows
from .dispatch import test_outbox_order
from .dispatch import test_outbox_pace
from .dispatch import test_outbox_recall
from .dispatch import test_outbox_unknown
from .dispatch import test_price
from .dispatch import test_public_address
from .dispatch import test_report_batches
from .dispatch import test_report_fetch
from .dispatch import test_senders
from .dispatch import test_telnyx_account
from .dispatch import test_telnyx_live
from .dispatch import test_trail
from .dispatch import test_watch
from .dispatch import test_webhook_events
from .dispatch import test_webhooks

from .inbound import test_answers as test_yes_and_no
from .inbound import test_keywords_data
from .inbound import test_media
from .inbound import test_media_live
from .inbound import test_opt_in_reminder
from .inbound import test_renewal
from .inbound import test_review
from .inbound import test_review_shared
from .inbound import test_ways_out
from .inbound import test_webhook_texts
from .inbound import test_webhook_texts_live

from .consent import test_api
from .consent import test_blacklist
from .consent import test_blacklist_live
from .consent import test_carrier_opt_outs
from .consent import test_consent_badge
from .consent import test_consent_wizard
from .consent import test_import
from .consent import test_join_page
from .consent import test_merge
from .consent import test_number_claim
from .consent import test_paper
from .consent import test_portal
from .consent import test_preferences
from .consent import test_reassigned
from .consent import test_story
from .consent import test_who_may_say_yes

from .desk import test_commands
from .desk import test_composer_many
from .desk import test_composer_notice
from .desk import test_contact_label
from .desk import test_conversation
from .desk import test_conversation_ticket
from .desk import test_desk
from .desk import test_desk_bus
from .desk import test_desk_tours
from .desk import test_desk_ways
from .desk import test_inbound_cost
from .desk import test_inbox
from .desk import test_inbox_bus
from .desk import test_inbox_handover
from .desk import test_inbox_snooze
from .desk import test_inbox_tours
from .desk import test_own_words
from .desk import test_rating
from .desk import test_routing
from .desk import test_routing_live
from .desk import test_saved_replies
from .desk import test_screen_actions
from .desk import test_shipped_templates
from .desk import test_template_secrets
from .desk import test_template_versions
from .desk import test_thread
from .desk import test_ticket
from .desk import test_ticket_closing
from .desk import test_ticket_link
from .desk import test_ticket_waiting
from .desk import test_waiting_tours

from .automation import test_automated_actions
from .automation import test_automation
from .automation import test_automation_copies
from .automation import test_automation_deadlines
from .automation import test_automation_live
from .automation import test_automation_replay

from .appointment import test_appointments
from .appointment import test_appointments_answers
from .appointment import test_appointments_companies
from .appointment import test_appointments_install
from .appointment import test_appointments_live
from .appointment import test_appointments_load
from .appointment import test_appointments_merge
from .appointment import test_appointments_month
from .appointment import test_appointments_series
from .appointment import test_appointments_ways
from .appointment import test_neighbours
from .appointment import test_tours_visit

from .broadcast import test_broadcast
from .broadcast import test_broadcast_approval
from .broadcast import test_broadcast_audience
from .broadcast import test_broadcast_chaos
from .broadcast import test_broadcast_plan
from .broadcast import test_broadcast_progress
from .broadcast import test_incident
from .broadcast import test_incident_page
from .broadcast import test_incident_told
from .broadcast import test_incident_plan
from .broadcast import test_incident_publish
from .broadcast import test_incident_replies
from .broadcast import test_subscription
from .broadcast import test_subscription_live
from .broadcast import test_tours_broadcast
from .broadcast import test_tours_incident

from .team_alert import test_alert_source
from .team_alert import test_oncall
from .team_alert import test_team_alert
from .team_alert import test_team_alert_calls
from .team_alert import test_team_alert_calls_live
from .team_alert import test_team_alert_answers
from .team_alert import test_team_alert_live
from .team_alert import test_team_alert_sources
from .team_alert import test_team_alert_tours

from .privacy import test_erasure
from .privacy import test_erasure_everywhere
from .privacy import test_erasure_live
from .privacy import test_erasure_visits
from .privacy import test_evidence
from .privacy import test_evidence_export
from .privacy import test_evidence_packet
from .privacy import test_lookups
from .privacy import test_privacy_lookup
from .privacy import test_redaction
from .privacy import test_retention
from .privacy import test_verifier

from .analytics import test_analysis
from .analytics import test_clicks
from .analytics import test_dashboard
from .analytics import test_dashboard_page

from .setup import test_accessibility
from .setup import test_buttons
from .setup import test_carrier_check
from .setup import test_guides
from .setup import test_menus
from .setup import test_onboarding
from .setup import test_registration
from .setup import test_settings
from .setup import test_tours_manager
from .setup import test_uninstall_wizard
from .setup import test_upgrade
from .setup import test_upgrade_others
from .setup import test_virtual_phone
from .setup import test_virtual_phone_calls

from .soak import test_soak

from .tools import test_advice
from .tools import test_clocks
from .tools import test_grammar
from .tools import test_phrase_model
from .tools import test_phrase_rules
from .tools import test_appointments as test_tools_appointments
from .tools import test_areas
from .tools import test_asking
from .tools import test_at_rest
from .tools import test_broadcast_replies
from .tools import test_business_days
from .tools import test_carrier_accounts
from .tools import test_carrier_codes
from .tools import test_carrier_lists
from .tools import test_chain
from .tools import test_connections
from .tools import test_consent as test_tools_consent
from .tools import test_contract_telnyx
from .tools import test_contract_twilio
from .tools import test_conversation as test_tools_conversation
from .tools import test_dispatch as test_tools_dispatch
from .tools import test_evidence as test_tools_evidence
from .tools import test_exposition
from .tools import test_figures
from .tools import test_gate
from .tools import test_gate_properties
from .tools import test_keywords
from .tools import test_languages
from .tools import test_leaving
from .tools import test_links
from .tools import test_log_mask
from .tools import test_lookalikes
from .tools import test_media_fetch
from .tools import test_moments
from .tools import test_monitoring
from .tools import test_names
from .tools import test_number_kinds
from .tools import test_number_places
from .tools import test_numbers
from .tools import test_offers
from .tools import test_oncall as test_tools_oncall
from .tools import test_phrases
from .tools import test_poster
from .tools import test_preference_links
from .tools import test_providers
from .tools import test_public_address as test_tools_public_address
from .tools import test_purposes
from .tools import test_quiet_hours as test_tools_quiet_hours
from .tools import test_reassigned as test_tools_reassigned
from .tools import test_registration as test_tools_registration
from .tools import test_replay
from .tools import test_replies
from .tools import test_restore
from .tools import test_scans
from .tools import test_segments
from .tools import test_segments_twilio
from .tools import test_senders as test_tools_senders
from .tools import test_spellings
from .tools import test_strictness
from .tools import test_tabular
from .tools import test_team_alert as test_tools_team_alert
from .tools import test_telnyx
from .tools import test_texts
from .tools import test_twilio
from .tools import test_twilio_voice
from .tools import test_ticket_numbers
from .tools import test_topics
from .tools import test_ways as test_tools_ways
from .tools import test_zones
