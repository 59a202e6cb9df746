import { setImmediate as turn } from 'node:timers/promises';
import type { Cancel } from '#base/clock.ts';
import { checkIfMatch } from '#base/etag.ts';
import type { JsonObject } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import { IdentityQueue } from '../identity-queue.ts';
import type { QuerySource } from '../query/query-source.ts';
import { newEtag } from '../registry/device.ts';
import {
  byPrecedence,
  type Configuration,
  type ConfigurationChange,
  type NewConfiguration,
  type TargetStatus,
} from './configuration.ts';
import { formatConfigurationContent } from './configuration-content.ts';
import { ConfigurationStore } from './configuration-store.ts';
import { configurationLimits } from './limits.ts';
import { type ActiveConfiguration, pathsAsked, type SettleRooms, settleIdentities, settleRows } from './settle-targets.ts';
import { parseTargetCondition, systemQueries } from './target-condition.ts';
import { ConfigurationTargetStore } from './target-store.ts';

export type ConfigurationsOptions = Pick<SettleRooms, 'platform' | 'sources' | 'twins' | 'modules'> & {
  readonly database: Database;
  readonly hub: string;
  /** How many rows a query gives; throws Problem `argument-invalid` for what is none. */
  readonly countRows: (query: string) => Promise<number>;
  /** Throws Problem `argument-invalid` for what is no query. */
  readonly checkQuery: (query: string) => void;
  /** Default five minutes. */
  readonly sweepMs?: number;
};

export type CountedConfiguration = Configuration & {
  readonly systemQueries: Readonly<Record<string, string>>;
  readonly counted: Readonly<Record<string, number>>;
};

/**
 * Automatic device management: each device gets the content of the first of the configurations that are meant for it.
 * A device that changes is looked at again by itself, a configuration that changes makes a sweep over all devices, in
 * steps; a sweep at intervals is for what nobody told of. What a restart cuts off begins again: a content that is
 * there already changes nothing.
 */
export class Configurations {
  readonly #platform: Platform;
  readonly #options: ConfigurationsOptions;
  readonly #store: ConfigurationStore;
  readonly #targets: ConfigurationTargetStore;
  readonly #rooms: SettleRooms;
  /** One change of one configuration after the other. */
  readonly #queue = new IdentityQueue();
  #all: readonly ActiveConfiguration[] = [];
  readonly #changed = new Set<string>();
  #isSweepDue = false;
  #timer: Cancel | undefined;
  #working: Promise<void> | undefined;
  #isStopped = true;

  constructor(options: ConfigurationsOptions) {
    this.#platform = options.platform;
    this.#options = options;
    this.#store = new ConfigurationStore(options.database, options.hub);
    this.#targets = new ConfigurationTargetStore(options.database, options.hub);
    this.#rooms = { ...options, targets: this.#targets };
  }

  async start(): Promise<void> {
    this.#isStopped = false;
    const { isSwept } = await this.#read();
    const orphans = await this.#targets.listOrphans(
      this.#all.map(({ id }) => id),
      1,
    );
    if (!isSwept || orphans.length > 0) this.#sweep();
    this.#setTimer();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.();
    await this.#working;
  }

  /** A device or a module, by name, is not what it was. */
  changed(identity: string): void {
    if (this.#isStopped || this.#all.length === 0) return;
    if (this.#changed.size < configurationLimits.changedMax) this.#changed.add(identity);
    else this.#isSweepDue = true;
    this.#work();
  }

  /** Throws Problem `already-exists`, `quota-exceeded` or `argument-invalid`. */
  create(input: NewConfiguration): Promise<CountedConfiguration> {
    return this.#queue.run('', async () => {
      this.#check(input);
      if (this.#all.some(({ id }) => id === input.id)) throw exists(input.id);
      if (this.#all.length >= configurationLimits.configurationsMax) {
        const detail = `There are ${configurationLimits.configurationsMax} configurations, and a hub has no more.`;
        throw new Problem('quota-exceeded', detail, { reason: 'too-many-configurations' });
      }
      const now = this.#platform.clock.now();
      const configuration: Configuration = {
        ...input,
        metricResults: {},
        systemResults: {},
        etag: newEtag(this.#platform.random),
        createdAt: now,
        updatedAt: now,
      };
      if (!(await this.#store.insert(configuration))) throw exists(input.id);
      await this.#changedOne('configuration.created', input.id);
      return this.require(input.id);
    });
  }

  /**
   * Changes what `change` names. Throws Problem `not-found`, `precondition-failed`, `argument-invalid`, and with reason
   * `configuration-immutable` for another content.
   */
  update(id: string, change: ConfigurationChange, ifMatch?: string): Promise<CountedConfiguration> {
    return this.#queue.run('', async () => {
      const present = this.#find(id);
      checkIfMatch(ifMatch, present.etag);
      if (change.content && !isSame(change.content, present.content)) {
        throw new Problem('argument-invalid', 'The content of a configuration stays as it was made.', {
          reason: 'configuration-immutable',
        });
      }
      const { condition: _, ...before } = present;
      const configuration: Configuration = {
        ...before,
        ...change,
        content: present.content,
        etag: newEtag(this.#platform.random),
        updatedAt: this.#platform.clock.now(),
      };
      this.#check(configuration);
      if (!(await this.#store.replace(configuration, present.etag))) {
        throw new Problem('conflict', `The configuration ${id} is being changed by someone else.`);
      }
      await this.#changedOne('configuration.changed', id);
      return this.require(id);
    });
  }

  /** What it wrote stays, unless another takes its place. Throws Problem `not-found` or `precondition-failed`. */
  delete(id: string, ifMatch?: string): Promise<void> {
    return this.#queue.run('', async () => {
      checkIfMatch(ifMatch, this.#find(id).etag);
      if (!(await this.#store.delete(id))) throw notFound(id);
      await this.#changedOne('configuration.deleted', id);
    });
  }

  /** Throws Problem `not-found` with reason `configuration-not-found`. */
  async require(id: string): Promise<CountedConfiguration> {
    return this.#counted(this.#find(id));
  }

  /** By id. */
  async list(limit: number): Promise<CountedConfiguration[]> {
    const all = [...this.#all].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit);
    return Promise.all(all.map((configuration) => this.#counted(configuration)));
  }

  /** Which configurations are meant for each of these, for those that any is meant for. */
  async statusesOf(identities: readonly string[]): Promise<ReadonlyMap<string, JsonObject>> {
    if (this.#all.length === 0) return new Map();
    const known = new Set(this.#all.map(({ id }) => id));
    const statuses = new Map<string, JsonObject>();
    for (const [identity, targets] of await this.#targets.load(identities)) {
      const told = targets.filter(({ configurationId }) => known.has(configurationId));
      if (told.length === 0) continue;
      const status = (isApplied: boolean): TargetStatus => (isApplied ? 'Applied' : 'Targeted');
      statuses.set(
        identity,
        Object.fromEntries(told.map((target) => [target.configurationId, { status: status(target.isApplied) }])),
      );
    }
    return statuses;
  }

  /** Resolves when nothing is left to look at: for tests. */
  async idle(): Promise<void> {
    while (this.#working) await this.#working;
  }

  async #read(): Promise<{ isSwept: boolean }> {
    const stored = await this.#store.list();
    this.#all = stored
      .map(({ configuration }) => ({
        ...configuration,
        condition: parseTargetCondition(configuration.content.kind, configuration.targetCondition),
      }))
      .sort(byPrecedence);
    return { isSwept: stored.every(({ isSwept }) => isSwept) };
  }

  async #changedOne(
    event: 'configuration.created' | 'configuration.changed' | 'configuration.deleted',
    id: string,
  ): Promise<void> {
    await this.#read();
    this.#platform.log.info(event, { configurationId: id });
    this.#sweep();
  }

  #find(id: string): ActiveConfiguration {
    const found = this.#all.find((configuration) => configuration.id === id);
    if (found) return found;
    throw notFound(id);
  }

  #check({ content, targetCondition, priority, metricQueries }: NewConfiguration): void {
    parseTargetCondition(content.kind, targetCondition);
    if (!Number.isInteger(priority) || priority < 0 || priority > configurationLimits.priorityMax) {
      throw new Problem('argument-invalid', 'A priority is a whole number from 0.');
    }
    const metrics = Object.entries(metricQueries);
    if (metrics.length > configurationLimits.metricsMax) {
      throw new Problem('argument-invalid', `A configuration has at most ${configurationLimits.metricsMax} metrics of its own.`, {
        reason: 'configuration-metric',
      });
    }
    for (const [name, query] of metrics) {
      try {
        this.#options.checkQuery(query);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        throw new Problem('argument-invalid', `${name}: ${error.message}`, { reason: 'configuration-metric' });
      }
    }
  }

  async #counted({ condition: _, ...configuration }: ActiveConfiguration): Promise<CountedConfiguration> {
    const { targeted, applied } = await this.#targets.count(configuration.id);
    return {
      ...configuration,
      systemQueries: systemQueries(configuration),
      counted: { ...configuration.systemResults, targetedCount: targeted, appliedCount: applied },
    };
  }

  #sweep(): void {
    this.#isSweepDue = true;
    this.#work();
  }

  #setTimer(): void {
    const { calendar } = this.#platform.clock;
    this.#timer = calendar.after(this.#options.sweepMs ?? configurationLimits.sweepMs, async () => {
      if (this.#all.length > 0) this.#sweep();
      await this.#working;
      if (!this.#isStopped) this.#setTimer();
    });
  }

  /** Works until nothing is left; whoever comes meanwhile adds to it. */
  #work(): void {
    if (this.#isStopped || this.#working) return;
    this.#working = this.#workOff()
      .catch((error: unknown) => {
        this.#platform.log.error('configurations.failed', { error: String(error) });
        this.#isSweepDue = true;
        this.#platform.clock.after(configurationLimits.retryMs, () => this.#work());
        return true;
      })
      .then((hasFailed) => {
        this.#working = undefined;
        if (!hasFailed && (this.#isSweepDue || this.#changed.size > 0)) this.#work();
      });
  }

  async #workOff(): Promise<boolean> {
    while (!this.#isStopped && (this.#isSweepDue || this.#changed.size > 0)) {
      await this.#lookAtChanged();
      if (this.#isSweepDue && !this.#isStopped) {
        this.#isSweepDue = false;
        await this.#sweepAll();
      }
    }
    return false;
  }

  async #lookAtChanged(): Promise<void> {
    while (this.#changed.size > 0 && !this.#isStopped) {
      const identities = [...this.#changed].slice(0, configurationLimits.sweptAtOnce);
      for (const identity of identities) this.#changed.delete(identity);
      await settleIdentities(this.#rooms, this.#all, identities);
      await turn();
    }
  }

  /** Every device, then every module, then those that only a deleted configuration was meant for; and what is counted. */
  async #sweepAll(): Promise<void> {
    const swept = this.#all;
    if (swept.length === 0 && !(await this.#targets.hasAny())) return;
    for (const [source, isOfModules] of [
      [this.#rooms.sources.devices, false],
      [this.#rooms.sources.modules, true],
    ] as const) {
      if (!(await this.#sweepSource(source, isOfModules))) return;
    }
    await this.#targets.forgetGone();
    for (const configuration of swept) {
      if (this.#isStopped || this.#isSweepDue) return;
      await this.#count(configuration);
    }
    // What the counts say now is what is told.
    if (!this.#isSweepDue) await this.#read();
  }

  /** False when it was cut short, by a change that makes another sweep due. */
  async #sweepSource(source: QuerySource, isOfModules: boolean): Promise<boolean> {
    let after: string | undefined;
    do {
      if (this.#isStopped || this.#isSweepDue) return false;
      const { rows, through } = await source.scan({
        ...(after === undefined ? {} : { after }),
        paths: pathsAsked(this.#all),
        max: configurationLimits.sweptAtOnce,
      });
      await settleRows(this.#rooms, this.#all, rows, isOfModules);
      await this.#lookAtChanged();
      await turn();
      after = through;
    } while (after !== undefined);
    return true;
  }

  async #count(configuration: ActiveConfiguration): Promise<void> {
    const count = async (queries: Readonly<Record<string, string>>): Promise<Record<string, number>> => {
      const results: [string, number][] = [];
      for (const [name, query] of Object.entries(queries)) results.push([name, await this.#options.countRows(query)]);
      return Object.fromEntries(results);
    };
    const { targetedCount: _, appliedCount: __, ...reported } = systemQueries(configuration);
    const metrics = await count(configuration.metricQueries);
    await this.#store.setSwept(configuration, { metrics, system: await count(reported) });
  }
}

function isSame(a: Configuration['content'], b: Configuration['content']): boolean {
  return canonical(formatConfigurationContent(a)) === canonical(formatConfigurationContent(b));
}

/** As text, whatever the order of members. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([x], [y]) => (x < y ? -1 : 1)))
      : inner,
  );
}

function exists(id: string): Problem {
  return new Problem('already-exists', `There is a configuration ${id}.`, { reason: 'configuration-exists' });
}

function notFound(id: string): Problem {
  return new Problem('not-found', `There is no configuration ${id.slice(0, 128)}.`, { reason: 'configuration-not-found' });
}
