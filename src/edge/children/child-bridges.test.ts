import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testPlatform } from '#test/support/test-platform.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { loadBridgeSettings } from '../bridge/bridge-settings.ts';
import type { LocalMessage } from '../broker/local-message.ts';
import { KnownTime } from '../reach/known-time.ts';
import { loadReach } from '../reach/reach.ts';
import { TedgeSettings } from '../settings/tedge-settings.ts';
import { ChildBridges } from './child-bridges.ts';
import { loadChildrenRule } from './child-name.ts';
import { childrenMax } from './limits.ts';

const none = { path: 't', unknownKeys: [], read: () => undefined };

/** Children of a device whose hub is never found. */
async function openChildren(t: { after(fn: () => unknown): void }, directory: string) {
  const settings = new TedgeSettings(directory, none, {
    TEDGE_AZ_URL: 'hub.example',
    TEDGE_DEVICE_ID: 'd1',
    TEDGE_AZ_CHILDREN: 'device',
  });
  const platform = testPlatform();
  const rule = loadChildrenRule(settings);
  assert.ok(rule);
  const told: string[] = [];
  const children = new ChildBridges(platform, {
    ...{ rule, pid: 1, topicRoot: 'te', mainTopicId: 'device/main//' },
    settings: await loadBridgeSettings(settings),
    reach: loadReach(settings, await KnownTime.open(platform, directory)),
    hub: { find: (signal) => new Promise((_, reject) => signal.addEventListener('abort', reject)), reached() {}, missed() {} },
    report: { childRefused: (reason) => void told.push(reason) },
    publish: async () => {},
    directory: join(directory, 'children'),
  });
  t.after(() => children.close());
  const say = (topic: string, text = '{}') => children.accept(messageOf(topic, text));
  return { children, told, say, outboxes: () => namesIn(join(directory, 'children')) };
}

function messageOf(topic: string, text: string): LocalMessage {
  return { topic, payload: Buffer.from(text), qos: 1, retain: false };
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

test('what is acknowledged to a child is in an outbox of its own, whatever its name, and a child that was not seen has none', async (t) => {
  const { say, outboxes } = await openChildren(t, temporaryDirectory(t));
  assert.deepEqual(
    ['az/messages/events/', 'te/device/main//', 'te/device/pump///m/', 'az/children/pump/twin/PATCH/properties/desired/'].map(
      (topic) => say(topic),
    ),
    [undefined, undefined, undefined, undefined],
  );
  assert.deepEqual(outboxes(), []);
  for (const child of ['pump', '..', 'a%2F', "'=?*"]) await say(`az/children/${child}/messages/events/`);
  assert.deepEqual(outboxes(), ['%27%3D%3F%2A', '%2E%2E', 'a%252F', 'pump']);
});

test('a registration of a child device begins its bridge, one of another kind does not', async (t) => {
  const { children, say, outboxes } = await openChildren(t, temporaryDirectory(t));
  for (const [topic, text] of [
    ['te/device/main//', '{"@type":"child-device"}'],
    ['te/device/a//', '{"@type":"device"}'],
    ['te/device/b//', ''],
    ['te/device/c/service/x', '{"@type":"child-device"}'],
    ['te/device/pump//', '{"@type":"child-device"}'],
  ] as const) {
    assert.equal(say(topic, text), undefined);
  }
  await children.stop();
  assert.deepEqual(outboxes(), ['pump']);
});

test('as many children as there may be have a bridge, also after a restart, and of one more is told why it has none', async (t) => {
  const directory = temporaryDirectory(t);
  const first = await openChildren(t, directory);
  for (let n = 1; n <= childrenMax; n++) await first.say(`az/children/c${n}/messages/events/`);
  assert.equal(first.say('az/children/more/messages/events/'), undefined);
  assert.match(first.told.join(), /^The child device 'more' has no connection to the hub: 50 others have one/);
  await first.children.stop();
  await first.children.close();
  const second = await openChildren(t, directory);
  await second.children.start();
  assert.equal(second.say('az/children/more/messages/events/'), undefined);
  assert.equal(second.told.length, 1);
  await second.say('az/children/c7/messages/events/');
  await second.children.stop();
  assert.equal(second.outboxes().length, childrenMax);
});

test('once it is stopped nothing more is taken: who said it says it again', async (t) => {
  const { children, say } = await openChildren(t, temporaryDirectory(t));
  await children.stop();
  await assert.rejects(async () => say('az/children/late/messages/events/'), { code: 'unavailable' });
});
