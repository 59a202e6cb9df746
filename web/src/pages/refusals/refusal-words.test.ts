import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Refusal } from '../../api/contract.ts';
import { clockWords, linkOfMatch, linkOfSubject } from './refusal-words.ts';

const refusal: Refusal = {
  id: '0'.repeat(16),
  service: 'hub',
  subject: 'dev1',
  peer: '127.0.0.1',
  reason: 'token-signature',
  detail: '',
  trace: [],
  chain: [],
  firstAt: '2026-06-01T00:00:00.000Z',
  lastAt: '2026-06-01T00:00:00.000Z',
  times: 1,
};

describe('words about a refusal', () => {
  test('the clock says when, and whether it was moved', () => {
    const at = '2026-06-01T10:20:30.400Z';
    assert.equal(clockWords({ at }), '2026-06-01T10:20:30Z, not moved');
    assert.equal(clockWords({ at, clockMovedMs: 90_000_000 }), '2026-06-01T10:20:30Z, moved ahead by 25 h');
    assert.equal(clockWords({}), undefined);
  });

  test('a subject leads to the device at the hub that refused it', () => {
    const path = (subject: string) => linkOfSubject({ ...refusal, subject })?.path;
    assert.equal(path('dev1'), '/hub/iot-devices/id/dev1?hub=main');
    assert.equal(path('dev1/filter'), '/hub/iot-devices/id/dev1?hub=main');
    assert.equal(path('plant-2//dev1/filter'), '/hub/iot-devices/id/dev1?hub=plant-2');
    assert.equal(linkOfSubject({ ...refusal, service: 'central' }), undefined);
    assert.equal(linkOfSubject({ ...refusal, reason: 'device-unknown' }), undefined);
  });

  test('what comes nearest leads to its page, where it has one', () => {
    assert.equal(linkOfMatch(refusal, { kind: 'group', name: 'line 1' }), '/permissions/device-connection-groups/line%201');
    assert.equal(
      linkOfMatch({ ...refusal, subject: 'plant-2//DEV1' }, { kind: 'device', name: 'dev1' }),
      '/hub/iot-devices/id/dev1?hub=plant-2',
    );
    assert.equal(linkOfMatch(refusal, { kind: 'id-scope', name: '0ne1' }), undefined);
  });
});
