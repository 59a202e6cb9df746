import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { openEmbeddedBroker } from '#edge/broker/embedded-broker.ts';
import { eventually } from '#test/support/eventually.ts';
import { mosquittoPub, mosquittoSub } from '#test/support/local-clients.ts';
import { runCommand } from '#test/support/start-homeport.ts';
import { openTedgeBench } from '#test/support/tedge-bench.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';

async function openBench(t: TestContext) {
  const broker = await openEmbeddedBroker(testPlatform(), { address: '127.0.0.1', port: 0, intercept: () => undefined });
  t.after(() => broker.close());
  const directory = temporaryDirectory(t);
  const environment = { TEDGE_CONFIG_DIR: directory, TEDGE_MQTT_CLIENT_PORT: String(broker.port) };
  return {
    port: broker.port,
    tedge: (...words: string[]) => runCommand('tedge', words, { directory, environment }, directory),
    /** `tedge mqtt sub …` as it runs; `ask` publishes until something was printed, so that it is known to listen. */
    async sub(ask: () => Promise<unknown>, ...words: string[]) {
      const bin = join(import.meta.dirname, '../../../bin/tedge');
      const child = spawn(process.execPath, [bin, 'mqtt', 'sub', ...words], {
        env: { PATH: process.env.PATH, ...environment },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      t.after(() => void child.kill('SIGKILL'));
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      const ended = once(child, 'exit').then(([code]) => Number(code));
      await eventually(async () => {
        await ask();
        return output === '' ? undefined : true;
      });
      return { child, ended, output: () => output };
    },
  };
}

describe('tedge mqtt', () => {
  test('pub says nothing, exits with 0, and sends what it was told: topic, bytes, QoS, retained', async (t) => {
    const { port, tedge } = await openBench(t);
    const watcher = await mosquittoSub(t, port, ['-q', '1', '-t', '#', '-F', '%q %r %t %p']);
    for (const words of [
      ['az/messages/events/', '{"temperature": 20}'],
      ['--qos', '0', 'a', 'zero'],
      ['-q', '2', 'a/b', 'two'],
      ['--base64', 'b64', 'aMOp'],
      ['x', ''],
      ['dash', '--', '-5'],
    ]) {
      assert.deepEqual(await tedge('mqtt', 'pub', ...words), { code: 0, stdout: '', stderr: '' }, words.join(' '));
    }
    assert.deepEqual(await watcher.seen(6), [
      '1 0 az/messages/events/ {"temperature": 20}',
      '0 0 a zero',
      '1 0 a/b two',
      '1 0 b64 hé',
      '1 0 x ',
      '1 0 dash -5',
    ]);
    assert.equal((await tedge('mqtt', 'pub', '-r', 'kept', 'there')).code, 0);
    assert.equal((await tedge('mqtt', 'pub', '--repeat', '3', '--sleep', '1ms', 'again', 'and')).code, 0);
    const late = await mosquittoSub(t, port, ['-q', '1', '-t', 'kept', '-F', '%r %p']);
    assert.deepEqual(await late.seen(1), ['1 there']);
    assert.deepEqual((await watcher.seen(10)).slice(-3), Array(3).fill('1 0 again and'));
  });

  test('thin-edge 42: sub prints [topic] payload, or what its options ask for, and ends with --count and --duration', async (t) => {
    const { port, tedge, sub } = await openBench(t);
    const publish = (topic: string, body: string) => () => mosquittoPub(port, ['-q', '1', '-t', topic, '-m', body]);
    const plain = await sub(publish('te/device/main///m/', '{"a": 1}'), 'te/#');
    assert.match(plain.output(), /^(\[te\/device\/main\/\/\/m\/\] \{"a": 1\}\n)+$/);
    plain.child.kill('SIGINT');
    assert.equal(await plain.ended, 0);

    const counted = await sub(publish('te/x', 'body'), '--no-topic', '--count', '1', 'te/+');
    assert.equal(await counted.ended, 0);
    assert.equal(counted.output(), 'body\n');

    await mosquittoPub(port, ['-q', '1', '-r', '-t', 'bytes', '-s'], 'plain');
    assert.deepEqual(await tedge('mqtt', 'sub', '-C', '1', '--base64', 'bytes'), {
      code: 0,
      stdout: '[bytes] cGxhaW4=\n',
      stderr: '',
    });
    assert.equal((await tedge('mqtt', 'pub', '-r', '--base64', 'odd', '/wCA')).code, 0);
    assert.equal((await tedge('mqtt', 'sub', '-C', '1', 'odd')).stdout, '[odd] <ERR=NON-UTF8> /wCA\n');
    assert.deepEqual(await tedge('mqtt', 'sub', '--duration', '100ms', 'nothing/#'), { code: 0, stdout: '', stderr: '' });
  });

  test('thin-edge 43: with the broker down, both exit with 1 within the connection timeout and say where they looked', async (t) => {
    const bench = await openBench(t);
    const since = performance.now();
    for (const words of [
      ['pub', '--connection-timeout', '300ms', 'a', 'b'],
      ['sub', '--connection-timeout', '300ms', 'a'],
    ]) {
      const directory = temporaryDirectory(t);
      const environment = { TEDGE_CONFIG_DIR: directory, TEDGE_MQTT_CLIENT_PORT: '1' };
      const { code, stdout, stderr } = await runCommand('tedge', ['mqtt', ...words], { directory, environment }, directory);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, /^Error: failed to connect to the local broker at 127\.0\.0\.1:1\n\nCaused by:\n {4}.*ECONNREFUSED/);
    }
    // Ten seconds is what they try without the option.
    assert.ok(performance.now() - since < 9_000);
    assert.equal((await bench.tedge('mqtt', 'pub', '--connection-timeout', '300ms', 'a', 'b')).code, 0);
  });

  test('what cannot be is wrong use, before anything is connected to', async (t) => {
    const bench = openTedgeBench(t);
    for (const words of [
      ['pub', 'a/#', 'x'],
      ['pub', '', 'x'],
      ['pub', '-q', '3', 'a', 'x'],
      ['pub', 'a'],
      ['pub', '--base64', 'a', 'not base64!'],
      ['pub', '--sleep', 'long', 'a', 'x'],
      ['sub'],
      ['sub', 'a/#/b'],
      ['sub', 'a+'],
      ['sub', '-q', '-1', 'a'],
      ['sub', '--count', '0', 'a'],
      ['sub', '-W', 'x', 'a'],
    ]) {
      const { code, stdout, stderr } = await bench.runWords(['mqtt', ...words]);
      assert.deepEqual([code, stdout], [2, ''], words.join(' '));
      assert.match(stderr, /^error: /, words.join(' '));
    }
  });
});
