import type { Cancel, Clock } from '#base/clock.ts';
import { dayMs, hourMs, minuteMs, plus, secondMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import type { RawResponse } from '../contract/ui-data.ts';
import type { DataEngine, DeviceValues, LastKnown, Series, SeriesQuery } from './data-engine.ts';
import { Ingest } from './ingest.ts';
import { type EventLog, type Message, messageOf, type StoredEvent } from './message.ts';
import { ModelFeed, type ModelSource } from './model-feed.ts';
import { readRaw } from './raw.ts';
import { ThreadEngine } from './thread-engine.ts';

export type DataOptions = {
  readonly platform: Platform;
  readonly database: Database;
  readonly databaseUrl: string;
  readonly events: EventLog;
  readonly models: ModelSource;
  /** Makes the engine; by default a thread where the database can be seen from one. `onEnd` tells that it died. */
  readonly makeEngine?: (onEnd: (error: unknown) => void) => DataEngine;
  /** How long points are kept. */
  readonly retentionMs?: number;
};

const retentionMsDefault = 365 * dayMs;
const saveEveryMs = minuteMs;
const retainEveryMs = hourMs;
const restartMs = secondMs;
/** How long a question waits for what is already in the log to be taken. */
const catchUpMsMax = secondMs;

/**
 * What devices said, read from the hub's event log like any consumer: series for charts, last values, raw
 * messages, and values as they come. The work is done in a thread; a database that lives in memory
 * cannot be seen from one, so there it is done here.
 */
export async function buildData(options: DataOptions): Promise<Data> {
  return new Data(options);
}

export class Data {
  readonly #options: DataOptions;
  readonly #listeners = new Set<(values: DeviceValues) => void>();
  readonly #cancels = new Set<Cancel>();
  #waiting: { position: number; resolve: () => void }[] = [];
  #engine: DataEngine | undefined;
  #cancelFollow: Cancel | undefined;
  #position = 0;
  #isStopped = true;
  #feed: ModelFeed;

  constructor(options: DataOptions) {
    this.#options = options;
    this.#feed = new ModelFeed(options.platform, options.models.modelOf);
  }

  /** Begins to follow the log where the last run saved. */
  async start(): Promise<void> {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    try {
      await this.#open();
    } catch (error) {
      this.#isStopped = true;
      throw error;
    }
    this.#cancels.add(this.#options.models.onModelChange((deviceId) => this.#feed.forget(deviceId)));
    const { clock } = this.#options.platform;
    this.#every(clock, saveEveryMs, (engine) => engine.checkpoint());
    this.#every(clock.calendar, retainEveryMs, (engine) => this.#retain(engine));
  }

  /** Saves what is in memory and stops following. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#cancelFollow?.();
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    this.#releaseWaiting(Number.POSITIVE_INFINITY);
    const engine = this.#engine;
    this.#engine = undefined;
    await engine?.close();
  }

  /** Points for charts; a name without any is an empty series. */
  async series(deviceId: string, query: SeriesQuery): Promise<Series[]> {
    await this.#catchUp();
    return this.#requireEngine().series(deviceId, query);
  }

  async lastKnown(deviceId: string, name: string): Promise<LastKnown | undefined> {
    await this.#catchUp();
    return this.#requireEngine().lastKnown(deviceId, name);
  }

  /** Messages as they came, newest first; `before` is the `next` of the page before. */
  async raw(deviceId: string, query: { before?: string; limit: number }): Promise<RawResponse> {
    await this.#catchUp();
    const { events, platform } = this.#options;
    const { modelOf } = this.#options.models;
    return readRaw({ log: platform.log, events, engine: this.#requireEngine(), modelOf }, deviceId, query);
  }

  /** Values as they are taken, a call per device and batch in which something was modeled. */
  onValues(listener: (values: DeviceValues) => void): Cancel {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #open(): Promise<void> {
    const { events, platform, models, makeEngine = (onEnd) => this.#makeEngine(onEnd) } = this.#options;
    const engine = makeEngine((error) => {
      if (engine === this.#engine) this.#reopenSoon(error);
    });
    const position = await engine.open({ start: events.start, end: events.end });
    // A new engine knows no template yet.
    this.#feed = new ModelFeed(platform, models.modelOf);
    this.#engine = engine;
    this.#position = position;
    this.#cancelFollow = events.follow(position, (batch) => this.#take(engine, batch));
  }

  #makeEngine(onEnd: (error: unknown) => void): DataEngine {
    const { platform, database, databaseUrl } = this.#options;
    if (databaseUrl === 'sqlite::memory:') return new Ingest(platform, database);
    return new ThreadEngine(platform.log, databaseUrl, onEnd);
  }

  /** The thread died: what it had not saved is read from the log again. */
  #reopenSoon(error: unknown): void {
    if (this.#isStopped) return;
    const { platform } = this.#options;
    platform.log.error('central.data-thread-ended', { error: String(error) });
    this.#cancelFollow?.();
    this.#engine = undefined;
    const cancel = platform.clock.after(restartMs, () => {
      this.#cancels.delete(cancel);
      this.#open().catch((failure) => this.#reopenSoon(failure));
    });
    this.#cancels.add(cancel);
  }

  async #take(engine: DataEngine, events: readonly StoredEvent[]): Promise<void> {
    const messages: Message[] = [];
    const deviceIds = new Set<string>();
    for (const event of events) {
      // A module's messages are its own: its names are not those of the device's template.
      if (event.moduleId !== undefined) continue;
      const message = messageOf(event);
      messages.push(message);
      deviceIds.add(message.deviceId);
    }
    const feed = this.#feed;
    const { models, assignments, markSent } = await feed.newsFor(deviceIds);
    // Stopped, or another engine reads on: this one may be closed by now.
    if (this.#engine !== engine) return;
    const values = await engine.ingest({ messages, models, assignments });
    markSent();
    this.#position = events.at(-1)?.next ?? this.#position;
    for (const one of values) for (const listener of this.#listeners) listener(one);
    this.#releaseWaiting(this.#position);
  }

  /**
   * Waits until what is durable now has been taken, so that a page that asks because it was told of a
   * message finds it. Not for long: old data is better than none.
   */
  #catchUp(): Promise<void> {
    const { events, platform } = this.#options;
    const position = events.end;
    if (this.#position >= position || this.#isStopped) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = platform.clock.after(catchUpMsMax, resolve);
    this.#waiting.push({
      position,
      resolve: () => {
        cancel();
        resolve();
      },
    });
    return promise;
  }

  #releaseWaiting(position: number): void {
    const released = this.#waiting.filter((waiting) => waiting.position <= position);
    this.#waiting = this.#waiting.filter((waiting) => waiting.position > position);
    for (const { resolve } of released) resolve();
  }

  #requireEngine(): DataEngine {
    if (this.#engine) return this.#engine;
    throw new Problem('unavailable', 'The data of devices is not open.', { retryAfterSeconds: 1 });
  }

  #retain(engine: DataEngine): Promise<void> {
    const { platform, events, retentionMs = retentionMsDefault } = this.#options;
    return engine.retain(plus(platform.clock.now(), -retentionMs), events.start);
  }

  #every(clock: Clock, ms: number, work: (engine: DataEngine) => Promise<void>): void {
    const { log } = this.#options.platform;
    const cancel = clock.after(ms, () => {
      this.#cancels.delete(cancel);
      if (this.#isStopped) return undefined;
      this.#every(clock, ms, work);
      return this.#engine && work(this.#engine).catch((error) => log.warn('central.upkeep-failed', { error: String(error) }));
    });
    this.#cancels.add(cancel);
  }
}
