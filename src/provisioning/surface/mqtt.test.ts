import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { isJsonObject } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import { makeLeaf } from '#test/support/certificates.ts';
import { settled, until } from '#test/support/hub-bench.ts';
import { openProvisioningBench, type ProvisioningBench } from '#test/support/provisioning-bench.ts';
import { formatDpsPollTopic, formatDpsRegisterTopic } from '#wire/azure/dps-topics.ts';

const stateOf = (body: { registrationState?: unknown }) => body.registrationState as Record<string, unknown>;

describe('provisioning on MQTT', () => {
  let bench: ProvisioningBench;
  beforeEach(async () => {
    bench = await openProvisioningBench();
  });
  afterEach(() => bench.close());

  describe('CONNECT', () => {
    test('is accepted without a look at the enrollment, and no session is ever present', async () => {
      for (const cleanSession of [false, true]) {
        const stranger = await bench.connect({ certificates: [makeLeaf({ issuer: bench.ca, name: 'x' })], cleanSession });
        assert.deepEqual(stranger.events, ['connack 0']);
      }
      assert.deepEqual(await bench.refusals.list(), []);
    });

    for (const [what, asked, reason] of [
      ['a user name that is none', { userName: 'nonsense' }, 'user-name-malformed'],
      ['no registration id', { userName: '0ne1/registrations//api-version=2019-03-31' }, 'user-name-malformed'],
      ['another client id', { clientId: 'dev2' }, 'client-id-mismatch'],
      ['neither certificate nor token', { certificates: [] }, 'credentials-missing'],
      ['an empty password and no certificate', { certificates: [], password: Buffer.alloc(0) }, 'credentials-missing'],
    ] as const) {
      test(`${what} is refused with 5 as ${reason}`, async () => {
        const device = await bench.connect(asked);
        assert.deepEqual(device.events, ['connack 5']);
        assert.equal((await bench.refusal())?.reason, reason);
      });
    }

    test('the client id may be spelled in another case', async () => {
      assert.deepEqual((await bench.connect({ clientId: 'DEV1' })).events, ['connack 0']);
    });
  });

  test('dps 18: PUBACK comes before the response, each once, and nothing else', async () => {
    const device = await bench.connect();
    await device.subscribe();
    const { body } = await device.register('{"registrationId":"dev1"}', 'a');
    await device.poll(body.operationId, ' ', 'b');
    await settled();
    assert.deepEqual(device.events, [
      'connack 0',
      'puback',
      'message $dps/registrations/res/202/?$rid=a&retry-after=3',
      'puback',
      'message $dps/registrations/res/200/?$rid=b',
    ]);
  });

  test('dps 24: C polls again after a 503 that says when, and is assigned', async () => {
    let isAway = true;
    bench.provisioning.setAllocator(async () => {
      if (isAway) throw new Problem('unavailable', 'The database is away.');
      return { outcome: 'assign' };
    });
    const device = await bench.connect();
    await device.subscribe(undefined, 0);
    const json = '{"registrationId":"dev1"}';
    const registered = await device.ask(formatDpsRegisterTopic('1'), json, 0);
    assert.equal(registered.status, 202);
    const { operationId } = registered.body;
    const away = await device.ask(formatDpsPollTopic('2', String(operationId)), json, 0);
    assert.match(away.topic, /^\$dps\/registrations\/res\/503\/\?\$rid=2&retry-after=\d+$/);
    assert.equal(away.body.errorCode, 503000);
    // C takes 1 to 300 seconds for what they say (7).
    assert.ok((away.retryAfterSeconds ?? 0) >= 1 && (away.retryAfterSeconds ?? 0) <= 300);
    isAway = false;
    const answer = await device.ask(formatDpsPollTopic('3', String(operationId)), json, 0);
    assert.equal(answer.status, 200);
    assert.equal(answer.body.status, 'assigned');
  });

  test('dps 21: the constant request id 1 serves for register and poll', async () => {
    const device = await bench.connect();
    await device.subscribe();
    const { body } = await device.register('{"registrationId":"dev1"}', '1');
    const answer = await device.poll(body.operationId, '', '1');
    assert.equal(answer.topic, '$dps/registrations/res/200/?$rid=1');
    assert.equal(answer.body.status, 'assigned');
  });

  test('QoS 0, as C and Java publish, is answered without PUBACK', async () => {
    const device = await bench.connect();
    await device.subscribe(undefined, 0);
    const answer = await device.ask(formatDpsRegisterTopic('7'), '{"registrationId":"dev1"}', 0);
    await settled();
    assert.equal(answer.status, 202);
    assert.equal(device.events.includes('puback'), false);
  });

  for (const [who, body] of [
    ['.NET without payload', ''],
    ['.NET with payload', '{"payload":{"a":1}}'],
    ['Python', '{"payload": null, "registrationId": "dev1"}'],
    ['another case', '{"registrationId":"DEV1"}'],
  ]) {
    test(`the register body of ${who} is accepted`, async () => {
      const device = await bench.connect();
      await device.subscribe();
      assert.equal((await device.register(body)).status, 202);
    });
  }

  test('dps 20: the body of a poll is ignored, whatever it is', async () => {
    const device = await bench.connect();
    await device.subscribe();
    const { body } = await device.register();
    for (const poll of ['', ' ', '{"registrationId":"dev1","payload":{"a":1}}', 'no json', '{"registrationId":"other"}']) {
      assert.equal((await device.poll(body.operationId, poll)).status, 200);
    }
  });

  for (const [what, body, status, reason] of [
    ['no JSON', '{"registrationId":', 400, 'message-malformed'],
    ['no object', '["dev1"]', 400, 'message-malformed'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 400, 'message-malformed'],
    ['the id of another device', '{"registrationId":"dev2"}', 400, 'message-malformed'],
    ['a certificate request', '{"csr":"MII="}', 400, 'message-malformed'],
    ['more than 96 KB', JSON.stringify({ payload: 'x'.repeat(96 * 1024) }), 413, 'message-too-large'],
  ] as const) {
    test(`${what} in a register body is answered ${status} with JSON, kept as ${reason}, and changes nothing`, async () => {
      const device = await bench.connect();
      await device.subscribe();
      const answer = await device.register(body);
      assert.equal(answer.status, status);
      assert.equal(Math.floor(Number(answer.body.errorCode) / 1000), status);
      assert.equal(typeof answer.body.message, 'string');
      const refusal = await bench.refusal();
      assert.equal(refusal?.reason, reason);
      assert.equal(refusal?.subject, 'dev1');
      assert.equal(await bench.provisioning.registrations.load('dev1'), undefined);
      assert.equal(await bench.hub.registry.load('dev1'), undefined);
      assert.equal(device.closed, undefined);
    });
  }

  test('a body of exactly 96 KB is taken', async () => {
    const device = await bench.connect();
    await device.subscribe();
    const empty = JSON.stringify({ payload: '' }).length;
    assert.equal((await device.register(JSON.stringify({ payload: 'x'.repeat(96 * 1024 - empty) }))).status, 202);
  });

  test('a packet larger than any request ends the connection when it is announced: nobody here has proved anything', async () => {
    const device = await bench.connect();
    // A PUBLISH of 200,000 bytes, which a device of the hub may send; its first five bytes.
    device.server.receive(Buffer.from([0x30, 0xc0, 0x9a, 0x0c, 0x00]));
    assert.equal(device.closed, 'packet-too-large');
    assert.equal((await bench.refusal())?.reason, 'message-too-large');
  });

  test('a topic that is none of the two ends the connection, and why is kept', async () => {
    for (const topic of [
      'devices/dev1/messages/events/',
      '$dps/registrations/POST/x/?$rid=1',
      '$dps/registrations/PUT/iotdps-register/',
    ]) {
      const device = await bench.connect();
      await device.subscribe();
      device.client.publish({ topic, payload: '', qos: 1 });
      await until('the connection ends', () => device.closed !== undefined);
      assert.equal(device.closed, 'topic-unknown');
    }
    const kept = await bench.refusal();
    assert.equal(kept?.reason, 'protocol-violation');
    assert.equal(kept?.times, 3);
  });

  test('a malformed packet ends the connection, and why is kept', async () => {
    const device = await bench.connect();
    device.server.receive(Buffer.from([0x32, 0x02, 0x00, 0x09]));
    assert.equal(device.closed, 'malformed-packet');
    assert.equal((await bench.refusal())?.reason, 'message-malformed');
  });

  test('only the response filter is granted; the connection stays', async () => {
    const device = await bench.connect();
    assert.deepEqual(await device.subscribe('$iothub/twin/res/#'), [0x80]);
    assert.deepEqual(await device.subscribe('#'), [0x80]);
    assert.deepEqual(await device.subscribe(), [1]);
    assert.deepEqual(await bench.refusals.list(), []);
  });

  test('a client that did not subscribe, or does no more, gets no message', async () => {
    const device = await bench.connect();
    device.client.publish({ topic: formatDpsRegisterTopic('1'), payload: '', qos: 1 });
    await settled();
    await device.subscribe();
    await new Promise<void>((resolve) => device.client.unsubscribe(['$dps/registrations/res/#'], resolve));
    device.client.publish({ topic: formatDpsRegisterTopic('2'), payload: '', qos: 1 });
    await settled();
    assert.deepEqual(device.messages, []);
  });

  test('a certificate that is not enough is told so by the register call: 401002, and nothing more', async () => {
    const device = await bench.connect({ certificates: [makeLeaf({ issuer: bench.ca, name: 'dev2' })] });
    await device.subscribe();
    const { status, body } = await device.register();
    assert.equal(status, 401);
    assert.equal(body.errorCode, 401002);
    assert.equal(body.message, 'Invalid certificate.');
    assert.equal((await bench.refusal())?.reason, 'common-name-mismatch');
    assert.equal(await bench.hub.registry.load('dev1'), undefined);
  });

  test('a token is refused by the register call as 401000, even beside a good certificate', async () => {
    const device = await bench.connect({ password: Buffer.from('SharedAccessSignature sr=a&sig=b&se=1') });
    await device.subscribe();
    const { body } = await device.register();
    assert.equal(body.errorCode, 401000);
    assert.equal((await bench.refusal())?.reason, 'enrollment-unknown');
  });

  test('an unknown id scope is refused, in any case the right one is not', async () => {
    const { idScope } = bench.provisioning;
    const right = await bench.connect({ userName: `${idScope.toLowerCase()}/registrations/dev1/api-version=2019-03-31` });
    await right.subscribe();
    assert.equal((await right.register()).status, 202);
    const wrong = await bench.connect({ userName: '0ne00000000/registrations/dev1/api-version=2019-03-31' });
    await wrong.subscribe();
    assert.equal((await wrong.register()).status, 401);
    assert.equal((await bench.refusal())?.reason, 'scope-unknown');
  });

  test('a device of a disabled group is told disabled by the poll, and nothing of it is stored', async () => {
    const { groups, registrations } = bench.provisioning;
    await groups.replace({ ...(await groups.require('line-1')), isEnabled: false });
    const device = await bench.connect();
    await device.subscribe();
    const registered = await device.register();
    assert.equal(registered.status, 202);
    const { status, body } = await device.poll(registered.body.operationId);
    assert.equal(status, 200);
    assert.equal(body.status, 'disabled');
    assert.equal(typeof stateOf(body).errorCode, 'number');
    assert.equal(await registrations.load('dev1'), undefined);
    assert.equal(await bench.hub.registry.load('dev1'), undefined);
    assert.equal((await bench.refusals.list())[0]?.reason, 'enrollment-disabled');
  });

  test('an allocator that refuses is a failed registration with code and message, and is kept', async () => {
    bench.provisioning.setAllocator(async () => ({ outcome: 'refuse', code: 400209, message: 'The device is blocked.' }));
    const device = await bench.connect();
    await device.subscribe();
    const { body } = await device.register();
    const answer = await device.poll(body.operationId);
    assert.equal(answer.status, 200);
    assert.equal(answer.body.status, 'failed');
    assert.equal(stateOf(answer.body).errorCode, 400209);
    assert.equal(stateOf(answer.body).errorMessage, 'The device is blocked.');
    const refusal = await bench.refusal();
    assert.equal(refusal?.reason, 'allocation-refused');
    assert.match(refusal?.detail ?? '', /line-1/);
    assert.equal(await bench.hub.registry.load('dev1'), undefined);
  });

  test('a poll while nothing is decided carries the registration id and says to wait', async () => {
    bench.provisioning.setAllocator(async () => ({ outcome: 'wait' }));
    const device = await bench.connect();
    await device.subscribe();
    const { body } = await device.register();
    const answer = await device.poll(body.operationId);
    assert.equal(answer.status, 202);
    assert.equal(answer.retryAfterSeconds, 3);
    assert.deepEqual(stateOf(answer.body), { registrationId: 'dev1', status: 'assigning' });
  });

  test('the operation of another device is not found, nor one that never was', async () => {
    const other = await bench.connect({ registrationId: 'dev2' });
    await other.subscribe();
    const { body } = await other.register();
    const device = await bench.connect();
    await device.subscribe();
    for (const id of [body.operationId, '4.0.0', '']) {
      const answer = await device.poll(id);
      assert.equal(answer.status, 404);
      assert.equal(answer.body.errorCode, 404202);
    }
  });

  test('a fault of ours is 500 with a retry time, and the next poll finishes the registration', async () => {
    let isBroken = true;
    bench.provisioning.setAllocator(async () => {
      if (isBroken) throw new Error('the allocator broke');
      return { outcome: 'assign' };
    });
    const device = await bench.connect();
    await device.subscribe();
    const { body } = await device.register();
    const failed = await device.poll(body.operationId);
    assert.equal(failed.status, 500);
    assert.ok((failed.retryAfterSeconds ?? 0) > 0);
    assert.equal(JSON.stringify(failed.body).includes('allocator'), false);
    isBroken = false;
    assert.equal((await device.poll(body.operationId)).body.status, 'assigned');
    assert.deepEqual(await bench.refusals.list(), []);
  });

  test('the assignment names hub, device, group and dates, and the hub holds the thumbprint by then', async () => {
    const leaf = makeLeaf({ issuer: bench.ca, name: 'dev1' });
    const device = await bench.connect({ certificates: [leaf] });
    await device.subscribe();
    const { body } = await device.register();
    const state = stateOf((await device.poll(body.operationId)).body);
    assert.ok(isJsonObject(state as never));
    assert.equal(state.assignedHub, bench.hub.hostName);
    assert.equal(state.deviceId, 'dev1');
    assert.equal(state.substatus, 'initialAssignment');
    assert.deepEqual(state.x509, { enrollmentGroupId: 'line-1' });
    assert.match(String(state.createdDateTimeUtc), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/);
    assert.equal('payload' in state, false);
    const identity = await bench.hub.registry.require('dev1');
    const { authentication } = identity;
    assert.equal(authentication.type, 'selfSigned');
    assert.equal(authentication.primaryThumbprint?.toLowerCase(), leaf.certificate.sha256Thumbprint);
  });

  test('seventeen requests at once end the connection instead of filling a queue', async () => {
    bench.provisioning.setAllocator(() => new Promise(() => {}));
    const device = await bench.connect();
    await device.subscribe();
    for (let i = 0; i < 17; i++) device.client.publish({ topic: formatDpsRegisterTopic(String(i)), payload: '', qos: 0 });
    await until('the connection ends', () => device.closed !== undefined);
    assert.equal(device.closed, 'too-many-requests');
  });
});
