import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, afterEach, before, describe, test } from 'node:test';
import tls from 'node:tls';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import deviceMqtt from 'azure-iot-device-mqtt';
import { makeCa } from '#test/support/certificates.ts';
import { type CompatBench, type Identity, openCompatBench } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';

const { Client, Message } = device;
type Client = InstanceType<typeof Client>;

describe('azure-iot-device over MQTT, as it comes from npm', () => {
  let bench: CompatBench;
  const open: Client[] = [];
  before(async () => {
    bench = await openCompatBench();
  });
  afterEach(async () => {
    for (const client of open.splice(0)) await client.close().catch(() => {});
  });
  after(() => bench?.close());

  /** A client with the device's certificate; it does not try again by itself, so that a refusal is seen. */
  async function clientOf(deviceId: string, identity: Identity, options: Record<string, unknown> = {}): Promise<Client> {
    const text = `HostName=${bench.home.status.hub.hostName};DeviceId=${deviceId};x509=true`;
    const client = Client.fromConnectionString(text, deviceMqtt.Mqtt);
    client.setRetryPolicy(new common.NoRetry());
    await client.setOptions({ ca: bench.home.ca, cert: identity.cert, key: identity.key, ...options });
    open.push(client);
    return client;
  }

  async function connected(deviceId: string, options: Record<string, unknown> = {}) {
    const identity = await bench.registerThermometer(deviceId);
    const client = await clientOf(deviceId, identity, options);
    await client.open();
    return { client, identity };
  }

  const command = (deviceId: string, body: Record<string, unknown>) =>
    bench.central.call('POST', `/api/devices/${deviceId}/commands/displayAlert`, body);
  const setProperty = (deviceId: string, value: boolean | null) =>
    bench.central.ok('PATCH', `/api/devices/${deviceId}/properties`, { thermometerTelemetryUploadEnabled: value });

  describe('credentials', () => {
    test('hub 2: the SDK connects with TLS 1.3', async () => {
      const least = tls.DEFAULT_MIN_VERSION;
      tls.DEFAULT_MIN_VERSION = 'TLSv1.3';
      try {
        await connected('tls-13');
        assert.equal(await eventually(async () => (await bench.isConnected('tls-13')) || undefined), true);
      } finally {
        tls.DEFAULT_MIN_VERSION = least;
      }
    });

    test('hub 4: setOptions({ca}) is what makes the SDK trust this server', async () => {
      const identity = await bench.registerThermometer('ca-1');
      const trusting = await clientOf('ca-1', identity);
      await trusting.open();
      await trusting.close();
      const doubting = await clientOf('ca-1', identity, { ca: bench.root.pem });
      await assert.rejects(doubting.open());
    });

    test('hub 5: a self-signed certificate is let in by its SHA-1 thumbprint', async () => {
      const identity = bench.selfSignedOf('self-1');
      await bench.createHubDevice('self-1', { primary: identity.leaf.certificate.sha1Thumbprint });
      const client = await clientOf('self-1', identity);
      await client.open();
      await client.sendEvent(new Message('{}'));
    });

    test('hub 9: a leaf below a verified CA whose common name is not the device id is refused', async () => {
      await bench.trustAtHub('factory-root', bench.root);
      await bench.createHubDevice('named-1', 'ca');
      await bench.createHubDevice('named-2', 'ca');
      const right = await clientOf('named-1', bench.leafOf('named-1'));
      await right.open();
      const wrong = await clientOf('named-2', bench.leafOf('named-1'));
      await assert.rejects(wrong.open(), { name: 'UnauthorizedError' });
      assert.equal((await bench.refusal('named-2')).reason, 'common-name-mismatch');
    });

    test('hub 10: a whole chain under a CA that was uploaded and never proven is refused', async () => {
      const unproven = makeCa({ name: 'Unproven', ...bench.dates });
      await bench.trustAtHub('unproven', unproven, { isProven: false });
      await bench.createHubDevice('unproven-1', 'ca');
      const client = await clientOf('unproven-1', bench.leafOf('unproven-1', { issuer: unproven }, [unproven]));
      await assert.rejects(client.open(), { name: 'UnauthorizedError' });
      assert.equal((await bench.refusal('unproven-1')).reason, 'issuer-not-verified');
    });

    test('hub 28: a failed sign-in does not end the session of the device that is connected', async () => {
      const { client } = await connected('steady-1');
      const forged = await clientOf('steady-1', bench.leafOf('steady-1'));
      await assert.rejects(forged.open(), { name: 'UnauthorizedError' });
      assert.equal((await bench.refusal('steady-1')).reason, 'thumbprint-mismatch');
      await client.sendEvent(new Message('"still here"'));
      await bench.arrival('steady-1', '"still here"');
    });

    test('hub 27: a second client with the id ends the first within a second, and the first says so', async () => {
      const { client: first, identity } = await connected('double-1');
      const lost = once(first, 'disconnect');
      const second = await clientOf('double-1', identity);
      await second.open();
      const began = performance.now();
      await lost;
      assert.ok(performance.now() - began < 1000);
      await second.sendEvent(new Message('"second"'));
      await bench.arrival('double-1', '"second"');
    });
  });

  describe('telemetry', () => {
    test('hub 21, 39, 42: a message arrives with its properties, an expiry in milliseconds, and the model id', async () => {
      const { client } = await connected('data-1', { modelId: 'dtmi:com:example:Thermostat;1' });
      const message = new Message('{"temperature":21.5}');
      message.messageId = 'm-1';
      message.correlationId = 'c/1';
      message.contentType = 'application/json';
      message.contentEncoding = 'utf-8';
      message.expiryTimeUtc = (Date.now() + 60_000) as unknown as string;
      message.properties.add('alert', 'true & more=1');
      await client.sendEvent(message);
      const { properties, modeled } = await bench.arrival('data-1', '{"temperature":21.5}');
      assert.equal(properties['message-id'], 'm-1');
      assert.equal(properties['correlation-id'], 'c/1');
      assert.equal(properties['content-type'], 'application/json');
      assert.equal(properties['content-encoding'], 'utf-8');
      assert.equal(properties.alert, 'true & more=1');
      assert.equal(properties['dt-dataschema'], 'dtmi:com:example:Thermostat;1');
      assert.deepEqual(modeled.temperature, { value: 21.5 });
    });
  });

  describe('methods', () => {
    test('hub 53, 55: a method reaches its handler with JSON, and its status and answer come back as they are', async () => {
      const { client } = await connected('method-1');
      let status = 200;
      client.onDeviceMethod('displayAlert', (request, response) => {
        response.send(status, { heard: request.payload }).catch(() => {});
      });
      // The SDK does not tell when its subscription is granted: the call waits for it.
      for (status of [200, 404, 500]) {
        const { body } = await command('method-1', { request: `alert ${status}`, connectionTimeout: 10 });
        assert.equal(body.responseCode, status);
        assert.deepEqual(body.response, { heard: `alert ${status}` });
      }
    });

    test('hub 56: a method of a client that has no handler finds nobody', async () => {
      await connected('method-2');
      const { status, body } = await command('method-2', { request: 'x' });
      assert.equal(status, 404);
      assert.match(JSON.stringify(body), /DeviceNotConnected/);
    });

    test('hub 57: a handler that never answers fails the call after the requested seconds', async () => {
      const { client } = await connected('method-3');
      client.onDeviceMethod('displayAlert', () => {});
      const began = performance.now();
      const { status } = await command('method-3', { request: 'x', connectionTimeout: 10, responseTimeout: 5 });
      assert.equal(status, 504);
      const seconds = (performance.now() - began) / 1000;
      assert.ok(seconds > 4.5 && seconds < 8, `${seconds} s`);
    });
  });

  describe('twins', () => {
    const update = (twin: Awaited<ReturnType<Client['getTwin']>>, patch: unknown) =>
      new Promise<void>((resolve, reject) => {
        twin.properties.reported.update(patch, (error: Error | undefined) => (error ? reject(error) : resolve()));
      });

    test('hub 59, 61: the twin is read and patched; an invalid key fails the call and changes nothing', async () => {
      const { client } = await connected('twin-1');
      const twin = await client.getTwin();
      assert.equal(typeof twin.properties.desired.$version, 'number');
      assert.equal(typeof twin.properties.reported.$version, 'number');
      await update(twin, { serialNumber: 'S-1', nested: { a: 1, b: 2 } });
      await update(twin, { nested: { a: null } });
      for (const bad of [{ 'with.dot': 1 }, { $own: 1 }]) await assert.rejects(update(twin, bad));
      const again = await client.getTwin();
      assert.equal(again.properties.reported.serialNumber, 'S-1');
      assert.deepEqual(again.properties.reported.nested, { b: 2 });
      assert.equal('with.dot' in again.properties.reported, false);
      assert.equal((await bench.central.ok('GET', '/api/devices/twin-1/properties')).serialNumber, 'S-1');
    });

    test('hub 63: a desired change is pushed, and a deleted key arrives as null', async () => {
      const { client } = await connected('twin-2');
      const twin = await client.getTwin();
      const pushed: Record<string, unknown>[] = [];
      twin.on('properties.desired', (patch: Record<string, unknown>) => pushed.push(patch));
      const version = Number(twin.properties.desired.$version);
      await eventually(async () => {
        // The SDK does not tell when its subscription is granted; nothing is queued before that.
        await setProperty('twin-2', true);
        return pushed.some(({ $version }) => Number($version) > version) ? true : undefined;
      });
      await setProperty('twin-2', null);
      await eventually(() => (pushed.some((patch) => patch.thermometerTelemetryUploadEnabled === null) ? true : undefined));
      assert.equal('thermometerTelemetryUploadEnabled' in twin.properties.desired, false);
    });

    test('hub 64: what was desired while the device was away is in the twin when it is back', async () => {
      const { client, identity } = await connected('twin-3');
      await client.close();
      await setProperty('twin-3', true);
      const again = await clientOf('twin-3', identity);
      await again.open();
      const twin = await again.getTwin();
      assert.equal(twin.properties.desired.thermometerTelemetryUploadEnabled, true);
    });
  });
});
