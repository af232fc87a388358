import { computed, signal } from "@preact/signals";

import { keep, kept } from "../shell/memory";
import { dictionary as english } from "./en";
import type { Plural, Same } from "./types";

export type Dictionary = Same<typeof english>;
export type Language = "en" | "ru" | "uk" | "kk";

/** Languages by the name that their readers give them. */
export const LANGUAGES: Readonly<Record<Language, string>> = {
  en: "English",
  ru: "Русский",
  uk: "Українська",
  kk: "Қазақша",
};

const LOADERS: Readonly<Record<Language, () => Promise<{ dictionary: Dictionary }>>> = {
  en: async () => ({ dictionary: english }),
  ru: () => import("./ru"),
  uk: () => import("./uk"),
  kk: () => import("./kk"),
};

export const language = signal<Language>("en");
const words = signal<Dictionary>(english);
const rules = computed(() => new Intl.PluralRules(language.value));

/** The sentences of one view in the reader's language; the component follows a change of language. */
export function useText<K extends keyof Dictionary>(view: K): Dictionary[K] {
  return words.value[view];
}

/** Put values into a sentence: fill("{name}: {n}", {name: "a", n: 2}). */
export function fill(sentence: string, values: Readonly<Record<string, string | number>>): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The form of a sentence for `n`, filled with it. */
export function plural(forms: Plural, n: number): string {
  return fill(forms[rules.value.select(n)] ?? forms.other, { n });
}

/** Browsers often lack Kazakh numbers and dates: they are written as in Russian, with figures for the month. */
const tag = computed(() => (language.value === "kk" ? "ru" : language.value));

/** A number as the language writes it, with so many digits after the point. */
export function number(value: number, digits = 0): string {
  const fixed = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  // A true minus sign, which is as wide as the plus, and no "−0".
  return new Intl.NumberFormat(tag.value, { ...fixed, signDisplay: "negative" }).format(value).replace("-", "−");
}

/** A share 0..1 as whole percent, the way the language writes it; what is not quite certain is not called 100 %. */
export function percent(share: number): string {
  const format = new Intl.NumberFormat(tag.value, { style: "percent" });
  return share < 1 && share >= 0.995 ? `>${format.format(0.99)}` : format.format(share);
}

/** A day and time of day from ISO, in the reader's zone. */
export function moment(iso: string): string {
  const dateStyle = language.value === "kk" ? "short" : "medium";
  return new Intl.DateTimeFormat(tag.value, { dateStyle, timeStyle: "short" }).format(new Date(iso));
}

/** "2026-11" as "November 2026"; in figures where browsers lack the names. */
export function monthName(month: string): string {
  const form = language.value === "kk" ? "2-digit" : "long";
  const format = new Intl.DateTimeFormat(tag.value, { month: form, year: "numeric", timeZone: "UTC" });
  return format.format(new Date(`${month}-01T00:00:00Z`));
}

export async function chooseLanguage(chosen: Language): Promise<void> {
  const loaded = await LOADERS[chosen]();
  words.value = loaded.dictionary;
  language.value = chosen;
  document.documentElement.lang = chosen;
  keep("language", chosen);
}

/** Begin with the kept language, else with the first of the browser's that we have. */
export async function startLanguage(): Promise<void> {
  const wanted = [kept("language"), ...navigator.languages].map((tag) => tag?.slice(0, 2));
  const chosen = wanted.find((tag): tag is Language => tag !== undefined && tag in LANGUAGES);
  await chooseLanguage(chosen ?? "en");
}
