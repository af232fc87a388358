import { useEffect, useMemo, useState } from "preact/hooks";

import { api } from "../../api/client";
import { Button, Dropzone, Select } from "../../components";
import { fill, useText } from "../../i18n";
import { useAnalysing } from "../../shell/analysing";
import { goTo, hrefOf } from "../../shell/router";
import type { ViewProps } from "../../shell/routes";
import { Analysis, type Choices } from "./analysis";
import { Exports } from "./Exports";
import { useFilm } from "./film";
import { Now } from "./Now";
import { Player } from "./Player";
import { Start } from "./Start";
import { NotHad, Status } from "./Status";
import { TimelineCard } from "./TimelineCard";
import "./video.css";

/** The address of the film: the reader's own file, or the one that the server kept. */
function useSource(analysis: Analysis | null): [string | null, (file: File | null) => void] {
  const [own, setOwn] = useState<string | null>(null);
  useEffect(() => () => void (own && URL.revokeObjectURL(own)), [own]);
  const recording = analysis?.recording.value;
  const kept = recording?.media && analysis && !analysis.running ? api.mediaUrl(recording.id) : null;
  return [own ?? kept, (file) => setOwn(file && URL.createObjectURL(file))];
}

function Opened({ analysis, source, onFile }: { analysis: Analysis; source: string | null; onFile: (file: File) => void }) {
  const t = useText("video");
  const c = useText("common");
  const { film, attach } = useFilm();
  const [mesh, setMesh] = useState(false);
  const [chosen, setChosen] = useState<number | null>(null);
  useAnalysing(analysis.running);
  const recording = analysis.recording.value;
  const faces = analysis.timeline.value?.faces ?? [];
  const face = faces.find((one) => one.id === chosen) ?? faces[0] ?? null;
  const names = faces.map((one, at) => [String(one.id), fill(c.face, { n: at + 1 })] as const);
  return (
    <div class="stack" data-phase={analysis.phase.value}>
      <div class="spread">
        <h1 class="video-name">{recording?.name ?? t.title}</h1>
        <div class="row">
          {names.length > 1 && face && (
            <Select compact label={t.face} value={String(face.id)} options={names} onChange={(id) => setChosen(Number(id))} />
          )}
          {recording && !analysis.running && <Exports recording={recording} />}
          <Button icon="upload" onClick={() => goTo("video")}>
            {t.anew}
          </Button>
        </div>
      </div>
      <Status analysis={analysis} />
      <NotHad analysis={analysis} />
      <div class="video-grid">
        <section class="stack" aria-label={t.film}>
          {source ? (
            <Player {...{ analysis, film, attach, source, mesh, onMesh: setMesh, selected: face?.id ?? null }} />
          ) : (
            <Dropzone icon="video" title={t.again} hint={t.again_hint} accept="video/*" onFiles={([file]) => file && onFile(file)} />
          )}
        </section>
        <section class="card" aria-label={t.now}>
          <h2>{t.now}</h2>
          <Now analysis={analysis} face={face} time={film.time} />
        </section>
      </div>
      {face && <TimelineCard analysis={analysis} film={film} face={face} />}
    </div>
  );
}

export default function Video({ rest }: ViewProps) {
  const id = rest[0] ?? null;
  const [sent, setSent] = useState<Analysis | null>(null);
  // The film that was just sent keeps its analysis when the address learns its name.
  const own = sent && (id === null || sent.recording.value?.id === id) ? sent : null;
  const opened = useMemo(() => (id && !own ? new Analysis() : null), [id, own]);
  useEffect(() => {
    if (id && opened) void opened.open(id);
    return () => opened?.leave();
  }, [id, opened]);
  const analysis = own ?? opened;
  const [source, setFile] = useSource(analysis);
  useEffect(() => () => sent?.leave(), [sent]);
  useEffect(() => {
    if (id === null && sent?.recording.value) {
      setSent(null);
      setFile(null);
    }
  }, [id]);
  const send = async (file: File, choices: Choices) => {
    const fresh = new Analysis();
    setSent(fresh);
    setFile(file);
    const made = await fresh.send(file, choices);
    if (made) location.replace(hrefOf("video", made));
  };
  if (!analysis) return <Start onFilm={(file, choices) => void send(file, choices)} />;
  return <Opened analysis={analysis} source={source} onFile={setFile} />;
}
