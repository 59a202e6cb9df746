import type { Cancel } from '#base/clock.ts';
import type { Instant } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import type { HttpSurface } from '#listeners/surface.ts';
import type { AuditLog } from '#storage/audit-log.ts';
import type { Database } from '#storage/database.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import type { SecretStore } from '#storage/secret-store.ts';
import { AdministratorTokens } from './access/administrator-tokens.ts';
import { Nonces } from './attestation/nonces.ts';
import { Audit } from './audit/audit.ts';
import { ClaimCodes } from './claims/claim-codes.ts';
import { ClockGuard } from './clock/clock-guard.ts';
import { type DemoTenant, openDemoTenant } from './demo/demo-tenant.ts';
import { changeDeviceStatus, type DeviceStatusChange } from './devices/device-status.ts';
import { type ClaimedDevice, Devices } from './devices/devices.ts';
import { SphereLimits } from './limits/sphere-limits.ts';
import { Policies } from './policies/policies.ts';
import { ReferenceValues } from './policies/reference-values.ts';
import { type RevocationList, RevocationLists } from './revocation/revocation-lists.ts';
import { buildSphereHttp } from './surface/http.ts';
import { Authorities } from './tenants/authorities.ts';
import { AuthorityKeys } from './tenants/authority-keys.ts';
import { type FindLacking, Rotation } from './tenants/rotation.ts';
import { Tenants } from './tenants/tenants.ts';
import { Upkeep } from './upkeep.ts';

export type { DemoTenant, RevocationList };

export type SphereOptions = {
  platform: Platform;
  database: Database;
  secrets: Pick<SecretStore, 'load' | 'loadOrCreate' | 'delete'>;
  refusals: RefusalLog;
  /** Where changes by people are written down; without it they are in the service's own audit alone. */
  changes?: Pick<AuditLog, 'record'>;
  /** Where the CAs' private keys lie; made with mode 0700 when missing. */
  keyDirectory: string;
  /** Under which URL devices and people reach the service: its origin is the audience of evidence. */
  publicUrl: string;
  /** Further URLs of the same service, for instance of another configured host name. */
  otherUrls?: readonly string[];
  /** O in the names of the CAs. */
  operator?: string;
  /** Who trusts a tenant's CA and not yet the one that follows; without it nobody is known to trust any. */
  findLacking?: FindLacking;
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
  readonly authorities: Pick<Authorities, 'list' | 'listAll'>;
  readonly rotation: Pick<Rotation, 'list' | 'activate' | 'revoke'>;
  /** Suspends, resumes or revokes a device of a tenant. */
  changeDeviceStatus(request: DeviceStatusChange): Promise<ClaimedDevice>;
  /** The newest revocation list of each of our CAs. */
  revocationLists(): Promise<readonly RevocationList[]>;
  /** Calls `listener` with each further one as soon as it is stored. */
  onRevocationList(listener: (list: RevocationList) => void): Cancel;
  /**
   * Calls `listener` with the latest instant at which something was issued, now and whenever there is a later one: a clock that
   * falls behind it is wrong.
   */
  onClockMark(listener: (at: Instant) => void): Promise<Cancel>;
  /** What time asks for, done now instead of within six hours: CAs that follow each other, lists that are a day old. */
  upkeep(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
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
  const authorities = new Authorities({
    platform,
    database,
    keys,
    audit,
    operator: options.operator ?? 'Homeport',
    publicUrl: originOf(options.publicUrl),
  });
  const policies = new Policies(platform, database, audit);
  const referenceValues = new ReferenceValues(database);
  const tenants = new Tenants(platform, database, authorities, policies);
  const devices = new Devices(platform, database, audit);
  const claimCodes = new ClaimCodes(platform, database);
  const tokens = new AdministratorTokens(platform, database);
  const revocation = new RevocationLists({ platform, database, authorities, clockGuard });
  const findLacking = options.findLacking ?? (async () => []);
  const rotation = new Rotation({ platform, authorities, tenants, revocation, clockGuard, findLacking });
  const upkeep = new Upkeep(platform, rotation, revocation);

  await authorities.prepare();
  await referenceValues.prepare();
  for (const { tenantId } of await tenants.list()) await tenants.complete(tenantId);
  const [first = await tenants.create(defaultTenantName)] = await tenants.listAdministered();
  await upkeep.run();

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
    revocation,
    rotation,
    nonces: new Nonces({ platform, database, secrets, clockGuard }),
    origins: [originOf(options.publicUrl), ...(options.otherUrls ?? []).map(originOf)] as const,
  };
  return {
    http: await buildSphereHttp({ ...rooms, changes: options.changes }),
    defaultTenantId: first.tenantId,
    tenants,
    devices,
    policies,
    referenceValues,
    audit,
    authorities,
    rotation,
    changeDeviceStatus: (request) => changeDeviceStatus(rooms, request),
    revocationLists: () => revocation.list(),
    onRevocationList: (listener) => revocation.onList(listener),
    async onClockMark(listener) {
      const cancel = clockGuard.onMark(listener);
      await clockGuard.loadMark();
      return cancel;
    },
    upkeep: () => upkeep.run(),
    start: () => upkeep.start(),
    stop: () => upkeep.stop(),
    async openDemoTenant() {
      const demo = await openDemoTenant(rooms);
      // Its CA has a list from the beginning.
      await upkeep.run();
      return demo;
    },
    mintAdministratorToken: () => tokens.mintToken(),
  };
}

function originOf(url: string): string {
  return new URL(url).origin;
}
