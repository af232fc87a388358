import { useComputed, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { api } from "../../api/client";
import type { Profile, Purpose } from "../../api/types";
import { Button, Notice, Switch } from "../../components";
import { fill, language, useText } from "../../i18n";
import { useAnalysing } from "../../shell/analysing";
import { askPurpose, purpose } from "../../shell/gate";
import { keep, kept } from "../../shell/memory";
import { hrefOf } from "../../shell/router";
import type { ViewProps } from "../../shell/routes";
import { ExposedNotice, NoticeText } from "../purpose/ExposedNotice";
import PurposeDialog from "../purpose";
import { listCameras } from "./camera";
import { Actions, NeutralButton, Settings, SMOOTHINGS, type Choices, type Smoothing } from "./Controls";
import { Events } from "./Events";
import { Faces } from "./Faces";
import { FaultNotice, Meters, stateText } from "./Meters";
import { LiveSession } from "./session";
import { Stage } from "./Stage";
import { Timeline } from "./Timeline";
import { useCountdown, useNow } from "./words";
import "./live.css";

function firstChoices(): Choices {
  const smoothing = kept("live.smoothing") as Smoothing | null;
  return {
    camera: "",
    smoothing: smoothing && smoothing in SMOOTHINGS ? smoothing : "light",
    mirror: kept("live.mirror") !== "no",
    mesh: kept("live.mesh") === "yes",
    person: "",
  };
}

/** Before the start: what happens, what people have to be told, and the button. */
function Begin({ own, onOwn, onStart }: { own: Purpose | null; onOwn: (own: Purpose | null) => void; onStart: () => void }) {
  const t = useText("live");
  const p = useText("purpose");
  const [asking, setAsking] = useState(false);
  const done = (declared: Purpose | null) => {
    setAsking(false);
    if (declared) onOwn(declared);
  };
  return (
    <section class="card live-begin">
      <h2>{p.notice.title}</h2>
      <NoticeText own={own} />
      <Switch label={p.onceSwitch} on={own !== null} onChange={(on) => (on ? setAsking(true) : onOwn(null))} />
      <div class="row">
        <Button kind="primary" icon="live" onClick={onStart} data-testid="start">
          {t.start}
        </Button>
        <ExposedNotice own={own} />
      </div>
      {asking && <PurposeDialog once onDone={done} />}
    </section>
  );
}

export default function Live(_: ViewProps) {
  const t = useText("live");
  const session = useMemo(() => new LiveSession(), []);
  const video = useRef<HTMLVideoElement>(null);
  const [choices, setChoices] = useState(firstChoices);
  const [cameras, setCameras] = useState<MediaDeviceInfo[]>([]);
  const [profiles, setProfiles] = useState<Profile[]>([]);
  const [own, setOwn] = useState<Purpose | null>(null);
  const phase = session.phase.value;
  const on = phase !== "idle";
  const ids = useComputed(() => (session.seen.value ? session.rolling.ids() : [])).value;
  const countdown = useCountdown(session.baseline.value === "measuring");
  const now = useNow(session);
  useAnalysing(on && phase !== "opening");
  useEffect(() => {
    api.profiles().then((got) => setProfiles(got.profiles), () => undefined);
    return () => session.stop();
  }, [session]);
  useSignalEffect(() => {
    if (session.cameraId.value) void listCameras().then(setCameras);
  });

  function start(with_: Choices = choices) {
    if (!purpose.value && !own) return askPurpose();
    const { smoothing, mesh, camera } = with_;
    const person = profiles.find((one) => one.id === with_.person);
    const baseline = person?.baseline ? ("profile" as const) : ("none" as const);
    const options = { smooth: SMOOTHINGS[smoothing], steady: true, mesh, language: language.value, baseline };
    if (video.current) void session.start(video.current, { options, purpose: own, person: person?.id ?? null }, camera);
  }

  function change(next: Choices) {
    setChoices(next);
    keep("live.smoothing", next.smoothing);
    keep("live.mirror", next.mirror ? "yes" : "no");
    keep("live.mesh", next.mesh ? "yes" : "no");
    const anew = (["smoothing", "mesh", "camera", "person"] as const).some((name) => next[name] !== choices[name]);
    if (on && anew) start(next);
  }

  const saved = session.saved.value;
  const middle = countdown > 0 ? fill(t.baseline.count, { n: countdown }) : phase === "running" ? "" : stateText(session, t);
  return (
    <div class="live">
      <div class="spread">
        <h1>{t.title}</h1>
        {on && (
          <Button kind="danger" onClick={() => session.stop()} data-testid="stop">
            {t.stop}
          </Button>
        )}
      </div>
      {!on && <p class="muted live-lead">{t.lead}</p>}
      <FaultNotice session={session} />
      {saved && (
        <Notice>
          {fill(t.record.saved, { name: saved.name })} <a href={hrefOf("history", saved.id)}>{t.record.open}</a>
        </Notice>
      )}
      {!on && <Begin own={own} onOwn={setOwn} onStart={() => start()} />}
      <div class="live-grid" hidden={!on}>
        <div class="live-main">
          <Stage
            video={video}
            seen={session.seen.value}
            mode={session.mode.value}
            mirror={choices.mirror}
            mesh={choices.mesh}
            middle={middle}
            label={t.picture}
          />
          <div class="spread">
            <Meters session={session} />
            <NeutralButton session={session} />
          </div>
          <section class="card">
            <Settings
              choices={{ ...choices, camera: choices.camera || session.cameraId.value }}
              cameras={cameras}
              profiles={profiles}
              fixed={session.recording.value !== null}
              onChange={change}
            />
            <Actions session={session} onRecord={(name) => session.record(true, name)} />
          </section>
        </div>
        <div class="live-side">
          <Faces faces={session.seen.value?.faces ?? []} />
          <Events entries={session.entries.value} />
        </div>
        <Timeline rolling={session.rolling} ids={ids} mode={session.mode.value} now={now} />
      </div>
      <p class="unseen" aria-live="polite">
        {now}
      </p>
    </div>
  );
}
