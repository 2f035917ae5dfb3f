// Reports from door plates, for the command centre of their area: a person looks, then it becomes a case or not.

import { createApp, h, onMounted, onUnmounted, reactive, ref } from "/lib/vue.js";
import { acceptReport, declineReport, reportPhoto, reports } from "../app/api.js";
import { fragment, go } from "../app/fragment.js";
import { inputOf } from "../app/input.js";
import { t } from "../app/language.js";
import { nameOf, stopOf } from "../app/places.js";
import { account, homeOf, leave, toSignIn } from "../app/session.js";
import { when } from "../app/time.js";
import { LanguageSwitch } from "../components/language-switch.js";
import { Refusal } from "../components/refusal.js";

const REREAD_MS = 20_000;
const STATES = ["waiting", "accepted", "declined"];

const Report = {
  props: ["report"],
  emits: ["decided"],
  setup(props, { emit }) {
    const declining = ref(false);
    const form = reactive({ reason: "" });
    const error = ref(null);
    const busy = ref(false);

    const decide = async (work) => {
      busy.value = true;
      error.value = null;
      try {
        await work();
        emit("decided");
      } catch (refused) {
        error.value = refused;
      }
      busy.value = false;
    };
    const accept = () => decide(() => acceptReport(props.report.id));
    const decline = (event) => {
      event.preventDefault();
      decide(() => declineReport(props.report.id, form.reason.trim()));
    };

    const doing = () =>
      declining.value
        ? h("form", { class: "stack", onSubmit: decline }, [
            h("label", { class: "field" }, [
              t("report.reason"),
              h("input", {
                value: form.reason,
                maxlength: 500,
                required: true,
                "data-test": "reason",
                onInput: (e) => (form.reason = inputOf(e)),
              }),
            ]),
            h("div", { class: "row" }, [
              h("button", { class: "primary", disabled: busy.value, "data-test": "decline-go" }, t("report.decline")),
              h("button", { type: "button", onClick: () => (declining.value = false) }, t("cancel")),
            ]),
          ])
        : h("div", { class: "row" }, [
            h(
              "button",
              { type: "button", class: "primary", disabled: busy.value, "data-test": "accept", onClick: accept },
              t("report.accept"),
            ),
            h(
              "button",
              { type: "button", "data-test": "decline", onClick: () => (declining.value = true) },
              `${t("report.decline")}…`,
            ),
          ]);

    return () => {
      const one = props.report;
      return h("li", { class: "panel report", "data-test": "report", "data-report": one.id }, [
        one.photo
          ? h(
              "a",
              { href: reportPhoto(one.id), target: "_blank", rel: "noopener" },
              h("img", { src: reportPhoto(one.id), alt: t("report.photo"), loading: "lazy" }),
            )
          : null,
        h("div", { class: "stack" }, [
          h("h2", t(`category.${one.category}`)),
          h("p", [h("strong", stopOf(one.place)), h("span", { class: "quiet small" }, ` ${nameOf(one.place)}`)]),
          one.note ? h("q", one.note) : h("p", { class: "quiet" }, t("report.no-note")),
          h("p", { class: "small quiet" }, `${when(one.made_at)} · ${one.id.slice(0, 8)}`),
          h(Refusal, { error: error.value }),
          one.state === "waiting"
            ? doing()
            : h("p", { class: "small" }, [
                h("span", { class: "tag" }, t(`report.state.${one.state}`)),
                ` ${one.decided_name} · ${when(one.decided_at)} `,
                one.reason ? h("q", one.reason) : null,
                one.finding_id
                  ? h("a", { href: `/centre.html#case=${one.finding_id}`, "data-test": "to-case" }, t("report.case"))
                  : null,
              ]),
        ]),
      ]);
    };
  },
};

const Reports = {
  setup() {
    const who = ref(null);
    const page = ref(null);
    const error = ref(null);
    const state = () => (STATES.includes(fragment.state) ? fragment.state : "waiting");

    const read = async () => {
      const wanted = state();
      try {
        const answer = await reports({ state: wanted });
        if (wanted === state()) page.value = answer;
        error.value = null;
      } catch (refused) {
        if (refused.status === 401) toSignIn();
        else error.value = refused;
      }
    };
    const more = async () => {
      const next = await reports({ state: state(), cursor: page.value.next });
      page.value = { ...next, items: [...page.value.items, ...next.items] };
    };
    const choose = (one) => {
      page.value = null;
      go({ state: one });
      read();
    };
    let every;
    onMounted(async () => {
      try {
        who.value = await account();
      } catch (away) {
        error.value = away;
        return;
      }
      await read();
      every = setInterval(() => !document.activeElement?.closest("form") && read(), REREAD_MS);
    });
    onUnmounted(() => clearInterval(every));

    const tab = (one) =>
      h(
        "button",
        {
          key: one,
          type: "button",
          "aria-pressed": String(one === state()),
          "data-test": `state-${one}`,
          onClick: () => choose(one),
        },
        one === "waiting" && page.value
          ? `${t("report.state.waiting")} ${page.value.waiting}`
          : t(`report.state.${one}`),
      );

    return () => {
      document.title = t("report.title");
      return h("div", { class: "reports" }, [
        h("header", { class: "top" }, [
          h("h1", { class: "title" }, t("report.title")),
          h("span", { class: "spread" }),
          who.value ? h("a", { class: "state", href: homeOf(who.value.role) }, t("report.centre")) : null,
          h(LanguageSwitch),
          h("button", { class: "plain", type: "button", "data-test": "sign-out", onClick: leave }, t("sign-out")),
        ]),
        h("main", [
          h("nav", { class: "row", "aria-label": t("report.states") }, STATES.map(tab)),
          h(Refusal, { error: error.value }),
          page.value
            ? page.value.items.length
              ? h(
                  "ul",
                  { class: "list" },
                  page.value.items.map((one) => h(Report, { key: one.id, report: one, onDecided: read })),
                )
              : h("p", { class: "quiet empty", "data-test": "no-reports" }, t(`report.none.${state()}`))
            : error.value
              ? null
              : h("p", { class: "quiet" }, t("loading")),
          page.value?.next
            ? h("button", { type: "button", "data-test": "more", onClick: more }, t("report.more"))
            : null,
        ]),
      ]);
    };
  },
};

createApp(Reports).mount("#page");
