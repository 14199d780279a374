/* What tests/browser.py calls in the web client: open a screen, see its buttons, press one. */
(() => {
    if (window.smsSteer) {
        return;
    }
    let pending = 0;
    const send = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function (...args) {
        // A request that waits for the bus never ends.
        pending++;
        this.addEventListener("loadend", () => pending--);
        return send.apply(this, args);
    };
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    /** Wait until nothing is asked of the server any more, for at most some seconds. */
    const settle = async () => {
        for (let quiet = 0, left = 400; quiet < 4 && left; left--) {
            await pause(15);
            quiet = pending || document.querySelector(".o_blockUI") ? 0 : quiet + 1;
        }
    };
    const say = (el) => (el ? el.textContent.replace(/\s+/g, " ").trim() : "");
    const isVisible = (el) =>
        Boolean(el.offsetParent || el.getClientRects().length) &&
        getComputedStyle(el).visibility !== "hidden" &&
        !el.disabled;
    const services = () => odoo.__WOWL_DEBUG__.root.env.services;

    const OURS = [
        ".o_statusbar_buttons button",
        ".o_control_panel button[name]",
        ".o_form_sheet button[name]",
        ".o_form_renderer .alert button[name]",
        ".o_list_renderer thead button[name]",
        ".o_list_renderer .o_data_row:first-of-type button[name]",
        ".o_kanban_record:not(.o_kanban_ghost) button[name]",
        ".o_kanban_record:not(.o_kanban_ghost) a[type=object]",
        "[class*='o_sms_'] button",
        "[class*='o_sms_'] a[role=button]",
    ].join(", ");
    /** Name a button for people who read of it: by its function, or by its words. */
    const describe = (el) => {
        const words = say(el) || el.title || el.getAttribute("aria-label") || "";
        return (el.getAttribute("name") || "") + ":" + words.slice(0, 50);
    };
    const findButtons = () => {
        const found = new Map();
        for (const el of document.querySelectorAll(".o_action_manager")) {
            for (const button of el.querySelectorAll(OURS)) {
                if (isVisible(button) && !button.closest(".o-mail-Chatter")) {
                    const name = describe(button);
                    found.set(name, found.get(name) || button);
                }
            }
        }
        return found;
    };
    /** Return what an error says that a dialog or a notification shows, if there is one. */
    const readError = () => {
        const dialog = document.querySelector(".modal .o_error_dialog");
        return dialog && say(dialog);
    };
    /** Close what lies over the screen, the uppermost first. */
    const closeDialogs = async () => {
        for (let left = 6; left && document.querySelector(".modal"); left--) {
            const dialog = [...document.querySelectorAll(".modal")].pop();
            const button =
                dialog.querySelector(
                    ".modal-footer [special=cancel], .modal-footer .o_form_button_cancel"
                ) || dialog.querySelector(".btn-close, .modal-footer button");
            button?.click();
            await settle();
        }
        document.body.click();
    };

    window.smsSteer = {
        settle,
        closeDialogs,
        /** Open one of our actions in one of its views, with nothing before it. */
        async open(action, viewType, resId) {
            const props = resId ? {resId} : {};
            await services().action.doAction(action, {
                clearBreadcrumbs: true,
                viewType,
                props,
            });
            await settle();
            return {error: readError(), buttons: [...findButtons().keys()]};
        },
        /** Press a button; say yes where it asks, and tell what came of it. */
        async press(name) {
            const button = findButtons().get(name);
            if (!button) {
                return {gone: true};
            }
            const before = location.href;
            button.click();
            await settle();
            const ask = document.querySelector(
                ".modal .modal-body p.text-prewrap, .modal .o_confirmation_dialog"
            );
            if (ask && !readError()) {
                document.querySelector(".modal .modal-footer .btn-primary")?.click();
                await settle();
            }
            const error = readError();
            const dialog = say(document.querySelector(".modal .modal-title"));
            await closeDialogs();
            return {error, dialog, moved: location.href !== before};
        },
        /** Open the dropdowns of the menu one by one; return how far down they reach. */
        async measureMenus() {
            const bottoms = {};
            const sections = document.querySelectorAll(
                ".o_menu_sections button[data-menu-xmlid]"
            );
            for (const section of sections) {
                section.click();
                await pause(100);
                const menu = document.querySelector(".o-dropdown--menu");
                bottoms[say(section)] = [
                    Math.round(menu.getBoundingClientRect().bottom),
                    menu.scrollHeight - menu.clientHeight,
                ];
                section.click();
                await pause(50);
            }
            return bottoms;
        },
    };
})();
