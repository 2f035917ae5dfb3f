import { h, nextTick, onBeforeUnmount, onMounted, ref, watch } from "/lib/vue.js";
import { isCalling } from "../app/alarm.js";
import { focusBack } from "../app/focus.js";

/**
 * What lies over a page until it is closed: the keyboard stays in it, Escape closes it, and the focus goes back to
 * where it was. While somebody calls for help it leaves the page below free, so that the call can be answered.
 */
export const Sheet = {
  props: ["label"],
  emits: ["close"],
  setup(props, { emit, slots }) {
    const dialog = ref(/** @type {HTMLDialogElement | null} */ (null));
    const before = document.activeElement;

    const open = async () => {
      const within = dialog.value?.contains(document.activeElement) ? document.activeElement : null;
      dialog.value?.close();
      if (isCalling.value) dialog.value?.show();
      else dialog.value?.showModal();
      await nextTick();
      if (within instanceof HTMLElement) within.focus();
    };
    onMounted(open);
    watch(isCalling, open);
    onBeforeUnmount(() => {
      dialog.value?.close();
      focusBack(before);
    });

    const leave = (event) => {
      event.preventDefault();
      emit("close");
    };
    return () =>
      h(
        "dialog",
        {
          ref: dialog,
          class: "sheet",
          "aria-label": props.label,
          onCancel: leave, // Escape, while it is modal
          onKeydown: (event) => event.key === "Escape" && leave(event),
        },
        slots.default?.(),
      );
  },
};
