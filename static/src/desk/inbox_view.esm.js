import {InboxController} from "./inbox_controller.esm";
import {InboxRenderer} from "./inbox_renderer.esm";
import {RelationalModel} from "@web/model/relational_model/relational_model";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {registry} from "@web/core/registry";

/** Conversations change by the minute: they are never shown from a cache. */
export class InboxModel extends RelationalModel {
    static withCache = false;

    /** @override */
    async load(params = {}) {
        this.isSearching = Boolean(params.domain);
        try {
            await super.load(params);
        } finally {
            this.isSearching = false;
        }
    }

    /**
     * Loads again what the list shows, without a sign of it. Never in the place of a
     * search that is on its way: that brings the newest too, and only the last counts.
     */
    async reload() {
        await this.whenReady;
        if (this.isSearching) {
            return;
        }
        const {orm} = this;
        this.orm = orm.silent;
        try {
            await this.load();
        } finally {
            this.orm = orm;
        }
    }

    /**
     * Whoever is chosen stays so, also if that was while the list was on its way.
     *
     * @override
     */
    _createRoot(config, data) {
        const chosen = new Set(this.root?.selection?.map(({resId}) => resId));
        const root = super._createRoot(config, data);
        for (const record of root.records) {
            record.selected = chosen.has(record.resId);
        }
        return root;
    }
}

registry.category("views").add("sms_inbox", {
    ...kanbanView,
    Controller: InboxController,
    Model: InboxModel,
    Renderer: InboxRenderer,
});
