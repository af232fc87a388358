import { Button, say, Switch } from "../../components";
import { useText } from "../../i18n";
import type { Picture } from "./pictures";

export interface ToolsProps {
  picture: Picture;
  mesh: boolean;
  onMesh: (on: boolean) => void;
  onAnew: () => void;
}

/** What the server answered, as it answered it. */
function jsonOf(picture: Picture): string {
  return JSON.stringify({ mode: picture.mode, images: [picture.result] }, null, 2);
}

/** Hand the reader a file without asking the server again. */
function save(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Mesh, copy, save, start anew. */
export function Tools({ picture, mesh, onMesh, onAnew }: ToolsProps) {
  const t = useText("photo");
  const c = useText("common");
  const ready = picture.result !== null;
  const copy = async () => {
    await navigator.clipboard.writeText(jsonOf(picture));
    say(c.copied);
  };
  const stem = picture.file.name.replace(/\.[^.]+$/, "");
  return (
    <div class="spread">
      <Switch label={t.mesh} on={mesh} disabled={!picture.result?.faces.length} onChange={onMesh} />
      <div class="row">
        <Button icon="copy" label={t.copy} disabled={!ready} onClick={() => void copy()}>
          <span class="wide-only">{t.copy}</span>
        </Button>
        <Button
          icon="download"
          label={t.save}
          disabled={!ready}
          onClick={() => save(`${stem}.mimika.json`, jsonOf(picture))}
        >
          <span class="wide-only">{t.save}</span>
        </Button>
        <Button icon="upload" onClick={onAnew}>
          {t.anew}
        </Button>
      </div>
    </div>
  );
}
