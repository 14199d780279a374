import {Component} from "@odoo/owl";
import {STATE_CLASSES} from "./consent_states.esm";

/** Tells for each purpose what was said, and offers the one thing to do about it. */
export class ConsentPopover extends Component {
    static template = "helpdesk_mgmt_sms.ConsentPopover";
    static props = {
        details: {type: Object},
        isActionShown: {type: Boolean},
        onAct: {type: Function},
        close: {type: Function, optional: true},
    };

    /**
     * @param {Object} purpose as the server tells of it
     * @returns {String} the classes of its badge
     */
    badgeClass(purpose) {
        return STATE_CLASSES[purpose.state];
    }
}
