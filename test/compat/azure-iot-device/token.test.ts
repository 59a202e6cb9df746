import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, afterEach, before, describe, test } from 'node:test';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import deviceMqtt from 'azure-iot-device-mqtt';
import { systemClock } from '#base/clock.ts';
import { type CompatBench, openCompatBench } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { hubSpellings } from '#test/support/sas-spellings.ts';

const { Client, Message } = device;
type Client = InstanceType<typeof Client>;

/** Seconds since 1970, `later` from now. */
const secondsFromNow = (later: number) => Math.ceil(systemClock.now() / 1000) + later;

describe('azure-iot-device over MQTT by shared access signature, as it comes from npm', () => {
  let bench: CompatBench;
  const open: Client[] = [];
  before(async () => {
    bench = await openCompatBench();
  });
  afterEach(async () => {
    for (const client of open.splice(0)) await client.close().catch(() => {});
  });
  after(() => bench?.close());

  /** A device by key, which Central knows too: its connection string under the primary key. */
  async function addDevice(deviceId: string, ...words: string[]): Promise<string> {
    await bench.central.ok('PUT', `/api/devices/${deviceId}`, { displayName: deviceId });
    const parameters = ['hub', 'device', 'create', '-d', deviceId, '--auth-method', 'shared_private_key', '--json', '--secrets'];
    return JSON.parse(await bench.home.ok('homeport', [...parameters, ...words])).connectionString;
  }

  const keyIn = (connectionString: string) => /SharedAccessKey=(.+)$/.exec(connectionString)?.[1] ?? '';

  /** It does not try again by itself, so that a refusal is seen. */
  async function prepared(client: Client): Promise<Client> {
    client.setRetryPolicy(new common.NoRetry());
    await client.setOptions({ ca: bench.home.ca });
    open.push(client);
    return client;
  }

  const byConnectionString = (text: string) => prepared(Client.fromConnectionString(text, deviceMqtt.Mqtt));
  const byToken = (token: string) => prepared(Client.fromSharedAccessSignature(token, deviceMqtt.Mqtt));

  /** As the SDK itself writes it. */
  function tokenOf(resource: string, key: string, expirySeconds: number, keyName?: string): string {
    return common.SharedAccessSignature.create(resource, keyName ?? '', key, expirySeconds).toString();
  }

  test('hub 19: a connection string opens a session, with the primary key or with the secondary', async () => {
    const secondary = Buffer.alloc(32, 8).toString('base64');
    const text = await addDevice('key-1', '--secondary-key', secondary);
    for (const connectionString of [text, text.replace(keyIn(text), secondary)]) {
      const client = await byConnectionString(connectionString);
      await client.open();
      const body = JSON.stringify({ by: connectionString === text ? 'primary' : 'secondary' });
      await client.sendEvent(new Message(body));
      await bench.arrival('key-1', body);
      await client.close();
    }
  });

  test('a connection string with another key is refused, and why is kept', async () => {
    const text = await addDevice('key-2');
    const client = await byConnectionString(text.replace(keyIn(text), Buffer.alloc(32).toString('base64')));
    await assert.rejects(client.open(), { name: 'UnauthorizedError' });
    assert.equal((await bench.refusal('key-2')).reason, 'token-signature');
  });

  test('hub 13: a token that is past its end and the skew is refused; one within the skew is not', async () => {
    const key = keyIn(await addDevice('old-1'));
    const resource = `${bench.home.status.hub.hostName}/devices/old-1`;
    const expired = await byToken(tokenOf(resource, key, secondsFromNow(-310)));
    await assert.rejects(expired.open(), { name: 'UnauthorizedError' });
    assert.equal((await bench.refusal('old-1')).reason, 'token-expired');
    const late = await byToken(tokenOf(resource, key, secondsFromNow(-200)));
    await late.open();
  });

  test('hub 17: a token of a policy with DeviceConnect opens a device, one without does not', async () => {
    await addDevice('any-1');
    const { hub } = JSON.parse(await bench.home.ok('homeport', ['status', '--json', '--secrets']));
    const { hostName } = bench.home.status.hub;
    const tokenUnder = (policy: string) =>
      tokenOf(`${hostName}/devices/any-1`, keyIn(hub.connectionStrings[policy]), secondsFromNow(600), policy);
    const client = await byToken(tokenUnder('device'));
    await client.open();
    await client.sendEvent(new Message('{"by":"policy"}'));
    await bench.arrival('any-1', '{"by":"policy"}');
    await client.close();
    const service = await byToken(tokenUnder('service'));
    await assert.rejects(service.open(), { name: 'UnauthorizedError' });
    assert.equal((await bench.refusal('any-1')).reason, 'policy-right-missing');
    // The scope of the whole hub, which the SDK cannot send since it reads the device's name out of it.
    const wide = tokenOf(hostName, keyIn(hub.connectionStrings.iothubowner), secondsFromNow(600), 'iothubowner');
    const wire = await bench.dialHub(undefined, 'any-1', { password: Buffer.from(wide) });
    assert.equal(wire.code, 0);
    wire.disconnect();
  });

  test('hub 18: a token for abc is refused for abcd', async () => {
    const key = Buffer.alloc(32, 6).toString('base64');
    for (const deviceId of ['abc', 'abcd']) await addDevice(deviceId, '--primary-key', key);
    const { hostName } = bench.home.status.hub;
    const token = tokenOf(`${hostName}/devices/abc`, key, secondsFromNow(600));
    await (await byToken(token)).open();
    const wire = await bench.dialHub(undefined, 'abcd', { password: Buffer.from(token) });
    assert.equal(wire.code, 5);
    assert.equal((await bench.refusal('abcd')).reason, 'token-scope');
  });

  for (const [client, spell] of Object.entries(hubSpellings)) {
    test(`hub 14, hub 15, hub 16: a client that spells its token like ${client} is let in`, async () => {
      const deviceId = `My.Dev-${client.replace(/[^A-Za-z]/g, '')}`;
      const key = keyIn(await addDevice(deviceId));
      const token = spell({
        resource: `${bench.home.status.hub.hostName}/devices/${deviceId}`,
        key,
        expirySeconds: secondsFromNow(30),
      });
      const wire = await bench.dialHub(undefined, deviceId, { password: Buffer.from(token) });
      assert.equal(wire.code, 0);
      wire.disconnect();
    });
  }

  test('hub 32: the SDK renews its token by a new connection, shortened to seconds, and goes on sending', async () => {
    const text = await addDevice('renew-1');
    const provider = device.SharedAccessKeyAuthenticationProvider.fromConnectionString(text, 8, 6);
    const client = await prepared(Client.fromAuthenticationProvider(provider, deviceMqtt.Mqtt));
    const renewed = new Promise((resolve) => provider.on('newTokenAvailable', resolve));
    await client.open();
    await client.sendEvent(new Message('{"n":1}'));
    await renewed;
    await client.sendEvent(new Message('{"n":2}'));
    await bench.arrival('renew-1', '{"n":1}');
    await bench.arrival('renew-1', '{"n":2}');
    assert.equal((await bench.refusals('renew-1')).length, 0);
  });

  test('hub 33: the connection ends when a token that nobody renews has expired', async () => {
    const key = keyIn(await addDevice('ends-1'));
    const resource = `${bench.home.status.hub.hostName}/devices/ends-1`;
    const client = await byToken(tokenOf(resource, key, secondsFromNow(2)));
    const disconnected = once(client, 'disconnect');
    await client.open();
    await disconnected;
    const cause = await eventually(async () => {
      const { connection } = await bench.central.ok('GET', '/api/ui/devices/ends-1');
      const shown = connection as { isConnected?: boolean; cause?: string };
      return shown.isConnected === false ? shown.cause : undefined;
    });
    assert.equal(cause, 'credential-expired');
  });
});
