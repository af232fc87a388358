import { computed, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

const running = signal(0);

/** True while any view measures faces: the header shows it to whoever looks at the screen (AI Act, Art. 50(3)). */
export const analysing = computed(() => running.value > 0);

/** Show the indicator while `active`. */
export function useAnalysing(active: boolean): void {
  useEffect(() => {
    if (!active) return;
    running.value += 1;
    return () => {
      running.value -= 1;
    };
  }, [active]);
}
