// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {Component, xml} from "@odoo/owl";
import {charField} from "@web/views/fields/char/char_field";
import {dateField} from "@web/views/fields/datetime/datetime_field";
import {floatField} from "@web/views/fields/float/float_field";
import {registry} from "@web/core/registry";
import {selectionField} from "@web/views/fields/selection/selection_field";

/**
 * A field of a list that says by its placeholder, also while nobody edits it, what
 * holds where it is empty: "Always", "All others".
 *
 * @param {Object} field one of Odoo's own
 * @returns {Object} the same, which is never blank
 */
function sayElse(field) {
    class ElseField extends Component {
        static template = xml`
            <span t-if="isBlank" class="o_sms_muted" t-esc="props.elseText" />
            <t t-else="" t-component="component" t-props="fieldProps" />
        `;
        static props = ["*"];

        component = field.component;

        get isBlank() {
            const {name, readonly, record} = this.props;
            return readonly && !record.data[name];
        }
        get fieldProps() {
            const {elseText: _elseText, ...props} = this.props;
            return props;
        }
    }
    return {
        ...field,
        component: ElseField,
        extractProps: (info, dynamicInfo) => ({
            ...field.extractProps(info, dynamicInfo),
            elseText: info.placeholder,
        }),
    };
}

const FIELDS = {
    char: charField,
    date: dateField,
    float: floatField,
    selection: selectionField,
};
for (const [type, field] of Object.entries(FIELDS)) {
    registry.category("fields").add(`sms_${type}_else`, sayElse(field));
}
