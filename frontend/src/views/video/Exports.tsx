import { useEffect, useRef } from "preact/hooks";

import { api } from "../../api/client";
import { EXPORTS, type Recording } from "../../api/types";
import { Icon } from "../../components";
import { useText } from "../../i18n";

/** These tell expressions, which a purpose of work or education does not allow. */
const OF_EXPRESSIONS: readonly string[] = ["feat", "facereader", "webvtt", "srt"];

/** A menu of all formats and the report. */
export function Exports({ recording }: { recording: Recording }) {
  const t = useText("video");
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event) => {
      const inside = event.target instanceof Node && menu.current?.contains(event.target);
      const away = event instanceof KeyboardEvent ? event.key === "Escape" : !inside;
      if (away && menu.current) menu.current.open = false;
    };
    const stop = new AbortController();
    addEventListener("pointerdown", close, { signal: stop.signal });
    addEventListener("keydown", close, { signal: stop.signal });
    return () => stop.abort();
  }, []);
  const told = recording.mode === "expressions";
  const formats = EXPORTS.filter((format) => told || !OF_EXPRESSIONS.includes(format));
  return (
    <details class="menu" ref={menu}>
      <summary class="button">
        <Icon name="download" />
        {t.export}
      </summary>
      <ul>
        {told && (
          <li>
            <a href={api.reportUrl(recording.id)} target="_blank" rel="noopener">
              <b>{t.report}</b> <small>{t.report_hint}</small>
            </a>
          </li>
        )}
        {formats.map((format) => (
          <li key={format}>
            <a href={api.exportUrl(recording.id, format)} download>
              <b>{t.formats[format].name}</b> <small>{t.formats[format].hint}</small>
            </a>
          </li>
        ))}
      </ul>
    </details>
  );
}
