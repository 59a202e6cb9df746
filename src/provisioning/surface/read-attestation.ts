import type { CaCertificates } from '#authorities/ca-certificates.ts';
import { sha256Hex } from '#base/bytes.ts';
import { Problem } from '#base/problem.ts';
import { parseCertificateFile } from '#pki/pem.ts';
import { normalizeThumbprint } from '#trust/thumbprint.ts';
import type { AskedCertificate, AskedMechanism } from '../contract/service-requests.ts';
import type { AskedEnrollmentAttestation, EnrollmentAttestation } from '../enrollments/enrollment.ts';
import type { AskedAttestation, GroupAttestation } from '../enrollments/enrollment-group.ts';

/** The attestation of one device out of a request. Throws Problem `argument-invalid`, `certificate-invalid` or `not-supported`. */
export function readEnrollmentAttestation(
  asked: AskedMechanism,
  present: EnrollmentAttestation | undefined,
): AskedEnrollmentAttestation {
  if (asked.type === 'symmetricKey') return readKeys(asked);
  requireX509(asked);
  const { clientCertificates, signingCertificates, caReferences } = asked.x509 ?? {};
  if (caReferences) throw new Problem('not-supported', 'An enrollment of one device by a CA reference is not supported.');
  if (signingCertificates || !clientCertificates) {
    throw new Problem('argument-invalid', 'The enrollment of one device by certificate needs clientCertificates.');
  }
  const known = present?.type === 'x509' ? present : undefined;
  const slots = slotsOf(known);
  const primary = readSlot(clientCertificates.primary, slots);
  const secondary = readSlot(clientCertificates.secondary, slots);
  return {
    type: 'x509',
    ...(primary && { primaryThumbprint: primary.thumbprint, ...(primary.der && { primaryCertificate: primary.der }) }),
    ...(secondary && {
      secondaryThumbprint: secondary.thumbprint,
      ...(secondary.der && { secondaryCertificate: secondary.der }),
    }),
  };
}

/** That of a group. A CA that is referred to must be there and proven. Throws as above. */
export async function readGroupAttestation(
  asked: AskedMechanism,
  present: GroupAttestation | undefined,
  authorities: Pick<CaCertificates, 'load'>,
): Promise<AskedAttestation> {
  if (asked.type === 'symmetricKey') return readKeys(asked);
  requireX509(asked);
  const { clientCertificates, signingCertificates, caReferences } = asked.x509 ?? {};
  if (clientCertificates || (signingCertificates && caReferences)) {
    throw new Problem('argument-invalid', 'A group by certificate has either signingCertificates or caReferences.');
  }
  if (caReferences) return readReferences(caReferences, present, authorities);
  const known = present?.type === 'x509' ? present : undefined;
  const slots = slotsOf({
    ...(known?.primaryCertificate && { primaryCertificate: known.primaryCertificate }),
    ...(known?.secondaryCertificate && { secondaryCertificate: known.secondaryCertificate }),
  });
  const primary = readSlot(signingCertificates?.primary, slots)?.der;
  const secondary = readSlot(signingCertificates?.secondary, slots)?.der;
  if (!primary && !secondary) throw new Problem('argument-invalid', 'A group by certificate needs at least one.');
  return {
    type: 'x509',
    ...(primary && { primaryCertificate: primary }),
    ...(secondary && { secondaryCertificate: secondary }),
  };
}

function readKeys({ symmetricKey }: AskedMechanism) {
  const { primaryKey, secondaryKey } = symmetricKey ?? {};
  return { type: 'symmetricKey', ...(primaryKey && { primaryKey }), ...(secondaryKey && { secondaryKey }) } as const;
}

function requireX509({ type }: AskedMechanism): void {
  if (type === 'tpm') throw new Problem('not-supported', 'Enrollments by TPM are not supported.');
  if (type === 'none') throw new Problem('argument-invalid', 'The attestation must be x509 or symmetricKey.');
}

type Slot = { readonly thumbprint: string; readonly der?: Buffer };

function slotsOf(
  present: {
    primaryThumbprint?: string;
    secondaryThumbprint?: string;
    primaryCertificate?: Buffer;
    secondaryCertificate?: Buffer;
  } = {},
): Slot[] {
  return [
    slotOf(present.primaryCertificate, present.primaryThumbprint),
    slotOf(present.secondaryCertificate, present.secondaryThumbprint),
  ].filter((slot) => slot !== undefined);
}

function slotOf(der: Buffer | undefined, thumbprint: string | undefined): Slot | undefined {
  if (der) return { thumbprint: sha256Hex(der), der };
  return thumbprint === undefined ? undefined : { thumbprint };
}

/** A certificate that was not sent again is the one that is kept, told by its thumbprint: clients get no certificates back (4.2). */
function readSlot(asked: AskedCertificate | null | undefined, present: readonly Slot[]): Slot | undefined {
  if (!asked) return undefined;
  if (asked.certificate) {
    const der = parseCertificateFile(Buffer.from(asked.certificate));
    return { thumbprint: sha256Hex(der), der };
  }
  const named = normalizeThumbprint(asked.info?.sha256Thumbprint ?? '');
  const kept = present.find(({ thumbprint }) => thumbprint === named);
  if (kept) return kept;
  throw new Problem('argument-invalid', 'A certificate is missing: none is kept of that thumbprint.');
}

async function readReferences(
  asked: { primary?: string | null | undefined; secondary?: string | null | undefined },
  present: GroupAttestation | undefined,
  authorities: Pick<CaCertificates, 'load'>,
): Promise<AskedAttestation> {
  const known = present?.type === 'x509' ? [present.primaryCertificateId, present.secondaryCertificateId] : [];
  const check = async (name: string | null | undefined) => {
    if (!name) return undefined;
    // One that waits for its proof in a group already may stay there.
    if (known.includes(name) || (await authorities.load(name))?.isVerified) return name;
    throw new Problem('argument-invalid', `There is no verified certificate ${name}.`, { reason: 'certificate-not-found' });
  };
  const primary = await check(asked.primary);
  const secondary = await check(asked.secondary);
  if (!primary && !secondary) throw new Problem('argument-invalid', 'A group by certificate needs at least one.');
  return {
    type: 'x509',
    ...(primary && { primaryCertificateId: primary }),
    ...(secondary && { secondaryCertificateId: secondary }),
  };
}
