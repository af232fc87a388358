import { Icon } from "../components/Icon";
import { chooseLanguage, language, LANGUAGES, useText, type Language } from "../i18n";
import { analysing } from "./analysing";
import { hrefOf } from "./router";
import { ROUTES, type Route } from "./routes";
import { chooseTheme, theme, THEMES, type Theme } from "./theme";

const THEME_ICONS = { auto: "auto", light: "sun", dark: "moon" } as const;

function Navigation({ current }: { current: Route["name"] }) {
  const t = useText("shell");
  return (
    <nav class="nav" aria-label={t.views}>
      <ul>
        {ROUTES.map((route) => (
          <li key={route.name}>
            <a href={hrefOf(route.name)} aria-current={route.name === current ? "page" : undefined}>
              <Icon name={route.icon} />
              <span>{t.nav[route.name]}</span>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function ThemeButton() {
  const t = useText("shell");
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] as Theme;
  const label = `${t.theme}: ${t.themes[theme.value]}`;
  return (
    <button type="button" class="button button-quiet button-icon" aria-label={label} title={label} onClick={() => chooseTheme(next)}>
      <Icon name={THEME_ICONS[theme.value]} />
    </button>
  );
}

function LanguageChoice() {
  const t = useText("shell");
  return (
    <label class="language">
      <span class="unseen">{t.language}</span>
      <Icon name="language" />
      <select
        value={language.value}
        data-testid="language"
        onChange={(event) => void chooseLanguage(event.currentTarget.value as Language)}
      >
        {Object.entries(LANGUAGES).map(([code, name]) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Name, views, the indicator of a running analysis, language and theme. */
export function Header({ current }: { current: Route["name"] }) {
  const t = useText("shell");
  return (
    <header class="head">
      <a class="brand" href={hrefOf("photo")} aria-label={t.home}>
        <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="9" />
          <path d="M8 11.5c1.6-2 4-2 5.6-.4M18.4 11.1c1.6-1.6 4-1.6 5.6.4M9 19.5c3.4 5 10.6 5 14 0" />
        </svg>
        <span>mimika</span>
      </a>
      <Navigation current={current} />
      <div class="head-tools">
        <span class="analysing" role="status">
          {analysing.value && (
            <>
              <span class="analysing-dot" aria-hidden="true" />
              <span class="analysing-text">{t.analysing}</span>
            </>
          )}
        </span>
        <LanguageChoice />
        <ThemeButton />
      </div>
    </header>
  );
}
