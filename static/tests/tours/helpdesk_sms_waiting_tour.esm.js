import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");
const STAGE = ".o_statusbar_status button";

function clickStage(name) {
    return {
        content: `Move the ticket to ${name}`,
        trigger: `${STAGE}:contains(${name}):not([aria-current=step])`,
        run: "click",
    };
}

function isIn(name) {
    return {
        content: `The ticket is in ${name}`,
        trigger: `${STAGE}[aria-current=step]:contains(${name})`,
    };
}

/** The box is seen when the mouse is near, which a test has none of. */
function choose(name) {
    return {
        content: `Choose ${name}`,
        trigger: `.o_sms_inbox_list [role=row]:contains(${name})`,
        run({anchor}) {
            anchor.querySelector("input[type=checkbox]").click();
        },
    };
}

const isAsked = {
    content: "The text that waits is shown, with who wrote it and until when",
    trigger:
        ".modal .o_sms_waiting_texts:contains(The parts come on Monday):contains(Held until)",
};
const isSaved = {
    content: "All is saved",
    trigger: "body:not(:has(.o_form_status_indicator_buttons:not(.invisible)))",
};
const isGone = {content: "Nobody is asked any more", trigger: "body:not(:has(.modal))"};

/** Who closes a ticket in its form is asked, and may keep it open. */
tours.add("helpdesk_sms_waiting_form", {
    steps: () => [
        isIn("Quiet"),
        clickStage("Solved"),
        isAsked,
        {
            content: "Keep it open",
            trigger: ".modal button:contains(Keep open)",
            run: "click",
        },
        isGone,
        isIn("Quiet"),
        clickStage("Solved"),
        isAsked,
        {
            content: "Cancel the text",
            trigger: ".modal .o_sms_waiting_cancel:contains(cancel it)",
            run: "click",
        },
        isGone,
        isIn("Solved"),
        isSaved,
        clickStage("Quiet"),
        isSaved,
        clickStage("Solved"),
        isIn("Solved"),
        isSaved,
    ],
});

/** Several that are closed together make one question. */
tours.add("helpdesk_sms_waiting_bulk", {
    steps: () => [
        choose("Anna Long"),
        choose("Bert Short"),
        {
            content: "Close them",
            trigger: ".o_selection_container:contains(2) .o_sms_inbox_close",
            run: "click",
        },
        {
            content: "The texts are counted",
            trigger: ".modal:contains(2 texts to customers still wait)",
        },
        {
            content: "Send them anyway",
            trigger: ".modal .o_sms_waiting_send",
            run: "click",
        },
        {
            content: "All are closed",
            trigger: ".o_notification:contains(2 tickets closed)",
        },
    ],
});
