// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

function open(name) {
    return {
        content: `Open ${name}`,
        trigger: `.o_data_row:contains(${name}) td[name=name]`,
        timeout: 30000,
        run: "click",
    };
}

/** What the bar has shown before. */
let before = "";
const readBar = () => document.querySelector("[name=progress_html]").textContent;

/** Its author asks for the approval, and may not give it. */
tours.add("helpdesk_sms_broadcast_asks", {
    steps: () => [
        open("Outage of Denver"),
        {
            content: "It says beforehand why, and who may approve it",
            trigger:
                ".alert:contains(reaches 3 people. Above 2 another manager):contains(Carla)",
        },
        {
            content: "Test it",
            trigger: "button[name=action_test_text]",
            run: "click",
        },
        {
            content: "The longest text is what is tested",
            trigger: ".modal .o_field_widget[name=body]",
            timeout: 30000,
        },
        {
            content: "Not now",
            trigger: ".modal .btn-close",
            run: "click",
        },
        {
            content: "Ask",
            trigger: "body:not(:has(.modal)) button:contains(Ask for approval)",
            run: "click",
        },
        {
            content: "The dialog shows the words",
            trigger: ".modal .o_sms_sample:contains(network outage)",
        },
        {
            content: "Its button says what it does",
            trigger: ".modal footer button:contains(Ask to text 3 people)",
            run: "click",
        },
        {
            content: "Whom it waits for; nothing to approve for me",
            trigger:
                ".o_form_view:not(:has(.modal)):not(:has(button:contains(Approve))) .alert:contains(It waits for):contains(Carla)",
        },
    ],
});

/** The second manager finds it by the activity, reads it and refuses. */
tours.add("helpdesk_sms_broadcast_refuses", {
    steps: () => [
        {
            content: "Something is to be done",
            trigger: ".o_menu_systray button:has(.fa-clock-o):contains(1)",
            run: "click",
        },
        {
            content: "A broadcast",
            trigger: ".o-mail-ActivityGroup:contains(Broadcast)",
            run: "click",
        },
        open("Outage of Denver"),
        {
            content: "Who has prepared it",
            trigger: ".alert:contains(sms-manager):contains(approve or refuse)",
        },
        {
            content: "Refuse it",
            trigger: "button[name=action_ask_why]",
            run: "click",
        },
        {
            content: "Without a reason",
            trigger: ".modal footer button[name=action_refuse]",
            run: "click",
        },
        {
            content: "That is not accepted",
            trigger: ".modal .o_field_widget[name=reason].o_field_invalid input",
            run: "edit It is Boulder",
        },
        {
            content: "With one",
            trigger: ".modal footer button[name=action_refuse]",
            run: "click",
        },
        {
            content: "It is its author's again, and everybody sees why",
            trigger:
                "body:not(:has(.modal)) .alert-danger:contains(Not approved by Carla):contains(It is Boulder)",
        },
    ],
});

/** The author reads why, and checks anew what is mended. */
tours.add("helpdesk_sms_broadcast_learns", {
    steps: () => [
        open("Outage of Denver"),
        {
            content: "Why",
            trigger: ".alert-danger:contains(It is Boulder)",
        },
        {
            content: "And in the chatter",
            trigger: ".o-mail-Message:contains(Not approved: It is Boulder)",
        },
        {
            content: "Check it",
            trigger: "button[name=action_check]",
            run: "click",
        },
        {
            content: "It is being checked, and not refused any more",
            trigger: ".o_form_view:not(:has(.alert-danger)) .alert:contains(Checking)",
        },
    ],
});

/** The second manager reads what leaves, when and at what cost, and approves. */
tours.add("helpdesk_sms_broadcast_approves", {
    steps: () => [
        open("Outage of Denver"),
        {
            content: "Approve it",
            trigger: "button:contains(Approve and send)",
            run: "click",
        },
        {
            content: "When",
            trigger: ".modal .o_field_widget[name=when_note]:contains(tomorrow)",
        },
        {
            content: "At what cost",
            trigger: ".modal .o_field_widget[name=estimate]:contains(segments)",
        },
        {
            content: "Whose it is",
            trigger: ".modal .o_field_widget[name=user_id]:contains(sms-manager)",
        },
        {
            content: "In which words",
            trigger: ".modal .o_sms_sample:contains(there is an outage in Denver)",
        },
        {
            content: "How many",
            trigger: ".modal footer button:contains(Text 3 people)",
            run: "click",
        },
        {
            content: "It is planned",
            trigger: "body:not(:has(.modal)) .alert-info:contains(Planned)",
        },
    ],
});

/** The author changes it: the approval is gone with the plan. */
tours.add("helpdesk_sms_broadcast_changes", {
    steps: () => [
        open("Outage of Denver"),
        {
            content: "It is approved",
            trigger: ".o_field_widget[name=approver_id]:contains(Carla)",
        },
        {
            content: "Change it",
            trigger: "button[name=action_change]",
            run: "click",
        },
        {
            content: "It is not any more",
            trigger:
                ".o_form_view:not(:has(.o_field_widget[name=approver_id])) button[name=action_check]",
        },
    ],
});

/** A manager pauses what leaves. */
tours.add("helpdesk_sms_broadcast_pauses", {
    steps: () => [
        open("Outage of Denver"),
        {
            content: "Two have left, one waits",
            trigger:
                ".o_field_widget[name=progress_html]:contains(2 delivered · 1 waiting)",
        },
        {
            content: "It is being sent",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(Sending)",
        },
        {
            content: "Pause it",
            trigger: "button[name=action_pause]",
            run: "click",
        },
        {
            content: "Who has paused it, and what waits",
            trigger:
                ".alert-warning:contains(Paused by sms-manager):contains(2 sent, 1 waiting)",
        },
        {
            content: "No second pause",
            trigger: ".o_form_view:not(:has(button[name=action_pause]))",
        },
    ],
});

/** Another one goes on with it. */
tours.add("helpdesk_sms_broadcast_resumes", {
    steps: () => [
        open("Outage of Denver"),
        {
            content: "Go on",
            trigger: "button[name=action_resume]",
            run: "click",
        },
        {
            content: "It is being sent again",
            trigger:
                ".o_form_view:not(:has(.alert-warning)) .o_statusbar_status .o_arrow_button_current:contains(Sending)",
        },
    ],
});

/** A manager cancels the rest, and sees before what is too late for that. */
tours.add("helpdesk_sms_broadcast_cancels", {
    steps: () => [
        open("Outage of Denver"),
        {
            content: "Cancel it",
            trigger: "button[name=action_confirm_cancel]",
            run: "click",
        },
        {
            content: "What is too late, and what not",
            trigger:
                ".modal .o_field_widget[name=cancel_note]:contains(Sent: 2):contains(Not sent yet: 1)",
        },
        {
            content: "Rather not",
            trigger: ".modal footer button:contains(Keep it)",
            run: "click",
        },
        {
            content: "Nothing has changed: once more",
            trigger:
                "body:not(:has(.modal)) .o_form_view:has(button[name=action_pause]) button[name=action_confirm_cancel]",
            run: "click",
        },
        {
            content: "The rest of it",
            trigger: ".modal footer button:contains(Cancel the rest)",
            run: "click",
        },
        {
            content: "The counts add up",
            trigger:
                "body:not(:has(.modal)) .o_field_widget[name=progress_html]:contains(2 delivered · 1 cancelled)",
        },
        {
            content: "Who has cancelled it",
            trigger:
                ".alert-warning:contains(Cancelled by sms-manager):contains(2 had been sent)",
        },
        {
            content: "The people",
            trigger: "button[name=action_view_recipients]",
            run: "click",
        },
        {
            content: "Say so too",
            trigger: ".o_group_header:contains(Cancelled before it was sent)",
        },
    ],
});

/** Thousands: from the check to the end, on one page that is never loaded again. */
tours.add("helpdesk_sms_broadcast_many", {
    steps: () => [
        open("Outage of Bigtown"),
        {
            content: "Check who gets it",
            trigger: "button[name=action_check]",
            run: "click",
        },
        {
            content: "How far it is, in numbers",
            trigger: ".alert-info:contains(Checking):contains(of 2,000 people)",
            run: () => {
                window.isSamePage = true;
            },
        },
        {
            content: "The result comes by itself",
            trigger:
                ".o_field_widget[name=check_html]:contains(2,000 will get it, 0 will not)",
            timeout: 30000,
        },
        {
            content: "Send it",
            trigger: "button[name=action_confirm]:contains(Send)",
            run: "click",
        },
        {
            content: "To all",
            trigger: ".modal footer button:contains(Text 2,000 people)",
            run: "click",
        },
        {
            content: "The bar shows what waits",
            trigger:
                "body:not(:has(.modal)) .o_field_widget[name=progress_html]:contains(waiting)",
            timeout: 30000,
            run: () => {
                before = readBar();
            },
        },
        {
            content: "The bar moves by itself",
            trigger: ".o_field_widget[name=progress_html]",
            timeout: 30000,
            run: async () => {
                for (let left = 200; readBar() === before && left; left--) {
                    await new Promise((resolve) => setTimeout(resolve, 100));
                }
                if (readBar() === before) {
                    console.error("The bar does not move");
                }
            },
        },
        {
            content: "To the end",
            trigger: ".o_field_widget[name=progress_html]:contains(2,000 delivered)",
            timeout: 60000,
        },
        {
            content: "Which the status says",
            trigger: ".o_statusbar_status:has(.o_arrow_button_current:contains(Sent))",
            run: () => {
                if (!window.isSamePage) {
                    console.error("The page was loaded again");
                }
            },
        },
    ],
});
