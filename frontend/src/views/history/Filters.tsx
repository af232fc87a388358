import { LABELS, type Profile, type RecordingFilter } from "../../api/types";
import { Button, Field, Select } from "../../components";
import { useText } from "../../i18n";

export interface FiltersProps {
  filter: RecordingFilter;
  profiles: readonly Profile[];
  onChange: (filter: RecordingFilter) => void;
}

/** The start of a day in the reader's zone as ISO in UTC, or of the day after it. */
function dayStart(day: string, next = false): string {
  const at = new Date(`${day}T00:00:00`);
  if (next) at.setDate(at.getDate() + 1);
  return at.toISOString();
}

/** An ISO moment as the day of a date input. */
function dayOf(iso: string | undefined, next = false): string {
  if (!iso) return "";
  const at = new Date(iso);
  if (next) at.setDate(at.getDate() - 1);
  return `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, "0")}-${String(at.getDate()).padStart(2, "0")}`;
}

/** By words, kind, expression, person and days. */
export function Filters({ filter, profiles, onChange }: FiltersProps) {
  const t = useText("history").filters;
  const terms = useText("terms");
  const put = (some: RecordingFilter) => onChange({ ...filter, ...some });
  const kinds = Object.entries(t.kinds).map(([key, name]) => [key === "all" ? "" : key, name] as const);
  const labels = [["", t.labelAny], ...LABELS.map((label) => [label, terms.labels[label]])] as [string, string][];
  const people = [["", t.personAny], ...profiles.map((one) => [one.id, one.name])] as [string, string][];
  const day = (label: string, value: string, change: (day: string) => void) => (
    <Field label={label}>
      <input type="date" value={value} onChange={(event) => change(event.currentTarget.value)} />
    </Field>
  );
  return (
    <form class="history-filters" role="search" aria-label={t.title} onSubmit={(event) => event.preventDefault()}>
      <Field label={t.text}>
        <input type="search" value={filter.text ?? ""} onInput={(event) => put({ text: event.currentTarget.value })} />
      </Field>
      <Select label={t.kind} value={filter.kind ?? ""} options={kinds} onChange={(kind) => put({ kind })} />
      <Select label={t.label} value={filter.label ?? ""} options={labels} onChange={(label) => put({ label })} />
      <Select label={t.person} value={filter.person ?? ""} options={people} onChange={(person) => put({ person })} />
      {day(t.since, dayOf(filter.since), (since) => put({ since: since ? dayStart(since) : "" }))}
      {day(t.until, dayOf(filter.until, true), (until) => put({ until: until ? dayStart(until, true) : "" }))}
      {Object.values(filter).some(Boolean) && (
        <Button kind="quiet" onClick={() => onChange({})}>
          {t.reset}
        </Button>
      )}
    </form>
  );
}
