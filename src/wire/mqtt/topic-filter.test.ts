import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkTopicFilter, topicMatches } from './topic-filter.ts';

test('MQTT-4.7.1: wildcards fill whole levels, # only the last', () => {
  for (const filter of ['a', '/', '#', '+', 'a/#', '+/+', '/+', '+/a/#', 'a//b', '$iothub/twin/res/#', ' '])
    checkTopicFilter(filter);
  for (const filter of ['', 'a#', '#/a', 'a/#/b', '##', 'a+', '+a', 'a/+b/c', '++', 'a/b+', '+#']) {
    assert.throws(() => checkTopicFilter(filter), /MQTT-4\.7/, filter);
  }
});

test('topics are selected level by level', () => {
  for (const [filter, topic] of [
    ['a/b', 'a/b'],
    ['a/#', 'a/b/c'],
    ['a/#', 'a'],
    ['#', 'a/b'],
    ['+/b', 'a/b'],
    ['+/+', '/finance'],
    ['/+', '/finance'],
    ['a/+', 'a/'],
    ['$iothub/#', '$iothub/twin/res/200/?$rid=1'],
  ] as const) {
    assert.equal(topicMatches(filter, topic), true, `${filter} ${topic}`);
  }
  for (const [filter, topic] of [
    ['a/b', 'a/b/c'],
    ['a/b', 'a'],
    ['a/b', 'A/b'],
    ['a/+', 'a'],
    ['a/+', 'a/b/c'],
    ['+', '/finance'],
    ['a/b/#', 'a'],
  ] as const) {
    assert.equal(topicMatches(filter, topic), false, `${filter} ${topic}`);
  }
});

test('MQTT-4.7.2-1: a wildcard in the first level selects no topic that starts with $', () => {
  assert.equal(topicMatches('#', '$iothub/twin'), false);
  assert.equal(topicMatches('+/twin', '$iothub/twin'), false);
});
