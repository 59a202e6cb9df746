import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditQuery, instantOf, localField, readAuditFilter, spanProblem } from './audit-filter.ts';

const now = Date.parse('2026-06-01T12:00:00Z');
const read = (search: string) => readAuditFilter(new URLSearchParams(search));

test('only what the address names is asked for', () => {
  assert.deepEqual(auditQuery(read(''), now), {});
  assert.deepEqual(auditQuery(read('actor=iothubowner&hub=main&before=40'), now), {
    actor: 'iothubowner',
    hub: 'main',
    before: '40',
  });
});

test('the last hour ends now, and two instants are asked for as they are', () => {
  assert.deepEqual(auditQuery(read('span=1h&since=2020-01-01T00:00:00Z'), now), { since: '2026-06-01T11:00:00.000Z' });
  const span = 'span=between&since=2026-05-01T00:00:00Z&until=2026-05-02T00:00:00Z';
  assert.deepEqual(auditQuery(read(span), now), { since: '2026-05-01T00:00:00.000Z', until: '2026-05-02T00:00:00.000Z' });
});

test('what is no instant and no number of an entry is left out', () => {
  const filter = read('span=between&since=yesterday&before=-1');
  assert.deepEqual([filter.since, filter.before], ['', '']);
});

test('two times in the wrong order are said to be so', () => {
  assert.equal(
    spanProblem(read('span=between&since=2026-05-02T00:00:00Z&until=2026-05-01T00:00:00Z')),
    'Choose a time after the first.',
  );
  assert.equal(spanProblem(read('span=between&since=2026-05-01T00:00:00Z&until=2026-05-02T00:00:00Z')), undefined);
  assert.equal(spanProblem(read('span=between&since=2026-05-01T00:00:00Z')), undefined);
});

test('an instant survives the way through a field of local time', () => {
  assert.equal(instantOf(localField('2026-05-01T10:30:00.000Z')), '2026-05-01T10:30:00.000Z');
  assert.equal(localField(''), '');
});
