import type { photo as English } from "../en/photo";
import type { Same } from "../types";

export const photo: Same<typeof English> = { title: "" };
