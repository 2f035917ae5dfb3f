// What makes one look up: sound, vibration and a count in the title, until it is answered or muted.

import { ref } from "/lib/vue.js";

const EVERY_MS = 2_000;
const PULSE_S = 0.35;
const TONES_HZ = [880, 660];

/** Chosen here and shown; not kept, so that no shift begins in silence. */
export const muted = ref(false);
/** A browser lets no page sound before somebody has touched it. */
export const mayNotSound = ref(true);

/** Whether a call for help waits: nothing on the page may lie over it. */
export const isCalling = ref(false);

/** @type {AudioContext | null} */
let audio = null;
/** @type {ReturnType<typeof setInterval> | undefined} */
let every;
let count = 0;

const unlock = () => {
  audio ??= new AudioContext();
  audio.resume().then(() => (mayNotSound.value = audio?.state !== "running"));
};
for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, unlock, { once: true });

function pulse() {
  if (muted.value) return;
  navigator.vibrate?.([300, 150, 300]);
  if (audio?.state !== "running") return;
  TONES_HZ.forEach((hertz, i) => {
    const tone = new OscillatorNode(audio, { frequency: hertz });
    tone.connect(audio.destination);
    tone.start(audio.currentTime + i * PULSE_S);
    tone.stop(audio.currentTime + (i + 1) * PULSE_S);
  });
}

/** Sounds at once and every two seconds while `on`. @param {boolean} on */
export function ring(on) {
  if (!on) {
    clearInterval(every);
    every = undefined;
  } else if (every === undefined) {
    pulse();
    every = setInterval(pulse, EVERY_MS);
  }
}

/** A page sets its title when it draws itself: the count is put before whatever it is. @param {number} number */
export function badge(number) {
  count = number;
  isCalling.value = count > 0;
  const title = document.title.replace(/^\(\d+\) ⚠ /, "");
  const wanted = count ? `(${count}) ⚠ ${title}` : title;
  if (document.title !== wanted) document.title = wanted;
}
