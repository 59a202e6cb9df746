import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Json } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import type { Device } from '../registry/device.ts';
import type { Module } from '../registry/module.ts';
import { type MethodRequest, Methods } from './methods.ts';

type Sent = { name: string; requestId: string; body: string };

function setUp(isEnabled = true) {
  const platform = testPlatform();
  const methods = new Methods(platform, {
    async require(deviceId) {
      if (deviceId !== 'd' && deviceId !== 'e') throw new Problem('device-not-found', 'none');
      return { deviceId, isEnabled } as unknown as Device;
    },
    modules: {
      async require(deviceId, moduleId) {
        if (moduleId !== 'm') throw new Problem('not-found', 'none', { reason: 'module-not-found' });
        return { deviceId, moduleId } as unknown as Module;
      },
    },
  });
  const sent: Sent[] = [];
  const listen = (deviceId = 'd', accepts = true) =>
    methods.attach(deviceId, {
      send(name, requestId, body) {
        if (accepts) sent.push({ name, requestId, body: body.toString() });
        return accepts;
      },
    });
  const reply = (status: number, body: string, deviceId = 'd') =>
    methods.answer(deviceId, sent.at(-1)?.requestId ?? '', status, Buffer.from(body));
  return { ...platform, methods, sent, listen, reply };
}

/** Lets promises that are ready run; nothing here waits for I/O. */
const settle = async () => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

describe('direct methods', () => {
  test('a call reaches the device and its answer comes back', async () => {
    const { methods, sent, listen, reply } = setUp();
    listen();
    const result = methods.invoke('d', { methodName: 'doit', payload: { a: [1] } });
    await settle();
    assert.equal(sent[0]?.name, 'doit');
    assert.equal(sent[0]?.body, '{"a":[1]}');
    assert.match(sent[0]?.requestId ?? '', /^[0-9a-f]+$/);
    reply(200, '{"done":true}');
    assert.deepEqual(await result, { status: 200, payload: { done: true } });
  });

  for (const status of [0, 200, 404, 500, -1]) {
    test(`the device's status ${status} is returned verbatim`, async () => {
      const { methods, listen, reply } = setUp();
      listen();
      const result = methods.invoke('d', { methodName: 'm' });
      await settle();
      reply(status, '');
      assert.deepEqual(await result, { status, payload: null });
    });
  }

  test('no payload is sent as null', async () => {
    const { methods, sent, listen, reply } = setUp();
    listen();
    const result = methods.invoke('d', { methodName: 'm' });
    await settle();
    assert.equal(sent[0]?.body, 'null');
    reply(200, 'null');
    assert.deepEqual(await result, { status: 200, payload: null });
  });

  test('a component command keeps its star', async () => {
    const { methods, sent, listen, reply } = setUp();
    listen();
    const result = methods.invoke('d', { methodName: 'therm*reboot' });
    await settle();
    assert.equal(sent[0]?.name, 'therm*reboot');
    reply(200, '');
    await result;
  });

  test('without a listening device the call fails at once', async () => {
    const { methods } = setUp();
    await assert.rejects(methods.invoke('d', { methodName: 'm' }), { code: 'device-not-online', reason: undefined });
  });

  test('with a connect time-out it waits for the device to listen', async () => {
    const { methods, clock, sent, listen, reply } = setUp();
    const result = methods.invoke('d', { methodName: 'm', connectTimeoutSeconds: 10 });
    await settle();
    clock.advance(9_000);
    assert.equal(sent.length, 0);
    listen();
    await settle();
    reply(200, '1');
    assert.deepEqual(await result, { status: 200, payload: 1 });
  });

  test('it gives up a moment before the connect time-out', async () => {
    const { methods, clock, listen, sent } = setUp();
    const result = methods.invoke('d', { methodName: 'm', connectTimeoutSeconds: 10 });
    const refused = assert.rejects(result, { code: 'device-not-online' });
    await settle();
    clock.advance(9_500);
    await settle();
    clock.advance(250);
    await refused;
    listen();
    await settle();
    assert.equal(sent.length, 0);
  });

  test('the response time-out counts from the delivery; a late answer is dropped', async () => {
    const { methods, clock, listen, reply } = setUp();
    listen();
    let isOver = false;
    const result = methods.invoke('d', { methodName: 'm', responseTimeoutSeconds: 5 });
    const refused = assert.rejects(result, { code: 'device-timeout' }).then(() => {
      isOver = true;
    });
    await settle();
    clock.advance(4_500);
    await settle();
    assert.equal(isOver, false);
    clock.advance(500);
    await refused;
    reply(200, '{}');
  });

  test('a device that disconnects in the middle fails the call as connection-closed', async () => {
    const { methods, listen } = setUp();
    const detach = listen();
    const result = methods.invoke('d', { methodName: 'm' });
    const refused = assert.rejects(result, { code: 'device-not-online', reason: 'connection-closed' });
    await settle();
    detach();
    await refused;
  });

  test('detaching an older session does not silence the newer one', async () => {
    const { methods, listen, reply } = setUp();
    const older = listen();
    listen();
    older();
    const result = methods.invoke('d', { methodName: 'm' });
    await settle();
    reply(200, '{}');
    assert.equal((await result).status, 200);
  });

  test('concurrent calls are told apart by their id', async () => {
    const { methods, sent, listen } = setUp();
    listen();
    const [one, two] = [methods.invoke('d', { methodName: 'one' }), methods.invoke('d', { methodName: 'two' })];
    await settle();
    for (const { name, requestId } of [...sent].reverse()) methods.answer('d', requestId, 200, Buffer.from(`"${name}"`));
    assert.deepEqual([(await one).payload, (await two).payload], ['one', 'two']);
  });

  test('an answer counts only for the device that was asked, and only once', async () => {
    const { methods, sent, listen, clock } = setUp();
    listen('d');
    listen('e');
    const result = methods.invoke('d', { methodName: 'm' });
    const refused = assert.rejects(result, { code: 'device-timeout' });
    await settle();
    methods.answer('e', sent[0]?.requestId ?? '', 200, Buffer.from('"forged"'));
    methods.answer('d', 'unknown', 200, Buffer.from('"forged"'));
    clock.advance(30_000);
    await refused;
  });

  for (const body of ['{', 'nonsense', '{"a":1}trailing', `"${'x'.repeat(128 * 1024)}"`]) {
    test(`an answer that is ${JSON.stringify(body.slice(0, 16))} is reported as the device's fault`, async () => {
      const { methods, listen, reply } = setUp();
      listen();
      const result = methods.invoke('d', { methodName: 'm' });
      const refused = assert.rejects(result, { code: 'device-reply-invalid' });
      await settle();
      reply(200, body);
      await refused;
    });
  }

  const bad: [what: string, request: MethodRequest, code: string][] = [
    ['an empty name', { methodName: '' }, 'argument-invalid'],
    ['a long name', { methodName: 'x'.repeat(101) }, 'argument-invalid'],
    ...['a/b', 'a#', 'a+', 'a?b', 'a\n'].map((methodName): [string, MethodRequest, string] => [
      `the name ${JSON.stringify(methodName)}`,
      { methodName },
      'argument-invalid',
    ]),
    ['a response time-out of 4', { methodName: 'm', responseTimeoutSeconds: 4 }, 'argument-invalid'],
    ['a response time-out of 301', { methodName: 'm', responseTimeoutSeconds: 301 }, 'argument-invalid'],
    ['a response time-out of 5.5', { methodName: 'm', responseTimeoutSeconds: 5.5 }, 'argument-invalid'],
    ['a connect time-out of -1', { methodName: 'm', connectTimeoutSeconds: -1 }, 'argument-invalid'],
    ['a connect time-out of 301', { methodName: 'm', connectTimeoutSeconds: 301 }, 'argument-invalid'],
    ['a payload above 128 KB', { methodName: 'm', payload: 'x'.repeat(128 * 1024) as Json }, 'payload-too-large'],
  ];
  for (const [what, request, code] of bad) {
    test(`${what} is refused and nothing is sent`, async () => {
      const { methods, sent, listen } = setUp();
      listen();
      await assert.rejects(methods.invoke('d', request), { code });
      assert.equal(sent.length, 0);
    });
  }

  test('an unknown device and a disabled device are named as such', async () => {
    await assert.rejects(setUp().methods.invoke('x', { methodName: 'm' }), { code: 'device-not-found' });
    await assert.rejects(setUp(false).methods.invoke('d', { methodName: 'm' }), { code: 'device-disabled' });
  });

  test('a device that does not read fails the call at once', async () => {
    const { methods, listen } = setUp();
    listen('d', false);
    await assert.rejects(methods.invoke('d', { methodName: 'm' }), { code: 'device-not-online' });
  });

  test('the fifty-first call in progress is refused, and goes through when one is done', async () => {
    const { methods, listen, reply, clock } = setUp();
    listen();
    const calls = Array.from({ length: 50 }, () => methods.invoke('d', { methodName: 'm' }).catch((error) => error.code));
    await settle();
    await assert.rejects(methods.invoke('d', { methodName: 'm' }), { code: 'throttled' });
    reply(200, '');
    await settle();
    const next = methods.invoke('d', { methodName: 'm' });
    await settle();
    reply(201, '');
    assert.equal((await next).status, 201);
    clock.advance(30_000);
    assert.equal((await Promise.all(calls)).filter((outcome) => outcome === 'device-timeout').length, 49);
  });
});
