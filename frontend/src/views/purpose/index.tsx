import { useState } from "preact/hooks";

import { api } from "../../api/client";
import { PURPOSES, type Purpose, type PurposeKind } from "../../api/types";
import { Button, Dialog, Field, Notice } from "../../components";
import { fill, useText } from "../../i18n";
import { purpose } from "../../shell/gate";
import { isRestricted, modeOf } from "./state";
import "./purpose.css";

/** Asks what the analysis is for; `onDone` gets the declared purpose, or null if the reader closed it. */
export interface PurposeDialogProps {
  onDone: (declared: Purpose | null) => void;
  /** For one recording only: nothing is changed for the installation. */
  once?: boolean;
  /** False at the first start: nothing can be analysed before it is answered. */
  closable?: boolean;
}

/** The kinds of purpose, each with what it means. */
function Kinds({ chosen, onChoose }: { chosen: PurposeKind | null; onChoose: (kind: PurposeKind) => void }) {
  const t = useText("purpose");
  return (
    <fieldset class="choices purpose-kinds">
      <legend class="field-label">{t.kind}</legend>
      {PURPOSES.map((kind) => (
        <label key={kind} class="choice">
          <input type="radio" name="purpose-kind" checked={kind === chosen} onChange={() => onChoose(kind)} />
          <span>
            <b>{t.kinds[kind].name}</b>
            <small class="hint">{t.kinds[kind].hint}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** Work and education: is there a medical or safety reason? */
function Ground({ chosen, onChoose }: { chosen: Purpose["ground"]; onChoose: (ground: Purpose["ground"]) => void }) {
  const t = useText("purpose");
  const grounds = [
    ["", t.grounds.none],
    ["medical", t.grounds.medical],
    ["safety", t.grounds.safety],
  ] as const;
  return (
    <>
      <Notice kind="warning">{t.law}</Notice>
      <fieldset class="choices purpose-grounds">
        <legend class="field-label">{t.ground}</legend>
        {grounds.map(([ground, name]) => (
          <label key={ground} class="choice">
            <input type="radio" name="purpose-ground" checked={ground === chosen} onChange={() => onChoose(ground)} />
            <span>{name}</span>
          </label>
        ))}
      </fieldset>
    </>
  );
}

export default function PurposeDialog({ onDone, once = false, closable = true }: PurposeDialogProps) {
  const t = useText("purpose");
  const [kind, setKind] = useState<PurposeKind | null>(purpose.value?.kind ?? null);
  const [ground, setGround] = useState<Purpose["ground"]>(purpose.value?.ground ?? "");
  const [note, setNote] = useState(purpose.value?.note ?? "");
  const [agreed, setAgreed] = useState(false);
  const [fault, setFault] = useState("");
  const restricted = kind !== null && isRestricted(kind);
  const declared: Purpose | null = kind && { kind, ground: restricted ? ground : "", note: note.trim() };
  const needsNote = declared !== null && declared.ground !== "" && declared.note === "";

  async function declare() {
    if (!declared) return;
    if (needsNote) return setFault(t.noteMissing);
    try {
      const saved = once ? declared : await api.declare(declared);
      if (!once) purpose.value = saved;
      onDone(saved);
    } catch (error) {
      setFault(fill(t.failed, { reason: error instanceof Error ? error.message : String(error) }));
    }
  }

  const actions = (
    <>
      {fault && (
        <div class="purpose-fault">
          <Notice kind="error">{fault}</Notice>
        </div>
      )}
      {closable && <Button onClick={() => onDone(null)}>{t.cancel}</Button>}
      <Button kind="primary" disabled={!declared || !agreed} onClick={declare}>
        {t.declare}
      </Button>
    </>
  );
  return (
    <Dialog title={t.title} closable={closable} onClose={() => onDone(null)} actions={actions}>
      <div class="purpose">
        <p>
          {once && <b>{t.once}. </b>}
          {t.intro}
        </p>
        <Kinds chosen={kind} onChoose={setKind} />
        {restricted && <Ground chosen={ground} onChoose={setGround} />}
        {kind && (
          <Field label={t.note} hint={declared?.ground ? t.noteGround : t.noteFree}>
            <textarea rows={2} maxLength={2000} value={note} onInput={(event) => setNote(event.currentTarget.value)} />
          </Field>
        )}
        {declared && (
          <p class="purpose-outcome" role="status">
            {modeOf(declared) === "expressions" || needsNote ? t.outcomeAll : t.outcomeUnits}
          </p>
        )}
        <label class="choice purpose-agree">
          <input type="checkbox" checked={agreed} onChange={(event) => setAgreed(event.currentTarget.checked)} />
          <span>{t.agree}</span>
        </label>
      </div>
    </Dialog>
  );
}
