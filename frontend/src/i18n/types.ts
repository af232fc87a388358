/** A sentence with a number in it, in the forms that the language has (CLDR plural rules). */
export interface Plural {
  zero?: string;
  one?: string;
  two?: string;
  few?: string;
  many?: string;
  other: string;
}

/** The same keys as `T` with sentences of another language; a missing or surplus key does not compile. */
export type Same<T> = {
  readonly [K in keyof T]: T[K] extends string ? string : T[K] extends { other: string } ? Plural : Same<T[K]>;
};
