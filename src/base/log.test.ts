import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { openLog } from './log.ts';
import { Secret } from './secret.ts';

function open(level: Parameters<typeof openLog>[0]) {
  const lines: Record<string, unknown>[] = [];
  const log = openLog(level, { write: (line: string) => void lines.push(JSON.parse(line)) });
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
