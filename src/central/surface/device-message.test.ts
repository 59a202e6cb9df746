import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CentralBench, openCentralBench } from '#test/support/central-bench.ts';

describe('messages to devices of a hub', () => {
  let bench: CentralBench;
  let call: Awaited<ReturnType<CentralBench['client']>>;
  const device = '/api/ui/hubs/home/devices/dev1';
  before(async () => {
    bench = await openCentralBench();
    call = await bench.client();
    const created = await call('PUT', device, { authentication: { type: 'sas' } });
    assert.equal(created.status, 201, created.text);
  });
  after(() => bench.close());

  const errorOf = (json: { error?: unknown }) => json.error as { code: string; message: string };

  test('a message waits for its device, and the device’s page says how many do', async () => {
    assert.equal((await call('GET', device)).json.messagesWaiting, 0);
    const sent = await call('POST', `${device}/messages`, {
      body: 'hello',
      messageId: 'm-1',
      properties: [['priority', 'high']],
    });
    assert.equal(sent.status, 201, sent.text);
    assert.equal(sent.json.waiting, 1);
    assert.match(String(sent.json.expiresAt), /^\d{4}-\d\d-\d\dT/);
    assert.equal((await call('GET', device)).json.messagesWaiting, 1);
  });

  for (const [what, path, body, status, words] of [
    ['an unknown device', '/api/ui/hubs/home/devices/nobody/messages', { body: 'x', properties: [] }, 404, /nobody/],
    ['an unknown hub', '/api/ui/hubs/nowhere/devices/dev1/messages', { body: 'x', properties: [] }, 404, /nowhere/],
    ['no body', `${device}/messages`, { properties: [] }, 400, /body/],
    ['a property without a name', `${device}/messages`, { body: 'x', properties: [['', 'x']] }, 400, /property name/],
    ['a message id with a space', `${device}/messages`, { body: 'x', messageId: 'a b', properties: [] }, 400, /message id/],
  ] as const) {
    test(`${what} is refused in words, and nothing is queued`, async () => {
      const before = (await call('GET', device)).json.messagesWaiting;
      const { status: answered, json, text } = await call('POST', path, body);
      assert.equal(answered, status, text);
      assert.match(errorOf(json).message, words);
      assert.equal((await call('GET', device)).json.messagesWaiting, before);
    });
  }
});
