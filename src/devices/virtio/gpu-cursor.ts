import { bytes, optional, record, type Shaped, u32 } from "../state-shape.ts";
import type { Rect } from "./gpu-protocol.ts";
import type { GpuResource } from "./gpu-resource.ts";

/** Cursor pictures are this wide and high (VIRTIO 1.2, section 5.7.6.10). */
export const CURSOR_EXTENT = 64;

export const CURSOR_STATE = record({
  x: u32,
  y: u32,
  rgba: optional(bytes(CURSOR_EXTENT * CURSOR_EXTENT * 4)),
});
export type CursorState = Shaped<typeof CURSOR_STATE>;

/** The cursor: a picture of its own, taken when it is set, whose upper left corner is at x, y of the screen. */
export class GpuCursor {
  private x = 0;
  private y = 0;
  private rgba: Uint8Array | undefined;

  moveTo(x: number, y: number): void {
    this.x = x;
    this.y = y;
  }

  hide(): void {
    this.rgba = undefined;
  }

  /** False where the picture has not the size of a cursor. */
  show(picture: GpuResource): boolean {
    if (picture.width !== CURSOR_EXTENT || picture.height !== CURSOR_EXTENT) return false;
    this.rgba = picture.rgba({ x: 0, y: 0, width: CURSOR_EXTENT, height: CURSOR_EXTENT });
    return true;
  }

  /** Draws it onto a screen. Its colours are premultiplied with alpha, as DRM has them. */
  drawOn(screen: Uint8Array, { width, height }: Pick<Rect, "width" | "height">): void {
    const { rgba, x, y } = this;
    if (!rgba) return;
    for (let row = 0; row < CURSOR_EXTENT && y + row < height; row++) {
      for (let column = 0; column < CURSOR_EXTENT && x + column < width; column++) {
        const from = (row * CURSOR_EXTENT + column) * 4;
        const to = ((y + row) * width + x + column) * 4;
        const through = 255 - rgba[from + 3];
        for (let colour = 0; colour < 3; colour++) {
          const behind = Math.round((screen[to + colour] * through) / 255);
          screen[to + colour] = Math.min(255, rgba[from + colour] + behind);
        }
      }
    }
  }

  reset(): void {
    this.hide();
    this.moveTo(0, 0);
  }

  save(): CursorState {
    return { x: this.x, y: this.y, rgba: this.rgba };
  }

  restore({ x, y, rgba }: CursorState): void {
    this.moveTo(x, y);
    this.rgba = rgba?.slice();
  }
}
