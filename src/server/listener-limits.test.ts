import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { resolveSettings } from '#base/settings.ts';
import { listenerLimits } from '#listeners/limits.ts';
import { serverSettings } from './config.ts';
import { listenerLimitsOf, readOpenFilesMax, visitorLimitsOf } from './listener-limits.ts';

const settingsOf = (flags: Record<string, unknown> = {}) => resolveSettings(serverSettings, { flags }).values;

describe('the limits of the ports', () => {
  test('by default the settings say what the listeners say', () => {
    assert.deepEqual(listenerLimitsOf(settingsOf()), listenerLimits);
  });

  test('every setting of that name reaches the listeners', () => {
    const names = Object.keys(listenerLimits).filter((name) => `listeners.${name}` in serverSettings);
    assert.ok(names.length >= 12);
    for (const name of names) {
      const value = listenerLimits[name as keyof typeof listenerLimits] - 1;
      const limits = listenerLimitsOf(settingsOf({ [`listeners.${name}`]: value }));
      assert.deepEqual(limits, { ...listenerLimits, [name]: value });
    }
  });

  test('connections leave the process the files that it needs itself', () => {
    for (const [openFilesMax, ofDevices, ofVisitors] of [
      [1_024, 219, 54],
      [20_000, 5_641, 1_410],
      [1_048_576, 100_000, 74_880],
      [100, 1, 1],
    ] as const) {
      assert.equal(listenerLimitsOf(settingsOf(), openFilesMax).connectionsMax, ofDevices, String(openFilesMax));
      assert.equal(visitorLimitsOf(settingsOf(), openFilesMax).connectionsMax, ofVisitors, String(openFilesMax));
    }
    assert.equal(listenerLimitsOf(settingsOf({ 'listeners.connectionsMax': 5 }), 1_024).connectionsMax, 5);
    assert.equal(listenerLimitsOf(settingsOf({ 'broker.port': 8884 }), 1_024).connectionsMax, 170);
  });

  test('how many files may be open is read from the system, and where nothing can be read there is no such limit', async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'hp-limits-'));
    t.after(() => rm(directory, { recursive: true }));
    const file = join(directory, 'limits');
    const line = (soft: string) =>
      `Limit                     Soft Limit           Hard Limit           Units     \nMax processes             95896                95896                processes \nMax open files            ${soft}              1048576              files     \n`;
    await writeFile(file, line('1024'));
    assert.equal(await readOpenFilesMax(file), 1_024);
    await writeFile(file, line('unlimited'));
    assert.equal(await readOpenFilesMax(file), Number.POSITIVE_INFINITY);
    assert.equal(await readOpenFilesMax(join(directory, 'missing')), Number.POSITIVE_INFINITY);
  });
});
