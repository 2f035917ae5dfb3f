// The catalogue: which facts departments state, how personal they are, who reads them, and how fresh each topic is.
// #<topic> opens one.

import { computed, createApp, h, onMounted, onUnmounted, reactive, ref } from "/lib/vue.js";
import { catalogue, cataloguedTopic } from "../app/api.js";
import { topics as fresh, overall, refreshFreshness } from "../app/freshness.js";
import { inputOf } from "../app/input.js";
import { language, named, t } from "../app/language.js";
import { account, homeOf, leave } from "../app/session.js";
import { departmentName } from "../components/department.js";
import { LanguageSwitch } from "../components/language-switch.js";
import { PasswordChange } from "../components/password-change.js";
import { Refusal } from "../components/refusal.js";
import { Classified, Freshness, TopicDetail } from "../components/topic.js";

const REREAD_MS = 10_000; // counts and freshness, as often as they are written down
const CLASSIFICATIONS = ["public", "internal", "personal", "sensitive"];
const ANY = { department: "", category: "", classification: "", freshness: "" };

const wanted = () => decodeURIComponent(location.hash.slice(1));

/** Everything that is said of a topic, in both languages, to search in. */
const searchable = (topic) =>
  [
    topic.topic,
    topic.zh,
    topic.en,
    topic.owner,
    topic.department_zh,
    topic.department_en,
    topic.legal_basis,
    topic.legal_basis_zh,
    named(`category.${topic.category}`, topic.category),
    ...topic.kinds,
    ...topic.kinds.map((kind) => named(`kind.${kind}`, kind)),
    ...topic.readers.rules.map((rule) => named(`rule.${rule}`, rule)),
  ]
    .join(" ")
    .toLowerCase();

const Catalogue = {
  setup() {
    const who = ref(null);
    const error = ref(null);
    const items = ref([]);
    const words = ref("");
    const matching = ref(null); // topics that the server found by field names, while words are typed
    const filter = reactive({ ...ANY });
    const open = ref(wanted());
    const detail = ref(null);

    const trying =
      (work) =>
      async (...given) => {
        try {
          await work(...given);
          error.value = null;
        } catch (refused) {
          error.value = refused;
        }
      };
    const read = trying(async () => (items.value = await catalogue()));
    const reread = trying(refreshFreshness);
    const readDetail = trying(async () => {
      const topic = wanted();
      open.value = topic;
      if (!topic) return (detail.value = null);
      const answer = await cataloguedTopic(topic);
      if (topic === open.value) detail.value = answer;
    });
    const search = trying(async (text) => {
      words.value = text;
      const asked = text.trim();
      const answer = asked ? await catalogue({ search: asked }) : null;
      if (asked === words.value.trim()) matching.value = answer && new Set(answer.map((one) => one.topic));
    });

    const reset = () => {
      search("");
      Object.assign(filter, ANY);
    };

    let every;
    onMounted(async () => {
      try {
        who.value = await account();
      } catch (away) {
        error.value = away;
        return;
      }
      await Promise.all([read(), reread(), readDetail()]);
      every = setInterval(reread, REREAD_MS);
      addEventListener("hashchange", readDetail);
    });
    onUnmounted(() => clearInterval(every));

    const now = (topic) => fresh.get(topic.topic) ?? topic.now;
    const fits = (topic) => {
      const all = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      const text = searchable(topic);
      if (!all.every((word) => text.includes(word)) && !matching.value?.has(topic.topic)) return false;
      if (filter.freshness && Boolean(now(topic)?.stale ?? true) !== (filter.freshness === "quiet")) return false;
      return ["department", "category", "classification"].every(
        (name) => !filter[name] || topic[name] === filter[name],
      );
    };
    const shown = computed(() => items.value.filter(fits));

    const choice = (name, values, label) =>
      h("label", { class: "field small" }, [
        t(`catalogue.${name}`),
        h(
          "select",
          { value: filter[name], "data-test": `filter-${name}`, onChange: (e) => (filter[name] = inputOf(e)) },
          [
            h("option", { value: "" }, t("catalogue.any")),
            ...[...new Set(values)].map((value) => h("option", { key: value, value }, label(value))),
          ],
        ),
      ]);

    const departmentOf = (topic) => departmentName(topic.department);

    const line = (topic) =>
      h(
        "tr",
        {
          key: topic.topic,
          class: { open: topic.topic === open.value },
          "data-test": "topic",
          "data-topic": topic.topic,
        },
        [
          h("th", { scope: "row" }, [
            h("a", { href: `#${encodeURIComponent(topic.topic)}` }, language.value === "zh" ? topic.zh : topic.en),
            h("span", { class: "small quiet code" }, topic.topic),
          ]),
          h("td", { class: "department-of" }, departmentOf(topic)),
          h("td", { class: "category" }, named(`category.${topic.category}`, topic.category)),
          h("td", h(Classified, { as: topic.classification })),
          h("td", { class: "number records" }, now(topic)?.records?.toLocaleString(language.value) ?? "–"),
          h("td", h(Freshness, { now: now(topic) })),
        ],
      );

    const COLUMNS = ["what", "department", "category", "classification", "records", "freshness"];

    const list = () =>
      h("section", { class: "panel list" }, [
        h("header", [
          h("h2", t("catalogue.topics", { n: shown.value.length })),
          h("span", { class: "spread" }),
          h(
            "span",
            { class: "small quiet" },
            t("catalogue.departments", { n: new Set(shown.value.map((topic) => topic.department)).size }),
          ),
        ]),
        h("div", { class: "scroll" }, [
          h("table", { class: "topics", "data-test": "topics" }, [
            h(
              "thead",
              h(
                "tr",
                COLUMNS.map((key) =>
                  h(
                    "th",
                    {
                      key,
                      scope: "col",
                      class: [key === "department" ? "department-of" : key, { number: key === "records" }],
                    },
                    t(`catalogue.${key}`),
                  ),
                ),
              ),
            ),
            h("tbody", shown.value.map(line)),
          ]),
          items.value.length && shown.value.length === 0
            ? h("p", { class: "empty quiet" }, [
                t("catalogue.none"),
                " ",
                h("button", { type: "button", class: "plain", onClick: reset }, t("catalogue.reset")),
              ])
            : null,
        ]),
      ]);

    return () => {
      document.title = t("catalogue.title");
      return h("div", { class: ["catalogue", { "with-topic": open.value && detail.value }] }, [
        h("header", { class: "top" }, [
          who.value && homeOf(who.value.role) !== "/catalogue.html"
            ? h("a", { href: homeOf(who.value.role) }, `← ${t("record.back")}`)
            : null,
          h("h1", { class: "title" }, t("catalogue.title")),
          h("span", { class: "state" }, [
            h("span", { class: ["dot", overall.value] }),
            t(`freshness.${overall.value}.short`),
          ]),
          h("span", { class: "spread" }),
          ["ops", "admin"].includes(who.value?.role)
            ? h(
                "a",
                { class: "state", href: "/department.html", "data-test": "to-department" },
                t("catalogue.handed-over"),
              )
            : null,
          h(
            "a",
            { class: "state", href: "/api/v1/asyncapi.json", download: "asyncapi.json", "data-test": "asyncapi" },
            "AsyncAPI",
          ),
          h(LanguageSwitch),
          who.value ? h(PasswordChange, { name: who.value.name }) : null,
          h("button", { class: "plain", type: "button", "data-test": "sign-out", onClick: leave }, t("sign-out")),
        ]),
        h(
          "form",
          { class: "filters", role: "search", "aria-label": t("filter.title"), onSubmit: (e) => e.preventDefault() },
          [
            h("label", { class: "field small grow" }, [
              t("catalogue.search"),
              h("input", {
                type: "search",
                value: words.value,
                placeholder: t("catalogue.search.hint"),
                autocomplete: "off",
                "data-test": "search",
                onInput: (e) => search(inputOf(e)),
              }),
            ]),
            choice(
              "department",
              items.value.map((topic) => topic.department),
              (name) => departmentOf(items.value.find((topic) => topic.department === name)),
            ),
            choice(
              "category",
              items.value.map((topic) => topic.category),
              (name) => named(`category.${name}`, name),
            ),
            choice("classification", CLASSIFICATIONS, (name) => t(`classification.${name}`)),
            choice("freshness", ["fresh", "quiet"], (name) => t(`catalogue.${name}`)),
          ],
        ),
        h("main", [
          h(Refusal, { error: error.value }),
          items.value.length === 0 && !error.value ? h("p", { class: "quiet" }, t("loading")) : list(),
          open.value && detail.value
            ? h(TopicDetail, {
                detail: detail.value,
                now: now(detail.value.topic),
                onClose: () => (location.hash = ""),
              })
            : null,
        ]),
      ]);
    };
  },
};

createApp(Catalogue).mount("#page");
