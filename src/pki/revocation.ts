import { formatInstant, type Instant } from '#base/instant.ts';
import type { Certificate } from './certificate.ts';
import { type Crl, entryKey, removedFromList } from './crl.ts';
import { isSameGeneralName } from './general-name.ts';
import { nameKey } from './names.ts';
import { allReasons, type DistributionPoint, type PointName } from './path-extensions.ts';

export type RevocationStatus =
  | { readonly status: 'good' }
  | { readonly status: 'revoked'; readonly detail: string }
  | { readonly status: 'unknown'; readonly detail: string };

export type RevocationRequest = {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  readonly crls: readonly Crl[];
  readonly at: Instant;
  /** Whether the list is signed by somebody who may: its signature verifies under a key on a path to the same anchor. */
  isAuthentic(crl: Crl): boolean;
};

/** A certificate that names no distribution point is on its issuer's list (RFC 5280 6.3.3). */
const issuersOwnList: DistributionPoint = {};

/** More distribution points than this are an attack. What they would cover stays uncovered, so the certificate is refused. */
const pointsMax = 32;

/** Whether the lists at hand say that `certificate` was revoked (RFC 5280 6.3.3, delta and indirect lists included). */
export function checkRevocation(request: RevocationRequest): RevocationStatus {
  const { certificate } = request;
  let reasons = 0;
  let detail = `There is no current revocation list for ${certificate.subject}.`;
  const points = certificate.distributionPoints?.slice(0, pointsMax) ?? [];
  // Of lists about the same the newest one is asked; an older one may still be current and not know.
  const lists = request.crls.toSorted(newestFirst);
  for (const point of [...points, issuersOwnList]) {
    for (const crl of lists) {
      if (crl.baseNumber !== undefined || !isAbout(crl, point, request)) continue;
      const covered = (point.reasons ?? allReasons) & crl.scope.reasons;
      // A list that says nothing new need not be right.
      if ((covered & ~reasons) === 0) continue;
      const fault = faultOf(crl, request);
      if (fault) {
        detail = fault;
        continue;
      }
      const entry = findEntry(crl, request);
      if (entry) {
        const why = `${certificate.subject} was revoked at ${formatInstant(entry.at)}: ${entry.reason}`;
        return { status: 'revoked', detail: `${why}.` };
      }
      reasons |= covered;
    }
    if (reasons === allReasons) return { status: 'good' };
  }
  return { status: 'unknown', detail };
}

function newestFirst(a: Crl, b: Crl): number {
  const [first = 0n, second = 0n] = [a.number, b.number];
  return b.thisUpdate - a.thisUpdate || Number(second > first) - Number(second < first);
}

/** The newest word on the certificate: that of the newest delta list that goes on from this one, else this one's. */
function findEntry(crl: Crl, request: RevocationRequest) {
  const { certificate, crls } = request;
  const key = entryKey(certificate.issuerKey, certificate.serialHex);
  const deltas = crls.filter((candidate) => isDeltaOf(candidate, crl)).toSorted(newestFirst);
  const entry = deltas.find((delta) => faultOf(delta, request) === undefined)?.entries.get(key);
  // Only a delta list takes a certificate off.
  return entry?.reason === removedFromList ? undefined : (entry ?? crl.entries.get(key));
}

function isDeltaOf(delta: Crl, complete: Crl): boolean {
  if (delta.baseNumber === undefined || complete.number === undefined || delta.issuerKey !== complete.issuerKey) return false;
  if (delta.baseNumber > complete.number || (delta.number ?? 0n) < complete.number) return false;
  return delta.authorityKeyId === complete.authorityKeyId && JSON.stringify(delta.scope) === JSON.stringify(complete.scope);
}

/** Whether the list is one that `point` sends the certificate's reader to. */
function isAbout({ scope, issuerKey, issuerRdns }: Crl, point: DistributionPoint, { certificate }: RevocationRequest): boolean {
  const isCa = certificate.basicConstraints?.isCa === true;
  if (scope.onlyAttributeCertificates || (scope.onlyUserCertificates && isCa) || (scope.onlyCaCertificates && !isCa))
    return false;
  if (point.crlIssuer) {
    const isNamed = point.crlIssuer.some((name) => name.kind === 'directory' && nameKey(name.rdns) === issuerKey);
    if (!isNamed || (!scope.isIndirect && issuerKey !== certificate.issuerKey)) return false;
  } else if (issuerKey !== certificate.issuerKey) return false;
  if (!scope.name) return true;
  // A list for one distribution point says nothing about certificates that name none.
  const wanted = point.name ? fullNames(point.name, issuerRdns) : (point.crlIssuer ?? []);
  const offered = fullNames(scope.name, issuerRdns);
  return wanted.some((name) => offered.some((other) => isSameGeneralName(name, other)));
}

function fullNames(name: PointName, issuerRdns: readonly string[]) {
  return 'fullNames' in name ? name.fullNames : [{ kind: 'directory' as const, rdns: [...issuerRdns, name.belowIssuer] }];
}

/** Why the list cannot be relied on now. */
function faultOf(crl: Crl, { at, isAuthentic }: RevocationRequest): string | undefined {
  const [unknown] = crl.unknownCriticalExtensions;
  if (unknown !== undefined) return `A revocation list has the critical extension ${unknown}.`;
  if (at < crl.thisUpdate) return `A revocation list begins at ${formatInstant(crl.thisUpdate)}.`;
  if (crl.nextUpdate === undefined) return 'A revocation list does not say when the next one comes.';
  if (at > crl.nextUpdate) return `A revocation list ended at ${formatInstant(crl.nextUpdate)}.`;
  return isAuthentic(crl) ? undefined : 'The signature of a revocation list is not one of its issuer.';
}
