import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";

import { send } from "../../api/http";
import type { About as Server } from "../../api/types";
import { Button, Progress } from "../../components";
import { fill, LANGUAGES, moment, number, useText, type Language } from "../../i18n";
import { about, askPurpose, enter, purpose } from "../../shell/gate";
import { hrefOf } from "../../shell/router";
import type { ViewProps } from "../../shell/routes";
import { useLoaded } from "../../shell/useLoaded";
import { ExposedNotice } from "../purpose/ExposedNotice";
import { Log } from "./Log";
import { Models } from "./Models";
import "./about.css";

const DOCUMENTS = ["limits", "law"];

function Card({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="card" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** What a face cannot tell: first, and short. */
function Limits() {
  const t = useText("about").limits;
  return (
    <Card title={t.title}>
      <ul class="about-points">
        {Object.entries(t.points).map(([key, point]) => {
          const end = point.indexOf(".") + 1;
          return (
            <li key={key}>
              <b>{point.slice(0, end)}</b>
              {point.slice(end)}
            </li>
          );
        })}
      </ul>
      <p>
        <a href={hrefOf("about", "limits")}>{t.more}</a>
      </p>
    </Card>
  );
}

function Declared() {
  const t = useText("about").purpose;
  const p = useText("purpose");
  const declared = purpose.value;
  return (
    <Card title={t.title}>
      {declared ? (
        <p>
          <b>{p.kinds[declared.kind].name}</b>
          {declared.ground && `, ${p.grounds[declared.ground]}`}
          {declared.declared_at && `, ${fill(t.declared, { when: moment(declared.declared_at) })}`}
          {declared.note && <span class="about-note">{fill(t.note, { note: declared.note })}</span>}
        </p>
      ) : (
        <p>{t.none}</p>
      )}
      <Button onClick={askPurpose}>{t.change}</Button>
    </Card>
  );
}

async function signOut(): Promise<void> {
  await send("/v1/session", { method: "DELETE" });
  await enter();
}

function ThisServer({ server }: { server: Server }) {
  const t = useText("about").server;
  const bytes = Number(server.limits["upload_bytes"]);
  const rows: [string, string][] = [
    [t.version, server.version],
    [t.languages, server.languages.map((code) => LANGUAGES[code as Language] ?? code).join(", ")],
    [t.cloud, server.cloud ? t.cloudOn : t.cloudOff],
    [t.token, server.token_required ? t.tokenOn : t.tokenOff],
    ...(bytes ? ([[t.limits, `${number(bytes / 2 ** 20)} MiB`]] as [string, string][]) : []),
  ];
  return (
    <Card title={t.title}>
      <dl class="facts">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {server.token_required && <Button onClick={() => void signOut()}>{t.out}</Button>}
    </Card>
  );
}

/** A text of the docs, loaded only when it is read. */
function Text({ name }: { name: "limits" | "law" }) {
  const c = useText("common");
  const page = useLoaded<{ name: "limits" | "law" }>(() => import("./Document"), "document");
  const Page = page.loaded;
  return Page ? <Page name={name} /> : <Progress text={c.loading} />;
}

export default function About({ rest }: ViewProps) {
  const t = useText("about");
  const [asked] = rest;
  useEffect(() => scrollTo(0, 0), [asked]);
  if (asked && DOCUMENTS.includes(asked)) return <Text name={asked as "limits" | "law"} />;
  return (
    <>
      <h1>{t.title}</h1>
      <p class="muted">{t.lead}</p>
      <div class="about">
        <Limits />
        <div class="stack">
          <Card title={t.law.title}>
            <p>{t.law.text}</p>
            <p>
              <a href={hrefOf("about", "law")}>{t.law.more}</a>
            </p>
            <div>
              <ExposedNotice />
            </div>
          </Card>
          <Declared />
        </div>
      </div>
      {about.value && <Models models={about.value.models} />}
      <div class="about">
        {about.value && <ThisServer server={about.value} />}
        <Card title={t.terms.title}>
          <p>{t.terms.text}</p>
        </Card>
      </div>
      <Log />
    </>
  );
}
