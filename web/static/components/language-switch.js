import { h } from "/lib/vue.js";
import { language, switchLanguage, t } from "../app/language.js";

/** One button that names the other language in that language. */
export const LanguageSwitch = () =>
  h(
    "button",
    {
      class: "plain",
      type: "button",
      lang: language.value === "zh" ? "en" : "zh-CN",
      "data-test": "language",
      "aria-label": t("language.switch"),
      onClick: switchLanguage,
    },
    t("language.other"),
  );
