import { useMemo, useState } from "preact/hooks";

import type { FaceTimeline } from "../../api/types";
import { Tabs } from "../../components";
import { Chart, type Series } from "../../draw/Chart";
import { useText, type Dictionary } from "../../i18n";
import type { Analysis } from "./analysis";
import { curvesOf, RANGES, type Aspect } from "./curves";
import { EpisodeList } from "./EpisodeList";
import type { Film } from "./film";
import { Lanes } from "./Lanes";

export interface TimelineCardProps {
  analysis: Analysis;
  film: Film;
  face: FaceTimeline;
}

function aspectsOf(face: FaceTimeline, t: Dictionary["video"]): { key: Aspect; title: string }[] {
  const told = face.probabilities !== null;
  const all: [Aspect, string, boolean][] = [
    ["expressions", t.aspects.expressions, told],
    ["units", t.aspects.units, true],
    ["affect", t.aspects.affect, told],
    ["pose", t.aspects.pose, true],
  ];
  return all.filter(([, , there]) => there).map(([key, title]) => ({ key, title }));
}

/** Which curve is which; each can be put away. */
function Legend({ curves, hidden, onToggle }: { curves: Series[]; hidden: ReadonlySet<string>; onToggle: (key: string) => void }) {
  const t = useText("video");
  return (
    <div class="legend" role="group" aria-label={t.curves}>
      {curves.map((curve) => (
        <button
          key={curve.key}
          type="button"
          style={{ "--own": `var(${curve.token})` }}
          aria-pressed={!hidden.has(curve.key)}
          onClick={() => onToggle(curve.key)}
        >
          {curve.name}
        </button>
      ))}
    </div>
  );
}

function Curves({ film, face, aspect, span }: { film: Film; face: FaceTimeline; aspect: Aspect; span: [number, number] }) {
  const t = useText("video");
  const terms = useText("terms");
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const curves = useMemo(() => curvesOf(face, aspect, terms), [face, aspect, terms]);
  const series = useMemo(() => curves.map((curve) => ({ ...curve, hidden: hidden.has(curve.key) })), [curves, hidden]);
  const toggle = (key: string) => {
    const next = new Set(hidden);
    if (!next.delete(key)) next.add(key);
    setHidden(next);
  };
  return (
    <>
      <Chart
        label={t.aspects[aspect]}
        time={face.time_s}
        series={series}
        range={RANGES[aspect]}
        height={220}
        cursor={film.time.value}
        span={span}
        onSeek={(seconds) => film.seek(seconds)}
      />
      <Legend curves={curves} hidden={hidden} onToggle={toggle} />
    </>
  );
}

/** The film's curves and episodes; a click moves the film. */
export function TimelineCard({ analysis, film, face }: TimelineCardProps) {
  const t = useText("video");
  const tabs = aspectsOf(face, t);
  const [wanted, setWanted] = useState<Aspect>("expressions");
  const aspect = tabs.some((tab) => tab.key === wanted) ? wanted : (tabs[0]?.key ?? "units");
  const last = face.time_s[face.time_s.length - 1] ?? 1;
  const duration = Math.max(analysis.recording.value?.duration_s ?? 0, film.duration, last);
  const span = useMemo<[number, number]>(() => [0, duration], [duration]);
  const found = analysis.findings.value;
  const episodes = useMemo(() => found?.episodes.filter((episode) => episode.face === face.id) ?? [], [found, face.id]);
  const seek = (seconds: number) => film.seek(seconds);
  return (
    <>
      <section class="card" aria-label={t.timeline}>
        <Tabs label={t.timeline} tabs={tabs} chosen={aspect} onChoose={setWanted}>
          <Curves key={`${face.id}${aspect}`} film={film} face={face} aspect={aspect} span={span} />
        </Tabs>
        <Lanes episodes={episodes} span={span} onSeek={seek} />
      </section>
      {found && (
        <section class="card" aria-label={t.episodes}>
          <h2>{t.episodes}</h2>
          <EpisodeList episodes={episodes} onSeek={seek} />
        </section>
      )}
    </>
  );
}
