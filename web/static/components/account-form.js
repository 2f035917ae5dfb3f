// Dialogs of the page of accounts: rights of a new or a known account, a question before what ends sessions, a password
// that is shown once.

import { h, nextTick, ref } from "/lib/vue.js";
import { inputOf } from "../app/input.js";
import { named, t } from "../app/language.js";
import { changeAccount, givePassword, lockAccount, makeAccount } from "../app/offices.js";
import { departmentName } from "./department.js";
import { Refusal } from "./refusal.js";

export const ROLES = ["grid_worker", "command_centre", "department", "ops", "admin"];
const OF_AREA = ["grid_worker", "command_centre"];

const EMPTY = { name: "", role: "grid_worker", scope: "", domains: [], department: "", language: "zh" };

export const domainName = (domain) => named(`domain.${domain}`, domain);

/** `open({act, account})`: act is `make`, `change`, `lock`, `unlock` or `password`; then `changed` is emitted. */
export const AccountForm = {
  props: ["departments", "domains"],
  emits: ["changed"],
  setup(props, { emit, expose }) {
    const dialog = ref(null);
    const act = ref("make");
    const account = ref(null);
    const values = ref({ ...EMPTY });
    const given = ref(null);
    const busy = ref(false);
    const error = ref(null);

    const open = async (wanted) => {
      act.value = wanted.act;
      account.value = wanted.account ?? null;
      values.value = { ...EMPTY, ...(wanted.account ?? {}) };
      values.value.domains = [...(wanted.account?.domains ?? [])];
      values.value.department ??= "";
      given.value = null;
      error.value = null;
      await nextTick();
      dialog.value.showModal();
    };
    expose({ open });

    const rights = () => ({
      role: values.value.role,
      scope: OF_AREA.includes(values.value.role) ? values.value.scope.trim() : "",
      domains: OF_AREA.includes(values.value.role) && values.value.domains.length ? values.value.domains : null,
      department: values.value.role === "department" && values.value.department ? values.value.department : null,
    });
    const acts = {
      make: () => makeAccount({ name: values.value.name.trim(), language: values.value.language, ...rights() }),
      change: () => changeAccount(account.value.id, rights()),
      lock: () => lockAccount(account.value.id, true),
      unlock: () => lockAccount(account.value.id, false),
      password: () => givePassword(account.value.id),
    };
    const send = async (event) => {
      event.preventDefault();
      busy.value = true;
      error.value = null;
      try {
        given.value = await acts[act.value]();
        if (!given.value) dialog.value.close();
        emit("changed");
      } catch (refused) {
        error.value = refused;
      }
      busy.value = false;
    };

    const set = (name) => (event) => (values.value = { ...values.value, [name]: inputOf(event) });
    const field = (name, input) => h("label", { class: "field" }, [t(`account.${name}`), input]);
    const text = (name, attributes) =>
      field(
        name,
        h("input", { value: values.value[name], onInput: set(name), "data-test": `account-${name}`, ...attributes }),
      );
    const select = (name, options) =>
      field(
        name,
        h(
          "select",
          { value: values.value[name], onChange: set(name), "data-test": `account-${name}` },
          options.map(([value, label]) => h("option", { key: value, value }, label)),
        ),
      );
    const toggle = (domain) => () => {
      const { domains } = values.value;
      const kept = domains.filter((one) => one !== domain);
      values.value = { ...values.value, domains: kept.length < domains.length ? kept : [...kept, domain] };
    };
    const domainBoxes = () =>
      h("fieldset", { class: "domains" }, [
        h("legend", t("account.domains")),
        h("p", { class: "quiet small" }, t("account.domains.none")),
        props.domains.map((domain) =>
          h("label", { key: domain }, [
            h("input", { type: "checkbox", checked: values.value.domains.includes(domain), onChange: toggle(domain) }),
            domainName(domain),
          ]),
        ),
      ]);
    const rightsFields = () => [
      select(
        "role",
        ROLES.map((role) => [role, t(`role.${role}`)]),
      ),
      OF_AREA.includes(values.value.role)
        ? [
            text("scope", {
              inputmode: "numeric",
              pattern: "([0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15})?",
              title: t("account.scope.hint"),
            }),
            h("p", { class: "quiet small" }, t("account.scope.hint")),
            domainBoxes(),
          ]
        : h("p", { class: "quiet small" }, t("account.sees-nobody")),
      values.value.role === "department"
        ? select("department", [["", "–"], ...props.departments.map((one) => [one, departmentName(one)])])
        : null,
    ];
    const asked = () =>
      given.value
        ? [
            h("p", t("account.given", { name: given.value.name })),
            h("output", { class: "password", "data-test": "given-password" }, given.value.password),
            h("p", { class: "quiet small" }, t("account.given.once")),
          ]
        : [
            act.value === "make" ? text("name", { required: true, maxlength: 80, pattern: "\\S+" }) : null,
            ["make", "change"].includes(act.value) ? rightsFields() : null,
            act.value === "make"
              ? select(
                  "language",
                  ["zh", "en"].map((one) => [one, t(`account.language.${one}`)]),
                )
              : null,
            act.value === "make" ? null : h("p", { class: "quiet" }, t(`account.${act.value}.means`)),
          ];

    return () =>
      h(
        "dialog",
        { ref: dialog, class: "account-form", "aria-labelledby": "account-form-title" },
        h("form", { class: "stack", onSubmit: send }, [
          h("h2", { id: "account-form-title" }, t(`account.${act.value}.title`, { name: account.value?.name ?? "" })),
          asked(),
          h(Refusal, { error: error.value }),
          h("div", { class: "row" }, [
            given.value
              ? null
              : h(
                  "button",
                  { type: "submit", class: "primary", disabled: busy.value, "data-test": "account-send" },
                  t(`account.${act.value}`),
                ),
            h(
              "button",
              { type: "button", "data-test": "account-close", onClick: () => dialog.value.close() },
              t(given.value ? "close" : "account.cancel"),
            ),
          ]),
        ]),
      );
  },
};
