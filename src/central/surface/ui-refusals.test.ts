import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CentralBench, openCentralBench } from '#test/support/central-bench.ts';
import { makeCa, makeLeaf, makeOriginalProof, type TestCertificate } from '#test/support/certificates.ts';
import type { RefusalBody } from '../contract/ui-refusals.ts';

const roles = { operator: 'ae2c9854-393b-4f97-8c42-479d70ce626e', builder: '344138e9-8de4-4497-8c54-5237e96d6aaf' };

describe('the routes of refusals', () => {
  let bench: CentralBench;
  let call: Awaited<ReturnType<CentralBench['client']>>;
  before(async () => {
    bench = await openCentralBench();
    call = await bench.client();
  });
  after(() => bench.close());

  async function groupWith(groupId: string, ca: TestCertificate, options: { isProven: boolean }): Promise<void> {
    const group = `/api/enrollmentGroups/${groupId}`;
    await call('PUT', group, { displayName: groupId, type: 'iot', attestation: { type: 'x509', x509: {} } });
    await call('PUT', `${group}/certificates/primary`, { certificate: ca.pem });
    if (!options.isProven) return;
    const { verificationCode } = (await call('POST', `${group}/certificates/primary/generateVerificationCode`)).json;
    const proof = makeOriginalProof(ca, String(verificationCode));
    assert.equal((await call('POST', `${group}/certificates/primary/verify`, { certificate: proof.pem })).status, 204);
  }

  const list = async (query: string) => (await call('GET', `/api/ui/refusals?${query}`)).json.value as RefusalBody[];

  test('each group has its own, and one is whole by its id', async () => {
    const [one, two] = [makeCa({ name: 'One' }), makeCa({ name: 'Two' })];
    await groupWith('one', one, { isProven: false });
    await groupWith('two', two, { isProven: true });
    assert.equal((await bench.dial('early', [makeLeaf({ issuer: one, name: 'early' }).der])).status, 401);
    assert.equal((await bench.dial('misnamed', [makeLeaf({ issuer: two, name: 'other' }).der])).status, 401);
    assert.deepEqual(
      (await list('group=one')).map(({ subject }) => subject),
      ['early'],
    );
    const [refusal] = await list('group=two');
    assert.equal(refusal?.subject, 'misnamed');
    const whole = (await call('GET', `/api/ui/refusals/${refusal.id}`)).json as unknown as RefusalBody;
    assert.deepEqual(whole, refusal);
    assert.equal(whole.reason, 'common-name-mismatch');
    assert.deepEqual(
      whole.chain.map(({ role }) => role),
      ['device', 'verified-ca'],
    );
    assert.ok(whole.means && whole.fix && whole.at);
    assert.deepEqual(whole.nearest, []);
    assert.equal((await call('GET', '/api/ui/refusals?group=nowhere')).status, 404);
  });

  test('what was not said at the refusal itself is filled in from the table', async () => {
    await groupWith('three', makeCa({ name: 'Three' }), { isProven: true });
    const namesake = makeCa({ name: 'Three' });
    assert.equal((await bench.dial('false', [makeLeaf({ issuer: namesake, name: 'false' }).der])).status, 401);
    const [refusal] = await list('subject=false');
    assert.equal(refusal?.reason, 'signature-invalid');
    assert.match(refusal.means ?? '', /its key did not sign/);
    assert.match(refusal.fix ?? '', /Compare the thumbprints/);
    assert.deepEqual(
      refusal.nearest?.map(({ kind, name }) => `${kind} ${name}`),
      ['group three'],
    );
  });

  test('an id that does not exist is not found, and a filter that does not exist is refused', async () => {
    assert.equal((await call('GET', `/api/ui/refusals/${'0'.repeat(16)}`)).status, 404);
    assert.equal((await call('GET', '/api/ui/refusals?reason=x')).status, 400);
  });

  test('who has no permission to read refusals learns neither a list nor one of them', async () => {
    const [any] = await list('limit=1');
    for (const [name, role] of Object.entries(roles)) {
      const { token } = (await call('PUT', `/api/apiTokens/${name}`, { roles: [{ role }] })).json;
      for (const path of ['/api/ui/refusals', `/api/ui/refusals/${any?.id}`]) {
        const refused = await bench.ask('GET', path, { token: String(token) });
        assert.equal(refused.status, 403, path);
        assert.equal('value' in refused.json, false);
      }
    }
    assert.equal((await bench.ask('GET', '/api/ui/refusals')).status, 401);
  });
});
