import {Component, useEffect, xml} from "@odoo/owl";
import {ConnectionLostError} from "@web/core/network/rpc";
import {browser} from "@web/core/browser/browser";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {useService} from "@web/core/utils/hooks";

const PAUSE = 2000;
/** A form that takes a second to read is read again after so many seconds. */
const SHARE = 5;

/** It is looked at again: what is done by hand meanwhile says that it is lost. */
function passLostConnection(error) {
    if (!(error instanceof ConnectionLostError)) {
        throw error;
    }
}

/**
 * Keeps the form of a long work up to date while its record says `is_live`.
 *
 * Opening it also wakes a job whose server was restarted meanwhile.
 */
export class Poll extends Component {
    static template = xml``;
    static props = {...standardWidgetProps};

    setup() {
        this.orm = useService("orm");
        useEffect(
            (isRunning) => isRunning && this.poll(),
            () => [this.props.record.data.is_live, this.props.record.resId]
        );
    }

    /**
     * Look again and again; what takes the server long is asked the less often.
     *
     * @returns {Function} what ends it
     */
    poll() {
        const {record} = this.props;
        this.orm.silent
            .call(record.resModel, "action_refresh", [record.resId])
            .catch(passLostConnection);
        let timer = null;
        const wait = (took) => {
            timer = browser.setTimeout(look, Math.max(PAUSE, SHARE * took));
        };
        const look = async () => {
            const begun = Date.now();
            // A button of the form has put another one in its place.
            const {record} = this.props;
            // What somebody is writing would be lost.
            if (!document.hidden && !record.dirty) {
                await record.load().catch(passLostConnection);
            }
            if (timer !== null) {
                wait(Date.now() - begun);
            }
        };
        wait(0);
        return () => {
            browser.clearTimeout(timer);
            timer = null;
        };
    }
}

registry.category("view_widgets").add("sms_poll", {
    component: Poll,
    fieldDependencies: [{name: "is_live", type: "boolean", readonly: true}],
});
