import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { minuteMs } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';
import { type CentralBench, openCentralBench, openEventStream } from '#test/support/central-bench.ts';
import { liveSession } from '#test/support/live-session.ts';

const thermometer = 'dtmi:com:example:azuresphere:thermometer;1';
const demo = 'dtmi:homeport:demo:environment;1';

describe('devices', () => {
  let bench: CentralBench;
  let call: Awaited<ReturnType<CentralBench['client']>>;
  let cookie: string;
  let made = 0;
  before(async () => {
    bench = await openCentralBench();
    call = await bench.client();
    cookie = await bench.signIn();
    const body = { displayName: 'Azure Sphere', type: 'iot', attestation: { type: 'x509' } };
    await call('PUT', '/api/enrollmentGroups/azure-sphere', body);
  });
  after(() => bench.close());

  const newId = () => `device-${++made}`;
  const device = async (id: string) => (await call('GET', `/api/devices/${id}`)).json;
  const row = async (id: string) => (await call('GET', `/api/ui/devices/${id}`)).json.device as JsonObject;
  const setSwitch = (automaticallyConnect: boolean) =>
    call('PATCH', '/api/ui/enrollmentGroups/azure-sphere', { automaticallyConnect });

  test('central 23: a device that registers appears as Provisioned on an open page, with the template of its model', async () => {
    const id = newId();
    const stream = await openEventStream(bench.port, { cookie });
    const admission = await bench.register(id, { payload: { modelId: thermometer } });
    assert.deepEqual(admission, { outcome: 'assign', deviceId: id });
    const { data } = await stream.next(({ event, data }) => event === 'device' && data.id === id, 2_000);
    assert.equal(data.status, 'Provisioned');
    assert.deepEqual(data.template, {
      id: 'dtmi:homeport:template:azureSphereThermometer;1',
      displayName: 'Azure Sphere Example Thermometer',
    });
    assert.equal(data.enrollmentGroupId, 'azure-sphere');
    stream.close();
    const list = (await call('GET', '/api/ui/devices')).json.value as JsonObject[];
    assert.equal(list.filter((one) => one.id === id).length, 1);
  });

  test('central 25: a device that registers again with a renewed leaf is still one device', async () => {
    const id = newId();
    await bench.register(id, { thumbprint: 'A'.repeat(40), payload: { modelId: thermometer } });
    const first = await device(id);
    assert.deepEqual(await bench.register(id, { thumbprint: 'B'.repeat(40) }), { outcome: 'assign', deviceId: id });
    assert.deepEqual(await device(id), first, 'and nothing about it changed');
    const shouted = await bench.register(id.toUpperCase());
    assert.deepEqual(shouted, { outcome: 'assign', deviceId: id }, 'in whatever case it spells its id');
  });

  test('two registrations of a new device at once make one device', async () => {
    const id = newId();
    const admissions = await Promise.all([bench.register(id), bench.register(id)]);
    assert.deepEqual(
      admissions.map(({ outcome }) => outcome),
      ['assign', 'assign'],
    );
    const list = (await call('GET', '/api/ui/devices')).json.value as JsonObject[];
    assert.equal(list.filter((one) => one.id === id).length, 1);
  });

  test('central 26: with automatic connection off a device waits, and is Provisioned on its next attempt after Approve', async () => {
    const id = newId();
    assert.equal((await setSwitch(false)).json.automaticallyConnect, false);
    assert.deepEqual(await bench.register(id, { payload: { modelId: thermometer } }), { outcome: 'wait' });
    assert.equal((await row(id)).status, 'Waiting for approval');
    assert.deepEqual(await bench.register(id), { outcome: 'wait' }, 'it may ask as often as it likes');
    assert.equal(await bench.registry.load(id), undefined);
    assert.equal((await call('PATCH', `/api/devices/${id}`, { enabled: true })).status, 200);
    assert.equal((await row(id)).status, 'Registered');
    assert.equal((await bench.register(id, { payload: { modelId: thermometer } })).outcome, 'assign');
    assert.equal((await row(id)).status, 'Provisioned');
    assert.notEqual((await row(id)).template, undefined);
    await setSwitch(true);
  });

  test('central 36: each state reads as the documented enabled and provisioned', async () => {
    const flags = async (id: string) => {
      const { enabled, provisioned } = await device(id);
      return [enabled, provisioned];
    };
    const [registered, provisioned, waiting] = [newId(), newId(), newId()];
    await call('PUT', `/api/devices/${registered}`, { displayName: 'By hand' });
    assert.deepEqual(await flags(registered), [true, false]);
    await bench.register(provisioned);
    assert.deepEqual(await flags(provisioned), [true, true]);
    await setSwitch(false);
    await bench.register(waiting);
    await setSwitch(true);
    assert.deepEqual(await flags(waiting), [false, false]);
    await call('PATCH', `/api/devices/${registered}`, { enabled: false });
    assert.deepEqual(await flags(registered), [false, false]);
    await call('PATCH', `/api/devices/${provisioned}`, { enabled: false });
    assert.deepEqual(await flags(provisioned), [false, true]);
    assert.equal((await device(provisioned)).template, undefined, 'Unassigned is no status');
  });

  test('central 35: Block drops the session and refuses the device, Unblock restores the former status', async () => {
    const id = newId();
    await bench.register(id);
    const { closed } = liveSession(bench.presence, id);
    await call('PATCH', `/api/devices/${id}`, { enabled: false });
    assert.deepEqual(closed, ['device-disabled']);
    assert.equal((await bench.registry.load(id))?.isEnabled, false);
    assert.equal((await row(id)).status, 'Blocked');
    assert.equal((await bench.register(id)).outcome, 'refuse');
    assert.equal((await row(id)).status, 'Blocked');
    await call('PATCH', `/api/devices/${id}`, { enabled: true });
    assert.equal((await row(id)).status, 'Provisioned');
    assert.equal((await bench.registry.load(id))?.isEnabled, true);
    assert.equal((await bench.register(id)).outcome, 'assign');
  });

  test('a waiting device that is blocked and unblocked waits again', async () => {
    const id = newId();
    await setSwitch(false);
    await bench.register(id);
    await setSwitch(true);
    await call('PATCH', `/api/devices/${id}`, { enabled: false });
    assert.equal((await row(id)).status, 'Blocked');
    await call('PATCH', `/api/devices/${id}`, { enabled: true });
    assert.equal((await row(id)).status, 'Waiting for approval');
  });

  test('a device blocked while its registration was under way ends up disabled at the hub', async () => {
    const id = newId();
    await call('PUT', `/api/devices/${id}`, { displayName: id });
    await call('PATCH', `/api/devices/${id}`, { enabled: false });
    const stream = await openEventStream(bench.port, { cookie });
    // What the provisioning service does a moment later with an answer it was given before.
    await bench.registry.provision({
      deviceId: id,
      authentication: { type: 'selfSigned', primaryThumbprint: 'C'.repeat(40) },
    });
    await stream.next(({ event, data }) => event === 'device' && data.id === id);
    stream.close();
    assert.equal((await bench.registry.load(id))?.isEnabled, false);
  });

  test('central 37: the model decides by its exact id; another version is only hinted at', async () => {
    const exact = newId();
    await bench.register(exact, { payload: { iotcModelId: demo } });
    assert.deepEqual((await row(exact)).template, {
      id: 'dtmi:homeport:template:demoEnvironment;1',
      displayName: 'Environment Sensor (demo)',
    });
    const newer = newId();
    await bench.register(newer, { payload: { modelId: demo.replace(';1', ';2') } });
    const unassigned = await row(newer);
    assert.equal(unassigned.template, undefined);
    assert.match(String(unassigned.templateHint), /;2, which has no template; dtmi:homeport:demo:environment;1 has one/);
    const oldest = newId();
    await bench.register(oldest, { payload: { '__iot:interfaces': { CapabilityModelId: thermometer } } });
    assert.notEqual((await row(oldest)).template, undefined);
    const odd = newId();
    await bench.register(odd, { payload: { modelId: 'x'.repeat(10_000) } });
    assert.equal((await row(odd)).templateHint, undefined);
    const assigned = await call('PATCH', `/api/devices/${newer}`, { template: 'dtmi:homeport:template:demoEnvironment;1' });
    assert.equal(assigned.json.template, 'dtmi:homeport:template:demoEnvironment;1');
  });

  test('a device that named no model to DPS gets its template when it names one to the hub', async () => {
    const id = newId();
    await bench.register(id);
    assert.equal((await row(id)).template, undefined);
    const stream = await openEventStream(bench.port, { cookie, path: `/api/ui/events?device=${id}` });
    await bench.twins.setModelId(id, thermometer);
    liveSession(bench.presence, id);
    const { data } = await stream.next(({ event, data }) => event === 'device' && data.template !== undefined);
    assert.equal(data.isConnected, true);
    stream.close();
  });

  test('a module that connects is not its device, which stays unseen', async () => {
    const [id, later] = [newId(), newId()];
    await bench.register(id);
    await bench.register(later);
    const stream = await openEventStream(bench.port, { cookie });
    liveSession(bench.presence, `${id}/m`);
    liveSession(bench.presence, later);
    // The log is read in order: whatever the module's event does is done by then.
    await stream.next(({ event, data }) => event === 'device' && data.id === later && data.isConnected === true);
    stream.close();
    const { isConnected, lastSeenAt } = await row(id);
    assert.deepEqual([isConnected, lastSeenAt], [false, undefined]);
    assert.equal(typeof (await row(later)).lastSeenAt, 'string');
  });

  test('connection and last-seen time follow the hub, on an open list and after a restart', async () => {
    const id = newId();
    await bench.register(id);
    const stream = await openEventStream(bench.port, { cookie });
    const { session } = liveSession(bench.presence, id);
    const connected = await stream.next(({ event, data }) => event === 'device' && data.id === id && data.isConnected === true);
    assert.equal(typeof connected.data.lastSeenAt, 'string');
    bench.clock.advance(minuteMs);
    bench.presence.ended(session, 'connection-lost');
    await stream.next(({ event, data }) => event === 'device' && data.id === id && data.isConnected === false);
    stream.close();
    const detail = (await call('GET', `/api/ui/devices/${id}`)).json;
    assert.equal((detail.connection as JsonObject).cause, 'connection-lost');
    const stored = await bench.database
      .selectFrom('central_device')
      .select('last_seen_at')
      .where('device_id', '=', id)
      .executeTakeFirst();
    assert.ok(stored?.last_seen_at);
  });

  test('central 41: a message is on the open page, in raw data and in the chart within a second, and on no other page', async () => {
    const [id, other] = [newId(), newId()];
    await bench.register(id, { payload: { modelId: demo } });
    await bench.register(other, { payload: { modelId: demo } });
    const mine = await openEventStream(bench.port, { cookie, path: `/api/ui/events?device=${id}` });
    const others = await openEventStream(bench.port, { cookie, path: `/api/ui/events?device=${other}` });
    await bench.send(id, '{ "Temperature": "23.46" }');
    const { data } = await mine.next(({ event }) => event === 'values', 1_000);
    assert.deepEqual(data, { deviceId: id, points: [{ name: 'Temperature', at: bench.clock.now(), value: 23.46 }] });
    await bench.send(other, '{ "Humidity": "41.20" }');
    await others.next(({ event }) => event === 'values');
    assert.ok(!others.received.some(({ data }) => data.deviceId === id));
    mine.close();
    others.close();

    const raw = (await call('GET', `/api/ui/devices/${id}/raw`)).json.value as JsonObject[];
    const telemetry = raw.find(({ source }) => source === 'Telemetry');
    assert.equal(telemetry?.body, '{ "Temperature": "23.46" }');
    assert.deepEqual(telemetry?.modeled, { Temperature: { value: 23.46, coerced: true } }, 'central 43');
    const { values } = (await call('GET', `/api/ui/devices/${id}/last-values`)).json;
    const timestamp = new Date(bench.clock.now()).toISOString();
    assert.deepEqual(values, { Temperature: { value: 23.46, timestamp } }, 'the last value, and none for what never came');
    const from = new Date(bench.clock.now() - minuteMs).toISOString();
    const to = new Date(bench.clock.now() + minuteMs).toISOString();
    const { series } = (await call('GET', `/api/ui/devices/${id}/series?from=${from}&to=${to}`)).json;
    const [temperature] = series as { name: string; points: number[][] }[];
    assert.deepEqual(
      temperature?.points.map((point) => point[1]).filter((value) => value !== null),
      [23.46],
    );
  });

  test('central 39: deleting a device removes it here, from the hub and from DPS', async () => {
    const id = newId();
    await bench.register(id);
    const stream = await openEventStream(bench.port, { cookie });
    assert.equal((await call('DELETE', `/api/devices/${id}`)).status, 204);
    await stream.next(({ event, data }) => event === 'device-removed' && data.id === id);
    stream.close();
    assert.equal((await call('GET', `/api/devices/${id}`)).status, 404);
    assert.equal(await bench.registry.load(id), undefined);
    assert.equal(await bench.provisioning.registrations.load(id), undefined);
    assert.equal((await call('DELETE', `/api/devices/${id}`)).status, 404);
    assert.equal((await bench.register(id)).outcome, 'assign', 'with credentials that still count it comes back');
  });

  test('central 10: credentials give the ID scope of the page, before and after provisioning', async () => {
    const id = newId();
    await call('PUT', `/api/devices/${id}`, {});
    const answer = await call('GET', `/api/devices/${id}/credentials`);
    assert.equal(answer.json.idScope, bench.idScope);
    assert.equal((await call('GET', '/api/ui/session')).json.idScope, bench.idScope);
    assert.equal((await call('GET', '/api/devices/nobody/credentials')).status, 404);
  });

  test('central 29: the keys of a device are derived from those of its group, which are never read back', async () => {
    const groupKey = Buffer.alloc(64, 3).toString('base64');
    const secondary = Buffer.alloc(32, 4).toString('base64');
    const derived = (key: string, id: string) => createHmac('sha256', Buffer.from(key, 'base64')).update(id).digest('base64');
    const symmetricKey = { primaryKey: groupKey, secondaryKey: secondary };
    const body = { displayName: 'By key', type: 'iot', attestation: { type: 'symmetricKey', symmetricKey } };
    const made = await call('PUT', '/api/enrollmentGroups/by-key', body);
    assert.equal(made.status, 200, made.text);
    assert.equal(made.text.includes(groupKey) || made.text.includes(secondary), false);
    const id = newId();
    assert.equal((await bench.register(id, { groupId: 'by-key' })).outcome, 'assign');
    const { json } = await call('GET', `/api/devices/${id}/credentials`);
    assert.deepEqual(json, {
      idScope: bench.idScope,
      symmetricKey: { primaryKey: derived(groupKey, id), secondaryKey: derived(secondary, id) },
    });
    // What was read back says nothing of keys and changes none; a new key changes one.
    await call('PUT', '/api/enrollmentGroups/by-key', {
      displayName: 'Renamed',
      type: 'iot',
      attestation: made.json.attestation,
    });
    assert.deepEqual((await call('GET', `/api/devices/${id}/credentials`)).json, json);
    const other = Buffer.alloc(64, 5).toString('base64');
    const attestation = { type: 'symmetricKey', symmetricKey: { primaryKey: other } };
    assert.equal((await call('PATCH', '/api/enrollmentGroups/by-key', { attestation })).status, 200);
    const rolled = (await call('GET', `/api/devices/${id}/credentials`)).json.symmetricKey;
    assert.deepEqual(rolled, { primaryKey: derived(other, id), secondaryKey: derived(secondary, id) });
    const wrong = { type: 'symmetricKey', symmetricKey: { primaryKey: 'short' } };
    assert.equal((await call('PATCH', '/api/enrollmentGroups/by-key', { attestation: wrong })).status, 400);
  });

  test('a device that came in by certificate has no key, one that nobody saw has that of SAS-IoT-Devices', async () => {
    const seen = newId();
    await call('PUT', '/api/enrollmentGroups/by-certificate', { displayName: 'x', type: 'iot', attestation: { type: 'x509' } });
    await bench.register(seen, { groupId: 'by-certificate' });
    assert.deepEqual((await call('GET', `/api/devices/${seen}/credentials`)).json, { idScope: bench.idScope });
    const unseen = newId();
    await call('PUT', `/api/devices/${unseen}`, {});
    const { symmetricKey } = (await call('GET', `/api/devices/${unseen}/credentials`)).json as {
      symmetricKey?: { primaryKey: string };
    };
    assert.equal(Buffer.from(symmetricKey?.primaryKey ?? '', 'base64').length, 32);
  });

  test('central 28: the limits of name and id are enforced', async () => {
    assert.equal((await call('PUT', `/api/devices/${'a'.repeat(128)}`, { displayName: 'n'.repeat(148) })).status, 200);
    assert.equal((await call('PUT', `/api/devices/${'a'.repeat(129)}`, {})).status, 400);
    assert.equal((await call('PUT', `/api/devices/${newId()}`, { displayName: 'n'.repeat(149) })).status, 400);
    assert.equal((await call('PUT', '/api/devices/a%2Fb', {})).status, 400);
    assert.equal((await call('PUT', `/api/devices/${newId()}`, { template: 'dtmi:none;1' })).status, 400);
    assert.equal((await call('PUT', `/api/devices/${newId()}`, { unknown: true })).status, 400);
  });

  test('central 87: nextLink pages over 260 devices and yields each exactly once while devices are being added', async () => {
    for (let i = 0; i < 260; i++) await call('PUT', `/api/devices/page-${String(i).padStart(3, '0')}`, {});
    const seen: string[] = [];
    let path: string | undefined = '/api/devices?maxpagesize=40';
    while (path !== undefined) {
      const { json, status } = await call('GET', path);
      assert.equal(status, 200);
      seen.push(...(json.value as { id: string }[]).map(({ id }) => id));
      const link = json.nextLink === undefined ? undefined : new URL(String(json.nextLink));
      path = link && `${link.pathname}${link.search}`;
      await call('PUT', `/api/devices/aaa-${seen.length}`, {});
    }
    const paged = seen.filter((id) => id.startsWith('page-'));
    assert.deepEqual([paged.length, new Set(seen).size], [260, seen.length]);
    assert.equal((await call('GET', '/api/devices?continuation=!')).status, 400);
  });

  test('central 84: errors have code, message, request id and time, and the header repeats the code', async () => {
    const answer = await call('GET', '/api/devices/none', undefined, { 'x-ms-client-request-id': 'mine-1' });
    const { code, message, requestId, time } = answer.json.error as Record<string, string>;
    assert.deepEqual([answer.status, code], [404, 'DeviceNotFound']);
    assert.ok(message && requestId);
    assert.equal(time, new Date(bench.clock.now()).toUTCString());
    assert.equal(answer.headers['x-ms-error-code'], code);
    assert.equal(answer.headers['x-ms-client-request-id'], 'mine-1');
    const good = await call('GET', '/api/devices', undefined, { 'x-ms-client-request-id': 'mine-2' });
    assert.equal(good.headers['x-ms-client-request-id'], 'mine-2');
    assert.equal((await call('GET', '/api/no-such-thing')).status, 404);
  });

  test('the version must be named and known, and an option we do not have is refused', async () => {
    const { token } = await bench.central.mintApiToken();
    const get = (query: string) => bench.ask('GET', `/api/devices${query}`, { token });
    assert.equal((await get('')).headers['x-ms-error-code'], 'MissingApiVersion');
    assert.equal((await get('?api-version=2019-01-01')).headers['x-ms-error-code'], 'UnsupportedApiVersion');
    for (const version of [
      '2022-07-31',
      '2022-10-31-preview',
      '1.0',
      '2022-05-31',
      '2022-06-30-preview',
      '1.1-preview',
      '1.2-preview',
    ]) {
      assert.equal((await get(`?api-version=${version}`)).status, 200, version);
    }
    assert.equal((await get('?api-version=2022-07-31&orderby=displayName')).status, 400);
  });

  test('a stale If-Match changes no device', async () => {
    const id = newId();
    const first = (await call('PUT', `/api/devices/${id}`, { displayName: 'One' })).json;
    await call('PATCH', `/api/devices/${id}`, { displayName: 'Two' });
    const stale = await call('PATCH', `/api/devices/${id}`, { displayName: 'Three' }, { 'if-match': String(first.etag) });
    assert.equal(stale.status, 412);
    assert.equal((await device(id)).displayName, 'Two');
  });

  test('the last known value of a telemetry is given with its time, and 404 where there is none', async () => {
    const id = newId();
    await bench.register(id, { payload: { modelId: thermometer } });
    await bench.send(id, '{"temperature":49.700000762939453}');
    const answer = await call('GET', `/api/devices/${id}/telemetry/temperature`);
    assert.deepEqual(answer.json, { value: 49.70000076293945, timestamp: new Date(bench.clock.now()).toISOString() });
    assert.equal((await call('GET', `/api/devices/${id}/telemetry/thermometerMoved`)).status, 404);
  });

  test('series are asked for what can be charted, with names and units of the template', async () => {
    const id = newId();
    await bench.register(id, { payload: { modelId: demo } });
    const from = new Date(bench.clock.now() - minuteMs).toISOString();
    const to = new Date(bench.clock.now()).toISOString();
    const answer = await call('GET', `/api/ui/devices/${id}/series?from=${from}&to=${to}`);
    const series = answer.json.series as JsonObject[];
    assert.deepEqual(
      series.map(({ name, displayName, unit }) => [name, displayName, unit]),
      [
        ['Temperature', 'Temperature', 'degreeCelsius'],
        ['Humidity', 'Humidity', 'percent'],
      ],
    );
    assert.equal((await call('GET', `/api/ui/devices/${id}/series?from=${to}&to=${from}`)).status, 400);
    assert.equal((await call('GET', `/api/ui/devices/${id}/series?from=yesterday&to=${to}`)).status, 400);
    const many = Array.from({ length: 21 }, (_, i) => `n${i}`).join(',');
    assert.equal((await call('GET', `/api/ui/devices/${id}/series?names=${many}&from=${from}&to=${to}`)).status, 400);
  });
});
