import { useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";

import { Button, Notice, Select, Switch } from "../../components";
import { fitOf } from "../../draw/fit";
import { drawFaces } from "../../draw/overlay";
import { usePainted } from "../../draw/usePainted";
import { wordsOf } from "../../draw/words";
import { language, number, useText } from "../../i18n";
import type { Analysis } from "./analysis";
import type { Film } from "./film";
import "../../draw/stage.css";

export interface PlayerProps {
  analysis: Analysis;
  film: Film;
  attach: (video: HTMLVideoElement | null) => void;
  source: string;
  mesh: boolean;
  onMesh: (on: boolean) => void;
  selected: number | null;
}

const RATES = ["0.25", "0.5", "1", "1.5", "2"] as const;

/** Paint the faces of the frame on the screen; `data-shown` tells which frame and where, for tests and the curious. */
function useOverlay({ analysis, film, mesh, selected }: PlayerProps) {
  const terms = useText("terms");
  const c = useText("common");
  const paint = (canvas: HTMLCanvasElement) => {
    const shown = film.size.peek();
    if (!shown || !shown.width) return;
    const time = film.time.peek();
    const recording = analysis.recording.peek();
    const measured = recording?.width && recording.height ? { width: recording.width, height: recording.height } : shown;
    const fit = fitOf(shown, { width: canvas.clientWidth, height: canvas.clientHeight }, measured);
    const faces = analysis.frames(time, mesh)?.at(time) ?? [];
    drawFaces(canvas, faces.map((face) => ({ ...face, text: wordsOf(face, terms, c) })), fit, { selected, mesh });
    canvas.dataset["shown"] = JSON.stringify({ time_s: time, boxes: faces.map((face) => face.box) });
  };
  const canvas = usePainted(paint, [mesh, selected, language.value]);
  const latest = useRef(paint);
  latest.current = paint;
  useSignalEffect(() => {
    void [film.time.value, film.size.value, analysis.news.value, analysis.recording.value];
    if (canvas.current) latest.current(canvas.current);
  });
  return canvas;
}

function Controls({ analysis, film, mesh, onMesh, stage }: PlayerProps & { stage: { current: HTMLElement | null } }) {
  const t = useText("video");
  const step = (forward: boolean) => {
    const time = film.time.peek();
    const to = analysis.frames(time, false)?.step(time, forward);
    film.element.current?.pause();
    if (typeof to === "number") film.seek(to);
  };
  const full = () => (document.fullscreenElement ? document.exitFullscreen() : stage.current?.requestFullscreen());
  const rates = RATES.map((rate) => [rate, `${number(Number(rate), rate.includes(".") ? rate.length - 2 : 0)}×`] as const);
  const rate = String(film.rate.value) as (typeof RATES)[number];
  return (
    <div class="spread">
      <Switch label={t.mesh} on={mesh} onChange={onMesh} />
      <div class="row">
        <Button icon="previous" label={t.previous_frame} onClick={() => step(false)} />
        <Button icon="next" label={t.next_frame} onClick={() => step(true)} />
        <Select compact label={t.rate} value={rate} options={rates} onChange={(to) => film.setRate(Number(to))} />
        <Button icon="expand" label={t.full} onClick={() => void full()} />
      </div>
    </div>
  );
}

/** The film with faces drawn over it. Its own full screen would leave the drawing behind: ours takes both. */
export function Player(props: PlayerProps) {
  const t = useText("video");
  const { film, attach, source } = props;
  const canvas = useOverlay(props);
  const stage = useRef<HTMLDivElement>(null);
  const size = film.size.value?.width ? film.size.value : { width: 16, height: 9 };
  return (
    <>
      <div class="stage" ref={stage}>
        <div class="stage-inside" style={{ aspectRatio: `${size.width} / ${size.height}` }}>
          <video
            ref={attach}
            src={source}
            controls
            playsInline
            muted
            preload="auto"
            controlsList="nofullscreen nodownload noremoteplayback"
            disablePictureInPicture
            aria-label={t.film}
          />
          <canvas ref={canvas} aria-hidden="true" data-testid="overlay" />
        </div>
      </div>
      {film.broken.value && <Notice kind="warning">{t.not_shown}</Notice>}
      <Controls {...props} stage={stage} />
    </>
  );
}
