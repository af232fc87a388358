import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

export interface Loaded<P> {
  loaded: ComponentType<P> | null;
  error: unknown;
}

/** A component of its own file, loaded when it is first shown. `key` names it. */
export function useLoaded<P>(
  load: () => Promise<{ default: ComponentType<P> }>,
  key: string,
): Loaded<P> {
  const [state, setState] = useState<Loaded<P>>({ loaded: null, error: null });
  useEffect(() => {
    let wanted = true;
    load().then(
      (module) => wanted && setState({ loaded: module.default, error: null }),
      (error: unknown) => wanted && setState({ loaded: null, error }),
    );
    return () => {
      wanted = false;
    };
  }, [key]);
  return state;
}
