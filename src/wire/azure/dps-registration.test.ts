import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '#base/json.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { DpsRegistration, RegistrationBusy, RegistrationRefused } from './dps-registration.ts';
import { formatDpsResponseTopic, parseDpsRequestTopic } from './dps-topics.ts';

type Answer = { status: number; retryAfterSeconds?: number; body: Json };
const assigned = { status: 'assigned', registrationState: { assignedHub: 'hub.example', deviceId: 'd1' } };
const assigning = { operationId: 'o-1', status: 'assigning' };

/** A DPS that gives `answers` one after the other, and a clock that goes on while it is waited. */
function converse(answers: readonly Answer[], msMax = 60_000) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const rest = [...answers];
  const registration = new DpsRegistration(clock, msMax);
  const closed = Promise.withResolvers<string>();
  const result = registration.run(
    {
      closed: closed.promise,
      subscribe: (_filters, onGranted) => queueMicrotask(onGranted),
      publish({ topic }) {
        const request = parseDpsRequestTopic(topic);
        assert.ok(request);
        asked.push(`${clock.monotonic() / 1000} ${request.kind}`);
        const answer = rest.shift();
        if (!answer) closed.resolve('gone');
        else
          queueMicrotask(() => {
            const { status, retryAfterSeconds } = answer;
            const wait = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
            const response = formatDpsResponseTopic({ status, requestId: request.requestId, ...wait });
            registration.receive('$dps/registrations/res/200/?$rid=another', Buffer.from('{}'));
            registration.receive(response, Buffer.from(JSON.stringify(answer.body)));
          });
        return true;
      },
    },
    { registrationId: 'd1' },
  );
  result.catch(() => {});
  const settled = (async () => {
    let isOver = false;
    const over = result.then(
      () => (isOver = true),
      () => (isOver = true),
    );
    while (!isOver) {
      await new Promise(setImmediate);
      if (!isOver) clock.advance(500);
    }
    await over;
    registration.end();
  })();
  return { result: settled.then(() => result), asked };
}

test('it polls as often as it is told to, until it is assigned', async () => {
  const { result, asked } = converse([
    { status: 202, retryAfterSeconds: 3, body: assigning },
    { status: 202, retryAfterSeconds: 5, body: assigning },
    { status: 200, body: assigned },
  ]);
  assert.deepEqual(await result, { hubHostName: 'hub.example', deviceId: 'd1' });
  assert.deepEqual(
    asked.map((line) => line.split(' ')[1]),
    ['register', 'poll', 'poll'],
  );
  const [, second = 0, third = 0] = asked.map((line) => Number(line.split(' ')[0]));
  assert.ok(second >= 3 && third - second >= 5, asked.join(', '));
});

test('dps 23: throttled, it registers again when it was told to', async () => {
  const { result, asked } = converse([
    { status: 429, retryAfterSeconds: 7, body: { errorCode: 429001 } },
    { status: 202, body: assigning },
    { status: 200, body: assigned },
  ]);
  await result;
  assert.match(asked.join(','), /register,([7-9]|\d\d).* register,.* poll/);
});

test('throttled for longer than it may take, it leaves and says when it may come again', async () => {
  const { result, asked } = converse([{ status: 429, retryAfterSeconds: 300, body: {} }]);
  await assert.rejects(result, (error) => error instanceof RegistrationBusy && error.retryAfterSeconds === 300);
  assert.equal(asked.length, 1);
});

const refusals: readonly [what: string, answer: Answer, says: RegExp][] = [
  ['401', { status: 401, body: { errorCode: 401002, message: 'Unauthorized' } }, /Unauthorized/],
  ['404 with a body that is none', { status: 404, body: 'x' }, /gave no reason/],
  ['disabled', { status: 200, body: { status: 'disabled', registrationState: { errorMessage: 'It is disabled.' } } }, /disabled/],
  ['failed', { status: 200, body: { status: 'failed', registrationState: { errorCode: 400207, errorMessage: 'hook' } } }, /hook/],
  ['assigned to nothing', { status: 200, body: { status: 'assigned', registrationState: { deviceId: 'd1' } } }, /No hub/],
];
for (const [what, answer, says] of refusals) {
  test(`${what} is a refusal`, async () => {
    await assert.rejects(converse([answer]).result, (error) => error instanceof RegistrationRefused && says.test(error.message));
  });
}

test('a connection that ends, and a service that never comes to an end, are told apart from a refusal', async () => {
  await assert.rejects(converse([]).result, /connection to DPS ended \(gone\)/);
  const forever = Array.from({ length: 100 }, () => ({ status: 202, retryAfterSeconds: 3, body: assigning }));
  await assert.rejects(converse(forever, 30_000).result, /did not finish the registration in time/);
});
