import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type AmqpBench, openAmqpBench } from '#test/support/amqp-bench.ts';
import { type AmqpTestClient, errorIn, no, nothing, outcomeOf, uint, yes } from '#test/support/amqp-client.ts';
import { type HubBench, hubHost, openHubBench, settled, until } from '#test/support/hub-bench.ts';
import * as encode from '#wire/amqp/encode.ts';
import { performative } from '#wire/amqp/frame-reader.ts';
import { decodeMessage, encodeMessage } from '#wire/amqp/message.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';

const outcomes = { accepted: 0x24, rejected: 0x25, released: 0x26, modified: 0x27 } as const;
const telemetry = (body: string) => encodeMessage({ data: Buffer.from(body) });

describe('the hub on AMQP', () => {
  let bench: HubBench;
  let amqp: AmqpBench;
  beforeEach(async () => {
    bench = await openHubBench();
    amqp = openAmqpBench(bench);
  });
  afterEach(async () => {
    amqp.stop();
    await bench.close();
  });

  const audience = (deviceId: string) => `${hubHost}/devices/${deviceId}`;

  /** A device by key with its token put; its links begin at handle 2. */
  async function signedIn(deviceId = 'key-1', seconds?: number): Promise<AmqpTestClient> {
    await amqp.addKeyDevice(deviceId);
    const client = amqp.dial();
    client.open();
    client.cbs();
    client.putToken(0, amqp.token(deviceId, seconds), audience(deviceId));
    assert.equal((await client.cbsReply()).status, 200);
    return client;
  }

  /** A device by certificate, whose links need no token. */
  async function certified(deviceId = 'x509-1'): Promise<AmqpTestClient> {
    const client = amqp.dial([await bench.addDevice(deviceId)]);
    client.open();
    return client;
  }

  async function sent(client: AmqpTestClient, handle: number, deliveryId: number, body: string): Promise<void> {
    client.transfer({ handle, deliveryId, payload: telemetry(body) });
    assert.equal(outcomeOf(await client.next(performative.disposition)), outcomes.accepted);
  }

  const bodies = async () => (await bench.stored('Telemetry')).map((event) => event.body.toString());

  describe('signing in', () => {
    async function shownLater(mechanism: string): Promise<void> {
      await amqp.addKeyDevice('key-1');
      const client = amqp.dial();
      assert.equal(await client.sasl(mechanism), 0);
      client.open();
      client.cbs();
      client.putToken(0, amqp.token('key-1'), audience('key-1'));
      assert.equal((await client.cbsReply()).status, 200);
    }

    test('hub 70: MSSBCBS is offered and lets in whoever shows a token later', () => shownLater('MSSBCBS'));

    test('hub 71: ANONYMOUS is offered and lets in whoever shows a token later', () => shownLater('ANONYMOUS'));

    test('PLAIN takes a token for a password, for a device and for an access policy, and refuses a wrong one', async () => {
      await amqp.addKeyDevice('key-1');
      const plain = (user: string, password: string) => Buffer.from(`\0${user}\0${password}`);
      const policy = bench.hub.policies.list().find(({ rights }) => rights.has('DeviceConnect'));
      assert.ok(policy);

      const ofPolicy = formatSasToken({
        resource: hubHost,
        key: Buffer.from(policy.primaryKey, 'base64'),
        keyName: policy.name,
        expirySeconds: Math.floor(bench.clock.now() / 1000) + 600,
      });
      for (const [user, password] of [
        ['key-1@sas.home', amqp.token('key-1')],
        [`${policy.name}@sas.root.home`, ofPolicy],
      ] as const) {
        const client = amqp.dial();
        assert.equal(await client.sasl('PLAIN', plain(user, password)), 0, user);
        client.open();
        client.attach({ handle: 2, address: '/devices/key-1/messages/events', isSender: true });
        await client.next(performative.flow);
        await sent(client, 2, 0, user);
        client.stream.destroy();
      }
      for (const [user, password] of [
        [
          'key-1@sas.home',
          amqp.token('key-1').replace(/sig=[^&]*/, `sig=${encodeURIComponent(Buffer.alloc(32).toString('base64'))}`),
        ],
        ['nobody@sas.home', amqp.token('key-1')],
        ['key-1', amqp.token('key-1')],
      ] as const) {
        const client = amqp.dial();
        assert.equal(await client.sasl('PLAIN', plain(user, password)), 1, user);
        await client.end();
      }
    });

    test('EXTERNAL asks for a certificate, and a mechanism that was not offered is refused', async () => {
      const certificate = await bench.addDevice('x509-1');
      assert.equal(await amqp.dial([certificate]).sasl('EXTERNAL'), 0);
      for (const mechanism of ['EXTERNAL', 'SCRAM-SHA-256']) {
        const client = amqp.dial();
        assert.equal(await client.sasl(mechanism), 1);
        await client.end();
      }
    });

    test('hub 72: an answer in $cbs has the id of its request, in its type, and comes after the disposition', async () => {
      await amqp.addKeyDevice('key-1');
      const client = amqp.dial();
      client.open();
      client.cbs();
      const uuid = encode.uuid(Buffer.alloc(16, 7));
      for (const [deliveryId, id] of [encode.ulong(0), uuid, encode.string('t-1')].entries()) {
        client.putToken(deliveryId, amqp.token('key-1'), encodeURIComponent(audience('key-1')), id);
        const settledFirst = await client.next(performative.disposition);
        assert.equal(outcomeOf(settledFirst), outcomes.accepted);
        const { status, correlationId } = await client.cbsReply();
        assert.equal(status, 200);
        assert.deepEqual(correlationId, id);
      }
    });

    test('hub 73: a wrong token is answered 401, a request that is none 400, and the connection goes on', async () => {
      const client = await signedIn();
      client.putToken(1, amqp.token('key-1').replace('sig=', 'sig=A'), audience('key-1'));
      assert.equal((await client.cbsReply()).status, 400);
      client.putToken(2, amqp.token('key-1', -600), audience('key-1'));
      assert.equal((await client.cbsReply()).status, 401);
      client.putToken(3, 'no token', audience('key-1'));
      assert.equal((await client.cbsReply()).status, 400);
      client.putToken(4, amqp.token('key-1'), audience('key-1'));
      assert.equal((await client.cbsReply()).status, 200);
    });

    test('a token of a directory, which nobody here issued, is answered 401, and the connection goes on', async () => {
      const client = await signedIn();
      for (const [index, type] of ['jwt', 'bearer', 'Bearer'].entries()) {
        const application = [
          ['operation', encode.string('put-token')],
          ['type', encode.string(type)],
          ['name', encode.string(audience('key-1'))],
        ] as const;
        const properties = { messageId: encode.string(`t-${index}`) };
        const payload = encodeMessage({ properties, application, value: encode.string('e30.e30.') });
        client.transfer({ handle: 0, deliveryId: index + 1, payload });
        assert.equal((await client.cbsReply()).status, 401, type);
      }
      client.putToken(4, amqp.token('key-1'), audience('key-1'));
      assert.equal((await client.cbsReply()).status, 200);
    });

    test('a link before any token is refused as unauthorized, with a tracking id, and an unknown address as not found', async () => {
      await amqp.addKeyDevice('key-1');
      const client = amqp.dial();
      client.open();
      for (const [handle, address, condition] of [
        [2, '/devices/key-1/messages/events', 'amqp:unauthorized-access'],
        [3, '/devices/key-1/elsewhere', 'amqp:not-found'],
        [4, '/devices/nobody/messages/events', 'amqp:unauthorized-access'],
        [5, '', 'amqp:not-found'],
      ] as const) {
        client.attach({ handle, address, isSender: true });
        const answer = await client.next(performative.attach);
        assert.deepEqual(answer.fields.slice(5, 7), [null, null].slice(0, answer.fields.slice(5, 7).length));
        const { condition: told, info } = await client.error(performative.detach);
        assert.equal(told, condition, address);
        assert.ok(info instanceof Map && info.get('com.microsoft:tracking-id') === 'track-1');
      }
    });

    test('a token lets nobody into the device of another, nor into a module of its own device', async () => {
      const client = await signedIn('key-1');
      await amqp.addKeyDevice('key-10');
      await bench.addModule('key-1', 'm');
      for (const [handle, path] of [
        [2, 'key-10'],
        [3, 'key-1/modules/m'],
      ] as const) {
        client.attach({ handle, address: `/devices/${path}/messages/events`, isSender: true });
        assert.equal((await client.error(performative.detach)).condition, 'amqp:unauthorized-access');
      }
    });

    test('hub 81: a fresh token carries the links on; without one they end when the token does', async () => {
      const renewed = await signedIn('key-1', 600);
      const left = await signedIn('key-2', 600);
      for (const [client, id] of [
        [renewed, 'key-1'],
        [left, 'key-2'],
      ] as const) {
        client.attach({ handle: 2, address: `/devices/${id}/messages/events`, isSender: true });
        await client.next(performative.flow);
      }
      renewed.putToken(1, amqp.token('key-1', 6_000), audience('key-1'));
      assert.equal((await renewed.cbsReply()).status, 200);
      // Both say something meanwhile, or they would be taken for silent.
      for (let minutes = 0; minutes < 17; minutes += 1) {
        for (const client of [renewed, left]) client.write(Buffer.from([0, 0, 0, 8, 2, 0, 0, 0]));
        await settled();
        bench.clock.advance(60_000);
      }
      assert.equal((await left.error(performative.close)).condition, 'amqp:unauthorized-access');
      await sent(renewed, 2, 2, 'still here');
      assert.equal(bench.hub.presence.isConnected('key-2'), false);
    });

    test('who does not sign in, and who says nothing, is sent away after a while', async () => {
      const stranger = amqp.dial();
      stranger.open();
      await stranger.next(performative.begin);
      bench.clock.advance(32_000);
      assert.equal((await stranger.error(performative.close)).condition, 'amqp:unauthorized-access');
      const silent = await certified();
      silent.attach({ handle: 2, address: '/devices/x509-1/messages/events', isSender: true });
      await silent.next(performative.flow);
      bench.clock.advance(362_000);
      assert.equal((await silent.error(performative.close)).condition, 'amqp:resource-limit-exceeded');
      await until('presence knows', () => !bench.hub.presence.isConnected('x509-1'));
    });
  });

  describe('telemetry', () => {
    test('a message is accepted when it is on disk, not before', async () => {
      const client = await certified();
      client.attach({ handle: 2, address: '/devices/x509-1/messages/events', isSender: true });
      await client.next(performative.flow);
      await settled();
      const syncs = bench.holdSyncs();
      client.transfer({ handle: 2, deliveryId: 0, payload: telemetry('held') });
      await until('the sync is asked for', () => syncs.asked > 0);
      await settled();
      assert.equal(
        client.frames.some(({ code }) => code === performative.disposition),
        false,
      );
      syncs.end();
      assert.equal(outcomeOf(await client.next(performative.disposition)), outcomes.accepted);
      assert.deepEqual(await bodies(), ['held']);
    });

    test('hub 75: a batch becomes its messages, with their properties, and one disposition answers it', async () => {
      const client = await certified();
      client.attach({ handle: 2, address: '/devices/x509-1/messages/events', isSender: true });
      await client.next(performative.flow);
      const one = (n: number) =>
        encodeMessage({
          properties: { messageId: encode.ulong(n) },
          application: [['n', encode.int(n)]],
          data: Buffer.from(`b${n}`),
        });
      const data = [1, 2, 3].map((n) => encode.described(0x75, encode.binary(one(n))));
      client.transfer({ handle: 2, deliveryId: 0, format: 0x80013700, payload: Buffer.concat(data) });
      const answer = await client.next(performative.disposition);
      assert.deepEqual([answer.fields[1], outcomeOf(answer)], [0, outcomes.accepted]);
      const events = await bench.stored('Telemetry');
      assert.deepEqual(
        events.map((event) => [event.body.toString(), event.properties().system['message-id'], event.properties().application.n]),
        [
          ['b1', '1', '1'],
          ['b2', '2', '2'],
          ['b3', '3', '3'],
        ],
      );
    });

    test('a batch with a message that is too large is rejected, and nothing of it is kept', async () => {
      const client = await certified();
      client.attach({ handle: 2, address: '/devices/x509-1/messages/events', isSender: true });
      await client.next(performative.flow);
      const batch = [telemetry('small'), telemetry('x'.repeat(257 * 1024)), telemetry('small, too')];
      const payload = Buffer.concat(batch.map((one) => encode.described(0x75, encode.binary(one))));
      for (let at = 0, isMore = true; isMore; at += 60_000) {
        isMore = at + 60_000 < payload.length;
        client.transfer({ handle: 2, deliveryId: 0, format: 0x80013700, payload: payload.subarray(at, at + 60_000), isMore });
      }
      const refused = await client.next(performative.disposition);
      assert.deepEqual([outcomeOf(refused), errorIn(refused).condition], [outcomes.rejected, 'amqp:link:message-size-exceeded']);
      assert.deepEqual(await bodies(), []);
    });

    test('hub 78: addresses are taken with scheme and host, with a capital B, and with encoded ids', async () => {
      const client = await certified('a$b');
      for (const [handle, address, isSender] of [
        [2, `amqps://${hubHost}:5671/devices/a%24b/messages/events`, true],
        [3, 'devices/a$b/messages/deviceBound', false],
        [4, `amqps://${hubHost}/devices/a%24b/methods/deviceBound`, false],
        [5, '/DEVICES/a$b/twin', true],
      ] as const) {
        client.attach({ handle, address, isSender });
        const { fields } = await client.next(performative.attach);
        assert.notEqual(fields[5] ?? null, null, address);
      }
    });

    test('hub 84: what is no message, or too large, is rejected by itself', async () => {
      const client = await certified();
      client.attach({ handle: 2, address: '/devices/x509-1/messages/events', isSender: true });
      await client.next(performative.flow);
      client.transfer({ handle: 2, deliveryId: 0, payload: Buffer.from('garbage') });
      const garbage = await client.next(performative.disposition);
      assert.deepEqual([outcomeOf(garbage), errorIn(garbage).condition], [outcomes.rejected, 'amqp:decode-error']);
      const large = telemetry('x'.repeat(257 * 1024));
      for (let at = 0, isMore = true; isMore; at += 60_000) {
        isMore = at + 60_000 < large.length;
        client.transfer({ handle: 2, deliveryId: 1, payload: large.subarray(at, at + 60_000), isMore });
      }
      const refused = await client.next(performative.disposition);
      assert.deepEqual([outcomeOf(refused), errorIn(refused).condition], [outcomes.rejected, 'amqp:link:message-size-exceeded']);
      await sent(client, 2, 2, 'small');
      assert.deepEqual(await bodies(), ['small']);
    });
  });

  describe('messages to devices', () => {
    /** The tag and the body of the next message, and the id that settles it. */
    async function received(client: AmqpTestClient) {
      const { fields, payload } = await client.next(performative.transfer);
      const message = decodeMessage(payload);
      return { deliveryId: Number(fields[1]), tag: fields[2] as Buffer, message, body: Buffer.concat(message.data).toString() };
    }

    test('hub 77: tags are GUIDs; accepted completes, rejected gives up, released and modified count as abandoned', async () => {
      const client = await certified();
      client.attach({ handle: 2, address: '/devices/x509-1/messages/devicebound', isSender: false });
      client.flow(2, 1);
      const send = (body: string) =>
        bench.hub.cloudToDevice.send('x509-1', { body: Buffer.from(body), messageId: body, application: [['p', 'a b']] });
      await send('first');
      const first = await received(client);
      assert.equal(first.tag.length, 16);
      const { annotations, properties, application } = first.message;
      assert.equal(String(annotations.get('x-opt-lock-token')).replaceAll('-', ''), first.tag.toString('hex'));
      assert.equal(annotations.get('iothub-deliverycount'), 0);
      assert.ok(annotations.get('iothub-enqueuedtime') instanceof Date);
      assert.deepEqual([properties.get('messageId'), properties.get('to')], ['first', '/devices/x509-1/messages/deviceBound']);
      assert.equal(application.get('p'), 'a b');
      client.settle(first.deliveryId, outcomes.released);
      let credit = 2;
      const more = () => client.flow(2, credit++);
      more();
      const again = await received(client);
      assert.deepEqual([again.body, again.message.annotations.get('iothub-deliverycount')], ['first', 1]);
      client.settle(again.deliveryId, outcomes.accepted);
      await until('it is complete', async () => (await bench.hub.cloudToDevice.count('x509-1')) === 0);
      await send('second');
      more();
      const second = await received(client);
      client.settle(second.deliveryId, outcomes.rejected);
      await until('it is given up', async () => (await bench.hub.cloudToDevice.count('x509-1')) === 0);
    });

    test('credit without a delivery count counts from the first, a flow without credit leaves it, and the largest is drained at once', async () => {
      const client = await certified();
      client.attach({ handle: 2, address: '/devices/x509-1/messages/devicebound', isSender: false });
      const flow = (deliveryCount: Buffer, credit: number, isDrain = no) =>
        client.send(performative.flow, [
          ...[uint(0), uint(1000), uint(0), uint(1000)],
          ...[uint(2), deliveryCount, uint(credit), nothing, isDrain],
        ]);
      flow(nothing, 1);
      client.send(performative.flow, [uint(0), uint(1000), uint(0), uint(1000), uint(2)]);
      client.send(performative.flow, [uint(0), uint(1000), uint(0), uint(1000), uint(2), uint(0)]);
      await bench.hub.cloudToDevice.send('x509-1', { body: Buffer.from('one') });
      const one = await received(client);
      assert.equal(one.body, 'one');
      client.settle(one.deliveryId, outcomes.accepted);
      await until('it is complete', async () => (await bench.hub.cloudToDevice.count('x509-1')) === 0);
      flow(uint(1), 0xffff_fffe, yes);
      const drained = await client.next(performative.flow, ({ fields }) => fields[8] === true);
      assert.deepEqual([drained.fields[5], drained.fields[6]], [0xffff_ffff, 0]);
    });

    test('who settles second is answered when it is stored, and told when the lock was lost', async () => {
      const client = await certified();
      client.attach({ handle: 2, address: '/devices/x509-1/messages/devicebound', isSender: false, rcvSettleMode: 1 });
      client.flow(2, 5);
      await bench.hub.cloudToDevice.send('x509-1', { body: Buffer.from('one') });
      const one = await received(client);
      client.settle(one.deliveryId, outcomes.accepted, { isSettled: false });
      const answer = await client.next(performative.disposition);
      assert.deepEqual([answer.fields[3], outcomeOf(answer)], [true, outcomes.accepted]);
      assert.equal(await bench.hub.cloudToDevice.count('x509-1'), 0);
      await bench.hub.cloudToDevice.send('x509-1', { body: Buffer.from('two') });
      const two = await received(client);
      bench.clock.advance(61_000);
      client.settle(two.deliveryId, outcomes.accepted, { isSettled: false });
      const late = await client.next(performative.disposition);
      assert.deepEqual([outcomeOf(late), errorIn(late).condition], [outcomes.rejected, 'com.microsoft:message-lock-lost']);
    });

    test('what a device has not settled when it leaves waits for it, and was not abandoned by that', async () => {
      const client = await certified();
      client.attach({ handle: 2, address: '/devices/x509-1/messages/devicebound', isSender: false });
      client.flow(2, 5);
      await bench.hub.cloudToDevice.send('x509-1', { body: Buffer.from('kept') });
      await received(client);
      client.stream.destroy();
      await until('it is gone', () => !bench.hub.presence.isConnected('x509-1'));
      const [certificate] = [bench.ownCertificates.get('x509-1')];
      assert.ok(certificate);
      const back = amqp.dial([certificate]);
      back.open();
      back.attach({ handle: 2, address: '/devices/x509-1/messages/devicebound', isSender: false });
      back.flow(2, 5);
      const again = await received(back);
      assert.deepEqual([again.body, again.message.annotations.get('iothub-deliverycount')], ['kept', 0]);
    });
  });

  describe('methods and twins', () => {
    test('hub 79: a method carries a uuid, which its answer brings back', async () => {
      const client = await certified();
      client.attach({ handle: 2, address: '/devices/x509-1/methods/devicebound', isSender: true });
      client.attach({ handle: 3, address: '/devices/x509-1/methods/devicebound', isSender: false, sndSettleMode: 1 });
      client.flow(3, 10);
      await until('it listens', () => bench.hub.presence.isConnected('x509-1'));
      await settled();
      const called = bench.hub.methods.invoke('x509-1', { methodName: 'brew', payload: { cups: 2 } });
      called.catch(() => {});
      const { payload, fields } = await client.next(performative.transfer);
      assert.equal(fields[4], true, 'sent settled, as it was asked for');
      const request = decodeMessage(payload);
      assert.equal(request.application.get('IoThub-methodname'), 'brew');
      assert.equal(request.encodedCorrelationId?.[0], 0x98);
      assert.equal(Buffer.concat(request.data).toString(), '{"cups":2}');
      const answer = encodeMessage({
        properties: { correlationId: request.encodedCorrelationId },
        application: [['IoThub-status', encode.int(418)]],
        data: Buffer.from('"tea"'),
      });
      client.transfer({ handle: 2, deliveryId: 0, payload: answer });
      assert.deepEqual(await called, { status: 418, payload: 'tea' });
    });

    test('hub 80: GET, PATCH, PUT, a push and an error over one pair of links, ids echoed as they came', async () => {
      const client = await certified();
      client.attach({ handle: 2, address: '/devices/x509-1/twin', isSender: true });
      client.attach({ handle: 3, address: '/devices/x509-1/twin', isSender: false });
      client.flow(3, 100);
      let deliveryId = 0;
      const ask = async (operation: string, resource: string | undefined, body: string, id: Buffer) => {
        const annotations: [string, Buffer][] = [['operation', encode.string(operation)]];
        if (resource) annotations.push(['resource', encode.string(resource)]);
        const payload = encodeMessage({ annotations, properties: { correlationId: id }, data: Buffer.from(body) });
        client.transfer({ handle: 2, deliveryId: deliveryId++, payload });
        const answer = decodeMessage((await client.next(performative.transfer)).payload);
        assert.deepEqual(answer.encodedCorrelationId, id);
        assert.equal(answer.data.length, 1);
        return { answer, status: answer.annotations.get('status'), body: answer.data[0]?.toString() ?? '' };
      };
      const got = await ask('GET', undefined, ' ', encode.string('GET:1'));
      assert.deepEqual([got.status, JSON.parse(got.body)], [200, { desired: { $version: 1 }, reported: { $version: 1 } }]);
      const patched = await ask('PATCH', '/properties/reported', '{"battery":55}', encode.uuid(Buffer.alloc(16, 1)));
      assert.deepEqual([patched.status, patched.answer.annotations.get('version')], [200, 2]);
      assert.equal((await ask('PUT', '/notifications/twin/properties/desired', '', encode.ulong(7))).status, 200);
      await bench.hub.twins.patchDesired('x509-1', { interval: 5 });
      const push = decodeMessage((await client.next(performative.transfer)).payload);
      assert.equal(push.encodedCorrelationId, undefined);
      assert.equal(push.annotations.get('resource'), '/notifications/twin/properties/desired');
      assert.deepEqual(JSON.parse(String(push.data[0])), { interval: 5, $version: 2 });
      for (const [operation, resource, body] of [
        ['PATCH', '/properties/reported', '{"a b":1}'],
        ['PATCH', '/properties/reported', 'no json'],
        ['POST', '/properties/reported', '{}'],
      ] as const) {
        const refused = await ask(operation, resource, body, encode.string('e'));
        assert.equal(refused.status, 400);
        assert.ok(JSON.parse(refused.body).errorCode >= 400_000);
      }
      assert.equal((await ask('DELETE', '/notifications/twin/properties/desired', '', encode.string('d'))).status, 200);
      await bench.hub.twins.patchDesired('x509-1', { interval: 6 });
      await settled();
      assert.equal(
        client.frames.some(({ code }) => code === performative.transfer),
        false,
      );
    });

    test('a newer link of a kind takes the place of the one before, and a pair under another id that of its partner', async () => {
      const client = await certified();
      const properties = (id: string) => [['com.microsoft:channel-correlation-id', id]] as const;
      const address = '/devices/x509-1/methods/devicebound';
      client.attach({ handle: 2, address, isSender: true, properties: properties('methods:1') });
      client.attach({ handle: 3, address, isSender: false, properties: properties('methods:1') });
      await client.next(performative.attach, ({ fields }) => fields[0] === 'link-3');
      client.attach({ handle: 4, address, isSender: false, properties: properties('methods:2') });
      const stolen = [await client.next(performative.detach), await client.next(performative.detach)];
      assert.deepEqual(
        stolen.map(errorIn).map(({ condition }) => condition),
        ['amqp:link:stolen', 'amqp:link:stolen'],
      );
    });
  });

  describe('connections', () => {
    test('hub 83: two devices share a connection; who is disabled loses its links, and the other goes on', async () => {
      const client = await signedIn('key-1');
      await amqp.addKeyDevice('key-2');
      client.putToken(1, amqp.token('key-2'), audience('key-2'));
      assert.equal((await client.cbsReply()).status, 200);
      for (const [channel, id] of [
        [1, 'key-1'],
        [2, 'key-2'],
      ] as const) {
        client.begin(channel);
        client.attach({ handle: 0, name: id, channel, address: `/devices/${id}/messages/events`, isSender: true });
        await client.next(performative.flow);
      }
      assert.deepEqual(
        ['key-1', 'key-2'].map((id) => bench.hub.presence.isConnected(id)),
        [true, true],
      );
      await bench.hub.registry.setEnabled('key-1', false);
      assert.equal((await client.error(performative.detach)).condition, 'amqp:unauthorized-access');
      client.transfer({ handle: 0, channel: 2, deliveryId: 0, payload: telemetry('from the other') });
      assert.equal(outcomeOf(await client.next(performative.disposition)), outcomes.accepted);
      assert.deepEqual(
        ['key-1', 'key-2'].map((id) => bench.hub.presence.isConnected(id)),
        [false, true],
      );
      await bench.hub.registry.delete('key-2');
      assert.equal((await client.error(performative.close)).condition, 'amqp:not-found');
    });

    test('hub 27: a device that comes on MQTT ends its links on AMQP, and the other way round', async () => {
      const client = await certified();
      client.attach({ handle: 2, address: '/devices/x509-1/messages/events', isSender: true });
      await client.next(performative.flow);
      const device = await bench.connect({ deviceId: 'x509-1' });
      assert.equal(device.answer.code, 0);
      assert.equal((await client.error(performative.close)).condition, 'amqp:connection:forced');
      const certificate = bench.ownCertificates.get('x509-1');
      assert.ok(certificate);
      const again = amqp.dial([certificate]);
      again.open();
      again.attach({ handle: 2, address: '/devices/x509-1/messages/events', isSender: true });
      await again.next(performative.flow);
      await until('MQTT is closed', () => device.closed !== undefined);
    });

    test('with its last link a device is gone, and the next one signs it in again', async () => {
      const client = await certified();
      client.attach({ handle: 2, address: '/devices/x509-1/messages/events', isSender: true });
      await client.next(performative.flow);

      client.send(performative.detach, [uint(2), yes]);
      await client.next(performative.detach);
      assert.equal(bench.hub.presence.isConnected('x509-1'), false);
      client.attach({ handle: 2, name: 'again', address: '/devices/x509-1/messages/events', isSender: true });
      await client.next(performative.flow);
      await sent(client, 2, 0, 'again');
      assert.deepEqual(await bench.operations('deviceConnectionStateEvents'), [
        'deviceConnected',
        'deviceDisconnected',
        'deviceConnected',
      ]);
    });

    test('a module by certificate has links of its own: telemetry, inputs that stay empty, messages, methods and twin', async () => {
      await bench.addDevice('dev1');
      await bench.addModule('dev1', 'm');
      const certificate = bench.ownCertificates.get('dev1/m');
      assert.ok(certificate);
      const client = amqp.dial([certificate]);
      client.open();
      const address = (rest: string) => `/devices/dev1/modules/m/${rest}`;
      client.attach({ handle: 2, address: address('messages/events'), isSender: true });
      await client.next(performative.flow);
      const output = encodeMessage({ application: [['iothub-outputname', encode.string('out1')]], data: Buffer.from('out') });
      client.transfer({ handle: 2, deliveryId: 0, payload: output });
      assert.equal(outcomeOf(await client.next(performative.disposition)), outcomes.accepted);
      const [event] = await bench.stored('Telemetry');
      assert.deepEqual([event?.moduleId, event?.properties().system['iothub-outputname']], ['m', 'out1']);
      for (const [handle, rest] of [
        [3, 'messages/events'],
        [4, 'messages/devicebound'],
        [5, 'methods/devicebound'],
        [6, 'twin'],
      ] as const) {
        client.attach({ handle, address: address(rest), isSender: false });
        assert.notEqual((await client.next(performative.attach)).fields[5] ?? null, null, rest);
      }
      assert.equal(bench.hub.presence.isConnected('dev1/m'), true);
      client.attach({ handle: 7, address: '/devices/dev1/messages/events', isSender: true });
      assert.equal((await client.error(performative.detach)).condition, 'amqp:unauthorized-access');
      await bench.hub.registry.setEnabled('dev1', false);
      assert.equal((await client.error(performative.close)).condition, 'amqp:unauthorized-access');
    });

    test('what waits in a hub that stops is accepted before its connections end', async () => {
      const client = await certified();
      client.attach({ handle: 2, address: '/devices/x509-1/messages/events', isSender: true });
      await client.next(performative.flow);
      await settled();
      const syncs = bench.holdSyncs();
      client.transfer({ handle: 2, deliveryId: 0, payload: telemetry('last') });
      await until('the sync is asked for', () => syncs.asked > 0);
      const stopped = bench.hub.stop();
      await settled();
      syncs.end();
      await stopped;
      assert.equal(outcomeOf(await client.next(performative.disposition)), outcomes.accepted);
      assert.equal((await client.error(performative.close)).condition, 'amqp:connection:forced');
    });

    test('the model that a link names stands in the twin and on every message', async () => {
      const client = await certified();
      const properties = [['com.microsoft:model-id', 'dtmi:com:example:T;1']] as const;
      client.attach({ handle: 2, address: '/devices/x509-1/messages/events', isSender: true, properties });
      await client.next(performative.flow);
      await sent(client, 2, 0, '1');
      const [event] = await bench.stored('Telemetry');
      assert.equal(event?.properties().system['dt-dataschema'], 'dtmi:com:example:T;1');
      assert.equal((await bench.hub.twins.load('x509-1')).modelId, 'dtmi:com:example:T;1');
    });
  });
});
