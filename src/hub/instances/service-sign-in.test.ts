import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secondMs } from '#base/instant.ts';
import { hubHost, openHubBench } from '#test/support/hub-bench.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';

test('a back end is let in under the policy it signed with, for the path it asks for', async (t) => {
  const bench = await openHubBench();
  t.after(() => bench.close());
  const { hub, clock } = bench;
  const expirySeconds = Math.ceil(clock.now() / secondMs) + 60;
  for (const policy of hub.policies.list()) {
    const key = Buffer.from(policy.primaryKey, 'base64');
    const verdict = await hub.authenticateService(
      formatSasToken({ resource: hubHost, key, keyName: policy.name, expirySeconds }),
      '/devices/dev1',
    );
    assert.ok(verdict.accepted && verdict.value.policyName === policy.name);
    assert.deepEqual([...verdict.value.rights].sort(), [...policy.rights].sort());
  }
  const service = hub.policies.find('service');
  assert.ok(service);
  const narrow = formatSasToken({
    resource: `${hubHost}/devices/dev1`,
    key: Buffer.from(service.secondaryKey, 'base64'),
    keyName: 'service',
    expirySeconds,
  });
  assert.equal((await hub.authenticateService(narrow, '/devices/dev1')).accepted, true);
  for (const path of ['/devices/dev12', '/devices', '/', '', '/twins/dev1']) {
    const verdict = await hub.authenticateService(narrow, path);
    assert.ok(!verdict.accepted && verdict.refusal.reason === 'token-scope', path);
  }
  clock.advance(400 * secondMs);
  const expired = await hub.authenticateService(narrow, '/devices/dev1');
  assert.ok(!expired.accepted && expired.refusal.reason === 'token-expired');
  const missing = await hub.authenticateService(undefined, '/devices/dev1');
  assert.ok(!missing.accepted && missing.refusal.reason === 'token-missing');
});
