import { h, onBeforeUnmount, ref, watch } from "/lib/vue.js";
import { t } from "../app/language.js";
import { scaled } from "../app/photo.js";

/** Takes one photo, scaled down before anything else is done with it; shows it, and lets it be taken out again. */
export const PhotoField = {
  props: ["picture"], // a Blob, or null
  emits: ["picture"],
  setup(props, { emit }) {
    const shown = ref("");
    const refused = ref(false);
    const input = ref(null);

    const show = () => {
      if (shown.value) URL.revokeObjectURL(shown.value);
      shown.value = props.picture ? URL.createObjectURL(props.picture) : "";
    };
    watch(() => props.picture, show, { immediate: true });
    onBeforeUnmount(() => shown.value && URL.revokeObjectURL(shown.value));

    const take = async (event) => {
      const [file] = event.target.files;
      if (!file) return;
      const picture = await scaled(file);
      refused.value = !picture;
      if (picture) emit("picture", picture);
      input.value.value = ""; // the same photo can be chosen again
    };
    return () =>
      h("div", { class: "photo-field" }, [
        h("label", { class: "button photo-button" }, [
          h("span", t(shown.value ? "photo.another" : "photo.take")),
          h("input", {
            ref: input,
            type: "file",
            accept: "image/*",
            capture: "environment",
            class: "unseen",
            "data-test": "photo",
            onChange: take,
          }),
        ]),
        shown.value
          ? h("figure", [
              h("img", { src: shown.value, alt: t("photo.preview"), "data-test": "photo-preview" }),
              h(
                "button",
                { type: "button", "data-test": "photo-remove", onClick: () => emit("picture", null) },
                t("photo.remove"),
              ),
            ])
          : null,
        refused.value ? h("p", { class: "refusal", role: "alert" }, t("photo.refused")) : null,
      ]);
  },
};
