import type { Cancel } from '#base/clock.ts';
import { checkIfMatch } from '#base/etag.ts';
import type { JsonObject } from '#base/json.ts';
import { metricsOf } from '#base/metrics.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { diffAsPatch, mergePatch } from '#lang/merge-patch.ts';
import type { Database } from '#storage/database.ts';
import type { Transaction } from '#storage/transaction.ts';
import { identityName, identityNotFound, parseIdentityName } from '../identity.ts';
import { IdentityQueue } from '../identity-queue.ts';
import { Listeners } from '../listeners.ts';
import type { HubEvents } from '../messages/hub-events.ts';
import { type TwinLimits, twinLimits } from './limits.ts';
import { etagOf, formatSection, formatTwin, type Twin } from './twin.ts';
import { selectMetadata, stampMetadata } from './twin-metadata.ts';
import { checkTwinPatch, checkTwinSection } from './twin-rules.ts';
import { type StoredTwin, TwinStore } from './twin-store.ts';

/** What an identity should be told: the changed members, removed ones as null, and the version they led to. */
export type DesiredChange = { readonly identity: string; readonly patch: JsonObject; readonly version: number };

/** What an owner writes; a section that is left out is not written. */
export type OwnedSections = { readonly tags?: JsonObject; readonly desired?: JsonObject };

/** A twin before and after any change of it. */
export type TwinChange = { readonly before: Twin; readonly after: Twin };

/** What somebody else writes in the transaction that changes a twin; what it throws undoes the change. */
export type AlsoInTransaction = (transaction: Transaction) => Promise<void>;

/** A twin that nobody has stored yet. */
export type NewTwin = { readonly stored: StoredTwin; readonly twin: Twin };

/** Twins given to the index of tags in one transaction. */
const indexedAtOnce = 200;

/** How often a change is tried again when another process changed the same twin in between. */
const attemptsMax = 5;

/**
 * The twins of a hub, by the name of the device or module that each belongs to (identity.ts). Changes of
 * one twin are applied one after the other, and what follows from a change (its event, the push to the
 * device) happens in the order of versions.
 */
export class Twins {
  readonly #platform: Platform;
  readonly #store: TwinStore;
  readonly #events: HubEvents;
  readonly #queue = new IdentityQueue();
  readonly #listeners: Listeners<DesiredChange>;
  readonly #changes: Listeners<TwinChange>;
  readonly limits: TwinLimits;

  constructor(platform: Platform, database: Database, hub: string, events: HubEvents, limits: TwinLimits = twinLimits) {
    this.limits = limits;
    this.#platform = platform;
    this.#store = new TwinStore(database, hub);
    this.#events = events;
    this.#listeners = new Listeners(platform.log, 'desired');
    this.#changes = new Listeners(platform.log, 'twin');
  }

  async find(identity: string): Promise<Twin | undefined> {
    const twin = await this.#store.load(identity);
    return twin && publicTwin(twin);
  }

  /** Throws Problem `device-not-found`, or for a module `not-found`. */
  async load(identity: string): Promise<Twin> {
    return publicTwin(await this.#require(identity));
  }

  /**
   * Merges `patch` into desired and pushes it to the device when it listens. An empty patch changes
   * nothing. Throws Problem `twin-invalid`, and `precondition-failed` when `ifVersion` is not the version.
   */
  patchDesired(identity: string, patch: JsonObject, ifVersion?: number): Promise<Twin> {
    checkTwinPatch('desired', patch, this.limits);
    return this.#change(
      identity,
      patch,
      (twin) => {
        checkVersion(ifVersion, twin.desiredVersion);
        return { ...this.#mergeDesired(twin, patch), serviceRevision: twin.serviceRevision + 1 };
      },
      (twin) => this.#announcePatch(twin, { desired: patch }),
    );
  }

  /**
   * Merges an owner's patches of tags and desired in one step. Empty ones change nothing. Throws Problem
   * `twin-invalid`, and `precondition-failed` when the twin's etag is not the one that `ifMatch` names. What `also`
   * writes is written with the change or not at all, even when nothing changes.
   */
  patchOwned(identity: string, patches: OwnedSections, ifMatch?: string, also?: AlsoInTransaction): Promise<Twin> {
    const { tags = {}, desired = {} } = patches;
    checkTwinPatch('tags', tags, this.limits);
    checkTwinPatch('desired', desired, this.limits);
    return this.#change(
      identity,
      { ...tags, ...desired },
      (twin) => {
        checkIfMatch(ifMatch, etagOf(twin.serviceRevision));
        const tagged = Object.keys(tags).length === 0 ? twin : mergeTags(twin, tags, this.limits);
        const changed = Object.keys(desired).length === 0 ? tagged : this.#mergeDesired(tagged, desired);
        return { ...changed, serviceRevision: twin.serviceRevision + 1 };
      },
      (twin) => this.#announcePatch(twin, { tags, desired }),
      also,
    );
  }

  /**
   * Puts `tags` and `desired` in place of what the twin has; reported stays. The device is told what
   * changed: what it must add, and as null what it must drop. Throws as `patchOwned`.
   */
  replaceOwned(identity: string, sections: Required<OwnedSections>, ifMatch?: string): Promise<Twin> {
    checkTwinPatch('tags', sections.tags, this.limits);
    checkTwinPatch('desired', sections.desired, this.limits);
    const tags = mergePatch({}, sections.tags);
    const desired = mergePatch({}, sections.desired);
    checkTwinSection('tags', tags, this.limits);
    checkTwinSection('desired', desired, this.limits);
    return this.#queue.run(identity, async () => {
      const { before, after } = await this.#replace(identity, (twin) => {
        checkIfMatch(ifMatch, etagOf(twin.serviceRevision));
        const desiredVersion = twin.desiredVersion + 1;
        const stamp = { lastUpdated: this.#platform.clock.now(), lastUpdatedVersion: desiredVersion };
        const desiredMetadata = stampMetadata(undefined, desired, stamp);
        return { ...twin, tags, desired, desiredVersion, desiredMetadata, serviceRevision: twin.serviceRevision + 1 };
      });
      const twin = publicTwin(after);
      this.#events.record('twinChangeEvents', identity, 'replaceTwin', formatTwin(twin));
      this.#listeners.tell({ identity, patch: diffAsPatch(before.desired, desired), version: twin.desiredVersion });
      this.#changes.tell({ before: publicTwin(before), after: twin });
      return twin;
    });
  }

  /** Merges `patch` into reported: what a device says of itself. Throws as `patchDesired`. */
  patchReported(identity: string, patch: JsonObject, ifVersion?: number): Promise<Twin> {
    checkTwinPatch('reported', patch, this.limits);
    return this.#change(
      identity,
      patch,
      (twin) => {
        checkVersion(ifVersion, twin.reportedVersion);
        const reported = mergePatch(twin.reported, patch);
        checkTwinSection('reported', reported, this.limits);
        const stamp = { lastUpdated: this.#platform.clock.now() };
        const reportedMetadata = stampMetadata(twin.reportedMetadata, patch, stamp);
        return { ...twin, reported, reportedVersion: twin.reportedVersion + 1, reportedMetadata };
      },
      (twin) => {
        const section = formatSection(patch, selectMetadata(twin.reportedMetadata, patch), twin.reportedVersion);
        this.#report(twin, { properties: { reported: section } });
      },
    );
  }

  /** Merges `patch` into tags, which a device never sees. Throws Problem `twin-invalid`. */
  patchTags(identity: string, patch: JsonObject): Promise<Twin> {
    checkTwinPatch('tags', patch, this.limits);
    return this.#change(
      identity,
      patch,
      (twin) => ({ ...mergeTags(twin, patch, this.limits), serviceRevision: twin.serviceRevision + 1 }),
      (twin) => this.#announcePatch(twin, { tags: patch }),
    );
  }

  /** Notes the model that the device announced when it connected; a connect without one clears it. */
  setModelId(identity: string, modelId: string): Promise<Twin> {
    return this.#queue.run(identity, async () => {
      const twin = await this.#require(identity);
      return publicTwin(
        twin.modelId === modelId ? twin : (await this.#replace(identity, (present) => ({ ...present, modelId }))).after,
      );
    });
  }

  /** Gives the index of tags the twins from before there was one. Resolves when queries find them all. */
  async start(): Promise<void> {
    let count = 0;
    for (let done = await this.#store.indexSome(indexedAtOnce); done > 0; done = await this.#store.indexSome(indexedAtOnce)) {
      count += done;
    }
    if (count > 0) this.#platform.log.info('twins.indexed', { count });
  }

  /** The twin of a new identity, for `insert`. Throws Problem `twin-invalid`. */
  prepare(identity: string, initial: { tags?: JsonObject; desired?: JsonObject }): NewTwin {
    const { tags = {}, desired = {} } = initial;
    checkTwinPatch('tags', tags, this.limits);
    checkTwinPatch('desired', desired, this.limits);
    const twin: StoredTwin = {
      ...parseIdentityName(identity),
      tags: mergePatch({}, tags),
      desired: mergePatch({}, desired),
      reported: {},
      desiredVersion: 1,
      reportedVersion: 1,
      desiredMetadata:
        Object.keys(desired).length === 0
          ? { members: {} }
          : stampMetadata(undefined, desired, { lastUpdated: this.#platform.clock.now(), lastUpdatedVersion: 1 }),
      reportedMetadata: { members: {} },
      modelId: '',
      version: 1,
      serviceRevision: 1,
    };
    checkTwinSection('tags', twin.tags, this.limits);
    checkTwinSection('desired', twin.desired, this.limits);
    return { stored: twin, twin: publicTwin(twin) };
  }

  /** Adds the twins of new identities within the transaction that creates them. */
  insert(transaction: Transaction, twins: readonly NewTwin[]): Promise<void> {
    return this.#store.insert(
      transaction,
      twins.map(({ stored }) => stored),
    );
  }

  /** Adds the twin of a new identity within the transaction that creates it. Throws Problem `twin-invalid`. */
  async create(transaction: Transaction, identity: string, initial: { tags?: JsonObject; desired?: JsonObject }): Promise<Twin> {
    const prepared = this.prepare(identity, initial);
    await this.insert(transaction, [prepared]);
    return prepared.twin;
  }

  /** Called for each change of desired properties, in the order of versions per identity. */
  onDesiredChange(listener: (change: DesiredChange) => void): Cancel {
    return this.#listeners.add(listener);
  }

  /** Called for each change of tags, desired or reported properties, in the order of versions per identity. */
  onChange(listener: (change: TwinChange) => void): Cancel {
    return this.#changes.add(listener);
  }

  /** Resolves when every change that was asked for so far is done. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  async #change(
    identity: string,
    patch: JsonObject,
    apply: (twin: StoredTwin) => StoredTwin,
    announce: (twin: StoredTwin) => void,
    also?: AlsoInTransaction,
  ): Promise<Twin> {
    return this.#queue.run(identity, async () => {
      // Nothing to change: answered like a change, without a new version (4.10).
      if (Object.keys(patch).length === 0) {
        const twin = await this.#require(identity);
        apply(twin);
        if (also) await this.#store.alone(also);
        return publicTwin(twin);
      }
      const { before, after } = await this.#replace(identity, apply, also);
      announce(after);
      const twin = publicTwin(after);
      this.#changes.tell({ before: publicTwin(before), after: twin });
      return twin;
    });
  }

  async #replace(
    identity: string,
    apply: (twin: StoredTwin) => StoredTwin,
    also?: AlsoInTransaction,
  ): Promise<{ before: StoredTwin; after: StoredTwin }> {
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      const twin = await this.#require(identity);
      const changed = { ...apply(twin), version: twin.version + 1 };
      if (!(await this.#store.replace(changed, twin, also))) continue;
      const part = changed.reportedVersion === twin.reportedVersion ? 'owned' : 'reported';
      metricsOf(this.#platform).counter('homeport_twin_changes_total', { part }).value++;
      return { before: twin, after: changed };
    }
    throw new Problem('unavailable', 'The twin is being changed by too many at once.');
  }

  async #require(identity: string): Promise<StoredTwin> {
    const twin = await this.#store.load(identity);
    if (twin) return twin;
    throw identityNotFound(parseIdentityName(identity));
  }

  #mergeDesired(twin: StoredTwin, patch: JsonObject): StoredTwin {
    const desired = mergePatch(twin.desired, patch);
    checkTwinSection('desired', desired, this.limits);
    const desiredVersion = twin.desiredVersion + 1;
    const stamp = { lastUpdated: this.#platform.clock.now(), lastUpdatedVersion: desiredVersion };
    return { ...twin, desired, desiredVersion, desiredMetadata: stampMetadata(twin.desiredMetadata, patch, stamp) };
  }

  #announcePatch(twin: StoredTwin, { tags = {}, desired = {} }: OwnedSections): void {
    const change: JsonObject = Object.keys(tags).length === 0 ? {} : { tags };
    if (Object.keys(desired).length === 0) {
      this.#report(twin, change);
      return;
    }
    const section = formatSection(desired, selectMetadata(twin.desiredMetadata, desired), twin.desiredVersion);
    this.#report(twin, { ...change, properties: { desired: section } });
    this.#listeners.tell({ identity: identityName(twin), patch: desired, version: twin.desiredVersion });
  }

  #report(twin: StoredTwin, change: JsonObject): void {
    this.#events.record('twinChangeEvents', identityName(twin), 'updateTwin', { version: twin.version, ...change });
  }
}

function checkVersion(wanted: number | undefined, present: number): void {
  if (wanted === undefined || wanted === present) return;
  throw new Problem('precondition-failed', `The section has version ${present}, not ${wanted}.`);
}

function mergeTags(twin: StoredTwin, patch: JsonObject, limits: TwinLimits): StoredTwin {
  const tags = mergePatch(twin.tags, patch);
  checkTwinSection('tags', tags, limits);
  return { ...twin, tags };
}

function publicTwin(stored: StoredTwin): Twin {
  const { serviceRevision: _, ...twin } = stored;
  return { ...twin, etag: etagOf(stored.serviceRevision) };
}
