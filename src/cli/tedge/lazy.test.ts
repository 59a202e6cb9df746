import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { openTedgeBench } from '#test/support/tedge-bench.ts';

/** Runs a command line in a process of its own and tells what that had loaded at its end. */
function loadedBy(words: readonly string[], configDirectory: string): { tls: boolean; broker: boolean } {
  const program = `
    import { createRequire } from 'node:module';
    process.on('exit', () => {
      const broker = Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('mqtt-packet'));
      process.stderr.write('\\n' + JSON.stringify({ tls: process.moduleLoadList.includes('NativeModule tls'), broker }));
    });
    process.argv.splice(1, 0, 'tedge');
    await import(${JSON.stringify(new URL('./main.ts', import.meta.url).href)});`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program, '--', ...words], {
    encoding: 'utf8',
    env: { TEDGE_CONFIG_DIR: configDirectory, TEDGE_MQTT_CLIENT_PORT: '1' },
  });
  return JSON.parse(stderr.split('\n').at(-1) ?? '');
}

describe('tedge starts with no more than a command needs', () => {
  test('no TLS and no broker for help, settings and certificates; the local client has neither', async (t) => {
    const bench = openTedgeBench(t);
    await bench.run('cert create --device-id my-device');
    for (const line of [
      '--help',
      'run all --help',
      'mqtt pub --help',
      'config set device.type x',
      'config list',
      'cert show',
      'mqtt pub --connection-timeout 1ms a b',
      // Has both, and then ends for want of az.url.
      'run all az',
    ]) {
      const loaded = loadedBy(line.split(' '), bench.directory);
      assert.equal(loaded.broker, line === 'run all az', line);
      assert.equal(loaded.tls, line === 'run all az', line);
    }
  });
});
