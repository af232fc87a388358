import type { Same } from "../types";
import type { profiles as English } from "../en/profiles";

export const profiles: Same<typeof English> = {};
