import type { ComponentType } from "preact";

import type { IconName } from "../components/Icon";

/** What a view is given: the parts of the address after its name. */
export interface ViewProps {
  rest: string[];
  query: URLSearchParams;
}

export interface Route {
  name: "photo" | "video" | "live" | "history" | "profiles" | "about";
  icon: IconName;
  load: () => Promise<{ default: ComponentType<ViewProps> }>;
}

/** The views in the order of the menu; the first is where the page opens. Titles stand in i18n, `shell.nav`. */
export const ROUTES: readonly Route[] = [
  { name: "photo", icon: "photo", load: () => import("../views/photo") },
  { name: "video", icon: "video", load: () => import("../views/video") },
  { name: "live", icon: "live", load: () => import("../views/live") },
  { name: "history", icon: "history", load: () => import("../views/history") },
  { name: "profiles", icon: "profiles", load: () => import("../views/profiles") },
  { name: "about", icon: "about", load: () => import("../views/about") },
];
