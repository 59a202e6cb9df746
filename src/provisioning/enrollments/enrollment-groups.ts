import type { Cancel } from '#base/clock.ts';
import { checkIfMatch } from '#base/etag.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import type { KeySealer } from '#storage/sealed-keys.ts';
import { completeKeys } from '#trust/symmetric-keys.ts';
import { defaultAllocation } from '../allocation/allocation-settings.ts';
import type { CheckAllocation } from '../allocation/check-allocation.ts';
import type { AskedAttestation, EnrollmentGroup, GroupAttestation, NewEnrollmentGroup } from './enrollment-group.ts';
import { EnrollmentGroupStore } from './enrollment-group-store.ts';

/** dps-device-protocol.md 11, both kinds together. */
const groupsMax = 200;

/** What a group key has that nobody chose (dps-device-protocol.md 2.1). */
const generatedKeyBytes = 64;

/** Groups of devices that may enroll themselves. */
export class EnrollmentGroups {
  readonly #platform: Platform;
  readonly #store: EnrollmentGroupStore;
  readonly #checkAllocation: CheckAllocation;
  readonly #listeners = new Set<(groupId: string) => void>();

  constructor(platform: Platform, database: Database, instance: string, sealer: KeySealer, checkAllocation: CheckAllocation) {
    this.#platform = platform;
    this.#checkAllocation = checkAllocation;
    this.#store = new EnrollmentGroupStore(database, instance, sealer);
  }

  /** At start: groups of a version that knew no keys get theirs. */
  async giveMissingKeys(): Promise<void> {
    for (const groupId of await this.#store.listWithoutKeys()) {
      await this.#store.setKeys(groupId, this.#store.seal(groupId, completeKeys(this.#platform.random, {}, generatedKeyBytes)));
    }
  }

  /** Throws Problem `already-exists`, `quota-exceeded`, or `argument-invalid` for a key or an allocation. */
  async create(input: NewEnrollmentGroup): Promise<EnrollmentGroup> {
    const { allocation = defaultAllocation } = input;
    this.#checkAllocation(allocation);
    if ((await this.#store.list()).length >= groupsMax) {
      throw new Problem('quota-exceeded', `There are ${groupsMax} enrollment groups already; delete one that is not used.`);
    }
    const now = this.#platform.clock.now();
    const attestation = this.#attestationOf(input);
    const group: EnrollmentGroup = { ...input, attestation, allocation, etag: this.#newEtag(), createdAt: now, updatedAt: now };
    if (await this.#store.insert(group)) return this.#told(group);
    throw new Problem('already-exists', `There is an enrollment group ${input.groupId} already.`, { reason: 'enrollment-group' });
  }

  /** Throws Problem `enrollment-not-found`, or `precondition-failed` when the group changed since it was read. */
  async replace(input: NewEnrollmentGroup, ifMatch?: string): Promise<EnrollmentGroup> {
    const present = await this.require(input.groupId);
    checkIfMatch(ifMatch, present.etag);
    const { groupId, createdAt } = present;
    const { allocation = present.allocation } = input;
    // What it has was fine when it was stored; a hub that is linked no more must not keep a group from being disabled.
    if (input.allocation !== undefined) this.#checkAllocation(allocation, present.allocation);
    const attestation = this.#attestationOf(input, present.attestation);
    const updatedAt = this.#platform.clock.now();
    const kept = { groupId, attestation, allocation, createdAt };
    const group: EnrollmentGroup = { ...input, ...kept, etag: this.#newEtag(), updatedAt };
    if (await this.#store.replace(group, present.etag)) return this.#told(group);
    throw new Problem('precondition-failed', 'The enrollment group has changed since it was read.');
  }

  load(groupId: string): Promise<EnrollmentGroup | undefined> {
    return this.#store.load(groupId);
  }

  async require(groupId: string): Promise<EnrollmentGroup> {
    const group = await this.load(groupId);
    if (!group) {
      throw new Problem('enrollment-not-found', `There is no enrollment group ${groupId}.`, { reason: 'enrollment-group' });
    }
    return group;
  }

  /** Ordered by id, after `after`. */
  page(options: { after: string; limit: number }): Promise<EnrollmentGroup[]> {
    return this.#store.page(options.after, options.limit);
  }

  list(): Promise<EnrollmentGroup[]> {
    return this.#store.list();
  }

  async delete(groupId: string, ifMatch?: string): Promise<void> {
    const present = await this.require(groupId);
    checkIfMatch(ifMatch, present.etag);
    if (!(await this.#store.delete(groupId, present.etag))) {
      throw new Problem('precondition-failed', 'The enrollment group has changed since it was read.');
    }
    this.#told(present);
  }

  /** Calls `listener` after each change that is stored, also when the enrollment group is gone. */
  onChange(listener: (groupId: string) => void): Cancel {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #told(group: EnrollmentGroup): EnrollmentGroup {
    for (const listener of this.#listeners) listener(group.groupId);
    return group;
  }

  #attestationOf(
    { groupId, attestation: asked }: { groupId: string; attestation: AskedAttestation },
    present?: GroupAttestation,
  ): GroupAttestation {
    if (asked.type === 'x509') return asked;
    const { primaryKey, secondaryKey } = asked;
    const known = present?.type === 'symmetricKey' ? present.keys : undefined;
    if (known && primaryKey === undefined && secondaryKey === undefined) return { type: 'symmetricKey', keys: known };
    const chosen = {
      ...known?.reveal(),
      ...(primaryKey !== undefined && { primaryKey }),
      ...(secondaryKey !== undefined && { secondaryKey }),
    };
    const keys = completeKeys(this.#platform.random, chosen, generatedKeyBytes);
    return { type: 'symmetricKey', keys: this.#store.seal(groupId, keys) };
  }

  #newEtag(): string {
    return this.#platform.random.bytes(12).toString('base64url');
  }
}
