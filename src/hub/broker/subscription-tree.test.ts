import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '#test/support/seeded-random.ts';
import type { Qos } from '#wire/mqtt/packet.ts';
import { topicMatches } from '#wire/mqtt/topic-matches.ts';
import { SubscriptionTree } from './subscription-tree.ts';

describe('the tree of subscriptions', () => {
  function selects(filter: string, topic: string): boolean {
    const tree = new SubscriptionTree<string>();
    tree.add(filter, 'x', 0);
    assert.equal(topicMatches(filter, topic), tree.match(topic).has('x'), `${filter} ${topic}`);
    return tree.match(topic).has('x');
  }

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
      assert.equal(selects(filter, topic), true, `${filter} ${topic}`);
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
      assert.equal(selects(filter, topic), false, `${filter} ${topic}`);
    }
  });

  test('[MQTT-3.3.5-1] a subscriber is found once, with the largest QoS of its filters', () => {
    const tree = new SubscriptionTree<string>();
    tree.add('a/#', 'x', 0);
    tree.add('a/+', 'x', 2);
    tree.add('a/b', 'x', 1);
    tree.add('a/b', 'y', 0);
    assert.deepEqual([...tree.match('a/b')].sort(), [
      ['x', 2],
      ['y', 0],
    ]);
  });

  test('[MQTT-4.7.2-1] wildcards in the first level do not find topics that begin with $', () => {
    const tree = new SubscriptionTree<string>();
    for (const filter of ['#', '+/monitor/Clients', '$SYS/#', '$SYS/monitor/+']) tree.add(filter, filter, 0);
    assert.deepEqual([...tree.match('$SYS/monitor/Clients').keys()].sort(), ['$SYS/#', '$SYS/monitor/+']);
  });

  test('[MQTT-3.8.4-3] the same filter again replaces the QoS', () => {
    const tree = new SubscriptionTree<string>();
    tree.add('a', 'x', 2);
    tree.add('a', 'x', 0);
    assert.equal(tree.size, 1);
    assert.deepEqual([...tree.match('a')], [['x', 0]]);
  });

  test('it finds what comparing every filter finds, for thousands of filters and topics', () => {
    const random = seededRandom('tree');
    const pick = <T>(all: readonly T[]): T => all[random.bytes(4).readUInt32LE() % all.length] as T;
    const levels = (words: readonly string[]) => Array.from({ length: 1 + pick([0, 1, 2, 3]) }, () => pick(words)).join('/');
    const filters = new Map<string, Qos>();
    while (filters.size < 400) {
      const filter = levels(['a', 'b', '', '+', '$s']) + pick(['', '', '/#']);
      filters.set(filter, pick([0, 1, 2]));
    }
    const tree = new SubscriptionTree<string>();
    for (const [filter, qos] of filters) tree.add(filter, filter, qos);
    const check = (): void => {
      for (let i = 0; i < 500; i++) {
        const topic = levels(['a', 'b', '', '$s']);
        const found = [...tree.match(topic).keys()].sort();
        assert.deepEqual(found, [...filters.keys()].filter((filter) => topicMatches(filter, topic)).sort(), `topic ${topic}`);
      }
    };
    check();
    for (const filter of [...filters.keys()].slice(0, 200)) {
      tree.remove(filter, filter);
      filters.delete(filter);
    }
    check();
  });

  test('what nobody wants any more leaves nothing behind', () => {
    const tree = new SubscriptionTree<string>();
    tree.add('a/b/c', 'x', 0);
    tree.add('a/b', 'y', 0);
    tree.remove('a/b/c', 'x');
    tree.remove('a/b/c', 'x');
    tree.remove('never/there', 'x');
    assert.equal(tree.size, 1);
    assert.equal(tree.match('a/b/c').size, 0);
    assert.deepEqual([...tree.match('a/b').keys()], ['y']);
  });
});
