// The door: name and password, Chinese first.

import { createApp, h, ref } from "/lib/vue.js";
import { signIn, Unreachable } from "../app/api.js";
import { inputOf } from "../app/input.js";
import { language, t } from "../app/language.js";
import { begin, endSession, homeOf } from "../app/session.js";
import { LanguageSwitch } from "../components/language-switch.js";

/**
 * Where to go after signing in: back to the page that sent us here, if it is one of ours, else where the role's work
 * begins.
 */
function destination(account) {
  const next = new URLSearchParams(location.search).get("next") || "";
  const ours = /^\/(centre|worker|record|catalogue|department|admin|ops|handover)\.html(#.*)?$/.test(next);
  return ours ? next : homeOf(account.role);
}

const SignIn = {
  setup() {
    const name = ref("");
    const password = ref("");
    const error = ref("");
    const busy = ref(false);

    const submit = async (event) => {
      event.preventDefault();
      busy.value = true;
      error.value = "";
      try {
        await endSession(); // of whoever was here before
        const account = await signIn(name.value.trim(), password.value);
        begin(account);
        location.assign(destination(account));
      } catch (refused) {
        error.value =
          refused instanceof Unreachable
            ? "error.unreachable"
            : refused.status === 429
              ? "sign-in.too-often"
              : refused.status >= 500
                ? "error.server"
                : "sign-in.refused";
        busy.value = false;
      }
    };

    const field = (label, value, attributes) =>
      h("label", { class: "field" }, [
        t(label),
        h("input", {
          required: true,
          value: value.value,
          onInput: (e) => (value.value = inputOf(e)),
          ...attributes,
        }),
      ]);

    return () => {
      document.title = `${t("product")} · ${t("sign-in.title")}`;
      return h("div", { class: "sign-in", lang: language.value }, [
        h("main", [
          h("header", [
            h("img", { src: "/icon.svg", alt: "", width: 44, height: 44 }),
            h("div", [h("h1", t("product")), h("p", { class: "quiet" }, t("sign-in.subtitle"))]),
            h("span", { class: "spread" }),
            h(LanguageSwitch),
          ]),
          h("form", { class: "stack", onSubmit: submit }, [
            field("sign-in.name", name, {
              autocomplete: "username",
              autocapitalize: "none",
              autofocus: true,
              "data-test": "name",
            }),
            field("sign-in.password", password, {
              type: "password",
              autocomplete: "current-password",
              "data-test": "password",
            }),
            error.value ? h("p", { class: "refusal", role: "alert", "data-test": "refusal" }, t(error.value)) : null,
            h(
              "button",
              { class: "primary", disabled: busy.value, "data-test": "sign-in" },
              t(busy.value ? "sign-in.busy" : "sign-in.go"),
            ),
            h("p", { class: "quiet small" }, t("sign-in.recorded")),
          ]),
        ]),
      ]);
    };
  },
};

endSession();
createApp(SignIn).mount("#page");
