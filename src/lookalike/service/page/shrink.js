// A photograph, made as small as a system needs it before it is sent.
export const MOST_PIXELS = 1024;

// file : of a picture; returns what is sent, and what is drawn, which is null where the browser cannot read it
export async function shrunk(file) {
  let image;
  try { image = await createImageBitmap(file); } catch { return { blob: file, image: null }; }
  const scale = MOST_PIXELS / Math.max(image.width, image.height);
  if (scale >= 1) return { blob: file, image };
  const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
  canvas.width = Math.max(1, Math.round(image.width * scale)); canvas.height = Math.max(1, Math.round(image.height * scale));
  pen.imageSmoothingQuality = "high";
  pen.fillStyle = "#fff"; pen.fillRect(0, 0, canvas.width, canvas.height);  // what is clear is paper
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  return { blob: await blobOf(canvas, "image/jpeg"), image: canvas };
}

export const blobOf = (canvas, type = "image/png") => new Promise((done) => canvas.toBlob(done, type, 0.92));
