// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {Notification} from "@mail/core/common/notification_model";
import {_t} from "@web/core/l10n/translation";
import {patch} from "@web/core/utils/patch";

/** Says in the chatter why a text was not sent, and what to do about it. */
patch(Notification.prototype, {
    get failureMessage() {
        switch (this.failure_type) {
            case "sms_optout":
                return _t("Opted out: only the person can undo it");
            case "sms_blacklist":
                return _t("Blacklisted");
            case "sms_duplicate":
                return _t("Duplicate");
            case "sms_no_consent":
                return _t("No consent: ask the person and record it");
            case "sms_no_provider":
                return _t("Text messaging is not set up: tell an administrator");
            default:
                return super.failureMessage;
        }
    },
});
