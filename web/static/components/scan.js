import { h, onBeforeUnmount, onMounted, ref } from "/lib/vue.js";
import { inputOf } from "../app/input.js";
import { t } from "../app/language.js";

const LOOK_MS = 250;

/** The number in a door plate's code: the code itself, or the last part of the address that it holds. */
export const plateOf = (text) =>
  decodeURIComponent(
    text
      .trim()
      .split(/[/#?=]/)
      .at(-1) ?? "",
  ).toUpperCase();

/** Scans a door plate with the camera where the browser can, and by typing everywhere. */
export const Scan = {
  props: ["known"], // (plate) → whether it is on the route
  emits: ["found", "close"],
  setup(props, { emit }) {
    const dialog = ref(null);
    const video = ref(null);
    const code = ref("");
    const message = ref("");
    const filming = ref(false);
    let camera, timer;

    const stop = () => {
      clearInterval(timer);
      for (const track of camera?.getTracks() ?? []) track.stop();
      camera = null;
    };
    const take = (text) => {
      const plate = plateOf(text);
      if (!plate) return;
      if (props.known(plate)) emit("found", plate);
      else message.value = t("scan.none");
    };
    const takeTyped = (event) => {
      event.preventDefault();
      take(code.value);
    };
    const film = async () => {
      try {
        const detector = new globalThis.BarcodeDetector({ formats: ["qr_code"] });
        camera = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
        filming.value = true;
        video.value.srcObject = camera;
        await video.value.play();
        timer = setInterval(async () => {
          const [seen] = await detector.detect(video.value);
          if (seen) take(seen.rawValue);
        }, LOOK_MS);
      } catch {
        stop();
        filming.value = false;
        message.value = t("scan.no-camera"); // whatever the reason, the number on the plate can be typed
      }
    };

    onMounted(() => dialog.value.showModal());
    onBeforeUnmount(stop);

    return () =>
      h(
        "dialog",
        { ref: dialog, "data-test": "scan-dialog", "aria-label": t("scan.title"), onClose: () => emit("close") },
        [
          h("form", { onSubmit: takeTyped }, [
            h("h2", t("scan.title")),
            h("video", { ref: video, hidden: !filming.value, muted: true, playsinline: true }),
            "BarcodeDetector" in globalThis && !filming.value
              ? h("button", { type: "button", onClick: film }, t("scan.camera"))
              : null,
            h("label", { class: "field" }, [
              t("scan.code"),
              h("input", {
                value: code.value,
                autocomplete: "off",
                autocapitalize: "characters",
                "data-test": "scan-code",
                onInput: (e) => (code.value = inputOf(e)),
              }),
            ]),
            message.value ? h("p", { class: "refusal", role: "alert" }, message.value) : null,
            h("div", { class: "row" }, [
              h("button", { class: "primary", "data-test": "scan-go" }, t("scan.go")),
              h("button", { type: "button", onClick: () => dialog.value.close() }, t("cancel")),
            ]),
          ]),
        ],
      );
  },
};
