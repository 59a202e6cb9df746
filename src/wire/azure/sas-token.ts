import { createHmac } from 'node:crypto';
import { parseBase64 } from '#base/bytes.ts';
import { encodePercent } from './percent.ts';

/** A shared-access signature as it was sent, taken apart. Nothing of it is proven. */
export type SasToken = {
  /** `sr`, percent-decoded once. */
  readonly resource: string;
  /** `sr` and `se` exactly as they were transmitted: hex case, bare slashes and lower-cased audiences all exist in the field. */
  readonly stringToSign: string;
  /** 32 bytes. */
  readonly signature: Buffer;
  /** Seconds since 1970; C sends values near 2^64. */
  readonly expirySeconds: bigint;
  /** `skn`; an empty one, which C and Java send, counts as none. */
  readonly keyName: string | undefined;
};

export const sasTokenLimits = {
  /** The longest resource names a hub, a device and a module of 128 characters each, every one of them escaped. */
  charactersMax: 4_096,
  /** 2^64 has 20 digits. */
  expiryDigitsMax: 20,
  keyNameCharactersMax: 256,
} as const;

const schemePattern = /^SharedAccessSignature /i;
const expiryPattern = new RegExp(`^[0-9]{1,${sasTokenLimits.expiryDigitsMax}}$`);
const signatureBytes = 32;

/**
 * Reads `SharedAccessSignature sr=…&sig=…&se=…[&skn=…]`, the fields in any order (hub-device-protocol.md
 * 3.1, hub-service-protocol.md 2.2, dps-device-protocol.md 3). Undefined when it is none. A field that
 * stands twice makes it none: two readers could take different ones.
 */
export function parseSasToken(text: string): SasToken | undefined {
  if (text.length > sasTokenLimits.charactersMax) return undefined;
  const trimmed = text.trim();
  if (!schemePattern.test(trimmed)) return undefined;
  const fields = parseFields(trimmed.slice(trimmed.indexOf(' ') + 1).trim());
  const sentResource = fields?.get('sr');
  const sentExpiry = fields?.get('se');
  if (!fields || !sentResource || sentExpiry === undefined || !expiryPattern.test(sentExpiry)) return undefined;
  const resource = decode(sentResource);
  const signature = parseSignature(fields.get('sig') ?? '');
  const keyName = decode(fields.get('skn') ?? '');
  if (resource === undefined || !signature || keyName === undefined) return undefined;
  if (keyName.length > sasTokenLimits.keyNameCharactersMax) return undefined;
  return {
    resource,
    stringToSign: `${sentResource}\n${sentExpiry}`,
    signature,
    expirySeconds: BigInt(sentExpiry),
    keyName: keyName === '' ? undefined : keyName,
  };
}

/** HMAC-SHA256 under the key's bytes: what `sig` must be. */
export function signatureOf(stringToSign: string, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update(stringToSign).digest();
}

/** A token as our own clients send it: the resource escaped in full, sr, sig, se, skn. */
export function formatSasToken(input: {
  readonly resource: string;
  readonly key: Uint8Array;
  readonly expirySeconds: number | bigint;
  readonly keyName?: string;
}): string {
  const resource = encodePercent(input.resource);
  const signature = signatureOf(`${resource}\n${input.expirySeconds}`, input.key).toString('base64');
  const keyName = input.keyName === undefined ? '' : `&skn=${encodePercent(input.keyName)}`;
  return `SharedAccessSignature sr=${resource}&sig=${encodePercent(signature)}&se=${input.expirySeconds}${keyName}`;
}

const knownFields: ReadonlySet<string> = new Set(['sr', 'sig', 'se', 'skn']);

/** Splits at `&` and then at the first `=`, since base64 padding may stand bare. Other names are ignored. */
function parseFields(text: string): Map<string, string> | undefined {
  const fields = new Map<string, string>();
  for (const piece of text.split('&')) {
    const at = piece.indexOf('=');
    const name = at < 0 ? piece : piece.slice(0, at);
    if (!knownFields.has(name)) continue;
    if (at < 0 || fields.has(name)) return undefined;
    fields.set(name, piece.slice(at + 1));
  }
  return fields;
}

function parseSignature(sent: string): Buffer | undefined {
  const bytes = parseBase64((decode(sent) ?? '!').replaceAll(' ', '+'));
  return bytes?.length === signatureBytes ? bytes : undefined;
}

/** Strict: what does not decode was not signed by any client. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
