import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { problemCodes } from '#base/problem.ts';
import { resolveSettings, type SettingField } from '#base/settings.ts';
import { serverSettings } from '#server/config.ts';
import { referencePages, variableOf } from './reference.ts';
import { repository } from './run.ts';

describe('the reference', () => {
  test('is what the code says now; otherwise run node tools/reference.ts', () => {
    const pages = referencePages();
    for (const [path, text] of Object.entries(pages)) assert.equal(readFileSync(join(repository, path), 'utf8'), text, path);
    assert.deepEqual(
      readdirSync(join(repository, 'docs/reference')).sort(),
      Object.keys(pages)
        .map((path) => path.replace('docs/reference/', ''))
        .sort(),
      'no page is left over',
    );
  });

  test('has a row for every setting and every problem', () => {
    const pages = referencePages();
    for (const name of Object.keys(serverSettings))
      assert.ok(pages['docs/reference/configuration.md']?.includes(`\n| \`${name}\` |`), name);
    for (const code of Object.keys(problemCodes))
      assert.ok(pages['docs/reference/problems.md']?.includes(`\n| \`${code}\` |`), code);
  });

  test('names the variable under which each setting is really read', () => {
    for (const [name, field] of Object.entries(serverSettings as Record<string, SettingField>)) {
      const value = field.kind === 'text' ? (field.choices?.at(-1) ?? 'x') : field.kind === 'number' ? String(field.max) : 'true';
      const { origins, values } = resolveSettings(serverSettings, { environment: { [variableOf(name)]: value } });
      assert.equal(origins[name], variableOf(name));
      assert.equal(String(values[name as keyof typeof serverSettings]), value);
    }
  });
});
