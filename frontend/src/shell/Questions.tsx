import type { PurposeDialogProps } from "../views/purpose";
import { asked, purpose } from "./gate";
import { TokenDialog } from "./TokenDialog";
import { useLoaded } from "./useLoaded";

const loadPurpose = () => import("../views/purpose");

/** What has to be answered before anything is analysed: a token where the server wants one, then the purpose. */
export function Questions() {
  const { loaded: Ask } = useLoaded<PurposeDialogProps>(loadPurpose, "purpose");
  if (asked.value === "token") return <TokenDialog />;
  if (asked.value !== "purpose" || !Ask) return null;
  const done: PurposeDialogProps["onDone"] = (declared) => {
    if (declared) purpose.value = declared;
    asked.value = "";
  };
  return <Ask onDone={done} />;
}
