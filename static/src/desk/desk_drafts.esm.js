import {browser} from "@web/core/browser/browser";
import {user} from "@web/core/user";

/** Half-written texts stay in this tab, until they are sent or the tab is closed. */
function getKey(ticketId) {
    return `helpdesk_mgmt_sms.draft.${user.userId}.${ticketId}`;
}

/**
 * @param {Number} ticketId
 * @returns {{body: String, templateId: Number|Boolean}}
 */
export function loadDraft(ticketId) {
    const kept = browser.sessionStorage.getItem(getKey(ticketId));
    return kept ? JSON.parse(kept) : {body: "", templateId: false};
}

/**
 * @param {Number} ticketId
 * @param {Object} draft as :func:`loadDraft` returns it; without a text it is dropped
 */
export function keepDraft(ticketId, draft) {
    if (draft.body) {
        browser.sessionStorage.setItem(getKey(ticketId), JSON.stringify(draft));
    } else {
        browser.sessionStorage.removeItem(getKey(ticketId));
    }
}
