import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import type { JsonObject } from '#base/json.ts';
import { eventually } from '#test/support/eventually.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { openEmbeddedBroker } from '../broker/embedded-broker.ts';
import { openLocalClient } from '../broker/local-client.ts';
import { RequestJournal } from './request-journal.ts';
import { TwinOperations } from './twin-operations.ts';

const reportedTopic = 'az/twin/PATCH/properties/reported/?$rid=';
const questionTopic = 'az/twin/GET/?$rid=';

/** Between a broker and a hub of the test's own, which answers reports as `judge` says. */
async function openBench(t: TestContext, judge: (report: string) => number) {
  const platform = { ...testPlatform(), clock: systemClock };
  const broker = await openEmbeddedBroker(testPlatform(), { address: '127.0.0.1', port: 0, intercept: () => undefined });
  t.after(() => broker.close());
  const at = { clock: systemClock, host: '127.0.0.1', port: broker.port };
  const desired: JsonObject = { calibrate: { id: 'a' }, $version: 2 };
  const reports: string[] = [];
  const { session } = await openLocalClient({
    ...at,
    clientId: 'hub',
    onMessage: ({ topic, payload }) => {
      const say = (answer: string, text = '') => session.publish({ topic: `az/twin/res/${answer}`, payload: text, qos: 1 });
      if (topic.startsWith(questionTopic)) {
        say(`200/?$rid=${topic.slice(questionTopic.length)}`, JSON.stringify({ desired, reported: {} }));
      } else if (topic.startsWith(reportedTopic)) {
        const report = payload.toString();
        reports.push(report);
        say(`${judge(report)}/?$rid=${topic.slice(reportedTopic.length)}`);
      }
    },
  });
  t.after(() => session.disconnect());
  await new Promise((resolve) => session.subscribe([{ filter: 'az/twin/#', qos: 1 }], resolve));
  const operations = new TwinOperations(platform, {
    ...{ ...at, topicRoot: 'te', mainTopicId: 'device/main//', prefix: 'az', clientId: 'operations' },
    journal: await RequestJournal.open(platform, join(temporaryDirectory(t), 'operations', 'requests.json')),
    isEnabled: (operation) => (operation === 'calibrate' ? true : undefined),
    upload: async (name) => `device/${name}`,
  });
  operations.start();
  t.after(() => operations.stop());
  return {
    reports,
    say: (operation: string, state: JsonObject) =>
      session.publish({
        topic: `te/device/main///cmd/${operation}/az-a`,
        payload: JSON.stringify(state),
        qos: 1,
        retain: true,
      }),
  };
}

test('section 13: a result that the hub refuses is told without it, by a file', async (t) => {
  const bench = await openBench(t, (report) => (report.includes('offsets') ? 400 : 204));
  await eventually(() => bench.reports.find((report) => report.includes('"ac":202')));
  bench.say('calibrate', { status: 'successful', offsets: 'é'.repeat(2_500) });
  const told = await eventually(() => bench.reports.find((report) => report.includes('"blob"')));
  const value = { id: 'a', status: 'successful', blob: 'device/calibrate/a.json' };
  assert.deepEqual(JSON.parse(told), { calibrate: { value, ac: 200, ad: 'successful', av: 2 } });
  assert.equal(bench.reports.filter((report) => report.includes('offsets')).length, 1);
});
