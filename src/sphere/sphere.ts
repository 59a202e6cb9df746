import type { Instant } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import type { HttpSurface } from '#listeners/surface.ts';
import type { Database } from '#storage/database.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import type { SecretStore } from '#storage/secret-store.ts';
import { AdministratorTokens } from './access/administrator-tokens.ts';
import { Nonces } from './attestation/nonces.ts';
import { Audit } from './audit/audit.ts';
import { ClaimCodes } from './claims/claim-codes.ts';
import { ClockGuard } from './clock/clock-guard.ts';
import { type DemoTenant, openDemoTenant } from './demo/demo-tenant.ts';
import { Devices } from './devices/devices.ts';
import { SphereLimits } from './limits/sphere-limits.ts';
import { Policies } from './policies/policies.ts';
import { ReferenceValues } from './policies/reference-values.ts';
import { buildSphereHttp } from './surface/http.ts';
import { Authorities } from './tenants/authorities.ts';
import { AuthorityKeys } from './tenants/authority-keys.ts';
import { Tenants } from './tenants/tenants.ts';

export type { DemoTenant };

export type SphereOptions = {
  platform: Platform;
  database: Database;
  secrets: Pick<SecretStore, 'load' | 'loadOrCreate' | 'delete'>;
  refusals: RefusalLog;
  /** Where the CAs' private keys lie; made with mode 0700 when missing. */
  keyDirectory: string;
  /** Under which URL devices and people reach the service: its origin is the audience of evidence. */
  publicUrl: string;
  /** Further URLs of the same service, for instance of another configured host name. */
  otherUrls?: readonly string[];
  /** O in the names of the CAs. */
  operator?: string;
};

/** The Azure Sphere security service. The other services meet it in a certificate only. */
export type Sphere = {
  readonly http: HttpSurface;
  readonly defaultTenantId: string;
  readonly tenants: Tenants;
  readonly devices: Devices;
  readonly policies: Policies;
  readonly referenceValues: ReferenceValues;
  readonly audit: Audit;
  /** The tenant of the demo device, made when there is none yet. */
  openDemoTenant(): Promise<DemoTenant>;
  /** For the administration socket: whoever reaches that owns the data directory. */
  mintAdministratorToken(): Promise<{ token: string; expiresAt: Instant }>;
};

const defaultTenantName = 'Homeport';

/**
 * Builds the service and completes its first run: root and policy CA, a tenant with its CA and
 * policy, and the reference values of the shipped simulators. Doing that again changes nothing.
 */
export async function buildSphere(options: SphereOptions): Promise<Sphere> {
  const { platform, database, secrets, refusals } = options;
  const audit = new Audit(platform, database, secrets);
  const clockGuard = new ClockGuard(platform, database);
  const limits = new SphereLimits(platform.clock);
  const keys = new AuthorityKeys(options.keyDirectory);
  const authorities = new Authorities({ platform, database, keys, audit, operator: options.operator ?? 'Homeport' });
  const policies = new Policies(platform, database, audit);
  const referenceValues = new ReferenceValues(database);
  const tenants = new Tenants(platform, database, authorities, policies);
  const devices = new Devices(platform, database, audit);
  const claimCodes = new ClaimCodes(platform, database);
  const tokens = new AdministratorTokens(platform, database);

  await authorities.prepare();
  await referenceValues.prepare();
  for (const { tenantId } of await tenants.list()) await tenants.complete(tenantId);
  const [first = await tenants.create(defaultTenantName)] = await tenants.listAdministered();

  const rooms = {
    platform,
    database,
    refusals,
    audit,
    clockGuard,
    limits,
    authorities,
    policies,
    referenceValues,
    tenants,
    devices,
    tokens,
    claimCodes,
    nonces: new Nonces({ platform, database, secrets, clockGuard }),
    origins: [originOf(options.publicUrl), ...(options.otherUrls ?? []).map(originOf)] as const,
  };
  return {
    http: await buildSphereHttp(rooms),
    defaultTenantId: first.tenantId,
    tenants,
    devices,
    policies,
    referenceValues,
    audit,
    openDemoTenant: () => openDemoTenant(rooms),
    mintAdministratorToken: () => tokens.mintToken(),
  };
}

function originOf(url: string): string {
  return new URL(url).origin;
}
