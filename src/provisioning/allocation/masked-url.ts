const mask = '***';

/** The URL as it may be shown: what its query says may be a secret (`?code=…`) and is written, never read. */
export function maskedUrl(text: string): string {
  const url = new URL(text);
  // A name without a value may be the secret itself.
  if ([...url.searchParams.values()].includes('')) url.search = mask;
  else for (const name of new Set(url.searchParams.keys())) url.searchParams.set(name, mask);
  return url.toString();
}

/** Whether `text` is `known` as it was shown: then whoever sends it back means the one that is kept. */
export function isMaskOf(text: string, known: string): boolean {
  return known !== text && URL.canParse(text) && new URL(text).toString() === maskedUrl(known);
}
