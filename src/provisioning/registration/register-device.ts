import type { CaCertificates } from '#authorities/ca-certificates.ts';
import { sha256Hex } from '#base/bytes.ts';
import { isRegistrationId } from '#base/ids.ts';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import { isJsonObject, type Json, parseJson } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Hub } from '#hub/hub.ts';
import type { RegistrationCaller } from '#trust/caller.ts';
import type { Allocator } from '../allocation/allocator.ts';
import type { Operation, Registration } from './registration.ts';
import type { RegistrationStore } from './registration-store.ts';

export type DaaIdentityMode = 'selfSigned' | 'caSigned';

export type RegisterDeviceOptions = {
  readonly platform: Platform;
  readonly hub: Pick<Hub, 'hostName' | 'registry' | 'authorities'>;
  readonly authorities: Pick<CaCertificates, 'loadVerified'>;
  readonly idScope: string;
  readonly daaIdentityMode: DaaIdentityMode;
  allocate: Allocator;
};

/** What a device is told: still under way, or what became of it. */
export type RegistrationProgress =
  | { readonly status: 'assigning'; readonly operationId: string; readonly registrationId: string }
  | { readonly status: 'done'; readonly operationId: string; readonly registration: Registration };

/** An operation whose device never came back for it is forgotten. */
const operationLifeMs = 2 * dayMs;
/** An operation that waits for approval is taken up again by a new register call within this time. */
const runningLifeMs = hourMs;

/**
 * A device's registration as an operation it polls. The operation is on disk before its id is told,
 * so a restart in between changes nothing: whoever polls with the same credential gets it finished.
 */
export class RegisterDevice {
  readonly #store: RegistrationStore;
  readonly #options: RegisterDeviceOptions;
  /** By registration id in lower case: one attempt at a time for a device. */
  readonly #running = new Map<string, Promise<RegistrationProgress>>();
  readonly #starting = new Map<string, Promise<Operation>>();

  constructor(store: RegistrationStore, options: RegisterDeviceOptions) {
    this.#store = store;
    this.#options = options;
  }

  /**
   * Starts a registration, or joins the one that is under way. `payload` is JSON text. Resolves when
   * the operation is stored; the assignment goes on and is usually finished before the first poll.
   */
  async register(caller: RegistrationCaller, payload: string | undefined): Promise<string> {
    if (!isRegistrationId(caller.registrationId))
      throw new Problem('argument-invalid', 'The registration id has characters that are not allowed.');
    const key = caller.registrationId.toLowerCase();
    const starting = this.#starting.get(key) ?? this.#start(caller.registrationId, payload);
    this.#starting.set(key, starting);
    try {
      const operation = await starting;
      // A failure is stored with the registration, or met again at the next poll, which tries once more.
      this.#advance(operation, caller).catch((error: unknown) => this.#logFailure(operation, error));
      return operation.operationId;
    } finally {
      this.#starting.delete(key);
    }
  }

  /** Throws Problem `registration-not-found` for an id that is not this device's. */
  async poll(caller: RegistrationCaller, operationId: string): Promise<RegistrationProgress> {
    const operation = await this.#store.loadOperation(operationId);
    if (!operation || operation.registrationId.toLowerCase() !== caller.registrationId.toLowerCase()) {
      throw new Problem('registration-not-found', 'There is no such operation.');
    }
    if (!operation.isDone) return this.#advance(operation, caller);
    const registration = await this.#store.load(operation.registrationId);
    if (!registration) throw new Problem('registration-not-found', 'The registration was deleted.');
    return { status: 'done', operationId, registration };
  }

  /** Throws Problem `registration-not-found`. */
  async lookUp(caller: RegistrationCaller): Promise<Registration> {
    const registration = await this.#store.load(caller.registrationId);
    if (!registration) throw new Problem('registration-not-found', 'The device has not registered.');
    return registration;
  }

  async #start(registrationId: string, payload: string | undefined): Promise<Operation> {
    const { platform, idScope } = this.#options;
    const now = platform.clock.now();
    const running = await this.#store.loadRunning(registrationId, plus(now, -runningLifeMs));
    if (running) return running;
    await this.#store.deleteOperationsBefore(plus(now, -operationLifeMs));
    // The shape of the cloud's ids; SDKs put them into topics and paths without encoding.
    const operationId = `4.${sha256Hex(idScope).slice(0, 16)}.${platform.random.uuid()}`;
    const operation = { operationId, registrationId, payload, isDone: false };
    await this.#store.insertOperation(operation, now);
    return operation;
  }

  #advance(operation: Operation, caller: RegistrationCaller): Promise<RegistrationProgress> {
    const key = operation.registrationId.toLowerCase();
    const running = this.#running.get(key);
    if (running) return running;
    const attempt = this.#assign(operation, caller).finally(() => this.#running.delete(key));
    this.#running.set(key, attempt);
    return attempt;
  }

  async #assign(operation: Operation, caller: RegistrationCaller): Promise<RegistrationProgress> {
    const { platform, hub } = this.#options;
    const allocation = await this.#options.allocate({
      registrationId: caller.registrationId,
      enrollmentGroupId: caller.enrollmentGroupId,
      payload: readPayload(operation.payload),
      leafDer: caller.leafDer,
    });
    if (allocation.outcome === 'wait') {
      return { status: 'assigning', operationId: operation.operationId, registrationId: operation.registrationId };
    }
    const previous = await this.#store.load(caller.registrationId);
    const now = platform.clock.now();
    const base = {
      registrationId: caller.registrationId,
      groupId: caller.enrollmentGroupId,
      leafSha256: sha256Hex(caller.leafDer),
      anchorSha256: caller.anchorSha256,
      etag: platform.random.bytes(12).toString('base64'),
      createdAt: previous?.createdAt ?? now,
      updatedAt: now,
    };
    if (allocation.outcome === 'refuse') {
      const result = { status: 'failed', errorCode: allocation.code, errorMessage: allocation.message } as const;
      return this.#finish(operation, { ...base, result });
    }
    const deviceId = allocation.deviceId ?? caller.registrationId;
    await this.#provision(deviceId, caller, allocation.initialTwin);
    const payload = allocation.payload === undefined ? {} : { payload: allocation.payload };
    const result = {
      status: 'assigned',
      substatus: 'initialAssignment',
      hubHostName: hub.hostName,
      deviceId,
      ...payload,
    } as const;
    return this.#finish(operation, { ...base, result });
  }

  /**
   * The hub holds the thumbprint of exactly this leaf, replaced before the device is told (sphere.md
   * fact 11); or, where the operator chose so, it trusts the CA, which its owner has proven to us.
   */
  async #provision(
    deviceId: string,
    caller: RegistrationCaller,
    initialTwin?: { tags?: Record<string, Json>; desired?: Record<string, Json> },
  ): Promise<void> {
    const { hub, daaIdentityMode } = this.#options;
    const twin = initialTwin === undefined ? {} : { initialTwin };
    if (daaIdentityMode === 'selfSigned') {
      const authentication = { type: 'selfSigned', primaryThumbprint: sha256Hex(caller.leafDer) } as const;
      await hub.registry.provision({ deviceId, authentication, ...twin });
      return;
    }
    await this.#introduceAuthority(caller.anchorSha256);
    await hub.registry.provision({ deviceId, authentication: { type: 'certificateAuthority' }, ...twin });
  }

  async #introduceAuthority(anchorSha256: string): Promise<void> {
    const { hub, authorities } = this.#options;
    const isKnown = (await hub.authorities.loadVerified()).some((known) => known.sha256Thumbprint === anchorSha256);
    const anchor = (await authorities.loadVerified()).find((verified) => verified.sha256Thumbprint === anchorSha256);
    if (isKnown || !anchor) return;
    const certificateId = `dps-${anchorSha256.slice(0, 32)}`;
    await hub.authorities.upload({ certificateId, file: anchor.der, verifiedOnUpload: true, replace: true, by: 'provisioning' });
  }

  async #finish(operation: Operation, registration: Registration): Promise<RegistrationProgress> {
    await this.#store.finish(operation.operationId, registration);
    const { registrationId, groupId } = registration;
    this.#options.platform.log.info(registration.result.status === 'assigned' ? 'registration.assigned' : 'registration.failed', {
      registrationId,
      groupId,
    });
    return { status: 'done', operationId: operation.operationId, registration };
  }

  #logFailure(operation: Operation, error: unknown): void {
    const { log } = this.#options.platform;
    log.error('registration.interrupted', { registrationId: operation.registrationId, error: String(error) });
  }
}

/** Java's SDK sends an object as a text of JSON: the allocator gets the object. */
function readPayload(payload: string | undefined): Json | undefined {
  if (payload === undefined) return undefined;
  const value = parseJson(payload);
  if (typeof value !== 'string') return value;
  try {
    const inner = parseJson(value);
    return isJsonObject(inner) ? inner : value;
  } catch {
    return value;
  }
}
