import {Component, useState} from "@odoo/owl";
import {KeepLast} from "@web/core/utils/concurrency";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {useRecordObserver} from "@web/model/relational_model/utils";
import {useService} from "@web/core/utils/hooks";

/** How each kind of event is marked beside its sentence. */
const MARKS = {
    requested: "fa-question text-warning",
    granted: "fa-check text-success",
    confirmed: "fa-check text-success",
    restored: "fa-undo text-success",
    revoked: "fa-ban text-danger",
    expired: "fa-clock-o o_sms_muted",
};

/** The story of a number as it is told by the server, day by day, the newest last. */
export class ConsentStory extends Component {
    static template = "helpdesk_mgmt_sms.ConsentStory";
    static props = {...standardWidgetProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.story = useState({days: [], before: false});
        const keepLast = new KeepLast();
        useRecordObserver(async (record) => {
            // A new set of data is what a reload of the form brings.
            const id = record.data && record.resId;
            Object.assign(this.story, await keepLast.add(this.fetch(id)));
        });
    }

    /**
     * @param {Number} id of the answer
     * @param {Number|Boolean} before only what is older than this event
     * @returns {Promise<Object>} days and what to ask for the ones before them
     */
    fetch(id, before = false) {
        return this.orm.call("sms.consent", "get_story", [id], {before});
    }

    async showEarlier() {
        const asked = this.story.before;
        const {days, before} = await this.fetch(this.props.record.resId, asked);
        if (this.story.before !== asked) {
            return; // pressed twice, or another number's
        }
        const [first] = this.story.days;
        const last = days[days.length - 1];
        if (first && last && first.day === last.day) {
            first.entries.unshift(...last.entries);
            days.pop();
        }
        this.story.days.unshift(...days);
        this.story.before = before;
    }

    markClass(entry) {
        return MARKS[entry.event] || "fa-circle-o o_sms_muted";
    }

    wordingLabel(entry) {
        return entry.wording
            ? _t("Wording: %s", entry.wording)
            : _t("The words that were shown");
    }

    openRecord({model, id}) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: model,
            res_id: id,
            views: [[false, "form"]],
        });
    }
}

registry.category("view_widgets").add("sms_consent_story", {
    component: ConsentStory,
    fieldDependencies: [{name: "number", type: "char", readonly: true}],
});
