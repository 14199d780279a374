import {Component, useRef, useState} from "@odoo/owl";
import {ConsentPopover} from "./consent_popover.esm";
import {STATE_CLASSES} from "./consent_states.esm";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {usePopover} from "@web/core/popover/popover_hook";
import {useService} from "@web/core/utils/hooks";

/**
 * The consent of a record's number as a badge that tells why when it is asked.
 *
 * The record is the form's own, or the one that two of its fields name (the composer's):
 * options `model_field` and `id_field`.
 */
export class ConsentBadge extends Component {
    static template = "helpdesk_mgmt_sms.ConsentBadge";
    static props = {
        ...standardFieldProps,
        modelField: {type: String, optional: true},
        idField: {type: String, optional: true},
    };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.button = useRef("button");
        this.shown = useState({isOpen: false});
        this.popover = usePopover(ConsentPopover, {
            popoverClass: "o_sms_consent_popover",
            position: "bottom-start",
            role: "dialog",
            onClose: () => {
                this.shown.isOpen = false;
            },
        });
    }

    get state() {
        return this.props.record.data[this.props.name];
    }

    get label() {
        const {selection} = this.props.record.fields[this.props.name];
        const found = selection.find(([value]) => value === this.state);
        return found ? found[1] : _t("Not known");
    }

    get whyLabel() {
        return _t("Show why, and what to do");
    }

    get badgeClass() {
        return STATE_CLASSES[this.state] || "border border-danger text-danger";
    }

    /** The record that the number stands on. */
    get subject() {
        const {modelField, idField, record} = this.props;
        if (modelField && idField) {
            return {model: record.data[modelField], id: record.data[idField]};
        }
        return {model: record.resModel, id: record.resId};
    }

    async onClick() {
        if (this.popover.isOpen) {
            this.popover.close();
            return;
        }
        const {model, id} = this.subject;
        const details = await this.orm.call(model, "get_sms_consent_details", [id]);
        if (!this.button.el || this.popover.isOpen) {
            return;
        }
        this.popover.open(this.button.el, {
            details,
            onAct: (button) => this.act(button),
            // A composer's own alert has the button: here it would lose the text.
            isActionShown: !this.props.modelField,
        });
        this.shown.isOpen = true;
    }

    /**
     * Does the one thing that was offered, and shows what has become of it.
     *
     * @param {Object} button `kind`, `label` and `context` as the server offered it
     */
    async act(button) {
        this.popover.close();
        // Its number may have been changed, and it is read again at the end.
        if (!(await this.props.record.save())) {
            return;
        }
        if (button.kind === "review") {
            this.action.doAction("helpdesk_mgmt_sms.sms_consent_review_action");
            return;
        }
        const {model, id} = this.subject;
        const action = await this.orm.call(model, "action_record_sms_consent", [id]);
        Object.assign(action.context, button.context);
        this.action.doAction(action, {onClose: () => this.props.record.load()});
    }
}

export const consentBadge = {
    component: ConsentBadge,
    displayName: _t("Consent badge"),
    supportedTypes: ["selection"],
    supportedOptions: [
        {
            label: _t("Field with the record's model"),
            name: "model_field",
            type: "string",
        },
        {label: _t("Field with the record's id"), name: "id_field", type: "string"},
    ],
    extractProps: ({options}) => ({
        modelField: options.model_field,
        idField: options.id_field,
    }),
};

registry.category("fields").add("sms_consent_badge", consentBadge);
