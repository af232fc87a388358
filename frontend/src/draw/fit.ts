/** Where a picture lies inside its element: the one place that knows about letterboxes, scaling and mirroring. */

export interface Size {
  width: number;
  height: number;
}

export interface Fit {
  /** Of the shown picture, CSS pixels from the element's corner. */
  left: number;
  top: number;
  width: number;
  height: number;
  /** CSS pixels a pixel of the measured picture. */
  scaleX: number;
  scaleY: number;
  mirror: boolean;
}

/**
 * Fit a picture of the size `shown` into an element as `object-fit: contain` does.
 *
 * `measured` is the size in which boxes are told. It may differ from what the browser shows: films with pixels that are
 * not square, or a camera picture that was sent smaller.
 */
export function fitOf(shown: Size, element: Size, measured: Size = shown, mirror = false): Fit {
  const scale = Math.min(element.width / shown.width, element.height / shown.height) || 0;
  const width = shown.width * scale;
  const height = shown.height * scale;
  return {
    left: (element.width - width) / 2,
    top: (element.height - height) / 2,
    width,
    height,
    scaleX: width / measured.width,
    scaleY: height / measured.height,
    mirror,
  };
}

/** A point of the measured picture in CSS pixels of the element. */
export function placed(fit: Fit, x: number, y: number): [number, number] {
  const across = x * fit.scaleX;
  return [fit.left + (fit.mirror ? fit.width - across : across), fit.top + y * fit.scaleY];
}

/** A box of the measured picture in CSS pixels of the element: [left, top, width, height]. */
export function placedBox(fit: Fit, box: readonly [number, number, number, number]): [number, number, number, number] {
  const [x, y, width, height] = box;
  const [left, top] = placed(fit, fit.mirror ? x + width : x, y);
  return [left, top, width * fit.scaleX, height * fit.scaleY];
}

/** The point of the measured picture under a place in the element: the way back of `placed`. */
export function pointed(fit: Fit, left: number, top: number): [number, number] {
  const across = left - fit.left;
  return [(fit.mirror ? fit.width - across : across) / fit.scaleX, (top - fit.top) / fit.scaleY];
}
