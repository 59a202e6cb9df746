import type { CaCertificates } from '#authorities/ca-certificates.ts';
import type { RevocationLists } from '#authorities/revocation-lists.ts';
import type { Instant } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import type { AmqpSurface, HttpSurface, MqttSurface } from '#listeners/surface.ts';
import type { Outgoing } from '#outgoing/outgoing.ts';
import type { AuditLog } from '#storage/audit-log.ts';
import type { Database } from '#storage/database.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import type { SecretStore } from '#storage/secret-store.ts';
import type { IssuerChange } from '#trust/check-issuer.ts';
import type { RevocationEvidence } from '#trust/revocation.ts';
import type { Verdict } from '#trust/verdict.ts';
import { type Allocator, assignAll } from './allocation/allocator.ts';
import { buildCheckAllocation } from './allocation/check-allocation.ts';
import { buildChooseHub } from './allocation/choose-hub.ts';
import { buildAskWebhook } from './allocation/custom-allocation.ts';
import { type LinkedHub, linkHubs } from './allocation/linked-hubs.ts';
import { EnrollmentGroups } from './enrollments/enrollment-groups.ts';
import { Enrollments } from './enrollments/enrollments.ts';
import { openIdScope } from './instances/id-scope.ts';
import { openProvisioningPolicies, type ProvisioningPolicies } from './instances/service-policies.ts';
import { buildCheckService } from './instances/service-sign-in.ts';
import { AttestRegistration } from './registration/attest-registration.ts';
import { buildLoadEnrollment } from './registration/enrollment-of-caller.ts';
import { HoldDevices, letAllGo } from './registration/hold-devices.ts';
import type { DaaIdentityMode } from './registration/provision-identity.ts';
import { noRateLimits, RateLimits, type RateSettings } from './registration/rate-limits.ts';
import { openRegistrations, type Registrations } from './registration/registrations.ts';
import { watchRevokedCas } from './registration/watch-revoked-cas.ts';
import { buildWhyHeld } from './registration/why-held.ts';
import { ProvisioningAmqp } from './surface/amqp.ts';
import { DeviceCalls } from './surface/device-calls.ts';
import { buildProvisioningHttp } from './surface/http.ts';
import { ProvisioningMqtt } from './surface/mqtt.ts';
import { buildServiceHttp } from './surface/service-http.ts';

export type ProvisioningOptions = {
  readonly platform: Platform;
  readonly database: Database;
  readonly refusals: RefusalLog;
  /** Without it nobody writes down what back ends change. */
  readonly audit?: Pick<AuditLog, 'record'>;
  readonly secrets: SecretStore;
  /** The CAs of this instance. */
  readonly authorities: CaCertificates;
  readonly revocationLists: Pick<RevocationLists, 'evidence' | 'onChange' | 'seen'>;
  /** Default `alert`. */
  readonly issuerChange?: IssuerChange;
  /** The hub that devices get unless their enrollment says otherwise; its host name is ours, too. */
  readonly hub: LinkedHub['hub'];
  /** All hubs of the installation, the main one among them. */
  readonly hubs: { list(): readonly LinkedHub['hub'][] };
  readonly outgoing: Pick<Outgoing, 'checkUrl' | 'post'>;
  /** Tells the instances of one database apart. */
  readonly instanceName: string;
  readonly daaIdentityMode: DaaIdentityMode;
  /** Whether a device loses its hub with its enrollment. */
  readonly holdsDevices: boolean;
  /** None without it. */
  readonly rates?: RateSettings;
};

/** What neighbours may ask of a provisioning instance. */
export type Provisioning = {
  readonly idScope: string;
  readonly hostName: string;
  readonly mqtt: MqttSurface;
  readonly amqp: AmqpSurface;
  readonly http: HttpSurface;
  /** The REST for back ends. */
  readonly serviceHttp: HttpSurface;
  readonly authorities: CaCertificates;
  readonly groups: EnrollmentGroups;
  readonly enrollments: Enrollments;
  readonly policies: Pick<ProvisioningPolicies, 'list' | 'find'>;
  readonly registrations: Pick<Registrations, 'load' | 'list' | 'delete'>;
  /** Whether a device could register at another instant. Nothing is registered and no refusal is kept. */
  registerAt(
    registrationId: string,
    certificates: readonly Buffer[],
    then: { at: Instant; revocation: RevocationEvidence },
  ): Promise<Verdict<unknown>>;
  /** Who decides what a device becomes. Central sets itself; until then everybody who proved themselves is assigned. */
  setAllocator(allocator: Allocator): void;
  /** Makes the hubs agree with what changed while nobody looked. */
  start(): Promise<void>;
  stop(): Promise<void>;
};

export async function buildProvisioning(options: ProvisioningOptions): Promise<Provisioning> {
  const { platform, database, refusals, secrets, authorities, hub, outgoing, instanceName, daaIdentityMode } = options;
  const { revocationLists, issuerChange = 'alert' } = options;
  const idScope = await openIdScope(platform, database, instanceName);
  const policies = await openProvisioningPolicies(platform, secrets, instanceName);
  const hubs = linkHubs(hub, options.hubs);
  const checkAllocation = buildCheckAllocation(hubs, outgoing);
  const groups = new EnrollmentGroups(platform, database, instanceName, secrets, checkAllocation);
  await groups.giveMissingKeys();
  const enrollments = new Enrollments(platform, database, instanceName, secrets, checkAllocation);
  const loadEnrollment = buildLoadEnrollment(enrollments, groups);
  const chooseHub = buildChooseHub(hubs, buildAskWebhook(platform, outgoing));
  const settings = {
    platform,
    hubs,
    authorities,
    idScope,
    daaIdentityMode,
    loadEnrollment,
    chooseHub,
    onRegistered: ({ registrationId }: { registrationId: string }) => holds?.look({ registrationId }),
    allocate: assignAll,
  };
  const registrations = openRegistrations(database, instanceName, settings);
  const attest = new AttestRegistration({
    platform,
    idScope,
    enrollments,
    groups,
    authorities,
    revocationLists,
    registrations,
    issuerChange,
    refusals,
  });
  const holds = options.holdsDevices
    ? new HoldDevices({
        platform,
        hubs,
        registrations,
        judge: () => buildWhyHeld({ enrollments, groups, attest, revocationLists }),
      })
    : undefined;
  const cancels = [
    groups.onChange((groupId) => holds?.look({ groupId })),
    enrollments.onChange((registrationId) => holds?.look({ registrationId })),
    authorities.onChange(() => holds?.look('all')),
    watchRevokedCas({ authorities, revocationLists }, () => holds?.look('all')),
  ];
  const rates = new RateLimits(platform.clock, options.rates ?? noRateLimits);
  const calls = new DeviceCalls(platform, { attest, registrations: registrations.device, refusals, rates });
  return {
    idScope,
    hostName: hub.hostName,
    mqtt: new ProvisioningMqtt({ platform, calls, refusals }),
    amqp: new ProvisioningAmqp({ platform, calls, attest, refusals }),
    http: await buildProvisioningHttp(platform, calls, refusals),
    serviceHttp: await buildServiceHttp({
      platform,
      rooms: { enrollments, groups, registrations, authorities, holds: { idle: async () => holds?.idle() } },
      refusals,
      audit: options.audit,
      rates,
      checkService: buildCheckService(platform, hub.hostName, policies),
    }),
    authorities,
    groups,
    enrollments,
    policies,
    registrations,
    registerAt: (registrationId, certificates, { at, revocation }) =>
      attest.checkAt({ idScope, registrationId, certificates, token: undefined }, at, revocation),
    setAllocator(allocator) {
      settings.allocate = allocator;
    },
    async start() {
      if (holds) holds.look('all');
      else await letAllGo(hubs);
    },
    async stop() {
      for (const cancel of cancels) cancel();
      await holds?.stop();
    },
  };
}
