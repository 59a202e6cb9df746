import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { after, afterEach, before, describe, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import deviceAmqp from 'azure-iot-device-amqp';
import provisioning from 'azure-iot-provisioning-device';
import provisioningAmqp from 'azure-iot-provisioning-device-amqp';
import security from 'azure-iot-security-symmetric-key';
import x509 from 'azure-iot-security-x509';
import iothub from 'azure-iothub';
import { systemClock } from '#base/clock.ts';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import { exportPrivateKeyPem } from '#pki/key.ts';
import { makeSelfSigned } from '#test/support/certificates.ts';
import { type CompatBench, openCompatBench } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { makeKnown } from '#test/support/known-names.ts';
import { openServiceBench, type ServiceBench } from '#test/support/service-bench.ts';
import { readRunningLog } from '#test/support/stored-log.ts';

const { Client, Message, ModuleClient } = device;
type AnyClient = InstanceType<typeof Client> | InstanceType<typeof ModuleClient>;
type Transport = Parameters<typeof Client.fromConnectionString>[1];

/** A client on AMQP asks TLS for a name and takes no address for one. */
const hubName = 'hub.example';

const transports = [
  ['Amqp', deviceAmqp.Amqp],
  ['AmqpWs', deviceAmqp.AmqpWs],
] as const;

for (const [name, transport] of transports) {
  describe(`azure-iot-device over ${name}, as it comes from npm`, () => {
    let bench: ServiceBench;
    let registry: iothub.Registry;
    let service: iothub.Client;
    let made = 0;
    const open: AnyClient[] = [];
    before(async () => {
      bench = await openServiceBench(['--host-name', hubName]);
      makeKnown(hubName, bench.home.address);
      registry = iothub.Registry.fromConnectionString(bench.connectionString('iothubowner'));
      service = iothub.Client.fromConnectionString(bench.connectionString('service'));
    });
    afterEach(async () => {
      for (const client of open.splice(0)) await client.close().catch(() => {});
    });
    after(() => bench?.close());

    /** It does not try again by itself, so that a refusal is seen; with `policy` it does. */
    async function prepare<C extends AnyClient>(client: C, options: object = {}, policy?: object): Promise<C> {
      client.setRetryPolicy((policy as common.RetryPolicy | undefined) ?? new common.NoRetry());
      await client.setOptions({ ca: bench.home.ca, ...options });
      open.push(client);
      return client;
    }

    async function newDevice(): Promise<{ deviceId: string; key: string; text: string }> {
      const deviceId = `${name}-${++made}`;
      const { responseBody } = await registry.create({ deviceId });
      const key = responseBody.authentication?.symmetricKey?.primaryKey ?? '';
      return { deviceId, key, text: `HostName=${hubName};DeviceId=${deviceId};SharedAccessKey=${key}` };
    }

    async function connected(options?: object, policy?: object) {
      const made = await newDevice();
      const client = await prepare(Client.fromConnectionString(made.text, transport as Transport), options, policy);
      await client.open();
      return { ...made, client };
    }

    const arrival = (deviceId: string, body: string) =>
      eventually(async () =>
        (await readRunningLog(bench.home)).find((event) => event.deviceId === deviceId && event.body.toString() === body),
      );

    test('hub 69, 72, 76: a key signs in without SASL, and a message arrives with its properties and its component', async () => {
      const { client, deviceId } = await connected();
      const message = new Message('{"t":21}');
      message.messageId = 'm-1';
      message.correlationId = '4b0e4cc0-6a1c-4b0f-8f5e-0123456789ab';
      message.contentType = 'application/json';
      message.contentEncoding = 'utf-8';
      message.properties.add('alert', 'true & more=1');
      message.properties.add('dt-subject', 'sensor');
      await client.sendEvent(message);
      const event = await arrival(deviceId, '{"t":21}');
      const { system, application } = event.properties();
      assert.equal(system['message-id'], 'm-1');
      assert.equal(system['correlation-id'], '4b0e4cc0-6a1c-4b0f-8f5e-0123456789ab');
      assert.equal(system['content-type'], 'application/json');
      assert.equal(system['content-encoding'], 'utf-8');
      assert.equal(system['dt-subject'], 'sensor');
      assert.equal(system['iothub-connection-device-id'], deviceId);
      assert.match(system['iothub-connection-auth-method'] ?? '', /"type":"sas"/);
      assert.equal(application.alert, 'true & more=1');
    });

    test('hub 73: a wrong key is refused, and why is kept', async () => {
      const { deviceId } = await newDevice();
      const wrong = `HostName=${hubName};DeviceId=${deviceId};SharedAccessKey=${Buffer.alloc(32).toString('base64')}`;
      const client = await prepare(Client.fromConnectionString(wrong, transport as Transport));
      await assert.rejects(client.open(), { name: 'UnauthorizedError' });
    });

    test('hub 74: a certificate signs in without SASL and without a token', async () => {
      const deviceId = `${name}-x509`;
      const now = systemClock.now();
      const certificate = makeSelfSigned(deviceId, { notBefore: plus(now, -hourMs), notAfter: plus(now, dayMs) });
      const primaryThumbprint = certificate.certificate.sha256Thumbprint;
      await registry.create({ deviceId, authentication: { type: 'selfSigned', x509Thumbprint: { primaryThumbprint } } } as never);
      const text = `HostName=${hubName};DeviceId=${deviceId};x509=true`;
      const options = { cert: certificate.pem, key: exportPrivateKeyPem(certificate.privateKey) };
      const client = await prepare(Client.fromConnectionString(text, transport as Transport), options);
      await client.open();
      await client.sendEvent(new Message('"by certificate"'));
      const event = await arrival(deviceId, '"by certificate"');
      assert.match(event.properties().system['iothub-connection-auth-method'] ?? '', /"type":"x509"/);
    });

    test('hub 79: a method goes to the device and its answer comes back', async () => {
      const { client, deviceId } = await connected();
      client.onDeviceMethod('brew', (request, response) => {
        response.send(418, { got: request.payload }, () => {});
      });
      const { result } = await service.invokeDeviceMethod(deviceId, {
        methodName: 'brew',
        payload: { cups: 2 },
        connectTimeoutInSeconds: 10,
      });
      assert.deepEqual([result.status, result.payload], [418, { got: { cups: 2 } }]);
    });

    test('hub 80: the twin is read, reported to, and pushed', async () => {
      const { client, deviceId } = await connected();
      const twin = await client.getTwin();
      assert.equal(twin.properties.desired.$version, 1);
      await new Promise<void>((resolve, reject) =>
        twin.properties.reported.update({ battery: 55 }, (error: Error | null) => (error ? reject(error) : resolve())),
      );
      const pushed = Promise.withResolvers<Record<string, unknown>>();
      twin.on('properties.desired', (delta: Record<string, unknown>) => {
        if (delta.interval !== undefined) pushed.resolve(delta);
      });
      const { responseBody } = await registry.getTwin(deviceId);
      assert.equal(responseBody.properties.reported.battery, 55);
      await registry.updateTwin(deviceId, { properties: { desired: { interval: 5 } } }, responseBody.etag);
      assert.deepEqual(await pushed.promise, { interval: 5, $version: 2 });
      await assert.rejects(
        new Promise<void>((resolve, reject) =>
          twin.properties.reported.update({ 'a b': 1 }, (error: Error | null) => (error ? reject(error) : resolve())),
        ),
      );
    });

    test('messages to a device arrive with their properties; abandoned they come again, completed and rejected they do not', async () => {
      const { client, deviceId } = await connected();
      const received: InstanceType<typeof Message>[] = [];
      client.on('message', (message: InstanceType<typeof Message>) => received.push(message));
      const send = (data: string) => bench.sendMessage(deviceId, data, { 'iothub-messageid': data, 'iothub-app-b': 'x y' });
      const next = () => eventually(async () => received.shift());
      const isEmpty = () =>
        eventually(async () => {
          const { responseBody } = await registry.get(deviceId);
          return Number(responseBody.cloudToDeviceMessageCount) === 0 ? true : undefined;
        });
      await send('one');
      const one = await next();
      assert.deepEqual([one.data.toString(), one.messageId, one.properties.getValue('b')], ['one', 'one', 'x y']);
      await client.abandon(one);
      const again = await next();
      assert.equal(again.data.toString(), 'one');
      await client.complete(again);
      await isEmpty();
      await send('two');
      await client.reject(await next());
      await isEmpty();
    });

    test('hub 84: a message over 256 KB is refused, and the connection goes on', async () => {
      const { client, deviceId } = await connected();
      await assert.rejects(client.sendEvent(new Message(Buffer.alloc(257 * 1024, 0x61))), { name: 'MessageTooLargeError' });
      await client.sendEvent(new Message('"small"'));
      await arrival(deviceId, '"small"');
    });

    test('hub 27: a second client with the id ends the first, and the first says so', async () => {
      const { client: first, text, deviceId } = await connected();
      await first.sendEvent(new Message('"first"'));
      const lost = once(first, 'disconnect');
      const second = await prepare(Client.fromConnectionString(text, transport as Transport));
      await second.open();
      await second.sendEvent(new Message('"second"'));
      await lost;
      await arrival(deviceId, '"second"');
    });

    test('a device that is disabled is sent away at once', async () => {
      const { client, deviceId } = await connected();
      await client.sendEvent(new Message('"before"'));
      const lost = once(client, 'disconnect');
      const { responseBody } = await registry.get(deviceId);
      await registry.update({ ...responseBody, status: 'disabled' } as never);
      await lost;
    });

    test('hub 81: a fresh token is put on the live connection, which goes on', async () => {
      const { deviceId, key } = await newDevice();
      const tokenFor = (seconds: number) => {
        const end = Math.ceil(systemClock.now() / 1000) + seconds;
        return common.SharedAccessSignature.create(`${hubName}/devices/${deviceId}`, '', key, end).toString();
      };
      const client = await prepare(Client.fromSharedAccessSignature(tokenFor(600), transport as Transport));
      await client.open();
      await client.sendEvent(new Message('"under the first"'));
      let isLost = false;
      client.on('disconnect', () => {
        isLost = true;
      });
      await client.updateSharedAccessSignature(tokenFor(900));
      await client.sendEvent(new Message('"under the second"'));
      await arrival(deviceId, '"under the second"');
      assert.equal(isLost, false);
    });

    test('hub 97: after a restart of the server the client comes back by itself', async (t) => {
      const backOff = new common.ExponentialBackOffWithJitter(true);
      let isOver = false;
      const shouldRetry = (error: Error) => !isOver && backOff.shouldRetry(error);
      const nextRetryTimeout = (count: number, isThrottled: boolean) =>
        Math.min(backOff.nextRetryTimeout(count, isThrottled), 1_000);
      const { client, deviceId } = await connected({}, { shouldRetry, nextRetryTimeout });
      // What it tries again goes on after it was closed, for four minutes, and fails with this event.
      client.on('error', () => {});
      t.after(() => {
        isOver = true;
      });
      client.onDeviceMethod('brew', (_request, response) => {
        response.send(200, 'again', () => {});
      });
      await client.sendEvent(new Message('"before"'));
      await bench.home.kill();
      await bench.home.restart();
      await client.sendEvent(new Message('"after"'));
      await arrival(deviceId, '"after"');
      const { result } = await service.invokeDeviceMethod(deviceId, { methodName: 'brew', connectTimeoutInSeconds: 30 });
      assert.equal(result.payload, 'again');
    });

    test('an added hub is found by the token that is for it, whatever was dialed', async () => {
      const hub = `plant-${name.toLowerCase()}`;
      await bench.home.ok('homeport', ['hub', 'create', hub]);
      const words = [
        'hub',
        'device',
        'create',
        '--hub',
        hub,
        '-d',
        'd1',
        '--auth-method',
        'shared_private_key',
        '--secrets',
        '--json',
      ];
      const { connectionString } = JSON.parse(await bench.home.ok('homeport', words));
      const text = `${connectionString};GatewayHostName=${hubName}`;
      const client = await prepare(Client.fromConnectionString(text, transport as Transport));
      await client.open();
      await client.sendEvent(new Message('"to the other"'));
      const { hubs } = JSON.parse(await bench.home.ok('homeport', ['status', '--json']));
      assert.ok(hubs[hub].events.end > hubs[hub].events.start);
    });

    test('a module sends, answers methods and reports to its twin', async () => {
      const { deviceId } = await newDevice();
      const { responseBody } = await registry.addModule({ deviceId, moduleId: 'm' });
      const key: string = responseBody.authentication.symmetricKey.primaryKey;
      const text = `HostName=${hubName};DeviceId=${deviceId};ModuleId=m;SharedAccessKey=${key}`;
      const client = await prepare(ModuleClient.fromConnectionString(text, transport as Transport));
      await client.open();
      await client.sendOutputEvent('out1', new Message('"from a module"'));
      const event = await arrival(deviceId, '"from a module"');
      assert.equal(event.moduleId, 'm');
      assert.equal(event.properties().system['iothub-outputname'], 'out1');
      client.onMethod('brew', (_request, response) => {
        response?.send(200, 'done', () => {});
      });
      const { result } = await service.invokeDeviceMethod(deviceId, 'm', { methodName: 'brew', connectTimeoutInSeconds: 10 });
      assert.equal(result.payload, 'done');
      const twin = await client.getTwin();
      await new Promise<void>((resolve, reject) =>
        twin.properties.reported.update({ up: true }, (error: Error | null) => (error ? reject(error) : resolve())),
      );
    });
  });
}

describe('azure-iot-provisioning-device over AMQP, as it comes from npm', () => {
  const provisioningTransports = { Amqp: provisioningAmqp.Amqp, AmqpWs: provisioningAmqp.AmqpWs };
  const groupKey = Buffer.alloc(64, 1).toString('base64');
  let bench: CompatBench;
  before(async () => {
    bench = await openCompatBench({}, ['--host-name', hubName]);
    makeKnown(hubName, bench.home.address);
    // What a person does with NODE_EXTRA_CA_CERTS: this SDK has no option for it.
    setDefaultCACertificates([...getCACertificates('default'), bench.home.ca]);
    await bench.central.ok('PUT', '/api/enrollmentGroups/by-key', {
      displayName: 'By key',
      type: 'iot',
      attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: groupKey, secondaryKey: groupKey } },
    });
  });
  after(() => bench?.close());

  type Credential = Parameters<typeof provisioning.ProvisioningDeviceClient.create>[3];
  type ProvisioningTransport = Parameters<typeof provisioning.ProvisioningDeviceClient.create>[2];

  // Its packages each bring a copy of azure-iot-common, so their types differ in name alone.
  function clientOf(transport: keyof typeof provisioningTransports, credential: unknown) {
    const { hostName, idScope } = bench.home.status.dps;
    const made = new provisioningTransports[transport]() as unknown as ProvisioningTransport;
    return provisioning.ProvisioningDeviceClient.create(hostName, idScope, made, credential as Credential);
  }
  const derived = (registrationId: string) =>
    createHmac('sha256', Buffer.from(groupKey, 'base64')).update(registrationId).digest('base64');

  for (const transport of ['Amqp', 'AmqpWs'] as const) {
    test(`dps 34: over ${transport}, a key registers by SASL PLAIN, and a wrong one is refused there`, async () => {
      const registrationId = `key-${transport}`.toLowerCase();
      const client = clientOf(transport, new security.SymmetricKeySecurityClient(registrationId, derived(registrationId)));
      const result = await client.register();
      assert.deepEqual([result?.status, result?.deviceId], ['assigned', registrationId]);
      const wrong = clientOf(transport, new security.SymmetricKeySecurityClient(`not-${registrationId}`, groupKey));
      await assert.rejects(async () => wrong.register());
      assert.equal((await bench.refusal(`not-${registrationId}`)).reason, 'token-signature');
    });

    test(`dps 35: over ${transport}, a certificate registers without SASL, and one of another is refused in words`, async () => {
      const registrationId = `x509-${transport}`.toLowerCase();
      const { cert, key } = bench.leafOf(registrationId);
      const client = clientOf(transport, new x509.X509Security(registrationId, { cert, key }));
      const result = await client.register();
      assert.deepEqual([result?.status, result?.deviceId], ['assigned', registrationId]);
      const other = clientOf(transport, new x509.X509Security(`not-${registrationId}`, { cert, key }));
      await assert.rejects(async () => other.register(), { condition: 'amqp:unauthorized-access' });
      assert.equal((await bench.refusal(`not-${registrationId}`)).reason, 'common-name-mismatch');
    });
  }
});
