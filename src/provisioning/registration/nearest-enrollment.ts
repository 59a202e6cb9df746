import type { CaCertificates } from '#authorities/ca-certificates.ts';
import { isRegistrationId } from '#base/ids.ts';
import { formatInstant } from '#base/instant.ts';
import { nearSpelling, nearSpellings } from '#base/near-spelling.ts';
import type { ChainLink, FindNearest, NearMatch, Refusal, RefusalReason } from '#trust/verdict.ts';
import type { EnrollmentGroups } from '../enrollments/enrollment-groups.ts';
import type { Enrollments } from '../enrollments/enrollments.ts';

type Rooms = {
  readonly idScope: string;
  readonly enrollments: Pick<Enrollments, 'load' | 'neighbours' | 'pastThumbprints'>;
  readonly groups: Pick<EnrollmentGroups, 'list'>;
  readonly authorities: Pick<CaCertificates, 'list'>;
};

/** What a refused registration is remembered by: a few short texts, since the look-up comes later. */
type Attempt = {
  readonly idScope: string;
  readonly registrationId: string;
  readonly reason: RefusalReason;
  readonly certificateName: string | undefined;
  readonly thumbprints: readonly string[];
  /** The CA names on the chain, the missing one included, and the CAs by their digests that stand on it. */
  readonly issuers: readonly { readonly subject: string; readonly sha256: string | undefined }[];
};

const eachMax = 3;

/** What of this instance comes nearest to a registration that was refused. */
export function nearestEnrollment(
  rooms: Rooms,
  asked: { idScope: string; registrationId: string },
  { reason, chain = [] }: Refusal,
): FindNearest {
  const leaf = chain[0]?.certificate;
  const attempt: Attempt = {
    idScope: asked.idScope.slice(0, 128),
    registrationId: asked.registrationId,
    reason,
    certificateName: leaf?.commonName !== undefined && isRegistrationId(leaf.commonName) ? leaf.commonName : undefined,
    thumbprints: leaf ? [leaf.sha1Thumbprint.toLowerCase(), leaf.sha256Thumbprint.toLowerCase()] : [],
    issuers: chain.slice(1).map(issuerOf),
  };
  // What no id can be is like none, and not every database takes it as a text.
  if (!isRegistrationId(asked.registrationId)) return async () => [];
  return async () =>
    (
      await Promise.all([
        spelledScope(rooms, attempt),
        replacedThumbprint(rooms, attempt),
        namesakes(rooms, attempt),
        spelledAlike(rooms, attempt),
        disabledToo(rooms, attempt),
      ])
    ).flat();
}

function issuerOf({ subject, certificate }: ChainLink) {
  return { subject: subject.slice(0, 400), sha256: certificate?.sha256Thumbprint };
}

async function spelledScope({ idScope }: Rooms, attempt: Attempt): Promise<NearMatch[]> {
  const how = attempt.reason === 'scope-unknown' ? nearSpelling(attempt.idScope, idScope) : undefined;
  return how === undefined ? [] : [{ kind: 'id-scope', name: idScope, detail: `The ID scope here is ${idScope}: ${how}.` }];
}

async function replacedThumbprint(
  { enrollments }: Rooms,
  { registrationId, reason, thumbprints }: Attempt,
): Promise<NearMatch[]> {
  if (reason !== 'thumbprint-mismatch') return [];
  const past = await enrollments.pastThumbprints(registrationId);
  const found = past.find(({ thumbprint }) => thumbprints.includes(thumbprint.toLowerCase()));
  if (!found) return [];
  const detail = `This was the enrollment’s thumbprint until it was replaced at ${formatInstant(found.replacedAt)}.`;
  return [{ kind: 'thumbprint', name: found.thumbprint, detail }];
}

const issuerReasons: ReadonlySet<RefusalReason> = new Set([
  'issuer-unknown',
  'issuer-not-verified',
  'issuer-expired',
  'issuer-not-yet-valid',
  'signature-invalid',
  'enrollment-unknown',
  'enrollment-disabled',
]);

/** Groups whose CA certificate is called like an issuer on the chain, or almost. */
async function namesakes({ groups, authorities }: Rooms, { reason, issuers }: Attempt): Promise<NearMatch[]> {
  if (!issuerReasons.has(reason) || issuers.length === 0) return [];
  const known = new Map((await authorities.list()).map((authority) => [authority.certificateId, authority]));
  const found: NearMatch[] = [];
  for (const { groupId, attestation } of await groups.list()) {
    if (attestation.type !== 'x509') continue;
    const ids = [attestation.primaryCertificateId, attestation.secondaryCertificateId];
    for (const id of ids.filter((one) => one !== undefined)) {
      const authority = known.get(id);
      if (!authority) continue;
      for (const { subject, sha256 } of issuers) {
        const how =
          subject === authority.subject ? sameName(sha256, authority.sha256Thumbprint) : nearSpelling(subject, authority.subject);
        if (how === undefined) continue;
        const standing = authority.isVerified ? 'verified' : 'not verified';
        found.push({
          kind: 'group',
          name: groupId,
          detail: `Its CA certificate ${authority.subject} (SHA-1 ${authority.sha1Thumbprint}) is ${standing}: ${how}.`,
        });
        break;
      }
      if (found.length >= eachMax) return found;
    }
  }
  return found;
}

function sameName(onChain: string | undefined, ours: string): string {
  if (onChain === ours) return 'this is the one on the chain';
  return onChain === undefined ? 'the same name' : 'the same name, but another certificate';
}

const idReasons: ReadonlySet<RefusalReason> = new Set([
  'enrollment-unknown',
  'issuer-unknown',
  'common-name-mismatch',
  'token-signature',
]);

/** Individual enrollments that the id, or the name in the certificate, almost is. */
async function spelledAlike(rooms: Rooms, { registrationId, certificateName, reason }: Attempt): Promise<NearMatch[]> {
  const { enrollments } = rooms;
  if (!idReasons.has(reason)) return [];
  const alike = nearSpellings(registrationId, await enrollments.neighbours(registrationId), eachMax)
    .filter(({ how }) => how !== 'differs only in case')
    .map(({ name, how }) => ({ kind: 'enrollment', name, detail: `There is an enrollment of ${name}: ${how}.` }) as const);
  if (certificateName === undefined || certificateName.toLowerCase() === registrationId.toLowerCase()) return alike;
  const named = await enrollments.load(certificateName);
  if (!named) return alike;
  return [
    { kind: 'enrollment', name: named.registrationId, detail: 'The certificate names this enrollment, and it exists.' },
    ...alike.filter(({ name }) => name !== named.registrationId),
  ];
}

async function disabledToo({ enrollments }: Rooms, { registrationId, reason }: Attempt): Promise<NearMatch[]> {
  if (reason === 'enrollment-disabled' || reason === 'scope-unknown') return [];
  const enrollment = await enrollments.load(registrationId);
  if (!enrollment || enrollment.isEnabled) return [];
  return [{ kind: 'enrollment', name: enrollment.registrationId, detail: 'This enrollment is disabled as well.' }];
}
