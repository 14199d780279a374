// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {Notification} from "@mail/core/common/notification_model";
import {_t} from "@web/core/l10n/translation";
import {patch} from "@web/core/utils/patch";
import {toDateTime, toMoment} from "./text_dates.esm";

/** Says in the chatter what a text answers; why it was not sent, and what to do. */
patch(Notification.prototype, {
    get label() {
        if (this.notification_type !== "sms" || !this.sms_answered_at) {
            return super.label;
        }
        const answered = toMoment(toDateTime(this.sms_answered_at));
        return _t("SMS, answers their text of %s", answered);
    },
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
            case "sms_too_many":
                return _t("Too many today: call instead, or send it tomorrow");
            case "sms_replaced":
                return _t("Replaced by a newer text");
            default:
                return super.failureMessage;
        }
    },
});
