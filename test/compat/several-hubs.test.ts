/**
 * Goal: two hubs of one server have nothing in common but their ports.
 * Method: devices of the same id at both, with other credentials; the SDKs as they come from npm, once
 * against the hub's own name and once against the server's address with the hub named inside only.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import iothub from 'azure-iothub';
import { systemClock } from '#base/clock.ts';
import { hourMs, plus } from '#base/instant.ts';
import { exportPrivateKeyPem } from '#pki/key.ts';
import { makeSelfSigned } from '#test/support/certificates.ts';
import { askHttps } from '#test/support/https-client.ts';
import { type HubsBench, openHubsBench } from '#test/support/hubs-bench.ts';
import { openWire } from '#test/support/wire-device.ts';

const { Message } = device;
const refused = { name: 'UnauthorizedError' };
const keyIn = (connectionString: string) => /SharedAccessKey=([^;]+)/.exec(connectionString)?.[1] ?? '';
const inTenMinutes = () => Math.ceil(systemClock.now() / 1000) + 600;

describe('several hubs in one server', () => {
  let bench: HubsBench;
  before(async () => {
    bench = await openHubsBench();
    await bench.createHub('plant-2');
  });
  afterEach(() => bench.hangUp());
  after(() => bench?.close());

  const registryOf = async (hub: string, policy = 'iothubowner') =>
    iothub.Registry.fromConnectionString((await bench.hubStatus(hub)).connectionStrings?.[policy] ?? '');
  const ids = async (registry: iothub.Registry) => (await registry.list()).responseBody.map(({ deviceId }) => deviceId).sort();

  test('a device of the same id at two hubs is two devices: both are connected, each by its own key, and each into its own log', async () => {
    const [atMain, atPlant] = [await bench.addDevice('main', 'dev1'), await bench.addDevice('plant-2', 'dev1')];
    assert.match(atPlant, /^HostName=plant-2\.localhost;DeviceId=dev1;/);
    const [one, other] = [await bench.device(atMain), await bench.device(atPlant)];
    await Promise.all([one.open(), other.open()]);
    await one.sendEvent(new Message('to main'));
    await other.sendEvent(new Message('to plant-2'));
    await one.close();
    await other.sendEvent(new Message('still to plant-2'));
    await other.close();

    const mixed = await bench.device(atPlant.replace(keyIn(atPlant), keyIn(atMain)));
    await assert.rejects(mixed.open(), refused);
    const reasonsOf = async (subject: string) => (await bench.refusals(subject)).map(({ reason }) => reason);
    assert.deepEqual(await reasonsOf('plant-2//dev1'), ['token-signature']);
    assert.deepEqual(await reasonsOf('dev1'), [], 'the device of that id at the other hub was not refused');

    await bench.home.stop();
    assert.deepEqual(await bench.telemetry('log'), ['dev1 to main']);
    assert.deepEqual(await bench.telemetry('hubs/plant-2/log'), ['dev1 to plant-2', 'dev1 still to plant-2']);

    await bench.home.restart();
    const again = await bench.device(atPlant);
    await again.open();
    await again.sendEvent(new Message('after the restart'));
  });

  test('the hub’s own name can be dialed at once: it is in the certificate, over MQTT and HTTPS', async () => {
    await bench.createHub('named');
    const client = await bench.deviceByName(await bench.addDevice('named', 'dev1'));
    await client.open();
    await client.sendEvent(new Message('by name'));
    for (const port of [bench.home.status.hub.mqttPort, bench.home.status.hub.httpsPort]) {
      const socket = connect({ host: bench.home.address, port, ca: bench.home.ca, servername: 'named.localhost' });
      await once(socket, 'secureConnect');
      assert.equal(socket.authorized, true);
      socket.destroy();
      const wrong = connect({ host: bench.home.address, port, ca: bench.home.ca, servername: 'nameless.localhost' });
      const [error] = await once(wrong, 'error');
      assert.equal(error.code, 'ERR_TLS_CERT_ALTNAME_INVALID');
    }
  });

  test('a certificate opens the hub that holds its thumbprint, and no other', async () => {
    const now = systemClock.now();
    const dates = { notBefore: plus(now, -hourMs), notAfter: plus(now, hourMs) };
    const own = { main: makeSelfSigned('cam', dates), 'plant-2': makeSelfSigned('cam', dates) };
    for (const [hub, { certificate }] of Object.entries(own)) {
      const line = ['hub', 'device', 'create', '--hub', hub, '-d', 'cam', '--auth-method', 'x509_thumbprint'];
      await bench.home.ok('homeport', [...line, '--primary-thumbprint', certificate.sha1Thumbprint]);
    }
    const codeOf = async (hub: string, certificate: ReturnType<typeof makeSelfSigned>) => {
      const { hostName, mqttPort: port } = await bench.hubStatus(hub);
      const identity = { cert: certificate.pem, key: exportPrivateKeyPem(certificate.privateKey) };
      const wire = await openWire({ host: bench.home.address, port, ca: bench.home.ca, identity });
      const userName = `${hostName}/cam/?api-version=2021-04-12`;
      const code = await wire.connect({ clientId: 'cam', userName, keepAliveSeconds: 60, cleanSession: true });
      wire.disconnect();
      return code;
    };
    assert.deepEqual([await codeOf('main', own.main), await codeOf('plant-2', own['plant-2'])], [0, 0]);
    assert.deepEqual([await codeOf('main', own['plant-2']), await codeOf('plant-2', own.main)], [5, 5]);
  });

  test('a device’s token for one hub is refused by another, even under the same key', async () => {
    const key = Buffer.alloc(32, 5).toString('base64');
    for (const hub of ['main', 'plant-2']) await bench.addDevice(hub, 'twin', '--primary-key', key);
    const { hostName: plant, mqttPort: port } = await bench.hubStatus('plant-2');
    const { hostName: main } = bench.home.status.hub;
    const codeOf = async (userHost: string, tokenHost: string) => {
      const token = common.SharedAccessSignature.create(`${tokenHost}/devices/twin`, '', key, inTenMinutes()).toString();
      const wire = await openWire({ host: bench.home.address, port, ca: bench.home.ca });
      const code = await wire.connect({
        clientId: 'twin',
        userName: `${userHost}/twin/?api-version=2021-04-12`,
        password: Buffer.from(token),
        keepAliveSeconds: 60,
        cleanSession: true,
      });
      wire.disconnect();
      return code;
    };
    assert.deepEqual([await codeOf(main, main), await codeOf(plant, plant)], [0, 0]);
    assert.deepEqual([await codeOf(main, plant), await codeOf(plant, main)], [5, 5]);
    assert.equal(await codeOf('nobody.localhost', plant), 5, 'a hub that there is not is for main to refuse');
    assert.equal((await bench.refusals('nobody.localhost/twin/?api-version=2021-04-12'))[0]?.reason, 'host-refused');
  });

  test('azure-iothub works on the hub that its connection string names', async () => {
    const [main, plant] = [await registryOf('main'), await registryOf('plant-2')];
    await plant.create({ deviceId: 'only-there' });
    assert.ok((await ids(plant)).includes('only-there'));
    assert.ok(!(await ids(main)).includes('only-there'));
    await assert.rejects(main.get('only-there'), { name: 'DeviceNotFoundError' });
    const { responseBody: twin } = await plant.getTwin('only-there');
    await twin.update({ tags: { hall: 2 } });
    assert.deepEqual((await plant.getTwin('only-there')).responseBody.tags, { hall: 2 });
    await assert.rejects((await registryOf('plant-2', 'service')).create({ deviceId: 'no-right' }), refused);
  });

  test('a back end that dials the server’s own address reaches the hub that its token is for; dialed by name, a hub wants its own', async () => {
    const { hostName: plant, httpsPort, connectionStrings = {} } = await bench.hubStatus('plant-2');
    const { hostName: main } = bench.home.status.hub;
    const { connectionStrings: ofMain = {} } = await bench.hubStatus('main');
    await bench.addDevice('plant-2', 'seen');
    const ask = async (host: string, authorization: string) => {
      const url = `https://${bench.home.address}:${httpsPort}/devices/seen?api-version=2021-04-12`;
      return (await askHttps(url, bench.home.ca, { headers: { host, authorization } })).status;
    };
    const tokenFor = (host: string, text = '') =>
      common.SharedAccessSignature.create(host, 'iothubowner', keyIn(text), inTenMinutes()).toString();
    const [plants, mains] = [tokenFor(plant, connectionStrings.iothubowner), tokenFor(main, ofMain.iothubowner)];
    assert.equal(await ask('localhost', plants), 200);
    assert.equal(await ask(plant, plants), 200);
    assert.equal(await ask(plant, mains), 401);
    assert.equal(await ask(main, mains), 404, 'main has no such device');
    // Signed for a hub with the key of another.
    assert.equal(await ask(plant, tokenFor(plant, ofMain.iothubowner)), 401);
    assert.equal(await ask(main, tokenFor(main, connectionStrings.iothubowner)), 401);
    assert.ok((await bench.refusals('plant-2//iothubowner')).length > 0);
  });

  test('a deleted hub ends its connections; the next of its name knows neither devices nor keys', async () => {
    await bench.createHub('brief');
    const text = await bench.addDevice('brief', 'dev1');
    const { connectionStrings: before = {} } = await bench.hubStatus('brief');
    const client = await bench.device(text);
    await client.open();
    const lost = once(client, 'disconnect');
    await bench.home.ok('homeport', ['hub', 'delete', 'brief', '--yes']);
    await lost;
    assert.equal(existsSync(join(bench.home.data, 'hubs/brief')), false);
    await assert.rejects((await bench.device(text)).open(), refused);
    await bench.createHub('brief');
    const { connectionStrings = {}, events } = await bench.hubStatus('brief');
    assert.notEqual(connectionStrings.iothubowner, before.iothubowner);
    assert.deepEqual([events.start, events.end], [0, 0]);
    await assert.rejects((await bench.device(text)).open(), refused);
  });

  test('the commands list hubs, and say what is wrong with a name', async () => {
    const hubs = JSON.parse(await bench.home.ok('homeport', ['hub', 'list', '--json']));
    assert.deepEqual([hubs[0].name, hubs[1].name, hubs[1].hostName], ['main', 'plant-2', 'plant-2.localhost']);
    for (const [words, code, why] of [
      [['create', 'ab'], 1, /3 to 50 characters/],
      [['create', 'plant_2'], 1, /letters, digits and hyphens/],
      [['create', '../../etc'], 1, /3 to 50 characters/],
      [['create', 'Plant-2'], 6, /There is a hub plant-2 already/],
      [['delete', 'main', '--yes'], 6, /IoT Central and device provisioning use the hub main/],
      [['delete', 'nowhere', '--yes'], 5, /There is no hub nowhere/],
      [['delete', 'plant-2'], 1, /homeport hub delete plant-2 --yes/],
      [['device', 'list', '--hub', 'nowhere'], 5, /There is no hub nowhere/],
    ] as const) {
      const result = await bench.home.run('homeport', ['hub', ...words]);
      assert.match(result.stderr, why, words.join(' '));
      assert.equal(result.code, code, words.join(' '));
    }
    assert.equal(JSON.parse(await bench.home.ok('homeport', ['hub', 'list', '--json'])).length, hubs.length);
  });
});
