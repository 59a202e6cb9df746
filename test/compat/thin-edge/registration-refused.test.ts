import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openConnectProxy } from '#test/support/connect-proxy.ts';
import { mosquittoSub } from '#test/support/local-clients.ts';
import {
  arrived,
  attestationByKey,
  bridgeHealthTopic,
  groupKey,
  openRegistrationBench,
  ownKey,
  publish,
  type RegistrationBench,
} from '#test/support/registration-bench.ts';

/**
 * Goal: a device that is not let in, by DPS or by the proxy before it, waits, says why where people look, and comes in when that was mended.
 * Method: as registration.test.ts.
 */
describe('a thin-edge device that may not register', () => {
  let bench: RegistrationBench;
  before(async () => {
    bench = await openRegistrationBench();
  });
  after(() => bench?.close());

  type Broken = Record<string, string> | Promise<Record<string, string>>;
  const rows: readonly { why: string; name: string; break(): Broken; says: RegExp; mend?(): unknown }[] = [
    {
      why: 'a wrong ID scope',
      name: 'bad-scope',
      break: () => ({ TEDGE_AZ_DPS_GROUP_KEY_PATH: bench.keyFile('bad-scope', groupKey), TEDGE_AZ_DPS_ID_SCOPE: '0ne0000NONE' }),
      says: /The provisioning service refuses bad-scope: /,
    },
    {
      why: 'a wrong key',
      name: 'bad-key',
      break: () => ({ TEDGE_AZ_DEVICE_SYMMETRIC_KEY_PATH: bench.keyFile('bad-key', Buffer.alloc(64, 99).toString('base64')) }),
      says: /The provisioning service refuses bad-key: /,
      mend: () => {
        const key = createHmac('sha256', Buffer.from(groupKey, 'base64')).update('bad-key').digest('base64');
        bench.keyFile('bad-key', key);
      },
    },
    {
      why: 'a disabled enrollment',
      name: 'bad-disabled',
      break: async () => {
        await bench.enrollOne('bad-disabled', attestationByKey(ownKey), { provisioningStatus: 'disabled' });
        return { TEDGE_AZ_DEVICE_SYMMETRIC_KEY_PATH: bench.keyFile('bad-disabled', ownKey) };
      },
      says: /The provisioning service refuses bad-disabled: The enrollment is disabled/,
      mend: async () => {
        const { responseBody } = await bench.service.getIndividualEnrollment('bad-disabled');
        await bench.enrollOne('bad-disabled', attestationByKey(ownKey), {
          provisioningStatus: 'enabled',
          etag: responseBody.etag,
        });
      },
    },
    {
      why: 'a key file that is none',
      name: 'bad-file',
      break: () => ({ TEDGE_AZ_DPS_GROUP_KEY_PATH: bench.keyFile('bad-file', 'not a key') }),
      says: /bad-file\.key holds no key: base64 of 16 to 64 bytes/,
      mend: () => bench.keyFile('bad-file', groupKey),
    },
    {
      why: 'no key file at all',
      name: 'no-file',
      break: () => ({ TEDGE_AZ_DPS_GROUP_KEY_PATH: join(bench.home.folder, 'no-file.key') }),
      says: /There is no .*no-file\.key/,
      mend: () => bench.keyFile('no-file', groupKey),
    },
  ];
  for (const { why, name, break: broken, says, mend } of rows) {
    test(why, async (t) => {
      const edge = bench.place(t, name, undefined, await broken());
      await edge.start();
      await publish(edge, '{"n":1}');
      await edge.says(says);
      const health = await mosquittoSub(t, edge.port, ['-q', '1', '-t', bridgeHealthTopic]);
      const [said = '{}'] = await health.seen(1);
      assert.match(JSON.parse(said).reason, says);
      assert.doesNotMatch(edge.log(), /bridge\.connected/);
      if (!mend) return;
      await mend();
      await edge.connected();
      await arrived(edge, ['{"n":1}']);
    });
  }

  test('through a proxy that asks for a user both are reached, and without the password neither', async (t) => {
    const proxy = await openConnectProxy(t, 'plant', 'let me out');
    const settings = {
      TEDGE_AZ_DPS_GROUP_KEY_PATH: bench.keyFile('proxy', groupKey),
      TEDGE_PROXY_ADDRESS: `http://127.0.0.1:${proxy.port}`,
      TEDGE_PROXY_USERNAME: 'plant',
      TEDGE_PROXY_PASSWORD: 'wrong',
    };
    const edge = bench.place(t, 'reg-proxy', undefined, settings);
    await edge.start();
    await publish(edge, '{"n":1}');
    await edge.says(/The proxy 127\.0\.0\.1:\d+ answered 407 to CONNECT/);
    await edge.stop();
    assert.deepEqual(proxy.targets, []);
    await edge.start({ TEDGE_PROXY_PASSWORD: 'let me out' });
    await edge.connected();
    await arrived(edge, ['{"n":1}']);
    const { home } = bench;
    const both = [`${home.address}:${home.status.dps.mqttPort}`, `${home.address}:${home.status.hub.mqttPort}`];
    assert.deepEqual(proxy.targets.slice(0, 2), both);
    assert.ok(proxy.refusals() > 0);
    assert.doesNotMatch(edge.log(), /let me out|bGV0IG1l/);
  });
});
