import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import type { JsonObject } from '#base/json.ts';
import { eventually } from '#test/support/eventually.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { AcknowledgementQueue } from '#wire/mqtt/acknowledgement-queue.ts';
import { openEmbeddedBroker } from '../broker/embedded-broker.ts';
import { openLocalClient } from '../broker/local-client.ts';
import { serviceHealth } from '../health/service-health.ts';
import { Agent } from './agent.ts';
import { CommandJournal } from './command-journal.ts';
import { agentQueue } from './limits.ts';
import { type Operation, PartialFailure } from './operation.ts';

const names = { topicRoot: 'te', mainTopicId: 'device/main//' };
const topicOf = (operation: string, id: string) => `te/device/main///cmd/${operation}/${id}`;

/** The agent in this process beside a broker, with operations of the test's own. */
async function openBench(t: TestContext) {
  const platform = { ...testPlatform(), clock: systemClock };
  const directory = join(temporaryDirectory(t), 'agent');
  const broker = await openEmbeddedBroker(testPlatform(), { address: '127.0.0.1', port: 0, intercept: () => undefined });
  t.after(() => broker.close());
  const at = { clock: systemClock, host: '127.0.0.1', port: broker.port };
  const heard: [topic: string, payload: string][] = [];
  const { session } = await openLocalClient({
    ...at,
    clientId: 'listener',
    onMessage: ({ topic, payload }) => void heard.push([topic, payload.toString()]),
  });
  t.after(() => session.disconnect());
  await new Promise((resolve) => session.subscribe([{ filter: 'te/#', qos: 1 }], resolve));
  const statesOf = (operation: string, id: string) =>
    heard.flatMap(([topic, payload]) =>
      topic === topicOf(operation, id) && payload !== '' ? [JSON.parse(payload) as JsonObject] : [],
    );
  return {
    directory,
    heard,
    statesOf,
    openJournal: () => CommandJournal.open(platform, directory),
    async start(operations: readonly Operation[], keptMax?: number, turnedOff: readonly string[] = []): Promise<Agent> {
      const health = serviceHealth({ ...names, service: 'tedge-agent', type: 'service', timeFormat: 'unix', pid: 7 });
      const journal = await CommandJournal.open(platform, directory);
      const agent = new Agent(platform, {
        ...at,
        names,
        health,
        clientId: 'tedge-agent',
        operations,
        turnedOff,
        journal,
        ...(keptMax ? { keptMax } : {}),
      });
      await agent.start();
      t.after(() => agent.stop());
      await eventually(() =>
        heard.some(([topic, text]) => topic.endsWith('/status/health') && text.includes('"up"')) ? true : undefined,
      );
      return agent;
    },
    publish: (operation: string, id: string, payload: string) =>
      void session.publish({ topic: topicOf(operation, id), payload, qos: 1, retain: true }),
    /** The state of the command once it is that. */
    reaches: (operation: string, id: string, status: string) =>
      eventually(() => statesOf(operation, id).find((state) => state.status === status)),
  };
}

function operation(name: string, more: Partial<Operation> = {}): Operation {
  return { name, capability: async () => ({ types: [name] }), run: async () => ({}), ...more };
}

describe('the agent', () => {
  test('a command goes from init by scheduled and executing to successful, with what it was asked and what came of it', async (t) => {
    const bench = await openBench(t);
    await bench.start([operation('echo', { run: async ({ word }) => ({ said: word ?? null }) })]);
    bench.publish('echo', 'one', '{"status":"init","word":"hello"}');
    await bench.reaches('echo', 'one', 'successful');
    assert.deepEqual(
      bench.statesOf('echo', 'one').map(({ status }) => status),
      ['init', 'scheduled', 'executing', 'successful'],
    );
    assert.deepEqual(bench.statesOf('echo', 'one').at(-1), { status: 'successful', word: 'hello', said: 'hello' });
    assert.ok(bench.heard.some(([topic, payload]) => topic === 'te/device/main///cmd/echo' && payload === '{"types":["echo"]}'));
  });

  test('what was turned off since the last run is said to be there no more', async (t) => {
    const bench = await openBench(t);
    const first = await bench.start([operation('echo'), operation('print')]);
    await first.stop();
    bench.heard.splice(0);
    await bench.start([operation('echo')], undefined, ['print']);
    const told = bench.heard
      .filter(([topic]) => /\/cmd\/\w+$/.test(topic))
      .map(([topic, text]) => `${topic.slice(topic.indexOf('cmd/'))} ${text}`);
    assert.deepEqual(told.sort(), ['cmd/echo {"types":["echo"]}', 'cmd/print ']);
  });

  test('what fails says why, what is no command is refused, and another program’s operations are let alone', async (t) => {
    const bench = await openBench(t);
    const run = () => Promise.reject(new Error('no\npaper'));
    await bench.start([operation('print', { run })]);
    bench.publish('other', 'one', '{"status":"init"}');
    bench.publish('print', 'one', '{"status":"init"}');
    bench.publish('print', 'two', 'what');
    assert.equal((await bench.reaches('print', 'one', 'failed')).reason, 'no paper');
    await eventually(() =>
      bench.heard.filter(([topic, text]) => topic === topicOf('print', 'two') && text.includes('failed')).length > 0
        ? true
        : undefined,
    );
    assert.deepEqual(
      bench.statesOf('other', 'one').map(({ status }) => status),
      ['init'],
    );
  });

  test('a command that is repeated runs once and is told its state; cleared and asked again, it runs again', async (t) => {
    const bench = await openBench(t);
    let runs = 0;
    await bench.start([operation('count', { run: async () => ({ runs: ++runs }) })]);
    bench.publish('count', 'one', '{"status":"init"}');
    await bench.reaches('count', 'one', 'successful');
    bench.publish('count', 'one', '{"status":"init"}');
    await eventually(() =>
      bench.statesOf('count', 'one').filter(({ status }) => status === 'successful').length === 2 ? true : undefined,
    );
    assert.equal(runs, 1);
    bench.publish('count', 'one', '');
    bench.publish('count', 'one', '{"status":"init"}');
    await eventually(() => (runs === 2 ? true : undefined));
  });

  test('one runs at a time, in the order in which they came; one that is cleared while it waits does not run', async (t) => {
    const bench = await openBench(t);
    const begun: string[] = [];
    const gates = new Map<string, () => void>();
    const run: Operation['run'] = (_request, { id }) => {
      begun.push(id);
      return new Promise((resolve) => gates.set(id, () => resolve({})));
    };
    await bench.start([operation('slow', { run }), operation('other', { run })]);
    for (const id of ['a', 'b']) bench.publish('slow', id, '{"status":"init"}');
    bench.publish('other', 'c', '{"status":"init"}');
    await bench.reaches('other', 'c', 'scheduled');
    await bench.reaches('slow', 'a', 'executing');
    assert.deepEqual(begun, ['a']);
    bench.publish('slow', 'b', '');
    // Its own topic is quiet; another command of the same client comes behind it.
    bench.publish('slow', 'd', '{"status":"init"}');
    await bench.reaches('slow', 'd', 'scheduled');
    gates.get('a')?.();
    await bench.reaches('other', 'c', 'executing');
    gates.get('c')?.();
    await bench.reaches('slow', 'd', 'executing');
    assert.deepEqual(begun, ['a', 'c', 'd']);
    gates.get('d')?.();
    await bench.reaches('slow', 'd', 'successful');
  });

  test('an agent that ended in the middle: what ran has failed, what waited runs, what had ended is said again', async (t) => {
    const bench = await openBench(t);
    const journal = await bench.openJournal();
    const keep = (id: string, status: string) => journal.put({ operation: 'work', id, command: { status } });
    await keep('done', 'successful');
    await keep('midway', 'executing');
    await keep('waiting', 'scheduled');
    journal.close();
    const runs: string[] = [];
    await bench.start([operation('work', { run: async (_request, { id }) => ({ nth: runs.push(id) }) })]);
    assert.match(String((await bench.reaches('work', 'midway', 'failed')).reason), /ended while this ran/);
    await bench.reaches('work', 'done', 'successful');
    await bench.reaches('work', 'waiting', 'successful');
    assert.deepEqual(runs, ['waiting']);
  });

  test('what is kept is said again on a new connection though all of it together is more than may wait for the broker', async (t) => {
    const bench = await openBench(t);
    const journal = await bench.openJournal();
    const result = 'x'.repeat(3 * 1024 * 1024);
    const ids = Array.from({ length: Math.ceil(agentQueue.bytesMax / result.length) + 1 }, (_, index) => `${index}`);
    for (const id of ids) await journal.put({ operation: 'work', id, command: { status: 'successful', result } });
    journal.close();
    await bench.start([operation('work')]);
    for (const id of ids) assert.equal((await bench.reaches('work', id, 'successful')).result, result);
  });

  test('what resumes is judged by its operation, with what that had kept', async (t) => {
    const bench = await openBench(t);
    const journal = await bench.openJournal();
    await journal.put({ operation: 'boot', id: 'one', command: { status: 'executing' }, kept: { bootId: 'x' } });
    journal.close();
    await bench.start([operation('boot', { resume: async ({ bootId }) => ({ was: bootId ?? null }) })]);
    assert.equal((await bench.reaches('boot', 'one', 'successful')).was, 'x');
  });

  test('stopped while something runs, it says nothing of it, and the next start tells', async (t) => {
    const bench = await openBench(t);
    const run: Operation['run'] = (_request, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    const agent = await bench.start([operation('long', { run })]);
    bench.publish('long', 'one', '{"status":"init"}');
    await bench.reaches('long', 'one', 'executing');
    await agent.stop();
    assert.equal(bench.statesOf('long', 'one').at(-1)?.status, 'executing');
    await bench.start([operation('long')]);
    await bench.reaches('long', 'one', 'failed');
  });

  test('a result may be as large as a packet and is kept so; a larger one has failed, and a larger request is refused', async (t) => {
    const bench = await openBench(t);
    const large = 'x'.repeat(300 * 1024);
    const answer = (text: string, times: number) => operation(text, { run: async () => ({ result: large.repeat(times) }) });
    const failing = operation('parts', {
      run: () => Promise.reject(new PartialFailure('Of many, one.', { failures: large.repeat(20) })),
    });
    const agent = await bench.start([answer('large', 1), answer('huge', 20), failing]);
    for (const name of ['huge', 'parts', 'large']) bench.publish(name, 'one', '{"status":"init"}');
    assert.match(
      String((await bench.reaches('huge', 'one', 'failed')).reason),
      /^The result has \d+ bytes; at most \d+ can be told/,
    );
    assert.deepEqual(await bench.reaches('parts', 'one', 'failed'), { status: 'failed', reason: 'Of many, one.' });
    await bench.reaches('large', 'one', 'successful');
    bench.publish('large', 'two', JSON.stringify({ status: 'init', large }));
    // What it said itself came back to it before this did.
    assert.match(String((await bench.reaches('large', 'two', 'failed')).reason), /^The request has/);
    assert.equal(bench.statesOf('large', 'one').at(-1)?.status, 'successful');
    await agent.stop();
    const journal = await bench.openJournal();
    assert.equal(journal.find('large', 'one')?.command.result, large);
    journal.close();
  });

  test('a disk that does not let go of a command that was cleared as it ran ends neither the agent nor what waits', async (t) => {
    const bench = await openBench(t);
    const gate = Promise.withResolvers<JsonObject>();
    await bench.start([operation('slow', { run: () => gate.promise }), operation('echo')]);
    bench.publish('slow', 'one', '{"status":"init"}');
    await bench.reaches('slow', 'one', 'executing');
    // Whoever runs this test: root removes what is read-only.
    for (const name of readdirSync(bench.directory).filter((name) => name.endsWith('.json'))) {
      rmSync(join(bench.directory, name));
      mkdirSync(join(bench.directory, name));
    }
    bench.publish('slow', 'one', '');
    bench.publish('echo', 'two', '{"status":"init"}');
    await bench.reaches('echo', 'two', 'scheduled');
    gate.resolve({});
    await bench.reaches('echo', 'two', 'successful');
    assert.equal(bench.statesOf('slow', 'one').at(-1)?.status, 'executing');
  });

  test('a message that cannot be dealt with does not keep those behind it from being acknowledged', async (t) => {
    const bench = await openBench(t);
    t.mock.method(CommandJournal.prototype, 'find', function (this: CommandJournal, operation: string, id: string) {
      if (id === 'broken') throw new Error('a fault of ours');
      return this.all.find((kept) => kept.operation === operation && kept.id === id);
    });
    const acknowledged = t.mock.method(AcknowledgementQueue.prototype, 'acknowledge').mock;
    await bench.start([operation('echo')]);
    bench.publish('echo', 'broken', '');
    bench.publish('echo', 'two', '{"status":"init"}');
    await bench.reaches('echo', 'two', 'successful');
    const owed = () => acknowledged.calls.reduce((sum, call) => sum + (call.this as AcknowledgementQueue).size, 0);
    await eventually(() => owed() === 0 || undefined);
  });

  test('two agents do not share a journal, and a file that cannot be read is passed over', async (t) => {
    const bench = await openBench(t);
    const journal = await bench.openJournal();
    await assert.rejects(bench.openJournal(), { code: 'conflict' });
    await journal.put({ operation: 'work', id: 'one', command: { status: 'scheduled' } });
    journal.close();
    writeFileSync(join(bench.directory, `${'0'.repeat(64)}.json`), '{"operation":"work","id"');
    const again = await bench.openJournal();
    assert.deepEqual(
      again.all.map(({ id }) => id),
      ['one'],
    );
    again.close();
  });

  test('with as many unfinished commands as are kept, another fails; ended ones make room', async (t) => {
    const bench = await openBench(t);
    const journal = await bench.openJournal();
    for (const id of ['k1', 'k2']) await journal.put({ operation: 'full', id, command: { status: 'successful' } });
    journal.close();
    const gate = Promise.withResolvers<JsonObject>();
    t.after(() => gate.resolve({}));
    await bench.start([operation('full', { run: () => gate.promise })], 2);
    for (const id of ['n1', 'n2', 'last']) bench.publish('full', id, '{"status":"init"}');
    assert.match(String((await bench.reaches('full', 'last', 'failed')).reason), /wait already/);
    gate.resolve({});
    await bench.reaches('full', 'n2', 'successful');
  });
});
