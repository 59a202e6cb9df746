import { createHmac } from 'node:crypto';

export type TokenRequest = {
  /** `{hub}/devices/{device}` or `{scope}/registrations/{registration}`, nothing escaped. */
  resource: string;
  /** base64. */
  key: string;
  expirySeconds: number | bigint;
};

type Spelling = (request: TokenRequest) => string;

/** As clients of the field write a token for a device of a hub (hub-device-protocol.md 3.1). */
export const hubSpellings: Readonly<Record<string, Spelling>> = {
  Node: (request) => spell(request, { sr: escapeAll(request.resource), order: ['sr', 'sig', 'se'] }),
  Python: (request) =>
    spell(request, { sr: escapeAll(request.resource), order: ['sr', 'sig', 'se'], escapeSignature: likePython }),
  C: (request) => spell(request, { sr: lowerEscapes(escapeAll(request.resource)), order: ['sr', 'sig', 'se', 'skn'], skn: '' }),
  'embedded C': (request) => spell(request, { sr: escapeAll(request.resource), order: ['sr', 'sig', 'se'] }),
  '.NET': (request) => spell(request, { sr: lowerEscapes(escapeAll(request.resource)), order: ['sr', 'sig', 'se'] }),
  Java: (request) => spell(request, { sr: escapeLevels(request.resource), order: ['sig', 'se', 'sr'] }),
  'identity service': (request) => spell(request, { sr: escapeAll(request.resource.toLowerCase()), order: ['sr', 'sig', 'se'] }),
};

/** As clients write a token for a registration (dps-device-protocol.md 3). */
export const dpsSpellings: Readonly<Record<string, Spelling>> = {
  Node: (request) => spell(request, { sr: request.resource, order: ['sr', 'sig', 'skn', 'se'], skn: 'registration' }),
  Python: (request) =>
    spell(request, { sr: escapeAll(request.resource), order: ['sr', 'sig', 'se'], escapeSignature: likePython }),
  C: (request) => spell(request, { sr: escapeAll(request.resource), order: ['sr', 'sig', 'se', 'skn'], skn: 'registration' }),
  '.NET': (request) =>
    spell(request, { sr: escapeAll(request.resource), order: ['sr', 'sig', 'se', 'skn'], skn: 'registration' }),
  Java: (request) => spell(request, { sr: request.resource, order: ['sr', 'sig', 'se', 'skn'], skn: '' }),
  'embedded C': (request) =>
    spell(request, { sr: escapeAll(request.resource), order: ['sr', 'sig', 'se', 'skn'], skn: 'registration' }),
  'identity service': (request) =>
    spell(request, { sr: escapeAll(request.resource.toLowerCase()), order: ['sr', 'sig', 'se', 'skn'], skn: 'registration' }),
};

type Field = 'sr' | 'sig' | 'se' | 'skn';

/** Signs with node:crypto alone: what the product reads must not be what the product wrote. */
function spell(
  { key, expirySeconds }: TokenRequest,
  how: { sr: string; order: readonly Field[]; skn?: string; escapeSignature?: (text: string) => string },
): string {
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(`${how.sr}\n${expirySeconds}`).digest('base64');
  const sig = (how.escapeSignature ?? escapeAll)(signature);
  const fields: Record<Field, string> = { sr: how.sr, sig, se: String(expirySeconds), skn: how.skn ?? '' };
  return `SharedAccessSignature ${how.order.map((name) => `${name}=${fields[name]}`).join('&')}`;
}

function escapeAll(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
}

function likePython(text: string): string {
  return escapeAll(text).replaceAll('%2F', '/');
}

function escapeLevels(text: string): string {
  return text.split('/').map(escapeAll).join('/');
}

function lowerEscapes(text: string): string {
  return text.replace(/%../g, (sequence) => sequence.toLowerCase());
}
