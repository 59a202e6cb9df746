import { formatInstant, hourMs, type Instant, plus } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Certificate } from '#pki/certificate.ts';
import { type CertificateRequest as Csr, parseCsr } from '#pki/csr.ts';
import { issueCertificate } from '#pki/issue.ts';
import { spkiSha256Of } from '#pki/key.ts';
import type { Audit } from '#sphere/audit/audit.ts';
import type { ClockGuard } from '#sphere/clock/clock-guard.ts';
import type { CertificateReply, CertificateRequest } from '#sphere/contract/attestation.ts';
import { type CertificateClaims, certificateClaimsSchema } from '#sphere/contract/evidence.ts';
import type { ClaimedDevice, Devices } from '#sphere/devices/devices.ts';
import { retryAfterSecondsOf, type SphereLimits } from '#sphere/limits/sphere-limits.ts';
import type { Policies, TenantPolicy } from '#sphere/policies/policies.ts';
import type { ReferenceValues } from '#sphere/policies/reference-values.ts';
import type { Authorities } from '#sphere/tenants/authorities.ts';
import type { Authority } from '#sphere/tenants/authority.ts';
import type { Database } from '#storage/database.ts';
import { attestSphere, type SphereAppraisal } from '#trust/attest-sphere.ts';
import { hasLeaf, insertLeaf } from './attestation-store.ts';
import type { Nonces } from './nonces.ts';
import { type Outcome, refuseOutcome } from './outcome.ts';
import { proveDevice, refused } from './prove-device.ts';
import { type Evidence, readEvidence } from './read-evidence.ts';

export type AttestationRooms = {
  readonly platform: Platform;
  readonly database: Database;
  readonly nonces: Nonces;
  readonly devices: Devices;
  readonly policies: Policies;
  readonly referenceValues: ReferenceValues;
  readonly authorities: Authorities;
  readonly audit: Audit;
  readonly clockGuard: ClockGuard;
  readonly limits: SphereLimits;
  /** Origins under which devices reach this service, the one they are told first. */
  readonly origins: readonly [string, ...string[]];
};

/** Two thirds of a leaf's life, spread so that a fleet that started together does not stay together. */
const renewAfterMs = 16 * hourMs;
const renewJitter = 0.1;

/** How often an appraisal begins anew because the device's record changed meanwhile. */
const appraisalsMax = 5;

/**
 * Attestation: evidence and certificate request in, today's certificate out. All steps of sphere.md
 * 3.7 in their order. A leaf leaves only after the record of it is on disk.
 *
 * Throws Problem `unavailable` when that record cannot be written.
 */
export async function issueDailyCertificate(
  rooms: AttestationRooms,
  request: CertificateRequest,
): Promise<Outcome<CertificateReply>> {
  const { limits, nonces, origins } = rooms;
  const { deviceId, tenantId } = request;
  const read = readEvidence(request.evidence, certificateClaimsSchema);
  if (!read.accepted) return refused(read.refusal, [], false);
  const evidence = read.value;
  const waitMs = limits.takeAttempt(request) || limits.certificateWaitMs(deviceId);
  if (waitMs > 0) return rateLimited(waitMs, false);

  const csrDer = Buffer.from(request.csr, 'base64');
  const { claims } = evidence;
  const proof = await proveDevice(nonces, origins, {
    deviceId,
    tenantId,
    evidence: evidence.text,
    nonce: claims.eat_nonce,
    address: claims,
    binding: { claim: 'hp-csr', stated: claims['hp-csr'], subject: csrDer },
  });
  if (!proof.accepted) return proof;

  const csr = tryParseCsr(csrDer);
  const identitySpkiSha256 = spkiSha256Of(proof.identityKey);
  for (let attempt = 1; attempt <= appraisalsMax; attempt++) {
    const appraised = await appraise(rooms, { request, evidence, csr, identitySpkiSha256 });
    if (!appraised.verdict.accepted) {
      const { refusal, required } = appraised.verdict;
      return { ...refused(refusal, proof.trace, true), ...(required === undefined ? {} : { required }) };
    }
    const { device, authority } = appraised;
    if (!csr || !device || !authority) throw new Error('an appraisal passed without its subject');
    const takeMs = attempt === 1 ? limits.takeCertificate(deviceId) : 0;
    if (takeMs > 0) return rateLimited(takeMs, true);
    const issued = await issue(rooms, { ...appraised, device, authority, csr, evidence, value: appraised.verdict.value });
    if (issued === 'key-used') {
      return refuseOutcome('csr-key-reuse', 'This key was certified before; make a new key pair for each certificate.', {
        isProven: true,
        trace: [...proof.trace, ...appraised.verdict.trace],
      });
    }
    if (issued !== 'device-changed') return { accepted: true, value: issued };
  }
  throw new Problem('unavailable', 'The device attests too often at once.', { retryAfterSeconds: 1 });
}

type Subject = {
  request: CertificateRequest;
  evidence: Evidence<CertificateClaims>;
  csr: Csr | undefined;
  identitySpkiSha256: string;
};

/** Loads what steps 7 to 14 look at, and lets trust decide. */
async function appraise(rooms: AttestationRooms, { request, evidence, csr, identitySpkiSha256 }: Subject) {
  const { database, devices, policies, referenceValues, authorities, clockGuard, platform } = rooms;
  const { deviceId, tenantId } = request;
  const device = await devices.load(deviceId);
  const policy = await policies.load(tenantId);
  const authority = await authorities.loadActive(tenantId);
  const verdict = attestSphere({
    deviceId,
    tenantId,
    claims: evidence.claims,
    measurements: evidence.components,
    request: csr,
    identitySpkiSha256,
    isKeyUsed: csr !== undefined && (await hasLeaf(database, deviceId, csr.spkiSha256)),
    device,
    policy,
    referenceValues: await referenceValues.load(evidence.components.map((component) => component.id)),
    authorityNotAfter: authority?.certificate.notAfter,
    clockMark: await clockGuard.loadMark(),
    at: platform.clock.now(),
  });
  return { verdict, device, policy, authority };
}

type Issue = {
  device: ClaimedDevice;
  authority: Authority;
  policy: TenantPolicy;
  csr: Csr;
  evidence: Evidence<CertificateClaims>;
  value: SphereAppraisal;
};

async function issue(rooms: AttestationRooms, parts: Issue): Promise<CertificateReply | 'key-used' | 'device-changed'> {
  const { platform, authorities } = rooms;
  const { device, authority, policy, csr, evidence, value } = parts;
  const now = platform.clock.now();
  const leaf = await issueCertificate({
    profile: 'sphere-leaf',
    subject: [['CN', device.deviceId]],
    publicKey: csr.publicKey,
    issuer: await authorities.loadIssuer(authority),
    now,
    random: platform.random,
    assuranceLevel: value.assurance,
    policyVersion: policy.version,
  });
  const recorded = await record(rooms, { parts, now, leaf });
  if (recorded !== 'recorded') return recorded;
  const { claims } = evidence;
  platform.log.info('leaf.issued', {
    deviceId: device.deviceId,
    tenantId: device.tenantId,
    serial: leaf.serialHex,
    boot: claims.bootcount,
  });
  const jitter = 1 - renewJitter + 2 * renewJitter * platform.random.fraction();
  return {
    status: 'issued',
    certificate: leaf.der.toString('base64'),
    chain: (await authorities.exportChain(authority)).toString('base64'),
    notBefore: formatInstant(leaf.notBefore),
    notAfter: formatInstant(leaf.notAfter),
    renewAfter: formatInstant(plus(now, Math.round(renewAfterMs * jitter))),
    serverTime: formatInstant(now),
    assurance: value.assurance,
    tier: value.tier,
    warnings: [...value.warnings],
    policyVersion: policy.version,
  };
}

/** Audit entry, certified key, boot state and clock mark, all or none. */
async function record(
  { database, devices, audit, clockGuard }: AttestationRooms,
  { parts, now, leaf }: { parts: Issue; now: Instant; leaf: Certificate },
): Promise<'recorded' | 'key-used' | 'device-changed'> {
  const { device, authority, policy, csr, evidence, value } = parts;
  const { claims } = evidence;
  const { deviceId, tenantId } = device;
  const certificateSha256 = leaf.sha256Thumbprint;
  try {
    const write = await audit.prepare({
      type: 'issue',
      tenantId,
      deviceId,
      certificateSha256,
      policyVersion: policy.version,
      actor: 'device',
    });
    return await database.transaction().execute(async (transaction) => {
      const isUnchanged = await devices.recordAttestation(transaction, device, {
        bootCount: claims.bootcount,
        bootSeed: claims.bootseed,
        osVersion: `${claims.swname} ${claims.swversion[0]}`,
        assurance: value.assurance,
        attestedAt: now,
        leafNotAfter: leaf.notAfter,
      });
      if (!isUnchanged) throw new Undone('device-changed');
      const isNewKey = await insertLeaf(transaction, {
        device_id: deviceId,
        spki_sha256: csr.spkiSha256,
        certificate_sha256: certificateSha256,
        issued_at: now,
        not_after: leaf.notAfter,
        serial: leaf.serialHex,
        authority_serial: authority.certificate.serialHex,
      });
      if (!isNewKey) throw new Undone('key-used');
      await write(transaction);
      await clockGuard.raise(transaction, now);
      return 'recorded' as const;
    });
  } catch (error) {
    if (error instanceof Undone) return error.why;
    throw new Problem('unavailable', 'The issue could not be recorded, so nothing was issued.', {
      cause: error,
      retryAfterSeconds: 10,
    });
  }
}

/** Takes a transaction back. */
class Undone extends Error {
  readonly why: 'device-changed' | 'key-used';

  constructor(why: 'device-changed' | 'key-used') {
    super(why);
    this.why = why;
  }
}

function rateLimited(waitMs: number, isProven: boolean) {
  return refuseOutcome('rate-limited', 'Too many requests for this device.', {
    isProven,
    retryAfterSeconds: retryAfterSecondsOf(waitMs),
  });
}

function tryParseCsr(der: Buffer): Csr | undefined {
  try {
    return parseCsr(der);
  } catch {
    return undefined;
  }
}
