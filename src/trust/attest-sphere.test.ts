import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { dayMs, hourMs, instant, minuteMs, plus } from '#base/instant.ts';
import { attestSphere, type SphereAppraisalInput } from './attest-sphere.ts';
import type { Measurement } from './sphere-measurements.ts';

const at = instant(Date.UTC(2026, 5, 1));
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const otherCurve = generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
const deviceId = 'ab'.repeat(64);
const agent: Measurement = { id: 'agent', type: 'agent', alg: 'sha-256', digest: '1', version: '1', svn: 1, signer: 's' };
const app: Measurement = { ...agent, id: 'app', type: 'app', digest: '2' };

const good = {
  deviceId,
  tenantId: 't1',
  claims: { dbgstat: 'disabled', bootcount: 7, bootseed: 'seed', 'hp-clock': 'untrusted', 'hp-epoch': 1 },
  measurements: [agent, app],
  request: { commonNames: [deviceId], subjectAttributeCount: 1, publicKey, spkiSha256: 'leaf', isSignatureValid: true },
  identitySpkiSha256: 'identity',
  isKeyUsed: false,
  device: { tenantId: 't1', claimEpoch: 1, status: 'active', bootCount: 7, bootSeed: 'seed' },
  policy: { version: 'v', debug: 'denied', assuranceMin: 'A0', requiredTypes: ['agent', 'app'], floors: {} },
  referenceValues: [agent, app].map((value) => ({ ...value, state: 'current' as const, allowedUntil: undefined })),
  authorityNotAfter: plus(at, dayMs),
  clockMark: at,
  at,
} as const satisfies SphereAppraisalInput;

type Change = Partial<SphereAppraisalInput>;
const reasonOf = (change: Change) => {
  const verdict = attestSphere({ ...good, ...change });
  return verdict.accepted ? undefined : verdict.refusal.reason;
};
const claims = (change: Partial<SphereAppraisalInput['claims']>): Change => ({ claims: { ...good.claims, ...change } });
const request = (change: object): Change => ({ request: { ...good.request, ...change } });
const device = (change: object): Change => ({ device: { ...good.device, ...change } });
const policy = (change: object): Change => ({ policy: { ...good.policy, ...change } });
const references = (change: object): Change => ({
  referenceValues: good.referenceValues.map((value) => (value.id === 'app' ? { ...value, ...change } : value)),
});
const iat = (ms: number) => Math.floor((at + ms) / 1000);

test('a device that fulfils everything is affirmed at A0, with every step in the trace', () => {
  const verdict = attestSphere(good);
  assert.ok(verdict.accepted);
  assert.deepEqual(verdict.value, { assurance: 'A0', tier: 'affirming', warnings: [] });
  assert.deepEqual(
    verdict.trace.map((step) => step.check),
    [
      'certificate request',
      'claim',
      'boot counter',
      'device clock',
      'debug state',
      'measurements',
      'assurance',
      'server clock',
      'tenant CA',
    ],
  );
});

/** In the order of sphere.md 3.7. */
const refusals: readonly (readonly [what: string, change: Change, reason: string])[] = [
  ['an unreadable request', { request: undefined }, 'csr-invalid'],
  ['a request that its key did not sign', request({ isSignatureValid: false }), 'csr-invalid'],
  ['a request for P-521', request({ publicKey: otherCurve }), 'csr-invalid'],
  ['a request for RSA', request({ publicKey: rsa }), 'csr-invalid'],
  ['a request for another name', request({ commonNames: ['x'] }), 'csr-cn-mismatch'],
  ['a request for two common names', request({ commonNames: [deviceId, 'x'], subjectAttributeCount: 2 }), 'csr-cn-mismatch'],
  ['a request with more than a common name', request({ subjectAttributeCount: 2 }), 'csr-cn-mismatch'],
  ['a request without a name', request({ commonNames: [], subjectAttributeCount: 0 }), 'csr-cn-mismatch'],
  ['a request for the identity key', request({ spkiSha256: 'identity' }), 'csr-key-reuse'],
  ['a request for a key that was certified before', { isKeyUsed: true }, 'csr-key-reuse'],
  ['an unclaimed device', { device: undefined }, 'not-claimed'],
  ["another tenant's device", device({ tenantId: 't2' }), 'wrong-tenant'],
  ['evidence of an older claim', claims({ 'hp-epoch': 0 }), 'claim-epoch'],
  ['evidence of a newer claim', claims({ 'hp-epoch': 2 }), 'claim-epoch'],
  ['a suspended device', device({ status: 'suspended' }), 'device-suspended'],
  ['a revoked device', device({ status: 'revoked' }), 'device-revoked'],
  ['a boot counter that fell', claims({ bootcount: 6 }), 'rollback-detected'],
  ['another seed at the same boot count', claims({ bootseed: 'other' }), 'clone-suspected'],
  ['a trusted clock six minutes slow', claims({ 'hp-clock': 'trusted', iat: iat(-6 * minuteMs) }), 'clock-skew'],
  ['a trusted clock six minutes fast', claims({ 'hp-clock': 'trusted', iat: iat(6 * minuteMs) }), 'clock-skew'],
  ['a trusted clock that tells no time', claims({ 'hp-clock': 'trusted' }), 'clock-skew'],
  ['development mode', claims({ dbgstat: 'enabled' }), 'debug-enabled'],
  ['a required type that was not measured', { measurements: [app] }, 'measurement-unknown'],
  ['nothing measured', { measurements: [] }, 'measurement-unknown'],
  ['a digest that nobody vouched for', { measurements: [agent, { ...app, digest: '3' }] }, 'measurement-unknown'],
  ["another component's digest", { measurements: [agent, { ...app, digest: '1' }] }, 'measurement-unknown'],
  ['an extra component that nobody vouched for', { measurements: [agent, app, { ...app, id: 'x' }] }, 'measurement-unknown'],
  ['a version that the digest does not have', { measurements: [agent, { ...app, version: '2' }] }, 'measurement-unknown'],
  ['a security version that the digest does not have', { measurements: [agent, { ...app, svn: 9 }] }, 'measurement-unknown'],
  ['a signer that the digest does not have', { measurements: [agent, { ...app, signer: 'x' }] }, 'measurement-unknown'],
  [
    'a type that the digest does not have',
    { measurements: [agent, app, { ...agent, id: 'app', digest: '2' }] },
    'measurement-unknown',
  ],
  ['a revoked component', references({ state: 'revoked' }), 'measurement-revoked'],
  ['a deprecated component after its date', references({ state: 'deprecated', allowedUntil: at }), 'measurement-revoked'],
  ['a component below the floor', policy({ floors: { app: 2 } }), 'version-below-floor'],
  ['an assurance that the policy finds too low', policy({ assuranceMin: 'A1' }), 'assurance-too-low'],
  ['a server clock more than two minutes behind its mark', { clockMark: plus(at, 2 * minuteMs + 1) }, 'clock-guard'],
  ['a tenant without a CA', { authorityNotAfter: undefined }, 'ca-unavailable'],
  ['a tenant CA that ends now', { authorityNotAfter: at }, 'ca-unavailable'],
];

for (const [what, change, reason] of refusals) {
  test(`${what} is refused as ${reason}`, () => assert.equal(reasonOf(change), reason));
}

test('the first failing step names the reason, whatever else is wrong', () => {
  // From the last step to the first: each further fault takes the reason over.
  const faults: readonly (readonly [reason: string, change: Change])[] = [
    ['ca-unavailable', { authorityNotAfter: undefined }],
    ['clock-guard', { clockMark: plus(at, hourMs) }],
    ['assurance-too-low', policy({ assuranceMin: 'A1' })],
    ['measurement-unknown', { measurements: [] }],
    ['debug-enabled', claims({ dbgstat: 'enabled' })],
    ['clock-skew', claims({ dbgstat: 'enabled', 'hp-clock': 'trusted' })],
    ['rollback-detected', claims({ dbgstat: 'enabled', 'hp-clock': 'trusted', bootcount: 1 })],
    ['wrong-tenant', device({ tenantId: 't2' })],
    ['csr-invalid', { request: undefined }],
  ];
  let everything: Change = {};
  for (const [reason, change] of faults) {
    everything = { ...everything, ...change };
    const verdict = attestSphere({ ...good, ...everything });
    assert.ok(!verdict.accepted);
    assert.equal(verdict.refusal.reason, reason);
    assert.equal(verdict.refusal.trace.filter((step) => !step.passed).length, 1);
  }
});

/** What is odd but allowed. */
const acceptances: readonly (readonly [what: string, change: Change, warnings: string[]])[] = [
  ['a first attestation', device({ bootCount: undefined, bootSeed: undefined }), []],
  ['a later boot with its own seed', claims({ bootcount: 8, bootseed: 'other' }), []],
  ['an untrusted clock without time', claims({}), []],
  ['an untrusted clock a year off', claims({ iat: iat(-365 * dayMs) }), []],
  ['a trusted clock five minutes off', claims({ 'hp-clock': 'trusted', iat: iat(-5 * minuteMs) }), []],
  [
    'development mode where the policy allows it',
    { ...claims({ dbgstat: 'enabled' }), ...policy({ debug: 'allowed' }) },
    ['debug-enabled'],
  ],
  ['a deprecated component before its date', references({ state: 'deprecated', allowedUntil: plus(at, 1) }), ['deprecated:app']],
  ['an allowed component', references({ state: 'allowed' }), []],
  ['a component at the floor', policy({ floors: { app: 1 } }), []],
  ['a floor for another component', policy({ floors: { other: 5, toString: 5 } }), []],
  ['a server clock two minutes behind its mark', { clockMark: plus(at, 2 * minuteMs) }, []],
  ['a server clock ahead of its mark', { clockMark: plus(at, -hourMs) }, []],
];

for (const [what, change, warnings] of acceptances) {
  test(`${what} is accepted`, () => {
    const verdict = attestSphere({ ...good, ...change });
    assert.ok(verdict.accepted, verdict.accepted ? '' : verdict.refusal.detail);
    assert.deepEqual(verdict.value.warnings, warnings);
    assert.equal(verdict.value.tier, warnings.length > 0 ? 'warning' : 'affirming');
  });
}

test('a device that is outdated and altered is called altered', () => {
  const altered = { measurements: [{ ...agent, digest: '9' }, app], ...policy({ floors: { app: 2, agent: 2 } }) };
  assert.equal(reasonOf(altered), 'measurement-unknown');
  assert.equal(
    reasonOf({ measurements: [app, { ...agent, digest: '9' }], ...policy({ floors: { app: 2 } }) }),
    'measurement-unknown',
  );
});

test('a device below the floor is told which version it needs', () => {
  const verdict = attestSphere({ ...good, ...policy({ floors: { app: 3 } }) });
  assert.deepEqual(verdict.accepted ? undefined : verdict.required, { component: 'app', minimumVersion: 3 });
});

test('sphere 78: nothing that a device says of itself raises its assurance', () => {
  const boasting = { ...claims({ assurance: 'A3', submods: { tpm: {} } } as never), ...policy({ assuranceMin: 'A2' }) };
  assert.equal(reasonOf(boasting), 'assurance-too-low');
});

test("a refusal for another tenant's device does not say whose it is", () => {
  const verdict = attestSphere({ ...good, ...device({ tenantId: 'the-owner' }) });
  assert.ok(!JSON.stringify(verdict).includes('the-owner'));
});
