import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  formatDpsPollTopic,
  formatDpsRegisterTopic,
  formatDpsResponseTopic,
  parseDpsRequestTopic,
  parseDpsResponseTopic,
} from './dps-topics.ts';

const operationId = '4.316aac5bdc130deb.b1e02da8-c3a0-4ff2-a121-7ea7a6b7f550';

describe('provisioning topics', () => {
  test('dps 19: a response has ?$rid= first and retry-after=3 last, with nothing behind the seconds', () => {
    assert.equal(
      formatDpsResponseTopic({ status: 202, requestId: 'b1e02da8-c3a0', retryAfterSeconds: 3 }),
      '$dps/registrations/res/202/?$rid=b1e02da8-c3a0&retry-after=3',
    );
    assert.equal(formatDpsResponseTopic({ status: 401, requestId: '7' }), '$dps/registrations/res/401/?$rid=7');
  });

  test('any request id is echoed byte for byte', () => {
    for (const requestId of ['1', '', 'A-b_c', 'a%20b', 'a/b', 'x=y']) {
      const request = parseDpsRequestTopic(`$dps/registrations/PUT/iotdps-register/?$rid=${requestId}`);
      assert.deepEqual(request, { kind: 'register', requestId });
      assert.equal(formatDpsResponseTopic({ status: 200, requestId }), `$dps/registrations/res/200/?$rid=${requestId}`);
    }
  });

  test('a request id that the answer could not carry is none', () => {
    const topicOf = (length: number) => `$dps/registrations/PUT/iotdps-register/?$rid=${'r'.repeat(length)}`;
    assert.equal(parseDpsRequestTopic(topicOf(1_024))?.requestId.length, 1_024);
    assert.equal(parseDpsRequestTopic(topicOf(1_025)), undefined);
    assert.equal(parseDpsRequestTopic(topicOf(65_490)), undefined);
  });

  test('a poll names its operation, in either order', () => {
    const poll = { kind: 'poll', requestId: '2', operationId } as const;
    assert.deepEqual(
      parseDpsRequestTopic(`$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=${operationId}`),
      poll,
    );
    assert.deepEqual(
      parseDpsRequestTopic(`$dps/registrations/GET/iotdps-get-operationstatus/?operationId=${operationId}&$rid=2`),
      poll,
    );
    assert.deepEqual(parseDpsRequestTopic('$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2'), {
      ...poll,
      operationId: '',
    });
  });

  test('any other topic is none', () => {
    for (const topic of [
      '',
      '$dps/registrations/PUT/iotdps-register',
      '$dps/registrations/PUT/iotdps-register/',
      '$dps/registrations/PUT/iotdps-register/?',
      '$dps/registrations/PUT/iotdps-register/?rid=1',
      '$dps/registrations/PUT/iotdps-register/$rid=1',
      '$dps/registrations/GET/iotdps-register/?$rid=1',
      '$dps/registrations/PUT/iotdps-get-operationstatus/?$rid=1',
      '$DPS/registrations/PUT/iotdps-register/?$rid=1',
      '$dps/registrations/res/200/?$rid=1',
      'devices/d/messages/events/',
    ]) {
      assert.equal(parseDpsRequestTopic(topic), undefined, topic);
    }
  });

  test('a status that has not three digits and a wait that is no whole number are bugs', () => {
    assert.throws(() => formatDpsResponseTopic({ status: 99, requestId: '1' }));
    assert.throws(() => formatDpsResponseTopic({ status: 202, requestId: '1', retryAfterSeconds: 1.5 }));
    assert.throws(() => formatDpsResponseTopic({ status: 202, requestId: '1', retryAfterSeconds: -1 }));
  });

  test('what one side formats is what the other reads', () => {
    assert.deepEqual(parseDpsRequestTopic(formatDpsRegisterTopic('r')), { kind: 'register', requestId: 'r' });
    assert.deepEqual(parseDpsRequestTopic(formatDpsPollTopic('r', operationId)), { kind: 'poll', requestId: 'r', operationId });
    for (const response of [
      { status: 202, requestId: 'r', retryAfterSeconds: 3 },
      { status: 200, requestId: 'r' },
    ]) {
      assert.deepEqual(parseDpsResponseTopic(formatDpsResponseTopic(response)), response);
    }
    for (const topic of [
      '',
      '$dps/registrations/res/20/?$rid=1',
      '$dps/registrations/res/200/',
      '$dps/registrations/res/2000/?$rid=1',
    ]) {
      assert.equal(parseDpsResponseTopic(topic), undefined);
    }
  });
});
