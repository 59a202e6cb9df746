import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { eventually } from '#test/support/eventually.ts';
import { openMapperBench } from '#test/support/mapper-bench.ts';

const health = 'te/device/main/service/tedge-agent/status/health';
const device = 'te/device/main//';

/**
 * Goal: programs that know the original's agent find it (thin-edge.md 13).
 * Method: `tedge-agent` as a process beside Debian's Mosquitto; mosquitto_pub asks and mosquitto_sub listens.
 */
describe('tedge-agent beside Mosquitto', () => {
  test('section 13: it says what it can do, takes a command from init to its end, and is cleared by an empty message', async (t) => {
    const bench = await openMapperBench(t);
    const conf = join(bench.folder, 'app.conf');
    writeFileSync(conf, 'old');
    mkdirSync(join(bench.folder, 'plugins'));
    writeFileSync(
      join(bench.folder, 'plugins/tedge-configuration-plugin.toml'),
      `files = [{ type = "app", path = "${conf}" }]\n`,
    );
    const agent = await bench.startService(health, 'tedge-agent', [], { TEDGE_AGENT_ENABLE_RESTART: 'false' });
    assert.deepEqual(JSON.parse(await bench.retained(`${device}/cmd/config_update`)), { types: ['app'] });
    const capabilities = await bench.sub([`${device}/cmd/+`]);
    await bench.pub(`${device}/cmd/last`, '{}');
    await eventually(() => capabilities.lines.some((line) => line.includes('/last ')) || undefined);
    const operations = capabilities.lines.map((line) => line.split(' ', 1)[0]?.split('/').at(-1));
    assert.deepEqual(operations.sort(), [
      'config_snapshot',
      'config_update',
      'last',
      'log_upload',
      'software_list',
      'software_update',
    ]);

    const topic = `${device}/cmd/config_update/one`;
    const watcher = await bench.sub([topic], '-R');
    await bench.pub(topic, '{"status":"init","type":"app","content":"new"}', '-r');
    const states = (await watcher.seen(4)).map((line) => JSON.parse(line.slice(topic.length + 1)) as JsonObject);
    assert.deepEqual(
      states.map(({ status }) => status),
      ['init', 'scheduled', 'executing', 'successful'],
    );
    assert.equal(readFileSync(conf, 'utf8'), 'new');
    assert.equal(JSON.parse(await bench.retained(topic)).status, 'successful');
    await bench.pub(topic, '', '-r');
    await watcher.seen(5);
    assert.equal(await agent.end('SIGTERM'), 0);
    assert.equal(JSON.parse(await bench.retained(health)).status, 'down');
  });

  test('section 13: killed while a plugin works, it says down, then that nobody knows how far that came, and works on what waited', async (t) => {
    const bench = await openMapperBench(t);
    const [plugin, pidFile] = [join(bench.folder, 'sm-plugins/demo'), join(bench.folder, 'pid')];
    mkdirSync(join(bench.folder, 'sm-plugins'));
    const work = `case "$1" in update-list) exit 1;; install) echo $$ > ${pidFile}; exec sleep 600;; esac`;
    writeFileSync(plugin, `#!/bin/sh\n${work}\n`);
    chmodSync(plugin, 0o755);
    const agent = await bench.startService(health, 'tedge', ['run', 'tedge-agent']);
    const topics = ['software_update/slow', 'software_list/next'].map((name) => `${device}/cmd/${name}`);
    const [slow = '', next = ''] = topics;
    const watcher = await bench.sub(topics, '-R');
    const updateList = [{ type: 'demo', modules: [{ name: 'x', action: 'install' }] }];
    await bench.pub(slow, JSON.stringify({ status: 'init', updateList }), '-r');
    const pid = await eventually(() => Number(readFileSync(pidFile, 'utf8')) || undefined);
    await bench.pub(next, '{"status":"init"}', '-r');
    await eventually(() => watcher.lines.some((line) => line.startsWith(next) && line.includes('scheduled')) || undefined);
    await agent.end('SIGKILL');
    process.kill(pid);
    await eventually(async () => (JSON.parse(await bench.retained(health)).status === 'down' ? true : undefined));
    await bench.startService(health, 'tedge-agent', []);
    const ended = (topic: string) =>
      eventually(() => watcher.lines.find((line) => line.startsWith(topic) && /failed|successful/.test(line)));
    assert.match(await ended(slow), /"status":"failed".*"reason":"The agent ended while this ran/);
    assert.match(await ended(next), /"currentSoftwareList":\[\{"type":"demo","modules":\[\]\}\]/);
  });
});
