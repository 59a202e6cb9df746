import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type HubBench, openHubBench, settled, until } from '#test/support/hub-bench.ts';
import type { StoredEvent } from '../events/event-log.ts';
import { EventCursor } from '../events/event-record.ts';
import { additionsAt, eventsPlace } from '../events/routing-stamp.ts';
import type { Route } from './route.ts';

const json = '%24.ct=application%2Fjson&%24.ce=utf-8';
const route = (name: string, more: Partial<Route> = {}): Route => ({
  name,
  source: 'DeviceMessages',
  condition: '',
  endpointNames: ['events'],
  isEnabled: true,
  ...more,
});

describe('routing', () => {
  let bench: HubBench;
  beforeEach(async () => {
    bench = await openHubBench();
    await bench.addDevice('dev1');
  });
  afterEach(() => bench.close());

  const send = async (body: string, bag = '', deviceId = 'dev1') => {
    const device = await bench.connect({ deviceId });
    await device.send(`devices/${deviceId}/messages/events/${bag}`, body);
    await device.disconnect();
  };

  async function everything(): Promise<StoredEvent[]> {
    const { events } = bench.hub;
    const all: StoredEvent[] = [];
    for (let from = events.start; from < events.end; from = all.at(-1)?.next ?? events.end) {
      all.push(...(await events.read({ from, max: 1_000 })));
    }
    return all;
  }

  /** What readers of all partitions see, in the order of the log, with what was added for them. */
  async function seen() {
    const { events } = bench.hub;
    const all = await everything();
    const visible = new Map<number, number>();
    for (let partition = 0; partition < events.partitions; partition++) {
      const numbers: number[] = [];
      for (let at = events.start; at < events.end; ) {
        const stretch = await events.partitionLog.read(at);
        for (const record of stretch.of(partition)) {
          const { position, sequence } = new EventCursor().moveTo(record);
          visible.set(position, sequence);
          numbers.push(sequence);
        }
        at = stretch.next;
      }
      assert.deepEqual(
        numbers,
        numbers.map((_, n) => n + 1),
        'numbers have no gap',
      );
    }
    return all
      .filter(({ position }) => visible.has(position))
      .map((event) => ({
        source: event.source,
        body: event.body.toString(),
        operation: event.properties().application.opType,
        added: Object.fromEntries(additionsAt(event.stamp, eventsPlace)),
      }));
  }
  const bodies = async () => (await seen()).map(({ body }) => body);

  test('without routes telemetry is seen, and nothing else', async () => {
    await send('a');
    await bench.hub.twins.patchTags('dev1', { site: 'north' });
    assert.deepEqual(await bodies(), ['a']);
    await bench.hub.routing.setFallback(false);
    await send('b');
    assert.deepEqual(await bodies(), ['a', 'b']);
  });

  test('with a route, what it does not take goes by the fallback, while that is on', async () => {
    await bench.hub.routing.saveRoute(route('storage', { condition: "level = 'storage'" }));
    await send('x', 'level=storage');
    await send('y');
    await bench.hub.routing.setFallback(false);
    await send('z');
    await send('w', 'LEVEL=storage');
    assert.deepEqual(await bodies(), ['x', 'y', 'w']);
    await bench.hub.routing.saveRoute(route('storage', { condition: "level = 'storage'", isEnabled: false }));
    await send('v', 'level=storage');
    assert.deepEqual(await bodies(), ['x', 'y', 'w']);
    await bench.hub.routing.deleteRoute('STORAGE');
    await send('u');
    assert.deepEqual(await bodies(), ['x', 'y', 'w', 'u']);
    // All of them are in the log: those who follow it miss nothing.
    const all = await everything();
    const telemetry = all.filter(({ source }) => source === 'Telemetry').map(({ body }) => body.toString());
    assert.deepEqual(telemetry, ['x', 'y', 'z', 'w', 'v', 'u']);
  });

  test('hub-service 93: a condition on the body takes JSON that says that it is UTF-8, and nothing else', async () => {
    await bench.hub.routing.setFallback(false);
    await bench.hub.routing.saveRoute(route('hot', { condition: '$body.temperature > 30' }));
    await send('{"temperature":31,"n":1}', json);
    await send('{"temperature":31,"n":2}');
    await send('{"temperature":31,"n":3}', '%24.ct=application%2Fjson');
    await send('{"temperature":29,"n":4}', json);
    await send('{"temperature":32,"n":5}', json);
    assert.deepEqual(
      (await bodies()).map((body) => JSON.parse(body).n),
      [1, 5],
    );
  });

  for (const [source, operations] of [
    ['TwinChangeEvents', ['updateTwin']],
    ['DeviceLifecycleEvents', ['createDeviceIdentity', 'deleteDeviceIdentity']],
    ['DeviceConnectionStateEvents', ['deviceConnected', 'deviceDisconnected']],
  ] as const) {
    test(`a route of ${source} shows them and no others, and a disabled one nothing`, async () => {
      await bench.hub.routing.saveRoute(route('r', { source, isEnabled: false }));
      const act = async (id: string) => {
        await bench.addDevice(id);
        await bench.hub.twins.patchTags(id, { site: id });
        const device = await bench.connect({ deviceId: id });
        await device.disconnect();
        await bench.hub.registry.delete(id);
      };
      await act('quiet');
      assert.deepEqual(await seen(), []);
      await bench.hub.routing.saveRoute(route('r', { source }));
      await act('loud');
      await until('they are on disk', async () => (await seen()).length >= operations.length);
      await settled();
      assert.deepEqual(
        (await seen()).map(({ operation }) => operation),
        operations,
      );
    });
  }

  test('a condition on the twin sees tags at once, desired and reported, of devices connected or not', async () => {
    const { routing, twins } = bench.hub;
    await twins.patchTags('dev1', { site: 'north' });
    const device = await bench.connect();
    await routing.setFallback(false);
    await routing.saveRoute(route('north', { condition: "$twin.tags.site = 'north'" }));
    const sendNow = (body: string) => device.send('devices/dev1/messages/events/', body);
    await sendNow('a');
    await twins.patchTags('dev1', { site: 'south' });
    await sendNow('b');
    await twins.patchTags('dev1', { site: null });
    await sendNow('c');
    await twins.patchTags('dev1', { site: 'north' });
    await sendNow('d');
    await routing.saveRoute(route('north', { condition: '$twin.properties.desired.mode = 3 AND $twin.properties.reported.ok' }));
    await twins.patchDesired('dev1', { mode: 3 });
    await sendNow('e');
    await device.send('$iothub/twin/PATCH/properties/reported/?$rid=1', '{"ok":true}').catch(() => {});
    await until('it is reported', async () => (await twins.load('dev1')).reported.ok === true);
    await sendNow('f');
    assert.deepEqual(await bodies(), ['a', 'd', 'f']);
    // Of somebody who was never connected.
    await bench.addDevice('dev2');
    await routing.saveRoute(route('t', { source: 'TwinChangeEvents', condition: "$twin.tags.kind = 'lamp'" }));
    await twins.patchTags('dev2', { kind: 'lamp' });
    await twins.patchTags('dev2', { kind: 'fan' });
    await until('it is seen', async () => (await seen()).length === 4);
    await settled();
    assert.deepEqual((await seen()).at(-1)?.body.includes('lamp'), true);
  });

  test('enrichments are added for those they are meant for: a text, the hub, the twin, and as written what is not there', async () => {
    const { routing, twins } = bench.hub;
    await twins.patchTags('dev1', { site: 'north', size: { w: 2 }, n: 7 });
    for (const [key, value] of [
      ['text', 'plain'],
      ['hub', '$iothubname'],
      ['site', '$twin.tags.site'],
      ['size', '$twin.tags.size'],
      ['n', '$twin.tags.n'],
      ['none', '$twin.tags.none'],
    ] as const) {
      await routing.saveEnrichment({ key, value, endpointNames: ['events'] });
    }
    await send('a', 'text=mine');
    const [event] = await seen();
    assert.deepEqual(event?.added, {
      text: 'plain',
      hub: 'home',
      site: 'north',
      size: '{"w":2}',
      n: '7',
      none: '$twin.tags.none',
    });
    assert.equal(event?.body, 'a');
    for (const { key } of routing.enrichments) await routing.deleteEnrichment(key);
    await send('b');
    assert.deepEqual((await seen()).at(-1)?.added, {});
  });

  test('what cannot be is refused, and says why', async () => {
    const { routing } = bench.hub;
    const refused = (change: Promise<unknown>, code: string) => assert.rejects(change, { code });
    await refused(routing.saveRoute(route('a b')), 'argument-invalid');
    await refused(routing.saveRoute(route('events')), 'argument-invalid');
    await refused(routing.saveRoute(route('r', { endpointNames: ['nowhere'] })), 'argument-invalid');
    await refused(routing.saveRoute(route('r', { endpointNames: [] })), 'argument-invalid');
    await assert.rejects(routing.saveRoute(route('r', { condition: 'level = ' })), { message: /line 1, column 9/ });
    await refused(routing.saveRoute(route('r', { condition: `a = '${'x'.repeat(5_000)}'` })), 'argument-invalid');
    await refused(routing.deleteRoute('r'), 'not-found');
    await refused(routing.deleteEnrichment('k'), 'not-found');
    await refused(routing.saveEnrichment({ key: 'a b', value: 'x', endpointNames: ['events'] }), 'argument-invalid');
    await refused(routing.saveEnrichment({ key: 'a', value: '$twin.other.x', endpointNames: ['events'] }), 'argument-invalid');
    await refused(routing.saveEnrichment({ key: 'a', value: '', endpointNames: ['events'] }), 'argument-invalid');
    for (let n = 0; n < 10; n++) await routing.saveEnrichment({ key: `k${n}`, value: 'x', endpointNames: ['events'] });
    await refused(routing.saveEnrichment({ key: 'k10', value: 'x', endpointNames: ['events'] }), 'quota-exceeded');
    for (let n = 0; n < 100; n++) await routing.saveRoute(route(`r${n}`));
    await refused(routing.saveRoute(route('r100')), 'quota-exceeded');
    assert.equal((await routing.saveRoute(route('R7', { condition: 'a = 1' }))).name, 'r7');
  });
});
