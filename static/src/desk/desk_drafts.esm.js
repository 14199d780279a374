import {browser} from "@web/core/browser/browser";
import {user} from "@web/core/user";

/** Half-written texts stay in this tab, until they are sent or the tab is closed. */
function getKey(ticketId) {
    return `helpdesk_mgmt_sms.draft.${user.userId}.${ticketId}`;
}

/**
 * @param {Number} ticketId
 * @returns {{body: String, templateId: Number|Boolean, rendered: String, files: Object[],
 *     sendAt: String|Boolean, key: String}} `key` is its name, if it was kept
 */
export function loadDraft(ticketId) {
    const kept = browser.sessionStorage.getItem(getKey(ticketId));
    const draft = {body: "", templateId: false, rendered: "", files: [], sendAt: false};
    return {...draft, key: "", ...(kept && JSON.parse(kept))};
}

/**
 * @param {Number} ticketId
 * @param {Object} draft as :func:`loadDraft` returns it; with nothing in it it is dropped
 */
export function keepDraft(ticketId, draft) {
    if (draft.body || draft.files.length) {
        browser.sessionStorage.setItem(getKey(ticketId), JSON.stringify(draft));
    } else {
        browser.sessionStorage.removeItem(getKey(ticketId));
    }
}
