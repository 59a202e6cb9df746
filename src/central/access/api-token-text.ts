import { type Instant, instant } from '#base/instant.ts';

/** What stands in `Authorization: SharedAccessSignature sr=…&sig=…&skn=…&se=…` (central.md 4.1). */
export type ApiTokenText = { appId: string; signature: string; tokenId: string; expiresAt: Instant };

const scheme = 'SharedAccessSignature ';
const textCharsMax = 1024;

export function formatApiToken(token: ApiTokenText): string {
  const part = encodeURIComponent;
  return `${scheme}sr=${part(token.appId)}&sig=${part(token.signature)}&skn=${part(token.tokenId)}&se=${token.expiresAt}`;
}

/** Reads a token as a client presents it; each part exactly once, in any order. Anything else gives undefined. */
export function parseApiToken(header: string): ApiTokenText | undefined {
  if (header.length > textCharsMax || !header.toLowerCase().startsWith(scheme.toLowerCase())) return undefined;
  const parts = new Map<string, string>();
  for (const pair of header.slice(scheme.length).trim().split('&')) {
    const equals = pair.indexOf('=');
    const name = pair.slice(0, equals);
    if (equals < 1 || parts.has(name)) return undefined;
    const value = decode(pair.slice(equals + 1));
    if (value === undefined) return undefined;
    parts.set(name, value);
  }
  const [appId, signature, tokenId, expiry] = ['sr', 'sig', 'skn', 'se'].map((name) => parts.get(name));
  if (!appId || !signature || !tokenId || !expiry || parts.size !== 4 || !/^\d{1,15}$/.test(expiry)) return undefined;
  return { appId, signature, tokenId, expiresAt: instant(Number(expiry)) };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
