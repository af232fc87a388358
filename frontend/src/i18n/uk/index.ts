import { about } from "./about";
import { common } from "./common";
import { history } from "./history";
import { live } from "./live";
import { photo } from "./photo";
import { profiles } from "./profiles";
import { purpose } from "./purpose";
import { shell } from "./shell";
import { terms } from "./terms";
import { video } from "./video";

export const dictionary = { about, common, history, live, photo, profiles, purpose, shell, terms, video };
