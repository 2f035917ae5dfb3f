// A photo as it is sent: scaled down in the browser and drawn anew, so that nothing else of the camera's file goes
// along.

const LONGEST_SIDE = 1600;
const QUALITY = 0.8;

/** The picture upright, at most 1600 pixels a side, as a JPEG; null for what is no picture. @param {Blob} file */
export async function scaled(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
  const share = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * share));
  canvas.height = Math.max(1, Math.round(bitmap.height * share));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
}

/** The bytes of a picture in Base64. @param {Blob} picture @returns {Promise<string>} */
export const inBase64 = (picture) =>
  new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result).split(",")[1]);
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(picture);
  });

/** A picture that was kept in Base64. @param {string} text */
export const fromBase64 = (text) =>
  new Blob([Uint8Array.from(atob(text), (one) => one.charCodeAt(0))], { type: "image/jpeg" });
