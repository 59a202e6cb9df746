import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeDailyLeaf, makeSphereAuthorities } from '#test/support/certificates.ts';
import { type CompatBench, type Identity, identityOf, openCompatBench } from '#test/support/compat-bench.ts';

/** A server with a tenant's CA in a group, a device of that tenant, and the certificates of two of its days. */
async function openTenant(t: { after(cleanup: () => Promise<void>): void }, environment: Record<string, string> = {}) {
  const bench = await openCompatBench(environment);
  t.after(() => bench.close());
  const { root, policy, tenant } = await makeSphereAuthorities({ now: bench.now });
  await bench.enroll('tenant', tenant);
  const first = await makeDailyLeaf(tenant, { now: bench.now });
  const second = await makeDailyLeaf(tenant, { now: bench.now, deviceId: first.deviceId });
  const chain = [tenant, policy, root];
  return {
    bench,
    deviceId: first.deviceId,
    today: identityOf(first.leaf, chain),
    tomorrow: identityOf(second.leaf, chain),
  };
}

async function registered(bench: CompatBench, identity: Identity, deviceId: string): Promise<void> {
  const { body } = await bench.register(identity, deviceId);
  assert.equal(body.status, 'assigned', JSON.stringify(body));
}

async function sendsAs(bench: CompatBench, identity: Identity, deviceId: string, body: string) {
  const device = await bench.dialHub(identity, deviceId);
  assert.equal(device.code, 0);
  await device.send(`devices/${deviceId}/messages/events/`, body);
  await bench.arrival(deviceId, body);
  return device;
}

describe('a daily certificate is renewed', () => {
  test('sphere 55: the hub refuses the new one, the device registers again, and telemetry resumes', async (t) => {
    const { bench, deviceId, today, tomorrow } = await openTenant(t);
    await registered(bench, today, deviceId);
    const device = await sendsAs(bench, today, deviceId, '"today"');

    assert.equal((await bench.dialHub(tomorrow, deviceId)).code, 5);
    const refusal = await bench.refusal(deviceId);
    assert.equal(refusal.service, 'hub');
    assert.equal(refusal.reason, 'thumbprint-mismatch');
    assert.equal(device.isClosed, false, 'a refused sign-in ends nobody');

    await registered(bench, tomorrow, deviceId);
    await device.closed();
    await sendsAs(bench, tomorrow, deviceId, '"tomorrow"');
    assert.equal((await bench.dialHub(today, deviceId)).code, 5, 'the certificate of yesterday is worth nothing');
    assert.deepEqual(await bench.devices(), [deviceId]);
  });

  test('sphere 56: with daaIdentityMode caSigned, renewal causes no refusal', async (t) => {
    const environment = { HOMEPORT_PROVISIONING__DAA_IDENTITY_MODE: 'caSigned' };
    const { bench, deviceId, today, tomorrow } = await openTenant(t, environment);
    await registered(bench, today, deviceId);
    (await sendsAs(bench, today, deviceId, '"today"')).disconnect();
    await sendsAs(bench, tomorrow, deviceId, '"tomorrow"');
    assert.deepEqual(await bench.refusals(), []);
  });
});
