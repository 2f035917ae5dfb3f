import { h } from "/lib/vue.js";
import { Unreachable } from "../app/api.js";
import { t } from "../app/language.js";

/** An error in words: what the server said, or that it is out of reach. */
export const wording = (error) =>
  error instanceof Unreachable ? t("error.unreachable") : error.status === 401 ? t("error.signed-out") : error.message;

export const Refusal = ({ error }) =>
  error ? h("p", { class: "refusal", role: "alert", "data-test": "refusal" }, wording(error)) : null;
Refusal.props = ["error"];
