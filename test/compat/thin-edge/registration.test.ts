import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { thermometerModel } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { mosquittoSub } from '#test/support/local-clients.ts';
import {
  arrived,
  attestationByKey,
  groupKey,
  openRegistrationBench,
  ownKey,
  publish,
  type RegistrationBench,
  replaceIdentity,
} from '#test/support/registration-bench.ts';
import { readRunningLog } from '#test/support/stored-log.ts';

/**
 * Goal: a device that knows a provisioning service and no hub finds its hub, keeps it, and finds it again.
 * Method: what `tedge run all az` runs, beside a real server in a process of its own; enrollments are made by azure-iot-provisioning-service as it comes from npm.
 */
describe('a thin-edge device that registers', () => {
  let bench: RegistrationBench;
  before(async () => {
    bench = await openRegistrationBench();
  });
  after(() => bench?.close());

  test('by the key of its group, as the device of the name that it registers under, and knows its hub after a restart', async (t) => {
    const edge = bench.place(t, 'reg-group', undefined, { TEDGE_AZ_DPS_GROUP_KEY_PATH: bench.keyFile('group', groupKey) });
    await edge.start();
    await edge.says(/"event":"registration\.assigned"/);
    await edge.connected();
    await publish(edge, '{"n":1}');
    await arrived(edge, ['{"n":1}']);
    await edge.stop();
    await edge.start();
    await edge.connected();
    assert.doesNotMatch(edge.log(), /registration\./);
    assert.doesNotMatch(edge.log(), /[A-Za-z0-9+/]{40,}=/, 'neither key nor signature is in the log');
  });

  test('with a model, it has in Central the template that is for it', async (t) => {
    const edge = bench.place(t, 'reg-model', bench.leafOf('reg-model'), { TEDGE_AZ_MODEL_ID: thermometerModel });
    await edge.start();
    await edge.connected();
    const template = await eventually(async () => (await bench.central.ok('GET', '/api/devices/reg-model')).template);
    const { capabilityModel } = await bench.central.ok('GET', `/api/deviceTemplates/${encodeURIComponent(String(template))}`);
    assert.equal((capabilityModel as JsonObject)['@id'], thermometerModel);
    const [first] = await eventually(async () => {
      const events = (await readRunningLog(bench.home)).filter(({ deviceId }) => deviceId === 'reg-model');
      return events.length > 0 ? events : undefined;
    });
    assert.equal(first?.properties().system['dt-dataschema'], thermometerModel);
  });

  test('by a key of its own, and another device id than the name it registers under', async (t) => {
    await bench.enrollOne('reg-own', attestationByKey(ownKey), { deviceId: 'own-name' });
    const edge = bench.place(t, 'own-name', undefined, {
      TEDGE_DEVICE_ID: 'reg-own',
      TEDGE_AZ_DEVICE_SYMMETRIC_KEY_PATH: bench.keyFile('own', ownKey),
    });
    await edge.start();
    await edge.connected();
    await publish(edge, '{"n":1}');
    await arrived(edge, ['{"n":1}']);
    const commands = await mosquittoSub(t, edge.port, ['-q', '1', '-t', 'az/messages/devicebound/#']);
    await bench.home.ok('homeport', ['hub', 'c2d', 'send', '-d', 'own-name', '--body', 'hello']);
    assert.deepEqual(await commands.seen(1), ['hello']);
  });

  for (const kind of ['module', 'device'] as const) {
    test(`its child devices, each a ${kind}, speak with the hub that it was assigned to`, async (t) => {
      const [name, child] = [`reg-parent-${kind}`, `pump-${kind}`];
      await bench.enrollOne(name, attestationByKey(ownKey));
      const edge = bench.place(t, name, undefined, {
        TEDGE_AZ_DEVICE_SYMMETRIC_KEY_PATH: bench.keyFile(name, ownKey),
        TEDGE_AZ_CHILDREN: kind,
      });
      await edge.start();
      await edge.connected();
      const identity = kind === 'module' ? ['module', 'create', '-d', name, '-m', child] : ['device', 'create', '-d', child];
      const key = ['--auth-method', 'shared_private_key', '--primary-key', ownKey];
      await bench.home.ok('homeport', ['hub', ...identity, ...key]);
      const said = await edge.tedge('mqtt', 'pub', '-q', '1', `az/children/${child}/messages/events/`, '{"n":1}');
      assert.equal(said.code, 0, said.stderr);
      const event = await eventually(async () => {
        const events = await readRunningLog(bench.home);
        return events.find(({ deviceId, moduleId }) => child === (kind === 'module' ? moduleId : deviceId));
      }, 30_000);
      assert.equal(event.deviceId, kind === 'module' ? name : child);
      assert.equal(event.body.toString(), '{"n":1}');
    });
  }

  test('a key that was derived elsewhere is as good as the key of the group', async (t) => {
    const derived = createHmac('sha256', Buffer.from(groupKey, 'base64')).update('reg-derived').digest('base64');
    const edge = bench.place(t, 'reg-derived', undefined, {
      TEDGE_AZ_DEVICE_SYMMETRIC_KEY_PATH: bench.keyFile('derived', derived),
    });
    await edge.start();
    await edge.connected();
  });

  test('tokens are followed by new ones before they end, and not one message is lost or sent twice', async (t) => {
    const edge = bench.place(t, 'reg-tokens', undefined, {
      TEDGE_AZ_DPS_GROUP_KEY_PATH: bench.keyFile('tokens', groupKey),
      TEDGE_AZ_DEVICE_TOKEN_DURATION: '2s',
    });
    await edge.start();
    await edge.connected();
    const sent: string[] = [];
    const connections = () => edge.log().match(/"event":"bridge\.connected"/g)?.length ?? 0;
    while (connections() < 4) {
      const bodies = Array.from({ length: 20 }, (_, index) => `{"n":${sent.length + index}}`);
      await publish(edge, ...bodies);
      sent.push(...bodies);
    }
    await arrived(edge, sent);
    assert.deepEqual(await edge.bodies(), sent);
    assert.doesNotMatch(edge.log(), /bridge\.disconnected/);
  });

  test('by a certificate below the CA of a group, or by one that an enrollment names', async (t) => {
    const below = bench.place(t, 'reg-below', bench.leafOf('reg-below'));
    await below.start();
    const own = bench.selfSignedOf('reg-self');
    await bench.enrollOne('reg-self', { type: 'x509', x509: { clientCertificates: { primary: { certificate: own.leaf.pem } } } });
    const named = bench.place(t, 'reg-self', own);
    await named.start();
    for (const edge of [below, named]) {
      await edge.connected();
      await publish(edge, '{"n":1}');
      await arrived(edge, ['{"n":1}']);
    }
  });

  test('a hub that has lost the device makes it register again', async (t) => {
    const edge = bench.place(t, 'reg-lost', bench.leafOf('reg-lost'));
    await edge.start();
    await edge.connected();
    await bench.home.ok('homeport', ['hub', 'device', 'delete', '--device-id', 'reg-lost']);
    await edge.says(/registration\.assigned(.|\n)*bridge\.connected(.|\n)*registration\.assigned(.|\n)*bridge\.connected/);
    await publish(edge, '{"n":1}');
    await arrived(edge, ['{"n":1}']);
  });

  test('a new certificate in place of a good one is registered before the hub can refuse it', async (t) => {
    const edge = bench.place(t, 'reg-renewed', bench.leafOf('reg-renewed'));
    await edge.start();
    await edge.connected();
    await edge.stop();
    replaceIdentity(edge, bench.leafOf('reg-renewed'));
    await edge.start();
    await edge.connected();
    assert.match(edge.log(), /registration\.assigned(.|\n)*bridge\.connected/);
    assert.doesNotMatch(edge.log(), /refuses/);
  });

  test('without the file of its hub it registers again, and what is no such file does no harm', async (t) => {
    const edge = bench.place(t, 'reg-file', undefined, { TEDGE_AZ_DPS_GROUP_KEY_PATH: bench.keyFile('file', groupKey) });
    const path = join(edge.folder, 'data/az-assignment.json');
    for (const spoil of [() => {}, () => rmSync(path), () => writeFileSync(path, '{"hubHostName":7}')]) {
      spoil();
      await edge.start();
      await edge.connected();
      assert.match(edge.log(), /registration\.assigned/);
      await edge.stop();
    }
  });
});
