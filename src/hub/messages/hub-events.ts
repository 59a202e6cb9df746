import type { Cancel } from '#base/clock.ts';
import { formatInstant } from '#base/instant.ts';
import type { Json } from '#base/json.ts';
import { metricsOf } from '#base/metrics.ts';
import type { Platform } from '#base/platform.ts';
import { encodeDeviceBag } from '#wire/azure/message-properties.ts';
import type { EventLog, EventSource, NewEvent } from '../events/event-log.ts';
import { parseIdentityName } from '../identity.ts';
import { Listeners } from '../listeners.ts';

export type HubEventSource = Exclude<EventSource, 'Telemetry'>;

export type HubOperation =
  | 'updateTwin'
  | 'replaceTwin'
  | 'createDeviceIdentity'
  | 'deleteDeviceIdentity'
  | 'createModuleIdentity'
  | 'deleteModuleIdentity'
  | 'deviceConnected'
  | 'deviceDisconnected'
  | 'moduleConnected'
  | 'moduleDisconnected'
  | 'deviceJobRunning'
  | 'deviceJobCompleted'
  | 'deviceJobFailed'
  | 'deviceJobCanceled';

const schemas: Record<HubEventSource, string> = {
  twinChangeEvents: 'twinChangeNotification',
  deviceLifecycleEvents: 'deviceLifecycleNotification',
  deviceConnectionStateEvents: 'deviceConnectionStateNotification',
  moduleLifecycleEvents: 'moduleLifecycleNotification',
  digitalTwinChangeEvents: 'digitalTwinChangeNotification',
  deviceJobLifecycleEvents: 'deviceJobLifecycleNotification',
};

/** What only routes read: it is worked out and written where one asks for it. */
export type RoutedSource = Extract<HubEventSource, 'digitalTwinChangeEvents' | 'deviceJobLifecycleEvents'>;

function isRoutedSource(source: HubEventSource): source is RoutedSource {
  return source === 'digitalTwinChangeEvents' || source === 'deviceJobLifecycleEvents';
}

/** Session-constant properties: the hub itself has none. */
const noSystemProperties = Buffer.alloc(0);

/**
 * Writes what happens at a hub, other than telemetry, into its event log in the words of
 * hub-service-protocol.md 9.5, so that everything behind the hub learns of it where it reads telemetry.
 */
export class HubEvents {
  readonly #platform: Platform;
  readonly #log: Pick<EventLog, 'append'>;
  readonly #hubName: string;
  #isRouted: (source: RoutedSource) => boolean = () => false;
  /** What must be known before an identity's event can be appended; undefined for nothing. */
  #before: (identity: string) => Promise<void> | undefined = () => undefined;
  /** Of identities whose events wait: those that follow wait behind them. */
  readonly #waiting = new Map<string, Promise<void>>();
  readonly #listeners: Listeners<string>;

  /** `hubName` is what back ends call the hub. */
  constructor(platform: Platform, log: Pick<EventLog, 'append'>, hubName: string) {
    this.#platform = platform;
    this.#log = log;
    this.#hubName = hubName;
    this.#listeners = new Listeners(platform.log, 'hub-event');
  }

  /** Called with the name of the device or module, after each event of it that was recorded, beside those that only routes read. */
  onRecorded(listener: (identity: string) => void): Cancel {
    return this.#listeners.add(listener);
  }

  /** `before` answers what an identity's event waits for, which must not reject. */
  waitFor(before: (identity: string) => Promise<void> | undefined): void {
    this.#before = before;
  }

  /** `isRouted` knows of which sources a route takes events. */
  askFirst(isRouted: (source: RoutedSource) => boolean): void {
    this.#isRouted = isRouted;
  }

  /** Whether events of this source go anywhere; without it, nobody need work one out. */
  isWanted(source: RoutedSource): boolean {
    return this.#isRouted(source);
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#waiting.size > 0) await Promise.all(this.#waiting.values());
  }

  /**
   * Appends the event of a device or a module, by its name (identity.ts). What it tells of has happened
   * already, so a log that takes nothing (a full disk) is reported to the operator and not to the caller.
   * `done` is for who records many: it is called once the event is on disk, or will not be.
   */
  record(source: HubEventSource, identity: string, operation: HubOperation, body: Json, done?: () => void): void {
    const { deviceId, moduleId } = parseIdentityName(identity);
    const at = this.#platform.clock.now();
    const bag = encodeDeviceBag({
      system: {
        'content-type': source === 'digitalTwinChangeEvents' ? 'application/json-patch+json' : 'application/json',
        'content-encoding': 'utf-8',
        'user-id': this.#hubName,
      },
      application: [
        ['hubName', this.#hubName],
        ['deviceId', deviceId],
        ...(moduleId === undefined ? [] : [['moduleId', moduleId] as const]),
        ['operationTimestamp', formatInstant(at)],
        ['opType', operation],
        ['iothub-message-schema', schemas[source]],
      ],
    });
    metricsOf(this.#platform).counter('homeport_hub_events_total', { source }).value++;
    const event: NewEvent = {
      source,
      deviceId,
      moduleId,
      enqueuedAt: at,
      bag,
      system: noSystemProperties,
      body: Buffer.from(JSON.stringify(body)),
      // The cloud shows these to readers of events only where a route says so.
      isHidden: true,
    };
    const append = () => {
      try {
        this.#log.append(event, done && (() => done()));
      } catch (error) {
        this.#platform.log.error('hub-event.lost', { source, identity, operation, error: String(error) });
        done?.();
      }
    };
    const before = this.#waiting.get(identity) ?? this.#before(identity);
    if (!before) append();
    else {
      const appended: Promise<void> = before.then(append).finally(() => {
        if (this.#waiting.get(identity) === appended) this.#waiting.delete(identity);
      });
      this.#waiting.set(identity, appended);
    }
    if (!isRoutedSource(source)) this.#listeners.tell(identity);
  }
}
