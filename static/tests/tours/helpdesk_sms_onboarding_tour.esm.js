import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");
const ACCOUNT_SID = "AC" + "0123456789abcdef".repeat(2);

/**
 * @param {String} key of a step
 * @param {String} state that it must have
 * @returns {String} a selector
 */
const step = (key, state) => `.o_sms_step[data-key=${key}][data-state=${state}]`;

/**
 * @param {String} key of a step
 * @param {String} button what it opens or calls
 * @returns {Object} press it
 */
const press = (key, button) => ({
    content: `Press ${button}`,
    trigger: `.o_sms_step[data-key=${key}] button[data-button='${button}']:enabled`,
    run: "click",
});

/**
 * @param {Array} steps of a tour
 * @returns {Array} the same, with time for a page that is opened for the first time on a
 * machine that is busy
 */
const patiently = (steps) => steps.map((one) => ({timeout: 60000, ...one}));

/**
 * @param {String} key of a step
 * @returns {Object} the carrier is asked by a cron, which the test lets run then
 */
const asked = (key) => ({
    content: "The carrier is being asked",
    trigger: `${step(key, "todo")}:contains(being asked)`,
});

/** From the settings back to the set-up. */
const BACK = [
    {
        content: "Back to the set-up",
        trigger:
            "button[data-menu-xmlid='helpdesk_mgmt.helpdesk_ticket_config_main_menu']",
        run: "click",
    },
    {
        content: "By its menu",
        trigger:
            ".o-dropdown--menu a[data-menu-xmlid='helpdesk_mgmt_sms.sms_menu_onboarding']",
        run: "click",
    },
];

const SETTINGS = "helpdesk_mgmt_sms.sms_settings_action";

/**
 * @param {String} token what is entered as the auth token
 * @returns {Array} enter the account, save, and go back to the set-up
 */
const enter = (token) => [
    {
        content: "The account",
        trigger: ".o_field_widget[name=sms_twilio_account_sid] input",
        run: `edit ${ACCOUNT_SID}`,
    },
    {
        content: "The token",
        trigger: ".o_field_widget[name=sms_twilio_auth_token] input",
        run: `edit ${token}`,
    },
    {
        content: "Save",
        trigger: ".o_form_button_save:enabled",
        run: "click",
    },
    {
        content: "It is saved, and shown as a mask",
        trigger: ".o_field_widget[name=sms_twilio_auth_token] input:value(••••••••)",
    },
    ...BACK,
];

// Wrong credentials first, then the right ones, a number, its webhook, a text: in parts,
// since between them the carrier answers.

tours.add("helpdesk_sms_onboarding_wrong", {
    steps: () =>
        patiently([
            {
                content: "The company is on the sandbox",
                trigger: step("account", "todo"),
            },
            press("account", SETTINGS),
            {
                content: "Choose Twilio",
                trigger:
                    ".o_field_widget[name=sms_provider] .o_radio_item:contains(Twilio) input",
                run: "click",
            },
            ...enter("a-wrong-token"),
            press("account", "check_account"),
            asked("account"),
        ]),
});

/**
 * @param {String} name of a field of the settings
 * @param {String} value what is entered
 * @returns {Object}
 */
const fill = (name, value) => ({
    content: `Enter ${name}`,
    trigger: `.o_field_widget[name=${name}] input`,
    run: `edit ${value}`,
});

const SAVE = {
    content: "Save",
    trigger: ".o_form_button_save:enabled",
    run: "click",
};

/** No form takes a carrier before people can read who writes and where to ask. */
tours.add("helpdesk_sms_onboarding_unsaid", {
    steps: () =>
        patiently([
            {
                content: "What is missing is said",
                trigger: `${step("company", "todo")}:contains(the privacy policy, the terms of text messages, a phone number)`,
            },
            {
                ...press("company", "/odoo/sms-settings#sms_policy_pages"),
                expectUnloadPage: true,
            },
            {
                content: "Choose Twilio all the same",
                trigger:
                    ".o_field_widget[name=sms_provider] .o_radio_item:contains(Twilio) input",
                run: "click",
            },
            {
                content: "It is said what that needs",
                trigger: "#sms_provider .alert:contains(read your privacy policy)",
            },
            SAVE,
            {
                content: "The pages are demanded",
                trigger: ".o_field_invalid[name=sms_privacy_url]",
            },
            fill("sms_privacy_url", "https://www.example.com/privacy"),
            fill("sms_terms_url", "https://www.example.com/terms"),
            fill("phone", "+1 303-555-0190"),
            SAVE,
            {
                content: "It is saved: the form is clean",
                trigger: "body:not(:has(.modal)):not(:has(.o_dirty_warning))",
            },
            ...BACK,
            {
                content: "Nothing is missing any more",
                trigger: step("company", "done"),
            },
        ]),
});

tours.add("helpdesk_sms_onboarding_right", {
    steps: () =>
        patiently([
            {
                content: "The carrier refuses it, and it says what to do",
                trigger: `${step("account", "wrong")}:contains(Copy both again)`,
            },
            press("account", SETTINGS),
            ...enter("5ecret-t0ken-of-the-loopback-peer"),
            {
                content: "What was found of the wrong token is void",
                trigger: step("account", "todo"),
            },
            press("account", "check_account"),
            asked("account"),
        ]),
});

tours.add("helpdesk_sms_onboarding_numbers", {
    steps: () =>
        patiently([
            {
                content: "The carrier takes it",
                trigger: step("account", "done"),
            },
            press("senders", "take_numbers"),
            asked("senders"),
        ]),
});

tours.add("helpdesk_sms_onboarding_inbound", {
    steps: () =>
        patiently([
            {
                content: "The account's number sends",
                trigger: `${step("senders", "done")}:contains(+13035550177)`,
            },
            {
                content: "Its texts go elsewhere",
                trigger: `${step("inbound", "wrong")}:contains(old.example.com)`,
            },
            press("inbound", "set_inbound_url"),
            asked("inbound"),
        ]),
});

tours.add("helpdesk_sms_onboarding_text", {
    steps: () =>
        patiently([
            {
                content: "They come here now",
                trigger: step("inbound", "done"),
            },
            press("text", "helpdesk_mgmt_sms.sms_test_text_action"),
            {
                content: "Agree in the words that are shown",
                trigger:
                    ".modal:contains(urgent alerts) .o_field_widget[name=is_agreed] input",
                run: "click",
            },
            {
                content: "Send",
                trigger: ".modal footer button[name=action_send]",
                run: "click",
            },
            {
                content: "It waits in the outbox",
                trigger: `body:not(:has(.modal)) ${step("text", "todo")}:contains(Waiting)`,
            },
        ]),
});

/** The text was delivered and answered: both are seen. */
tours.add("helpdesk_sms_onboarding_arrives", {
    steps: () =>
        patiently([
            {
                content: "The text was delivered",
                trigger: step("text", "done"),
            },
            {
                content: "An answer has come back",
                trigger: step("answer", "done"),
            },
            {
                content: "The carrier has reached us",
                trigger: ".o_sms_health[data-key=address][data-state=done]",
            },
        ]),
});

/** Make each look take three seconds, and count those under way at once. */
const slowDown = () => {
    const {open, send} = XMLHttpRequest.prototype;
    const counts = document.body.dataset;
    const looking = new Set();
    Object.assign(counts, {looks: 0, most: 0});
    XMLHttpRequest.prototype.open = function (method, url, ...others) {
        this.isLook = url.includes("sms.onboarding/get_setup");
        return open.call(this, method, url, ...others);
    };
    XMLHttpRequest.prototype.send = function (...data) {
        if (!this.isLook) {
            return send.call(this, ...data);
        }
        looking.add(this);
        counts.most = Math.max(counts.most, looking.size);
        this.addEventListener("loadend", () => {
            looking.delete(this);
            counts.looks = Number(counts.looks) + 1;
        });
        setTimeout(() => send.call(this, ...data), 3000);
    };
};

/** The next look waits for the answer to the last one. */
tours.add("helpdesk_sms_onboarding_slow", {
    steps: () =>
        patiently([
            {...asked("account"), run: slowDown},
            {
                content: "Some looks have ended",
                trigger: "body[data-looks='2']",
            },
            {
                content: "And never were two under way",
                trigger: "body[data-most='1']",
                timeout: 1000,
            },
        ]),
});
