import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ProvisioningServiceClient } from 'azure-iot-provisioning-service';
import type { JsonObject } from '#base/json.ts';
import { resolveSettings } from '#base/settings.ts';
import { serverSettings } from '#server/config.ts';
import { openAllocationHook } from '#test/support/allocation-hook.ts';
import { openCompatBench } from '#test/support/compat-bench.ts';
import { openProvisioningService } from '#test/support/provisioning-service.ts';

type Enrollment = Parameters<ProvisioningServiceClient['createOrUpdateIndividualEnrollment']>[0];

const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/choose-a-hub-by-webhook.md'), 'utf8');
const blocks = (language: string) =>
  [...guide.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(([, name]) => name === language).map(([, , text = '']) => text);

test('the settings of the guide are settings', () => {
  const [text = ''] = blocks('toml');
  const { values } = resolveSettings(serverSettings, { file: { name: 'the guide', text } });
  assert.deepEqual(values['outgoing.allowed'], ['10.1.0.0/16']);
  assert.ok(guide.includes('`outgoing.allowHttp = true`'));
  assert.equal(
    resolveSettings(serverSettings, { file: { name: 'x', text: 'outgoing.allowHttp = true' } }).values['outgoing.allowHttp'],
    true,
  );
});

test('the enrollment and the answer of the guide lead a device to its hub', async (t) => {
  const hook = await openAllocationHook();
  t.after(() => hook.close());
  const bench = await openCompatBench(hook.environment);
  t.after(() => bench.close());
  for (const name of ['plant-2', 'plant-3']) await bench.home.ok('homeport', ['hub', 'create', name]);
  const { client: service } = await openProvisioningService(bench.home);
  const [enrollment, answer] = blocks('json').map((text) => JSON.parse(text));
  const identity = bench.selfSignedOf('guided-1');
  await service.createOrUpdateIndividualEnrollment({
    registrationId: 'guided-1',
    attestation: { type: 'x509', x509: { clientCertificates: { primary: { certificate: identity.leaf.pem } } } },
    ...enrollment,
    customAllocationDefinition: { ...enrollment.customAllocationDefinition, webhookUrl: hook.url },
  } as unknown as Enrollment);
  hook.answerWith(() => ({ body: answer }));
  const { body } = await bench.register(identity, 'guided-1', { model: 'x' });
  const state = body.registrationState as JsonObject;
  assert.equal(state.assignedHub, answer.iotHubHostName);
  assert.deepEqual(state.payload, answer.payload);
  const devices = JSON.parse(await bench.home.ok('homeport', ['hub', 'device', 'list', '--hub', 'plant-2', '--json']));
  assert.deepEqual(
    devices.map(({ deviceId }: { deviceId: string }) => deviceId),
    ['guided-1'],
  );
  const asked = hook.lastOf('guided-1') as unknown as { deviceRuntimeContext: JsonObject; linkedHubs: string[] };
  assert.deepEqual(asked.linkedHubs, enrollment.iotHubs);
  assert.deepEqual(asked.deviceRuntimeContext.payload, { model: 'x' });
  // At the next registration it is told where the device is.
  await bench.register(identity, 'guided-1');
  const again = hook.lastOf('guided-1')?.deviceRuntimeContext as JsonObject;
  assert.equal(again.currentIotHubHostName, 'plant-2.localhost');
  assert.equal(again.currentDeviceId, 'guided-1');
});
