import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bridgeTopics } from './bridge-topics.ts';

test('names are changed both ways, what follows them is not, and what came from the hub does not go back', () => {
  const topics = bridgeTopics('az', 'd+1');
  for (const [local, remote, isKept] of [
    ['az/messages/events/', 'devices/d+1/messages/events/', true],
    ['az/messages/events', 'devices/d+1/messages/events', true],
    ['az/messages/events/a=%201&%24.sub=x', 'devices/d+1/messages/events/a=%201&%24.sub=x', true],
    ['az/methods/res/200/?$rid=1', '$iothub/methods/res/200/?$rid=1', false],
    ['az/twin/GET/?$rid=1', '$iothub/twin/GET/?$rid=1', false],
    ['az/twin/PATCH/properties/reported/?$rid=9', '$iothub/twin/PATCH/properties/reported/?$rid=9', true],
  ] as const) {
    assert.deepEqual(topics.outbound(local), { topic: remote, isKept }, local);
  }
  for (const local of ['az/messages/eventsx', 'az/twin/PATCH/properties/desired/?$version=3', 'az/twin/res/200/', 'te/x', 'az']) {
    assert.equal(topics.outbound(local), undefined, local);
  }
  for (const [remote, local] of [
    ['devices/d+1/messages/devicebound/%24.mid=m', 'az/messages/devicebound/%24.mid=m'],
    ['$iothub/methods/POST/reboot/?$rid=a', 'az/methods/POST/reboot/?$rid=a'],
    ['$iothub/twin/res/204/?$rid=9&$version=2', 'az/twin/res/204/?$rid=9&$version=2'],
    ['$iothub/twin/PATCH/properties/desired/?$version=3', 'az/twin/PATCH/properties/desired/?$version=3'],
    ['devices/other/messages/devicebound/', undefined],
    ['devices/d+1/messages/events/', undefined],
  ] as const) {
    assert.equal(topics.inbound(remote), local, remote);
  }
  assert.deepEqual(topics.inboundFilters.slice(0, 3), [
    'devices/d+1/messages/devicebound/#',
    '$iothub/methods/POST/#',
    '$iothub/twin/res/#',
  ]);
});
