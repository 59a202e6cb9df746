import { createHmac } from 'node:crypto';
import { parseBase64 } from '#base/bytes.ts';
import { dateOf, type Instant, parseInstant } from '#base/instant.ts';

/** One blob of a storage account. */
export type BlobAddress = { readonly container: string; readonly name: string };

/** What a storage account signs with. */
export type BlobKey = { readonly account: string; readonly key: Uint8Array };

/** A shared access signature for one blob, as it was sent, taken apart. Nothing of it is proven. */
export type BlobSas = {
  /** Letters in their fixed order: r, w, d. */
  readonly permissions: string;
  readonly expiresAt: Instant;
  /** `se` as it was sent: it is what was signed. */
  readonly expiry: string;
  /** 32 bytes. */
  readonly signature: Buffer;
};

/** The one form that we make and take: the fields that are signed depend on it. */
const version = '2020-10-02';
const signatureBytes = 32;

/** Names of every field that a shared access signature of an account, a container or a blob may have. */
const sasFields =
  'sv ss srt spr st se sip si skoid sktid skt ske sks skv saoid suoid scid sdd ses sr sp rscc rscd rsce rscl rsct sig';
const knownFields: ReadonlySet<string> = new Set(sasFields.split(' '));
const ownFields: ReadonlySet<string> = new Set(['sv', 'spr', 'se', 'sr', 'sp', 'sig']);

/** A signature for one blob, over HTTPS only, as the query that follows its URL: `?sv=…&sig=…`. */
export function formatBlobSas(
  { account, key }: BlobKey,
  address: BlobAddress,
  { permissions, expiresAt }: { readonly permissions: string; readonly expiresAt: Instant },
): string {
  // Whole seconds, as the service reads them.
  const expiry = `${dateOf(expiresAt).toISOString().slice(0, 19)}Z`;
  const signature = blobSignatureOf({ account, key }, address, { permissions, expiry }).toString('base64');
  const fields = { sv: version, spr: 'https', se: expiry, sr: 'b', sp: permissions, sig: signature };
  return `?${Object.entries(fields)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&')}`;
}

/** What `sig` must be: HMAC-SHA256 over every field that a signature for a blob may have, most of them empty. */
export function blobSignatureOf(
  { account, key }: BlobKey,
  { container, name }: BlobAddress,
  { permissions, expiry }: { readonly permissions: string; readonly expiry: string },
): Buffer {
  const resource = `/blob/${account}/${container}/${name}`;
  const [start, identifier, addresses, snapshot] = ['', '', '', ''];
  const responseHeaders = ['', '', '', '', ''];
  const signed = [
    permissions,
    start,
    expiry,
    resource,
    identifier,
    addresses,
    'https',
    version,
    'b',
    snapshot,
    ...responseHeaders,
  ];
  return createHmac('sha256', key).update(signed.join('\n')).digest();
}

/** Whether this field of a query belongs to a signature. */
export function isBlobSasField(name: string): boolean {
  return knownFields.has(name);
}

/**
 * Reads the signature in a query. Undefined for what is not of the form that `formatBlobSas` makes: a field twice, one
 * missing, or one that would allow or restrict what we know nothing of.
 */
export function parseBlobSas(query: URLSearchParams): BlobSas | undefined {
  const fields = new Map<string, string>();
  for (const [name, value] of query) {
    if (!knownFields.has(name)) continue;
    if (!ownFields.has(name) || fields.has(name)) return undefined;
    fields.set(name, value);
  }
  const { sv, spr, se = '', sr, sp = '', sig = '' } = Object.fromEntries(fields);
  const signature = parseBase64(sig.replaceAll(' ', '+'));
  const expiresAt = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(se) ? parseInstant(se) : undefined;
  const isOurs = sv === version && spr === 'https' && sr === 'b' && /^r?w?d?$/.test(sp);
  if (!isOurs || expiresAt === undefined || signature?.length !== signatureBytes) return undefined;
  return { permissions: sp, expiresAt, expiry: se, signature };
}
