import type { Cancel } from '#base/clock.ts';
import type { Instant } from '#base/instant.ts';
import type { Problem } from '#base/problem.ts';
import type { PartitionLog } from './partition-log.ts';
import type { RoutingStamp } from './routing-stamp.ts';

/** Where an event comes from, in the words of the `iothub-message-source` property. */
export type EventSource =
  | 'Telemetry'
  | 'twinChangeEvents'
  | 'deviceLifecycleEvents'
  | 'deviceConnectionStateEvents'
  | 'moduleLifecycleEvents'
  | 'digitalTwinChangeEvents'
  | 'deviceJobLifecycleEvents';

/**
 * `full`: the disk has no room; appends are refused, nothing acknowledged is lost, and the log goes
 * on by itself when there is room again. `failed`: a sync or write failed, so what was not yet durable
 * never will be; only opening the log anew ends this. `closed`: it was told to stop.
 */
export type EventLogState = 'ok' | 'full' | 'failed' | 'closed';

/** An event on its way in. Nothing is kept: every byte is copied before `append` returns. */
export type NewEvent = {
  readonly source: EventSource;
  readonly deviceId: string;
  readonly moduleId?: string | undefined;
  readonly enqueuedAt: Instant;
  /** The property bag as the device sent it in its topic, still percent-encoded; '' without properties. */
  readonly bag: string;
  /** What is constant for a session, made once by encodeSystemProperties (event-record.ts). */
  readonly system: Buffer;
  readonly body: Buffer;
  /** It is for who follows the log, and not for readers of the partition: those are not told of it, and it is not counted. */
  readonly isHidden?: boolean | undefined;
};

/** What routes say of an event on its way in: whether readers of the partition see it, and what is kept behind its body. */
export type EventRouter = (event: NewEvent) => { readonly isHidden: boolean; readonly stamp: Buffer | undefined };

export type EventProperties = {
  /** By the names that the hub's readers see: `message-id`, `content-type`, `dt-dataschema`, `iothub-creation-time-utc`… */
  readonly system: Readonly<Record<string, string>>;
  /** What the application added; null for a key without `=`. */
  readonly application: Readonly<Record<string, string | null>>;
};

/** An event as it lies in the log. */
export interface StoredEvent {
  /** Grows from event to event over all partitions, with gaps; survives restarts. */
  readonly position: number;
  /** Where to go on reading after this event. */
  readonly next: number;
  readonly partition: number;
  /** Counts from 1 without gaps within the partition; a hidden event has the number of the one before it. */
  readonly sequence: number;
  readonly source: EventSource;
  readonly deviceId: string;
  readonly moduleId: string | undefined;
  readonly enqueuedAt: Instant;
  /** The bag as it came; `properties()` decodes it. */
  readonly bag: string;
  /** Where it goes besides. Decoded at each call. */
  readonly stamp: RoutingStamp;
  readonly body: Buffer;
  /** Decoded at the first call. */
  properties(): EventProperties;
}

/**
 * What happened at a hub, in order, durable before it is acknowledged. Everything behind the hub
 * (Central, routes, event readers) reads it here.
 */
export interface EventLog {
  /** How many partitions devices are spread over; a device stays in its partition. */
  readonly partitions: number;
  readonly state: EventLogState;
  /** Position of the oldest event still kept; equals `end` when there is none. */
  readonly start: number;
  /** Where the next durable event will be read: everything before is on disk. */
  readonly end: number;

  /**
   * Copies the event into the open batch and returns its position. `done` is called after the sync of
   * the batch, or with the problem that made it impossible. Hot callers leave `done` out, remember the
   * position and acknowledge in `onBatchDurable`. Throws Problem `storage-full` while the disk is full,
   * `unavailable` when the log failed, is closed or has too much waiting for the disk, and
   * `payload-too-large` for an event that cannot be stored.
   */
  append(event: NewEvent, done?: (problem?: Problem) => void): number;

  /** Asks `router` about every event from now on; without one, an event goes where it says itself. It must not throw. */
  routeBy(router: EventRouter | undefined): void;

  /** Called once per synced batch: every event with a position up to and including `lastPosition` is durable. */
  onBatchDurable(listener: (lastPosition: number) => void): Cancel;

  /** Called when `state` changes. After `failed`, positions not yet reported as durable never will be. */
  onState(listener: (state: EventLogState) => void): Cancel;

  /** Sequence number of the newest event appended to the partition; 0 before the first. */
  lastSequence(partition: number): number;

  /** For who reads partitions, with a place of its own in each. */
  readonly partitionLog: PartitionLog;

  /**
   * Up to `max` durable events from position `from` on (an event's `position` or `next`, `start` or
   * `end`), fewer when they are large; empty at the end. Positions that retention removed continue
   * at `start`. Throws Problem `internal` with reason `log-damaged` where the disk changed what was
   * written.
   */
  read(options: { from: number; max: number }): Promise<StoredEvent[]>;

  /**
   * The events at exactly these positions, which came from events of this log; undefined where retention
   * removed it. Throws as `read` does where the disk changed it.
   */
  load(positions: readonly number[]): Promise<(StoredEvent | undefined)[]>;

  /**
   * Hands on every durable event from `from` on, in order, now and as they come. The next call waits
   * for the promise of the last. A damaged stretch is reported in the log of the platform and then
   * passed over. A listener that throws gets the same events again after a pause.
   */
  follow(from: number, onEvents: (events: readonly StoredEvent[]) => void | Promise<void>): Cancel;

  /** Syncs what was appended and lets go of the files. */
  close(): Promise<void>;
}
