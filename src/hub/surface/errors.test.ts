import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { instant } from '#base/instant.ts';
import { Problem, type ProblemCode, problemCodes } from '#base/problem.ts';
import { formatDeviceError, hubErrorOf, statusOf } from './errors.ts';

const codes = Object.keys(problemCodes) as ProblemCode[];

describe("the hub's words for problems", () => {
  for (const code of codes) {
    test(`${code} has a number whose first three digits are a status of failure`, () => {
      const { errorCode, name } = hubErrorOf(new Problem(code, 'x'));
      assert.match(String(errorCode), /^[45]\d{5}$/);
      assert.match(name, /^[A-Z][A-Za-z]+$/);
      assert.equal(statusOf({ errorCode, name }), Number(String(errorCode).slice(0, 3)));
    });
  }

  const rows: [Problem, number][] = [
    [new Problem('device-not-online', 'x'), 404103],
    [new Problem('device-not-online', 'x', { reason: 'connection-closed' }), 404104],
    [new Problem('throttled', 'x', { reason: 'too-many-calls' }), 403800],
    [new Problem('device-timeout', 'x'), 504101],
    [new Problem('device-reply-invalid', 'x'), 502000],
    [new Problem('precondition-failed', 'x', { reason: 'constructor' }), 412001],
  ];
  for (const [problem, errorCode] of rows) {
    test(`${problem.code} with reason ${problem.reason} is ${errorCode}`, () => {
      assert.equal(hubErrorOf(problem).errorCode, errorCode);
    });
  }

  test('a device gets number, message, tracking id and time, and no cause', () => {
    const problem = new Problem('twin-invalid', 'Too deep.', { cause: new Error('secret') });
    assert.deepEqual(formatDeviceError(problem, 'track-1', instant(0)), {
      errorCode: 400004,
      message: 'Too deep.',
      trackingId: 'track-1',
      timestampUtc: '1970-01-01T00:00:00.000Z',
    });
  });
});
