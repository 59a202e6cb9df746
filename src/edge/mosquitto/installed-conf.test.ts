import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { checkInstalled } from './check-installed.ts';
import { loadInstalledConf } from './installed-conf.ts';

test('what the administrator configured is found in mosquitto.conf and in what it includes, our own files left out', async (t) => {
  const directory = temporaryDirectory(t);
  const [path, own, others] = ['mosquitto.conf', 'own', 'conf.d'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  assert.equal(await loadInstalledConf(path, own), undefined);
  for (const folder of [own, others]) mkdirSync(folder);
  writeFileSync(join(own, 'tedge-mosquitto.conf'), 'listener 1883\n');
  writeFileSync(join(others, 'a.conf'), '# listener 1\nlistener 8884 127.0.0.1\nuser broker\n');
  writeFileSync(join(others, 'a.conf.bak'), 'listener 2\n');
  writeFileSync(path, `include_dir ${own}/\n  log_dest file /var/log/m.log\nlog_dest syslog\ninclude_dir ${others}\n`);
  const found = await loadInstalledConf(path, own);
  assert.deepEqual(found, {
    path,
    user: 'broker',
    includeDirectories: [own, others],
    listenerPorts: [8884],
    logFile: '/var/log/m.log',
  });
  assert.ok(found);
  const files = { directory: own, bridge: '', broker: '' };
  checkInstalled(found, files, 1883);
  assert.throws(() => checkInstalled(found, files, 8884), { code: 'conflict', message: /a listener on port 8884 already/ });
  assert.throws(() => checkInstalled(found, { ...files, directory: '/else' }, 1883), { message: /does not include \/else/ });
});
