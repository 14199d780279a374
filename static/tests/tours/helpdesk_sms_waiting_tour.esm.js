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

const isAsked = {
    content: "The text that waits is shown, with who wrote it and until when",
    trigger:
        ".modal .o_sms_waiting_texts:contains(The parts come on Monday):contains(Held until)",
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
        clickStage("Quiet"),
        isIn("Quiet"),
        clickStage("Solved"),
        isIn("Solved"),
    ],
});

/** Several that are closed together make one question. */
tours.add("helpdesk_sms_waiting_bulk", {
    steps: () => [
        {
            content: "Choose all",
            trigger: ".o_sms_inbox_list [role=row]:contains(Anna Long)",
            run() {
                for (const box of document.querySelectorAll(
                    ".o_sms_inbox_list [role=row] input[type=checkbox]"
                )) {
                    box.click();
                }
            },
        },
        {
            content: "Close them",
            trigger: ".o_selection_container:contains(3) .o_sms_inbox_close",
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
            trigger: ".o_notification:contains(3 tickets closed)",
        },
    ],
});
