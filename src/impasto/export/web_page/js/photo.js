// Photos: read, fitted to the screen, and styled at their own size in tiles when they are saved.
const MAX_SHOWN_SIDE = 2048, TILE_SIDE = 2048;

export class Photo {
  constructor(bitmap, name) {
    this.bitmap = bitmap;
    this.size = { height: bitmap.height, width: bitmap.width };
    this.name = name;
  }

  // Throws an Error whose message is the key of a text.
  static async open(file) {
    try {
      return new Photo(await createImageBitmap(file, { imageOrientation: "from-image" }), file.name);
    } catch {
      throw new Error("unreadable");
    }
  }

  // Makes the canvas that is shown.
  fitted(maxSide) {
    const scale = Math.min(1, Math.min(MAX_SHOWN_SIDE, maxSide) / Math.max(this.size.height, this.size.width));
    const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
    canvas.width = Math.max(1, Math.round(this.size.width * scale));
    canvas.height = Math.max(1, Math.round(this.size.height * scale));
    context.imageSmoothingQuality = "high";
    paper(context, canvas);
    context.drawImage(this.bitmap, 0, 0, canvas.width, canvas.height);
    return canvas;
  }

  // Styles the whole photo; the stage must hold the LUT or painting of it.
  rendered(stage, strength) {
    const { height, width } = this.size, whole = document.createElement("canvas"), tile = document.createElement("canvas");
    whole.width = width;
    whole.height = height;
    const target = whole.getContext("2d"), context = tile.getContext("2d");
    if (!target || !context) throw new Error("tooLarge");
    for (let y = 0; y < height; y += TILE_SIDE) {
      for (let x = 0; x < width; x += TILE_SIDE) {
        tile.height = Math.min(TILE_SIDE, height - y);
        tile.width = Math.min(TILE_SIDE, width - x);
        paper(context, tile);
        context.drawImage(this.bitmap, -x, -y);
        stage.setFrame(tile, tile.height, tile.width);
        stage.draw({ strength, part: { x, y, whole: this.size } });
        target.drawImage(stage.canvas, x, y);
      }
    }
    return whole;
  }
}

// What shows through transparent pictures.
function paper(context, canvas) {
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
}

// Hands a canvas to the visitor as a file.
export async function download(canvas, name) {
  const blob = await new Promise(resolve => canvas.toBlob(resolve, "image/jpeg", 0.95));
  if (!blob) throw new Error("tooLarge");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
