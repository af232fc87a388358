import { useEffect, useRef, useState } from "preact/hooks";

import { api } from "../../api/client";
import type { Profile, Recording, RecordingFilter } from "../../api/types";
import { Button, Confirm, Heads, Icon, Progress, say } from "../../components";
import { fill, moment, percent, plural, useText } from "../../i18n";
import { tell } from "../../shell/faults";
import { goTo, hrefOf } from "../../shell/router";
import { Filters } from "./Filters";
import { clock, nameOf, sharesOf } from "./words";

const PAGE = 25;
const TYPING_MS = 250;

/** The recordings that fit a filter, page by page. */
function useRecordings(filter: RecordingFilter) {
  const c = useText("common");
  const [found, setFound] = useState<Recording[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const newest = useRef(0);
  async function load(after?: string) {
    const call = ++newest.current;
    try {
      const page = await api.recordings({ ...filter, limit: PAGE, ...(after ? { after } : {}) });
      if (call !== newest.current) return;
      setFound((before) => (after && before ? [...before, ...page.recordings] : page.recordings));
      setNext(page.next);
    } catch (error) {
      if (call !== newest.current) return;
      setFound((before) => before ?? []);
      tell(error, c);
    }
  }
  useEffect(() => {
    const timer = setTimeout(() => void load(), found === null ? 0 : TYPING_MS);
    return () => clearTimeout(timer);
  }, [JSON.stringify(filter)]);
  const drop = (id: string) => setFound((before) => before?.filter((one) => one.id !== id) ?? null);
  return { found, more: next ? () => void load(next) : null, drop };
}

/** The labels that the recording shows most, as small chips. */
export function Shows({ recording }: { recording: Recording }) {
  const t = useText("history");
  const terms = useText("terms");
  if (recording.mode === "action_units") return <span class="muted">{t.unitsOnly}</span>;
  return (
    <span class="history-chips">
      {sharesOf(recording)
        .slice(0, 2)
        .map(([label, share]) => (
          <span key={label} class={`chip label-${label}`}>
            {terms.labels[label as keyof typeof terms.labels] ?? label} {percent(share)}
          </span>
        ))}
    </span>
  );
}

interface RowProps {
  recording: Recording;
  chosen: boolean;
  full: boolean;
  onChoose: (chosen: boolean) => void;
  onDelete: () => void;
}

function Row({ recording, chosen, full, onChoose, onDelete }: RowProps) {
  const t = useText("history");
  const name = nameOf(recording, t);
  return (
    <tr data-testid="recording-row">
      <td class="history-choose">
        <input
          type="checkbox"
          aria-label={fill(t.choose, { name })}
          checked={chosen}
          disabled={full && !chosen}
          onChange={(event) => onChoose(event.currentTarget.checked)}
        />
      </td>
      <th scope="row">
        <a href={hrefOf("history", recording.id)} class="history-name">
          <Icon name={recording.kind} />
          <span>{name}</span>
        </a>
        {recording.status !== "complete" && <small class="hint">{t.statuses[recording.status]}</small>}
      </th>
      <td data-title={t.columns.when}>{moment(recording.created_at)}</td>
      <td data-title={t.columns.length}>{clock(recording.duration_s)}</td>
      <td data-title={t.columns.faces}>{recording.faces}</td>
      <td data-title={t.columns.shows}>
        <Shows recording={recording} />
      </td>
      <td data-title={t.columns.kept}>{recording.expires_at ? moment(recording.expires_at) : t.forever}</td>
      <td class="history-delete">
        <Button kind="quiet" icon="trash" label={`${t.delete}: ${name}`} onClick={onDelete} />
      </td>
    </tr>
  );
}

function Table({ rows }: { rows: preact.ComponentChildren }) {
  const t = useText("history");
  const heads = [t.columns.name, t.columns.when, t.columns.length, t.columns.faces, t.columns.shows, t.columns.kept];
  return (
    <div class="table-wrap">
      <table class="table history-table">
        <caption class="unseen">{t.title}</caption>
        <thead>
          <tr>
            <td />
            <Heads names={heads} />
            <td />
          </tr>
        </thead>
        <tbody>{rows}</tbody>
      </table>
    </div>
  );
}

/** Asks before a recording is erased, and erases it. */
function Erase({ recording, onDone }: { recording: Recording; onDone: (erased: boolean) => void }) {
  const t = useText("history");
  const c = useText("common");
  const name = nameOf(recording, t);
  async function answer(yes: boolean) {
    if (!yes) return onDone(false);
    try {
      await api.remove(recording.id);
      say(fill(t.deleted, { name }));
      onDone(true);
    } catch (error) {
      tell(error, c);
      onDone(false);
    }
  }
  return (
    <Confirm
      title={fill(t.deleteTitle, { name })}
      text={t.deleteText}
      action={t.delete}
      danger
      onAnswer={(yes) => void answer(yes)}
    />
  );
}

interface FoundProps {
  found: readonly Recording[];
  chosen: readonly string[];
  onChoose: (id: string, on: boolean) => void;
  onDelete: (recording: Recording) => void;
  onMore: (() => void) | null;
}

/** The recordings that fit, how many they are, and a way to more of them. */
function Found({ found, chosen, onChoose, onDelete, onMore }: FoundProps) {
  const t = useText("history");
  const rows = found.map((one) => (
    <Row
      key={one.id}
      recording={one}
      chosen={chosen.includes(one.id)}
      full={chosen.length >= 2}
      onChoose={(on) => onChoose(one.id, on)}
      onDelete={() => onDelete(one)}
    />
  ));
  return (
    <>
      <Table rows={rows} />
      <div class="spread">
        <span class="muted" role="status">
          {plural(t.count, found.length)}
        </span>
        {onMore && <Button onClick={onMore}>{t.more}</Button>}
      </div>
    </>
  );
}

/** Everything that was recorded, with a filter. */
export function List({ query }: { query: URLSearchParams }) {
  const t = useText("history");
  const c = useText("common");
  const [filter, setFilter] = useState<RecordingFilter>({ person: query.get("person") ?? "" });
  const [profiles, setProfiles] = useState<Profile[]>([]);
  const [chosen, setChosen] = useState<string[]>([]);
  const [doomed, setDoomed] = useState<Recording | null>(null);
  const { found, more, drop } = useRecordings(filter);
  useEffect(() => {
    api.profiles().then(({ profiles: all }) => setProfiles(all), () => undefined);
  }, []);
  const choose = (id: string, on: boolean) =>
    setChosen((before) => (on ? [...before, id] : before.filter((one) => one !== id)));
  function erased(recording: Recording, done: boolean) {
    setDoomed(null);
    if (!done) return;
    drop(recording.id);
    choose(recording.id, false);
  }
  const filtered = Object.values(filter).some(Boolean);
  return (
    <>
      <div class="spread">
        <h1>{t.title}</h1>
        <div class="row">
          <a class="button" href={hrefOf("history", "month")}>
            {t.month.title}
          </a>
          <Button
            disabled={chosen.length !== 2}
            title={t.compare.hint}
            onClick={() => goTo("history", "compare", ...chosen)}
          >
            {t.compare.button}
          </Button>
        </div>
      </div>
      <p class="muted">{t.lead}</p>
      <section class="card">
        <Filters filter={filter} profiles={profiles} onChange={setFilter} />
        {found === null && <Progress text={c.loading} />}
        {found?.length === 0 && <p class="empty">{filtered ? t.noneFit : t.none}</p>}
        {found !== null && found.length > 0 && (
          <Found found={found} chosen={chosen} onChoose={choose} onDelete={setDoomed} onMore={more} />
        )}
      </section>
      {doomed && <Erase recording={doomed} onDone={(done) => erased(doomed, done)} />}
    </>
  );
}
