import type { Same } from "../types";
import type { history as English } from "../en/history";

export const history: Same<typeof English> = {};
