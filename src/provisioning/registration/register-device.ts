import { sha256Hex } from '#base/bytes.ts';
import { isRegistrationId } from '#base/ids.ts';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import { isJsonObject, type Json, parseJson } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { RegistrationCaller } from '#trust/caller.ts';
import type { Allocator } from '../allocation/allocator.ts';
import type { ChooseHub } from '../allocation/choose-hub.ts';
import type { LinkedHubs } from '../allocation/linked-hubs.ts';
import { assignHub } from './assign-hub.ts';
import type { LoadEnrollment } from './enrollment-of-caller.ts';
import type { IdentityOptions } from './provision-identity.ts';
import { assignmentOf, type Operation, type Registration } from './registration.ts';
import type { RegistrationStore } from './registration-store.ts';

export type RegisterDeviceOptions = IdentityOptions & {
  readonly platform: Platform;
  readonly hubs: LinkedHubs;
  readonly idScope: string;
  readonly loadEnrollment: LoadEnrollment;
  readonly chooseHub: ChooseHub;
  /** Called when what became of a registration is stored. */
  readonly onRegistered: (registration: Registration) => void;
  allocate: Allocator;
};

/** What a device is told: still under way, or what became of it. */
export type RegistrationProgress =
  | { readonly status: 'assigning'; readonly operationId: string; readonly registrationId: string }
  | { readonly status: 'done'; readonly operationId: string; readonly registration: Registration };

type Attempt = { readonly operationId: string; readonly credential: string; readonly progress: Promise<RegistrationProgress> };

/** An operation whose device never came back for it is forgotten. */
const operationLifeMs = 2 * dayMs;
/** An operation that waits for approval is taken up again by a new register call within this time. */
const runningLifeMs = hourMs;
/** A poll that comes while the assignment is under way waits this long for its end; some SDKs wait 10 s for an answer. */
const pollHoldMs = 2_000;

/**
 * A device's registration as an operation it polls. The operation is on disk before its id is told,
 * so a restart in between changes nothing: whoever polls with the same credential gets it finished.
 */
export class RegisterDevice {
  readonly #store: RegistrationStore;
  readonly #options: RegisterDeviceOptions;
  /** By registration id in lower case: one attempt at a time for a device. */
  readonly #running = new Map<string, Attempt>();
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
      throw new Problem('argument-invalid', 'The registration id has characters that are not allowed.', {
        reason: 'registration-id-malformed',
      });
    const key = keyOf(caller);
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
    const isRunning = this.#running.get(keyOf(caller))?.operationId === operationId;
    if (!operation.isDone || isRunning) return this.#held(operation, this.#advance(operation, caller));
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

  /** What `progress` comes to, or that it is under way still. */
  #held(operation: Operation, progress: Promise<RegistrationProgress>): Promise<RegistrationProgress> {
    const { promise, resolve } = Promise.withResolvers<RegistrationProgress>();
    const cancel = this.#options.platform.clock.after(pollHoldMs, () => {
      progress.catch((error: unknown) => this.#logFailure(operation, error));
      resolve(assigning(operation));
    });
    return Promise.race([promise, progress]).finally(cancel);
  }

  #advance(operation: Operation, caller: RegistrationCaller): Promise<RegistrationProgress> {
    const key = keyOf(caller);
    const { operationId } = operation;
    const running = this.#running.get(key);
    if (running?.operationId === operationId && running.credential === credentialOf(caller)) return running.progress;
    // A renewed credential takes its turn: the hub must hold the one of whoever is told of the assignment.
    const before = running?.progress.catch(() => undefined) ?? Promise.resolve(undefined);
    const progress = before
      .then(() => this.#assign(operation, caller))
      .finally(() => {
        if (this.#running.get(key) === attempt) this.#running.delete(key);
      });
    const attempt: Attempt = { operationId, credential: credentialOf(caller), progress };
    this.#running.set(key, attempt);
    return progress;
  }

  async #assign(operation: Operation, caller: RegistrationCaller): Promise<RegistrationProgress> {
    const { platform } = this.#options;
    const payload = readPayload(operation.payload);
    const allocation = await this.#options.allocate({
      registrationId: caller.registrationId,
      enrollmentGroupId: caller.enrollmentGroupId,
      payload,
      leafDer: caller.leafDer,
    });
    if (allocation.outcome === 'wait') return assigning(operation);
    const previous = await this.#store.load(caller.registrationId);
    const assignment = assignmentOf(previous);
    const assigned =
      allocation.outcome === 'refuse'
        ? ({ outcome: 'failed', errorCode: allocation.code, errorMessage: allocation.message } as const)
        : await assignHub(this.#options, { caller, allocation, payload, previous: assignment });
    if (assigned.outcome === 'wait') return assigning(operation);
    const now = platform.clock.now();
    const base = {
      registrationId: caller.registrationId,
      ...(caller.enrollmentGroupId !== undefined && { groupId: caller.enrollmentGroupId }),
      ...(caller.leafDer !== undefined && { leafSha256: sha256Hex(caller.leafDer) }),
      ...(caller.anchorSha256 !== undefined && { anchorSha256: caller.anchorSha256 }),
      etag: platform.random.bytes(12).toString('base64'),
      createdAt: previous?.createdAt ?? now,
      updatedAt: now,
    };
    if (assigned.outcome === 'failed') {
      const { errorCode, errorMessage } = assigned;
      const result = { status: 'failed', errorCode, errorMessage, ...(assignment && { previous: assignment }) } as const;
      return this.#finish(operation, { ...base, result });
    }
    const { outcome, ...result } = assigned;
    return this.#finish(operation, { ...base, result: { status: outcome, ...result } });
  }

  async #finish(operation: Operation, registration: Registration): Promise<RegistrationProgress> {
    await this.#store.finish(operation.operationId, registration);
    this.#options.onRegistered(registration);
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

function assigning({ operationId, registrationId }: Operation): RegistrationProgress {
  return { status: 'assigning', operationId, registrationId };
}

function keyOf({ registrationId }: RegistrationCaller): string {
  return registrationId.toLowerCase();
}

/** Tells a renewed credential from the one before, and no secret. */
function credentialOf({ leafDer, deviceKeys }: RegistrationCaller): string {
  const keys = deviceKeys?.reveal();
  return sha256Hex(leafDer ?? `${keys?.primaryKey}\n${keys?.secondaryKey}`);
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
