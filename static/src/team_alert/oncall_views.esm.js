import {KanbanController} from "@web/views/kanban/kanban_controller";
import {ListController} from "@web/views/list/list_controller";
import {OncallNow} from "./oncall_now.esm";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {listView} from "@web/views/list/list_view";
import {registry} from "@web/core/registry";

/** The shifts, below who is on call now. */
class OncallListController extends ListController {
    static template = "helpdesk_mgmt_sms.OncallList";
    static components = {...ListController.components, OncallNow};
}

class OncallKanbanController extends KanbanController {
    static template = "helpdesk_mgmt_sms.OncallKanban";
    static components = {...KanbanController.components, OncallNow};
}

registry.category("views").add("sms_oncall_list", {
    ...listView,
    Controller: OncallListController,
});
registry.category("views").add("sms_oncall_kanban", {
    ...kanbanView,
    Controller: OncallKanbanController,
});
