import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { eventually } from '#test/support/eventually.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { openEmbeddedBroker } from '../broker/embedded-broker.ts';
import { openLocalClient } from '../broker/local-client.ts';
import { TedgeSettings } from '../settings/tedge-settings.ts';
import { buildMapper } from './build-mapper.ts';

const address = '127.0.0.1';
const health = 'te/device/main/service/tedge-mapper-az/status/health';

/** The mapper in this process, in real time, and the embedded broker whenever the test opens it. */
function openBench(t: TestContext, { port = 0 } = {}) {
  const platform = { ...testPlatform(), clock: systemClock };
  const openBroker = async (at = port) => {
    const broker = await openEmbeddedBroker(testPlatform(), { address, port: at, intercept: () => undefined });
    t.after(() => broker.close());
    return broker;
  };
  const mapperOf = (at: number) => {
    const settings = new TedgeSettings(
      '/etc',
      { path: 't', unknownKeys: [], read: () => undefined },
      { TEDGE_MQTT_CLIENT_PORT: `${at}` },
    );
    const mapper = buildMapper(platform, settings, 7);
    t.after(() => mapper.stop());
    return mapper;
  };
  /** A client that keeps what it hears. */
  const listen = async (at: number, filter: string) => {
    const heard: string[] = [];
    const { session, closed } = await openLocalClient({
      clock: systemClock,
      host: address,
      port: at,
      clientId: `listener-${filter}`,
      onMessage: ({ topic, payload }) => void heard.push(`${topic} ${payload}`),
    });
    t.after(() => session.disconnect());
    await new Promise((resolve) => session.subscribe([{ filter, qos: 1 }], resolve));
    const hears = (text: string) => eventually(() => heard.find((line) => line.includes(text)));
    return { session, closed, heard, hears };
  };
  return { openBroker, mapperOf, listen };
}

describe('the mapper beside the embedded broker', () => {
  test('it translates, reports, and says that it is up and that it goes down', async (t) => {
    const bench = openBench(t);
    const broker = await bench.openBroker();
    const everything = await bench.listen(broker.port, '#');
    const mapper = bench.mapperOf(broker.port);
    mapper.start();
    await everything.hears(`${health} {"pid":7,"status":"up"`);
    everything.session.publish({ topic: 'te/device/pump7///m/', payload: '{"lpm": 3.2}', qos: 1 });
    everything.session.publish({ topic: 'tedge/measurements', payload: '{"lpm": "3"}', qos: 0 });
    await everything.hears('az/messages/events/%24.sub=pump7 {"lpm":3.2,"time":');
    assert.match(await everything.hears('te/errors '), /'tedge\/measurements' .* is no number/);
    await mapper.stop();
    await everything.hears(`${health} {"pid":7,"status":"down"}`);
  });

  test('a broker that is not there yet, or goes and comes again, is waited for', async (t) => {
    const bench = openBench(t);
    const first = await bench.openBroker();
    const { port } = first;
    await first.close();
    const mapper = bench.mapperOf(port);
    mapper.start();
    for (const round of [1, 2]) {
      const broker = await bench.openBroker(port);
      const listener = await bench.listen(port, '#');
      await listener.hears(`${health} {"pid":7,"status":"up"`);
      listener.session.publish({ topic: 'te/device/main///m/', payload: `{"round":${round}}`, qos: 1 });
      await listener.hears(`az/messages/events/ {"round":${round},`);
      await broker.close();
    }
  });

  test('it stops while there is no broker, and before it ever began', async (t) => {
    const bench = openBench(t);
    const broker = await bench.openBroker();
    await broker.close();
    const waiting = bench.mapperOf(broker.port);
    waiting.start();
    await waiting.stop();
    await bench.mapperOf(broker.port).stop();
  });
});
