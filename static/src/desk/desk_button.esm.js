import {Component, onMounted, useState} from "@odoo/owl";
import {FormController} from "@web/views/form/form_controller";
import {TICKET_MODEL} from "./desk_service.esm";
import {_t} from "@web/core/l10n/translation";
import {patch} from "@web/core/utils/patch";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {useRecordObserver} from "@web/model/relational_model/utils";
import {useService} from "@web/core/utils/hooks";

/**
 * Turns a ticket's form to its conversation. A notebook knows no other way than a click.
 *
 * @param {HTMLElement} root has the form in it
 */
function openPage(root) {
    root.querySelector(".o_notebook .nav-link[name=sms_desk]")?.click();
    root.querySelector(".o_sms_desk")?.scrollIntoView({block: "end"});
}

/** Says on top of a ticket how many texts nobody has read, and opens them. */
export class DeskButton extends Component {
    static template = "helpdesk_mgmt_sms.DeskButton";
    static props = {...standardWidgetProps};

    setup() {
        this.service = useService("helpdesk_mgmt_sms.desk");
        this.unreadByTicket = useState(this.service.unread);
        useRecordObserver((record) => {
            // A new set of data knows better than a conversation seen before.
            if (record.data) {
                delete this.service.unread[record.resId];
            }
        });
    }

    get unread() {
        const {resId, data} = this.props.record;
        return this.unreadByTicket[resId] ?? data.sms_unread_count;
    }

    get label() {
        if (!this.unread) {
            return _t("Text messages");
        }
        return this.unread === 1 ? _t("Unread text") : _t("Unread texts");
    }

    open() {
        // On small screens the button is in a menu outside of the form.
        const root = document.querySelector(".o_action_manager .o_form_view");
        if (root) {
            this.service.isWanted = true;
            openPage(root);
        }
    }
}

registry.category("view_widgets").add("sms_desk_button", {
    component: DeskButton,
    fieldDependencies: [{name: "sms_unread_count", type: "integer", readonly: true}],
});

/** A ticket that is opened from its conversation opens on it. */
patch(FormController.prototype, {
    setup() {
        super.setup();
        const {resModel, context} = this.props;
        if (resModel === TICKET_MODEL && context?.sms_desk) {
            this.env.services["helpdesk_mgmt_sms.desk"].isWanted = true;
            onMounted(() => openPage(this.rootRef.el));
        }
    },
});
