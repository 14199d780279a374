// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {Component, xml} from "@odoo/owl";
import {registry} from "@web/core/registry";

const fields = registry.category("fields");

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
            <span t-if="isBlank" class="text-muted" t-esc="props.elseText" />
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

for (const type of ["char", "date", "float", "selection"]) {
    fields.add(`sms_${type}_else`, sayElse(fields.get(type)));
}
