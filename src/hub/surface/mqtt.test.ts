import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { makeSelfSigned } from '#test/support/certificates.ts';
import { type HubBench, openHubBench, settled, type TestDevice, telemetryTopic, until } from '#test/support/hub-bench.ts';

const desiredFilter = '$iothub/twin/PATCH/properties/desired/#';
const twinFilter = '$iothub/twin/res/#';
const methodsFilter = '$iothub/methods/POST/#';

describe('sessions of a hub on MQTT', () => {
  let bench: HubBench;
  beforeEach(async () => {
    bench = await openHubBench();
    await bench.addDevice('dev1');
  });
  afterEach(() => bench.close());

  test('hub 27: a second connection ends the first, and the events leave in order', async () => {
    const first = await bench.connect();
    const second = await bench.connect();
    assert.equal(second.answer.code, 0);
    assert.equal(first.closed, 'newer-connection');
    assert.equal(second.closed, undefined);
    assert.equal(bench.hub.presence.connectedCount, 1);
    await until('events are stored', async () => (await bench.stored('deviceConnectionStateEvents')).length === 3);
    assert.deepEqual(await bench.operations('deviceConnectionStateEvents'), [
      'deviceConnected',
      'deviceDisconnected',
      'deviceConnected',
    ]);
    await second.send(telemetryTopic('dev1'));
  });

  test('of ten connections at once one is left, and it works', async () => {
    const devices = await Promise.all(Array.from({ length: 10 }, () => bench.connect()));
    await settled();
    const open = devices.filter((device) => device.closed === undefined);
    assert.equal(open.length, 1);
    await open[0]?.send(telemetryTopic('dev1'));
    const operations = await bench.operations('deviceConnectionStateEvents');
    assert.deepEqual(
      operations.slice(0, 19),
      Array.from({ length: 19 }, (_, i) => (i % 2 === 0 ? 'deviceConnected' : 'deviceDisconnected')),
    );
  });

  test('hub 28: a failed sign-in does not end the live session', async () => {
    const device = await bench.connect();
    const attacker = await bench.connect({ certificates: [makeSelfSigned('dev1')] });
    assert.equal(attacker.answer.code, 5);
    await settled();
    assert.equal(device.closed, undefined);
    await device.send(telemetryTopic('dev1'));
    assert.deepEqual(await bench.operations('deviceConnectionStateEvents'), ['deviceConnected']);
  });

  test('hub 20: disabling a device ends its session at once, and it is refused with 5 until it is enabled', async () => {
    const device = await bench.connect();
    await bench.hub.registry.setEnabled('dev1', false);
    assert.equal(device.closed, 'device-disabled');
    assert.equal(bench.hub.presence.isConnected('dev1'), false);
    assert.equal((await bench.connect()).answer.code, 5);
    assert.equal((await bench.refusal())?.reason, 'device-disabled');
    await bench.hub.registry.setEnabled('dev1', true);
    assert.equal((await bench.connect()).answer.code, 0);
  });

  test('a deleted device is out at once and unknown afterwards', async () => {
    const device = await bench.connect();
    await bench.hub.registry.delete('dev1');
    assert.equal(device.closed, 'device-deleted');
    assert.equal((await bench.connect()).answer.code, 5);
    assert.equal((await bench.refusal())?.reason, 'device-unknown');
  });

  test('a changed thumbprint ends the session of the old certificate; the new one is let in', async () => {
    const device = await bench.connect();
    const renewed = makeSelfSigned('dev1');
    const { device: provisioned } = await bench.hub.registry.provision({
      deviceId: 'dev1',
      authentication: { type: 'selfSigned', primaryThumbprint: renewed.certificate.sha256Thumbprint },
    });
    assert.equal(device.closed, 'credential-changed');
    assert.equal(provisioned.isEnabled, true);
    assert.equal((await bench.connect()).answer.code, 5);
    assert.equal((await bench.connect({ certificates: [renewed] })).answer.code, 0);
  });

  test('a device that is disabled while its sign-in is under way does not get in', async () => {
    for (let steps = 0; steps < 12; steps++) {
      const device = bench.dial();
      for (let i = 0; i < steps; i++) await Promise.resolve();
      await bench.hub.registry.setEnabled('dev1', false);
      assert.equal(bench.hub.presence.isConnected('dev1'), false, `after ${steps} steps`);
      await until('it is answered', () => device.closed !== undefined);
      await settled();
      assert.equal(bench.hub.presence.isConnected('dev1'), false, `after ${steps} steps`);
      await bench.hub.registry.setEnabled('dev1', true);
    }
  });

  test('hub 30: a keep-alive of 60 s is honoured, and silence above 90 s ends the session', async () => {
    const device = await bench.connect({ keepAliveSeconds: 60 });
    bench.clock.advance(89_000);
    device.server.checkKeepAlive(bench.clock.monotonic());
    assert.equal(device.closed, undefined);
    bench.clock.advance(2_000);
    device.server.checkKeepAlive(bench.clock.monotonic());
    assert.equal(device.closed, 'keep-alive-timeout');
    assert.equal((await bench.hub.presence.load('dev1'))?.cause, 'keep-alive-timeout');
  });

  test('the cause of an end is kept: a farewell, a broken line, a violation', async () => {
    const cause = async () => (await bench.hub.presence.load('dev1'))?.cause;
    const polite = await bench.connect();
    await polite.disconnect();
    assert.equal(await cause(), 'disconnect');
    const broken = await bench.connect();
    broken.cut();
    assert.equal(await cause(), 'connection-lost');
    const rude = await bench.connect();
    rude.server.receive(Buffer.of(0xc1, 0x00));
    assert.equal(rude.closed, 'malformed-packet');
    assert.equal(await cause(), 'protocol-violation');
  });

  describe('stored sessions', () => {
    test('a session is present when an earlier one with clean session 0 was stored, and only then', async () => {
      const present = async (cleanSession: boolean) => {
        const device = await bench.connect({ cleanSession });
        await device.disconnect();
        return device.answer.sessionPresent;
      };
      assert.equal(await present(false), false, 'the first');
      assert.equal(await present(false), true, 'the second');
      assert.equal(await present(true), false, 'clean');
      assert.equal(await present(true), false, 'clean again');
      assert.equal(await present(false), false, 'after clean');
      assert.equal(await present(false), true, 'and then stored again');
    });

    test('subscriptions outlive the connection: methods and pushes arrive without a new SUBSCRIBE', async () => {
      const before = await bench.connect();
      assert.deepEqual(await before.subscribe([methodsFilter, 0], [desiredFilter, 1]), [0, 1]);
      before.cut();
      const after = await bench.connect();
      assert.equal(after.answer.sessionPresent, true);
      await bench.hub.twins.patchDesired('dev1', { interval: 5 });
      await after.message('$iothub/twin/PATCH/properties/desired/');
      void bench.hub.methods.invoke('dev1', { methodName: 'm' }).catch(() => {});
      await after.message('$iothub/methods/POST/m/');
    });

    test('with clean session 1 nothing is left of them', async () => {
      const before = await bench.connect();
      await before.subscribe(methodsFilter, desiredFilter);
      before.cut();
      const after = await bench.connect({ cleanSession: true });
      await bench.hub.twins.patchDesired('dev1', { interval: 5 });
      await assert.rejects(bench.hub.methods.invoke('dev1', { methodName: 'm' }), { code: 'device-not-online' });
      assert.deepEqual(after.messages, []);
    });

    test('an UNSUBSCRIBE is stored too', async () => {
      const before = await bench.connect();
      await before.subscribe(methodsFilter, desiredFilter);
      await before.unsubscribe(methodsFilter);
      before.cut();
      const after = await bench.connect();
      await assert.rejects(bench.hub.methods.invoke('dev1', { methodName: 'm' }), { code: 'device-not-online' });
      await bench.hub.twins.patchDesired('dev1', { a: 1 });
      await after.message('$iothub/twin/PATCH/properties/desired/');
    });

    test('what a grant promises is on disk before it leaves', async () => {
      const device = await bench.connect();
      await device.subscribe(twinFilter);
      const row = await bench.database.selectFrom('hub_session').selectAll().executeTakeFirst();
      assert.deepEqual(JSON.parse(row?.subscriptions ?? ''), [[twinFilter, 0]]);
    });

    test('a re-created device finds no session of its namesake', async () => {
      const before = await bench.connect();
      await before.subscribe(methodsFilter);
      await bench.hub.registry.delete('dev1');
      await bench.addDevice('dev1');
      assert.equal((await bench.connect()).answer.sessionPresent, false);
    });
  });

  describe('acknowledgements and the disk', () => {
    /** Sends a message whose PUBACK may never come. */
    function watchAcknowledgement(device: TestDevice, onAck: () => void, payload = '{}') {
      device.client.publish({ topic: telemetryTopic('dev1'), payload, qos: 1 }, onAck);
    }

    test('no PUBACK leaves before the sync; all leave after it, in order, for every session', async () => {
      await bench.addDevice('dev2');
      const [one, two] = [await bench.connect(), await bench.connect({ deviceId: 'dev2' })];
      await settled();
      const syncs = bench.holdSyncs();
      const order: string[] = [];
      const acknowledged = (name: string) => order.filter((entry) => entry.startsWith(name));
      const sends = Array.from({ length: 20 }, (_, i) => [
        one.send(telemetryTopic('dev1'), `${i}`).then(() => order.push(`a${i}`)),
        two.send(telemetryTopic('dev2'), `${i}`).then(() => order.push(`b${i}`)),
      ]).flat();
      await settled();
      assert.deepEqual(order, []);
      syncs.end();
      await Promise.all(sends);
      for (const name of ['a', 'b']) {
        assert.deepEqual(
          acknowledged(name),
          Array.from({ length: 20 }, (_, i) => `${name}${i}`),
        );
      }
    });

    test('a batch acknowledges what it holds and nothing that came after', async () => {
      const device = await bench.connect();
      await settled();
      const syncs = bench.holdSyncs();
      const order: string[] = [];
      watchAcknowledgement(device, () => order.push('first'));
      await until('the first sync is under way', () => syncs.asked === 1);
      watchAcknowledgement(device, () => order.push('second'));
      await settled();
      syncs.release();
      await until('the second sync is under way', () => syncs.asked === 2);
      await settled();
      assert.deepEqual(order, ['first']);
      syncs.release();
      await until('both are acknowledged', () => order.length === 2);
    });

    test('hub 44: 500 pipelined messages are acknowledged in order and stored in order', async () => {
      const device = await bench.connect();
      const order: number[] = [];
      for (let start = 0; start < 500; start += 50) {
        const window = Array.from({ length: 50 }, (_, i) => start + i);
        await Promise.all(window.map((i) => device.send(telemetryTopic('dev1'), `${i}`).then(() => order.push(i))));
      }
      assert.deepEqual(
        order,
        [...order].sort((a, b) => a - b),
      );
      assert.equal(order.length, 500);
      const stored = (await bench.stored('Telemetry')).map((event) => Number(event.body.toString()));
      assert.deepEqual(stored, order);
    });

    test('a twin change between messages does not overtake them: PUBACKs keep the order of arrival', async () => {
      const device = await bench.connect();
      await settled();
      const syncs = bench.holdSyncs();
      const order: string[] = [];
      const sends = [
        device.send(telemetryTopic('dev1')).then(() => order.push('telemetry')),
        device.send('$iothub/twin/PATCH/properties/reported/?$rid=1', '{"a":1}').then(() => order.push('twin')),
        device.send(telemetryTopic('dev1')).then(() => order.push('telemetry')),
      ];
      await settled();
      assert.deepEqual(order, []);
      syncs.end();
      await Promise.all(sends);
      assert.deepEqual(order, ['telemetry', 'twin', 'telemetry']);
    });

    test('a session that ends before the sync is not acknowledged, and what it sent is stored', async () => {
      const device = await bench.connect();
      await settled();
      const syncs = bench.holdSyncs();
      let isAcknowledged = false;
      watchAcknowledgement(
        device,
        () => {
          isAcknowledged = true;
        },
        '"kept"',
      );
      await settled();
      device.cut();
      syncs.end();
      await until('it is stored', async () => (await bench.stored('Telemetry')).length === 1);
      assert.equal(isAcknowledged, false);
    });

    test('a full disk ends the session of who sends, acknowledges nothing and takes devices again afterwards', async () => {
      const device = await bench.connect();
      await settled();
      bench.disk.room = 0;
      let acknowledged = 0;
      const send = () => watchAcknowledgement(device, () => acknowledged++, 'x'.repeat(500));
      send();
      await until('the log is full', () => bench.events.state === 'full');
      send();
      await until('the session is closed', () => device.closed !== undefined);
      assert.equal(device.closed, 'storage-unavailable');
      assert.equal(acknowledged, 0);
      assert.equal((await bench.connect()).answer.code, 3);
      bench.disk.room = Number.POSITIVE_INFINITY;
      bench.clock.advance(60_000);
      await until('the log goes on', () => bench.events.state === 'ok');
      const again = await bench.connect();
      await again.send(telemetryTopic('dev1'), '"again"');
      const bodies = (await bench.stored('Telemetry')).map((event) => event.body.toString());
      assert.equal(bodies.at(-1), '"again"');
    });

    test('a failed sync acknowledges nothing and ends those who wait', async () => {
      const device = await bench.connect();
      await settled();
      bench.disk.before = (operation) => {
        if (operation === 'sync') throw Object.assign(new Error('EIO'), { code: 'EIO' });
      };
      let isAcknowledged = false;
      watchAcknowledgement(device, () => {
        isAcknowledged = true;
      });
      await until('the session is closed', () => device.closed !== undefined);
      assert.equal(device.closed, 'storage-unavailable');
      assert.equal(isAcknowledged, false);
      bench.disk.before = () => {};
    });

    test('a stop acknowledges what was taken before it ends the sessions', async () => {
      const device = await bench.connect();
      await settled();
      const syncs = bench.holdSyncs();
      let isAcknowledged = false;
      watchAcknowledgement(device, () => {
        isAcknowledged = true;
      });
      await settled();
      const stopped = bench.hub.stop();
      await settled();
      assert.equal(device.closed, undefined);
      assert.equal((await bench.connect()).answer.code, 3);
      syncs.end();
      await stopped;
      assert.equal(isAcknowledged, true);
      assert.equal(device.closed, 'hub-stopped');
    });

    test('a stop does not wait for a disk that hangs', async () => {
      const device = await bench.connect();
      await settled();
      const syncs = bench.holdSyncs();
      watchAcknowledgement(device, () => {});
      await settled();
      const stopped = bench.hub.stop();
      await settled();
      bench.clock.advance(2_000);
      await stopped;
      assert.equal(device.closed, 'hub-stopped');
      syncs.end();
    });
  });
});
