import type { Face } from "../../api/types";
import { FacePanel, Notice, Progress, Tabs } from "../../components";
import { fill, useText } from "../../i18n";
import type { Picture } from "./pictures";

export interface ResultsProps {
  picture: Picture;
  selected: number | null;
  onSelect: (id: number) => void;
}

function Faces({ faces, selected, onSelect }: Omit<ResultsProps, "picture"> & { faces: readonly Face[] }) {
  const t = useText("photo");
  const c = useText("common");
  const face = faces.find((one) => one.id === selected) ?? faces[0];
  if (!face) return null;
  if (faces.length === 1) return <FacePanel face={face} />;
  const tabs = faces.map((one, at) => ({ key: one.id, title: fill(c.face, { n: at + 1 }) }));
  return (
    <Tabs label={t.faces} tabs={tabs} chosen={face.id} onChoose={onSelect}>
      <FacePanel face={face} />
    </Tabs>
  );
}

/** What was found in a picture: faces as tabs, or why there are none. */
export function Results({ picture, selected, onSelect }: ResultsProps) {
  const t = useText("photo");
  const { result, busy, fault } = picture;
  if (fault) return <Notice kind="error">{fault}</Notice>;
  if (!result) return busy ? <Progress text={t.analysing} /> : null;
  if (!result.faces.length) {
    return (
      <Notice kind="warning">
        <strong>{t.none}</strong> {t.none_hint}
      </Notice>
    );
  }
  return <Faces faces={result.faces} selected={selected} onSelect={onSelect} />;
}
