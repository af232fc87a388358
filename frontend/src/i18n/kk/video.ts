import type { video as English } from "../en/video";
import type { Same } from "../types";

export const video: Same<typeof English> = { title: "" };
