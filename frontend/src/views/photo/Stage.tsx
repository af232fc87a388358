import { useState } from "preact/hooks";

import type { Face } from "../../api/types";
import { Notice } from "../../components";
import { fitOf, pointed, type Fit, type Size } from "../../draw/fit";
import { drawFaces, faceAt } from "../../draw/overlay";
import { usePainted } from "../../draw/usePainted";
import { wordsOf } from "../../draw/words";
import { fill, language, plural, useText } from "../../i18n";
import type { Picture } from "./pictures";
import "../../draw/stage.css";

export interface StageProps {
  picture: Picture;
  selected: number | null;
  mesh: boolean;
  onSelect: (id: number) => void;
}

/** The picture with boxes and meshes over it; a click chooses a face. */
export function Stage({ picture, selected, mesh, onSelect }: StageProps) {
  const t = useText("photo");
  const terms = useText("terms");
  const c = useText("common");
  const [shown, setShown] = useState<Size | null>(null);
  const [broken, setBroken] = useState(false);
  const faces: readonly Face[] = picture.result?.faces ?? [];
  const measured = picture.result?.width ? picture.result : shown;
  const fit = (canvas: HTMLCanvasElement): Fit | null =>
    measured && fitOf(shown ?? measured, { width: canvas.clientWidth, height: canvas.clientHeight }, measured);
  const paint = (canvas: HTMLCanvasElement) => {
    const where = fit(canvas);
    const drawn = faces.map((face) => ({ ...face, text: wordsOf(face, terms, c) }));
    if (where) drawFaces(canvas, drawn, where, { selected, mesh });
  };
  const canvas = usePainted(paint, [picture.result, selected, mesh, shown, language.value]);
  const pick = (event: MouseEvent) => {
    const where = canvas.current && fit(canvas.current);
    const id = where && faceAt(faces, ...pointed(where, event.offsetX, event.offsetY));
    if (typeof id === "number") onSelect(id);
  };
  const loaded = (event: Event) => {
    const image = event.currentTarget as HTMLImageElement;
    setShown({ width: image.naturalWidth, height: image.naturalHeight });
  };
  const size = shown ?? measured ?? { width: 4, height: 3 };
  const found = picture.result ? plural(t.found, faces.length) : "";
  return (
    <>
      <div class="stage">
        <div class="stage-inside" style={{ aspectRatio: `${size.width} / ${size.height}` }}>
          <img
            src={picture.url}
            alt={`${fill(t.alt, { name: picture.file.name })} ${found}`}
            onLoad={loaded}
            onError={() => setBroken(true)}
          />
          <canvas ref={canvas} class={faces.length > 1 ? "touchable" : ""} onClick={pick} aria-hidden="true" />
        </div>
      </div>
      {broken && <Notice kind="warning">{t.not_shown}</Notice>}
    </>
  );
}
