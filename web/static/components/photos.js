import { h } from "/lib/vue.js";
import { visitPhoto } from "../app/api.js";
import { t } from "../app/language.js";
import { when } from "../app/time.js";

/** The photos of a case's visits, each with who took it and when; one opens by itself. */
export const Photos = ({ finding, photos }) =>
  h(
    "ul",
    { class: "photos", "data-test": "photos" },
    photos.map((one) =>
      h("li", { key: one.id }, [
        h("a", { href: visitPhoto(finding, one.id), target: "_blank", rel: "noopener" }, [
          h("img", {
            src: visitPhoto(finding, one.id),
            alt: t("photo.of-visit", { by: one.by, at: when(one.at) }),
            loading: "lazy",
          }),
        ]),
        h("p", { class: "small quiet" }, `${one.by} · ${when(one.at)}`),
      ]),
    ),
  );
Photos.props = ["finding", "photos"];
