// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {browser} from "@web/core/browser/browser";
import {registry} from "@web/core/registry";

/**
 * Hands a number to the telephone of the device, as a `tel:` link does.
 *
 * @param {Object} env
 * @param {{params: {number: String}}} action
 * @returns {Object} what closes a form that has led here
 */
function call(env, {params}) {
    browser.open(`tel:${params.number}`, "_self");
    return {type: "ir.actions.act_window_close"};
}

registry.category("actions").add("helpdesk_mgmt_sms.call", call);
