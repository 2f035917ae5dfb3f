import { h } from "/lib/vue.js";
import { t } from "../app/language.js";
import { Refusal } from "./refusal.js";

/** A page before it knows for whom it is, or where it cannot learn it. */
export const Waiting = ({ title, error }) =>
  h("main", { class: "waiting" }, [
    h("h1", { class: "unseen" }, title),
    error ? h(Refusal, { error }) : h("p", t("loading")),
  ]);
Waiting.props = ["title", "error"];
