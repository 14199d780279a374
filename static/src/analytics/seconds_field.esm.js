import {Component, xml} from "@odoo/owl";
import {formatSeconds} from "./dashboard_format.esm";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** A number of seconds in a list, said in the largest unit that fits. */
export class SecondsField extends Component {
    static template = xml`<span t-esc="text"/>`;
    static props = {...standardFieldProps};

    get text() {
        return formatSeconds(this.props.record.data[this.props.name]);
    }
}

registry.category("fields").add("sms_seconds", {
    component: SecondsField,
    supportedTypes: ["float"],
});
