import { h, ref } from "/lib/vue.js";
import { changePassword } from "../app/api.js";
import { inputOf } from "../app/input.js";
import { t } from "../app/language.js";
import { Refusal } from "./refusal.js";

/** The account's name; it opens a form that changes its password. */
export const PasswordChange = {
  props: ["name"],
  setup(props) {
    const dialog = ref(null);
    const values = ref({ old: "", new: "" });
    const busy = ref(false);
    const done = ref(false);
    const error = ref(null);

    const open = () => {
      values.value = { old: "", new: "" };
      done.value = false;
      error.value = null;
      dialog.value.showModal();
    };
    const change = async (event) => {
      event.preventDefault();
      busy.value = true;
      error.value = null;
      try {
        await changePassword(values.value.old, values.value.new);
        done.value = true;
      } catch (refused) {
        error.value = refused;
      }
      busy.value = false;
    };
    const field = (name, autocomplete) =>
      h("label", { class: "field" }, [
        t(`password.${name}`),
        h("input", {
          type: "password",
          required: true,
          autocomplete,
          value: values.value[name],
          "data-test": `password-${name}`,
          onInput: (e) => (values.value = { ...values.value, [name]: inputOf(e) }),
        }),
      ]);
    return () => [
      h(
        "button",
        { type: "button", class: "plain account", title: t("password.title"), "data-test": "account", onClick: open },
        props.name,
      ),
      h(
        "dialog",
        { ref: dialog, "aria-label": t("password.title") },
        h("form", { class: "stack", onSubmit: change }, [
          h("h2", t("password.title")),
          field("old", "current-password"),
          field("new", "new-password"),
          h("p", { class: "quiet small" }, t("password.rule")),
          h(Refusal, { error: error.value }),
          done.value ? h("p", { role: "status", "data-test": "password-changed" }, t("password.changed")) : null,
          h("div", { class: "row" }, [
            h(
              "button",
              { type: "submit", class: "primary", disabled: busy.value, "data-test": "password-send" },
              t("password.title"),
            ),
            h("button", { type: "button", onClick: () => dialog.value.close() }, t("close")),
          ]),
        ]),
      ),
    ];
  },
};
