/** Line icons of 24×24, drawn for this page. */
const PATHS = {
  photo: "M4 7h3l1.6-2h6.8L17 7h3v12H4zM12 16a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7",
  video: "M3 6h12v12H3zM15 10.5 21 7v10l-6-3.5",
  live: "M12 14a2 2 0 1 0 0-4 2 2 0 0 0 0 4M7.8 16.2a6 6 0 0 1 0-8.4M16.2 7.8a6 6 0 0 1 0 8.4M5 19a10 10 0 0 1 0-14M19 5a10 10 0 0 1 0 14",
  history: "M12 7v5l3.5 2M4.5 9A8 8 0 1 1 4 12M4.5 4.5V9H9",
  profiles: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4.5 20c.7-4 3.7-6 7.5-6s6.8 2 7.5 6",
  about: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 11v5M12 8v.01",
  upload: "M12 15V4M8 8l4-4 4 4M4 15v5h16v-5",
  download: "M12 4v11M8 11l4 4 4-4M4 15v5h16v-5",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  close: "M6 6l12 12M18 6 6 18",
  check: "M5 12.5 10 17l9-10",
  warning: "M12 4 2.8 20h18.4zM12 10v4.5M12 17.3v.01",
  play: "M8 5v14l11-7z",
  pause: "M8 5v14M16 5v14",
  previous: "M18 6 9 12l9 6zM6 6v12",
  next: "M6 6l9 6-9 6zM18 6v12",
  expand: "M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5",
  trash: "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13M10.5 10.5v6M13.5 10.5v6",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8M12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M18.4 5.6l-1.1 1.1M6.7 17.3l-1.1 1.1",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  auto: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 3v18M12 7h6M12 11h8.5M12 15h8M12 19h5",
  language: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M3 12h18M12 3c3 3 3.5 6 3.5 9s-.5 6-3.5 9c-3-3-3.5-6-3.5-9s.5-6 3.5-9",
  more: "M5 12v.01M12 12v.01M19 12v.01",
  mesh: "M12 3 4 8v8l8 5 8-5V8zM4 8l8 4 8-4M12 12v9M4 16l8-4 8 4",
  plus: "M12 5v14M5 12h14",
  edit: "M4 20l1-4L16 5l3 3L8 19z",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13M15.5 15.5 20 20",
} as const;

export type IconName = keyof typeof PATHS;

export interface IconProps {
  name: IconName;
  class?: string;
}

/** A picture beside words: hidden from screen readers, which hear the words. */
export function Icon({ name, class: extra = "" }: IconProps) {
  return (
    <svg class={`icon ${extra}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
