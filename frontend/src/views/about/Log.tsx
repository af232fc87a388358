import { useState } from "preact/hooks";

import { api } from "../../api/client";
import { RequestError } from "../../api/http";
import type { AuditEntry } from "../../api/types";
import { Button, Heads, Notice } from "../../components";
import { moment, useText } from "../../i18n";
import { lineOf } from "../../shell/faults";

const SHOWN = 50;

/** Who did what, for those who may read it. */
export function Log() {
  const t = useText("about").log;
  const c = useText("common");
  const [entries, setEntries] = useState<AuditEntry[] | null>(null);
  const [fault, setFault] = useState("");
  async function show() {
    setFault("");
    try {
      setEntries((await api.audit(SHOWN)).entries);
    } catch (error) {
      const refused = error instanceof RequestError && error.status === 403;
      setFault(refused ? t.refused : lineOf(error, c));
    }
  }
  return (
    <section class="card" aria-label={t.title}>
      <h2>{t.title}</h2>
      <p class="muted">{t.text}</p>
      {fault && <Notice kind="error">{fault}</Notice>}
      {!entries && <Button onClick={() => void show()}>{t.show}</Button>}
      {entries?.length === 0 && <p class="muted">{t.none}</p>}
      {entries !== null && entries.length > 0 && (
        <div class="table-wrap">
          <table class="table">
            <caption class="unseen">{t.title}</caption>
            <thead>
              <tr>
                <Heads names={[t.when, t.what, t.who, t.about]} />
              </tr>
            </thead>
            <tbody>
              {entries.map((entry, i) => (
                <tr key={i}>
                  <td>{moment(entry.at)}</td>
                  <td lang="en">{entry.action}</td>
                  <td>{entry.owner}</td>
                  <td class="about-subject">{entry.subject}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
