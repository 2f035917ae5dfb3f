import { h, onBeforeUnmount, onMounted, ref } from "/lib/vue.js";
import { inputOf } from "../app/input.js";
import { t } from "../app/language.js";
import { codeOf } from "../app/plates.js";

const LOOK_MS = 250;

/** What a door plate says, or a number typed: itself, or the last part of the address that the code holds. */
export const plateOf = (text) => {
  const last =
    text
      .trim()
      .split(/[/#?=]/)
      .at(-1) ?? "";
  try {
    return decodeURIComponent(last).toUpperCase();
  } catch {
    return last.toUpperCase(); // no address: somebody's code with a % in it
  }
};

/** Scans a door plate with the camera where the browser can, and by typing everywhere. */
export const Scan = {
  props: ["open"], // (plate, code) → promise of nothing if it led somewhere, else of the reason why not
  emits: ["close"],
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
    let taking = false;
    const take = async (text) => {
      const plate = plateOf(text);
      if (!plate || taking) return;
      taking = true; // the camera sees it again and again
      message.value = (await props.open(plate, codeOf(plate))) ?? "";
      taking = false;
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
