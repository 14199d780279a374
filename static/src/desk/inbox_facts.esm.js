import {Component, useEffect, useState, useSubEnv} from "@odoo/owl";
import {View, getDefaultConfig} from "@web/views/view";
import {FormController} from "@web/views/form/form_controller";
import {TICKET_MODEL} from "./desk_service.esm";
import {formView} from "@web/views/form/form_view";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useBus} from "@web/core/utils/hooks";

const FORM = "helpdesk_mgmt_sms.helpdesk_ticket_inbox_view_form";

/** The facts of the open conversation's ticket: Odoo's own form, beside the thread. */
export class InboxFacts extends Component {
    static template = "helpdesk_mgmt_sms.InboxFacts";
    static components = {View};
    static props = {
        ticketId: Number,
        beforeLeave: Object,
        onOpenTicket: Function,
    };

    setup() {
        // The title of the action stays that of the inbox.
        useSubEnv({config: getDefaultConfig()});
        // Shown once it is loaded: list and thread do not wait for it.
        this.shown = useState({ticketId: false});
        useEffect(
            (ticketId) => {
                this.shown.ticketId = ticketId;
            },
            () => [this.props.ticketId]
        );
    }

    get viewProps() {
        return {
            type: "form",
            resModel: TICKET_MODEL,
            resId: this.shown.ticketId,
            views: [[false, "form"]],
            context: {form_view_ref: FORM},
            display: {controlPanel: false},
            preventCreate: true,
            __beforeLeave__: this.props.beforeLeave,
        };
    }
}

/** Saves each change at once, and follows what others change. */
export class InboxFactsController extends FormController {
    setup() {
        super.setup();
        useBus(this.env.smsInbox, "RELOAD", () => this.reload());
    }

    get modelParams() {
        const params = super.modelParams;
        params.hooks.onRecordChanged = (record) => {
            // Not awaited: the model saves once it is done with the change.
            record.save({onError: this.onRefused.bind(this)});
        };
        return params;
    }

    /**
     * @param {Error} error
     * @param {{discard: Function}} ways
     */
    onRefused(error, {discard}) {
        discard();
        throw error;
    }

    async onRecordSaved(...args) {
        await super.onRecordSaved(...args);
        this.env.smsInbox.trigger("SAVED");
    }

    /** Leaves alone what somebody is typing. */
    async reload() {
        const {activeElement} = document;
        const isTyping =
            this.rootRef.el?.contains(activeElement) &&
            activeElement.matches("input, textarea");
        if (!isTyping && !this.model.root.dirty) {
            await this.model.load();
        }
    }
}

registry
    .category("views")
    .add("sms_inbox_facts", {...formView, Controller: InboxFactsController});

/** Other tickets of the number, each opened in the inbox by a click. */
export class OtherTicketsField extends Component {
    static template = "helpdesk_mgmt_sms.OtherTicketsField";
    static props = {...standardFieldProps};

    get tickets() {
        return this.props.record.data[this.props.name].records;
    }

    open(ticket) {
        this.env.smsInbox.trigger("OPEN", ticket.resId);
    }
}

registry.category("fields").add("sms_other_tickets", {
    component: OtherTicketsField,
    supportedTypes: ["many2many"],
    relatedFields: [{name: "display_name", type: "char"}],
});
