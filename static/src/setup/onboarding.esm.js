import {Component, onWillStart, useEffect, useState} from "@odoo/owl";
import {ConfirmationDialog} from "@web/core/confirmation_dialog/confirmation_dialog";
import {Layout} from "@web/search/layout";
import {_t} from "@web/core/l10n/translation";
import {browser} from "@web/core/browser/browser";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";

const MODEL = "sms.onboarding";
/** Milliseconds from one answer to the next look whether the carrier has answered. */
const PAUSE = 1000;

/** How each state of a row is marked. */
const MARKS = {
    done: "fa-check-circle text-success",
    todo: "fa-circle-o o_sms_muted",
    wrong: "fa-exclamation-circle text-danger",
    skipped: "fa-minus-circle o_sms_muted",
};

/** And what is read aloud of it. */
const LABELS = {
    done: _t("Done"),
    todo: _t("Not done"),
    wrong: _t("Wrong"),
    skipped: _t("Skipped"),
};

/** The screen "Set-up and health": the way to the first real text, and how it is since. */
export class Onboarding extends Component {
    static template = "helpdesk_mgmt_sms.Onboarding";
    static props = {...standardActionServiceProps};
    static components = {Layout};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.display = {controlPanel: {}};
        this.state = useState({setup: null, busy: false});
        onWillStart(() => this.call("get_setup"));
        useEffect(
            (isAsking) => isAsking && this.poll(),
            () => [this.state.setup.is_asking]
        );
    }

    /**
     * Look again and again until the carrier has answered.
     *
     * @returns {Function} what ends it
     */
    poll() {
        let timer = null;
        let isOver = false;
        const look = async () => {
            try {
                await this.look();
            } finally {
                timer = isOver ? null : browser.setTimeout(look, PAUSE);
            }
        };
        timer = browser.setTimeout(look, PAUSE);
        return () => {
            isOver = true;
            browser.clearTimeout(timer);
        };
    }

    async look() {
        if (!document.hidden && !this.state.busy) {
            const setup = await this.orm.silent.call(MODEL, "get_setup", []);
            // A button that was pressed meanwhile knows better.
            this.state.setup = this.state.busy ? this.state.setup : setup;
        }
    }

    /**
     * @param {Object} button of a step: what it calls waits for the carrier's answer
     * @returns {Boolean}
     */
    isDisabled(button) {
        const isAsking = button.method && this.state.setup.is_asking;
        return Boolean(this.state.busy || isAsking);
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
     * @param {Object} button of a row: what it opens, or what it calls
     */
    async press(button) {
        if (button.confirm) {
            return this.dialog.add(ConfirmationDialog, {
                title: button.label,
                body: button.confirm,
                confirmLabel: _t("Continue"),
                confirm: () => this.call(button.method),
                cancel: () => undefined,
            });
        }
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

    label(row) {
        return LABELS[row.state];
    }

    /** What is wrong is to be done first, then the first step that is open. */
    isNext(step) {
        const first = (wanted) =>
            this.state.setup.steps.find(({state}) => state === wanted);
        const next = first("wrong") || first("todo");
        return next && next.key === step.key;
    }

    get percent() {
        const {done, count} = this.state.setup;
        return Math.round((100 * done) / count);
    }
}

registry.category("actions").add("helpdesk_mgmt_sms.onboarding", Onboarding);
