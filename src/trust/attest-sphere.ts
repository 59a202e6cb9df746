import type { KeyObject } from 'node:crypto';
import { formatInstant, type Instant, minuteMs } from '#base/instant.ts';
import { checkMeasurements, type Measurement, type ReferenceValue, type RequiredVersion } from './sphere-measurements.ts';
import { accept, type Refusal, type RefusalReason, refuse, type TraceStep } from './verdict.ts';

/** In rising order; sphere.md 1.5 says what each may and may not be taken to mean. */
export const assuranceLevels = ['A0', 'A1', 'A2', 'A3'] as const;
export type AssuranceLevel = (typeof assuranceLevels)[number];

/** What a tenant demands of its devices. */
export type SpherePolicy = {
  readonly version: string;
  readonly debug: 'denied' | 'allowed';
  readonly assuranceMin: AssuranceLevel;
  /** A component of each of these types must be measured. */
  readonly requiredTypes: readonly string[];
  /** Lowest security version by component id. */
  readonly floors: Readonly<Record<string, number>>;
};

/** The signed claims that appraisal looks at. */
export type SphereClaims = {
  readonly dbgstat: string;
  readonly bootcount: number;
  readonly bootseed: string;
  readonly iat?: number | undefined;
  readonly 'hp-clock': 'trusted' | 'untrusted';
  readonly 'hp-epoch': number;
};

/** A certificate request as pki reads it. */
export type SphereRequest = {
  readonly commonNames: readonly string[];
  readonly subjectAttributeCount: number;
  readonly publicKey: KeyObject;
  readonly spkiSha256: string;
  readonly isSignatureValid: boolean;
};

/** What the service holds about the device; undefined when nobody has claimed it. */
export type SphereDevice = {
  readonly tenantId: string;
  readonly claimEpoch: number;
  readonly status: 'active' | 'suspended' | 'revoked';
  readonly bootCount: number | undefined;
  readonly bootSeed: string | undefined;
};

export type SphereAppraisalInput = {
  readonly deviceId: string;
  readonly tenantId: string;
  readonly claims: SphereClaims;
  readonly measurements: readonly Measurement[];
  /** Undefined when the bytes are no certificate request. */
  readonly request: SphereRequest | undefined;
  readonly identitySpkiSha256: string;
  /** Whether this device has had the request's key certified before. */
  readonly isKeyUsed: boolean;
  readonly device: SphereDevice | undefined;
  readonly policy: SpherePolicy;
  readonly referenceValues: readonly ReferenceValue[];
  /** Until when the tenant's active CA can sign; undefined when there is none. */
  readonly authorityNotAfter: Instant | undefined;
  /** The highest time at which anything was issued. */
  readonly clockMark: Instant;
  readonly at: Instant;
};

/** The result tiers that let a leaf out (after AR4SI). */
export type SphereAppraisal = {
  readonly assurance: AssuranceLevel;
  readonly tier: 'affirming' | 'warning';
  readonly warnings: readonly string[];
};

export type SphereVerdict =
  | { readonly accepted: true; readonly value: SphereAppraisal; readonly trace: readonly TraceStep[] }
  | { readonly accepted: false; readonly refusal: Refusal; readonly required?: RequiredVersion };

/** How far a clock that calls itself trusted may be off. */
export const deviceClockSkewMaxMs = 5 * minuteMs;
/** How far the server's clock may fall behind its own mark before it is not believed. */
export const serverClockBehindMaxMs = 2 * minuteMs;

/**
 * Decides whether a device that proved its key gets today's certificate: steps 7 to 14 of sphere.md
 * 3.7, in that order. The first step that fails names the reason; the trace holds those before it.
 * Steps 3 to 6 are in sphere-nonce.ts and sphere-evidence.ts.
 *
 * Pure: the caller brings the records and the instants. The assurance level is computed here from
 * what was proven and never read from the device.
 */
export function attestSphere(input: SphereAppraisalInput): SphereVerdict {
  const trace: TraceStep[] = [];
  const warnings: string[] = [];
  const fail = (check: string, reason: RefusalReason, detail: string, fix?: string): SphereVerdict =>
    refuse(reason, detail, { check, trace, ...(fix === undefined ? {} : { fix }) });

  const request = checkRequest(input);
  if (request) return fail('certificate request', ...request);
  trace.push({ check: 'certificate request', passed: true });

  const ownership = checkOwnership(input);
  if (ownership) return fail('claim', ...ownership);
  trace.push({ check: 'claim', passed: true });

  const boot = checkBoot(input);
  if (boot) return fail('boot counter', ...boot);
  trace.push({ check: 'boot counter', passed: true });

  const clock = checkDeviceClock(input);
  if (clock) return fail('device clock', ...clock);
  trace.push({ check: 'device clock', passed: true, detail: input.claims['hp-clock'] });

  if (input.claims.dbgstat === 'enabled') {
    if (input.policy.debug === 'denied') {
      return fail(
        'debug state',
        'debug-enabled',
        'The device is in development mode and the policy does not allow that.',
        'Run azsphere device enable-cloud-test, or change the policy.',
      );
    }
    warnings.push('debug-enabled');
  }
  trace.push({ check: 'debug state', passed: true, detail: input.claims.dbgstat });

  const measured = checkMeasurements(input.measurements, input.referenceValues, input.policy, input.at);
  if (!measured.accepted) {
    const verdict = fail('measurements', measured.reason, measured.detail, measured.fix);
    return !verdict.accepted && measured.required ? { ...verdict, required: measured.required } : verdict;
  }
  warnings.push(...measured.warnings);
  trace.push({ check: 'measurements', passed: true, detail: `${input.measurements.length} components` });

  // Nothing but a signature by a key in a file has been shown: that is A0, whatever the device says of itself.
  const assurance: AssuranceLevel = 'A0';
  if (assuranceLevels.indexOf(assurance) < assuranceLevels.indexOf(input.policy.assuranceMin)) {
    return fail(
      'assurance',
      'assurance-too-low',
      `The evidence shows ${assurance}; the policy asks for ${input.policy.assuranceMin}.`,
    );
  }
  trace.push({ check: 'assurance', passed: true, detail: assurance });

  if (isClockBehind(input.at, input.clockMark)) {
    return fail(
      'server clock',
      'clock-guard',
      `The server's clock is behind ${formatInstant(input.clockMark)}, when it last issued something.`,
      "Set the server's clock right; issuing resumes by itself.",
    );
  }
  trace.push({ check: 'server clock', passed: true });
  if (input.authorityNotAfter === undefined || input.authorityNotAfter <= input.at) {
    return fail('tenant CA', 'ca-unavailable', 'The tenant has no CA that can sign now.');
  }
  trace.push({ check: 'tenant CA', passed: true });
  return accept({ assurance, tier: warnings.length > 0 ? ('warning' as const) : ('affirming' as const), warnings }, trace);
}

/** Whether the wall clock has fallen so far behind what we already issued under that it cannot be right. */
export function isClockBehind(at: Instant, mark: Instant): boolean {
  return at < mark - serverClockBehindMaxMs;
}

type Failure = readonly [RefusalReason, string, string?];

const requestCurves = new Set(['prime256v1', 'secp384r1']);

/** Step 7. */
function checkRequest({ request, deviceId, identitySpkiSha256, isKeyUsed }: SphereAppraisalInput): Failure | undefined {
  if (!request) return ['csr-invalid', 'The certificate request cannot be read.'];
  if (!request.isSignatureValid) return ['csr-invalid', 'The certificate request is not signed by the key it asks for.'];
  if (!requestCurves.has(request.publicKey.asymmetricKeyDetails?.namedCurve ?? '')) {
    return ['csr-invalid', 'The key of the certificate request must be P-256 or P-384.'];
  }
  if (request.subjectAttributeCount !== 1 || request.commonNames.length !== 1 || request.commonNames[0] !== deviceId) {
    return ['csr-cn-mismatch', 'The subject of the certificate request must be exactly CN=<device id>, in lower case.'];
  }
  if (request.spkiSha256 === identitySpkiSha256) {
    return ['csr-key-reuse', 'The identity key cannot be certified; make a key pair for the certificate.'];
  }
  if (isKeyUsed) return ['csr-key-reuse', 'This key was certified before; make a new key pair for each certificate.'];
  return undefined;
}

/** Step 8. Another tenant's ownership is told as just that: not yours. */
function checkOwnership({ device, tenantId, claims }: SphereAppraisalInput): Failure | undefined {
  if (!device)
    return ['not-claimed', 'No tenant has claimed this device.', 'Run azsphere device claim with the device attached.'];
  if (device.tenantId !== tenantId) return ['wrong-tenant', 'The device does not belong to this tenant.'];
  if (claims['hp-epoch'] !== device.claimEpoch) {
    return ['claim-epoch', `The evidence is of claim epoch ${claims['hp-epoch']}; the device's claim is newer or older.`];
  }
  if (device.status === 'suspended') return ['device-suspended', 'The device is suspended.'];
  if (device.status === 'revoked') return ['device-revoked', 'The device is revoked.'];
  return undefined;
}

/** Step 9. A key on two machines shows as two boot seeds at one boot count, or as a count that falls. */
function checkBoot({ device, claims }: SphereAppraisalInput): Failure | undefined {
  if (device?.bootCount === undefined) return undefined;
  if (claims.bootcount < device.bootCount) {
    return ['rollback-detected', `The boot counter says ${claims.bootcount}; it has been ${device.bootCount} before.`];
  }
  if (claims.bootcount === device.bootCount && claims.bootseed !== device.bootSeed) {
    return ['clone-suspected', `Two different boots both call themselves number ${claims.bootcount}.`];
  }
  return undefined;
}

/** Step 10. An untrusted clock proves nothing and is not held against the device: the nonce is what is fresh. */
function checkDeviceClock({ claims, at }: SphereAppraisalInput): Failure | undefined {
  if (claims['hp-clock'] === 'untrusted') return undefined;
  const skewMs = Math.abs((claims.iat ?? 0) * 1000 - at);
  if (skewMs <= deviceClockSkewMaxMs) return undefined;
  return [
    'clock-skew',
    `The device trusts its clock, which is ${Math.round(skewMs / 1000)} s off.`,
    'Set its clock, or call it untrusted.',
  ];
}
