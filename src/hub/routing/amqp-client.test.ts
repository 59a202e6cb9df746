import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { instant } from '#base/instant.ts';
import { silentLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { Secret } from '#base/secret.ts';
import { Outgoing } from '#outgoing/outgoing.ts';
import { eventually } from '#test/support/eventually.ts';
import { amqpClient } from './amqp-client.ts';
import type { RoutedEvent } from './routed-event.ts';

const platform = { clock: systemClock, random: systemRandom, log: silentLog };
const script = join(import.meta.dirname, '../../../test/compat/amqp/proton-broker.py');

type Line = { listening?: boolean; address?: string; user?: string | null; body?: string; [name: string]: unknown };

let position = 0;
const event = (body: string, application: Record<string, string | null> = {}): RoutedEvent => ({
  position: ++position,
  next: position + 1,
  partition: 0,
  source: 'Telemetry',
  deviceId: 'dev1',
  moduleId: undefined,
  enqueuedAt: instant(1_780_000_000_000),
  system: { 'content-type': 'text/plain', 'iothub-message-source': 'Telemetry', 'iothub-connection-device-id': 'dev1' },
  application,
  body: Buffer.from(body),
});

describe('a broker that speaks AMQP 1.0, Qpid Proton', () => {
  const running: { child?: ChildProcessWithoutNullStreams; close?: () => void }[] = [];
  afterEach(() => {
    for (const { child, close } of running.splice(0)) {
      close?.();
      child?.kill('SIGKILL');
    }
  });

  async function startBroker(port: number, credit = 10, more: object = {}) {
    const lines: Line[] = [];
    const child = spawn('/usr/bin/python3', [script, JSON.stringify({ address: `127.0.0.1:${port}`, credit, ...more })]);
    running.push({ child });
    createInterface(child.stdout).on('line', (line) => lines.push(JSON.parse(line)));
    await eventually(() => lines.some(({ listening }) => listening) || undefined);
    return { child, lines, bodies: () => lines.flatMap(({ body }) => (body === undefined ? [] : [body])) };
  }

  function openClient(port: number) {
    const outgoing = new Outgoing({ platform, allowed: ['127.0.0.1'], allowHttp: true });
    const client = amqpClient(platform, outgoing, { url: new Secret(`amqp://127.0.0.1:${port}`), address: 'telemetry' });
    running.push({ close: () => client.close() });
    return client;
  }

  test('gets messages in order as readers of the hub get them, whatever credit it gives', async () => {
    const broker = await startBroker(7001, 3);
    const client = openClient(7001);
    const bodies = Array.from({ length: 50 }, (_, n) => `m${n}`);
    const events = bodies.map((body) => event(body, { level: 'storage', empty: null }));
    assert.deepEqual(await client.push(events), { delivered: 50 });
    await eventually(() => broker.bodies().length >= 50 || undefined);
    assert.deepEqual(broker.bodies(), bodies);
    const first = broker.lines.find(({ body }) => body === 'm0');
    assert.deepEqual(first?.properties, { level: 'storage', empty: '' });
    assert.equal(first?.contentType, 'text/plain');
    assert.equal(first?.to, '/devices/dev1/messages/events');
    assert.equal(first?.id, `Telemetry-${events[0]?.position}`);
    const annotations = first?.annotations as Record<string, string>;
    assert.equal(annotations['iothub-connection-device-id'], 'dev1');
    assert.equal(annotations['x-opt-offset'], String(events[0]?.position));
    assert.equal(annotations['iothub-enqueuedtime'], 'timestamp(1780000000000)');
    // The line stays open for what comes.
    assert.deepEqual(await client.push([event('more')]), { delivered: 1 });
    assert.equal(broker.lines.filter(({ address }) => address === 'telemetry').length, 1);
  });

  test('what it rejects is told apart from what it gives back', async () => {
    const broker = await startBroker(7002);
    const client = openClient(7002);
    const { delivered, failure } = await client.push(['a', 'poison', 'b'].map((body) => event(body)));
    assert.deepEqual([delivered, failure?.kind, failure?.isOfFirst], [1, 'refused', true]);
    const again = await client.push(['later', 'c'].map((body) => event(body)));
    assert.deepEqual([again.delivered, again.failure?.kind], [0, 'unreachable']);
    assert.deepEqual(await client.push(['later', 'c'].map((body) => event(body))), { delivered: 2 });
    await eventually(() => broker.bodies().length >= 5 || undefined);
    assert.deepEqual(broker.bodies(), ['a', 'b', 'c', 'later', 'c']);
  });

  test('a message that is larger than it takes is refused before it ends the link', async () => {
    const broker = await startBroker(7006, 10, { largest: 1_000 });
    const client = openClient(7006);
    const { delivered, failure } = await client.push(['a', 'x'.repeat(1_000), 'b'].map((body) => event(body)));
    assert.deepEqual([delivered, failure?.kind, failure?.isOfFirst], [1, 'refused', true]);
    assert.match(failure?.reason ?? '', /^The broker takes at most 1000 bytes, and the message has 1\d{3}\.$/);
    assert.deepEqual(await client.push([event('b')]), { delivered: 1 });
    await eventually(() => broker.bodies().length >= 2 || undefined);
    assert.deepEqual(broker.bodies(), ['a', 'b']);
    assert.equal(broker.lines.filter(({ address }) => address === 'telemetry').length, 1);
  });

  test('what it took before the line broke is not sent again', async () => {
    await startBroker(7007);
    const { delivered, failure } = await openClient(7007).push(['a', 'b', 'die', 'c'].map((body) => event(body)));
    assert.deepEqual([delivered, failure?.kind], [2, 'unreachable']);
  });

  test('one that is killed is found again, and one that is not there is unreachable', async () => {
    const client = openClient(7003);
    assert.equal((await client.push([event('a')])).failure?.kind, 'unreachable');
    const broker = await startBroker(7003);
    assert.deepEqual(await client.push([event('b')]), { delivered: 1 });
    broker.child.kill('SIGKILL');
    await eventually(async () => (await client.push([event('c')])).failure?.kind === 'unreachable' || undefined);
    const back = await startBroker(7003);
    await eventually(async () => (await client.push([event('d')])).delivered === 1 || undefined);
    await eventually(() => back.bodies().length > 0 || undefined);
    assert.deepEqual(back.bodies(), ['d']);
  });

  test('who answers with something else, or with a frame beyond all measure, is let go', async () => {
    for (const answer of [
      Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
      Buffer.from('414d515003010000ffffffff02010000', 'hex'),
    ]) {
      const server = createServer((socket) => {
        socket.on('error', () => {});
        socket.resume().write(answer);
      });
      await new Promise<void>((resolve) => server.listen(7005, '127.0.0.1', resolve));
      const { failure } = await openClient(7005).push([event('a')]);
      assert.equal(failure?.kind, 'unreachable');
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
