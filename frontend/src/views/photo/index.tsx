import { useState } from "preact/hooks";

import { Button, Dropzone, Notice } from "../../components";
import { fill, useText } from "../../i18n";
import { useAnalysing } from "../../shell/analysing";
import { Camera } from "./Camera";
import { usePictures, type Picture } from "./pictures";
import { Results } from "./Results";
import { Stage } from "./Stage";
import { Tools } from "./Tools";
import "./photo.css";

/** What the page shows before there is a picture, and behind "another picture". */
function Welcome({ onFiles }: { onFiles: (files: File[]) => void }) {
  const t = useText("photo");
  const [camera, setCamera] = useState(false);
  const shot = (photo: File) => {
    setCamera(false);
    onFiles([photo]);
  };
  return (
    <>
      <Dropzone icon="photo" title={t.drop} hint={t.drop_hint} accept="image/*" multiple paste onFiles={onFiles}>
        <Button icon="photo" onClick={() => setCamera(true)}>
          {t.take}
        </Button>
      </Dropzone>
      <Notice icon="profiles">{t.consent}</Notice>
      {camera && <Camera onPhoto={shot} onClose={() => setCamera(false)} />}
    </>
  );
}

/** Small pictures to choose from, where there are several. */
function Strip({ pictures, chosen, onChoose }: { pictures: readonly Picture[]; chosen: Picture; onChoose: (id: number) => void }) {
  const t = useText("photo");
  if (pictures.length < 2) return null;
  return (
    <ul class="strip" aria-label={t.pictures}>
      {pictures.map((picture) => (
        <li key={picture.id}>
          <button type="button" aria-pressed={picture === chosen} onClick={() => onChoose(picture.id)}>
            <img src={picture.url} alt={fill(t.alt, { name: picture.file.name })} />
          </button>
        </li>
      ))}
    </ul>
  );
}

export default function Photo() {
  const t = useText("photo");
  const { pictures, add, analyse, clear } = usePictures();
  const [chosen, setChosen] = useState<number | null>(null);
  const [face, setFace] = useState<number | null>(null);
  const [mesh, setMesh] = useState(false);
  const picture = pictures.find((one) => one.id === chosen) ?? pictures[0];
  useAnalysing(pictures.some((one) => one.busy));
  const choose = (id: number | null) => {
    setChosen(id);
    setFace(null);
  };
  const toggle = (on: boolean) => {
    setMesh(on);
    // Meshes are long: they are asked for only when somebody wants to see them.
    for (const one of pictures) if (on && !one.meshed && one.result) void analyse(one, true);
  };
  if (!picture) {
    return (
      <div class="stack photo-welcome">
        <header>
          <h1>{t.title}</h1>
          <p class="muted">{t.lead}</p>
        </header>
        <Welcome onFiles={(files) => choose(add(files, mesh))} />
      </div>
    );
  }
  const selected = face ?? picture.result?.faces[0]?.id ?? null;
  return (
    <div class="photo" data-busy={picture.busy}>
      <h1 class="unseen">{t.title}</h1>
      <section class="stack" aria-label={t.picture}>
        <Stage key={picture.id} picture={picture} selected={selected} mesh={mesh && picture.meshed} onSelect={setFace} />
        <Strip pictures={pictures} chosen={picture} onChoose={choose} />
        <Tools picture={picture} mesh={mesh} onMesh={toggle} onAnew={clear} />
      </section>
      <section class="card" aria-label={t.result} aria-live="polite">
        <Results picture={picture} selected={selected} onSelect={setFace} />
      </section>
    </div>
  );
}
