import {App} from "@odoo/owl";
import {OPEN} from "./desk_steps.esm";
import {registry} from "@web/core/registry";
import {rpc} from "@web/core/network/rpc";

const tours = registry.category("web_tour.tours");

/**
 * Tells the screen what the bus has for this user. Tests commit nothing, so that the
 * websocket of their browsers is silent.
 *
 * @returns {Promise}
 */
async function hearBus() {
    const [{env}] = App.apps;
    const {changes, listeners} = env.services["helpdesk_mgmt_sms.desk"];
    const channels = Object.keys(listeners).map(
        (id) => `helpdesk_mgmt_sms.ticket_${id}`
    );
    const params = {channels, last: 0, is_first_poll: true};
    const {notifications} = await rpc("/websocket/peek_notifications", params);
    for (const {message} of notifications) {
        const kind = {
            "helpdesk_mgmt_sms/texts": "change",
            "helpdesk_mgmt_sms/presence": "presence",
        }[message.type];
        if (kind) {
            changes.trigger(`${kind}-${message.payload.ticket_id}`, message.payload);
        }
    }
}

/** A saved reply is found by its shortcut and takes the slash's place. */
tours.add("helpdesk_sms_desk_slash", {
    steps: () => [
        OPEN,
        {
            content: "A slash offers the saved replies",
            trigger: ".o_sms_desk_input",
            run: "edit /",
        },
        {
            content: "All of them",
            trigger:
                "body:has(.o_sms_desk_saved:contains(/details)):has(.o_sms_desk_saved:contains(/restart))",
        },
        {
            content: "Letters leave those that begin with them",
            trigger: ".o_sms_desk_input",
            run: "edit Good morning. /re",
        },
        {
            content: "One is left, and chosen",
            trigger:
                "body:not(:has(.o_sms_desk_saved:contains(/details))) .o-mail-NavigableList-active:contains(/restart)",
        },
        {
            content: "Take it by Enter",
            trigger: ".o_sms_desk_input",
            run: "press Enter",
        },
        {
            content: "It stands behind what was there",
            trigger:
                ".o_sms_desk_input:value(Good morning. Please turn the device off)",
        },
        {
            content: "The keys stand beside Send",
            trigger: ".o_sms_desk_keys:contains(Enter)",
        },
        {
            content: "Send",
            trigger: ".o_sms_desk_send:enabled",
            run: "click",
        },
        {
            content: "It says so",
            trigger: ".o_notification:contains(Text sent)",
        },
    ],
});

/** A note is written in the same place, mentions a colleague, and is no text. */
tours.add("helpdesk_sms_desk_note", {
    steps: () => [
        OPEN,
        {
            content: "Write a note",
            trigger: ".o_sms_desk_mode_note",
            run: "click",
        },
        {
            content: "It is unmistakable: no counter, no button to send",
            trigger:
                ".o_sms_desk_noting:not(:has(.o_sms_desk_send)):has(.o-mail-Composer-send:contains(Log note))",
        },
        {
            content: "Mention somebody",
            trigger: ".o_sms_desk .o-mail-Composer-input",
            run: "edit @sms-team",
        },
        {
            content: "They are suggested",
            trigger: ".o-mail-Composer-suggestion:contains(sms-team-agent)",
            run: "click",
        },
        {
            content: "They are named",
            trigger: ".o_sms_desk .o-mail-Composer-input:value(@sms-team-agent)",
        },
        {
            content: "Log it",
            trigger: ".o_sms_desk .o-mail-Composer-send:enabled",
            run: "click",
        },
        {
            content: "The box is empty",
            trigger: ".o_sms_desk .o-mail-Composer-input:value()",
            run: hearBus,
        },
        {
            content: "It is in the conversation, and no text",
            trigger:
                "article.o_sms_desk_note:contains(Internal note):contains(@sms-team)",
        },
        {
            content: "Back to texts",
            trigger: ".o_sms_desk_mode_text",
            run: "click",
        },
        {
            content: "The box is there",
            trigger: ".o_sms_desk_send",
        },
    ],
});

/** Who types in the same conversation is shown, and is gone when they leave. */
tours.add("helpdesk_sms_desk_presence", {
    steps: () => [
        OPEN,
        {
            content: "Begin to write",
            trigger: ".o_sms_desk_input",
            run: "edit Hello",
        },
        {
            content: "Somebody else does too",
            trigger: ".o_sms_desk",
            run: hearBus,
        },
        {
            content: "They are named",
            trigger:
                ".o_sms_desk_presence:contains(sms-team-agent):contains(is typing) img",
        },
    ],
});

/** Someone else has just answered: the agent is asked once. */
tours.add("helpdesk_sms_desk_overtaken", {
    steps: () => [
        OPEN,
        {
            content: "Write",
            trigger: ".o_sms_desk_input",
            run: "edit It is mended",
        },
        {
            content: "Send",
            trigger: ".o_sms_desk_send:enabled",
            run: "click",
        },
        {
            content: "A colleague was faster",
            trigger: ".modal:contains(sms-team-agent):contains(I was faster)",
        },
        {
            content: "Keep it",
            trigger: ".modal button:contains(Keep as a draft)",
            run: "click",
        },
        {
            content: "Theirs is there, and mine is still a draft",
            trigger: ".o_sms_desk_out:contains(I was faster)",
        },
        {
            content: "Send all the same",
            trigger: ".o_sms_desk_input:value(It is mended)",
            run: "press Control+Enter",
        },
        {
            content: "It is sent without another question",
            trigger: ".o_sms_desk_out:contains(It is mended)",
        },
    ],
});

/** A waiting text is moved to another time. */
tours.add("helpdesk_sms_desk_change_time", {
    steps: () => [
        OPEN,
        {
            content: "Change its time",
            trigger: ".o_sms_desk_held .btn:contains(Change time)",
            run: "click",
        },
        {
            content: "The form opens",
            trigger: ".modal:contains(Change time) .o_form_view",
        },
        {
            content: "Leave",
            trigger: ".modal footer button[special=cancel], .modal .btn-close",
            run: "click",
        },
        {
            content: "It is gone",
            trigger: "body:not(:has(.modal))",
        },
    ],
});

/** A STOP that comes while the desk is open changes the badge, the box and its reason. */
tours.add("helpdesk_sms_desk_stop", {
    steps: () => [
        OPEN,
        {
            content: "Texts may be sent",
            trigger:
                "body:has(.o_sms_consent_badge:contains(May text)) .o_sms_desk_input",
            run: "edit Hello",
        },
        {
            content: "They text STOP meanwhile",
            trigger: ".o_sms_desk",
            run: hearBus,
        },
        {
            content: "The box says why nothing may be sent",
            trigger: ".o_sms_desk_refusal:contains(Opted out)",
        },
        {
            content: "The story has it: their word, what it did, what we answered",
            trigger:
                ".o_sms_desk_log:has(.o_sms_desk_in:contains(STOP)):has(.o_sms_desk_line:contains(no more texts)):has(.o_sms_desk_out:contains(opted out))",
        },
        {
            content: "What was written is still there",
            trigger: ".o_sms_desk_input:value(Hello)",
        },
        {
            content: "The badge on the form says it too",
            trigger: ".o_form_view:contains(Opted out)",
        },
    ],
});

/** Texts about another ticket are one line until somebody wants to read them. */
tours.add("helpdesk_sms_desk_fold", {
    steps: () => [
        OPEN,
        {
            content: "They are folded",
            trigger: ".o_sms_desk_fold button:contains(2 texts about ticket)",
            run: "click",
        },
        {
            content: "They are there, with their ticket",
            trigger: ".o_sms_desk_in:contains(The other thing) .o_sms_desk_author",
        },
        {
            content: "The box is on the screen with many texts",
            trigger: ".o_sms_desk_input",
            run({anchor}) {
                const box = anchor.closest(".o_sms_desk_reply");
                const {bottom} = box.getBoundingClientRect();
                if (bottom > window.innerHeight) {
                    throw new Error(`The reply box ends at ${bottom}`);
                }
            },
        },
    ],
});
