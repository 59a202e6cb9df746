/** Limits of a text in one of the little languages. The cloud documents none but for routes; these are far above what tools send. */
export const languageLimits = {
  /** A list of a thousand ids fits. */
  textCharactersMax: 64 * 1024,
  /** Parentheses, NOT, signs and function calls around one term. */
  depthMax: 64,
  /** Everything in an expression but the members of lists. */
  termsMax: 1_000,
  listItemsMax: 5_000,
  /** Steps of one path. */
  pathStepsMax: 32,
  /** What a function may make of texts. */
  resultCharactersMax: 256 * 1024,
} as const;
