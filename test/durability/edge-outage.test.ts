import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import mqtt from 'mqtt';
import { dayMs, minuteMs } from '#base/instant.ts';
import { openCompatBench } from '#test/support/compat-bench.ts';
import { firsts, openEdge } from '#test/support/edge-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { mosquittoSub } from '#test/support/local-clients.ts';

const isFullSize = process.env.HOMEPORT_FULL_SIZE === '1';
const lifeMs = 5 * minuteMs;
const scale = isFullSize
  ? { lives: dayMs / lifeMs, sources: 4, messagesPerLife: 400, overBytes: 64 * 1024 * 1024, bodyBytes: 4_000, over: 20_000 }
  : { lives: 4, sources: 3, messagesPerLife: 150, overBytes: 512 * 1024, bodyBytes: 1_000, over: 1_200 };
const agent = join(import.meta.dirname, 'edge-agent.ts');
const inFlight = 10;

/** A program of the device: counts, keeps several messages under way, and sends again what was not acknowledged. */
class Source {
  readonly acknowledged: string[] = [];
  readonly #name: string;
  readonly #padding: string;
  #next = 1;

  constructor(name: string, bodyBytes = 0) {
    this.#name = name;
    this.#padding = 'x'.repeat(bodyBytes);
  }

  /** Publishes until `count` were acknowledged in this life, or until the broker is gone. Answers how many were. */
  async run(port: number, count: number, onAcknowledged: () => void = () => {}): Promise<void> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0, protocolVersion: 4 });
    client.on('error', () => {});
    const gone = new Promise<'gone'>((resolve) => client.once('close', () => resolve('gone')));
    for (let done = 0; done < count; done += inFlight) {
      const bodies = Array.from({ length: Math.min(inFlight, count - done) }, (_, index) => this.#body(this.#next + index));
      const all = Promise.all(bodies.map((body) => client.publishAsync('az/messages/events/', body, { qos: 1 })));
      // What was under way when it died is sent again in the next life, from its first on.
      const outcome = await Promise.race([all.catch(() => 'gone' as const), gone]);
      if (outcome === 'gone') break;
      this.acknowledged.push(...bodies);
      this.#next += bodies.length;
      for (const _ of bodies) onAcknowledged();
    }
    client.end(true);
  }

  #body(n: number): string {
    return JSON.stringify({ source: this.#name, n, padding: this.#padding });
  }

  owns(body: string): boolean {
    return body.startsWith(`{"source":"${this.#name}",`);
  }
}

/**
 * Goal: a device that is cut off for a day loses nothing that its broker acknowledged, however often its agent dies; and what
 * the limit of its disk takes is counted exactly.
 * Method: the hub is stopped; programs of the device publish, the agent is killed in the middle, the next life begins five
 * minutes later on its clock. Then the hub comes back. Once more with a small limit, and more messages than it holds.
 */
test(`an outage of ${scale.lives} times five minutes with a kill -9 in each, ${scale.sources} sources of ${scale.messagesPerLife} messages a life`, async (t) => {
  const bench = await openCompatBench();
  t.after(() => bench.close());
  const edge = await openEdge(t, bench, 'cut-off');
  let offsetMs = 0;
  // Without the mapper's messages on health, all that is in the outbox is the sources'.
  const start = (bytesMax: number) =>
    edge.start({ TEDGE_AZ_TOPICS: 'te/+/+/+/+/m/+' }, [agent, String(offsetMs), String(bytesMax)]);
  await start(scale.overBytes * 1024);
  await edge.connected();
  await bench.home.stop();

  const sources = Array.from({ length: scale.sources }, (_, index) => new Source(`s${index}`));
  for (let life = 0; life < scale.lives; life++) {
    if (life > 0) await start(scale.overBytes * 1024);
    let acknowledged = 0;
    const running = sources.map((source) =>
      source.run(edge.port, scale.messagesPerLife, () => {
        // Before any source is through.
        if (++acknowledged === Math.ceil(scale.messagesPerLife * 0.7)) void edge.end('SIGKILL');
      }),
    );
    await Promise.all(running);
    await edge.end('SIGKILL');
    offsetMs += lifeMs;
  }
  await start(scale.overBytes * 1024);
  await bench.home.restart();
  const acknowledged = sources.flatMap((source) => source.acknowledged);
  await eventually(async () => {
    const there = new Set(await edge.bodies());
    return acknowledged.every((body) => there.has(body)) ? true : undefined;
  }, 300_000);
  const arrived = firsts(await edge.bodies());
  for (const source of sources) {
    const order = arrived.filter((body) => source.owns(body)).map((body) => Number(/"n":(\d+)/.exec(body)?.[1]));
    assert.deepEqual(
      order,
      order.map((_, index) => index + 1),
      'no gap, and in the order of its source',
    );
  }

  await bench.home.stop();
  // In order, so that it is noted what the hub has: that is counted with the dropped if the limit takes it.
  await edge.end('SIGTERM');
  await start(scale.overBytes);
  const errors = await mosquittoSub(t, edge.port, ['-q', '1', '-t', 'te/errors']);
  const flood = new Source('flood', scale.bodyBytes);
  await flood.run(edge.port, scale.over);
  assert.equal(flood.acknowledged.length, scale.over);
  edge.tell(String(minuteMs));
  // Its certificate's end is told there as well, sooner or later.
  const told = await eventually(() => errors.lines.find((line) => line.includes('dropped')), 30_000);
  await edge.end('SIGKILL');
  offsetMs += lifeMs;
  await start(scale.overBytes);
  const health = await mosquittoSub(t, edge.port, [
    '-q',
    '1',
    '-t',
    'te/device/main/service/tedge-mapper-bridge-az/status/health',
  ]);
  await bench.home.restart();
  const [up = ''] = await health.seen(1);
  const { dropped } = JSON.parse(up).outbox;
  // What went after that minute's report is in the number that health has.
  const toldOf = Number(/dropped the oldest (\d+) messages, \1 in all/.exec(told)?.[1]);
  assert.ok(toldOf > 0 && toldOf <= dropped, `${told} ${dropped}`);
  const kept = await eventually(async () => {
    const bodies = firsts(await edge.bodies()).filter((body) => flood.owns(body));
    return bodies.at(-1) === flood.acknowledged.at(-1) ? bodies : undefined;
  }, 300_000);
  // What lies in the log of what was delivered before goes first, and is not counted.
  assert.deepEqual(kept, flood.acknowledged.slice(flood.acknowledged.length - kept.length), 'the newest, without a gap');
  assert.equal(dropped, flood.acknowledged.length - kept.length, 'counted exactly');
  t.diagnostic(
    `${acknowledged.length} acknowledged in ${scale.lives} lives, ${(await edge.bodies()).length} at the hub with duplicates; of ${scale.over} beyond the limit ${dropped} dropped`,
  );
});
