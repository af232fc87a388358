import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

import { useText } from "../i18n";
import { Button } from "./Button";

export interface DialogProps {
  title: string;
  /** Called when the reader closes it: button, Escape, or a click beside it. */
  onClose: () => void;
  /** False for what has to be answered: no close button, Escape does nothing. */
  closable?: boolean;
  /** Buttons at the bottom. */
  actions?: ComponentChildren;
  children: ComponentChildren;
}

/** A modal dialog; the browser keeps the focus inside and gives it back afterwards. */
export function Dialog({ title, onClose, closable = true, actions, children }: DialogProps) {
  const t = useText("common");
  const id = useId();
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    box.current?.showModal();
  }, []);
  const beside = (event: MouseEvent) => closable && event.target === box.current && onClose();
  const escape = (event: Event) => {
    event.preventDefault();
    if (closable) onClose();
  };
  return (
    <dialog ref={box} class="dialog" aria-labelledby={id} onCancel={escape} onClick={beside}>
      <div class="dialog-inside">
        <header class="dialog-head">
          <h2 id={id}>{title}</h2>
          {closable && <Button kind="quiet" icon="close" label={t.close} onClick={onClose} />}
        </header>
        <div class="dialog-body">{children}</div>
        {actions && <footer class="dialog-actions">{actions}</footer>}
      </div>
    </dialog>
  );
}

export interface ConfirmProps {
  title: string;
  text: string;
  action: string;
  danger?: boolean;
  onAnswer: (yes: boolean) => void;
}

/** Asks before something that cannot be undone. */
export function Confirm({ title, text, action, danger = false, onAnswer }: ConfirmProps) {
  const t = useText("common");
  const actions = (
    <>
      <Button onClick={() => onAnswer(false)}>{t.cancel}</Button>
      <Button kind={danger ? "danger" : "primary"} onClick={() => onAnswer(true)}>
        {action}
      </Button>
    </>
  );
  return (
    <Dialog title={title} onClose={() => onAnswer(false)} actions={actions}>
      <p>{text}</p>
    </Dialog>
  );
}
