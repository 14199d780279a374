import {InboxController} from "./inbox_controller.esm";
import {InboxRenderer} from "./inbox_renderer.esm";
import {RelationalModel} from "@web/model/relational_model/relational_model";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {registry} from "@web/core/registry";

/** Conversations change by the minute: they are never shown from a cache. */
class InboxModel extends RelationalModel {
    static withCache = false;

    /** Loads again what the list shows; whoever was chosen stays so. */
    async reload() {
        const chosen = new Set(this.root.selection?.map(({resId}) => resId));
        await this.load();
        for (const record of this.root.records) {
            if (chosen.has(record.resId)) {
                record.toggleSelection(true);
            }
        }
    }
}

registry.category("views").add("sms_inbox", {
    ...kanbanView,
    Controller: InboxController,
    Model: InboxModel,
    Renderer: InboxRenderer,
});
