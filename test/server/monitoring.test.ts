import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { askHttps } from '#test/support/https-client.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';

describe('the port for an operator’s tools', () => {
  describe('on loopback', () => {
    const door = 'http://127.77.1.1:9464';
    let home: RunningHomeport;
    before(async () => {
      home = await startHomeport([], { HOMEPORT_MONITORING__PORT: '9464', HOMEPORT_MONITORING__ADDRESS: '127.77.1.1' });
    });
    after(() => home.close());

    test('tells numbers that promtool takes without a complaint', async () => {
      await home.ok('homeport', ['hub', 'device', 'create', '--device-id', 'counted', '--auth-method', 'x509_ca']);
      const answer = await fetch(`${door}/metrics`);
      const text = await answer.text();
      assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
      const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
      assert.deepEqual([status, stdout, stderr], [0, '', '']);
      for (const name of ['homeport_disk_free_bytes', 'homeport_event_loop_delay_seconds', 'process_resident_memory_bytes']) {
        assert.match(text, new RegExp(`^${name}(\\{.*\\})? \\d`, 'm'));
      }
      assert.doesNotMatch(text, /counted/);
    });

    test('says that all is well, or why not and what mends it, as homeport status does', async () => {
      const answer = await fetch(`${door}/health`);
      const report = JSON.parse(await answer.text());
      const { health } = JSON.parse(await home.ok('homeport', ['status', '--json']));
      assert.deepEqual(Object.keys(report), ['state', 'concerns']);
      assert.deepEqual(health, report);
      assert.match(await home.ok('homeport', ['status']), new RegExp(`^health +${report.state}$`, 'm'));
      assert.equal((await fetch(`${door}/health/live`)).status, 200);
      const ready = await fetch(`${door}/health/ready`);
      assert.deepEqual([ready.status, await ready.json()], [report.state === 'failed' ? 503 : 200, { state: report.state }]);
    });

    test('has nothing else, and keeps no token', async () => {
      assert.equal((await fetch(`${door}/status`)).status, 404);
      assert.ok(!existsSync(join(home.data, 'monitoring.token')));
    });
  });

  describe('beyond loopback', () => {
    let home: RunningHomeport;
    let url: string;
    before(async () => {
      home = await startHomeport([], { HOMEPORT_MONITORING__PORT: '19464', HOMEPORT_MONITORING__ADDRESS: '0.0.0.0' });
      url = `https://${home.address}:19464`;
    });
    after(() => home.close());

    test('speaks TLS, and asks for the token of the data directory', async () => {
      const file = join(home.data, 'monitoring.token');
      const token = readFileSync(file, 'utf8');
      assert.equal(statSync(file).mode & 0o777, 0o600);
      const ask = (authorization?: string) =>
        askHttps(`${url}/metrics`, home.ca, authorization === undefined ? {} : { headers: { authorization } });
      assert.equal((await ask()).status, 401);
      assert.equal((await ask(`Bearer ${token}x`)).status, 401);
      assert.equal((await ask('Bearer ')).status, 401);
      const { status, text } = await ask(`Bearer ${token}`);
      assert.equal(status, 200);
      assert.equal((await askHttps(`${url}/health`, home.ca)).status, 401);
      assert.equal((await askHttps(`${url}/health/live`, home.ca)).status, 200);
      assert.match(text, /^homeport_info\{version="[^"]+"\} 1$/m);
    });
  });
});
