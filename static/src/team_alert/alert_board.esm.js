import {browser} from "@web/core/browser/browser";
import {KanbanController} from "@web/views/kanban/kanban_controller";
import {OncallNow} from "./oncall_now.esm";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {registry} from "@web/core/registry";
import {useEffect} from "@odoo/owl";

const PAUSE = 10000;

/** The board of team alerts: what others do on their phones appears by itself. */
export class AlertBoardController extends KanbanController {
    static template = "helpdesk_mgmt_sms.AlertBoard";
    static components = {...KanbanController.components, OncallNow};

    setup() {
        super.setup();
        useEffect(
            () => {
                const timer = browser.setInterval(() => {
                    if (!document.hidden) {
                        this.model.load();
                    }
                }, PAUSE);
                return () => browser.clearInterval(timer);
            },
            () => []
        );
    }
}

registry.category("views").add("sms_alert_board", {
    ...kanbanView,
    Controller: AlertBoardController,
});
