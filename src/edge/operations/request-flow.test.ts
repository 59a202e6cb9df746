import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { changeFrom } from './json-change.ts';
import { requestsKeptMax } from './limits.ts';
import { RequestFlow } from './request-flow.ts';
import { RequestJournal } from './request-journal.ts';

const topicOf = (operation: string, id: string) => `te/device/main///cmd/${operation}/az-${id}`;

/** The flow between a twin and a broker that are the test's. */
async function openBench(t: TestContext) {
  const platform = testPlatform();
  const path = join(temporaryDirectory(t), 'operations', 'requests.json');
  const sent: [topic: string, payload: string][] = [];
  const reports: JsonObject[] = [];
  const uploads: string[] = [];
  let version = 1;
  let upload = async (name: string) => {
    uploads.push(name);
    return `device/${name}`;
  };
  const open = async () =>
    new RequestFlow(platform, {
      ...{ topicRoot: 'te', mainTopicId: 'device/main//' },
      journal: await RequestJournal.open(platform, path),
      isEnabled: (operation) => ({ restart: true, log_upload: true, off: false })[operation],
      upload: (name) => upload(name),
      send: async (packets) => void sent.push(...packets.map(({ topic, payload }): [string, string] => [topic, String(payload)])),
      sendReported: async (_operation, change) => void reports.push(change),
      signal: new AbortController().signal,
    });
  let flow = await open();
  return {
    path,
    uploads,
    failUploads: () => {
      upload = () => Promise.reject(new Error('no hub'));
    },
    /** As after a kill: another process, and a broker that says again what it has. */
    async restart() {
      flow = await open();
    },
    wish: (desired: JsonObject, reported: JsonObject = {}) =>
      flow.takeTwin({ desired: { ...desired, $version: ++version }, reported }),
    say: (operation: string, id: string, state: JsonObject | undefined) =>
      flow.takeCommand(operation, `az-${id}`, Buffer.from(state ? JSON.stringify(state) : '')),
    refuse: (operation: string, status: number) => flow.takeRefusal(operation, status),
    capability: (operation: string, isThere: boolean) => flow.takeCapability(operation, isThere),
    takeSent: () => sent.splice(0),
    takeReports: () => reports.splice(0),
  };
}

describe('between the twin and the agent', () => {
  test('a request becomes a retained command once; its states are told, and it is cleared when it has ended', async (t) => {
    const bench = await openBench(t);
    const desired = { restart: { id: 'a' }, other: { id: 'a' } };
    await bench.wish(desired);
    assert.deepEqual(bench.takeSent(), [[topicOf('restart', 'a'), '{"status":"init"}']]);
    assert.deepEqual(bench.takeReports(), [{ restart: { value: { id: 'a', status: 'init' }, ac: 202, ad: 'init', av: 2 } }]);
    await bench.say('restart', 'a', { status: 'executing' });
    await bench.say('restart', 'a', { status: 'failed', reason: 'no power' });
    assert.deepEqual(
      bench.takeReports().map(({ restart }) => restart),
      [
        { value: { id: 'a', status: 'executing' }, ac: 202, ad: 'executing', av: 2 },
        { value: { id: 'a', status: 'failed', reason: 'no power' }, ac: 500, ad: 'no power', av: 2 },
      ],
    );
    assert.deepEqual(bench.takeSent(), [[topicOf('restart', 'a'), '']]);
    await bench.say('restart', 'a', undefined);
    // The next version of the desired properties is acknowledged, and nothing is done.
    await bench.restart();
    await bench.wish(desired);
    assert.deepEqual(bench.takeSent(), []);
    assert.equal(bench.takeReports().length, 1);
  });

  test('what was passed on and is not on the broker any more is passed on again; what somebody cleared has failed and is not', async (t) => {
    const bench = await openBench(t);
    await bench.wish({ restart: { id: 'a' } });
    bench.takeSent();
    await bench.restart();
    await bench.wish({ restart: { id: 'a' } });
    assert.deepEqual(bench.takeSent(), [[topicOf('restart', 'a'), '{"status":"init"}']]);
    await bench.say('restart', 'a', { status: 'scheduled' });
    bench.takeReports();
    await bench.say('restart', 'a', undefined);
    assert.match(JSON.stringify(bench.takeReports()), /"ac":500,"ad":"The command was cleared/);
    await bench.wish({ restart: { id: 'a' } });
    assert.deepEqual(bench.takeSent(), []);
  });

  test('of two requests the twin tells the newer one, and the older one asked for again is told its end', async (t) => {
    const bench = await openBench(t);
    await bench.wish({ restart: { id: 'a' } });
    await bench.wish({ restart: { id: 'b' } });
    bench.takeReports();
    await bench.say('restart', 'a', { status: 'successful' });
    assert.deepEqual(bench.takeReports(), []);
    await bench.say('restart', 'b', { status: 'successful' });
    assert.equal(bench.takeReports().length, 1);
    bench.takeSent();
    await bench.wish({ restart: { id: 'a' } });
    assert.match(JSON.stringify(bench.takeReports()), /"id":"a","status":"successful"/);
    assert.deepEqual(bench.takeSent(), []);
  });

  test('what cannot be asked is refused in words, and starts nothing', async (t) => {
    const bench = await openBench(t);
    for (const [value, code] of [
      [7, 400],
      [{}, 400],
      [{ id: 'a/b' }, 400],
      [{ id: `a${'x'.repeat(64)}` }, 400],
      [{ id: 'a', status: 'successful' }, 400],
    ] as const) {
      await bench.wish({ restart: value });
      assert.match(JSON.stringify(bench.takeReports()), new RegExp(`"ac":${code}`), JSON.stringify(value));
    }
    // An agent that did it once said so, and the broker still does.
    await bench.capability('off', true);
    await bench.wish({ off: { id: 'a' } });
    assert.match(JSON.stringify(bench.takeReports()), /"ac":403/);
    assert.deepEqual(bench.takeSent(), []);
    await bench.wish({ restart: { id: 'a', delay: 1, more: { x: 1, y: 2 } } });
    await bench.say('restart', 'a', { status: 'init' });
    bench.takeReports();
    bench.takeSent();
    await bench.wish({ restart: { id: 'a', delay: 2 } });
    assert.match(JSON.stringify(bench.takeReports()), /"ac":409/);
    // The order of members is nothing that was asked for.
    await bench.wish({ restart: { more: { y: 2, x: 1 }, delay: 1, id: 'a' } });
    assert.match(JSON.stringify(bench.takeReports()), /"ac":202/);
    assert.deepEqual(bench.takeSent(), []);
  });

  test('an operation that another program offers is passed on as soon as it is there', async (t) => {
    const bench = await openBench(t);
    await bench.wish({ calibrate: { id: 'a', by: 2 } });
    assert.deepEqual(bench.takeSent(), []);
    await bench.capability('calibrate', true);
    assert.deepEqual(bench.takeSent(), [[topicOf('calibrate', 'a'), '{"by":2,"status":"init"}']]);
    await bench.say('calibrate', 'a', { status: 'successful', by: 2, offset: 0.5 });
    assert.deepEqual(bench.takeReports().at(-1)?.calibrate, {
      ...{ value: { id: 'a', status: 'successful', offset: 0.5 }, ac: 200, ad: 'successful', av: 2 },
    });
  });

  test('a result that is too large for the twin goes up as a file, and one that cannot says so', async (t) => {
    const bench = await openBench(t);
    await bench.wish({ log_upload: { id: 'a' } });
    await bench.say('log_upload', 'a', { status: 'successful', list: 'x'.repeat(1_000_000) });
    assert.match(JSON.stringify(bench.takeReports()), /"blob":"device\/log_upload\/a.json"/);
    bench.failUploads();
    await bench.wish({ log_upload: { id: 'b' } });
    await bench.say('log_upload', 'b', { status: 'successful', list: 'x'.repeat(10_000) });
    assert.match(
      JSON.stringify(bench.takeReports()),
      /"note":"The result is too large for the twin, and was not uploaded. no hub"/,
    );
  });

  test('what the hub refuses has not been told: a result that it would refuse again goes up as a file, and the twin is told that', async (t) => {
    const bench = await openBench(t);
    const desired = { log_upload: { id: 'a' } };
    await bench.wish(desired);
    await bench.say('log_upload', 'a', { status: 'successful', list: 'x'.repeat(5_000) });
    bench.takeReports();
    const reported = { log_upload: { value: { id: 'a', status: 'init' }, ac: 202, ad: 'init', av: 2 } };
    // Too many questions, or a hub in trouble: the same once more, when the twin is next seen.
    assert.equal(await bench.refuse('log_upload', 429), false);
    await bench.wish(desired, reported);
    assert.match(JSON.stringify(bench.takeReports()), /"list":"x{5000}"/);
    assert.equal(await bench.refuse('log_upload', 400), true);
    await bench.restart();
    await bench.wish(desired, reported);
    const value = { id: 'a', status: 'successful', blob: 'device/log_upload/a.json' };
    assert.deepEqual(bench.takeReports(), [{ log_upload: { value, ac: 200, ad: 'successful', av: 4 } }]);
    assert.deepEqual(bench.uploads, ['log_upload/a.json']);
    // Refused as well, there is nothing shorter; it is told to a later twin, even if nobody asks for it any more.
    assert.equal(await bench.refuse('log_upload', 400), false);
    await bench.wish({}, reported);
    assert.deepEqual(bench.takeReports(), [{ log_upload: { value, ac: 200, ad: 'successful', av: 5 } }]);
    await bench.wish({}, reported);
    assert.deepEqual(bench.takeReports(), []);
  });

  test('a twin that was made anew is told again, and one that has more is told what is gone', async (t) => {
    const bench = await openBench(t);
    await bench.wish({ restart: { id: 'a' } });
    await bench.say('restart', 'a', { status: 'successful' });
    bench.takeReports();
    await bench.wish({ restart: { id: 'a' } });
    assert.equal(bench.takeReports().length, 1);
    await bench.wish({ restart: { id: 'a' } }, { restart: { value: { id: 'z', reason: 'old' }, by: 'hand' } });
    const [report] = bench.takeReports();
    assert.deepEqual(report?.restart, {
      ...{ by: null, value: { reason: null, id: 'a', status: 'successful' }, ac: 200, ad: 'successful', av: 4 },
    });
  });

  test('as many requests are remembered as are said, and a file that is none is not taken for an empty one', async (t) => {
    const bench = await openBench(t);
    for (let n = 0; n <= requestsKeptMax; n++) {
      await bench.wish({ restart: { id: `r${n}` } });
      await bench.say('restart', `r${n}`, { status: 'successful' });
    }
    await bench.restart();
    bench.takeSent();
    await bench.wish({ restart: { id: 'r1' } });
    assert.deepEqual(bench.takeSent(), []);
    for (const text of ['{"version":1', '{}', '{"version":1,"requests":{"restart":[{}]},"reported":{}}']) {
      writeFileSync(bench.path, text);
      await assert.rejects(bench.restart(), { code: 'malformed', message: new RegExp(bench.path) }, text);
    }
  });
});

test('a change takes away what either of two earlier values has', () => {
  const change = changeFrom([{ a: 1, b: { c: 1 } }, { b: { d: 2 }, e: 3 }, undefined], { b: { f: 4 }, g: 5 });
  assert.deepEqual(change, { a: null, e: null, b: { c: null, d: null, f: 4 }, g: 5 });
  assert.deepEqual(changeFrom([7], { a: {} }), { a: {} });
});
