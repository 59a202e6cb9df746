import type { Instant } from '#base/instant.ts';
import type { Json } from '#base/json.ts';
import type { DeviceModel } from '../templates/device-model.ts';
import type { ChartPoint } from './chart-points.ts';
import type { Message } from './message.ts';

/** Messages in the order of the log, with the models of those devices whose model is new to the engine. */
export type IngestBatch = {
  readonly messages: readonly Message[];
  /** Models by a number that stands for them from now on. */
  readonly models: readonly (readonly [number, DeviceModel])[];
  /** Which model each device has; undefined for none. */
  readonly assignments: readonly (readonly [string, number | undefined])[];
};

/** What became known of a device in one batch. */
export type DeviceValues = { deviceId: string; points: { name: string; at: Instant; value: Json }[] };

export type LastKnown = { value: Json; at: Instant; isCoerced: boolean };

export type SeriesQuery = { names: string[]; from: Instant; to: Instant; points: number };
export type Series = { name: string; points: ChartPoint[] };

/**
 * Central's data behind one door, so that it can work in a thread of its own: everything that goes in or out is
 * plain data. Calls are done one after another.
 */
export interface DataEngine {
  /** Where to go on reading the log that holds `log.start` to `log.end`. */
  open(log: { start: number; end: number }): Promise<number>;
  /** Takes a batch; messages that it has seen are passed over. On a throw nothing of it was taken. */
  ingest(batch: IngestBatch): Promise<DeviceValues[]>;
  /** Saves what is in memory. */
  checkpoint(): Promise<void>;
  series(deviceId: string, query: SeriesQuery): Promise<Series[]>;
  /** Positions of the device's newest messages before `before`, newest first. */
  positionsBefore(deviceId: string, before: number, limit: number): Promise<number[]>;
  lastKnown(deviceId: string, name: string): Promise<LastKnown | undefined>;
  /** Deletes points before `before` and pointers to what the log no longer has. */
  retain(before: Instant, logStart: number): Promise<void>;
  /** Saves and lets go. */
  close(): Promise<void>;
}
