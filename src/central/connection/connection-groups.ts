import type { Cancel } from '#base/clock.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { EnrollmentGroup, EnrollmentGroups } from './enrollment-group.ts';
import { GroupSettingsStore } from './group-settings-store.ts';

/** The groups that a new application has (central.md 1.11). */
const firstGroups = [
  { groupId: 'SAS-IoT-Devices', displayName: 'SAS-IoT-Devices', type: 'iot' },
  { groupId: 'SAS-IoT-Edge-Devices', displayName: 'SAS-IoT-Edge-Devices', type: 'iotEdge' },
] as const;

const groupIdPattern = /^[A-Za-z0-9-]{1,255}$/;

export type NewGroup = Pick<EnrollmentGroup, 'displayName' | 'type' | 'isEnabled'> & {
  attestationType: 'x509' | 'symmetricKey';
  /** For a group by key; what is not given is made. */
  keys?: GroupKeys;
};

/** Keys that somebody chose for a group, base64. */
export type GroupKeys = { primaryKey?: string | undefined; secondaryKey?: string | undefined };

/** Device connection groups: enrollment groups of the provisioning service, in Central's words and with its switch. */
export class ConnectionGroups {
  readonly #platform: Platform;
  readonly #groups: EnrollmentGroups;
  readonly #settings: GroupSettingsStore;
  readonly #listeners = new Set<(groupId: string) => void>();

  constructor(platform: Platform, database: Database, groups: EnrollmentGroups) {
    this.#platform = platform;
    this.#groups = groups;
    this.#settings = new GroupSettingsStore(database);
  }

  /** At first run; a group that somebody deleted since stays deleted. */
  async createFirstGroups(): Promise<void> {
    for (const group of firstGroups) {
      if ((await this.#settings.loadAutomaticallyConnect(group.groupId)) !== undefined) continue;
      if (!(await this.#groups.load(group.groupId))) {
        await this.#groups.create({ ...group, isEnabled: true, attestation: { type: 'symmetricKey' } });
      }
      await this.#settings.saveAutomaticallyConnect(group.groupId, true);
    }
  }

  list(): Promise<readonly EnrollmentGroup[]> {
    return this.#groups.list();
  }

  load(groupId: string): Promise<EnrollmentGroup | undefined> {
    return this.#groups.load(groupId);
  }

  async require(groupId: string): Promise<EnrollmentGroup> {
    const group = await this.load(groupId);
    if (!group) throw new Problem('enrollment-not-found', 'There is no such enrollment group.');
    return group;
  }

  async create(caller: UserCaller, groupId: string, input: NewGroup): Promise<EnrollmentGroup> {
    if (!groupIdPattern.test(groupId)) {
      throw new Problem('argument-invalid', 'A group id has 1 to 255 characters of A-Z a-z 0-9 and -.');
    }
    const { attestationType, keys = {}, ...facts } = input;
    const attestation = attestationType === 'x509' ? ({ type: 'x509' } as const) : byKey(keys);
    const group = await this.#groups.create({ groupId, ...facts, attestation });
    this.#platform.log.info('group.created', { groupId, by: caller.displayName });
    this.announce(groupId);
    return group;
  }

  async change(
    caller: UserCaller,
    groupId: string,
    change: Partial<Pick<EnrollmentGroup, 'displayName' | 'isEnabled'>> & { keys?: GroupKeys },
    ifMatch?: string,
  ): Promise<EnrollmentGroup> {
    const { etag, ...group } = await this.require(groupId);
    const { keys, ...facts } = change;
    const attestation = keys && group.attestation.type === 'symmetricKey' ? byKey(keys) : group.attestation;
    const changed = await this.#groups.replace({ ...group, ...facts, attestation }, ifMatch ?? etag);
    if (changed.isEnabled !== group.isEnabled) {
      this.#platform.log.info(changed.isEnabled ? 'group.enabled' : 'group.disabled', { groupId, by: caller.displayName });
    }
    this.announce(groupId);
    return changed;
  }

  async delete(caller: UserCaller, groupId: string, ifMatch?: string): Promise<void> {
    await this.require(groupId);
    await this.#groups.delete(groupId, ifMatch);
    // The first groups leave their setting behind: that is how we know that they are not to come back.
    if (!firstGroups.some((group) => group.groupId === groupId)) await this.#settings.delete(groupId);
    this.#platform.log.info('group.deleted', { groupId, by: caller.displayName });
    this.announce(groupId);
  }

  /** Whether a new device of the group is connected at once or waits for approval. On unless switched off. */
  async connectsAutomatically(groupId: string): Promise<boolean> {
    return (await this.#settings.loadAutomaticallyConnect(groupId)) ?? true;
  }

  async setConnectsAutomatically(caller: UserCaller, groupId: string, value: boolean): Promise<void> {
    await this.require(groupId);
    await this.#settings.saveAutomaticallyConnect(groupId, value);
    this.#platform.log.info('group.automatic-connection', { groupId, value, by: caller.displayName });
    this.announce(groupId);
  }

  /** Calls `listener` whenever something about a group may look different, also when it is gone. */
  onChange(listener: (groupId: string) => void): Cancel {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  announce(groupId: string): void {
    for (const listener of this.#listeners) listener(groupId);
  }
}

function byKey({ primaryKey, secondaryKey }: GroupKeys) {
  return {
    type: 'symmetricKey',
    ...(primaryKey !== undefined && { primaryKey }),
    ...(secondaryKey !== undefined && { secondaryKey }),
  } as const;
}
