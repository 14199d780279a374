import {onMounted, onWillUnmount, useExternalListener} from "@odoo/owl";
import {useBus, useService} from "@web/core/utils/hooks";
import {browser} from "@web/core/browser/browser";

const BUS_CHANNEL = "helpdesk_mgmt_sms.inbox";
const CHANGE_TYPE = "helpdesk_mgmt_sms/inbox";
/** Milliseconds between two reports of changes. */
const PAUSE = 1000;
/** Stands among the ids for: any of them may have changed. */
export const ANY_TICKET = 0;

/**
 * Reports changed conversations: at once, then at most once a second, and not before
 * the tab is looked at.
 *
 * @param {Function} onChange gets a Set with the ids of the tickets
 */
export function useInboxChanges(onChange) {
    const bus = useService("bus_service");
    const changed = new Set();
    let timer = null;
    let lastReport = 0;

    function report() {
        timer = null;
        if (!changed.size || document.visibilityState === "hidden") {
            return;
        }
        const ids = new Set(changed);
        changed.clear();
        lastReport = Date.now();
        onChange(ids);
    }

    function note({ticket_ids: ids}) {
        (ids.length ? ids : [ANY_TICKET]).forEach((id) => changed.add(id));
        timer ??= browser.setTimeout(report, lastReport + PAUSE - Date.now());
    }

    onMounted(() => {
        bus.addChannel(BUS_CHANNEL);
        bus.subscribe(CHANGE_TYPE, note);
    });
    onWillUnmount(() => {
        bus.unsubscribe(CHANGE_TYPE, note);
        browser.clearTimeout(timer);
    });
    useBus(bus, "BUS:RECONNECT", () => note({ticket_ids: []}));
    useExternalListener(document, "visibilitychange", report);
}
