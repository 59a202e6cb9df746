import type { Cancel } from '#base/clock.ts';
import { type Instant, minuteMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Hub } from '#hub/hub.ts';
import { isModelId } from '../templates/announced-model.ts';
import type { Templates } from '../templates/templates.ts';
import type { Device } from './device.ts';
import type { Devices } from './devices.ts';

/** What Central reads of the hub's event log. */
export type HubLog = Pick<Hub['events'], 'end' | 'follow'>;
type HubEvent = Parameters<Parameters<HubLog['follow']>[1]>[0][number];

/** What an event changed for who looks at the device. */
export type DeviceNews = 'raw' | 'properties';

/** How often one device's last-seen time is written, and how often it is told to open lists. */
const seenWriteMs = minuteMs;
const seenAnnounceMs = 5_000;

type Seen = { at: Instant; writtenAt: number; announcedAt: number };

/**
 * Central's view of what happens at the hub, read from the hub's event log like any consumer:
 * when a device was last heard of, whether it is connected, and the model it announces on connect.
 * Follows from the present on: what matters here is the newest state, which is asked for at its source.
 */
export class HubFollower {
  readonly #platform: Platform;
  readonly #log: HubLog;
  readonly #devices: Devices;
  readonly #templates: Templates;
  readonly #announcedModelOf: (deviceId: string) => Promise<string>;
  readonly #seen = new Map<string, Seen>();
  readonly #newsListeners = new Set<(deviceId: string, news: DeviceNews) => void>();
  #cancel: Cancel | undefined;

  constructor(
    platform: Platform,
    options: {
      log: HubLog;
      devices: Devices;
      templates: Templates;
      /** The model a device named when it connected to the hub, '' when none. */
      announcedModelOf(deviceId: string): Promise<string>;
    },
  ) {
    this.#platform = platform;
    this.#log = options.log;
    this.#devices = options.devices;
    this.#templates = options.templates;
    this.#announcedModelOf = options.announcedModelOf;
    this.#devices.onRemoval((deviceId) => {
      this.#seen.delete(deviceId);
    });
  }

  start(): void {
    this.#cancel ??= this.#log.follow(this.#log.end, (events) => this.#read(events));
  }

  async stop(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    const unwritten = [...this.#seen].filter(([, seen]) => seen.at > seen.writtenAt);
    await this.#devices.saveSeen(new Map(unwritten.map(([deviceId, { at }]) => [deviceId, at])));
  }

  /** When the device was last heard of since the start. */
  lastSeenAt(deviceId: string): Instant | undefined {
    return this.#seen.get(deviceId)?.at;
  }

  /** Calls `listener` when a device's raw data or properties have something new. */
  onNews(listener: (deviceId: string, news: DeviceNews) => void): Cancel {
    this.#newsListeners.add(listener);
    return () => this.#newsListeners.delete(listener);
  }

  async #read(events: readonly HubEvent[]): Promise<void> {
    const heard = new Map<string, Instant>();
    const changed = new Set<string>();
    const connected = new Set<string>();
    const rewritten = new Set<string>();
    const news = new Map<string, Set<DeviceNews>>();
    for (const { source, deviceId, moduleId, enqueuedAt } of events) {
      // What a module does says nothing of the device as Central knows it.
      if (moduleId !== undefined) continue;
      const deviceNews = news.get(deviceId) ?? new Set();
      news.set(deviceId, deviceNews.add('raw'));
      if (source === 'Telemetry') heard.set(deviceId, enqueuedAt);
      else if (source === 'twinChangeEvents') deviceNews.add('properties');
      else if (source === 'deviceConnectionStateEvents') {
        heard.set(deviceId, enqueuedAt);
        connected.add(deviceId);
        changed.add(deviceId);
      } else {
        rewritten.add(deviceId);
        changed.add(deviceId);
      }
    }
    const due = new Map<string, Instant>();
    for (const [deviceId, at] of heard) this.#hear(deviceId, at, { changed, due });
    await this.#devices.saveSeen(due);
    for (const deviceId of connected) await this.#readAnnouncedModel(deviceId);
    for (const deviceId of rewritten) await this.#devices.enforceBlock(deviceId);
    for (const deviceId of changed) this.#devices.announce(deviceId);
    for (const [deviceId, kinds] of news) {
      for (const kind of kinds) for (const listener of this.#newsListeners) listener(deviceId, kind);
    }
  }

  #hear(deviceId: string, at: Instant, { changed, due }: { changed: Set<string>; due: Map<string, Instant> }): void {
    const seen = this.#seen.get(deviceId) ?? { at, writtenAt: 0, announcedAt: 0 };
    this.#seen.set(deviceId, seen);
    seen.at = at;
    if (at - seen.announcedAt >= seenAnnounceMs) {
      seen.announcedAt = at;
      changed.add(deviceId);
    }
    if (at - seen.writtenAt >= seenWriteMs) {
      seen.writtenAt = at;
      due.set(deviceId, at);
    }
  }

  /** Devices that named no model when they registered may name it here (central.md 2.3). */
  async #readAnnouncedModel(deviceId: string): Promise<void> {
    const device = await this.#devices.load(deviceId);
    if (!device || device.templateId !== undefined) return;
    const modelId = await this.#modelOrNone(deviceId);
    if (!isModelId(modelId)) return;
    const template = await this.#templates.forModel(modelId);
    await this.#devices.update(device.deviceId, (current) => assign(current, modelId, template?.templateId));
    this.#platform.log.info('device.model-announced', { deviceId, modelId, templateId: template?.templateId });
  }

  async #modelOrNone(deviceId: string): Promise<string | undefined> {
    try {
      return await this.#announcedModelOf(deviceId);
    } catch (error) {
      // Deleted since the event was written.
      if (error instanceof Problem && error.code === 'device-not-found') return undefined;
      throw error;
    }
  }
}

function assign(device: Device, modelId: string, templateId: string | undefined): Device {
  if (device.templateId !== undefined || (templateId === undefined && device.modelId === modelId)) return device;
  return { ...device, modelId, ...(templateId === undefined ? {} : { templateId }) };
}
