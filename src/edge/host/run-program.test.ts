import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { minuteMs } from '#base/instant.ts';
import { eventually } from '#test/support/eventually.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { runProgram } from './run-program.ts';

const limits = { outputBytesMax: 1_000, timeoutMs: minuteMs, signal: new AbortController().signal };
const shell = (script: string, ...words: string[]) => ({ words: ['sh', '-c', script, 'sh', ...words] });

describe('another program', () => {
  test('it gets its input and tells its code, what it printed and what it complained of', async () => {
    const end = await runProgram({ clock: systemClock }, { ...limits, ...shell('cat; echo no >&2; exit 3'), input: 'hello' });
    assert.deepEqual(end, { code: 3, stdout: 'hello', stderr: 'no' });
    const missing = runProgram({ clock: systemClock }, { ...limits, words: ['/no/such/program'] });
    await assert.rejects(missing, /\/no\/such\/program could not be run/);
  });

  test('one that is aborted leaves things in order before that is told', async (t) => {
    const directory = temporaryDirectory(t);
    const [begun, tidied] = [join(directory, 'begun'), join(directory, 'tidied')];
    const stopping = new AbortController();
    const { signal } = stopping;
    const script = 'trap "echo done > $2; exit 0" TERM; echo > $1; while :; do sleep 0.05; done';
    const running = assert.rejects(
      runProgram({ clock: systemClock }, { ...limits, ...shell(script, begun, tidied), signal }),
      /asked to stop/,
    );
    await eventually(() => existsSync(begun) || undefined);
    stopping.abort();
    await running;
    assert.ok(existsSync(tidied));
    await assert.rejects(runProgram({ clock: systemClock }, { ...limits, ...shell(''), signal }), /was not begun/);
  });

  test('one that takes too long or prints too much is ended so, and killed when it stays', async (t) => {
    const clock = new ManualClock();
    const directory = temporaryDirectory(t);
    const [begun, warned] = [join(directory, 'begun'), join(directory, 'warned')];
    const script = 'trap "echo > $2" TERM; echo $$ > $1; while :; do sleep 0.05; done';
    const running = assert.rejects(
      runProgram({ clock }, { ...limits, ...shell(script, begun, warned), timeoutMs: 60_000, graceMs: 7_000 }),
      /did not end in 60 s/,
    );
    const pid = await eventually(() => Number(readFileSync(begun, 'utf8')) || undefined);
    clock.advance(60_000);
    await eventually(() => existsSync(warned) || undefined);
    clock.advance(6_999);
    assert.ok(existsSync(`/proc/${pid}`));
    clock.advance(1);
    await running;
    await eventually(() => !existsSync(`/proc/${pid}`) || undefined);
    await assert.rejects(runProgram({ clock: systemClock }, { ...limits, ...shell('yes') }), /printed more than 1000 bytes/);
  });
});
