import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testPlatform } from '#test/support/test-platform.ts';
import { type FaultTarget, isMeant } from './fault-rule.ts';
import { FaultRules } from './fault-rules.ts';

const all: FaultTarget = { kind: 'all' };
const nothing = { latencyMs: 0, isDropping: false, isThrottled: false, refusedBy: undefined };

function openRules() {
  const platform = testPlatform();
  const killed: FaultTarget[] = [];
  let changes = 0;
  const rules = new FaultRules(platform, {
    kill: ({ target }) => killed.push(target),
    onChange: () => {
      changes += 1;
    },
  });
  return { rules, clock: platform.clock, killed, changes: () => changes };
}

describe('rules by which something goes wrong', () => {
  test('a percentage means the same devices always, about as many as it says, and more of them when it is larger', () => {
    const ids = Array.from({ length: 2_000 }, (_, i) => `device-${i}`);
    const chosen = (percent: number) =>
      new Set(ids.filter((deviceId) => isMeant({ target: { kind: 'percentage', percent } }, { deviceId }, 'mqtt')));
    const ten = chosen(10);
    assert.deepEqual(chosen(10), ten);
    assert.ok(ten.size > 140 && ten.size < 260, `${ten.size}`);
    const twenty = chosen(20);
    for (const id of ten) assert.ok(twenty.has(id), id);
    assert.equal(chosen(100).size, ids.length);
    const [first = ''] = ten;
    assert.ok(isMeant({ target: { kind: 'percentage', percent: 10 } }, { deviceId: first, moduleId: 'm' }, 'amqp'));
  });

  test('a device stands for its modules, a module for itself, a protocol for nobody on another', () => {
    const device = { target: { kind: 'device', deviceId: 'd' } } as const;
    const module = { target: { kind: 'device', deviceId: 'd', moduleId: 'm' } } as const;
    assert.deepEqual(
      [{ deviceId: 'd' }, { deviceId: 'd', moduleId: 'm' }, { deviceId: 'd', moduleId: 'n' }, { deviceId: 'e' }].map((who) => [
        isMeant(device, who, 'mqtt'),
        isMeant(module, who, 'mqtt'),
        isMeant({ ...device, protocol: 'amqp' }, who, 'mqtt'),
      ]),
      [
        [true, false, false],
        [true, true, false],
        [true, false, false],
        [false, false, false],
      ],
    );
  });

  test('what the rules do adds up, of two latencies the longer counts, and a rule ends in time or by hand', () => {
    const { rules, clock, changes } = openRules();
    assert.deepEqual(rules.effectsOn({ deviceId: 'd' }, 'mqtt'), nothing);
    rules.add({ target: all, effect: { kind: 'latency', ms: 100 } });
    rules.add({ target: all, effect: { kind: 'latency', ms: 300 }, durationMs: 60_000 });
    rules.add({ target: all, effect: { kind: 'drop' }, protocol: 'amqp' });
    rules.add({ target: all, effect: { kind: 'throttle' } });
    const { rule: refusing } = rules.add({ target: { kind: 'device', deviceId: 'd' }, effect: { kind: 'refuse' } });
    assert.deepEqual(rules.effectsOn({ deviceId: 'd' }, 'mqtt'), {
      latencyMs: 300,
      isDropping: false,
      isThrottled: true,
      refusedBy: refusing?.id,
    });
    clock.advance(60_000);
    assert.equal(rules.effectsOn({ deviceId: 'd' }, 'mqtt').latencyMs, 100);
    assert.equal(rules.effectsOn({ deviceId: 'e' }, 'amqp').isDropping, true);
    rules.remove(refusing?.id ?? '');
    assert.equal(rules.effectsOn({ deviceId: 'd' }, 'mqtt').refusedBy, undefined);
    assert.throws(() => rules.remove(refusing?.id ?? ''), { code: 'not-found' });
    assert.equal(rules.clear(), 3);
    assert.deepEqual(rules.effectsOn({ deviceId: 'd' }, 'amqp'), nothing);
    assert.equal(changes(), 10);
  });

  test('killing once leaves no rule; killing again and again ends with its rule', () => {
    const { rules, clock, killed } = openRules();
    assert.deepEqual(rules.add({ target: all, effect: { kind: 'kill' } }), { killed: 1 });
    assert.equal(rules.size, 0);
    const { rule } = rules.add({ target: all, effect: { kind: 'kill', everyMs: 5_000 }, durationMs: 12_000 });
    assert.equal(killed.length, 1);
    clock.advance(5_000);
    assert.equal(killed.length, 2);
    clock.advance(60_000);
    assert.equal(killed.length, 3);
    assert.deepEqual([rule?.id, rules.size], ['f1', 0]);
  });

  test('there are at most 100', () => {
    const { rules } = openRules();
    for (let i = 0; i < 100; i++) rules.add({ target: all, effect: { kind: 'drop' } });
    assert.throws(() => rules.add({ target: all, effect: { kind: 'drop' } }), { code: 'quota-exceeded' });
  });
});
