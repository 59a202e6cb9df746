import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { breakingFaults, readFault } from './asked-fault.ts';

const type = (name: string) => `AzIoTHub_FaultOperationType=${name}`;
const delay = (text: string) => `AzIoTHub_FaultOperationDelayInSecs=${text}`;
const duration = (text: string) => `AzIoTHub_FaultOperationDurationInSecs=${text}`;
const noNumber = { mistake: 'Delay and duration are whole seconds from 0 on.' };

describe('what a message asks to go wrong', () => {
  for (const name of breakingFaults) {
    test(`${name} ends something`, () => {
      assert.deepEqual(readFault(`a=1&${type(name)}&${delay('2')}&AzIoTHub_FaultOperationCloseReason=%20boom%20&b=2`), {
        kind: 'break',
        type: name,
        reason: ' boom ',
        delayMs: 2_000,
      });
    });
  }

  for (const [name, code] of [
    ['InvokeThrottling', 'throttled'],
    ['InvokeMaxMessageQuota', 'quota-exceeded'],
    ['InvokeAuthError', 'unauthorized'],
  ] as const) {
    test(`${name} refuses as ${code}, for ten seconds when it does not say how long`, () => {
      const fault = { kind: 'refuse', type: name, code, reason: '', delayMs: 0 };
      assert.deepEqual(readFault(type(name)), { ...fault, durationMs: 10_000 });
      assert.deepEqual(readFault(`${type(name)}&${duration('5')}`), { ...fault, durationMs: 5_000 });
    });
  }

  const table: [bag: string, what: unknown][] = [
    ['', undefined],
    ['a=1', undefined],
    ['AzIoTHub_FaultOperationDelayInSecs=1', undefined],
    ['other=AzIoTHub_FaultOperationType', undefined],
    [type('Killtcp'), { mistake: 'There is no fault Killtcp.' }],
    [type('constructor'), { mistake: 'There is no fault constructor.' }],
    [type(''), { mistake: 'There is no fault .' }],
    ['AzIoTHub_FaultOperationType', { mistake: 'There is no fault null.' }],
    [`${type('KillTcp')}&${delay('-1')}`, noNumber],
    [`${type('KillTcp')}&${delay('1.5')}`, noNumber],
    [`${type('KillTcp')}&${delay('')}`, noNumber],
    [`${type('KillTcp')}&AzIoTHub_FaultOperationDelayInSecs`, noNumber],
    [`${type('InvokeThrottling')}&${duration('soon')}`, noNumber],
    [`${type('KillTcp')}&${delay('9999999999')}`, noNumber],
    [`${type('KillTcp')}&${delay('999999999')}`, { kind: 'break', type: 'KillTcp', reason: '', delayMs: 600_000 }],
  ];
  for (const [bag, what] of table) {
    test(`'${bag}' asks for ${JSON.stringify(what) ?? 'nothing'}`, () => {
      assert.deepEqual(readFault(bag), what);
    });
  }

  test('a reason is cut at 256 characters', () => {
    const fault = readFault(`${type('KillTcp')}&AzIoTHub_FaultOperationCloseReason=${'x'.repeat(1_000)}`);
    assert.ok(fault && 'reason' in fault);
    assert.equal(fault.reason.length, 256);
  });
});
