import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { openCompatBench } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { openMosquittoMachine } from '#test/support/mosquitto-machine.ts';

/**
 * Goal: who has Mosquitto as broker and bridge operates a device in the same way (thin-edge.md 13).
 * Method: the mapper that `tedge connect az` starts, and `tedge-agent` as a service of its own; systemd is a stand-in.
 */
test('section 13: through mosquitto’s bridge, what the twin asks is done by tedge-agent and told in the twin', async (t) => {
  const bench = await openCompatBench();
  const machine = openMosquittoMachine(t, bench.home, 'op-mosquitto');
  // After the machine, whose files lie in the server's folder.
  t.after(() => bench.close());
  const thumbprint = await machine.makeCertificate();
  await bench.createHubDevice('op-mosquitto', { primary: thumbprint, secondary: thumbprint });
  await machine.ok('config', 'set', 'az.https.port', String(bench.home.status.hub.httpsPort));
  const conf = join(machine.folder, 'app.conf');
  writeFileSync(conf, 'old');
  mkdirSync(join(machine.config, 'plugins'), { recursive: true });
  const list = `files = [{ type = "app", path = "${conf}" }]\n`;
  writeFileSync(join(machine.config, 'plugins/tedge-configuration-plugin.toml'), list);
  await machine.ok('connect', 'az');
  assert.equal((await machine.run(['systemctl', 'start', 'tedge-agent'])).code, 0);

  const wish = (desired: JsonObject) =>
    bench.home.ok('homeport', ['hub', 'twin', 'update', '-d', 'op-mosquitto', '--desired', JSON.stringify(desired)]);
  const ended = (operation: string) =>
    eventually(async () => {
      const twin = JSON.parse(await bench.home.ok('homeport', ['hub', 'twin', 'show', '-d', 'op-mosquitto', '--json']));
      const told = twin.properties.reported[operation] as { value: JsonObject; ac: number } | undefined;
      return told && told.ac !== 202 ? told : undefined;
    }, 60_000);
  await wish({ config_update: { id: '1', type: 'app', content: 'new' } });
  assert.deepEqual((await ended('config_update')).value, { id: '1', status: 'successful', path: conf });
  assert.equal(readFileSync(conf, 'utf8'), 'new');
  await wish({ config_snapshot: { id: '1', type: 'app' } });
  const { blob } = (await ended('config_snapshot')).value;
  await bench.home.ok('homeport', ['hub', 'file', 'download', '--name', String(blob), '--path', 'got']);
  assert.equal(readFileSync(join(bench.home.folder, 'got'), 'utf8'), 'new');
});
