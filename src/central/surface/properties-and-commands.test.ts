import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { type CentralBench, openCentralBench, openEventStream } from '#test/support/central-bench.ts';

const thermometer = 'dtmi:com:example:azuresphere:thermometer;1';
const demo = 'dtmi:homeport:demo:environment;1';
const enabled = 'thermometerTelemetryUploadEnabled';

describe('properties and commands', () => {
  let bench: CentralBench;
  let call: Awaited<ReturnType<CentralBench['client']>>;
  let made = 0;
  before(async () => {
    bench = await openCentralBench();
    call = await bench.client();
  });
  after(() => bench.close());

  async function newDevice(modelId: string = thermometer): Promise<string> {
    const id = `device-${++made}`;
    await bench.register(id, { payload: { modelId } });
    return id;
  }

  const rowOf = async (id: string, name: string) => {
    const rows = (await call('GET', `/api/ui/devices/${id}/properties`)).json.value as JsonObject[];
    return rows.find((row) => row.name === name) ?? {};
  };
  const write = (id: string, body: JsonObject, method = 'PATCH') => call(method, `/api/devices/${id}/properties`, body);
  const codeOf = (answer: { json: JsonObject }) => (answer.json.error as JsonObject).code;

  test('central 44: a written property is Pending, then accepted by an acknowledgement of its version', async () => {
    const id = await newDevice();
    assert.equal((await rowOf(id, enabled)).state, 'None');
    assert.equal((await write(id, { [enabled]: true })).status, 200);
    const pending = await rowOf(id, enabled);
    assert.deepEqual([pending.state, pending.desired, pending.reported], ['Pending', true, undefined]);
    const { desired, desiredVersion } = await bench.twins.load(id);
    assert.deepEqual(desired, { [enabled]: true });
    await bench.twins.patchReported(id, {
      [enabled]: { value: true, ac: 200, av: desiredVersion, ad: "Updated from Device Twin's desired value." },
    });
    const accepted = await rowOf(id, enabled);
    assert.deepEqual([accepted.state, accepted.reported, accepted.ackCode], ['Accepted', true, 200]);
    const { json } = await call('GET', `/api/devices/${id}/properties`);
    assert.equal(json[enabled], true);
    assert.equal(
      ((json.$metadata as JsonObject)[enabled] as JsonObject).ackDescription,
      "Updated from Device Twin's desired value.",
    );
  });

  test('central 44: a refusal of the device shows its own words', async () => {
    const id = await newDevice();
    await write(id, { [enabled]: true });
    const { desiredVersion } = await bench.twins.load(id);
    await bench.twins.patchReported(id, { [enabled]: { value: false, ac: 400, av: desiredVersion, ad: 'not in this mode' } });
    const row = await rowOf(id, enabled);
    assert.deepEqual([row.state, row.ackDescription, row.reported], ['Error', 'not in this mode', false]);
  });

  test('an acknowledgement of an older version leaves the newer request pending', async () => {
    const id = await newDevice();
    await write(id, { [enabled]: true });
    const { desiredVersion } = await bench.twins.load(id);
    await write(id, { [enabled]: false });
    await bench.twins.patchReported(id, { [enabled]: { value: true, ac: 200, av: desiredVersion } });
    assert.equal((await rowOf(id, enabled)).state, 'Pending');
  });

  test('a change at the device itself (button, version 0) leaves nothing pending', async () => {
    const id = await newDevice();
    await write(id, { [enabled]: true });
    bench.clock.advance(1000);
    await bench.twins.patchReported(id, { [enabled]: { value: false, ac: 203, av: 0, ad: 'Updated locally on the device.' } });
    const row = await rowOf(id, enabled);
    assert.deepEqual([row.state, row.reported, row.desired], ['None', false, true]);
  });

  test('the demo device is written in the form it reads, and its bare report accepts', async () => {
    const id = await newDevice(demo);
    await write(id, { StatusLED: true });
    assert.deepEqual((await bench.twins.load(id)).desired, { StatusLED: { value: true } });
    assert.equal((await rowOf(id, 'StatusLED')).state, 'Pending');
    assert.equal((await rowOf(id, 'StatusLED')).desired, true);
    bench.clock.advance(100);
    await bench.twins.patchReported(id, { StatusLED: true });
    assert.equal((await rowOf(id, 'StatusLED')).state, 'Accepted');
    await write(id, { StatusLED: false });
    assert.equal((await rowOf(id, 'StatusLED')).state, 'Pending');
  });

  test('what is no writable property of the template, or does not fit, is refused and nothing changes', async () => {
    const id = await newDevice();
    const bad: JsonObject[] = [
      { serialNumber: 'x' },
      { unknown: true },
      { [enabled]: 'true' },
      { [enabled]: 1 },
      { [enabled]: true, unknown: 1 },
      { constructor: true },
    ];
    for (const body of bad) assert.equal((await write(id, body)).status, 400, JSON.stringify(body));
    assert.equal((await call('PATCH', `/api/devices/${id}/properties`, [1])).status, 400);
    await write(id, JSON.parse('{"__proto__": {"x": 1}}'));
    assert.deepEqual((await bench.twins.load(id)).desired, {});
    assert.equal((await write('nobody', { [enabled]: true })).status, 404);
  });

  test('a device without template or provisioning has no writable properties', async () => {
    const unassigned = `device-${++made}`;
    await bench.register(unassigned);
    assert.equal((await write(unassigned, { a: 1 })).status, 409);
    const registered = `device-${++made}`;
    await newDevice();
    const created = await call('PUT', `/api/devices/${registered}`, {
      template: 'dtmi:homeport:template:azureSphereThermometer;1',
    });
    assert.equal(created.status, 200);
    assert.equal((await rowOf(registered, enabled)).state, 'None');
    assert.equal((await write(registered, { [enabled]: true })).status, 409);
  });

  test('PUT withdraws what is not named, null withdraws what is', async () => {
    const id = await newDevice(demo);
    await write(id, { StatusLED: true });
    await write(id, {}, 'PUT');
    assert.deepEqual((await bench.twins.load(id)).desired, {});
    await write(id, { StatusLED: true });
    await write(id, { StatusLED: null });
    assert.deepEqual((await bench.twins.load(id)).desired, {});
  });

  test('reported names that the template does not know are shown after those it knows', async () => {
    const id = await newDevice();
    await bench.twins.patchReported(id, { serialNumber: 'TEMPMON-01234', other: 7 });
    const rows = (await call('GET', `/api/ui/devices/${id}/properties`)).json.value as JsonObject[];
    assert.deepEqual(
      rows.map(({ name, modeled, reported }) => [name, modeled, reported]),
      [
        ['serialNumber', true, 'TEMPMON-01234'],
        [enabled, true, undefined],
        ['other', false, 7],
      ],
    );
  });

  test('an open page is told that properties changed', async () => {
    const id = await newDevice();
    const stream = await openEventStream(bench.port, { cookie: await bench.signIn(), path: `/api/ui/events?device=${id}` });
    await bench.twins.patchReported(id, { serialNumber: 'X' });
    await stream.next(({ event, data }) => event === 'changed' && data.what === 'properties');
    stream.close();
  });

  /** A device that listens for methods and answers each at once. */
  function answering(id: string, status: number, body: string): string[] {
    const asked: string[] = [];
    bench.methods.attach(id, {
      send(methodName, requestId, payload) {
        asked.push(`${methodName} ${payload}`);
        queueMicrotask(() => bench.methods.answer(id, requestId, status, Buffer.from(body)));
        return true;
      },
    });
    return asked;
  }

  const run = (id: string, body: JsonObject, name = 'displayAlert') => call('POST', `/api/devices/${id}/commands/${name}`, body);
  const history = async (id: string) =>
    (await call('GET', `/api/devices/${id}/commands/displayAlert`)).json.value as JsonObject[];

  test('central 46: a command shows the response code and body of the device, and is in the history', async () => {
    const id = await newDevice();
    const asked = answering(id, 200, '"Alert message displayed successfully."');
    const detail = (await call('GET', `/api/ui/devices/${id}`)).json.model as { commands: JsonObject[] };
    assert.deepEqual(detail.commands, [
      {
        name: 'displayAlert',
        displayName: 'Display Alert',
        request: { name: 'alertMessage', displayName: 'Alert Message', schema: 'string' },
        response: { name: 'alertResult', displayName: 'Alert Result', schema: 'string' },
      },
    ]);
    const answer = await run(id, { request: 'hello' });
    assert.equal(answer.status, 201);
    assert.deepEqual(
      [answer.json.responseCode, answer.json.response, answer.json.request],
      [200, 'Alert message displayed successfully.', 'hello'],
    );
    assert.deepEqual(asked, ['displayAlert "hello"']);
    const [newest] = await history(id);
    assert.deepEqual(newest, answer.json);
    assert.equal(newest?.responseTimeout, 30);
  });

  test('a failure of the device itself is an answer: its code and body are the result', async () => {
    const id = await newDevice();
    answering(id, -1, '{}');
    const answer = await run(id, { request: 'x' });
    assert.deepEqual([answer.status, answer.json.responseCode, answer.json.response], [201, -1, {}]);
  });

  test('central 47: a command to an offline device fails at once with a clear message and is in the history', async () => {
    const id = await newDevice();
    const answer = await run(id, { request: 'x' });
    assert.deepEqual([answer.status, codeOf(answer)], [404, 'DeviceNotConnected']);
    assert.match(String((answer.json.error as JsonObject).message), /not (connected|online)|never connected/i);
    const [newest] = await history(id);
    assert.ok(newest);
    assert.equal((newest['x-homeport-failure'] as JsonObject).code, 'device-not-online');
    assert.equal(newest.responseCode, undefined);
    const registered = `device-${++made}`;
    await call('PUT', `/api/devices/${registered}`, { template: 'dtmi:homeport:template:azureSphereThermometer;1' });
    assert.equal(codeOf(await run(registered, { request: 'x' })), 'DeviceNotConnected');
  });

  test('a device that does not answer in time is a 504', async () => {
    const id = await newDevice();
    const { promise: sent, resolve } = Promise.withResolvers<void>();
    bench.methods.attach(id, {
      send() {
        resolve();
        return true;
      },
    });
    const answer = run(id, { request: 'x', responseTimeout: 5 });
    await sent;
    bench.clock.advance(5_000);
    assert.deepEqual([(await answer).status, codeOf(await answer)], [504, 'DeviceTimeout']);
  });

  test('a request that does not fit the template is refused before the device is asked', async () => {
    const id = await newDevice();
    const asked = answering(id, 200, 'null');
    for (const body of [
      {},
      { request: 7 },
      { request: 'x', responseTimeout: 4 },
      { request: 'x', connectionTimeout: 31 },
      { odd: 1 },
    ]) {
      assert.equal((await run(id, body)).status, 400, JSON.stringify(body));
    }
    assert.equal((await run(id, { request: 'x' }, 'noSuchCommand')).status, 404);
    assert.equal((await run('nobody', { request: 'x' })).status, 404);
    assert.deepEqual(asked, []);
  });

  test('the history keeps the newest hundred runs', async () => {
    const id = await newDevice();
    answering(id, 200, 'null');
    for (let i = 0; i < 103; i++) {
      bench.clock.advance(1);
      await run(id, { request: String(i) });
    }
    const runs = await history(id);
    assert.deepEqual([runs.length, runs[0]?.request, runs.at(-1)?.request], [100, '102', '3']);
  });

  test('the template of D1 is member for member that of the sample', async () => {
    await newDevice();
    const { json, status } = await call('GET', '/api/deviceTemplates/dtmi:homeport:template:azureSphereThermometer;1');
    assert.equal(status, 200);
    const model = json.capabilityModel as JsonObject;
    assert.equal(model['@id'], thermometer);
    assert.deepEqual(model['@context'], ['dtmi:iotcentral:context;2', 'dtmi:dtdl:context;2']);
    assert.deepEqual(
      (model.contents as JsonObject[]).map(({ name, schema, writable, unit }) => [name, schema, writable, unit]),
      [
        ['serialNumber', 'string', false, undefined],
        [enabled, 'boolean', true, undefined],
        ['thermometerMoved', 'boolean', undefined, undefined],
        ['temperature', 'double', undefined, 'degreeCelsius'],
        ['displayAlert', undefined, undefined, undefined],
      ],
    );
    assert.equal((await call('GET', '/api/deviceTemplates/dtmi:none;1')).status, 404);
  });
});
