import { useEffect, useRef } from "preact/hooks";

/** A canvas that is painted anew when `inputs` or its size change. */
export function usePainted(paint: (canvas: HTMLCanvasElement) => void, inputs: readonly unknown[]) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(paint);
  latest.current = paint;
  useEffect(() => {
    if (canvas.current) latest.current(canvas.current);
  }, inputs);
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const watch = new ResizeObserver(() => latest.current(element));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return canvas;
}
