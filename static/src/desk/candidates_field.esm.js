import {Component} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useService} from "@web/core/utils/hooks";

/** The contacts that share a ticket's number, each a button: who of them wrote? */
export class CandidatesField extends Component {
    static template = "helpdesk_mgmt_sms.CandidatesField";
    static props = {...standardFieldProps};

    setup() {
        this.orm = useService("orm");
    }

    get candidates() {
        return this.props.record.data[this.props.name].records.map((candidate) => ({
            id: candidate.resId,
            name: candidate.data.display_name,
        }));
    }

    async choose(candidateId) {
        const {record} = this.props;
        if (!(await record.save())) {
            return;
        }
        await this.orm.call(record.resModel, "action_choose_sms_customer", [
            record.resId,
            candidateId,
        ]);
        await record.load();
    }
}

registry.category("fields").add("sms_candidates", {
    component: CandidatesField,
    supportedTypes: ["many2many"],
    relatedFields: [{name: "display_name", type: "char"}],
});
