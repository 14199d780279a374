/* Takes the pictures of README, docs/ and the app page; bin/pictures runs it on a copy of the demo.
 *
 * Arguments: the server's address, a file with the ids of the scene (pictures.py), the folder to write to, names of
 * pictures (none: all). A picture of the app page goes to app/, every other one to docs/. */
import {WORDS, walk} from "./walk.mjs";
import {existsSync, readFileSync} from "node:fs";
import {createRequire} from "node:module";

const {chromium} = createRequire(import.meta.url)("playwright-core");

const [address, sceneFile, folder, ...chosen] = process.argv.slice(2);
const scene = JSON.parse(readFileSync(sceneFile, "utf8"));

const LAPTOP = {width: 1366, height: 800};
const PHONE = {width: 390, height: 844};
const BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/* A blinking caret and passing notifications would make each picture different. */
const STYLE = `
    * { caret-color: transparent !important; animation: none !important; transition: none !important; }
    .o_notification_manager, .o-mail-ChatHub, .o_debug_manager { display: none !important; }
`;

const ticketForm = "/odoo/action-helpdesk_mgmt_sms.helpdesk_ticket_conversation_action/";

/* A walk through five scenes, seen by a helpdesk user of the same language. */
const walkIn = (code) => ({
    login: `agent_${code}`,
    path: "/odoo/virtual-phone",
    ready: ".o_vphone_contacts li button",
    act: async (page, browser) => {
        const admin = await openPage(browser, "admin", LAPTOP);
        await walk(page, admin, scene.walks[code], WORDS[code]);
    },
    whole: true,
    part: ".o_vphone_device",
});

/* The demo's week fills the charts. */
async function showWeek(page) {
    await page.click(".o_sms_filters button[data-days='7']");
    await page.waitForSelector(".o_sms_filters button[data-days='7'].active");
}

/* By name: login, path, and a selector to wait for (ready). Optional: what is done before (act), size of the window,
 * whether scrolled content is shown completely (whole), and the part of the page that is taken. */
const PICTURES = {
    conversations: {
        app: true,
        login: "agent",
        path: `/odoo/sms-conversations?ticket=${scene.ticket}`,
        ready: ".o_sms_desk_bubble",
    },
    dashboard: {
        app: true,
        login: "manager",
        path: "/odoo/sms-dashboard",
        ready: ".o_sms_card",
        act: showWeek,
        whole: true,
    },
    broadcast: {
        app: true,
        login: "manager",
        path: `/odoo/action-helpdesk_mgmt_sms.sms_broadcast_action/${scene.broadcast}`,
        ready: ".o_form_sheet",
    },
    consent: {
        app: true,
        login: "agent",
        path: ticketForm + scene.ticket,
        size: {width: 1366, height: 1000},
        ready: ".o_sms_consent_badge",
        act: async (page) => {
            await page.click(".o_sms_consent_badge");
            await page.waitForSelector(".o_sms_consent_why");
        },
    },
    desk: {
        login: "agent",
        path: ticketForm + scene.ticket,
        ready: ".o_form_sheet",
        act: async (page) => {
            await page.click(".o_notebook .nav-link:has-text('Text messages')");
            await page.waitForSelector(".o_sms_desk_bubble");
            await page.locator(".o_sms_desk_form").scrollIntoViewIfNeeded();
        },
    },
    desk_phone: {
        login: "agent",
        size: PHONE,
        path: `/odoo/sms-conversations?ticket=${scene.ticket}`,
        ready: ".o_sms_desk_bubble",
    },
    ticket: {
        login: "agent",
        path: ticketForm + scene.ticket,
        ready: "button[name=action_send_sms]",
        act: async (page) => {
            await page.click("button[name=action_send_sms]");
            await page.waitForSelector(".modal .o_field_widget[name=body] textarea");
        },
    },
    blocked: {
        login: "agent",
        path: `/odoo/sms-conversations?ticket=${scene.blocked}`,
        ready: ".o_sms_desk_ways",
    },
    team_alerts: {
        login: "manager",
        path: "/odoo/sms-team-alerts",
        ready: ".o_kanban_record:not(.o_kanban_ghost)",
        size: {width: 1366, height: 560},
    },
    team_alert: {
        login: "manager",
        path: `/odoo/sms-team-alerts/${scene.alert}`,
        ready: ".o_form_sheet",
    },
    dashboard_phone: {
        login: "manager",
        size: PHONE,
        path: "/odoo/sms-dashboard",
        ready: ".o_sms_card",
        act: showWeek,
    },
    analysis: {
        login: "manager",
        path: "/odoo/sms-analysis",
        ready: ".o_pivot table, .o_graph_renderer canvas",
    },
    messages: {
        login: "manager",
        path: "/odoo/sms-messages",
        ready: ".o_data_row",
    },
    virtual_phone: {
        login: "manager",
        path: "/odoo/virtual-phone",
        ready: ".o_vphone_contacts li button",
        act: async (page) => {
            await page.click(`.o_vphone_contacts li button:has-text('${scene.customer}')`);
            await page.waitForSelector(".o_vphone_received");
        },
    },
    paper: {
        login: "manager",
        path: `/odoo/sms-paper-forms/${scene.paper}`,
        ready: ".o_data_row",
    },
    import: {
        login: "manager",
        path: `/odoo/sms-consent-imports/${scene.list}`,
        ready: ".o_form_sheet",
        act: (page) => page.click(".o_notebook .nav-link:has-text('Rows not recorded')"),
        whole: true,
    },
    story: {
        login: "manager",
        path: `/odoo/sms-consents/${scene.consent}`,
        ready: ".o_sms_story",
        whole: true,
    },
    certificate: {
        path: scene.certificate,
        ready: "h2, h1",
        size: {width: 900, height: 1000},
    },
    verification: {
        login: "manager",
        path: `/odoo/sms-ledger-checks/${scene.check}`,
        ready: ".o_form_sheet",
        size: {width: 1366, height: 420},
    },
    portal_form: {
        login: "customer",
        size: PHONE,
        path: "/new/ticket",
        ready: "#sms",
    },
    preferences: {
        size: PHONE,
        path: scene.preferences,
        ready: "form",
        whole: true,
    },
    walk_en: {
        ...walkIn("en"),
    },
    walk_es: {
        ...walkIn("es"),
    },
    walk_fr: {
        ...walkIn("fr"),
    },
    walk_de: {
        ...walkIn("de"),
    },
};

/* One session for each login and size. */
const pages = new Map();
async function openPage(browser, login, size) {
    const key = `${login} ${size.width}`;
    if (!pages.has(key)) {
        const context = await browser.newContext({viewport: size, locale: "en-US", timezoneId: "America/Denver"});
        const page = await context.newPage();
        if (login) {
            await page.goto(`${address}/web/login`);
            await page.fill("input[name=login]", login);
            await page.fill("input[name=password]", login);
            await page.click("form.oe_login_form button[type=submit]");
            await page.waitForURL((url) => !url.pathname.startsWith("/web/login"));
        }
        pages.set(key, page);
    }
    const page = pages.get(key);
    await page.setViewportSize(size);
    return page;
}

/* Make the window as high as its scrolled content. */
async function showWhole(page, size) {
    const missing = await page.evaluate(() =>
        Math.max(
            ...[...document.querySelectorAll("html, body, body *")]
                .filter((el) => el.clientHeight > 300)
                .map((el) => el.scrollHeight - el.clientHeight)
        )
    );
    if (missing > 0) {
        await page.setViewportSize({width: size.width, height: size.height + missing});
        await page.waitForTimeout(800);
    }
}

async function take(browser, name) {
    const {app, login = "", path, ready, act, size = LAPTOP, whole, part} = PICTURES[name];
    const page = await openPage(browser, login, size);
    await page.goto("about:blank");
    await page.goto(new URL(path, address).href, {waitUntil: "load"});
    await page.waitForSelector(ready, {timeout: 60000});
    // Our own public pages forbid it, but have no animations.
    await page.addStyleTag({content: STYLE}).catch(() => {});
    // The web client is never quite idle: it keeps a connection to the bus.
    await page.waitForLoadState("networkidle", {timeout: 4000}).catch(() => {});
    if (act) {
        await act(page, browser);
    }
    await page.waitForTimeout(800);
    if (whole) {
        await showWhole(page, size);
    }
    const shown = part ? page.locator(part) : page;
    await shown.screenshot({path: `${folder}/${app ? "app" : "docs"}/${name}.png`});
    console.error(`    ${name}`);
}

const executablePath = process.env.PATH.split(":")
    .flatMap((place) => BROWSERS.map((name) => `${place}/${name}`))
    .find(existsSync);
const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
});
let failed = 0;
for (const name of chosen.length ? chosen : Object.keys(PICTURES)) {
    await take(browser, name).catch((error) => {
        failed++;
        console.error(`    ${name}: ${error.message.split("\n")[0]}`);
    });
}
await browser.close();
process.exit(failed ? 1 : 0);
