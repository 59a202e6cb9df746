import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowsOf, updatedPages } from './compatibility.ts';

test('a test name that begins with tags makes a row for each of them, and other names make none', () => {
  const text = `test('hub 20, 28: a wrong key evicts nobody', …); test("dps 7 and hub 5: both", …); test('hubs are nice', …); test('hub 2 is not a tag', …); test('thin-edge 1, 2: modes', …); test('hub 6, and thin-edge 64: any case', …)`;
  assert.deepEqual(
    rowsOf('x.test.ts', text).map(({ service, number, shows }) => `${service} ${number} ${shows}`),
    [
      'hub 20 a wrong key evicts nobody',
      'hub 28 a wrong key evicts nobody',
      'dps 7 both',
      'hub 5 both',
      'thin-edge 1 modes',
      'thin-edge 2 modes',
      'hub 6 any case',
      'thin-edge 64 any case',
    ],
  );
});

test('the compatibility tables are current; node tools/compatibility.ts writes them', () => {
  for (const { path, present, wanted, count } of updatedPages()) {
    assert.ok(count >= 20, `${path} shows ${count} statements, expected at least 20`);
    assert.equal(present, wanted, path);
  }
});
