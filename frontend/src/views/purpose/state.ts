import { computed } from "@preact/signals";

import type { Mode, Purpose, PurposeKind } from "../../api/types";
import { purpose } from "../../shell/gate";

/** Where inferring emotions needs a medical or safety ground. Source: Regulation (EU) 2024/1689, Article 5(1)(f). */
const RESTRICTED: readonly PurposeKind[] = ["education", "workplace"];

export function isRestricted(kind: PurposeKind): boolean {
  return RESTRICTED.includes(kind);
}

/** What may be inferred for a purpose; the server decides by the same rule. */
export function modeOf(declared: Purpose): Mode {
  const grounded = declared.ground !== "" && declared.note.trim() !== "";
  return isRestricted(declared.kind) && !grounded ? "action_units" : "expressions";
}

/** The mode of this installation; null until a purpose is known. */
export const mode = computed<Mode | null>(() => (purpose.value ? (purpose.value.mode ?? modeOf(purpose.value)) : null));
