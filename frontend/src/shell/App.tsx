import { useEffect, useRef } from "preact/hooks";

import { Notice, Progress } from "../components/Notice";
import { Toasts } from "../components/Toast";
import { fill, useText } from "../i18n";
import { ModeBanner } from "../views/purpose/ModeBanner";
import { enter, reachable } from "./gate";
import { Header } from "./Header";
import { Questions } from "./Questions";
import { place } from "./router";
import { ROUTES, type Route, type ViewProps } from "./routes";
import { useLoaded } from "./useLoaded";

/** The route of the address; an unknown one leads to the first view. */
function routeOf(name: string): Route {
  return ROUTES.find((route) => route.name === name) ?? (ROUTES[0] as Route);
}

/** Title and focus follow the view, so that a screen reader hears where it is; the first view leaves the focus alone. */
function useArrival(name: Route["name"]): { current: HTMLElement | null } {
  const t = useText("shell");
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    document.title = `${t.nav[name]} – mimika`;
  }, [t, name]);
  useEffect(() => {
    if (!first.current) main.current?.focus();
    first.current = false;
  }, [name]);
  return main;
}

function View({ route }: { route: Route }) {
  const t = useText("common");
  const view = useLoaded<ViewProps>(route.load, route.name);
  if (view.error) return <Notice kind="error">{t.view_missing}</Notice>;
  if (!view.loaded) return <Progress text={t.loading} />;
  const Loaded = view.loaded;
  return <Loaded rest={place.value.rest} query={place.value.query} />;
}

function Unreachable() {
  const t = useText("common");
  if (reachable.value) return null;
  return (
    <Notice kind="error">
      {t.unreachable}{" "}
      <button type="button" class="link" onClick={() => void enter()}>
        {t.again}
      </button>
    </Notice>
  );
}

export function App() {
  const t = useText("shell");
  const route = routeOf(place.value.name);
  const main = useArrival(route.name);
  useEffect(() => void enter(), []);
  const skip = (event: Event) => {
    event.preventDefault();
    main.current?.focus();
  };
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        {t.skip}
      </a>
      <Header current={route.name} />
      <ModeBanner />
      <main id="main" class={`main main-${route.name}`} ref={main} tabIndex={-1}>
        <Unreachable />
        <View key={route.name} route={route} />
      </main>
      <footer class="foot">
        <p>{fill(t.foot, { name: "mimika" })}</p>
      </footer>
      <Questions />
      <Toasts />
    </>
  );
}
