import type { Cancel } from '#base/clock.ts';
import type { Platform } from '#base/platform.ts';
import type { Commands } from '../commands/commands.ts';
import type { ConnectionGroups } from '../connection/connection-groups.ts';
import type { UiEventName, UiEvents } from '../contract/ui-events.ts';
import type { DeviceRows } from '../devices/device-rows.ts';
import type { Devices } from '../devices/devices.ts';
import type { HubFollower } from '../devices/follow-hub.ts';
import { formatDeviceRow } from './format-device-row.ts';

export type SendEvent = <K extends UiEventName>(event: K, data: UiEvents[K]) => void;
type Subscriber = { deviceId: string | undefined; send: SendEvent };

export type LiveSources = {
  devices: Devices;
  rows: DeviceRows;
  groups: ConnectionGroups;
  follower: Pick<HubFollower, 'onNews'>;
  commands: Pick<Commands, 'onRun'>;
  /** Values as they are ingested. */
  onValues(listener: (values: UiEvents['values']) => void): Cancel;
};

/** What open pages are told. A device that changes many times while its row is being read is sent once. */
export class LiveEvents {
  readonly #platform: Platform;
  readonly #sources: LiveSources;
  readonly #subscribers = new Set<Subscriber>();
  readonly #pending = new Set<string>();
  readonly #cancels: readonly Cancel[];
  #isSending = false;

  constructor(platform: Platform, sources: LiveSources) {
    this.#platform = platform;
    this.#sources = sources;
    this.#cancels = [
      sources.devices.onChange((deviceId) => this.#deviceChanged(deviceId)),
      sources.groups.onChange((id) => this.#send(undefined, 'group', { id })),
      sources.follower.onNews((deviceId, what) => this.#sendToPage(deviceId, 'changed', { deviceId, what })),
      sources.commands.onRun((deviceId) => this.#sendToPage(deviceId, 'changed', { deviceId, what: 'commands' })),
      sources.onValues((values) => this.#sendToPage(values.deviceId, 'values', values)),
    ];
  }

  /** With `deviceId`, only what concerns that device. */
  subscribe(deviceId: string | undefined, send: SendEvent): Cancel {
    const subscriber = { deviceId, send };
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  /** Open streams. */
  get subscriberCount(): number {
    return this.#subscribers.size;
  }

  stop(): void {
    for (const cancel of this.#cancels) cancel();
    this.#subscribers.clear();
  }

  #deviceChanged(deviceId: string): void {
    if (this.#subscribers.size === 0) return;
    this.#pending.add(deviceId);
    if (!this.#isSending) void this.#sendPending();
  }

  async #sendPending(): Promise<void> {
    this.#isSending = true;
    try {
      for (const deviceId of this.#pending) {
        this.#pending.delete(deviceId);
        const device = await this.#sources.devices.load(deviceId);
        if (device) this.#send(device.deviceId, 'device', formatDeviceRow(await this.#sources.rows.view(device)));
        else this.#send(deviceId, 'device-removed', { id: deviceId });
      }
    } catch (error) {
      this.#platform.log.error('live-event.lost', { error: String(error) });
    } finally {
      this.#isSending = false;
    }
  }

  /** To whoever looks at this very device: every message of every device would drown a list. */
  #sendToPage<K extends UiEventName>(deviceId: string, event: K, data: UiEvents[K]): void {
    for (const subscriber of this.#subscribers) if (subscriber.deviceId === deviceId) subscriber.send(event, data);
  }

  #send<K extends UiEventName>(deviceId: string | undefined, event: K, data: UiEvents[K]): void {
    for (const subscriber of this.#subscribers) {
      const isWanted = subscriber.deviceId === undefined || subscriber.deviceId === deviceId;
      if (isWanted) subscriber.send(event, data);
    }
  }
}
