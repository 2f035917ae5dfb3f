import { h } from "/lib/vue.js";
import { t } from "../app/language.js";

/** Why nobody can tell whether a finding still holds; `kept`: there is a task of it. */
export const UnknownBox = ({ kept }) =>
  h("p", { class: "small unknown-box", "data-test": "unknown" }, [
    h("strong", `? ${t("unknown")}`),
    ` ${t(kept ? "unknown.why-kept" : "unknown.why")}`,
  ]);
UnknownBox.props = ["kept"];
