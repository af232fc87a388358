import type { Same } from "../types";
import type { about as English } from "../en/about";

export const about: Same<typeof English> = {};
