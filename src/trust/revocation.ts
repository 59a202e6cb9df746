import { formatInstant, type Instant } from '#base/instant.ts';
import { type Certificate, isSignedBy } from '#pki/certificate.ts';
import { buildChain, type ChainReason, type ChainRequest, type ChainResult } from '#pki/chain.ts';
import { type Crl, entryKey, removedFromList } from '#pki/crl.ts';

/** A revocation list that was taken in, and the certificate whose key signed it. */
export type KnownList = { readonly crl: Crl; readonly signer: Certificate };

/**
 * What a list does after its nextUpdate. `refuse`: who would have to be on no list is not let in, since the next list
 * may name them. `ignore`: what it names stays out, and the others come in.
 */
export type EndedLists = 'refuse' | 'ignore';

export type RevocationEvidence = {
  readonly lists: readonly KnownList[];
  readonly endedLists: EndedLists;
  /** The latest instant at which a security service that is trusted here is known to have issued something. */
  readonly provenAt?: Instant;
};

export const noRevocation: RevocationEvidence = { lists: [], endedLists: 'refuse' };

/** How one certificate is found on a list; see RevocationEvidence. */
export function revocationKey({ issuerKey, serialHex }: Certificate): string {
  return entryKey(issuerKey, serialHex);
}

export function isOnList({ entries }: Crl, key: string): boolean {
  const entry = entries.get(key);
  return entry !== undefined && entry.reason !== removedFromList;
}

/**
 * What the lists of its issuer say against a certificate; undefined when they do not name it. A list speaks of what the
 * key behind it signed, never of a namesake's certificates. What it once said stays true when it ends.
 */
export function revocationOf(certificate: Certificate, lists: readonly KnownList[]): string | undefined {
  const key = revocationKey(certificate);
  const found = lists.find(({ crl, signer }) => isOnList(crl, key) && isSignedBy(certificate, signer));
  const entry = found?.crl.entries.get(key);
  return entry && `${certificate.subject} was revoked at ${formatInstant(entry.at)}: ${entry.reason}.`;
}

/** buildChain with the lists at hand; and an anchor that its own issuer took back is none (sphere.md 2.8, rows 2 and 8). */
export function buildUnrevokedChain(request: ChainRequest, { lists, endedLists }: RevocationEvidence): ChainResult {
  if (lists.length === 0) return buildChain(request);
  const { anchors, presented, stored = [], at } = request;
  const revoked = anchors.filter((anchor) => revocationOf(anchor, lists) !== undefined);
  const trusted = revoked.length === 0 ? anchors : anchors.filter((anchor) => !revoked.includes(anchor));
  const crls = relevant([...trusted, ...presented, ...stored], lists)
    .map(({ crl }) => crl)
    .filter((crl) => endedLists === 'refuse' || !hasEnded(crl, at));
  const result = buildChain({ ...request, anchors: trusted, crls, revocation: 'listed' });
  if (!result.ok) return explainByRevoked(request, revoked, lists) ?? result;
  for (const [depth, certificate] of result.chain.slice(0, -1).entries()) {
    const detail = revocationOf(certificate, lists);
    if (detail !== undefined) return refused(depth === 0 ? 'certificate-revoked' : 'issuer-revoked', detail, result);
  }
  return result;
}

/** A list of a CA's namesake must not put every certificate of that CA in doubt: only keys that may be on the path count. */
function relevant(issuers: readonly Certificate[], lists: readonly KnownList[]): readonly KnownList[] {
  const keys = new Set(issuers.map(({ spkiSha256 }) => spkiSha256));
  return lists.filter(({ signer }) => keys.has(signer.spkiSha256));
}

/** The refusal of a chain that would lead to a CA, had that not been revoked. */
function explainByRevoked(
  request: ChainRequest,
  anchors: readonly Certificate[],
  lists: readonly KnownList[],
): ChainResult | undefined {
  if (anchors.length === 0) return undefined;
  const result = buildChain({ ...request, anchors });
  const detail = result.ok ? revocationOf(result.anchor, lists) : undefined;
  return detail === undefined ? undefined : refused('issuer-revoked', detail, result);
}

function refused(reason: ChainReason, detail: string, { trace }: ChainResult): ChainResult {
  return { ok: false, reason, detail, trace: [...trace, { check: reason, passed: false, detail }] };
}

function hasEnded({ nextUpdate }: Crl, at: Instant): boolean {
  return nextUpdate !== undefined && at > nextUpdate;
}

const fixes: Partial<Record<string, string>> = {
  'certificate-revoked': 'Give the device a new certificate: its CA took this one back.',
  'issuer-revoked': 'Give the device a certificate of a CA that is not revoked.',
  'revocation-unknown': 'Upload the present revocation list of the CA: homeport crl upload --path FILE.',
};

/** What mends a refusal because of a revocation list, to be given on to `refuse`. */
export function revocationFix(reason: string): { fix?: string } {
  const fix = fixes[reason];
  return fix === undefined ? {} : { fix };
}
