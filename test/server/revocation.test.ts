import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import deviceAmqp from 'azure-iot-device-amqp';
import { systemClock } from '#base/clock.ts';
import { dayMs, minuteMs, plus } from '#base/instant.ts';
import { requestHttp } from '#cli/kit/http-client.ts';
import { makeCa, type TestCertificate } from '#test/support/certificates.ts';
import { type CompatBench, type Identity, openCompatBench } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { makeKnown } from '#test/support/known-names.ts';
import { handshake, RawWebSocket } from '#test/support/raw-web-socket.ts';
import { makeRevocationList } from '#test/support/revocation-list.ts';
import type { WireDevice } from '#test/support/wire-device.ts';

const { Client, Message } = device;
const { Amqp } = deviceAmqp;
const isFullSize = process.env.HOMEPORT_FULL_SIZE === '1';
const rounds = isFullSize ? 100 : 5;
const brokerPort = 8884;
const hubName = 'taking-hub.example';

/**
 * Goal: whoever loses the right to be here is gone at once, on every protocol, and does not come back.
 * Method: a real server and real sockets. The time runs from before the request that takes the right away is sent
 * until the device's socket has seen its end; then the device dials again.
 */
describe('taking away what a session rests on', () => {
  let bench: CompatBench;
  let ca: TestCertificate;
  let listNumber = 0;
  before(async () => {
    // A client on AMQP asks TLS for a name and takes no address for one.
    bench = await openCompatBench({ HOMEPORT_BROKER__PORT: String(brokerPort) }, ['--host-name', hubName]);
    makeKnown(hubName, bench.home.address);
    ca = makeCa({ name: 'Line with a list', ...bench.dates });
    await bench.trustAtHub('listing', ca);
  });
  after(() => bench?.close());

  const overWebSocket = {
    async carry(socket: TLSSocket) {
      const client = new RawWebSocket(socket);
      const lines = [
        `Host: ${bench.home.address}`,
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Protocol: mqtt',
      ];
      assert.match(await client.ask(handshake('/$iothub/websocket', lines)), /^HTTP\/1\.1 101 /);
      return client.stream();
    },
  };

  type Dialled = Pick<WireDevice, 'closed' | 'disconnect'> & { code: number };
  const protocols: readonly (readonly [string, (identity: Identity, deviceId: string) => Promise<Dialled>])[] = [
    ['MQTT', (identity, deviceId) => bench.dialHub(identity, deviceId)],
    [
      'WebSocket',
      (identity, deviceId) => bench.dialHub(identity, deviceId, { port: bench.home.status.hub.httpsPort, ...overWebSocket }),
    ],
    [
      'broker door',
      async (identity, deviceId) => {
        const device = await bench.wire({ port: brokerPort, identity });
        const code = await device.connect({ clientId: deviceId, keepAliveSeconds: 180, cleanSession: true });
        return Object.assign(device, { code });
      },
    ],
    ['AMQP', dialAmqp],
  ];

  /** azure-iot-device on AMQP, which is let in with its first link. */
  async function dialAmqp({ cert, key }: Identity, deviceId: string): Promise<Dialled> {
    const client = Client.fromConnectionString(`HostName=${hubName};DeviceId=${deviceId};x509=true`, Amqp);
    client.setRetryPolicy(new common.NoRetry());
    await client.setOptions({ ca: bench.home.ca, cert, key });
    const lost = once(client, 'disconnect');
    lost.catch(() => {});
    const disconnect = () => void client.close().catch(() => {});
    try {
      await client.open();
      await client.sendEvent(new Message('{}'));
    } catch (error) {
      disconnect();
      assert.equal((error as Error).name, 'UnauthorizedError');
      return { code: 5, closed: async () => {}, disconnect };
    }
    return {
      code: 0,
      async closed() {
        await lost;
        disconnect();
      },
      disconnect,
    };
  }

  async function revoke({ leaf }: Identity): Promise<void> {
    const now = systemClock.now();
    const file = makeRevocationList({
      issuer: ca,
      revoked: [leaf.certificate],
      thisUpdate: plus(now, -minuteMs),
      nextUpdate: plus(now, dayMs),
      number: ++listNumber,
    });
    const json = { file: file.toString('base64') };
    const target = { socketPath: join(bench.home.data, 'admin.sock') };
    const { status, body } = await requestHttp(target, { method: 'POST', path: '/revocation-lists', json });
    assert.equal(status, 201, body.toString());
  }

  /** How long it took from `take` until the socket was closed. */
  async function timed(device: Dialled, take: () => Promise<unknown>): Promise<number> {
    assert.equal(device.code, 0);
    const start = performance.now();
    const [end] = await Promise.all([device.closed().then(() => performance.now()), take()]);
    return end - start;
  }

  function report(t: TestContext, what: string, times: readonly number[]): void {
    const sorted = times.toSorted((a, b) => a - b);
    const [median = 0, worst = 0] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
    t.diagnostic(`${what}, ${times.length} times: median ${median.toFixed(1)} ms, worst ${worst.toFixed(1)} ms`);
  }

  async function assertRefused(dialled: Promise<Dialled>, deviceId: string, reason: string): Promise<void> {
    assert.equal((await dialled).code, 5);
    const found = await eventually(async () => (await bench.refusals(deviceId)).find((refusal) => refusal.reason === reason));
    assert.equal(found.subject, deviceId);
  }

  for (const [protocol, dial] of protocols) {
    const name = protocol.toLowerCase().replace(' ', '-');

    test(`${protocol}: a certificate on a new revocation list is cut off and refused as revoked`, async (t) => {
      const deviceId = `listed-${name}`;
      await bench.createHubDevice(deviceId, 'ca');
      const times: number[] = [];
      for (let i = 0; i < rounds; i++) {
        const identity = bench.leafOf(deviceId, { issuer: ca }, []);
        times.push(await timed(await dial(identity, deviceId), () => revoke(identity)));
        assert.equal((await dial(identity, deviceId)).code, 5);
        if (i === 0) await assertRefused(dial(identity, deviceId), deviceId, 'certificate-revoked');
      }
      report(t, `${protocol}: revoked by a list`, times);
    });

    test(`${protocol}: a device that is disabled is cut off and refused as disabled`, async (t) => {
      const deviceId = `disabled-${name}`;
      const identity = bench.selfSignedOf(deviceId);
      await bench.createHubDevice(deviceId, { primary: identity.leaf.certificate.sha256Thumbprint });
      const set = (enabled: boolean) => bench.central.ok('PATCH', `/api/ui/hubs/main/devices/${deviceId}`, { enabled });
      const times: number[] = [];
      for (let i = 0; i < rounds; i++) {
        times.push(await timed(await dial(identity, deviceId), () => set(false)));
        assert.equal((await dial(identity, deviceId)).code, 5);
        if (i === 0) await assertRefused(dial(identity, deviceId), deviceId, 'device-disabled');
        await set(true);
      }
      report(t, `${protocol}: device disabled`, times);
    });

    test(`${protocol}: a device whose enrollment group is disabled is cut off, and comes back when it is enabled`, async (t) => {
      const deviceId = `grouped-${name}`;
      const groupId = `group-${name}`;
      const authority = makeCa({ name: groupId, ...bench.dates });
      await bench.enroll(groupId, authority);
      const identity = bench.leafOf(deviceId, { issuer: authority }, []);
      assert.equal((await bench.register(identity, deviceId)).body.status, 'assigned');
      const set = (enabled: boolean) => bench.central.ok('PATCH', `/api/enrollmentGroups/${groupId}`, { enabled });
      const times: number[] = [];
      for (let i = 0; i < rounds; i++) {
        times.push(await timed(await dial(identity, deviceId), () => set(false)));
        assert.equal((await dial(identity, deviceId)).code, 5);
        if (i === 0) {
          await assertRefused(dial(identity, deviceId), deviceId, 'device-disabled');
          assert.match((await bench.refusals(deviceId))[0]?.detail ?? '', new RegExp(`${groupId} is disabled`));
        }
        await set(true);
        const again = await eventually(async () => {
          const dialled = await dial(identity, deviceId);
          return dialled.code === 0 ? dialled : undefined;
        });
        again.disconnect();
      }
      report(t, `${protocol}: enrollment group disabled`, times);
    });
  }
});
