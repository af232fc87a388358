import { useState } from "preact/hooks";

import { api } from "../api/client";
import { Button } from "../components/Button";
import { Dialog } from "../components/Dialog";
import { Field } from "../components/Field";
import { Notice } from "../components/Notice";
import { useText } from "../i18n";
import { lineOf } from "./faults";

/** Asks for an access token and leaves it to the server's cookie; the page keeps nothing. */
export function TokenDialog() {
  const t = useText("shell");
  const c = useText("common");
  const [token, setToken] = useState("");
  const [fault, setFault] = useState("");
  const send = async (event: Event) => {
    event.preventDefault();
    try {
      await api.signIn(token.trim());
      // What the views asked for without a token was refused: they ask again.
      location.reload();
    } catch (error) {
      setFault(lineOf(error, c));
    }
  };
  return (
    <Dialog title={t.token_title} closable={false} onClose={() => undefined}>
      <form onSubmit={(event) => void send(event)} class="stack">
        <p>{t.token_text}</p>
        <Field label={t.token}>
          <input
            type="password"
            autocomplete="off"
            required
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </Field>
        {fault && <Notice kind="error">{fault}</Notice>}
        <Button kind="primary" type="submit">
          {t.sign_in}
        </Button>
      </form>
    </Dialog>
  );
}
