import {Component, useEffect, xml} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {useService} from "@web/core/utils/hooks";

const RUNNING = ["checking", "importing"];
const PAUSE = 2000;

/**
 * Keeps the form of an import up to date while it is running.
 *
 * Opening it also wakes a job whose server was restarted meanwhile.
 */
export class ImportPoll extends Component {
    static template = xml``;
    static props = {...standardWidgetProps};

    setup() {
        this.orm = useService("orm");
        useEffect(
            (isRunning) => isRunning && this.poll(),
            () => [RUNNING.includes(this.props.record.data.state)]
        );
    }

    /**
     * @returns {Function} what ends it
     */
    poll() {
        const {record} = this.props;
        this.orm.silent.call(record.resModel, "action_refresh", [record.resId]);
        const timer = browser.setInterval(() => {
            if (!document.hidden) {
                record.load().catch((error) => {
                    browser.clearInterval(timer);
                    throw error;
                });
            }
        }, PAUSE);
        return () => browser.clearInterval(timer);
    }
}

registry.category("view_widgets").add("sms_import_poll", {
    component: ImportPoll,
    fieldDependencies: [{name: "state", type: "selection", readonly: true}],
});
