import {useEffect, useRef} from "@odoo/owl";
import {KanbanRecord} from "@web/views/kanban/kanban_record";
import {KanbanRenderer} from "@web/views/kanban/kanban_renderer";
import {useHotkey} from "@web/core/hotkeys/hotkey_hook";

/** A conversation in the list: the card of the view, and a box to choose it. */
export class InboxRecord extends KanbanRecord {
    static template = "helpdesk_mgmt_sms.InboxRecord";
    static props = [...KanbanRecord.props, "isOpen", "isReachable"];
}

/** The conversations, one beneath the other. */
export class InboxRenderer extends KanbanRenderer {
    static template = "helpdesk_mgmt_sms.InboxRenderer";
    static components = {...KanbanRenderer.components, InboxRecord};
    static props = [...KanbanRenderer.props, "openId", "onMove", "onReply"];

    setup() {
        super.setup();
        this.listRef = useRef("list");
        // Inside of the area of the kanban's own keys, so that these come first.
        const area = () => this.listRef.el;
        const options = {area, allowRepeat: true};
        useHotkey("ArrowDown", () => this.props.onMove(1), options);
        useHotkey("ArrowUp", () => this.props.onMove(-1), options);
        useHotkey("Enter", ({target}) => this.onEnter(target), {area});
        useHotkey("Space", ({target}) => this.onSpaceKeyPress(target), {area});
        useEffect(
            () => this.showOpen(),
            () => [this.props.openId]
        );
    }

    get records() {
        return this.props.list.records;
    }

    /** The one that the Tab key reaches: the open one, if it is in the list. */
    get reachableId() {
        const isHere = this.records.some(({resId}) => resId === this.props.openId);
        return isHere ? this.props.openId : this.records[0]?.resId;
    }

    get isFiltered() {
        return Boolean(this.env.searchModel?.facets.length);
    }

    get recordProps() {
        const {archInfo, Compiler, forceGlobalClick, list} = this.props;
        const {deleteRecord, openRecord, readonly} = this.props;
        return {
            ...{
                archInfo,
                Compiler,
                forceGlobalClick,
                deleteRecord,
                openRecord,
                readonly,
            },
            groupByField: list.groupByField,
            getSelection: () => this.getSelection(),
            toggleSelection: (...args) => this.toggleSelection(...args),
            selectionAvailable: this.state.selectionAvailable,
        };
    }

    /** Scrolls to the open one; the focus goes with it, unless it is elsewhere. */
    showOpen() {
        const row = this.listRef.el?.querySelector("[aria-selected=true]");
        row?.scrollIntoView({block: "nearest"});
        const {activeElement, body} = document;
        if (activeElement === body || this.listRef.el?.contains(activeElement)) {
            row?.focus({preventScroll: true});
        }
    }

    onEnter(target) {
        if (target.ariaSelected === "true") {
            this.props.onReply();
        } else {
            target.click();
        }
    }

    /** @override */
    onSpaceKeyPress(target, isRange) {
        if (target.classList.contains("o_kanban_record")) {
            super.onSpaceKeyPress(target, isRange);
        } else {
            target.click();
        }
    }
}
