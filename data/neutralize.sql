-- A copy of the database cannot text anybody: its companies use the sandbox, and the
-- carrier's secrets and the public addresses of the original are worthless in it.
UPDATE res_company
   SET sms_provider = 'sandbox',
       sms_twilio_account_sid = NULL,
       sms_twilio_auth_token = NULL,
       sms_twilio_second_auth_token = NULL,
       sms_twilio_api_key_sid = NULL,
       sms_twilio_api_key_secret = NULL,
       sms_twilio_messaging_service_sid = NULL,
       sms_telnyx_api_key = NULL,
       sms_telnyx_public_key = NULL,
       sms_telnyx_messaging_profile_id = NULL,
       sms_backup_provider = NULL,
       sms_webhook_key = md5(random()::text || clock_timestamp()::text || id::text),
       sms_webhook_base_url = NULL,
       sms_former_webhook_base_url = NULL,
       sms_old_webhook_key = NULL,
       sms_old_webhook_key_until = NULL,
       sms_join_page = FALSE;
UPDATE sms_sender
   SET active = FALSE
 WHERE provider != 'sandbox';
DELETE FROM ir_config_parameter
 WHERE key IN ('helpdesk_mgmt_sms.twilio_api_url', 'helpdesk_mgmt_sms.telnyx_api_url',
               'helpdesk_mgmt_sms.media_urls');
-- Whoever monitors the original cannot read the copy, which has an address of its own.
UPDATE ir_config_parameter
   SET value = md5(random()::text || clock_timestamp()::text)
 WHERE key = 'helpdesk_mgmt_sms.health_token';
-- It may text what it can: in the sandbox, and by accounts that are entered in it.
UPDATE ir_config_parameter
   SET value = own.value
  FROM ir_config_parameter own
 WHERE ir_config_parameter.key = 'helpdesk_mgmt_sms.database_uuid'
   AND own.key = 'database.uuid';
-- Nothing is set at the carrier's account.
UPDATE sms_carrier_check SET wanted = NULL;
-- Nothing is removed at the carrier a second time, or for a test.
DELETE FROM sms_redaction WHERE state = 'waiting';
-- No carrier is told of opt-outs a second time, or of those of a test.
DELETE FROM sms_carrier_opt_out WHERE state = 'waiting';
-- What the original's carriers have told is worked off there.
DELETE FROM sms_webhook_event;
-- What came with texts is not fetched a second time from the carrier.
UPDATE sms_media SET state = 'failed', fault = 'no_account' WHERE state = 'waiting';
-- Nothing that waited leaves later, by an account that is entered in the copy, or once
-- the addon is gone. What the carrier may have is neither sent again nor looked up.
WITH cancelled AS (
    UPDATE sms_sms
       SET state = 'canceled', failure_type = NULL
     WHERE state = 'outgoing'
 RETURNING id
)
UPDATE mail_notification
   SET notification_status = 'canceled'
  FROM cancelled
 WHERE sms_id_int = cancelled.id AND notification_status = 'ready';
UPDATE sms_sms SET state = 'pending' WHERE state IN ('process', 'unknown');
UPDATE sms_sms SET lookup_at = NULL WHERE lookup_at IS NOT NULL;
-- No monitoring system wakes anybody out of a copy.
UPDATE sms_alert_source
   SET active = FALSE,
       secret = NULL,
       key = md5(random()::text || clock_timestamp()::text || id::text);
