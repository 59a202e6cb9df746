import { isUtf8 } from 'node:buffer';
import type { Cancel } from '#base/clock.ts';
import { formatInstant, secondMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import type { Hub } from '#hub/hub.ts';
import type { HubMessage, HubMessageEventName, HubMessageEvents } from '../contract/ui-hub-messages.ts';
import { messageStreamLimits as limits } from './limits.ts';

export type SendMessageEvent = <K extends HubMessageEventName>(event: K, data: HubMessageEvents[K]) => void;
type Log = Pick<Hub['events'], 'end' | 'follow' | 'onState'>;
type StoredEvent = Parameters<Parameters<Log['follow']>[1]>[0][number];

type Subscriber = {
  readonly deviceId: string | undefined;
  readonly send: SendMessageEvent;
  readonly close: () => void;
  /** What the present second carried so far. */
  secondBegan: number;
  messages: number;
  bytes: number;
  skipped: number;
  cancelReport: Cancel | undefined;
};

/**
 * What devices send to a hub, for whoever watches at the moment. A hub's log is read once for all who watch
 * it, from the present on, and not at all while nobody does. A watcher gets so much in a second and is told
 * how much more there was: a page cannot show a hub's full stream, and must not slow it down.
 */
export class LiveMessages {
  readonly #platform: Platform;
  readonly #watched = new Map<Log, { subscribers: Set<Subscriber>; cancel: Cancel }>();

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** Open streams. */
  get subscriberCount(): number {
    let count = 0;
    for (const { subscribers } of this.#watched.values()) count += subscribers.size;
    return count;
  }

  /** With `deviceId`, only what that device sends. `close` is called when no more can come: the hub was deleted, or stops. */
  subscribe(log: Log, deviceId: string | undefined, stream: { send: SendMessageEvent; close: () => void }): Cancel {
    const subscriber: Subscriber = {
      deviceId,
      ...stream,
      secondBegan: Number.NEGATIVE_INFINITY,
      messages: 0,
      bytes: 0,
      skipped: 0,
      cancelReport: undefined,
    };
    const watched = this.#watched.get(log) ?? this.#watch(log);
    watched.subscribers.add(subscriber);
    return () => {
      subscriber.cancelReport?.();
      watched.subscribers.delete(subscriber);
      if (watched.subscribers.size > 0 || this.#watched.get(log) !== watched) return;
      this.#watched.delete(log);
      watched.cancel();
    };
  }

  stop(): void {
    for (const { subscribers, cancel } of this.#watched.values()) {
      cancel();
      for (const subscriber of subscribers) subscriber.cancelReport?.();
    }
    this.#watched.clear();
  }

  #watch(log: Log) {
    const subscribers = new Set<Subscriber>();
    const cancelFollow = log.follow(log.end, (events) => this.#read(subscribers, events));
    const cancelState = log.onState((state) => {
      if (state === 'closed') for (const { close } of [...subscribers]) close();
    });
    const watched = {
      subscribers,
      cancel() {
        cancelFollow();
        cancelState();
      },
    };
    this.#watched.set(log, watched);
    return watched;
  }

  #read(subscribers: ReadonlySet<Subscriber>, events: readonly StoredEvent[]): void {
    for (const event of events) {
      if (event.source !== 'Telemetry') continue;
      let message: HubMessage | undefined;
      for (const subscriber of subscribers) {
        if (subscriber.deviceId !== undefined && subscriber.deviceId !== event.deviceId) continue;
        if (!this.#hasRoom(subscriber, event)) continue;
        message ??= formatMessage(event);
        subscriber.send('message', message);
      }
    }
  }

  #hasRoom(subscriber: Subscriber, event: StoredEvent): boolean {
    const now = this.#platform.clock.monotonic();
    if (now - subscriber.secondBegan >= secondMs) {
      subscriber.secondBegan = now;
      subscriber.messages = 0;
      subscriber.bytes = 0;
    }
    const bytes = Math.min(event.body.length, limits.bodyBytesMax) + event.bag.length;
    if (subscriber.messages < limits.messagesPerSecondMax && subscriber.bytes + bytes <= limits.bytesPerSecondMax) {
      subscriber.messages += 1;
      subscriber.bytes += bytes;
      return true;
    }
    subscriber.skipped += 1;
    subscriber.cancelReport ??= this.#platform.clock.after(secondMs, () => {
      subscriber.cancelReport = undefined;
      const count = subscriber.skipped;
      subscriber.skipped = 0;
      subscriber.send('skipped', { count });
    });
    return false;
  }
}

function formatMessage(event: StoredEvent): HubMessage {
  const { system, application } = event.properties();
  // A zero byte is UTF-8 too, and no text that anybody reads.
  const isText = isUtf8(event.body) && !event.body.includes(0);
  const shown = event.body.subarray(0, isText ? textEnd(event.body, limits.bodyBytesMax) : limits.bodyBytesMax);
  return {
    position: event.position,
    deviceId: event.deviceId,
    ...(event.moduleId === undefined ? {} : { moduleId: event.moduleId }),
    at: formatInstant(event.enqueuedAt),
    body: shown.toString(isText ? 'utf8' : 'base64'),
    ...(isText ? {} : { bodyEncoding: 'base64' as const }),
    bodyBytes: event.body.length,
    isCut: shown.length < event.body.length,
    application,
    system,
  };
}

/** Where to cut UTF-8 text so that no character is cut: before the bytes that continue one. */
function textEnd(body: Buffer, bytesMax: number): number {
  if (body.length <= bytesMax) return body.length;
  let end = bytesMax;
  while (end > 0 && ((body[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return end;
}
