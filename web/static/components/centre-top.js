import { computed, h, ref } from "/lib/vue.js";
import { lookup, lookupCompany, purposesWithoutCase } from "../app/api.js";
import { recordLink } from "../app/facts.js";
import { isLate } from "../app/frames.js";
import { overall } from "../app/freshness.js";
import { inputOf } from "../app/input.js";
import { language, named, t, textOf } from "../app/language.js";
import { nameOf } from "../app/places.js";
import { pathTo, regionName, shortName } from "../app/regions.js";
import { leave } from "../app/session.js";
import { behindSeconds, streamState } from "../app/stream.js";
import { seconds } from "../app/time.js";
import { LanguageSwitch } from "./language-switch.js";
import { PasswordChange } from "./password-change.js";
import { Refusal } from "./refusal.js";

const MOST_HITS = 8;
// an identity number, a birth certificate's, a travel permit's or passport's; or any with its kind before it
const IDENTITY = /^\d{17}[\dXx]$|^\d{15}$|^\d{8}$|^[A-Za-z]{1,3}\d{7,12}$|^[A-Za-z_\p{Script=Han}]+[:：].{5,20}$/u;
/** As it stands in a register: what was pasted may have blanks, marks of its direction, or digits of full width. */
const compact = (text) => text.normalize("NFKC").replace(/[\s\p{Cf}]/gu, "");
const CREDIT_CODE = /^[0-9A-HJ-NP-RTUWXY]{18}$/i;

const LEVELS = { 6: "street", 9: "community", 12: "grid" };
/** The levels below the one in sight, faint: where a click on the map leads. */
const deeper = (region) =>
  Object.entries(LEVELS)
    .filter(([digits]) => Number(digits) >= region.length)
    .map(([, level]) =>
      h("li", { key: level, class: "deeper", "aria-hidden": "true" }, h("span", t(`level.${level}`))),
    );

const Breadcrumb = ({ region, scope, onDrill }) =>
  h(
    "nav",
    { class: "breadcrumb", "aria-label": t("region.path"), "data-test": "breadcrumb" },
    h("ol", [
      ...pathTo(region, scope).map((code) =>
        h(
          "li",
          { key: code },
          code === region
            ? h("span", { "aria-current": "location" }, shortName(code, language.value))
            : h(
                "button",
                { class: "plain", type: "button", onClick: () => onDrill(code) },
                shortName(code, language.value),
              ),
        ),
      ),
      ...deeper(region),
    ]),
  );
Breadcrumb.props = ["region", "scope", "onDrill"];

/** Looks in the alerts at hand; a person's number is looked up by the server, in a body, with a purpose. */
const Search = {
  props: ["items", "purposes"],
  emits: ["open"],
  setup(props, { emit }) {
    const text = ref("");
    const dialog = ref(null);
    const purpose = ref("");
    const error = ref(null);
    const words = (alert) =>
      [
        textOf(alert, "why"),
        named(`rule.${alert.rule}`, alert.rule),
        alert.place?.address,
        nameOf(alert.place),
        alert.subject,
        alert.dwelling,
      ]
        .join(" ")
        .toLowerCase();
    // A number of digits alone can be either; only the server knows its check character.
    const isPerson = computed(() => IDENTITY.test(compact(text.value)));
    const isCompany = computed(() => CREDIT_CODE.test(compact(text.value)));
    const isNumber = computed(() => isPerson.value || isCompany.value);
    const asCompany = ref(false);
    const hits = computed(() => {
      const wanted = text.value.trim().toLowerCase();
      return wanted && !isNumber.value
        ? props.items.filter((alert) => words(alert).includes(wanted)).slice(0, MOST_HITS)
        : [];
    });
    const submit = (event) => {
      event.preventDefault();
      if (isNumber.value) {
        error.value = null;
        asCompany.value = !isPerson.value;
        dialog.value.showModal();
      } else if (hits.value[0]) choose(hits.value[0]);
    };
    const choose = (alert) => {
      text.value = "";
      emit("open", alert.finding_id);
    };
    const look = async (event) => {
      event.preventDefault();
      try {
        const row = await (asCompany.value ? lookupCompany : lookup)(compact(text.value), purpose.value);
        location.assign(recordLink(row.view, row.id));
      } catch (refused) {
        error.value = refused;
      }
    };
    return () =>
      h("form", { class: "search", role: "search", "aria-label": t("search.title"), onSubmit: submit }, [
        h("input", {
          type: "search",
          value: text.value,
          placeholder: t("search.hint"),
          "aria-label": t("search.hint"),
          autocomplete: "off",
          "data-test": "search",
          onInput: (e) => (text.value = inputOf(e)),
        }),
        text.value && !isNumber.value
          ? h(
              "ul",
              { class: "hits", "data-test": "hits" },
              hits.value.length
                ? hits.value.map((alert) =>
                    h(
                      "li",
                      { key: alert.finding_id },
                      h("button", { type: "button", class: "plain", onClick: () => choose(alert) }, [
                        h("strong", alert.place?.address ?? nameOf(alert.place) ?? ""),
                        ` · ${textOf(alert, "why")}`,
                      ]),
                    ),
                  )
                : [h("li", { class: "quiet" }, t("search.none"))],
            )
          : null,
        h(
          "dialog",
          {
            ref: dialog,
            "data-test": "person-look",
            "aria-label": t(asCompany.value ? "search.company" : "search.person"),
          },
          h("div", { class: "stack" }, [
            h("h2", t(asCompany.value ? "search.company" : "search.person")),
            isPerson.value && isCompany.value
              ? h(
                  "div",
                  { class: "row" },
                  [false, true].map((company) =>
                    h("label", { key: String(company), class: "row" }, [
                      h("input", {
                        type: "radio",
                        name: "number-of",
                        checked: asCompany.value === company,
                        onChange: () => (asCompany.value = company),
                      }),
                      t(company ? "view.legal_person" : "view.resident"),
                    ]),
                  ),
                )
              : null,
            h("label", { class: "field" }, [
              t("person.why-look"),
              h(
                "select",
                {
                  value: purpose.value,
                  "data-test": "look-purpose",
                  onChange: (e) => (purpose.value = inputOf(e)),
                },
                [
                  h("option", { value: "" }, t("person.choose-purpose")),
                  ...purposesWithoutCase(props.purposes).map((one) =>
                    h("option", { value: one.name, key: one.name }, one[language.value]),
                  ),
                ],
              ),
            ]),
            h(Refusal, { error: error.value }),
            h("div", { class: "row" }, [
              h(
                "button",
                { type: "button", class: "primary", disabled: !purpose.value, "data-test": "look", onClick: look },
                t("search.look"),
              ),
              h("button", { type: "button", onClick: () => dialog.value.close() }, t("cancel")),
            ]),
          ]),
        ),
      ]);
  },
};

/** Whether what is shown is what happens: live, behind by so long, or without the server. */
const StreamMark = () => {
  const behind = streamState.value === "live" && (behindSeconds.value || isLate.value);
  const state = behind ? "behind" : streamState.value;
  return h("span", { class: "state", role: "status", "data-test": "stream", "data-state": state }, [
    h("span", { class: ["dot", behind ? "late" : state === "live" ? "" : "off"] }),
    behindSeconds.value && behind
      ? t("stream.behind-by", { span: seconds(behindSeconds.value) })
      : t(`stream.${state}`),
  ]);
};

export const CentreTop = {
  props: ["account", "region", "items"],
  emits: ["drill", "open"],
  setup(props, { emit }) {
    return () =>
      h("header", { class: "top" }, [
        h("h1", { class: "title" }, `${regionName(props.account.scope, language.value)} ${t("centre.title")}`),
        h(Breadcrumb, { region: props.region, scope: props.account.scope, onDrill: (code) => emit("drill", code) }),
        h("span", { class: "spread" }),
        h(Search, { items: props.items, purposes: props.account.purposes, onOpen: (finding) => emit("open", finding) }),
        h("a", { class: "state", href: "#panel=freshness", "data-test": "freshness", title: t("freshness.what") }, [
          h("span", { class: ["dot", overall.value] }),
          t(`freshness.${overall.value}.short`),
        ]),
        h(StreamMark),
        h("a", { class: "state", href: "/reports.html", "data-test": "to-reports" }, t("report.title.short")),
        h("a", { class: "state", href: "/catalogue.html", "data-test": "to-catalogue" }, t("catalogue.title")),
        h(LanguageSwitch),
        h(PasswordChange, { name: props.account.name }),
        h("button", { class: "plain", type: "button", "data-test": "sign-out", onClick: leave }, t("sign-out")),
      ]);
  },
};
