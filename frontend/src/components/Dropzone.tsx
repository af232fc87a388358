import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { Icon, type IconName } from "./Icon";

export interface DropzoneProps {
  icon: IconName;
  title: string;
  hint?: string;
  /** Kinds of files as an input takes them: "image/*". */
  accept: string;
  multiple?: boolean;
  /** Take pictures from the clipboard too. */
  paste?: boolean;
  onFiles: (files: File[]) => void;
  /** Further ways, such as a button for the camera. */
  children?: ComponentChildren;
}

function fits(file: File, accept: string): boolean {
  return accept.split(",").some((kind) => {
    const wanted = kind.trim();
    if (wanted.startsWith(".")) return file.name.toLowerCase().endsWith(wanted);
    return wanted.endsWith("/*") ? file.type.startsWith(wanted.slice(0, -1)) : file.type === wanted;
  });
}

/** Files of a drop or paste: those of the wanted kind, or all where none is (the server then says what is wrong). */
function wanted(list: FileList | undefined, accept: string): File[] {
  const files = [...(list ?? [])];
  const good = files.filter((file) => fits(file, accept));
  return good.length ? good : files;
}

/** Drop, paste or choose files. The whole window takes the drop, so that nobody has to aim. */
export function Dropzone({ icon, title, hint, accept, multiple, paste, onFiles, children }: DropzoneProps) {
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const give = useRef(onFiles);
  give.current = (files) => files.length && onFiles(multiple ? files : files.slice(0, 1));
  useEffect(() => {
    const stop = new AbortController();
    const on = <E extends Event>(name: string, then: (event: E) => void) =>
      addEventListener(name, then as (event: Event) => void, { signal: stop.signal });
    on<DragEvent>("dragover", (event) => (event.preventDefault(), setOver(true)));
    on<DragEvent>("dragleave", (event) => event.relatedTarget === null && setOver(false));
    on<DragEvent>("drop", (event) => {
      event.preventDefault();
      setOver(false);
      give.current(wanted(event.dataTransfer?.files, accept));
    });
    if (paste) on<ClipboardEvent>("paste", (event) => give.current(wanted(event.clipboardData?.files, accept)));
    return () => stop.abort();
  }, [accept, paste]);
  const chosen = () => {
    const files = wanted(input.current?.files ?? undefined, accept);
    if (input.current) input.current.value = "";
    give.current(files);
  };
  return (
    <div class={`dropzone ${over ? "dropzone-over" : ""}`}>
      <input
        ref={input}
        type="file"
        class="hidden-input"
        accept={accept}
        multiple={multiple}
        onChange={chosen}
        tabIndex={-1}
        aria-hidden="true"
      />
      <button type="button" class="dropzone-main" onClick={() => input.current?.click()}>
        <Icon name={icon} class="dropzone-icon" />
        <span class="dropzone-title">{title}</span>
        {hint && <span class="dropzone-hint">{hint}</span>}
      </button>
      {children && <div class="dropzone-more">{children}</div>}
    </div>
  );
}
