import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { readLog } from '#test/support/stored-log.ts';
import { deviceIdOf, makeDeviceCertificate, startContender } from '../../tools/bench/contenders.ts';
import { startLoad, targetParameters } from '../../tools/bench/generator.ts';

const shapes = [
  { name: 'one message in flight on each connection', parameters: ['load', '--window', '1'] },
  { name: 'ten in flight, a record each', parameters: ['load', '--window', '10', '--separate'] },
  { name: 'ten in flight, refilled in one write', parameters: ['load', '--window', '10'] },
  { name: 'fifty in flight, refilled in one write', parameters: ['load', '--window', '50'] },
  { name: 'a rate, whatever the answers', parameters: ['rate', '--window', '50', '--rate', '1000'] },
];
const connections = 20;

async function open(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'hp-load-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const contender = await startContender(makeDeviceCertificate(folder), { devices: connections });
  t.after(() => contender.close());
  const brief = ['--connections', String(connections), '--warm-up', '0.1', '--seconds', '0.5'];
  const run = (parameters: readonly string[]) =>
    startLoad({ parameters: [...parameters, ...targetParameters(contender.target), ...brief] }).done;
  return { contender, run };
}

describe('the load generator', () => {
  test('every message that it counts as acknowledged is in the log, once and in order, whatever the shape', async (t) => {
    const { contender, run } = await open(t);
    let acknowledged = 0;
    for (const { name, parameters } of shapes) {
      const figures = await run(parameters);
      t.diagnostic(`${name}: ${figures.acknowledgedInAll} acknowledged`);
      assert.ok(figures.acknowledged > 0 && figures.acknowledged <= figures.acknowledgedInAll, name);
      assert.equal(figures.missed, 0, name);
      acknowledged += figures.acknowledgedInAll;
    }
    assert.equal(await contender.home.stop(), 0);
    const stored = await readLog(contender.home.data);
    assert.equal(stored.length, acknowledged);
    const last = new Map<string, number>();
    let runs = 0;
    for (const { deviceId, body } of stored) {
      assert.equal(body.length, 256);
      const n = (JSON.parse(body.toString()) as { n: number }).n - 1_000_000_000;
      const before = last.get(deviceId) ?? 0;
      if (n === 1) runs++;
      else assert.equal(n, before + 1, deviceId);
      last.set(deviceId, n);
    }
    assert.deepEqual(
      [...last.keys()].sort(),
      Array.from({ length: connections }, (_, number) => deviceIdOf(number)),
    );
    assert.equal(runs, shapes.length * connections);
  });

  test('it counts sign-ins, holds idle connections, and says why it was not let in', async (t) => {
    const { contender, run } = await open(t);
    assert.ok((await run(['handshake'])).handshakes > 0);
    assert.ok((await run(['handshake', '--tls12'])).handshakes > 0);

    const { promise: connected, resolve } = Promise.withResolvers<void>();
    const parameters = ['idle', ...targetParameters(contender.target), '--connections', String(connections)];
    const idle = startLoad({ parameters, onEvent: (event) => event === 'connected' && resolve() });
    await Promise.race([connected, idle.done]);
    idle.release();
    assert.equal((await idle.done).acknowledgedInAll, 0);

    const stranger = startLoad({ parameters: [...parameters, '--prefix', 'stranger-'] });
    await assert.rejects(stranger.done, /connection \d+: refused with CONNACK 5/);
    await assert.rejects(startLoad({ parameters: ['load', '--windows', '3'] }).done, /there is no option --windows/);
  });
});
