import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startProcessorTime } from '#test/support/processor-time.ts';
import type { Certificate } from './certificate.ts';
import { anyPolicy } from './oids.ts';
import { policyFault } from './policy-path.ts';

type Said = Pick<Certificate, 'policies' | 'policyMappings' | 'policyConstraints' | 'inhibitAnyPolicy'> & {
  isSelfIssued?: boolean;
};

/** A path from what its certificates say, leaf first; the anchor says nothing. */
function faultOf(...said: readonly Said[]): string | undefined {
  const path = [...said, {}].map((one, index) => ({ subject: `CN=${index}`, isSelfIssued: false, ...one }));
  // Only these fields are looked at.
  return policyFault(path as unknown as Certificate[]);
}

const demand = { policyConstraints: { requireExplicitPolicy: 0 } };
const says = (...policies: string[]): Said => ({ policies });

describe('certificate policies on a path', () => {
  test('nobody asks, so anything goes', () => {
    assert.equal(faultOf({}, {}), undefined);
    assert.equal(faultOf(says('1.1'), says('1.2')), undefined);
    assert.equal(faultOf({}), undefined);
  });

  test('a CA asks: one policy has to hold from top to bottom', () => {
    assert.equal(faultOf(says('1.1'), { ...says('1.1'), ...demand }), undefined);
    assert.match(faultOf(says('1.2'), { ...says('1.1'), ...demand }) ?? '', /CN=0 is one that the CAs above/);
    assert.match(faultOf({}, { ...says('1.1'), ...demand }) ?? '', /no policy/);
    assert.equal(faultOf(says('1.7'), { ...says(anyPolicy), ...demand }), undefined);
    assert.equal(faultOf(says(anyPolicy), { ...says('1.1'), ...demand }), undefined);
  });

  test('the demand counts certificates that are not self-issued, and the leaf may make it', () => {
    const after = (requireExplicitPolicy: number): Said => ({ policyConstraints: { requireExplicitPolicy } });
    assert.equal(faultOf({}, after(2)), undefined);
    assert.notEqual(faultOf({}, after(1)), undefined);
    assert.equal(faultOf({}, { isSelfIssued: true }, after(2)), undefined);
    assert.notEqual(faultOf({}, {}, after(2)), undefined);
    assert.notEqual(faultOf(demand, {}), undefined);
    assert.equal(faultOf({ ...demand, ...says('1.1') }, says('1.1')), undefined);
    assert.equal(faultOf({ policyConstraints: { requireExplicitPolicy: 5 } }, {}), undefined);
  });

  test('a later, weaker demand does not take back a stronger one', () => {
    assert.notEqual(faultOf({}, { policyConstraints: { requireExplicitPolicy: 9 } }, demand), undefined);
  });

  test('anyPolicy counts until it is inhibited, then for self-issued CAs alone', () => {
    const inhibit = { ...demand, inhibitAnyPolicy: 0 };
    assert.notEqual(faultOf(says(anyPolicy), { ...says('1.1'), ...inhibit }), undefined);
    assert.equal(faultOf(says('1.1'), { isSelfIssued: true, ...says(anyPolicy) }, { ...says('1.1'), ...inhibit }), undefined);
    assert.notEqual(faultOf(says('1.1'), says(anyPolicy), { ...says('1.1'), ...inhibit }), undefined);
  });

  test('mappings rename what is below, and several may apply', () => {
    const mapped = (...policyMappings: (readonly [string, string])[]): Said => ({ ...says('1.1'), ...demand, policyMappings });
    assert.equal(faultOf(says('1.2'), mapped(['1.1', '1.2'])), undefined);
    assert.notEqual(faultOf(says('1.1'), mapped(['1.1', '1.2'])), undefined);
    assert.equal(faultOf(says('1.3'), mapped(['1.1', '1.2'], ['1.1', '1.3'])), undefined);
    assert.equal(faultOf(says('1.9'), { ...mapped(['1.8', '1.9']), policies: [anyPolicy] }), undefined);
    assert.notEqual(faultOf(says('1.9'), mapped(['1.8', '1.9'])), undefined);
  });

  test('a mapping that a CA above forbade takes its policy away', () => {
    const forbid: Said = { ...says('1.1'), policyConstraints: { requireExplicitPolicy: 0, inhibitPolicyMapping: 0 } };
    const maps: Said = { ...says('1.1'), policyMappings: [['1.1', '1.2']] };
    assert.notEqual(faultOf(says('1.2'), maps, forbid), undefined);
    assert.notEqual(faultOf(says('1.1'), maps, forbid), undefined);
    assert.equal(faultOf(says('1.3'), { ...maps, policies: ['1.1', '1.3'] }, { ...forbid, policies: ['1.1', '1.3'] }), undefined);
  });

  test('to and from anyPolicy nothing may be mapped; a leaf maps nothing', () => {
    for (const mapping of [
      ['1.1', anyPolicy],
      [anyPolicy, '1.1'],
    ] as const) {
      assert.match(faultOf(says('1.1'), { ...says('1.1'), policyMappings: [mapping] }) ?? '', /stands for any/);
      assert.equal(faultOf({ ...says('1.1'), policyMappings: [mapping] }, says('1.1')), undefined);
    }
  });

  test('more policies on a level than anybody has are refused, and mappings that multiply end soon', () => {
    const many = Array.from({ length: 501 }, (_, index) => `1.${index}`);
    assert.match(faultOf(says('1.1'), says(...many)) ?? '', /too many policies/);
    const few = many.slice(0, 25);
    const policyMappings = few.flatMap((from) => few.map((to) => [from, to] as const));
    const time = startProcessorTime();
    assert.equal(
      faultOf(says('1.1'), ...Array.from({ length: 10 }, () => ({ ...says(...few), policyMappings, ...demand }))),
      undefined,
    );
    assert.ok(time() < 1_000);
  });
});
