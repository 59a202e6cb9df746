import { formatInstant } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import { type AttestationRooms, issueDailyCertificate } from '#sphere/attestation/issue-daily-certificate.ts';
import { nonceLifeMs } from '#sphere/attestation/nonces.ts';
import type { Outcome } from '#sphere/attestation/outcome.ts';
import { recordRefusal } from '#sphere/attestation/record-refusal.ts';
import { claimDevice } from '#sphere/claims/claim-device.ts';
import {
  type AttestationConfiguration,
  attestationBasePath,
  attestationPaths,
  cacertsQuerySchema,
  certificateRequestSchema,
  claimRequestSchema,
  type NonceReply,
  nonceRequestSchema,
} from '#sphere/contract/attestation.ts';
import { audienceOf, evidenceFormat, evidenceLimits, evidenceProfile } from '#sphere/contract/evidence.ts';
import { parseSphereDeviceId } from '#sphere/devices/device-id.ts';
import { retryAfterSecondsOf } from '#sphere/limits/sphere-limits.ts';
import type { Tenants } from '#sphere/tenants/tenants.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import { defineRoute, type Reply, type Route } from '#wire/http/route.ts';
import { refusalReply } from './attestation-errors.ts';

const route = defineRoute<undefined, never>();

/** Evidence, request and names, with room for JSON around them. */
const bodyBytesMax = evidenceLimits.evidenceBytesMax + 16 * 1024;
const nonceBodyBytesMax = 4 * 1024;
const unstored = { 'cache-control': 'no-store' };

export type DeviceRoutesOptions = AttestationRooms & { readonly tenants: Tenants; readonly refusals: RefusalLog };

/** Homeport Attestation 1 for devices (sphere.md 3.3). Nobody signs in: what they send is the credential. */
export function deviceRoutes(options: DeviceRoutesOptions): Route<undefined, never>[] {
  const { platform, nonces, policies, limits, origins, tenants, authorities, clockGuard } = options;

  const answer = <T>(context: { remoteAddress: string; trackingId: string }, deviceId: string, outcome: Outcome<T>): Reply => {
    if (outcome.accepted) return { status: 200, headers: unstored, json: outcome.value };
    recordRefusal(options, { deviceId, peer: context.remoteAddress }, outcome);
    return refusalReply(outcome, context.trackingId);
  };

  return [
    route({
      method: 'GET',
      path: attestationPaths.configuration,
      permission: 'none',
      summary: 'What this service speaks, where, and what time it is',
      async handle({ headers }) {
        const json: AttestationConfiguration = {
          profile: evidenceProfile,
          evidenceFormats: [evidenceFormat],
          origin: originFor(origins, headers.host),
          serverTime: formatInstant(platform.clock.now()),
          limits: evidenceLimits,
          links: {
            nonces: attestationPaths.nonces,
            certificates: attestationPaths.certificates,
            claims: attestationPaths.claims,
            cacerts: `${attestationBasePath}/cacerts`,
          },
        };
        return { headers: unstored, json };
      },
    }),
    route({
      method: 'POST',
      path: attestationPaths.nonces,
      permission: 'none',
      summary: 'A nonce for one device and one tenant; the same answer whether or not we know them',
      body: nonceRequestSchema,
      bodyBytesMax: nonceBodyBytesMax,
      async handle({ body, remoteAddress }) {
        const deviceId = parseSphereDeviceId(body.deviceId);
        const { tenantId } = body;
        throttle(limits.takeNonce({ address: remoteAddress, deviceId, tenantId }), 'Too many nonces were requested.');
        const { nonce } = await nonces.issue({ deviceId, tenantId, audience: audienceOf(origins[0], tenantId) });
        const policy = await policies.load(tenantId);
        const json: NonceReply = {
          nonce,
          expiresIn: nonceLifeMs / 1000,
          serverTime: formatInstant(await clockGuard.trustedNow()),
          policyVersion: policy.version,
          require: policy.requiredTypes,
        };
        return { status: 201, headers: unstored, json };
      },
    }),
    route({
      method: 'POST',
      path: attestationPaths.certificates,
      permission: 'none',
      summary: "Evidence and a certificate request for today's certificate",
      body: certificateRequestSchema,
      bodyBytesMax,
      async handle(context) {
        throttle(limits.takeEvidence(context.remoteAddress), tooMuchEvidence);
        return answer(context, context.body.deviceId, await issueDailyCertificate(options, context.body));
      },
    }),
    route({
      method: 'POST',
      path: attestationPaths.claims,
      permission: 'none',
      summary: "Evidence and a claim code make the device the tenant's",
      body: claimRequestSchema,
      bodyBytesMax,
      async handle(context) {
        throttle(limits.takeEvidence(context.remoteAddress), tooMuchEvidence);
        return answer(context, context.body.deviceId, await claimDevice(options, context.body));
      },
    }),
    route({
      method: 'GET',
      path: `${attestationBasePath}/cacerts`,
      permission: 'none',
      summary: "The tenant's chain as PKCS#7: root, policy, tenant",
      query: cacertsQuerySchema,
      async handle({ query }) {
        const { tenantId } = await tenants.require(query.tenant);
        const chain = await authorities.exportChain(await authorities.require(tenantId));
        return { bytes: { type: 'application/pkcs7-mime; smime-type=certs-only', data: chain } };
      },
    }),
  ];
}

const tooMuchEvidence = 'Too much evidence came from this address.';

function throttle(waitMs: number, detail: string): void {
  if (waitMs > 0) throw new Problem('throttled', detail, { retryAfterSeconds: retryAfterSecondsOf(waitMs) });
}

/** The origin that the caller used, when it is one of ours, so that a device hears the name it was told. */
function originFor(origins: readonly [string, ...string[]], host: string | undefined): string {
  return origins.find((origin) => new URL(origin).host === host?.toLowerCase()) ?? origins[0];
}
