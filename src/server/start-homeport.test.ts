/**
 * Goal: a test suite gets a hub of its own by one call, and leaves nothing behind.
 * Method: start two at once, as two files of tests would; use each with the published SDKs by what it hands out.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { after, before, describe, test } from 'node:test';
import device from 'azure-iot-device';
import deviceMqtt from 'azure-iot-device-mqtt';
import { dayMs } from '#base/instant.ts';
import { askHttps } from '#test/support/https-client.ts';
import { parseConnectionString } from '#wire/azure/connection-string.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';
import type { HomeportHub } from './homeport-hub.ts';
import { type Homeport, startHomeport } from './start-homeport.ts';

describe('startHomeport without a directory', () => {
  let home: Homeport;
  let other: Homeport;
  before(async () => {
    [home, other] = await Promise.all([startHomeport({ logLevel: 'error' }), startHomeport({ logLevel: 'error' })]);
  });
  after(async () => {
    await Promise.all([home, other].map((each) => each?.stop()));
    for (const each of [home, other]) assert.equal(existsSync(each.directory), false);
  });

  async function open(connectionString: string): Promise<device.Client> {
    const client = device.Client.fromConnectionString(connectionString, deviceMqtt.Mqtt);
    await client.setOptions({ ca: home.ca });
    await client.open();
    return client;
  }

  async function statistics(hub: HomeportHub, policy: string): Promise<unknown> {
    const { hostName, sharedAccessKey } = parseConnectionString(hub.connectionStrings[policy] ?? '');
    const key = Buffer.from(sharedAccessKey?.reveal() ?? '', 'base64');
    const expirySeconds = Math.ceil(Date.parse(home.clock.describe().now) / 1000) + 600;
    const authorization = formatSasToken({ resource: hostName, key, keyName: policy, expirySeconds });
    const url = `https://${home.address}:${hub.httpsPort}/statistics/devices?api-version=2021-04-12`;
    const { status, text } = await askHttps(url, home.ca, { headers: { authorization, host: hostName } });
    assert.equal(status, 200, text);
    return JSON.parse(text).totalDeviceCount;
  }

  test('two at once have addresses, directories and CAs of their own, and their ports as clients expect them', () => {
    assert.notEqual(home.address, other.address);
    assert.notEqual(home.directory, other.directory);
    assert.notEqual(home.ca, other.ca);
    assert.deepEqual([home.hub.mqttPort, home.hub.amqpPort, other.hub.mqttPort], [8883, 5671, 8883]);
    assert.match(home.dps.connectionStrings.provisioningserviceowner ?? '', new RegExp(`^HostName=${home.dps.hostName};`));
  });

  test('a device that it makes signs in with its connection string, and is not known to the other', async () => {
    const { connectionString, deviceId } = await home.hub.createDevice('dev1');
    const client = await open(connectionString);
    await client.sendEvent(new device.Message('{}'));
    await client.close();
    await home.hub.deleteDevice(deviceId);
    await assert.rejects(home.hub.deleteDevice(deviceId), /no device dev1/);
    await assert.rejects(other.hub.deleteDevice(deviceId), /no device dev1/);
  });

  test('a device signs in as its maker says', async () => {
    const primaryKey = Buffer.alloc(32, 7).toString('base64');
    const byKey = await home.hub.createDevice('dev2', { primaryKey });
    assert.equal(byKey.connectionString, `HostName=${home.hub.hostName};DeviceId=dev2;SharedAccessKey=${primaryKey}`);
    const byThumbprint = await home.hub.createDevice('dev3', { primaryThumbprint: 'AB'.repeat(32) });
    assert.deepEqual(byThumbprint, {
      deviceId: 'dev3',
      connectionString: `HostName=${home.hub.hostName};DeviceId=dev3;x509=true`,
    });
    assert.equal((await home.hub.createDevice('dev4', { isUnderCa: true })).primaryKey, undefined);
    await assert.rejects(home.hub.createDevice('dev2'), /dev2/);
  });

  test('what a device sends, answers and reports is seen, and what it is told arrives', async (t) => {
    const { connectionString } = await home.hub.createDevice('pump-1');
    const client = await open(connectionString);
    t.after(() => client.close());
    client.onDeviceMethod('start', (request, response) => void response.send(200, { isRunning: request.payload }));
    assert.deepEqual(await home.hub.invokeMethod('pump-1', 'start', true), { status: 200, payload: { isRunning: true } });
    const coming = home.hub.nextMessage('pump-1');
    const message = new device.Message(JSON.stringify({ pressure: 4 }));
    message.contentType = 'application/json';
    message.properties.add('alert', 'no');
    await client.sendEvent(message);
    const { body, properties, systemProperties } = await coming;
    assert.deepEqual([body.toString(), { ...properties }], ['{"pressure":4}', { alert: 'no' }]);
    assert.equal(systemProperties['content-type'], 'application/json');
    await home.hub.setDesired('pump-1', { speed: 7 });
    const twin = await client.getTwin();
    assert.equal(twin.properties.desired.speed, 7);
    await new Promise((resolve) => twin.properties.reported.update({ speed: 7 }, resolve));
    assert.deepEqual(await home.hub.reportedOf('pump-1'), { speed: 7 });
  });

  test('who waits for a message is told when its hub goes', async () => {
    const hub = await home.createHub('short-lived');
    await hub.createDevice('dev1');
    const waiting = assert.rejects(hub.nextMessage('dev1'), /stopped before dev1 sent/);
    await home.deleteHub('short-lived');
    await waiting;
  });

  test('more hubs are made while it runs, each with policies of its own', async () => {
    const hub = await home.createHub('plant-2');
    assert.equal(hub.hostName, 'plant-2.localhost');
    await hub.createDevice('dev1');
    assert.equal(await statistics(hub, 'iothubowner'), 1);
    assert.notEqual(hub.connectionStrings.service, home.hub.connectionStrings.service);
    await home.deleteHub('plant-2');
    await assert.rejects(home.deleteHub('plant-2'), /no hub plant-2/);
  });

  test('a hub works as soon as it is made: it is in the certificate, and devices can be added to it; how long it takes is printed', async (t) => {
    const took: { elapsedMs: number; processorMs: number }[] = [];
    for (let made = 1; made <= 5; made++) {
      const [from, used] = [performance.now(), process.cpuUsage()];
      const hub = await home.createHub(`quick-${made}`);
      const { user, system } = process.cpuUsage(used);
      took.push({ elapsedMs: performance.now() - from, processorMs: (user + system) / 1_000 });
      await hub.createDevice('dev1');
      assert.equal(await statistics(hub, 'iothubowner'), 1);
      await home.deleteHub(`quick-${made}`);
    }
    const medianOf = (what: keyof (typeof took)[number]) => took.map((each) => each[what]).sort((a, b) => a - b)[2] ?? 0;
    const load = `load average ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} processors`;
    t.diagnostic(
      `a hub is made in ${medianOf('elapsedMs').toFixed(0)} ms, ${medianOf('processorMs').toFixed(0)} ms of them of a processor; ${load}`,
    );
  });

  test('its clock is moved, and nobody else’s', async () => {
    const from = Date.parse(other.clock.describe().now);
    await other.clock.advance(30 * dayMs);
    const moved = Date.parse(other.clock.describe().now) - from;
    assert.ok(moved >= 30 * dayMs && moved < 31 * dayMs);
    assert.equal((await home.status({ withSecrets: false })).clock?.aheadMs, 0);
  });
});
