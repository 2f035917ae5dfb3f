import { h, onMounted, ref, watch } from "/lib/vue.js";
import { fragment, go } from "../app/fragment.js";
import { inputOf } from "../app/input.js";
import { choices, language, named, t } from "../app/language.js";
import { looks } from "../app/offices.js";
import { scopeName } from "../app/regions.js";
import { clock } from "../app/time.js";
import { cardTable, nothing, section } from "./card-table.js";
import { Refusal } from "./refusal.js";

const DAYS = ["1", "7", "31", "92"];
const DAY_MS = 86_400_000;
// that one may look at besides rows
const OTHERS = [
  "alert",
  "task",
  "photo",
  "patrol",
  "plate_report",
  "record",
  "question",
  "account",
  "shift",
  "look",
  "dead-letter",
];
const SHOWN_KEYS = 3;
const SETTLED_MS = 300;

const views = () => choices("view").map(([name]) => name);
const viewName = (view) => named(`look.view.${view}`, named(`view.${view}`, view));

/** Looks and acts as the audit has them, narrowed by account, kind and time. */
export const LookList = {
  setup() {
    const page = ref(null);
    const error = ref(null);
    let asked = 0;
    let span;

    const read = async (more = false) => {
      const turn = ++asked;
      if (!more) {
        const until = Date.now() + 60_000;
        const days = DAYS.includes(fragment.days) ? Number(fragment.days) : 1;
        span = { from: new Date(until - days * DAY_MS).toISOString(), until: new Date(until).toISOString() };
      }
      try {
        const { account, view } = fragment;
        const answer = await looks({ ...span, account, view, before: more ? page.value.next : "" });
        if (turn !== asked) return;
        page.value = more ? { ...answer, items: [...page.value.items, ...answer.items] } : answer;
        error.value = null;
      } catch (refused) {
        error.value = refused;
      }
    };
    onMounted(read);
    let typed;
    watch(
      () => [fragment.account, fragment.view, fragment.days],
      () => {
        clearTimeout(typed);
        typed = setTimeout(read, SETTLED_MS);
      },
    );

    const select = (name, otherwise, options) =>
      h("label", [
        h("span", { class: "small quiet" }, t(`look.${name}`)),
        h(
          "select",
          {
            value: fragment[name] ?? otherwise,
            "data-test": `filter-${name}`,
            onChange: (e) => go({ [name]: inputOf(e) }),
          },
          options.map(([value, label]) => h("option", { key: value, value }, label)),
        ),
      ]);
    const filters = () =>
      h("form", { class: "office-filters", role: "search", onSubmit: (event) => event.preventDefault() }, [
        h("label", { class: "grow" }, [
          h("span", { class: "small quiet" }, t("look.account")),
          h("input", {
            type: "search",
            value: fragment.account ?? "",
            "data-test": "look-account",
            onInput: (e) => go({ account: inputOf(e).trim() }),
          }),
        ]),
        select("view", "", [["", t("account.any")], ...[...OTHERS, ...views()].map((view) => [view, viewName(view)])]),
        select(
          "days",
          "1",
          DAYS.map((n) => [n, t("look.days.n", { n })]),
        ),
      ]);
    const columns = {
      at: (one) => clock(one.at),
      account: (one) => [
        h("strong", { class: "name" }, one.account),
        h("span", { class: "small quiet by" }, `${t(`role.${one.role}`)} · ${scopeName(one.scope, language.value)}`),
      ],
      purpose: (one) => [
        named(`look.purpose.${one.purpose}`, named(`purpose.${one.purpose}`, one.purpose)),
        one.found ? null : h("span", { class: "small quiet" }, ` · ${t("look.nothing")}`),
      ],
      view: (one) => t("look.of", { view: viewName(one.view), n: one.counted }),
      keys: (one) => [
        h("span", { class: "code small" }, one.keys.slice(0, SHOWN_KEYS).join(" · ")),
        one.counted > SHOWN_KEYS ? h("span", { class: "small quiet" }, " …") : null,
      ],
    };
    return () => [
      filters(),
      h(Refusal, { error: error.value }),
      page.value
        ? section(
            "looks",
            [h("h2", t("admin.looks")), h("span", { class: "quiet small" }, t("look.note"))],
            [
              page.value.items.length
                ? cardTable("look", page.value.items, columns, { keyOf: (one) => one.id, test: "look-row" })
                : nothing(t("look.none")),
              page.value.next
                ? h(
                    "button",
                    { type: "button", class: "more", "data-test": "more", onClick: () => read(true) },
                    t("office.more"),
                  )
                : null,
            ],
          )
        : h("p", { class: "quiet" }, t("loading")),
    ];
  },
};
