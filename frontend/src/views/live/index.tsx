import { useSignalEffect } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { api } from "../../api/client";
import type { Profile, Purpose } from "../../api/types";
import { Button, Notice } from "../../components";
import { fill, language, useText } from "../../i18n";
import { useAnalysing } from "../../shell/analysing";
import { askPurpose, purpose } from "../../shell/gate";
import { hrefOf } from "../../shell/router";
import type { ViewProps } from "../../shell/routes";
import { Begin } from "./Begin";
import { listCameras } from "./camera";
import { firstChoices, keepChoices, needsNewSession, SMOOTHINGS, type Choices } from "./choices";
import { Actions, NeutralButton, Settings } from "./Controls";
import { Events } from "./Events";
import { Faces } from "./Faces";
import { FaultNotice, Meters, stateText } from "./Meters";
import { LiveSession } from "./session";
import type { LiveWish } from "./socket";
import { Stage } from "./Stage";
import { Timeline } from "./Timeline";
import { useCountdown, useNow } from "./words";
import "./live.css";

/** What is asked of the server, from what the reader chose. */
function wishOf(choices: Choices, own: Purpose | null, profiles: readonly Profile[]): LiveWish {
  const person = profiles.find((one) => one.id === choices.person);
  const options = {
    smooth: SMOOTHINGS[choices.smoothing],
    steady: true,
    mesh: choices.mesh,
    language: language.value,
    baseline: person?.baseline ? ("profile" as const) : ("none" as const),
  };
  return { options, purpose: own, person: person?.id ?? null };
}

/** The cameras that the browser names, and the people who have a profile. */
function useCamerasAndProfiles(session: LiveSession): [MediaDeviceInfo[], Profile[]] {
  const [cameras, setCameras] = useState<MediaDeviceInfo[]>([]);
  const [profiles, setProfiles] = useState<Profile[]>([]);
  useSignalEffect(() => {
    if (session.cameraId.value) void listCameras().then(setCameras);
  });
  useEffect(() => {
    api.profiles().then((got) => setProfiles(got.profiles), () => undefined);
  }, []);
  return [cameras, profiles];
}

/** The recording that has just been ended. */
function Saved({ session }: { session: LiveSession }) {
  const t = useText("live").record;
  const saved = session.saved.value;
  if (!saved) return null;
  return (
    <Notice>
      {fill(t.saved, { name: saved.name })} <a href={hrefOf("history", saved.id)}>{t.open}</a>
    </Notice>
  );
}

interface RunningProps {
  session: LiveSession;
  video: RefObject<HTMLVideoElement | null>;
  choices: Choices;
  cameras: readonly MediaDeviceInfo[];
  profiles: readonly Profile[];
  /** What is seen now, in words. */
  now: string;
  onChange: (choices: Choices) => void;
}

/** While it runs: the picture, what is measured, what can be done, the last minute. */
function Running({ session, video, choices, cameras, profiles, now, onChange }: RunningProps) {
  const t = useText("live");
  const countdown = useCountdown(session.baseline.value === "measuring");
  const seen = session.seen.value;
  const middle = countdown > 0 ? fill(t.baseline.count, { n: countdown }) : stateText(session, t);
  return (
    <div class="live-grid" hidden={session.phase.value === "idle"}>
      <div class="live-main">
        <Stage
          video={video}
          seen={seen}
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
            onChange={onChange}
          />
          <Actions session={session} onRecord={(name) => session.record(true, name)} />
        </section>
      </div>
      <div class="live-side">
        <Faces faces={seen?.faces ?? []} />
        <Events entries={session.entries.value} />
      </div>
      <Timeline rolling={session.rolling} ids={seen ? session.rolling.ids() : []} mode={session.mode.value} now={now} />
    </div>
  );
}

export default function Live(_: ViewProps) {
  const t = useText("live");
  const session = useMemo(() => new LiveSession(), []);
  const video = useRef<HTMLVideoElement>(null);
  const [choices, setChoices] = useState(firstChoices);
  const [own, setOwn] = useState<Purpose | null>(null);
  const [cameras, profiles] = useCamerasAndProfiles(session);
  const now = useNow(session);
  const on = session.phase.value !== "idle";
  useAnalysing(on && session.phase.value !== "opening");
  useEffect(() => () => session.stop(), [session]);

  function start(chosen: Choices) {
    if (!purpose.value && !own) return askPurpose();
    if (video.current) void session.start(video.current, wishOf(chosen, own, profiles), chosen.camera);
  }

  function change(next: Choices) {
    setChoices(next);
    keepChoices(next);
    if (on && needsNewSession(choices, next)) start(next);
  }

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
      <Saved session={session} />
      {!on && <Begin own={own} onOwn={setOwn} onStart={() => start(choices)} />}
      <Running {...{ session, video, choices, cameras, profiles, now }} onChange={change} />
      <p class="unseen" aria-live="polite">
        {now}
      </p>
    </div>
  );
}
