import { useEffect, useRef, useState } from "preact/hooks";

import { api } from "../../api/client";
import type { Mode, PhotoResult } from "../../api/types";
import { useText } from "../../i18n";
import { lineOf, tell } from "../../shell/faults";

/** One picture of the reader: the file, its address inside the page, and what was found. */
export interface Picture {
  id: number;
  file: File;
  url: string;
  busy: boolean;
  /** Whether `result` holds meshes. */
  meshed: boolean;
  result: PhotoResult | null;
  mode: Mode | null;
  fault: string | null;
}

let count = 0;

function pictureOf(file: File): Picture {
  const empty = { busy: true, meshed: false, result: null, mode: null, fault: null };
  return { id: ++count, file, url: URL.createObjectURL(file), ...empty };
}

/** The pictures of this visit. Nothing of them outlives the page. */
export function usePictures() {
  const c = useText("common");
  const [pictures, setPictures] = useState<readonly Picture[]>([]);
  const held = useRef(pictures);
  held.current = pictures;
  useEffect(() => () => held.current.forEach((picture) => URL.revokeObjectURL(picture.url)), []);

  const change = (id: number, fields: Partial<Picture>) =>
    setPictures((all) => all.map((picture) => (picture.id === id ? { ...picture, ...fields } : picture)));

  const analyse = async (picture: Picture, mesh: boolean) => {
    change(picture.id, { busy: true, fault: null });
    try {
      const { mode, images } = await api.images([picture.file], mesh);
      const result = images[0] ?? null;
      change(picture.id, { busy: false, meshed: mesh, mode, result, fault: result?.error?.message ?? null });
    } catch (error) {
      tell(error, c);
      change(picture.id, { busy: false, fault: lineOf(error, c) });
    }
  };

  /** Add pictures and analyse them one after another; returns the id of the first. */
  const add = (files: readonly File[], mesh: boolean): number | null => {
    const fresh = files.map(pictureOf);
    setPictures((all) => [...all, ...fresh]);
    void fresh.reduce((before, picture) => before.then(() => analyse(picture, mesh)), Promise.resolve());
    return fresh[0]?.id ?? null;
  };

  const clear = () => {
    held.current.forEach((picture) => URL.revokeObjectURL(picture.url));
    setPictures([]);
  };
  return { pictures, add, analyse, clear };
}
