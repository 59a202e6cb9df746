import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countGroupRefusals, type GroupNames } from './group-refusals.ts';

const group: GroupNames = { groupId: 'line-1', certificates: [{ subject: 'CN=Line 1', sha256Thumbprint: 'ab'.repeat(32) }] };
const refused = (detail: string, reason = 'issuer-not-verified', trace = '[]') => ({ reason, detail, trace, times: 2 });
const count = (...refusals: Parameters<typeof countGroupRefusals>[0]) => countGroupRefusals(refusals, group);

test('registrations under a CA of the group are counted with their repeats, by thumbprint or by whole subject', () => {
  assert.equal(count(refused(`The CA ${'ab'.repeat(32)} is not verified.`)), 2);
  assert.equal(count(refused('CN=Line 1 is not verified.'), refused('The key of CN=Line 1 did not sign CN=dev.')), 4);
  assert.equal(count(refused('', 'issuer-not-verified', '[{"check":"anchor","detail":"CN=Line 1"}]')), 2);
});

test('a CA whose name only begins like the group’s is another', () => {
  for (const name of ['CN=Line 10', 'CN=Line 1, O=Other', 'CN=Line 1-b', 'CN=Line 1é'])
    assert.equal(count(refused(`${name} is not verified.`)), 0, name);
  assert.equal(count(refused('CN=Line 10 is below CN=Line 1.')), 2);
});

test('a refused proof names CAs and turned no device away', () => {
  assert.equal(count(refused('The proof was issued by CN=Line 1, not by CN=Line 2.', 'ProofIssuerMismatch')), 0);
});

test('what the group itself turned away is counted by its id, as a whole word', () => {
  assert.equal(count(refused('The group line-1 is disabled.', 'enrollment-disabled')), 2);
  assert.equal(count(refused('The group line-10 is disabled.', 'enrollment-disabled')), 0);
  assert.equal(count(refused('The group line-1 is mentioned.', 'certificate-expired')), 0);
});
