import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, afterEach, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import deviceMqtt from 'azure-iot-device-mqtt';
import type { Client, Registry } from 'azure-iothub';
import iothub from 'azure-iothub';
import { eventually } from '#test/support/eventually.ts';
import { askHttps } from '#test/support/https-client.ts';
import { hubSpellings } from '#test/support/sas-spellings.ts';
import { openServiceBench, type ServiceBench } from '#test/support/service-bench.ts';
import { readRunningLog } from '#test/support/stored-log.ts';
import { openWire } from '#test/support/wire-device.ts';

const { Message, ModuleClient } = device;
type ModuleClient = InstanceType<typeof ModuleClient>;
type Transport = Parameters<typeof ModuleClient.fromConnectionString>[1];

describe('modules through azure-iothub and azure-iot-device, as they come from npm', () => {
  let bench: ServiceBench;
  let registry: Registry;
  let client: Client;
  let made = 0;
  const open: ModuleClient[] = [];
  before(async () => {
    bench = await openServiceBench();
    registry = iothub.Registry.fromConnectionString(bench.connectionString('iothubowner'));
    client = iothub.Client.fromConnectionString(bench.connectionString('service'));
  });
  afterEach(async () => {
    for (const module of open.splice(0)) await module.close().catch(() => {});
  });
  after(() => bench?.close());

  async function newDevice(): Promise<string> {
    const deviceId = `of-modules-${++made}`;
    await registry.create({ deviceId });
    return deviceId;
  }

  /** A device with the module `m`, and the module's key. */
  async function newModule() {
    const deviceId = await newDevice();
    const { responseBody } = await registry.addModule({ deviceId, moduleId: 'm' });
    const key: string = responseBody.authentication.symmetricKey.primaryKey;
    return { deviceId, key };
  }

  /** It does not try again by itself, so that a refusal is seen; with `policy` it does. */
  async function clientOf(deviceId: string, key: string, transport: Transport, policy?: object): Promise<ModuleClient> {
    const text = `HostName=${bench.home.status.hub.hostName};DeviceId=${deviceId};ModuleId=m;SharedAccessKey=${key}`;
    const module = ModuleClient.fromConnectionString(text, transport);
    module.setRetryPolicy((policy as common.RetryPolicy | undefined) ?? new common.NoRetry());
    await module.setOptions({ ca: bench.home.ca });
    open.push(module);
    return module;
  }

  const arrival = (deviceId: string, body: string) =>
    eventually(async () =>
      (await readRunningLog(bench.home)).find((event) => event.deviceId === deviceId && event.body.toString() === body),
    );

  const brew = (deviceId: string, params: object) =>
    client.invokeDeviceMethod(deviceId, 'm', { methodName: 'brew', connectTimeoutInSeconds: 10, ...params });

  test('hub-service 33: a module is added, listed, read, updated under its etag and removed', async () => {
    const deviceId = await newDevice();
    const { responseBody: added, httpResponse } = await registry.addModule({ deviceId, moduleId: 'm' });
    assert.equal(httpResponse.statusCode, 200);
    for (const key of Object.values<string>(added.authentication.symmetricKey)) {
      assert.equal(Buffer.from(key, 'base64').length, 32);
    }
    await registry.addModule({ deviceId, moduleId: 'n', managedBy: 'somebody' });
    const { responseBody: listed } = await registry.getModulesOnDevice(deviceId);
    assert.deepEqual(
      listed.map(({ moduleId, managedBy }) => [moduleId, managedBy]),
      [
        ['m', null],
        ['n', 'somebody'],
      ],
    );
    const { responseBody: read } = await registry.getModule(deviceId, 'm');
    assert.deepEqual(read, added);
    await assert.rejects(registry.updateModule({ ...read, managedBy: 'me', etag: 'old' }), { name: 'InvalidEtagError' });
    const { responseBody: updated } = await registry.updateModule({ ...read, managedBy: 'me' });
    assert.deepEqual([updated.managedBy, updated.authentication], ['me', read.authentication]);
    await assert.rejects(registry.updateModule({ ...read, managedBy: 'you' }), { name: 'InvalidEtagError' });
    assert.equal((await registry.updateModule({ ...read, managedBy: 'you' }, true)).responseBody.managedBy, 'you');
    // The promise form of this call loses its callback, in the SDK.
    const stale = await new Promise<Error | undefined>((resolve) => registry.removeModule(read, (error) => resolve(error)));
    assert.equal(stale?.name, 'InvalidEtagError');
    assert.equal((await registry.removeModule(deviceId, 'm')).httpResponse.statusCode, 204);
    const gone = (error: { response?: { statusCode?: number; headers: Record<string, string> } }) => {
      assert.deepEqual([error.response?.statusCode, error.response?.headers['iothub-errorcode']], [404, 'ModuleNotFound']);
      return true;
    };
    await assert.rejects(registry.getModule(deviceId, 'm'), gone);
    await assert.rejects(registry.removeModule(deviceId, 'm'), gone);
    await assert.rejects(registry.getModulesOnDevice('nobody'), { name: 'DeviceNotFoundError' });
  });

  test('hub-service 42: a module’s twin is read, merged and guarded by its etag', async () => {
    const { deviceId } = await newModule();
    const { responseBody: twin } = await registry.getModuleTwin(deviceId, 'm');
    assert.deepEqual([twin.moduleId, twin.etag, twin.tags, twin.properties.desired.$version], ['m', 'AAAAAAAAAAE=', {}, 1]);
    const patch = { tags: { floor: 3 }, properties: { desired: { a: 1, b: null } } };
    const { responseBody: patched } = await registry.updateModuleTwin(deviceId, 'm', patch, twin.etag);
    assert.deepEqual([patched.tags, patched.properties.desired.a, patched.properties.desired.$version], [{ floor: 3 }, 1, 2]);
    await assert.rejects(registry.updateModuleTwin(deviceId, 'm', patch, twin.etag), { name: 'InvalidEtagError' });
    await patched.update({ properties: { desired: { a: null } } });
    const { responseBody: after } = await registry.getModuleTwin(deviceId, 'm');
    assert.equal(after.properties.desired.a, undefined);
    assert.deepEqual((await registry.getTwin(deviceId)).responseBody.tags, {});
  });

  for (const name of ['Mqtt', 'MqttWs'] as const) {
    test(`hub 26, hub 65, hub-service 55: ModuleClient over ${name} sends to outputs, has its twin, and is called`, async () => {
      const { deviceId, key } = await newModule();
      const module = await clientOf(deviceId, key, deviceMqtt[name]);
      await module.open();
      assert.equal((await registry.getModule(deviceId, 'm')).responseBody.connectionState, 'Connected');
      assert.equal((await registry.get(deviceId)).responseBody.connectionState, 'Disconnected');

      const message = new Message('{"t":1}');
      message.messageId = 'id-1';
      message.properties.add('alert', 'true & more=1');
      await module.sendOutputEvent('out1', message);
      await module.sendEvent(new Message('{"t":2}'));
      const sent = await arrival(deviceId, '{"t":1}');
      assert.equal(sent.moduleId, 'm');
      const { system, application } = sent.properties();
      assert.deepEqual([system['iothub-outputname'], system['message-id']], ['out1', 'id-1']);
      assert.equal(system['iothub-connection-module-id'], 'm');
      assert.equal(JSON.parse(system['iothub-connection-auth-method'] ?? '').scope, 'module');
      assert.deepEqual({ ...application }, { alert: 'true & more=1' });
      assert.equal((await arrival(deviceId, '{"t":2}')).properties().system['iothub-outputname'], undefined);

      const twin = await module.getTwin();
      await new Promise<void>((resolve, reject) =>
        twin.properties.reported.update({ firmware: '1.2' }, (error?: Error) => (error ? reject(error) : resolve())),
      );
      const { responseBody: stored } = await registry.getModuleTwin(deviceId, 'm');
      assert.equal(stored.properties.reported.firmware, '1.2');
      assert.equal((await registry.getTwin(deviceId)).responseBody.properties.reported.firmware, undefined);
      const heard: unknown[] = [];
      twin.on('properties.desired', (patch: { interval?: number }) => heard.push(patch.interval));
      await eventually(async () => {
        // The SDK does not tell when its subscription is granted.
        await registry.updateModuleTwin(deviceId, 'm', { properties: { desired: { interval: 5 } } }, '*');
        return heard.at(-1) === 5 ? true : undefined;
      });

      module.onMethod('brew', (request, response) => {
        response?.send(418, { asked: request?.payload }).catch(() => {});
      });
      const { result } = await brew(deviceId, { payload: [2, null] });
      assert.deepEqual(result, { status: 418, payload: { asked: [2, null] } });
      // To ask for inputs must not end the session.
      module.on('inputMessage', () => {});
      await module.sendOutputEvent('out2', new Message('{"t":3}'));
      assert.equal((await arrival(deviceId, '{"t":3}')).properties().system['iothub-outputname'], 'out2');
    });
  }

  test('hub-service 55: a module that is not there, and one that is not known, are told apart', async () => {
    const { deviceId } = await newModule();
    const refusal = async (moduleId: string) => {
      const error = await client.invokeDeviceMethod(deviceId, moduleId, { methodName: 'brew' }).then(
        () => assert.fail('the call succeeded'),
        (reason) => reason as { response?: { statusCode?: number }; responseBody: string },
      );
      return [error.response?.statusCode, JSON.parse(JSON.parse(error.responseBody).Message).errorCode];
    };
    assert.deepEqual(await refusal('m'), [404, 404103]);
    assert.deepEqual(await refusal('n'), [404, 404010]);
  });

  test('a module with another key, with its device’s key, or of a disabled device is refused', async () => {
    const { deviceId, key } = await newModule();
    const { responseBody } = await registry.get(deviceId);
    const deviceKey = responseBody.authentication?.symmetricKey?.primaryKey ?? '';
    for (const other of [Buffer.alloc(32).toString('base64'), deviceKey]) {
      const module = await clientOf(deviceId, other, deviceMqtt.Mqtt);
      await assert.rejects(module.open(), { name: 'UnauthorizedError' });
    }
    const module = await clientOf(deviceId, key, deviceMqtt.Mqtt);
    await module.open();
    const gone = once(module as unknown as NodeJS.EventEmitter, 'disconnect');
    await registry.update({ deviceId, status: 'disabled' });
    await gone;
    const late = await clientOf(deviceId, key, deviceMqtt.Mqtt);
    await assert.rejects(late.open(), { name: 'UnauthorizedError' });
  });

  test('hub 26, hub 65: what Python’s IoTHubModuleClient writes connects, sends to an output and shares its twin', async () => {
    const { deviceId, key } = await newModule();
    const { hostName, mqttPort } = bench.home.status.hub;
    const module = await openWire({ host: bench.home.address, port: mqttPort, ca: bench.home.ca });
    const expirySeconds = Math.floor(Date.now() / 1000) + 3600;
    const password = hubSpellings.Python?.({ resource: `${hostName}/devices/${deviceId}/modules/m`, key, expirySeconds });
    const product = 'azure-iot-device-iothub-py%2F2.14.0%28Python%203.12.3%3B%20Linux%3B%20x86_64%29';
    const code = await module.connect({
      clientId: `${deviceId}/m`,
      userName: `${hostName}/${deviceId}/m/?api-version=2019-10-01&DeviceClientType=${product}`,
      password: Buffer.from(password ?? ''),
      keepAliveSeconds: 60,
      cleanSession: false,
    });
    assert.equal(code, 0);
    const own = `devices/${deviceId}/modules/m`;
    await module.send(`${own}/messages/events/%24.mid=1&%24.on=out1&a=b`, '{"py":1}');
    const sent = await arrival(deviceId, '{"py":1}');
    assert.deepEqual([sent.moduleId, sent.properties().system['iothub-outputname']], ['m', 'out1']);

    assert.deepEqual(await module.subscribe(['$iothub/twin/res/#', 1]), [1]);
    const rid = '0f5b3f6e-8d3c-4a4e-9a1f-1d2c3b4a5968';
    const { topic, body } = await module.ask(`$iothub/twin/GET/?$rid=${rid}`, ' ');
    assert.equal(topic, `$iothub/twin/res/200/?$rid=${rid}`);
    assert.deepEqual(JSON.parse(body), { desired: { $version: 1 }, reported: { $version: 1 } });
    const patched = await module.ask(`$iothub/twin/PATCH/properties/reported/?$rid=${rid}`, '{"py": 2}');
    assert.equal(patched.topic, `$iothub/twin/res/204/?$rid=${rid}&$version=2`);

    assert.deepEqual(await module.subscribe([`${own}/inputs/#`, 1], ['$iothub/methods/POST/#', 1]), [1, 1]);
    const answer = brew(deviceId, { payload: { cups: 1 } });
    const call = await module.message();
    assert.equal(call.body, '{"cups":1}');
    const callId = /^\$iothub\/methods\/POST\/brew\/\?\$rid=([0-9a-f]+)$/.exec(call.topic)?.[1];
    await module.send(`$iothub/methods/res/200/?$rid=${callId}`, 'null');
    assert.deepEqual((await answer).result, { status: 200, payload: null });
    module.disconnect();
    await module.closed();
  });

  test('hub 26, hub 65, hub 67: the bytes of module clients that npm does not have are answered byte for byte', async (t) => {
    const { deviceId, key } = await newModule();
    const { hostName, mqttPort } = bench.home.status.hub;
    const resource = `${hostName}/devices/${deviceId}/modules/m`;
    const expirySeconds = Math.floor(Date.now() / 1000) + 3600;
    const text = (value: string) => {
      const bytes = Buffer.from(value);
      return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
    };
    const packet = (first: number, ...parts: (Buffer | number[])[]) => {
      const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
      const length = body.length < 128 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7];
      return Buffer.concat([Buffer.from([first, ...length]), body]);
    };
    const own = `devices/${deviceId}/modules/m`;
    const clients: [name: string, query: string, filters: string[], topic: string][] = [
      ['Python', '?api-version=2019-10-01', [`${own}/inputs/#`], `${own}/messages/events/%24.on=python`],
      ['Java', '?api-version=2020-09-30', [`${own}/messages/devicebound/#`], `${own}/messages/events/$.on=java/`],
      ['C', '?api-version=2020-09-30', [`${own}/#`, '$iothub/twin/res/#'], `${own}/messages/events/%24.on=c`],
    ];
    for (const [name, query, filters, topic] of clients) {
      const socket = connect({
        host: bench.home.address,
        port: mqttPort,
        ca: bench.home.ca,
        checkServerIdentity: () => undefined,
      });
      t.after(() => socket.destroy());
      let received = '';
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString('hex');
      });
      const answered = (hex: string) => eventually(async () => (received.endsWith(hex) ? true : undefined));
      const token = hubSpellings[name]?.({ resource, key, expirySeconds }) ?? '';
      socket.write(
        packet(
          0x10,
          text('MQTT'),
          [4, 0xc0, 0, 60],
          text(`${deviceId}/m`),
          text(`${hostName}/${deviceId}/m/${query}`),
          text(token),
        ),
      );
      // CONNACK: accepted; the session is there from the second time on, when it was stored.
      await answered(name === 'Python' ? '20020000' : '20020100');
      socket.write(packet(0x82, [0, 2], ...filters.map((filter) => Buffer.concat([text(filter), Buffer.from([1])]))));
      await answered(`90${(2 + filters.length).toString(16).padStart(2, '0')}0002${'01'.repeat(filters.length)}`);
      socket.write(packet(0x32, text(topic), [0, 3], Buffer.from(JSON.stringify(name))));
      await answered('40020003');
      const sent = await arrival(deviceId, JSON.stringify(name));
      assert.deepEqual([sent.moduleId, sent.properties().system['iothub-outputname']], ['m', name.toLowerCase()]);
      const ended = once(socket, 'close');
      socket.end(Buffer.from([0xe0, 0]));
      await ended;
    }
  });

  test('hub 15: the IoT identity service makes and deletes a module by its device’s token, over HTTPS', async () => {
    const deviceId = `Of-Modules-${++made}`;
    const { responseBody } = await registry.create({ deviceId });
    const key = responseBody.authentication?.symmetricKey?.primaryKey ?? '';
    const { hostName, httpsPort } = bench.home.status.hub;
    const expirySeconds = Math.floor(Date.now() / 1000) + 30;
    const resource = `${hostName}/devices/${deviceId}`;
    const authorization = hubSpellings['identity service']?.({ resource, key, expirySeconds }) ?? '';
    const url = `https://${bench.home.address}:${httpsPort}/devices/${deviceId}/modules/own?api-version=2017-11-08-preview`;
    const ask = (method: string, ifMatch: Record<string, string>, body?: object) =>
      askHttps(url, bench.home.ca, {
        method,
        headers: { host: hostName, authorization, ...ifMatch, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
    const any = { 'if-match': '*' };
    const fresh = await ask('PUT', {}, { moduleId: 'own', deviceId, authentication: { type: 'sas' } });
    assert.equal(fresh.status, 200, fresh.text);
    const changed = await ask('PUT', any, { moduleId: 'own', deviceId, managedBy: 'iotEdge' });
    assert.equal(JSON.parse(changed.text).managedBy, 'iotEdge', changed.text);
    assert.equal((await ask('DELETE', any)).status, 204);
    assert.deepEqual((await registry.getModulesOnDevice(deviceId)).responseBody, []);
  });

  test('hub 97: ModuleClient comes back by itself after the server did, with all it listened to', async () => {
    const { deviceId, key } = await newModule();
    let isWanted = true;
    const policy = { shouldRetry: () => isWanted, nextRetryTimeout: () => 100 };
    const module = await clientOf(deviceId, key, deviceMqtt.Mqtt, policy);
    try {
      await module.open();
      module.onMethod('brew', (request, response) => {
        response?.send(200, request?.payload).catch(() => {});
      });
      assert.equal((await brew(deviceId, { payload: 1 })).result.payload, 1);
      await bench.home.kill();
      await bench.home.restart();
      assert.equal((await brew(deviceId, { payload: 2, connectTimeoutInSeconds: 20 })).result.payload, 2);
      await module.sendOutputEvent('out1', new Message('{"again":true}'));
      assert.equal((await arrival(deviceId, '{"again":true}')).moduleId, 'm');
    } finally {
      isWanted = false;
    }
  });
});
