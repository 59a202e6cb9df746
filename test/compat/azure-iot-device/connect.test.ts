import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { type CompatBench, openCompatBench } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';

describe('CONNECT to the hub, on the wire as other SDKs do it', () => {
  let bench: CompatBench;
  before(async () => {
    bench = await openCompatBench();
    await bench.trustAtHub('factory-root', bench.root);
  });
  after(() => bench?.close());

  const userName = (deviceId: string, rest: string) => `${bench.home.status.hub.hostName}/${deviceId}${rest}`;

  test('hub 6: a SHA-256 secondary thumbprint, stored upper case, lets Python in with TLS 1.2', async () => {
    const identity = bench.selfSignedOf('py-1');
    await bench.createHubDevice('py-1', {
      primary: 'AB'.repeat(20),
      secondary: identity.leaf.certificate.sha256Thumbprint.toUpperCase(),
    });
    const tls = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
    const device = await bench.dialHub(identity, 'py-1', {
      tls,
      keepAliveSeconds: 60,
      userName: userName('py-1', '/?api-version=2019-10-01&DeviceClientType=azure-iot-device-iothub-py%2F2.14.0'),
    });
    assert.equal(device.code, 0);
    assert.equal(device.socket.getProtocol(), 'TLSv1.2');
    device.disconnect();
  });

  test('hub 7: another certificate than the one whose thumbprint is stored gets 5, and the device is told apart by reason', async () => {
    await bench.createHubDevice('print-1', { primary: bench.selfSignedOf('print-1').leaf.certificate.sha1Thumbprint });
    const device = await bench.dialHub(bench.selfSignedOf('print-1'), 'print-1');
    assert.equal(device.code, 5);
    await device.closed();
    assert.equal((await bench.refusal('print-1')).reason, 'thumbprint-mismatch');
  });

  test('hub 8: a leaf with its intermediate is let in when only the root is verified, and without it is not', async () => {
    await bench.createHubDevice('chain-1', 'ca');
    const whole = await bench.dialHub(bench.leafOf('chain-1'), 'chain-1');
    assert.equal(whole.code, 0);
    whole.disconnect();
    const alone = await bench.dialHub(bench.leafOf('chain-1', {}, []), 'chain-1');
    assert.equal(alone.code, 5);
    assert.equal((await bench.refusal('chain-1')).reason, 'issuer-unknown');
  });

  test('hub 11: a chain is found again when the client offers a session to resume', async () => {
    await bench.createHubDevice('resume-1', 'ca');
    const identity = bench.leafOf('resume-1');
    let session: Buffer | undefined;
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3', 'TLSv1.2', 'TLSv1.3'] as const) {
      const device = await bench.dialHub(identity, 'resume-1', { tls: { maxVersion, ...(session && { session }) } });
      assert.equal(device.code, 0);
      session = (device.socket as TLSSocket).getSession();
      device.disconnect();
      await device.closed();
    }
  });

  test('hub 12: neither certificate nor password gets 5', async () => {
    await bench.createHubDevice('bare-1', 'ca');
    assert.equal((await bench.dialHub(undefined, 'bare-1')).code, 5);
    assert.equal((await bench.dialHub(undefined, 'bare-1', { password: Buffer.alloc(0) })).code, 5);
    const refusal = await bench.refusal('bare-1');
    assert.equal(refusal.reason, 'credentials-missing');
    assert.equal((await bench.refusals('bare-1')).length, 1);
  });

  test('hub 20: a device that is blocked is dropped and gets 5 until it is let in again', async () => {
    const identity = await bench.registerThermometer('block-1');
    const device = await bench.dialHub(identity, 'block-1');
    assert.equal(device.code, 0);
    await bench.central.ok('PATCH', '/api/devices/block-1', { enabled: false });
    await device.closed();
    assert.equal((await bench.dialHub(identity, 'block-1')).code, 5);
    assert.equal((await bench.refusal('block-1')).reason, 'device-disabled');
    await bench.central.ok('PATCH', '/api/devices/block-1', { enabled: true });
    assert.equal((await bench.dialHub(identity, 'block-1')).code, 0);
  });

  test('hub 20: a device that is deleted is dropped, and reconnecting gets 5', async () => {
    const identity = bench.selfSignedOf('gone-1');
    await bench.createHubDevice('gone-1', { primary: identity.leaf.certificate.sha1Thumbprint });
    const device = await bench.dialHub(identity, 'gone-1');
    assert.equal(device.code, 0);
    await bench.home.ok('homeport', ['hub', 'device', 'delete', '--device-id', 'gone-1']);
    await device.closed();
    assert.equal((await bench.dialHub(identity, 'gone-1')).code, 5);
    assert.equal((await bench.refusal('gone-1')).reason, 'device-unknown');
  });

  test('hub 22: an encoded model id, as C and Python send it, is on every message', async () => {
    const identity = await bench.registerThermometer('model-1');
    const device = await bench.dialHub(identity, 'model-1', {
      userName: userName(
        'model-1',
        '/?api-version=2020-09-30&DeviceClientType=c%2f1.9&model-id=dtmi%3Acom%3Aexample%3AThermostat%3B1',
      ),
      keepAliveSeconds: 240,
    });
    assert.equal(device.code, 0);
    await device.send('devices/model-1/messages/events/', '"hello"');
    const { properties } = await bench.arrival('model-1', '"hello"');
    assert.equal(properties['dt-dataschema'], 'dtmi:com:example:Thermostat;1');
    device.disconnect();
  });

  test('hub 23, 24, 25: the ? may be missing; the api-version and the client id may not', async () => {
    const identity = bench.selfSignedOf('name-1');
    await bench.createHubDevice('name-1', { primary: identity.leaf.certificate.sha1Thumbprint });
    const attempts: [options: Parameters<CompatBench['dialHub']>[2], code: number][] = [
      [{ userName: userName('name-1', '/api-version=2019-10-01') }, 0],
      [{ userName: userName('name-1', '/?DeviceClientType=x') }, 5],
      [{ userName: userName('name-1', '/?api-version=') }, 5],
      [{ userName: userName('name-1', '') }, 5],
      [{ clientId: 'name-2' }, 5],
      [{ clientId: 'NAME-1' }, 5],
    ];
    for (const [options, code] of attempts) {
      const device = await bench.dialHub(identity, 'name-1', options);
      assert.equal(device.code, code, JSON.stringify(options));
      if (code === 0) device.disconnect();
      await device.closed();
    }
    const reasons = new Set((await bench.refusals()).map(({ reason }) => reason));
    assert.ok(reasons.has('api-version-missing'));
    assert.ok(reasons.has('client-id-mismatch'));
  });

  test('hub 27: a second connection ends the first within a second', async () => {
    const identity = bench.selfSignedOf('twice-1');
    await bench.createHubDevice('twice-1', { primary: identity.leaf.certificate.sha1Thumbprint });
    const first = await bench.dialHub(identity, 'twice-1');
    const second = await bench.dialHub(identity, 'twice-1');
    const began = performance.now();
    await first.closed();
    assert.ok(performance.now() - began < 1000);
    assert.equal(second.isClosed, false);
    second.disconnect();
  });

  test('hub 30: silence of one and a half keep-alives ends the session; pings keep it', async () => {
    const identity = await bench.registerThermometer('quiet-1');
    const device = await bench.dialHub(identity, 'quiet-1', { keepAliveSeconds: 1 });
    const began = performance.now();
    const pings = setInterval(() => device.write(Buffer.from([0xc0, 0])), 400);
    try {
      await eventually(() => (performance.now() - began > 2500 ? true : undefined));
      assert.equal(device.isClosed, false);
    } finally {
      clearInterval(pings);
    }
    const silent = performance.now();
    await device.closed();
    assert.ok(performance.now() - silent > 700);
    const { connection } = await bench.central.ok('GET', '/api/ui/devices/quiet-1');
    assert.equal((connection as { cause?: string }).cause, 'keep-alive-timeout');
  });
});
