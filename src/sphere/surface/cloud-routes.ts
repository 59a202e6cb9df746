import { formatInstant, type Instant } from '#base/instant.ts';
import type { ClaimCodes } from '#sphere/claims/claim-codes.ts';
import {
  activateQuerySchema,
  type CloudCertificate,
  type CloudClaimCode,
  type CloudDevice,
  type CloudDeviceDetail,
  type CloudTenant,
  certificateQuerySchema,
  cloudBasePath,
  deviceDeeds,
  devicesQuerySchema,
  revokeQuerySchema,
} from '#sphere/contract/cloud.ts';
import { parseSphereDeviceId } from '#sphere/devices/device-id.ts';
import { changeDeviceStatus, type DeviceStatusRooms } from '#sphere/devices/device-status.ts';
import type { ClaimedDevice } from '#sphere/devices/devices.ts';
import type { Authorities } from '#sphere/tenants/authorities.ts';
import { type Authority, statusOf } from '#sphere/tenants/authority.ts';
import { issueProof, type ProofOptions } from '#sphere/tenants/issue-proof.ts';
import type { Rotation } from '#sphere/tenants/rotation.ts';
import type { Tenants } from '#sphere/tenants/tenants.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Permission } from '#trust/permissions.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';

const route = defineRoute<UserCaller, Permission>();

export type CloudRoutesOptions = ProofOptions &
  DeviceStatusRooms & {
    readonly tenants: Tenants;
    readonly authorities: Authorities;
    readonly rotation: Rotation;
    readonly claimCodes: ClaimCodes;
  };

const tenantPath = `${cloudBasePath}/tenants/:tenantId`;

/** What the azsphere command calls: the original's public API v2 as far as this build goes (sphere.md 1.7). */
export function cloudRoutes(options: CloudRoutesOptions): Route<UserCaller, Permission>[] {
  const { platform, tenants, authorities, rotation, devices, claimCodes } = options;
  const tenantOf = async (params: Readonly<Record<string, string>>) =>
    (await tenants.requireAdministered(params.tenantId ?? '')).tenantId;

  return [
    route({
      method: 'GET',
      path: `${cloudBasePath}/tenants`,
      permission: 'sphere.read',
      summary: 'The tenants of the caller, oldest first',
      async handle() {
        const json: CloudTenant[] = (await tenants.listAdministered()).map(({ tenantId, name }) => ({
          Id: tenantId,
          Name: name,
          Roles: ['Administrator'],
        }));
        return { json };
      },
    }),
    route({
      method: 'GET',
      path: `${tenantPath}/certificates`,
      permission: 'sphere.read',
      summary: "The tenant's CA certificates, oldest first",
      async handle({ params }) {
        const now = platform.clock.now();
        return { json: (await authorities.list(await tenantOf(params))).map((authority) => certificateJson(authority, now)) };
      },
    }),
    route({
      method: 'POST',
      path: `${tenantPath}/certificates/activate`,
      permission: 'sphere.administer',
      summary: 'Makes the CA certificate that waits the active one; refused while somebody who trusts the present one lacks it',
      query: activateQuerySchema,
      async handle({ caller, params, query }) {
        const how = { forced: query.force === 'true', actor: caller.userId };
        const activated = await rotation.activate(await tenantOf(params), query.thumbprint, how);
        return { json: certificateJson(activated, platform.clock.now()) };
      },
    }),
    route({
      method: 'POST',
      path: `${tenantPath}/certificates/revoke`,
      permission: 'sphere.administer',
      summary: 'Revokes a CA certificate for good; of the active one the successor is active at once',
      query: revokeQuerySchema,
      async handle({ caller, params, query }) {
        const revoked = await rotation.revoke(await tenantOf(params), query.thumbprint, caller.userId);
        return { json: certificateJson(revoked, platform.clock.now()) };
      },
    }),
    route({
      method: 'GET',
      path: `${tenantPath}/cert`,
      permission: 'sphere.read',
      summary: 'A CA certificate as base64',
      query: certificateQuerySchema,
      async handle({ params, query }) {
        const { certificate } = await authorities.require(await tenantOf(params), query.thumbprint);
        return { json: certificate.der.toString('base64') };
      },
    }),
    route({
      method: 'GET',
      path: `${tenantPath}/certchain`,
      permission: 'sphere.read',
      summary: 'A CA certificate below policy and root as base64 of PKCS#7',
      query: certificateQuerySchema,
      async handle({ params, query }) {
        const authority = await authorities.require(await tenantOf(params), query.thumbprint);
        return { json: (await authorities.exportChain(authority)).toString('base64') };
      },
    }),
    route({
      method: 'GET',
      path: `${tenantPath}/verification/:code`,
      permission: 'sphere.administer',
      summary: 'A certificate that proves possession of a CA for the given code',
      query: certificateQuerySchema,
      async handle({ caller, params, query }) {
        const tenantId = await tenantOf(params);
        const request = { tenantId, code: params.code ?? '', selector: query.thumbprint, actor: caller.userId };
        const proof = await issueProof(options, request);
        return { headers: { 'cache-control': 'no-store' }, json: proof.toString('base64') };
      },
    }),
    route({
      method: 'GET',
      path: `${tenantPath}/devices`,
      permission: 'sphere.read',
      summary: "The tenant's devices in the order of their ids",
      query: devicesQuerySchema,
      async handle({ params, query }) {
        const page = await devices.list(await tenantOf(params), query.continuationToken);
        return { json: { Items: page.devices.map(deviceJson), ContinuationToken: page.next ?? null } };
      },
    }),
    route({
      method: 'GET',
      path: `${tenantPath}/devices/:deviceId`,
      permission: 'sphere.read',
      summary: 'One device of the tenant',
      async handle({ params }) {
        const tenantId = await tenantOf(params);
        const device = await devices.require(tenantId, parseSphereDeviceId(params.deviceId ?? ''));
        return { json: deviceDetailJson(device) };
      },
    }),
    ...deviceDeeds.map((deed) =>
      route({
        method: 'POST',
        path: `${tenantPath}/devices/:deviceId/${deed}`,
        permission: 'sphere.administer',
        summary: summaries[deed],
        async handle({ caller, params }) {
          const tenantId = await tenantOf(params);
          const deviceId = parseSphereDeviceId(params.deviceId ?? '');
          return {
            json: deviceDetailJson(await changeDeviceStatus(options, { tenantId, deviceId, deed, actor: caller.userId })),
          };
        },
      }),
    ),
    route({
      method: 'POST',
      path: `${tenantPath}/claimcodes`,
      permission: 'sphere.claim',
      summary: 'A one-time code with which an attached device can be claimed',
      async handle({ caller, params }) {
        const tenantId = await tenantOf(params);
        const { code, expiresAt } = await claimCodes.create(tenantId, caller.userId);
        const json: CloudClaimCode = { ClaimCode: code, TenantId: tenantId, ExpiryUTC: formatInstant(expiresAt) };
        return { status: 201, headers: { 'cache-control': 'no-store' }, json };
      },
    }),
  ];
}

const summaries = {
  suspend: 'No certificate until it is resumed, and its sessions end',
  resume: 'Certificates again, those it has included',
  revoke: 'No certificate ever again, and its sessions end',
} as const;

function certificateJson(authority: Authority, at: Instant): CloudCertificate {
  const { certificate } = authority;
  const status = statusOf(authority, at);
  return {
    Certificate: status === 'Expired' ? null : certificate.der.toString('base64'),
    Thumbprint: certificate.sha1Thumbprint,
    IsActive: status === 'Active',
    IsRevoked: status === 'Revoked',
    SerialNumber: certificate.serialHex,
    Status: status,
    Subject: certificate.subject,
    NotBeforeUTC: formatInstant(certificate.notBefore),
    ExpiryUTC: formatInstant(certificate.notAfter),
  };
}

function deviceJson(device: ClaimedDevice): CloudDevice {
  return {
    DeviceId: device.deviceId,
    TenantId: device.tenantId,
    ProductId: null,
    DeviceGroupId: null,
    ChipSku: device.chipSku,
    ClaimMethod: device.claimMethod,
    ClaimedUTC: formatInstant(device.claimedAt),
    IsSuspended: device.status !== 'active',
    Status: device.status,
    Assurance: device.assurance ?? null,
  };
}

function deviceDetailJson(device: ClaimedDevice): CloudDeviceDetail {
  return {
    ...deviceJson(device),
    LastInstalledOSVersion: device.osVersion ?? null,
    // There are no updates to offer yet, so none was looked for.
    LastAvailableOSVersion: null,
    LastUpdateCheckUTC: null,
    LastOsUpdateUTC: null,
    LastCertificateUTC: device.attestedAt === undefined ? null : formatInstant(device.attestedAt),
    LastCertificateExpiryUTC: device.leafNotAfter === undefined ? null : formatInstant(device.leafNotAfter),
  };
}
