import { formatInstant, type Instant } from '#base/instant.ts';
import type { ClaimCodes } from '#sphere/claims/claim-codes.ts';
import {
  type CloudCertificate,
  type CloudClaimCode,
  type CloudDevice,
  type CloudDeviceDetail,
  type CloudTenant,
  certificateQuerySchema,
  cloudBasePath,
  devicesQuerySchema,
} from '#sphere/contract/cloud.ts';
import { parseSphereDeviceId } from '#sphere/devices/device-id.ts';
import type { ClaimedDevice, Devices } from '#sphere/devices/devices.ts';
import type { Authorities } from '#sphere/tenants/authorities.ts';
import { type Authority, statusOf } from '#sphere/tenants/authority.ts';
import { issueProof, type ProofOptions } from '#sphere/tenants/issue-proof.ts';
import type { Tenants } from '#sphere/tenants/tenants.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Permission } from '#trust/permissions.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';

const route = defineRoute<UserCaller, Permission>();

export type CloudRoutesOptions = ProofOptions & {
  readonly tenants: Tenants;
  readonly authorities: Authorities;
  readonly devices: Devices;
  readonly claimCodes: ClaimCodes;
};

const tenantPath = `${cloudBasePath}/tenants/:tenantId`;

/** What the azsphere command calls: the original's public API v2 as far as this build goes (sphere.md 1.7). */
export function cloudRoutes(options: CloudRoutesOptions): Route<UserCaller, Permission>[] {
  const { platform, tenants, authorities, devices, claimCodes } = options;
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
