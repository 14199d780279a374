import {LEAVE, OPEN} from "./desk_steps.esm";
import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** From the inbox: read, write with a look at the cost, send. */
tours.add("helpdesk_sms_desk_replies", {
    steps: () => [
        {
            content: "Who waits is listed with their last words",
            trigger:
                ".o_sms_inbox_list [role=row]:contains(Dana Customer):contains(The printer jams again)",
            run: "click",
        },
        {
            content: "The conversation is beside the list, their text on the left",
            trigger: ".o_sms_desk_in .o_sms_desk_bubble:contains(The printer jams)",
        },
        {
            content: "Pick a template",
            trigger: ".o_sms_desk_templates",
            run: "click",
        },
        {
            content: "The one for an update",
            trigger: ".o-dropdown--menu .o-dropdown-item:contains(update)",
            run: "click",
        },
        {
            content: "It is there, filled in for this ticket",
            trigger: ".o_sms_desk_input:value(an update on)",
        },
        {
            content: "Write something else",
            trigger: ".o_sms_desk_input",
            run: "edit Ça marche à nouveau",
        },
        {
            content: "It fits into one segment",
            trigger: ".o_sms_counter:contains(1 segment):contains(GSM-7)",
        },
        {
            content: "One character makes it two",
            trigger: ".o_sms_desk_input",
            run: "edit Ça marche à nouveau, garçon",
        },
        {
            content: "The counter names it, and the cost of the text with its footer",
            trigger:
                ".o_sms_counter:contains(because of “ç”):contains(1 segment):contains(0.008)",
        },
        {
            content: "Send by keyboard",
            trigger: ".o_sms_desk_input",
            run: "press Control+Enter",
        },
        {
            content: "It is on the right, with its state",
            trigger:
                ".o_sms_desk_out:contains(garçon) .o_sms_desk_state:contains(Waiting)",
        },
        {
            content: "The box is empty again",
            trigger: ".o_sms_desk_input:value()",
        },
        {
            content: "Open the ticket",
            trigger: ".o_sms_inbox_open_ticket",
            run: "click",
        },
        {
            content: "The chatter has it too",
            trigger: ".o-mail-Message:contains(garçon)",
        },
    ],
});

/** Without consent the box says why, and the agent records what the person says. */
tours.add("helpdesk_sms_desk_blocked", {
    steps: () => [
        OPEN,
        {
            content: "It says why, and what can be done",
            trigger: ".o_sms_desk_refusal:contains(No consent):contains(Call)",
        },
        {
            content: "Nothing can be sent",
            trigger: ".o_sms_desk:not(:has(.o_sms_desk_send))",
        },
        {
            content: "Record what they say",
            trigger: ".o_sms_desk_refusal button:contains(Record consent)",
            run: "click",
        },
        {
            content: "By telephone",
            trigger: ".modal .o_field_widget[name=method] input",
            run: "click",
        },
        {
            content: "By telephone, from the list",
            trigger: ".o_select_menu_item:contains(phone)",
            run: "click",
        },
        {
            content: "Record it",
            trigger: ".modal footer button[name=action_record]",
            run: "click",
        },
        {
            content: "Now there is a box to write in",
            trigger: ".o_sms_desk:not(:has(.o_sms_desk_refusal)) .o_sms_desk_send",
        },
    ],
});

/** A template that needs another consent is refused; one's own words are not. */
tours.add("helpdesk_sms_desk_purpose", {
    steps: () => [
        OPEN,
        {
            content: "Pick a template",
            trigger: ".o_sms_desk_templates",
            run: "click",
        },
        {
            content: "Which is an offer by now",
            trigger: ".o-dropdown--menu .o-dropdown-item:contains(update)",
            run: "click",
        },
        {
            content: "It says why it cannot be sent, and what helps",
            trigger:
                ".o_sms_desk:has(.o_sms_desk_refusal:contains(No consent):contains(Record consent)):has(.o_sms_desk_send:disabled)",
        },
        {
            content: "Write something else",
            trigger: ".o_sms_desk_input:not([readonly]):value(an update on)",
            run: "edit I am on my way",
        },
        {
            content: "That may be sent",
            trigger:
                ".o_sms_desk:not(:has(.o_sms_desk_refusal)) .o_sms_desk_send:enabled",
            run: "click",
        },
        {
            content: "It is sent",
            trigger: ".o_sms_desk_out:contains(I am on my way)",
        },
    ],
});

/** In the night the box says when a text would leave, and so does the text. */
tours.add("helpdesk_sms_desk_held", {
    steps: () => [
        OPEN,
        {
            content: "It says when it would leave",
            trigger: ".o_sms_desk_hold:contains(Denver)",
        },
        {
            content: "Write",
            trigger: ".o_sms_desk_input",
            run: "edit See you tomorrow",
        },
        {
            content: "Send",
            trigger: ".o_sms_desk_send:enabled",
            run: "click",
        },
        {
            content: "It waits, and can be moved",
            trigger:
                ".o_sms_desk_held:contains(See you tomorrow) .o_sms_desk_state:contains(Held until):contains(Denver):contains(Change time)",
        },
    ],
});

/** A picture is in the conversation. */
tours.add("helpdesk_sms_desk_picture", {
    steps: () => [
        OPEN,
        {
            content: "The picture has come, with its words",
            trigger:
                ".o_sms_desk_in:contains(This is what it shows) img[alt='screen.png']",
            async run({anchor}) {
                // What the server answers counts: a busy browser may give a load up.
                const response = await fetch(anchor.src);
                if (!response.ok) {
                    throw new Error(`The picture cannot be seen: ${response.status}`);
                }
                const picture = new Image();
                picture.src = URL.createObjectURL(await response.blob());
                await picture.decode();
            },
        },
    ],
});

/** What has been on the screen is read. */
tours.add("helpdesk_sms_desk_unread", {
    steps: () => [
        {
            content: "Two texts are unread",
            trigger: ".o_sms_desk_button:contains(2):contains(Unread texts)",
            run: "click",
        },
        {
            content: "They can be read",
            trigger: ".o_sms_desk_in:contains(Two)",
        },
        {
            content: "None is unread",
            trigger: ".o_sms_desk_button:contains(Text messages)",
        },
        ...LEAVE,
        {
            content: "They text while nobody looks",
            trigger: ".o_sms_desk_button",
            async run() {
                const {services} = odoo.__WOWL_DEBUG__.root.env;
                const [id] = Object.keys(services["helpdesk_mgmt_sms.desk"].unread).map(
                    Number
                );
                const field = "partner_phone_sanitized";
                const model = "helpdesk.ticket";
                const [ticket] = await services.orm.read(model, [id], [field]);
                const args = [ticket[field], "Three"];
                await services.orm.call("sms.virtual.phone", "send_text", args);
                await services.action.doAction({
                    type: "ir.actions.act_window",
                    res_model: model,
                    res_id: id,
                    views: [[false, "form"]],
                });
            },
        },
        {
            content: "Who opens the ticket again is told",
            trigger: ".o_sms_desk_button:contains(1):contains(Unread text)",
        },
    ],
});

/** A half-written text is there again; pressed twice it is sent once. */
tours.add("helpdesk_sms_desk_draft", {
    steps: () => [
        OPEN,
        {
            content: "Begin to write",
            trigger: ".o_sms_desk_input",
            run: "edit Half a",
        },
        ...LEAVE,
        OPEN,
        {
            content: "The text is there",
            trigger: ".o_sms_desk_input:value(Half a)",
            run: "edit Half a text and the other half",
        },
        {
            content: "Press twice",
            trigger: ".o_sms_desk_send:enabled",
            run({anchor}) {
                anchor.click();
                anchor.click();
            },
        },
        {
            content: "It was sent",
            trigger: ".o_sms_desk_out:contains(the other half)",
        },
        {
            content: "The box is empty again",
            trigger: ".o_sms_desk_input:value()",
        },
    ],
});

/** Odoo's composer has the same counter. */
tours.add("helpdesk_sms_desk_composer", {
    steps: () => [
        {
            content: "Open the composer",
            trigger: "button[name=action_send_sms]",
            run: "click",
        },
        {
            content: "Write characters of two units",
            trigger: ".modal .o_field_widget[name=body] textarea",
            run: "edit {[€]}",
        },
        {
            content: "They are counted with the footer",
            trigger:
                ".modal .o_sms_counter:contains(48 / 160):contains(1 segment):contains(GSM-7):contains(0.008)",
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
