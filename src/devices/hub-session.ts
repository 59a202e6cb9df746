import {
  formatMethodResponseTopic,
  formatTelemetryTopic,
  formatTwinGetTopic,
  formatTwinPatchTopic,
  hubFilters,
  messageFilter,
  parseHubTopic,
} from '#wire/azure/hub-topics.ts';
import { encodePercent } from '#wire/azure/percent.ts';
import type { InboundPublish, OutboundPublish, Subscription } from '#wire/mqtt/packet.ts';
import type { Application } from './application.ts';

/** What a hub session needs of its connection; tests give it a recording one. */
export type HubTransport = {
  subscribe(filters: readonly Subscription[], onGranted?: () => void): void;
  publish(packet: OutboundPublish, onAck?: () => void): boolean;
};

/**
 * One signed-in connection to a hub, between an application and the topics of hub-device-protocol.md
 * 4.5. It opens as the C library does (4.16): one SUBSCRIBE, the twin, then desired changes.
 */
export class HubSession {
  readonly #deviceId: string;
  readonly #application: Application;
  readonly #transport: HubTransport;
  readonly #statesContentType: boolean;
  readonly #onAcknowledged: () => void;
  #requestId = 0;
  #twinRequest: string | undefined;

  constructor(options: {
    deviceId: string;
    application: Application;
    transport: HubTransport;
    /** Adds `application/json` and `utf-8` to telemetry, which the samples do not (sphere.md 6.2). */
    statesContentType: boolean;
    onAcknowledged: () => void;
  }) {
    this.#deviceId = options.deviceId;
    this.#application = options.application;
    this.#transport = options.transport;
    this.#statesContentType = options.statesContentType;
    this.#onAcknowledged = options.onAcknowledged;
  }

  start(): void {
    this.#transport.subscribe(
      [
        { filter: messageFilter(this.#deviceId), qos: 1 },
        { filter: hubFilters.twinResponses, qos: 0 },
        ...(this.#application.handlesMethods ? [{ filter: hubFilters.methods, qos: 0 } as const] : []),
      ],
      () => this.#requestTwin(),
    );
    this.#application.connected();
  }

  sendTelemetry(body: string, properties: Readonly<Record<string, string>> = {}): boolean {
    // The C library writes application properties first. The samples set the creation time as one of them.
    const system = this.#statesContentType ? { '$.ct': 'application/json', '$.ce': 'utf-8' } : {};
    const pairs = Object.entries({ ...properties, ...system });
    const bag = pairs.map(([name, value]) => `${encodePercent(name)}=${encodePercent(value)}`).join('&');
    const topic = formatTelemetryTopic(this.#deviceId, bag);
    return this.#transport.publish({ topic, payload: body, qos: 1 }, this.#onAcknowledged);
  }

  report(body: string): boolean {
    const topic = formatTwinPatchTopic(String(++this.#requestId));
    return this.#transport.publish({ topic, payload: body, qos: 0 });
  }

  receive({ topic: text, payload }: Pick<InboundPublish, 'topic' | 'payload'>): void {
    const topic = parseHubTopic(text);
    switch (topic?.kind) {
      case 'method':
        this.#invoke(topic.name, topic.requestId, payload);
        return;
      case 'twin-response':
        this.#receiveTwin(topic.status, topic.requestId, payload);
        return;
      case 'desired':
        this.#application.twin(payload);
        return;
      case 'cloud-to-device':
        // The C library compares this id without regard to case.
        if (topic.deviceId.toLowerCase() === this.#deviceId.toLowerCase()) this.#application.cloudMessage(payload);
        return;
      default:
        return;
    }
  }

  #requestTwin(): void {
    this.#twinRequest = String(++this.#requestId);
    this.#transport.publish({ topic: formatTwinGetTopic(this.#twinRequest), payload: '', qos: 0 });
  }

  /** Answers to reports are not looked at, as in the samples; desired changes are asked for once the twin is here. */
  #receiveTwin(status: number, requestId: string, payload: Buffer): void {
    if (requestId !== this.#twinRequest) return;
    this.#twinRequest = undefined;
    this.#transport.subscribe([{ filter: hubFilters.desired, qos: 0 }]);
    if (status === 200) this.#application.twin(payload);
  }

  #invoke(name: string, requestId: string, payload: Buffer): void {
    const { status, body } = this.#application.invoke(name, payload);
    this.#transport.publish({ topic: formatMethodResponseTopic(status, requestId), payload: body, qos: 0 });
  }
}
