import { h, onMounted, ref, watch } from "/lib/vue.js";
import { fragment, go } from "../app/fragment.js";
import { inputOf } from "../app/input.js";
import { language, t } from "../app/language.js";
import { accounts } from "../app/offices.js";
import { scopeName } from "../app/regions.js";
import { ago, clock } from "../app/time.js";
import { AccountForm, domainName, ROLES } from "./account-form.js";
import { cardTable, nothing, section } from "./card-table.js";
import { departmentName } from "./department.js";
import { Refusal } from "./refusal.js";

const SETTLED_MS = 300; // of typing, before the server is asked

/** Accounts as the fragment narrows them; making, changing, locking one. */
export const AccountList = {
  setup() {
    const page = ref(null);
    const error = ref(null);
    const form = ref(null);
    let asked = 0;

    const read = async (more = false) => {
      const turn = ++asked;
      try {
        const { search, role, locked } = fragment;
        const answer = await accounts({ search, role, locked, after: more ? page.value.next : "" });
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
      () => [fragment.search, fragment.role, fragment.locked],
      () => {
        clearTimeout(typed);
        typed = setTimeout(read, SETTLED_MS);
      },
    );

    const select = (name, label, options) =>
      h("label", [
        h("span", { class: "small quiet" }, label),
        h(
          "select",
          { value: fragment[name] ?? "", "data-test": `filter-${name}`, onChange: (e) => go({ [name]: inputOf(e) }) },
          [["", t("account.any")], ...options].map(([value, label]) => h("option", { key: value, value }, label)),
        ),
      ]);
    const filters = () =>
      h("form", { class: "office-filters", role: "search", onSubmit: (event) => event.preventDefault() }, [
        h("label", { class: "grow" }, [
          h("span", { class: "small quiet" }, t("account.search")),
          h("input", {
            type: "search",
            value: fragment.search ?? "",
            "data-test": "search",
            onInput: (e) => go({ search: inputOf(e).trim() }),
          }),
        ]),
        select(
          "role",
          t("account.role"),
          ROLES.map((role) => [role, t(`role.${role}`)]),
        ),
        select("locked", t("account.state"), [
          ["false", t("account.open")],
          ["true", t("account.locked")],
        ]),
        h(
          "button",
          { type: "button", class: "primary", "data-test": "make", onClick: () => form.value.open({ act: "make" }) },
          t("account.make"),
        ),
      ]);

    const scope = (one) =>
      ["grid_worker", "command_centre"].includes(one.role)
        ? [
            scopeName(one.scope, language.value),
            one.scope ? h("span", { class: "small quiet code by" }, one.scope) : null,
          ]
        : one.department
          ? departmentName(one.department)
          : "–";
    const state = (one) =>
      one.locked_at
        ? h("span", { class: "result today" }, `■ ${t("account.locked-since", { at: clock(one.locked_at) })}`)
        : one.used_at
          ? h("span", { class: "result good" }, `● ${t("account.used", { ago: ago(one.used_at) })}`)
          : h("span", { class: "quiet" }, t("account.open"));
    const button = (one, act) =>
      h(
        "button",
        { type: "button", key: act, "data-test": act, onClick: () => form.value.open({ act, account: one }) },
        t(`account.${act}`),
      );
    const columns = {
      name: (one) => [
        h("strong", { class: "name" }, one.name),
        one.demo ? h("span", { class: "tag" }, t("account.demo")) : null,
      ],
      role: (one) => t(`role.${one.role}`),
      scope,
      domains: (one) => (one.domains ? one.domains.map(domainName).join("、") : "–"),
      state,
      acts: (one) =>
        h("div", { class: "acts" }, [
          button(one, "change"),
          button(one, "password"),
          button(one, one.locked_at ? "unlock" : "lock"),
          h(
            "a",
            {
              class: "small",
              href: `#${new URLSearchParams({ page: "looks", account: one.name })}`,
              "data-test": "looks",
            },
            t("account.looks"),
          ),
        ]),
    };

    return () => [
      filters(),
      h(Refusal, { error: error.value }),
      page.value
        ? section(
            "accounts",
            [
              h("h2", t("admin.accounts")),
              h(
                "span",
                { class: "quiet small", "data-test": "counted" },
                t("account.counted", { n: page.value.counted }),
              ),
            ],
            [
              page.value.items.length
                ? cardTable("account", page.value.items, columns, {
                    keyOf: (one) => one.id,
                    test: "account-row",
                    attributes: (one) => ({ "data-name": one.name }),
                  })
                : nothing(t("account.none")),
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
      h(AccountForm, {
        ref: form,
        departments: page.value?.departments ?? [],
        domains: page.value?.domains ?? [],
        onChanged: () => read(),
      }),
    ];
  },
};
