import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { openLog } from './log.ts';
import { Secret } from './secret.ts';

/** Says more than a pipe holds, and ends with 7. */
const program = `
  const { openLog } = await import(${JSON.stringify(new URL('./log.ts', import.meta.url).href)});
  const log = openLog('info');
  for (let n = 0; n < Number(process.argv[1]); n++) log.info('x', { n, filling: 'y'.repeat(1_000) });
  process.exitCode = 7;`;

function open(level: Parameters<typeof openLog>[0]) {
  const lines: Record<string, unknown>[] = [];
  const log = openLog(level, { write: (line) => void lines.push(JSON.parse(line)) });
  return { log, lines };
}

describe('the log', () => {
  test('is a JSON object per line: level, time, event and fields', () => {
    const { log, lines } = open('info');
    log.info('device.connected', { deviceId: 'd', n: 1 });
    const [line] = lines;
    assert.deepEqual({ ...line, time: 0 }, { level: 'info', time: 0, event: 'device.connected', deviceId: 'd', n: 1 });
    assert.match(String(line?.time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  test('says what its level lets through', () => {
    for (const [level, expected] of [
      ['debug', 4],
      ['info', 3],
      ['warn', 2],
      ['error', 1],
      ['silent', 0],
    ] as const) {
      const { log, lines } = open(level);
      for (const name of ['debug', 'info', 'warn', 'error'] as const) log[name]('x');
      assert.equal(lines.length, expected, level);
    }
  });

  test('holds no secret, by name or by type', () => {
    const { log, lines } = open('info');
    const secret = 'hunter2-hunter2';
    log.info('x', {
      password: secret,
      token: secret,
      privateKey: secret,
      peer: { password: secret, token: secret, privateKey: secret },
    });
    log.info('x', { credential: new Secret(secret), deep: { list: [new Secret(secret)] } });
    assert.equal(lines.length, 2);
    assert.ok(!JSON.stringify(lines).includes('hunter2'), JSON.stringify(lines));
  });

  test('writes what JSON has no word for, and tells of an event whose fields cannot be written', () => {
    const { log, lines } = open('info');
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    log.info('x', { count: 10n, error: new TypeError('no') });
    log.warn('y', { circle });
    assert.deepEqual({ ...lines[0], time: 0 }, { level: 'info', time: 0, count: '10', error: 'TypeError: no', event: 'x' });
    assert.deepEqual([lines[1]?.level, lines[1]?.event], ['warn', 'y']);
    assert.match(String(lines[1]?.unwritable), /circular/);
  });

  test('arrives whole where it is read slowly, and harms nobody where it is not read at all', async () => {
    const words = ['--input-type=module', '-e', program];
    const count = 400;
    const slow = spawn(process.execPath, [...words, String(count)], { stdio: ['ignore', 'inherit', 'pipe'] });
    let text = '';
    for await (const chunk of slow.stderr) {
      text += chunk;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const seen = text.split('\n').slice(0, -1);
    assert.deepEqual(
      seen.map((line) => JSON.parse(line).n),
      Array.from({ length: count }, (_, n) => n),
    );
    const unread = spawn(process.execPath, [...words, String(count)], { stdio: ['ignore', 'inherit', 'pipe'] });
    unread.stderr.destroy();
    assert.deepEqual(await once(unread, 'exit'), [7, null]);
  });

  test('a name with line breaks stays in its line', () => {
    const { log, lines } = open('info');
    log.info('x', { deviceId: 'a\n{"level":"error","event":"forged"}' });
    assert.equal(lines.length, 1);
  });
});

test('a secret prints as [secret] everywhere but where it is revealed', () => {
  const secret = new Secret('hunter2');
  assert.equal(secret.reveal(), 'hunter2');
  for (const printed of [
    `${secret}`,
    String(secret),
    JSON.stringify({ secret }),
    inspect(secret),
    inspect({ deep: [secret] }, { showHidden: true, depth: 9 }),
  ])
    assert.ok(printed.includes('[secret]') && !printed.includes('hunter2'), printed);
});
