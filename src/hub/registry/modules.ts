import { checkIfMatch } from '#base/etag.ts';
import { requireModuleId } from '#base/ids.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import type { KeySealer } from '#storage/sealed-keys.ts';
import { inTransaction, type Transaction } from '#storage/transaction.ts';
import { completeKeys } from '#trust/symmetric-keys.ts';
import { identityName, identityNotFound } from '../identity.ts';
import type { IdentityQueue } from '../identity-queue.ts';
import type { HubEvents } from '../messages/hub-events.ts';
import type { DisconnectCause, Presence } from '../presence/presence.ts';
import { formatTwin, type Twin } from '../twins/twin.ts';
import type { Twins } from '../twins/twins.ts';
import type { CredentialWatches } from './credential-watches.ts';
import { generatedKeyBytes, isSameAuthentication, newEtag, newGenerationId, normalizeAuthentication } from './device.ts';
import type { DeviceStore } from './device-store.ts';
import { type RegistryLimits, registryLimits } from './limits.ts';
import { type AskedModuleAuthentication, type Module, type ModuleAuthentication, systemModuleIds } from './module.ts';
import { ModuleStore } from './module-store.ts';
import type { InitialTwin } from './registry.ts';

/** What an owner changes of a module; what is left out stays. An empty `managedBy` is none. */
export type ModuleChange = { readonly authentication?: AskedModuleAuthentication; readonly managedBy?: string };

export type NewModule = ModuleChange & {
  readonly deviceId: string;
  readonly moduleId: string;
  readonly initialTwin?: InitialTwin;
};

export type ModulesOptions = {
  readonly platform: Platform;
  readonly database: Database;
  readonly hub: string;
  readonly sealer: KeySealer;
  /** Default: the cloud's. */
  readonly limits?: RegistryLimits;
  readonly devices: Pick<DeviceStore, 'load'>;
  /** By device id: what happens to a device and to its modules happens one after the other. */
  readonly queue: IdentityQueue;
  readonly twins: Twins;
  readonly presence: Presence;
  readonly watches: CredentialWatches;
  readonly events: HubEvents;
};

/**
 * The modules of a hub's devices. As with devices, a change that takes away what a live session rests on
 * ends that session before the change is reported as done.
 */
export class Modules {
  readonly #options: ModulesOptions;
  readonly #store: ModuleStore;

  constructor(options: ModulesOptions) {
    this.#options = options;
    this.#store = new ModuleStore(options.database, options.hub, options.sealer);
  }

  /**
   * Throws Problem `device-not-found`, `already-exists`, `quota-exceeded` (with reason `too-many-modules`),
   * `argument-invalid` or `twin-invalid`.
   */
  async create(input: NewModule): Promise<Module> {
    const { deviceId, moduleId, initialTwin = {} } = input;
    requireModuleId(moduleId);
    const module = this.#newModule(input);
    return this.#options.queue.run(deviceId, async () => {
      await this.#requireDevice(deviceId);
      const twin = await inTransaction(this.#options.database, async (transaction) => {
        const count = await this.#store.count(transaction, deviceId);
        if (!(await this.#store.insert(transaction, module))) return undefined;
        const { modulesPerDeviceMax } = this.#options.limits ?? registryLimits;
        if (count >= modulesPerDeviceMax) throw tooMany(deviceId, modulesPerDeviceMax);
        return this.#options.twins.create(transaction, identityName(module), initialTwin);
      });
      if (!twin) {
        throw new Problem('already-exists', `The device ${deviceId} has a module ${moduleId}.`, { reason: 'module-exists' });
      }
      this.#reportLifecycle('createModuleIdentity', twin);
      this.#options.platform.log.info('module.created', { deviceId, moduleId });
      return module;
    });
  }

  load(deviceId: string, moduleId: string): Promise<Module | undefined> {
    return this.#store.load(deviceId, moduleId);
  }

  /** Throws Problem `device-not-found`, or `not-found` with reason `module-not-found`. */
  async require(deviceId: string, moduleId: string): Promise<Module> {
    const module = await this.#store.load(deviceId, moduleId);
    if (module) return module;
    await this.#requireDevice(deviceId);
    throw identityNotFound({ deviceId, moduleId });
  }

  /** All of a device, by module id. Throws Problem `device-not-found`. */
  async list(deviceId: string): Promise<Module[]> {
    const modules = await this.#store.list(deviceId);
    if (modules.length === 0) await this.#requireDevice(deviceId);
    return modules;
  }

  /**
   * Changes what `change` names, if the identity has the etag that `ifMatch` names. Throws as `require`, and
   * Problem `precondition-failed` or `argument-invalid`.
   */
  update(deviceId: string, moduleId: string, change: ModuleChange, ifMatch?: string): Promise<Module> {
    return this.#options.queue.run(deviceId, async () => {
      const present = await this.require(deviceId, moduleId);
      checkIfMatch(ifMatch, present.etag);
      const { managedBy: before = '', ...rest } = present;
      const managedBy = checkManagedBy(change.managedBy) ?? before;
      const asked = change.authentication && this.#normalize(present, change.authentication, present.authentication);
      const isReplaced = asked !== undefined && !isSameAuthentication(present.authentication, asked);
      if (!isReplaced && managedBy === before) return present;
      const changed: Module = {
        ...rest,
        ...(managedBy === '' ? {} : { managedBy }),
        authentication: isReplaced ? asked : present.authentication,
        etag: newEtag(this.#options.platform.random),
        updatedAt: this.#options.platform.clock.now(),
      };
      if (!(await this.#store.replace(changed, present.etag))) {
        throw new Problem('conflict', `The module ${moduleId} of the device ${deviceId} is being changed by someone else.`);
      }
      if (isReplaced) this.#revoke(changed, 'credential-changed');
      return changed;
    });
  }

  /** Deletes the identity with its twin and ends its session. Throws as `require`, and Problem `precondition-failed`. */
  delete(deviceId: string, moduleId: string, ifMatch?: string): Promise<void> {
    return this.#options.queue.run(deviceId, async () => {
      const present = await this.require(deviceId, moduleId);
      checkIfMatch(ifMatch, present.etag);
      const twin = await this.#options.twins.load(identityName(present));
      if (!(await this.#store.delete(deviceId, moduleId))) throw identityNotFound(present);
      this.#forget(present, twin);
    });
  }

  /**
   * The modules of the edge runtime, for a device that becomes an edge device. To be called within the queue; what it
   * returns, when the transaction is done.
   */
  async createSystem(transaction: Transaction, deviceId: string): Promise<() => void> {
    const twins: Twin[] = [];
    for (const moduleId of systemModuleIds) {
      const module = this.#newModule({ deviceId, moduleId, managedBy: 'iotEdge' });
      if (!(await this.#store.insert(transaction, module))) continue;
      twins.push(await this.#options.twins.create(transaction, identityName(module), {}));
    }
    return () => {
      for (const twin of twins) this.#reportLifecycle('createModuleIdentity', twin);
    };
  }

  /** The opposite, for a device that ends being one: what to do in the transaction, and when that is done. */
  async beforeSystemEnds(deviceId: string): Promise<(transaction: Transaction) => Promise<() => void>> {
    const leaving = await this.#withTwins(deviceId, ({ moduleId }) => systemModuleIds.includes(moduleId));
    return async (transaction) => {
      for (const [{ moduleId }] of leaving) await this.#store.delete(deviceId, moduleId, transaction);
      return () => this.#forgetAll(leaving);
    };
  }

  /** The device was disabled: its modules go with it. To be called within the queue. */
  async disabled(deviceId: string): Promise<void> {
    for (const module of await this.#store.list(deviceId)) this.#revoke(module, 'device-disabled');
  }

  /** To be called within the queue before a device is deleted; what it returns, when the device is gone, and its modules with it. */
  async beforeDeletion(deviceId: string): Promise<() => void> {
    const leaving = await this.#withTwins(deviceId, () => true);
    return () => this.#forgetAll(leaving);
  }

  async #withTwins(deviceId: string, isMeant: (module: Module) => boolean): Promise<[Module, Twin][]> {
    const found: [Module, Twin][] = [];
    for (const module of await this.#store.list(deviceId)) {
      if (isMeant(module)) found.push([module, await this.#options.twins.load(identityName(module))]);
    }
    return found;
  }

  #newModule(input: NewModule): Module {
    const { clock, random } = this.#options.platform;
    const now = clock.now();
    const managedBy = checkManagedBy(input.managedBy);
    return {
      deviceId: input.deviceId,
      moduleId: input.moduleId,
      generationId: newGenerationId(random),
      etag: newEtag(random),
      ...(managedBy ? { managedBy } : {}),
      authentication: this.#normalize(input, input.authentication ?? { type: 'none' }),
      createdAt: now,
      updatedAt: now,
    };
  }

  #normalize(
    { deviceId, moduleId }: Pick<Module, 'deviceId' | 'moduleId'>,
    asked: AskedModuleAuthentication,
    present?: ModuleAuthentication,
  ): ModuleAuthentication {
    if (asked.type === 'none') return { type: 'none' };
    return normalizeAuthentication(asked, (chosen) => {
      const known = present?.type === 'sas' ? present.keys.reveal() : {};
      const keys = completeKeys(this.#options.platform.random, { ...known, ...chosen }, generatedKeyBytes);
      return this.#store.seal(deviceId, moduleId, keys);
    });
  }

  async #requireDevice(deviceId: string): Promise<void> {
    if (!(await this.#options.devices.load(deviceId))) throw identityNotFound({ deviceId });
  }

  #forgetAll(leaving: readonly [Module, Twin][]): void {
    for (const [module, twin] of leaving) this.#forget(module, twin);
  }

  #forget(module: Module, twin: Twin): void {
    this.#revoke(module, 'device-deleted');
    this.#options.presence.forget(identityName(module));
    this.#reportLifecycle('deleteModuleIdentity', twin);
  }

  /** Sign-ins are watched by device, because a module's rests on its device too. */
  #revoke(module: Module, cause: DisconnectCause): void {
    this.#options.watches.changed(module.deviceId);
    this.#options.presence.drop(identityName(module), cause);
  }

  #reportLifecycle(operation: 'createModuleIdentity' | 'deleteModuleIdentity', twin: Twin): void {
    this.#options.events.record('moduleLifecycleEvents', identityName(twin), operation, formatTwin(twin));
  }
}

function checkManagedBy(text: string | undefined): string | undefined {
  if (text === undefined || text.length <= registryLimits.managedByCharactersMax) return text;
  throw new Problem('argument-invalid', `managedBy has at most ${registryLimits.managedByCharactersMax} characters.`);
}

function tooMany(deviceId: string, modulesPerDeviceMax: number): Problem {
  const detail = `The device ${deviceId} has ${modulesPerDeviceMax} modules, and no device has more.`;
  return new Problem('quota-exceeded', detail, { reason: 'too-many-modules' });
}
