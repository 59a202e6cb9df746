import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkTopicFilter } from './topic-filter.ts';

test('MQTT-4.7.1: wildcards fill whole levels, # only the last', () => {
  for (const filter of ['a', '/', '#', '+', 'a/#', '+/+', '/+', '+/a/#', 'a//b', '$iothub/twin/res/#', ' '])
    checkTopicFilter(filter);
  for (const filter of ['', 'a#', '#/a', 'a/#/b', '##', 'a+', '+a', 'a/+b/c', '++', 'a/b+', '+#']) {
    assert.throws(() => checkTopicFilter(filter), /MQTT-4\.7/, filter);
  }
});
