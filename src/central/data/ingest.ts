import { type Instant, instant, secondMs } from '#base/instant.ts';
import type { Json } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import type { Database } from '#storage/database.ts';
import type { LastValueRow } from '#storage/schema/series.ts';
import type { DeviceModel } from '../templates/device-model.ts';
import { chartPoints } from './chart-points.ts';
import { chartValue } from './coerce.ts';
import type { DataEngine, DeviceValues, IngestBatch, LastKnown, Series, SeriesQuery } from './data-engine.ts';
import type { Message } from './message.ts';
import { type NamedMessage, nameMessage } from './name-message.ts';
import { OpenIndex } from './open-index.ts';
import { OpenSeries } from './open-series.ts';
import { loadParts } from './series-parts.ts';
import { SeriesStore } from './series-store.ts';
import { decodePositions } from './varint.ts';

/** What is in memory is saved after this much time or this much log: that is what a restart reads again. */
const saveMs = 30 * secondMs;
const saveBytes = 16 * 1024 * 1024;
/** With saving impossible, ingest stops here and waits: the log keeps what follows. */
const unsavedBytesMax = 4 * saveBytes;
/** Devices kept in memory over a save; the others are loaded again when they go on. */
const openDevicesMax = 10_000;

type Named = { message: Message; named: NamedMessage | undefined; numbers: { name: string; value: number }[] };

/**
 * Turns the hub's events into series, an index of messages per device and last values. All of it
 * stays in memory until a save, which writes it in one transaction with the position up to which the log was
 * read: after any end, reading goes on there, and each point is in its series exactly once.
 */
export class Ingest implements DataEngine {
  readonly #platform: Platform;
  readonly #store: SeriesStore;
  readonly #models = new Map<number, DeviceModel>();
  readonly #modelOf = new Map<string, number>();
  /** By device, then by name; a device that is here is here with all its series. */
  readonly #series = new Map<string, Map<string, OpenSeries>>();
  readonly #indexes = new Map<string, OpenIndex>();
  readonly #lastValues = new Map<string, LastValueRow>();
  #lastSeriesId = 0;
  #position = 0;
  #savedPosition = 0;
  #savedAt: number;
  #serial: Promise<unknown> = Promise.resolve();

  constructor(platform: Platform, database: Database) {
    this.#platform = platform;
    this.#store = new SeriesStore(database);
    this.#savedAt = platform.clock.monotonic();
  }

  open(log: { start: number; end: number }): Promise<number> {
    return this.#inTurn(async () => {
      let position = await this.#store.loadPosition();
      if (position !== undefined && position > log.end) {
        this.#platform.log.warn('central.log-was-made-anew', { position, end: log.end });
        await this.#store.forgetPositions();
        position = undefined;
      }
      this.#lastSeriesId = await this.#store.loadLastSeriesId();
      this.#position = Math.max(position ?? log.start, log.start);
      this.#savedPosition = this.#position;
      return this.#position;
    });
  }

  ingest(batch: IngestBatch): Promise<DeviceValues[]> {
    return this.#inTurn(async () => {
      if (this.#position - this.#savedPosition > unsavedBytesMax) {
        await this.#save();
      }
      for (const [number, model] of batch.models) this.#models.set(number, model);
      for (const [deviceId, number] of batch.assignments) {
        if (number === undefined) this.#modelOf.delete(deviceId);
        else this.#modelOf.set(deviceId, number);
      }
      const values = new Map<string, DeviceValues>();
      let from = 0;
      const messages = batch.messages.filter((message) => message.position >= this.#position);
      for (const [index, message] of messages.entries()) {
        if (!isDeletion(message)) continue;
        await this.#take(messages.slice(from, index), values);
        await this.#forget(message);
        values.delete(message.deviceId);
        from = index + 1;
      }
      await this.#take(messages.slice(from), values);
      await this.#saveWhenDue();
      return [...values.values()];
    });
  }

  checkpoint(): Promise<void> {
    return this.#inTurn(() => this.#save());
  }

  series(deviceId: string, query: SeriesQuery): Promise<Series[]> {
    return this.#inTurn(async () => {
      await this.#load(new Set([deviceId]));
      const found: Series[] = [];
      for (const name of query.names) {
        const series = this.#series.get(deviceId)?.get(name);
        const { parts, late } = series ? await loadParts(this.#store, series, query) : { parts: [], late: [] };
        found.push({ name, points: chartPoints(parts, late, query) });
      }
      return found;
    });
  }

  positionsBefore(deviceId: string, before: number, limit: number): Promise<number[]> {
    return this.#inTurn(async () => {
      const open = this.#indexes.get(deviceId)?.lists() ?? [];
      const positions = open.flat().filter((position) => position < before);
      const oldestOpen = open[0]?.[0] ?? Number.POSITIVE_INFINITY;
      // Each row points at as many messages as fit, the newest but one at the least; one more for the row cut by `before`.
      for (let edge = Math.min(before, oldestOpen); positions.length < limit; ) {
        const rows = await this.#store.loadIndexBefore(deviceId, edge, 1 + Math.ceil(limit / 256));
        const oldest = rows.at(-1);
        if (!oldest) break;
        for (const row of rows) {
          positions.push(...decodePositions(row.positions, row.count).filter((position) => position < before));
        }
        edge = oldest.first_position;
      }
      return positions.sort((a, b) => b - a).slice(0, limit);
    });
  }

  lastKnown(deviceId: string, name: string): Promise<LastKnown | undefined> {
    return this.#inTurn(async () => {
      const saved = await this.#store.loadLastValue(deviceId, name);
      const open = this.#lastValues.get(keyOf(deviceId, name));
      const row = open && (!saved || open.at >= saved.at) ? open : saved;
      if (!row) return undefined;
      const value: Json = JSON.parse(row.value);
      return { value, at: instant(row.at), isCoerced: row.coerced === 1 };
    });
  }

  retain(before: Instant, logStart: number): Promise<void> {
    return this.#inTurn(async () => {
      await this.#save();
      await this.#store.deleteOld(before, logStart);
      this.#dropOpen(0);
    });
  }

  close(): Promise<void> {
    return this.checkpoint();
  }

  /** Takes messages into memory. Loading comes first, so that a database that fails leaves nothing half taken. */
  async #take(messages: readonly Message[], values: Map<string, DeviceValues>): Promise<void> {
    const last = messages.at(-1);
    if (!last) return;
    const named = messages.map((message) => this.#name(message));
    await this.#load(new Set(named.filter(({ numbers }) => numbers.length > 0).map(({ message }) => message.deviceId)));
    await this.#loadIndexes(new Set(messages.map(({ deviceId }) => deviceId)));
    for (const one of named) this.#add(one, values);
    this.#position = last.next;
  }

  #name(message: Message): Named {
    const number = this.#modelOf.get(message.deviceId);
    const model = number === undefined ? undefined : this.#models.get(number);
    // Without a template nothing is modeled: the body is looked at when somebody asks for raw data.
    if (!model) return { message, named: undefined, numbers: [] };
    const named = nameMessage(message, model);
    const numbers: Named['numbers'] = [];
    for (const [name, { value }] of named.modeled) {
      const number = chartValue(value);
      if (number !== undefined) numbers.push({ name, value: number });
    }
    return { message, named, numbers };
  }

  #add({ message, named, numbers }: Named, values: Map<string, DeviceValues>): void {
    const { deviceId, position, enqueuedAt } = message;
    this.#indexes.get(deviceId)?.append(position);
    if (!named || named.modeled.size === 0) return;
    const { at } = named;
    for (const { name, value } of numbers) this.#openSeries(deviceId, name).append(at, enqueuedAt, position, value);
    for (const [name, { value, isCoerced }] of named.modeled) {
      this.#noteLast({ device_id: deviceId, name, at, position, value: JSON.stringify(value), coerced: isCoerced ? 1 : 0 });
    }
    const news = values.get(deviceId) ?? { deviceId, points: [] };
    values.set(deviceId, news);
    for (const [name, { value }] of named.modeled) news.points.push({ name, at, value });
  }

  #noteLast(row: LastValueRow): void {
    const key = keyOf(row.device_id, row.name);
    const before = this.#lastValues.get(key);
    if (!before || row.at >= before.at) this.#lastValues.set(key, row);
  }

  #openSeries(deviceId: string, name: string): OpenSeries {
    let ofDevice = this.#series.get(deviceId);
    if (!ofDevice) {
      ofDevice = new Map();
      this.#series.set(deviceId, ofDevice);
    }
    let series = ofDevice.get(name);
    if (!series) {
      series = new OpenSeries({ seriesId: ++this.#lastSeriesId, deviceId, name, isNew: true });
      ofDevice.set(name, series);
    }
    return series;
  }

  /** Brings the series of these devices into memory, each with its unfinished chunk. */
  async #load(deviceIds: ReadonlySet<string>): Promise<void> {
    const missing = [...deviceIds].filter((deviceId) => !this.#series.has(deviceId));
    if (missing.length === 0) return;
    const loaded = new Map(missing.map((deviceId) => [deviceId, new Map<string, OpenSeries>()]));
    for (const { series_id: seriesId, device_id: deviceId, name } of await this.#store.loadSeries(missing)) {
      const newest = await this.#store.loadNewestChunk(seriesId);
      loaded.get(deviceId)?.set(name, new OpenSeries({ seriesId, deviceId, name, isNew: false, newest }));
    }
    for (const [deviceId, series] of loaded) this.#series.set(deviceId, series);
  }

  async #loadIndexes(deviceIds: ReadonlySet<string>): Promise<void> {
    for (const deviceId of deviceIds) {
      if (this.#indexes.has(deviceId)) continue;
      this.#indexes.set(deviceId, new OpenIndex(deviceId, await this.#store.loadNewestIndex(deviceId)));
    }
  }

  /** The device is gone from the hub, and what it said goes with it. A new one of the same name starts empty. */
  async #forget(message: Message): Promise<void> {
    await this.#save();
    await this.#store.deleteDevice(message.deviceId, message.next);
    this.#position = message.next;
    this.#savedPosition = message.next;
    this.#indexes.delete(message.deviceId);
    this.#series.delete(message.deviceId);
  }

  async #saveWhenDue(): Promise<void> {
    const isDue = this.#position - this.#savedPosition > saveBytes || this.#platform.clock.monotonic() - this.#savedAt >= saveMs;
    if (!isDue) return;
    try {
      await this.#save();
    } catch (error) {
      // The batch is taken; the next one tries again.
      this.#platform.log.warn('central.save-failed', { error: String(error) });
    }
  }

  async #save(): Promise<void> {
    const series = [...this.#series.values()]
      .flatMap((ofDevice) => [...ofDevice.values()])
      .filter((one) => one.isNew || one.isDirty);
    const indexes = [...this.#indexes.values()].filter((one) => one.isDirty);
    if (this.#position !== this.#savedPosition) {
      await this.#store.save({
        position: this.#position,
        series: series
          .filter((one) => one.isNew)
          .map((one) => ({ series_id: one.seriesId, device_id: one.deviceId, name: one.name })),
        chunks: series.flatMap((one) => one.dirtyRows()),
        late: series.flatMap((one) => one.late.map((point) => ({ series_id: one.seriesId, ...point }))),
        index: indexes.flatMap((one) => one.dirtyRows()),
        lastValues: [...this.#lastValues.values()],
      });
    }
    for (const one of series) one.markSaved();
    for (const one of indexes) one.markSaved();
    this.#lastValues.clear();
    this.#savedPosition = this.#position;
    this.#savedAt = this.#platform.clock.monotonic();
    if (this.#indexes.size > openDevicesMax || this.#series.size > openDevicesMax) this.#dropOpen(openDevicesMax / 2);
  }

  /** Forgets what was saved, the longest known first, until `keep` are left. */
  #dropOpen(keep: number): void {
    for (const deviceId of this.#series.keys()) {
      if (this.#series.size <= keep) break;
      this.#series.delete(deviceId);
    }
    for (const deviceId of this.#indexes.keys()) {
      if (this.#indexes.size <= keep) break;
      this.#indexes.delete(deviceId);
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#serial.then(work);
    this.#serial = result.catch(() => undefined);
    return result;
  }
}

/** Device ids hold no line feed. */
function keyOf(deviceId: string, name: string): string {
  return `${deviceId}\n${name}`;
}

function isDeletion(message: Message): boolean {
  return message.source === 'deviceLifecycleEvents' && message.operation === 'deleteDeviceIdentity';
}
