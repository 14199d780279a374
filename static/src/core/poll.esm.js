import {Component, useEffect, xml} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {useService} from "@web/core/utils/hooks";

const PAUSE = 2000;

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
            () => [this.props.record.data.is_live]
        );
    }

    /**
     * @returns {Function} what ends it
     */
    poll() {
        const {record} = this.props;
        this.orm.silent.call(record.resModel, "action_refresh", [record.resId]);
        const timer = browser.setInterval(() => {
            // What somebody is writing would be lost.
            if (!document.hidden && !record.dirty) {
                record.load().catch((error) => {
                    browser.clearInterval(timer);
                    throw error;
                });
            }
        }, PAUSE);
        return () => browser.clearInterval(timer);
    }
}

registry.category("view_widgets").add("sms_poll", {
    component: Poll,
    fieldDependencies: [{name: "is_live", type: "boolean", readonly: true}],
});
