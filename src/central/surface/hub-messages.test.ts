import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { dayMs, secondMs } from '#base/instant.ts';
import { type CentralBench, openCentralBench, openEventStream } from '#test/support/central-bench.ts';
import { messageStreamLimits } from './limits.ts';

describe('live messages of a hub', () => {
  let bench: CentralBench;
  let token: string;
  before(async () => {
    bench = await openCentralBench();
    token = (await bench.central.mintApiToken()).token;
  });
  after(() => bench.close());

  const path = '/api/ui/hubs/home/messages';
  const open = (query = '') => openEventStream(bench.port, { token, path: path + query });

  test('a message appears with device, time, body and properties, and none of those before the stream was opened', async () => {
    await bench.send('dev-1', '{"temperature": 19}');
    const stream = await open();
    await bench.send('dev-1', '{"temperature": 20}', 'hall=4%20b&flag&$.ct=application%2Fjson&$.ce=utf-8');
    const { data } = await stream.next(({ event }) => event === 'message');
    assert.deepEqual(
      [data.deviceId, data.body, data.bodyEncoding, data.isCut],
      ['dev-1', '{"temperature": 20}', undefined, false],
    );
    assert.equal(data.at, new Date(bench.clock.now()).toISOString());
    assert.deepEqual(data.application, { hall: '4 b', flag: null });
    const system = data.system as Record<string, string>;
    assert.deepEqual([system['content-type'], system['iothub-connection-device-id']], ['application/json', 'dev-1']);
    assert.deepEqual(stream.received, []);
    stream.close();
  });

  test('text that is no JSON comes as it is, and bytes that are no text as base64', async () => {
    const stream = await open();
    const bodies = [Buffer.from('21.5 °C'), Buffer.from([0xff, 0, 1]), Buffer.from([65, 0, 66]), Buffer.alloc(0)];
    for (const body of bodies) await bench.send('dev-2', body);
    const seen: unknown[] = [];
    for (const _ of bodies) {
      const { data } = await stream.next(({ event }) => event === 'message');
      seen.push([data.body, data.bodyEncoding, data.bodyBytes]);
    }
    assert.deepEqual(seen, [
      ['21.5 °C', undefined, 8],
      ['/wAB', 'base64', 3],
      ['QQBC', 'base64', 3],
      ['', undefined, 0],
    ]);
    stream.close();
  });

  test('with a device named, others are not in the stream; nor is what is no message', async () => {
    const stream = await open('?device=dev-3');
    await bench.registry.create({ deviceId: 'dev-3', authentication: { type: 'certificateAuthority' } });
    await bench.send('dev-4', 'other');
    await bench.send('dev-3', 'own');
    const { data } = await stream.next(() => true);
    assert.equal(data.body, 'own');
    assert.deepEqual(stream.received, []);
    stream.close();
  });

  test('a long body is cut between characters and says how long it is', async () => {
    const stream = await open();
    // Two bytes each, behind one: the limit falls into a character.
    const body = `x${'ö'.repeat(messageStreamLimits.bodyBytesMax)}`;
    await bench.send('dev-5', body);
    const { data } = await stream.next(({ event }) => event === 'message');
    assert.equal(data.isCut, true);
    assert.equal(data.bodyBytes, Buffer.byteLength(body));
    assert.equal(data.body, body.slice(0, messageStreamLimits.bodyBytesMax / 2));
    stream.close();
  });

  test('more in a second than a stream carries are counted and told, and the next second is full again', async () => {
    bench.clock.advance(secondMs);
    const stream = await open('?device=fast');
    const { messagesPerSecondMax } = messageStreamLimits;
    for (let number = 0; number < messagesPerSecondMax + 7; number++) await bench.send('fast', String(number));
    for (let number = 0; number < messagesPerSecondMax; number++) {
      assert.equal((await stream.next(({ event }) => event === 'message')).data.body, String(number));
    }
    // A watcher of another device is not slowed down by this one.
    const other = await open('?device=slow');
    await bench.send('slow', 'here');
    await other.next(({ data }) => data.body === 'here');
    bench.clock.advance(secondMs);
    assert.deepEqual((await stream.next(({ event }) => event === 'skipped')).data, { count: 7 });
    await bench.send('fast', 'again');
    await stream.next(({ data }) => data.body === 'again');
    stream.close();
    other.close();
  });

  test('a stream ends when its API token runs out or its session signs out', async () => {
    const own = await openCentralBench();
    const expiring = await openEventStream(own.port, { token: (await own.central.mintApiToken()).token, path });
    const cookie = await own.signIn();
    const signedOut = await openEventStream(own.port, { cookie, path });
    await own.ask('DELETE', '/api/ui/session', { cookie, headers: { origin: own.origin } });
    await signedOut.ended;
    own.clock.advance(dayMs);
    await expiring.ended;
    await own.close();
  });

  test('more streams than the limit are answered 429, and one that closes makes room', async () => {
    const { streamsMax } = messageStreamLimits;
    const own = await openCentralBench();
    const access = { token: (await own.central.mintApiToken()).token, path };
    const streams = await Promise.all(Array.from({ length: streamsMax }, () => openEventStream(own.port, access)));
    assert.equal((await own.ask('GET', path, access)).status, 429);
    streams.pop()?.close();
    const deadline = AbortSignal.timeout(5_000);
    for (let isOpen = false; !isOpen; ) {
      deadline.throwIfAborted();
      const again = await openEventStream(own.port, access);
      isOpen = again.status === 200;
      again.close();
    }
    for (const stream of streams) stream.close();
    await own.close();
  });

  test('a stream ends when its hub’s log is closed, for instance because the hub was deleted', async () => {
    const own = await openCentralBench();
    const stream = await openEventStream(own.port, { token: (await own.central.mintApiToken()).token, path });
    await own.events.close();
    await stream.ended;
    await own.close();
  });

  test('nobody without a session or a token hears a message', async () => {
    assert.equal((await bench.ask('GET', path)).status, 401);
  });
});
