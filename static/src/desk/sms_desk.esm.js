import {Component, useState} from "@odoo/owl";
import {DeskThread} from "./desk_thread.esm";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {useRecordObserver} from "@web/model/relational_model/utils";

/** The conversation on a ticket's form. */
export class SmsDesk extends Component {
    static template = "helpdesk_mgmt_sms.SmsDesk";
    static components = {DeskThread};
    static props = {...standardWidgetProps};

    setup() {
        this.state = useState({ticketId: false, stamp: 0});
        useRecordObserver((record) => {
            // A new set of data is what a reload of the form brings.
            this.state.ticketId = (record.data && record.resId) || false;
            this.state.stamp++;
        });
    }
}

export const smsDesk = {component: SmsDesk};

registry.category("view_widgets").add("sms_desk", smsDesk);
