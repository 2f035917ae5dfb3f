import { h } from "/lib/vue.js";
import { t } from "../app/language.js";
import { leave } from "../app/session.js";
import { LanguageSwitch } from "./language-switch.js";
import { PasswordChange } from "./password-change.js";

/** The head of an office's page: heading, links to the other pages, language, who is signed in, sign-out. */
export const OfficeTop = ({ title, links, who }) =>
  h("header", { class: "top" }, [
    h("h1", { class: "title" }, title),
    h("span", { class: "spread" }),
    h(
      "nav",
      { class: "office-links", "aria-label": t("office.pages") },
      links.map((page) =>
        h("a", { key: page, class: "state", href: `/${page}.html`, "data-test": `to-${page}` }, t(`office.${page}`)),
      ),
    ),
    h(LanguageSwitch),
    who ? h(PasswordChange, { name: who.name }) : null,
    h("button", { class: "plain", type: "button", "data-test": "sign-out", onClick: leave }, t("sign-out")),
  ]);
OfficeTop.props = ["title", "links", "who"];
