import assert from 'node:assert/strict';
import mqtt from 'mqtt';
import { eventually } from '#test/support/eventually.ts';
import type { HttpsAnswer } from '#test/support/https-client.ts';
import type { RunningHomeport } from '#test/support/start-homeport.ts';

export type CommandOptions = {
  /** A request of the back end's. Rejects when the server dies meanwhile. */
  readonly ask: (method: string, path: string, json?: unknown) => Promise<HttpsAnswer>;
  readonly password: string;
};

const deviceId = 'dev1';
const reportTopic = '$iothub/twin/PATCH/properties/reported/?$rid=r';

type TwinBody = { readonly properties: Record<'desired' | 'reported', { readonly $version: number; readonly n?: number }> };

/** Methods and twins over kills of a server: a back end that calls and desires, and a device on MQTT that answers and reports. */
export class CommandTraffic {
  readonly #home: RunningHomeport;
  readonly #options: CommandOptions;
  #client: mqtt.MqttClient | undefined;
  /** The highest version of each section that somebody was told of. */
  desired = 0;
  reported = 0;
  /** Calls that were answered, and those that the server's death cut off. */
  called = 0;
  cutOff = 0;
  #calls = 0;
  #desiredSaid = 0;
  readonly #executed = new Set<number>();
  readonly #twice: number[] = [];

  constructor(home: RunningHomeport, options: CommandOptions) {
    this.#home = home;
    this.#options = options;
  }

  /** The device comes back by itself, with its stored session. */
  async connect(): Promise<void> {
    const { hostName, mqttPort } = this.#home.status.hub;
    const client = await mqtt.connectAsync(`mqtts://${this.#home.address}:${mqttPort}`, {
      ca: this.#home.ca,
      clientId: deviceId,
      username: `${hostName}/${deviceId}/?api-version=2021-04-12`,
      password: this.#options.password,
      protocolVersion: 4,
      clean: false,
      resubscribe: false,
      queueQoSZero: false,
      reconnectPeriod: 50,
    });
    this.#client = client;
    // The server is away for a while: that is the point.
    client.on('error', () => {});
    client.on('message', (topic, payload) => this.#hear(topic, payload.toString()));
    client.on('connect', () => this.#report());
    for (const filter of ['$iothub/methods/POST/#', '$iothub/twin/res/#', '$iothub/twin/PATCH/properties/desired/#'])
      await client.subscribeAsync(filter, { qos: 1 });
    this.#report();
  }

  /** Calls and desires until the server is away. */
  async life(isUp: () => boolean): Promise<void> {
    const repeat = async (step: () => Promise<void>) => {
      while (isUp()) await step();
    };
    await Promise.all([repeat(() => this.#call()), repeat(() => this.#desire())]);
  }

  /** What the twin holds after a start: nothing that somebody was told of is missing, and no version went back. */
  async check(): Promise<void> {
    const { status, text } = await this.#options.ask('GET', `/twins/${deviceId}`);
    assert.equal(status, 200, text);
    const { desired, reported } = (JSON.parse(text) as TwinBody).properties;
    assert.ok(desired.$version >= this.desired, `desired ${desired.$version} after ${this.desired} was told`);
    assert.ok(reported.$version >= this.reported, `reported ${reported.$version} after ${this.reported} was told`);
    assert.ok((desired.n ?? 0) >= this.#desiredSaid, `desired n is ${desired.n} after ${this.#desiredSaid} was accepted`);
    assert.deepEqual(this.#twice, [], 'methods that were called twice');
    await eventually(() => (this.#client?.connected ? true : undefined), 60_000);
  }

  close(): void {
    this.#client?.end(true);
  }

  async #call(): Promise<void> {
    const n = ++this.#calls;
    try {
      const body = { methodName: 'count', payload: n, responseTimeoutInSeconds: 10 };
      const { status, text } = await this.#options.ask('POST', `/twins/${deviceId}/methods`, body);
      // Until the device is back.
      if (status === 404) return;
      assert.deepEqual([status, JSON.parse(text)], [200, { status: 200, payload: n }]);
      assert.ok(this.#executed.has(n), `${n} was answered and not called`);
      this.called += 1;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      this.cutOff += 1;
    }
  }

  async #desire(): Promise<void> {
    const n = this.#desiredSaid + 1;
    let answer: HttpsAnswer;
    try {
      answer = await this.#options.ask('PATCH', `/twins/${deviceId}`, { properties: { desired: { n } } });
    } catch {
      return;
    }
    assert.equal(answer.status, 200, answer.text);
    const { $version } = (JSON.parse(answer.text) as TwinBody).properties.desired;
    assert.ok($version > this.desired, `desired ${$version} after ${this.desired}`);
    this.desired = $version;
    this.#desiredSaid = n;
  }

  #report(): void {
    this.#client?.publish(reportTopic, JSON.stringify({ n: this.reported }), { qos: 0 });
  }

  #hear(topic: string, body: string): void {
    const version = Number(/\$version=(\d+)$/.exec(topic)?.[1] ?? Number.NaN);
    if (topic.startsWith('$iothub/methods/POST/')) {
      const n = Number(body);
      if (this.#executed.has(n)) this.#twice.push(n);
      this.#executed.add(n);
      this.#client?.publish(`$iothub/methods/res/200/${topic.slice(topic.lastIndexOf('/') + 1)}`, body, { qos: 0 });
    } else if (topic.startsWith('$iothub/twin/res/204/')) {
      assert.ok(version > this.reported, `reported ${version} after ${this.reported}`);
      this.reported = version;
      this.#report();
    }
  }
}
