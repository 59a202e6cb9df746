import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findSetting, settingKey, settingNames } from './setting-keys.ts';
import { parseSetting } from './setting-value.ts';

test('no two settings share a spelling, and every older one leads to its setting', () => {
  const spellings = settingNames.flatMap((name) => [name, ...(settingKey(name).older ?? [])]);
  assert.equal(new Set(spellings.map((text) => text.replaceAll('.', '_'))).size, spellings.length);
  for (const name of settingNames) {
    for (const spelling of [name, ...(settingKey(name).older ?? [])]) assert.equal(findSetting(spelling), name, spelling);
  }
});

test('every default fits its own setting, and every fallback is a setting', () => {
  for (const name of settingNames) {
    const { default: value, fallback } = settingKey(name);
    if (typeof value === 'string') parseSetting(name, value);
    if (fallback !== undefined) assert.ok(findSetting(fallback), fallback);
  }
});
