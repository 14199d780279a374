import {ConnectionLostError} from "@web/core/network/rpc";
import {DeskStore} from "@helpdesk_mgmt_sms/desk/desk_store.esm";
import {InboxModel} from "@helpdesk_mgmt_sms/desk/inbox_view.esm";
import {LEAVE, OPEN as OPEN_DESK} from "./desk_steps.esm";
import {Poll} from "@helpdesk_mgmt_sms/core/poll.esm";
import {RelationalModel} from "@web/model/relational_model/relational_model";
import {delay} from "@web/core/utils/concurrency";
import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");
/** Of a ticket that nobody may read. */
const NO_ID = 2147483647;

const OPEN = {...OPEN_DESK, timeout: 30000};

function desk() {
    return odoo.__WOWL_DEBUG__.root.env.services["helpdesk_mgmt_sms.desk"];
}

function check(found, wanted) {
    const [one, other] = [found, wanted].map((it) => JSON.stringify(it));
    if (one !== other) {
        throw new Error(`${one} instead of ${other}`);
    }
}

function text(index) {
    return {id: `in-${index}`, direction: "in", at: `2026-01-01 10:00:${10 + index}`};
}

/**
 * @param {Object} answers of the server, by method
 * @returns {DeskStore}
 */
function makeStore(answers) {
    const call = async (method, args) => answers[method](...args);
    return new DeskStore().setup(1, call);
}

function idsOf({messages}) {
    return messages.map(({id}) => id);
}

const CHECKS = {
    async "A change before the first page leaves no gap"() {
        const reply = {call: "+1"};
        const store = makeStore({
            get_sms_conversation: () => ({
                ...{messages: [text(8), text(9)], has_older: true, reply},
            }),
            get_sms_changes: () => ({messages: [text(1), text(9)], reply}),
        });
        await store.load();
        await store.refresh(["in-1", "in-9"]);
        check(idsOf(store), ["in-8", "in-9"]);
    },
    async "Texts of a former number do not stay"() {
        let [messages, number] = [[text(1), text(2), text(3)], "+1"];
        const store = makeStore({
            get_sms_conversation: () => ({
                ...{messages, has_older: false, reply: {call: number}},
            }),
            get_sms_changes: () => ({messages: [], reply: {call: number}}),
        });
        await store.load();
        [messages, number] = [[text(2)], "+2"];
        await store.refresh([]);
        check(idsOf(store), ["in-2"]);
        check(store.reply.call, "+2");
    },
    async "News do not hide what is said of the chosen time"() {
        const now = {call: "+1", time_note: ""};
        const later = {call: "+1", time_note: "tomorrow"};
        const store = makeStore({
            get_sms_conversation: () => ({
                ...{messages: [text(1)], has_older: false, reply: now},
            }),
            get_sms_changes: () => ({messages: [text(2)], reply: now}),
            preview_sms_reply: (_id, _template, sendAt) => (sendAt ? later : now),
        });
        await store.load();
        await store.preview(false, "2030-01-01 10:00:00");
        await store.refresh(["in-2"]);
        check(store.reply.time_note, "tomorrow");
        await store.preview(false, false);
        await store.refresh(["in-2"]);
        check(store.reply.time_note, "");
    },
    async "News do not hide what is said of a template"() {
        const free = {call: "+1", blocked: ""};
        const store = makeStore({
            get_sms_conversation: () => ({messages: [], reply: free}),
            get_sms_changes: () => ({messages: [], reply: free}),
            preview_sms_reply: (_id, template) => ({
                ...{call: "+1", blocked: template ? "No consent" : ""},
            }),
        });
        await store.load();
        await store.preview(5, false);
        await store.refresh([]);
        check(store.reply.blocked, "No consent");
        await store.preview(false, false);
        await store.refresh([]);
        check(store.reply.blocked, "");
    },
    async "An answer that is late does not bring back what was"() {
        const reply = {call: "+1"};
        const states = ["sent", "delivered"];
        const store = makeStore({
            get_sms_conversation: () => ({messages: [text(1)], reply}),
            get_sms_changes: async () => {
                const state = states.shift();
                await delay(state === "sent" ? 100 : 0);
                return {messages: [{...text(1), state}], reply};
            },
        });
        await store.load();
        await Promise.all([store.refresh(["in-1"]), store.refresh(["in-1"])]);
        check(store.messages[0].state, "delivered");
    },
    async "What was deleted while the line was down does not stay"() {
        const pages = [[text(1), text(2), text(3)], [text(2)]];
        const store = makeStore({
            get_sms_conversation: () => ({
                ...{messages: pages.shift(), has_older: true, reply: {call: "+1"}},
            }),
        });
        await store.load();
        await store.load();
        check(idsOf(store), ["in-1", "in-2"]);
    },
    async "A form is read again though a button has replaced its record"() {
        const read = [];
        const make = (name) => ({dirty: false, load: async () => read.push(name)});
        const poll = Object.create(Poll.prototype);
        poll.orm = {silent: {call: async () => true}};
        poll.props = {record: make("old")};
        const stop = poll.poll();
        poll.props = {record: make("new")};
        await delay(3000);
        stop();
        check(read[0], "new");
    },
    async "News of a ticket that cannot be read are none"() {
        await desk().onNews(NO_ID, false);
    },
    async "A list goes on after a search that has failed"() {
        const {load} = RelationalModel.prototype;
        const model = Object.create(InboxModel.prototype);
        RelationalModel.prototype.load = () =>
            Promise.reject(new ConnectionLostError("/search"));
        try {
            await model.load({domain: []});
        } catch {
            // It is the search's own.
        } finally {
            RelationalModel.prototype.load = load;
        }
        check(model.isSearching, false);
    },
};

/** What screens do with what the server says, or does not say. */
tours.add("helpdesk_sms_desk_store", {
    steps: () => [
        {
            content: "All of them",
            trigger: ".o_form_view",
            timeout: 20000,
            async run() {
                const failed = [];
                for (const [name, work] of Object.entries(CHECKS)) {
                    await work().catch(({message}) =>
                        failed.push(`${name}: ${message}`)
                    );
                }
                if (failed.length) {
                    throw new Error(failed.join("; "));
                }
            },
        },
    ],
});

/** A ticket is taken away from who has its conversation open. */
tours.add("helpdesk_sms_desk_taken", {
    steps: () => [
        OPEN,
        {
            content: "Write",
            trigger: ".o_sms_desk_input",
            run: "edit Hello",
        },
        {
            content: "It is in another company meanwhile",
            trigger: ".o_sms_desk_input:value(Hello)",
            async run() {
                await new Promise((resolve) => setTimeout(resolve, 1000));
                const {changes, listeners} = desk();
                for (const id of Object.keys(listeners)) {
                    changes.trigger(`change-${id}`, {ticket_id: Number(id), ids: []});
                }
            },
        },
        {
            content: "The conversation says so",
            trigger: ".o_sms_desk .o_sms_desk_blank[role=alert]",
        },
        {
            content: "And no dialog",
            trigger: "body:not(:has(.modal))",
        },
    ],
});

/** What was chosen for a half-written text is there again. */
tours.add("helpdesk_sms_desk_kept", {
    steps: () => [
        OPEN,
        {
            content: "Write",
            trigger: ".o_sms_desk_input",
            run: "edit See you tomorrow",
        },
        {
            content: "For another time",
            trigger: ".o_sms_desk_timing",
            run: "click",
        },
        {
            content: "Tomorrow",
            trigger: ".o_sms_desk_time input",
            run({edit, press}) {
                const {DateTime} = luxon;
                const format = "MM/dd/yyyy HH:mm:ss";
                edit(DateTime.local().plus({days: 1}).toFormat(format));
                press("Enter");
            },
        },
        {
            content: "It says when it will leave",
            trigger: ".o_sms_desk_hold",
        },
        ...LEAVE,
        OPEN,
        {
            content: "The time is still chosen, and told",
            trigger:
                ".o_sms_desk:has(.o_sms_desk_hold):has(.o_sms_desk_timing.active) .o_sms_desk_input:value(See you tomorrow)",
        },
        {
            content: "Send",
            trigger: ".o_sms_desk_send:enabled",
            run: "click",
        },
        {
            content: "It waits",
            trigger: ".o_sms_desk_held:contains(See you tomorrow)",
        },
    ],
});

/** While a text is sent, nothing can be typed that would be lost with it. */
tours.add("helpdesk_sms_desk_busy", {
    steps: () => [
        OPEN,
        {
            content: "Write",
            trigger: ".o_sms_desk_input",
            run: "edit Hello",
        },
        {
            content: "Send",
            trigger: ".o_sms_desk_input",
            async run({anchor}) {
                document.querySelector(".o_sms_desk_send").click();
                while (!document.querySelector(".o_sms_desk_send .fa-spin")) {
                    if (document.querySelector(".o_sms_desk_out")) {
                        return; // sent before it was drawn
                    }
                    await new Promise(requestAnimationFrame);
                }
                check(anchor.readOnly, true);
            },
        },
        {
            content: "Write on",
            trigger:
                ".o_sms_desk:has(.o_sms_desk_out) .o_sms_desk_input:not([readonly])",
        },
    ],
});
