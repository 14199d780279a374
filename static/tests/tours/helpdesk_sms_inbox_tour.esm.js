import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");
const PHONE_MODEL = "sms.virtual.phone";
const POLL = 250;

function services() {
    return odoo.__WOWL_DEBUG__.root.env.services;
}

function row(name, state = "") {
    return `.o_sms_inbox_list [role=row]${state}:contains(${name})`;
}

/** The conversation of a customer is open. */
function isOpen(name) {
    return {
        content: `The conversation with ${name} is open`,
        timeout: 30000,
        trigger: `${row(name, "[aria-selected=true]")}, .o_sms_inbox_thread h2:contains(${name})`,
    };
}

/** The box is seen when the mouse is near, which a test has none of. */
function chooseIt({anchor}) {
    anchor.querySelector("input[type=checkbox]").click();
}

function press(key, content) {
    return {content, trigger: ".o_sms_inbox", run: `press ${key}`};
}

/**
 * Waits for what the bus brings. A test's transaction is never committed, so the server
 * tells it only when the screen asks for its channels.
 */
function isTold(selector, content) {
    return {
        content,
        trigger: ".o_sms_inbox, .o_main_navbar",
        timeout: 30000,
        async run() {
            while (!document.querySelector(selector)) {
                services().bus_service.forceUpdateChannels();
                await new Promise((resolve) => setTimeout(resolve, POLL));
            }
        },
    };
}

/** The one who has waited longest is open, with the thread and the facts. */
tours.add("helpdesk_sms_inbox_opens", {
    steps: () => [
        {
            content: "What the list leaves out stands in the search",
            trigger: ".o_searchview_facet:contains(Open, not snoozed)",
        },
        isOpen("Anna Long"),
        {
            content: "Her text is there",
            trigger: ".o_sms_desk_in:contains(Anna writes)",
        },
        {
            content: "An unknown sender is listed by their number",
            trigger: row("+1 303-555"),
        },
        {
            content: "Open another conversation",
            trigger: row("Bert Short"),
            run: "click",
        },
        {
            content: "It is there",
            trigger: ".o_sms_desk_in:contains(Bert writes)",
        },
        {
            content: "The other tickets of the number are named",
            trigger: ".o_sms_inbox_facts button:contains(Another of Bert)",
        },
        {
            content: "Its ticket is beside it, and what is changed there is saved",
            trigger: ".o_sms_inbox_facts .o_priority_star:eq(2)",
            run: "click",
        },
        {
            content: "Open the ticket itself",
            trigger: ".o_sms_inbox_open_ticket",
            run: "click",
        },
        {
            content: "Its form is there",
            trigger: ".o_form_view .o_notebook",
        },
        {
            content: "Go back to the list",
            trigger: ".o_breadcrumb a:contains(Conversations)",
            run: "click",
        },
        isOpen("Bert Short"),
    ],
});

/** The keyboard alone moves, replies, assigns, snoozes and closes. */
tours.add("helpdesk_sms_inbox_keys", {
    steps: () => [
        isOpen("Anna Long"),
        press("j", "Down"),
        isOpen("Bert Short"),
        press("ArrowUp", "Up"),
        isOpen("Anna Long"),
        {
            content: "Ask for the keys",
            trigger: ".o_sms_inbox",
            run: "press ?",
        },
        {
            content: "They are listed",
            trigger: ".modal .o_sms_inbox_keys:contains(Assign to me)",
            run: "press Escape",
        },
        {
            content: "The list of keys is gone",
            trigger: "body:not(:has(.modal))",
        },
        {
            content: "The box to answer in is there",
            trigger: ".o_sms_desk_input",
        },
        press("r", "Reply"),
        {
            content: "Keys that are typed are words",
            trigger: ".o_sms_desk_input:focus",
            run: "edit We are on it",
        },
        {
            content: "Send",
            trigger: ".o_sms_desk_input",
            run: "press Control+Enter",
        },
        {
            content: "It was sent",
            trigger: ".o_sms_desk_out:contains(We are on it)",
        },
        {
            content: "Leave the box",
            trigger: ".o_sms_desk_input",
            run: "press Escape",
        },
        {
            content: "It is left",
            trigger: ".o_sms_inbox:not(:has(.o_sms_desk_input:focus))",
        },
        press("a", "Assign to me"),
        {
            content: "It is mine",
            trigger: ".o_sms_inbox_header:not(:has(.o_sms_inbox_assign))",
        },
        press("s", "Snooze"),
        {
            content: "For an hour",
            trigger: ".o-dropdown--menu .o-dropdown-item:contains(1 hour)",
            run: "click",
        },
        {
            content: "The next one has its place",
            trigger: `${row("Bert Short", "[aria-selected=true]")}`,
        },
        {
            content: "It is out of the list",
            trigger: ".o_sms_inbox_list:not(:contains(Anna Long))",
        },
        press("e", "Close"),
        {
            content: "It is closed",
            trigger: ".o_sms_inbox_list:not(:contains(Bert Short))",
        },
        {
            content: "The last one is open",
            trigger: row("+1 303-555", "[aria-selected=true]"),
        },
        press("n", "Nobody else waits"),
        {
            content: "It is said",
            trigger: ".o_notification:contains(Nobody else)",
        },
    ],
});

function hit(target, key, options = {}) {
    target.dispatchEvent(
        new KeyboardEvent("keydown", {key, bubbles: true, ...options})
    );
}

/** Who moves on at once closes what was open when they pressed the key. */
tours.add("helpdesk_sms_inbox_hurries", {
    steps: () => [
        isOpen("Anna Long"),
        {
            content: "Close it, and go down",
            trigger: ".o_sms_inbox_header .o_sms_inbox_close",
            run() {
                hit(document.body, "e");
                hit(document.body, "j");
            },
        },
        {
            content: "It is closed",
            timeout: 30000,
            trigger: ".o_notification:contains(Closed)",
        },
        {
            content: "The next one stays open",
            trigger: `.o_sms_inbox_list:not(:contains(Anna Long)) ${row("Bert Short", "[aria-selected=true]").replace(".o_sms_inbox_list ", "")}`,
        },
    ],
});

/** A text that is on its way when another conversation is opened is no draft any more. */
tours.add("helpdesk_sms_inbox_leaves", {
    steps: () => [
        isOpen("Anna Long"),
        {
            content: "Write",
            trigger: ".o_sms_desk_input",
            run: "edit On my way",
        },
        {
            content: "Send, and open another one",
            trigger: ".o_sms_desk_input",
            run({anchor}) {
                hit(anchor, "Enter", {ctrlKey: true});
                [...document.querySelectorAll(".o_sms_inbox_list [role=row]")]
                    .find((it) => it.textContent.includes("Bert Short"))
                    .click();
            },
        },
        {
            content: "The other one is there",
            trigger: ".o_sms_desk_in:contains(Bert writes)",
        },
        {
            content: "The text was sent",
            trigger: ".o_notification:contains(Text sent)",
        },
        {
            content: "Go back",
            trigger: row("Anna Long"),
            run: "click",
        },
        {
            content: "It stands in the conversation",
            trigger: ".o_sms_desk_out:contains(On my way)",
        },
        {
            content: "And no longer in the box",
            trigger: ".o_sms_desk_input",
            run({anchor}) {
                if (anchor.value) {
                    throw new Error(`The box has ${anchor.value}`);
                }
            },
        },
    ],
});

/** Hand over to a colleague. */
tours.add("helpdesk_sms_inbox_hands_over", {
    steps: () => [
        isOpen("Anna Long"),
        {
            content: "Hand over",
            trigger: ".o_sms_inbox_hand_over",
            run: "click",
        },
        {
            content: "Look for a colleague",
            trigger: ".o_command_palette_search input",
            run: "edit sms-team-agent",
        },
        {
            content: "Take the one",
            trigger: ".o_command_palette .o_command:only:contains(sms-team-agent)",
            run: "click",
        },
        {
            content: "It is theirs",
            trigger: ".o_notification:contains(Assigned)",
        },
        {
            content: "The facts say so",
            trigger:
                ".o_sms_inbox_facts .o_field_widget[name=user_id] input:value(sms-team-agent)",
        },
    ],
});

/** Several at once; what is refused is told. */
tours.add("helpdesk_sms_inbox_bulk", {
    steps: () => [
        isOpen("Anna Long"),
        {
            content: "Choose one",
            trigger: row("Anna Long"),
            run: chooseIt,
        },
        {
            content: "And another",
            trigger: row("Bert Short"),
            run: chooseIt,
        },
        {
            content: "Close them",
            trigger: ".o_selection_container:contains(2) .o_sms_inbox_close",
            run: "click",
        },
        {
            content: "One is closed, the other has no stage to close in",
            trigger: ".o_notification:contains(Closed):contains(no stage that closes)",
        },
        {
            content: "Nobody is chosen any more",
            trigger: "body:not(:has(.o_selection_container))",
        },
        {
            content: "The closed one has left the list, but is still open",
            trigger: ".o_sms_inbox_list:not(:contains(Anna Long)):contains(Bert Short)",
        },
        {
            content: "The conversation stays",
            trigger: ".o_sms_inbox_thread h2:contains(Anna Long)",
        },
    ],
});

/** A text arrives while somebody looks at the list. */
tours.add("helpdesk_sms_inbox_lives", {
    steps: () => [
        isOpen("Anna Long"),
        {
            content: "Bert writes again",
            trigger: row("Bert Short"),
            async run() {
                await services().orm.call(PHONE_MODEL, "send_text", [
                    "+13035550102",
                    "Are you there",
                ]);
            },
        },
        isTold(
            ".o_sms_inbox_list [role=row]:nth-child(2) .o_sms_unread",
            "The list is told"
        ),
        {
            content: "His new words are in the list",
            trigger: row("Are you there"),
        },
        isOpen("Anna Long"),
    ],
});

/** Without a conversation in the filter the screen says so. */
tours.add("helpdesk_sms_inbox_empty", {
    steps: () => [
        {
            content: "Take the filter away",
            trigger: ".o_sms_inbox_blank button:contains(Show all)",
            run: "click",
        },
        {
            content: "The first one opens",
            timeout: 30000,
            trigger: ".o_sms_desk_in",
        },
    ],
});

/** On a phone: the list, then the conversation, then the facts, and back. */
tours.add("helpdesk_sms_inbox_phone", {
    steps: () => [
        {
            content: "The list has the screen",
            trigger: ".o_sms_inbox:not(.o_sms_inbox_open)",
        },
        {
            content: "Open one",
            trigger: row("Anna Long"),
            run: "click",
        },
        {
            content: "The conversation has the screen",
            trigger: ".o_sms_inbox_open .o_sms_desk_in:contains(Anna writes)",
        },
        {
            content: "Look at the ticket",
            trigger: ".o_sms_inbox_facts_open",
            run: "click",
        },
        {
            content: "It is there",
            trigger: ".o_sms_inbox_facts .o_field_widget[name=stage_id]",
        },
        {
            content: "Back to the conversation",
            trigger: ".o_sms_inbox_facts_close",
            run: "click",
        },
        {
            content: "Back to the list",
            trigger: ".o_sms_inbox:not(:has(.o_sms_inbox_facts)) .o_sms_inbox_back",
            run: "click",
        },
        {
            content: "The list is there: open another one",
            trigger: `.o_sms_inbox:not(.o_sms_inbox_open) ${row("Bert Short")}`,
            run: "click",
        },
        {
            content: "It has the screen: the browser's Back",
            trigger: ".o_sms_inbox_open .o_sms_desk_in:contains(Bert writes)",
            run: () => window.history.back(),
        },
        {
            content: "It leads to the list as well",
            trigger: `.o_sms_inbox:not(.o_sms_inbox_open) ${row("Anna Long")}`,
        },
    ],
});

/** The counter shows what waits for me, lists it, and drops when it is read. */
tours.add("helpdesk_sms_inbox_systray", {
    steps: () => [
        {
            content: "One conversation is mine and unread",
            trigger: ".o_sms_inbox_counter:contains(1) button",
            run: "click",
        },
        {
            content: "It alone is listed",
            trigger: ".o_searchview_facet:contains(Unread)",
        },
        isOpen("Bert Short"),
        {
            content: "His text is read",
            trigger: ".o_sms_desk_in:contains(Bert writes)",
        },
        isTold(".o_sms_inbox_counter:not(:has(.badge))", "Nothing is left to read"),
    ],
});
