import {Component, useRef} from "@odoo/owl";
import {Layout} from "@web/search/layout";
import {PhoneContacts} from "./phone_contacts.esm";
import {PhoneDevice} from "./phone_device.esm";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {usePhone} from "./phone_store.esm";

/**
 * The screen "Virtual phone": the numbers on the left, the phone beside them.
 *
 * It exists so that the product can be tried and tested without a carrier's account, and
 * works in sandbox companies only. The key `virtual_phone_number` of the action's
 * context opens it with that number in hand.
 */
export class VirtualPhone extends Component {
    static template = "helpdesk_mgmt_sms.VirtualPhone";
    static components = {Layout, PhoneContacts, PhoneDevice};
    static props = {...standardActionServiceProps};

    setup() {
        this.desk = useRef("desk");
        this.display = {controlPanel: {}};
        this.phone = usePhone();
        const number = this.props.action.context?.virtual_phone_number;
        if (number) {
            this.phone.pickTyped(number);
        }
    }

    /**
     * Escape goes from the phone to its entry in the list.
     *
     * @param {KeyboardEvent} ev
     */
    onKeydown(ev) {
        if (ev.key === "Escape") {
            const desk = this.desk.el;
            const entry = desk.querySelector(".o_vphone_contact[aria-current]");
            (entry || desk.querySelector(".o_vphone_search input")).focus();
        }
    }

    /** Why the phone is not shown, in companies that text real people. */
    get refusal() {
        return _t(
            "This company sends through %s. The virtual phone works in sandbox companies only, so that nobody answers for a real customer.",
            this.phone.company.provider_label
        );
    }
}

registry.category("actions").add("helpdesk_mgmt_sms.virtual_phone", VirtualPhone);
