import {Component, onWillStart, useState} from "@odoo/owl";
import {Layout} from "@web/search/layout";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";

const MODEL = "sms.onboarding";

/** How each state of a row is marked. */
const MARKS = {
    done: "fa-check-circle text-success",
    todo: "fa-circle-o text-muted",
    wrong: "fa-exclamation-circle text-danger",
    skipped: "fa-minus-circle text-muted",
};

/** The screen "Set-up and health": the way to the first real text, and how it is since. */
export class Onboarding extends Component {
    static template = "helpdesk_mgmt_sms.Onboarding";
    static props = {...standardActionServiceProps};
    static components = {Layout};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.display = {controlPanel: {}};
        this.state = useState({setup: null, busy: false});
        onWillStart(() => this.call("get_setup"));
    }

    /**
     * Show what a method of the server answers; a button waits for its end.
     *
     * @param {String} method
     */
    async call(method) {
        this.state.busy = method;
        try {
            this.state.setup = await this.orm.call(MODEL, method, []);
        } finally {
            this.state.busy = false;
        }
    }

    /**
     * @param {Object} button of a step: what it opens, or what it calls
     */
    async press(button) {
        if (button.method) {
            return this.call(button.method);
        }
        await this.action.doAction(button.action, {
            onClose: () => this.call("get_setup"),
        });
    }

    mark(row) {
        return MARKS[row.state];
    }

    /** The first step that is open is the one to do. */
    isNext(step) {
        const open = this.state.setup.steps.find(({state}) =>
            ["todo", "wrong"].includes(state)
        );
        return open && open.key === step.key;
    }

    get percent() {
        const {done, count} = this.state.setup;
        return Math.round((100 * done) / count);
    }
}

registry.category("actions").add("helpdesk_mgmt_sms.onboarding", Onboarding);
