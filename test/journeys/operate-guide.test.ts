import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { openCompatBench } from '#test/support/compat-bench.ts';
import { openEdge } from '#test/support/edge-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { blocksOf } from '#test/support/guide.ts';
import { typed } from '#test/support/typed.ts';

const name = 'operate-thin-edge.md';
const repository = join(import.meta.dirname, '../..');
const guide = readFileSync(join(repository, 'docs/guides', name), 'utf8');

/**
 * Goal: who follows the guide restarts a device, gets its log and changes its packages.
 * Method: its commands and files as they stand, but for `/etc/tedge` and `/var/log`, which are a folder's; `sudo`, systemctl, apt-get and dpkg-query
 * are stand-ins that write down what they were asked.
 */
test('every command, file and request of the guide for operating a thin-edge device works as it stands', async (t) => {
  const bench = await openCompatBench();
  t.after(() => bench.close());
  const { home } = bench;
  const edge = await openEdge(t, bench, 'my-device');
  const folder = (text: string) => text.replaceAll('/etc/tedge', edge.folder).replaceAll('/var/log', edge.folder);
  const at = (path: string) => join(edge.folder, path);
  mkdirSync(at('programs'));
  const program = (path: string, line: string) => writeFileSync(at(path), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  program('programs/sudo', 'exec "$@"');
  program('programs/systemctl', `echo "systemctl $*" >> ${at('said')}`);
  program('programs/apt-get', `echo "apt-get $*" >> ${at('said')}`);
  program('programs/dpkg-query', 'printf "ii \\tvim\\t2:9.1\\n"');
  const said = () => eventually(() => readFileSync(at('said'), 'utf8') || undefined);
  const PATH = [at('programs'), join(repository, 'bin'), process.env.PATH].join(delimiter);
  const onDevice = (line: string) =>
    execFileSync('sh', ['-euc', folder(line)], { env: { PATH, ...edge.environment }, encoding: 'utf8' });

  const [ask = '', download = '', directories = '', link = ''] = blocksOf('sh', name);
  onDevice(directories);
  const [list = '', reboot = ''] = [...guide.matchAll(/^```toml\n(.*?)^```$/gms)].map(([, text = '']) => folder(text));
  writeFileSync(at('plugins/tedge-log-plugin.toml'), list);
  writeFileSync(at('system.toml'), reboot);
  writeFileSync(at('syslog'), 'all is well\n');
  writeFileSync(at('boot_id'), 'first');
  onDevice(link);
  const machine = [join(repository, 'test/support/restarted-machine.ts'), at('boot_id')];
  await edge.start({ PATH }, machine);
  await edge.connected();

  const [wish = '', show = ''] = ask.trim().split('\n');
  const told = (operation: string, id: string) =>
    eventually(async () => {
      const twin = JSON.parse(await typed(home, show)) as { properties: { reported: JsonObject } };
      const state = twin.properties.reported[operation] as { value?: JsonObject } | undefined;
      const isEnd = state?.value?.id === id && ['successful', 'failed'].includes(String(state.value.status));
      return isEnd ? (state as JsonObject & { value: JsonObject }) : undefined;
    }, 60_000);
  const update = (desired: JsonObject) =>
    home.ok('homeport', ['hub', 'twin', 'update', '-d', 'my-device', '--desired', JSON.stringify(desired)]);

  const [, words = '', json = ''] = /^homeport (.*) '(.*)'$/.exec(wish) ?? [];
  await home.ok('homeport', [...words.split(' '), json]);
  assert.equal(await said(), 'systemctl reboot\n');
  await edge.end('SIGKILL');
  writeFileSync(at('boot_id'), 'second');
  writeFileSync(at('said'), '');
  await edge.start({ PATH }, machine);
  const [, example = ''] = /^```json\n(.*?)^```$/ms.exec(guide) ?? [];
  const restarted = await told('restart', '1');
  assert.deepEqual({ ...restarted, av: 7 }, JSON.parse(example));

  await update({ log_upload: { id: '2', type: 'syslog' } });
  await told('log_upload', '2');
  await typed(home, download.trim());
  assert.match(readFileSync(join(home.folder, 'syslog.log'), 'utf8'), /^filename: .*\/syslog\nall is well\n$/);

  await update({ software_list: { id: '3' } });
  const modules = [{ name: 'vim', version: '2:9.1' }];
  assert.deepEqual((await told('software_list', '3')).value.currentSoftwareList, [{ type: 'apt', modules }]);
  const [, updateList = ''] = /`updateList`: `(\[.*?\])`/.exec(guide) ?? [];
  await update({ software_update: { id: '4', updateList: JSON.parse(updateList) } });
  assert.equal((await told('software_update', '4')).value.status, 'successful');
  const options = '--option APT::Cmd::Pattern-Only=true --option Dpkg::Options::=--force-confold --allow-downgrades';
  assert.deepEqual((await said()).trim().split('\n'), [
    'apt-get --quiet --yes update',
    `apt-get --quiet --yes ${options} install vim`,
    'apt-get --quiet --yes autoremove',
  ]);

  const [off = ''] = /sudo tedge config set agent\.enable\.software_update false/.exec(guide) ?? [];
  onDevice(off);
  assert.equal(onDevice('tedge config get agent.enable.software_update'), 'false\n');
});
