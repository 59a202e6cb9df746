import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { hourMs, secondMs } from '#base/instant.ts';
import { eventually } from '#test/support/eventually.ts';
import type { HubBench } from '#test/support/hub-bench.ts';
import { thumbprintA } from '#test/support/hub-rooms.ts';
import { openHubService, type ServiceClient } from '#test/support/service-client.ts';
import type { EventSource, StoredEvent } from '../events/event-log.ts';
import { jobLimits } from '../jobs/limits.ts';

const model = 'dtmi:com:example:Thermostat;1';

describe('events that only routes read', () => {
  let bench: HubBench;
  let client: ServiceClient;
  let close: () => Promise<void>;
  before(async () => ({ bench, client, close } = await openHubService()));
  after(() => close());

  const route = (source: 'DigitalTwinChangeEvents' | 'DeviceJobLifecycleEvents') => {
    const always = { condition: '', endpointNames: ['events'], isEnabled: true };
    return bench.hub.routing.saveRoute({ name: source, source, ...always });
  };
  async function eventsOf(source: EventSource, deviceId: string): Promise<StoredEvent[]> {
    const { events } = bench.hub;
    const all: StoredEvent[] = [];
    for (let from = events.start; from < events.end; from = all.at(-1)?.next ?? events.end)
      all.push(...(await events.read({ from, max: 1_000 })));
    return all.filter((event) => event.source === source && event.deviceId === deviceId);
  }
  const some = (source: EventSource, deviceId: string, count: number) =>
    eventually(async () => {
      const found = await eventsOf(source, deviceId);
      return found.length >= count ? found : undefined;
    });
  const bodyOf = ({ body }: StoredEvent) => JSON.parse(body.toString());

  test('a change in the words of the model is a JSON Patch: what is new is added whole, what was there is replaced', async () => {
    await bench.hub.routing.saveEnrichment({ key: 'place', value: 'north', endpointNames: ['events'] });
    for (const [deviceId, modelId] of [['pnp', model] as const, ['plain'] as const]) {
      await bench.addDevice(deviceId);
      const device = await bench.connect({ deviceId, ...(modelId && { modelId }) });
      await device.subscribe('$iothub/twin/res/#');
      const report = (n: number, patch: object) => {
        device.sendOnce(`$iothub/twin/PATCH/properties/reported/?$rid=${n}`, JSON.stringify(patch));
        return device.message('$iothub/twin/res/204');
      };
      await report(1, { before: 'the route' });
      if (deviceId === 'pnp') assert.deepEqual(await eventsOf('digitalTwinChangeEvents', 'pnp'), []);
      await route('DigitalTwinChangeEvents');
      await report(2, { maxTemp: 34.9 });
      await report(3, { maxTemp: 35, thermostat1: { __t: 'c', mode: 'eco' } });
      await bench.hub.twins.patchTags(deviceId, { site: 'not of the model' });
      await bench.hub.twins.patchDesired(deviceId, { target: 21 });
      await bench.hub.twins.patchDesired(deviceId, { target: null });
    }
    const found = await some('digitalTwinChangeEvents', 'pnp', 4);
    const lastUpdateTime = bodyOf(found[0] ?? assert.fail())[0].value.lastUpdateTime;
    assert.match(lastUpdateTime, /^\d{4}-\d\d-\d\dT.*Z$/);
    const [added, replaced, asked, gone] = found.map(bodyOf);
    assert.deepEqual(added, [
      { op: 'add', path: '/$metadata/maxTemp', value: { lastUpdateTime } },
      { op: 'add', path: '/maxTemp', value: 34.9 },
    ]);
    assert.deepEqual(replaced, [
      { op: 'replace', path: '/maxTemp', value: 35 },
      { op: 'add', path: '/thermostat1', value: { mode: 'eco', $metadata: { mode: { lastUpdateTime } } } },
    ]);
    assert.deepEqual(
      asked.map(({ op, path, value }: { op: string; path: string; value: object }) => [op, path, Object.keys(value)]),
      [['add', '/$metadata/target', ['desiredValue', 'desiredVersion', 'lastUpdateTime']]],
    );
    assert.deepEqual(gone, [{ op: 'remove', path: '/$metadata/target' }]);
    assert.equal(found.length, 4, 'a tag is no change of the model');
    const { system, application } = found[0]?.properties() ?? assert.fail();
    assert.deepEqual(
      [system['content-type'], system['content-encoding'], system['iothub-message-source']],
      ['application/json-patch+json', 'utf-8', 'digitalTwinChangeEvents'],
    );
    const hubName = bench.hub.hostName.split('.', 1)[0];
    assert.deepEqual(
      [application.opType, application['iothub-message-schema'], application.deviceId, application.hubName, system['user-id']],
      ['updateTwin', 'digitalTwinChangeNotification', 'pnp', hubName, hubName],
    );
    assert.deepEqual(found[0]?.stamp.additions, [], 'a patch gets no enrichments');
    assert.deepEqual(await eventsOf('digitalTwinChangeEvents', 'plain'), [], 'without a model there are no words for it');
  });

  test('the part of each device in a job is told of as it begins and ends, as the row that a query gives', async () => {
    await route('DeviceJobLifecycleEvents');
    for (const id of ['job-1', 'job-2']) {
      await bench.addDevice(id);
      await bench.hub.twins.patchTags(id, { fleet: 'routed' });
    }
    const device = await bench.connect({ deviceId: 'job-1' });
    await device.subscribe('$iothub/methods/POST/#');
    const put = (jobId: string, body: object) => client.ask('PUT', `/jobs/v2/${jobId}`, { policy: 'service', body });
    const { status } = await put('calls', {
      type: 'scheduleDeviceMethod',
      queryCondition: "tags.fleet = 'routed'",
      cloudToDeviceMethod: { methodName: 'reboot', payload: null, responseTimeoutInSeconds: 30, connectTimeoutInSeconds: 5 },
    });
    assert.equal(status, 200);
    const { topic } = await device.message('$iothub/methods/POST/reboot/');
    await device.send(`$iothub/methods/res/200/?$rid=${/\$rid=(\w+)/.exec(topic)?.[1]}`, '{"ok":true}');
    const [begun, ended] = await some('deviceJobLifecycleEvents', 'job-1', 2);
    const opType = (event: StoredEvent | undefined) => event?.properties().application.opType;
    assert.deepEqual([opType(begun), opType(ended)], ['deviceJobRunning', 'deviceJobCompleted']);
    const { system, application } = ended?.properties() ?? assert.fail();
    assert.deepEqual(
      [system['content-type'], application['iothub-message-schema']],
      ['application/json', 'deviceJobLifecycleNotification'],
    );
    bench.clock.advance(10 * secondMs);
    const late = await some('deviceJobLifecycleEvents', 'job-2', 2);
    assert.deepEqual(late.map(opType), ['deviceJobRunning', 'deviceJobFailed']);
    const query = "SELECT * FROM devices.jobs WHERE jobId = 'calls'";
    const { json: rows } = await client.ask('POST', '/devices/query', { policy: 'service', body: { query } });
    assert.deepEqual(
      [ended, late[1]].map((event) => event && bodyOf(event)),
      rows,
    );

    const startTime = new Date(bench.clock.now() + hourMs).toISOString();
    const owned = { type: 'scheduleUpdateTwin', updateTwin: { etag: '*', tags: { done: true } } };
    await put('writes', { ...owned, queryCondition: "tags.fleet = 'routed'" });
    const three = await some('deviceJobLifecycleEvents', 'job-1', 3);
    assert.deepEqual([opType(three[2]), bodyOf(three[2] ?? assert.fail()).jobId], ['deviceJobCompleted', 'writes']);
    await put('never', { ...owned, queryCondition: "tags.fleet = 'routed'", startTime });
    await client.ask('POST', '/jobs/v2/never/cancel', { policy: 'service' });
    assert.equal((await eventsOf('deviceJobLifecycleEvents', 'job-1')).length, 3, 'a job that never began has no parts');
  });

  test('a job that is cancelled while it runs tells of each part that its turn has not come to', async () => {
    await route('DeviceJobLifecycleEvents');
    const ids = Array.from({ length: jobLimits.methodsAtOnce + 2 }, (_, at) => `large-${String(at).padStart(3, '0')}`);
    const authentication = { type: 'selfSigned', primaryThumbprint: thumbprintA } as const;
    const initialTwin = { tags: { fleet: 'large' } };
    await Promise.all(ids.map((deviceId) => bench.hub.registry.create({ deviceId, authentication, initialTwin })));
    const { status } = await client.ask('PUT', '/jobs/v2/cut', {
      policy: 'service',
      body: {
        type: 'scheduleDeviceMethod',
        queryCondition: "tags.fleet = 'large'",
        cloudToDeviceMethod: { methodName: 'reboot', payload: null, responseTimeoutInSeconds: 30, connectTimeoutInSeconds: 300 },
      },
    });
    assert.equal(status, 200);
    const begun = ids.slice(0, jobLimits.methodsAtOnce);
    for (const id of begun) await some('deviceJobLifecycleEvents', id, 1);
    await client.ask('POST', '/jobs/v2/cut/cancel', { policy: 'service' });
    for (const id of ids.slice(jobLimits.methodsAtOnce)) {
      const told = await some('deviceJobLifecycleEvents', id, 1);
      const { opType } = told[0]?.properties().application ?? assert.fail();
      const { jobId, status: part } = bodyOf(told[0] ?? assert.fail());
      assert.deepEqual([told.length, opType, jobId, part], [1, 'deviceJobCanceled', 'cut', 'canceled']);
    }
    for (const id of begun)
      assert.equal((await eventsOf('deviceJobLifecycleEvents', id)).length, 1, 'those under way come to their end');
  });
});
