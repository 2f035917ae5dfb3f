import { h } from "/lib/vue.js";
import { reportPhoto } from "../app/api.js";
import { t } from "../app/language.js";
import { when } from "../app/time.js";

/** What somebody reported by a door plate, of a case that began with it. */
export const Reported = ({ report }) =>
  h("div", { class: "reported stack", "data-test": "reported" }, [
    h("p", [
      h("strong", t(`category.${report.category}`)),
      h("span", { class: "small quiet" }, ` ${when(report.made_at)}`),
    ]),
    report.note ? h("q", report.note) : h("p", { class: "quiet" }, t("report.no-note")),
    report.photo
      ? h(
          "a",
          { href: reportPhoto(report.id), target: "_blank", rel: "noopener" },
          h("img", { src: reportPhoto(report.id), alt: t("report.photo") }),
        )
      : null,
  ]);
Reported.props = ["report"];
