/**
 * Goal: an operator configures a fleet and moves it, with what is typed.
 * Method: run the commands against a running server with two hubs.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually } from '#test/support/eventually.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';

describe('configurations and whole fleets, as they are typed', () => {
  let home: RunningHomeport;
  before(async () => {
    home = await startHomeport();
    for (const deviceId of ['north-1', 'north-2', 'south-1']) {
      await ok('device', 'create', '-d', deviceId, '--auth-method', 'shared_private_key');
      await ok('twin', 'update', '-d', deviceId, '--tags', JSON.stringify({ site: deviceId.split('-')[0] }));
    }
    await home.ok('homeport', ['hub', 'create', 'plant-2']);
  });
  after(() => home?.close());

  const ok = (...words: string[]) => home.ok('homeport', ['hub', ...words], { directory: home.folder });
  const run = (...words: string[]) => home.run('homeport', ['hub', ...words], { directory: home.folder });

  test('a configuration is made, shown with its counts, changed and deleted', async () => {
    const content = join(home.folder, 'winter.json');
    writeFileSync(content, JSON.stringify({ deviceContent: { 'properties.desired.mode': 'eco' } }));
    const made = await ok(
      'configuration',
      'create',
      '-c',
      'winter',
      '-t',
      "tags.site='north'",
      '-p',
      '10',
      '--content',
      '@winter.json',
    );
    assert.equal(made, 'Created the configuration winter.\n');
    await eventually(async () =>
      /^appliedCount +2$/m.test(await ok('configuration', 'show', '-c', 'winter')) ? true : undefined,
    );
    assert.match(await ok('configuration', 'list'), /^winter\tdevice\ttags\.site='north'\t10\t2 of 2$/m);
    const twin = JSON.parse(await ok('twin', 'show', '-d', 'north-1', '--json'));
    assert.equal(twin.properties.desired.mode, 'eco');
    await ok(
      'configuration',
      'update',
      '-c',
      'winter',
      '--target-condition',
      "tags.site IN ['north','south']",
      '--labels',
      '{"season":"winter"}',
    );
    await eventually(async () =>
      /^appliedCount +3$/m.test(await ok('configuration', 'show', '-c', 'winter')) ? true : undefined,
    );
    const shown = JSON.parse(await ok('configuration', 'show', '-c', 'winter', '--json'));
    assert.deepEqual([shown.labels, shown.priority], [{ season: 'winter' }, 10]);
    assert.equal(await ok('configuration', 'delete', '-c', 'winter'), 'Deleted the configuration winter.\n');
  });

  test('a configuration that is none is refused in words, by the code for what is missing or wrong', async () => {
    for (const [words, code, text] of [
      [['create', '-c', 'x', '--content', '{}'], 1, /exactly one of deviceContent/],
      [['create', '-c', 'x', '--content', 'nonsense'], 2, /--content got/],
      [['create', '-c', 'x', '--content', '{"deviceContent":{}}', '-t', 'tags.'], 1, /InvalidConfigurationTargetCondition/],
      [['create', '-c', 'x', '--content', '{"deviceContent":{}}', '-p', '-1'], 2, /priority/],
      [['create', '-c', 'x', '--content', '{"deviceContent":{}}', '--labels', '{"a":1}'], 2, /no text/],
      [['create', '-c', 'x'], 2, /--content/],
      [['update', '-c', 'x'], 2, /Nothing is to be changed/],
      [['update', '-c', 'x', '-p', '1'], 5, /There is no configuration x/],
      [['show', '-c', 'x'], 5, /There is no configuration x/],
      [['delete', '-c', 'x'], 5, /There is no configuration x/],
    ] as const) {
      const answer = await run('configuration', ...words);
      assert.equal(answer.code, code, `${words.join(' ')}\n${answer.stderr}`);
      assert.match(answer.stderr, text, words.join(' '));
    }
  });

  test('a fleet is exported to a file, and imported into another hub with keys and twins', async () => {
    const said = await ok('export', 'fleet.txt');
    assert.match(said, /^Wrote .*fleet\.txt, \d+ bytes\. It holds keys\.\n$/);
    const lines = readFileSync(join(home.folder, 'fleet.txt'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const wanted = lines.find(({ id }) => id === 'north-1');
    assert.equal(wanted.tags.site, 'north');
    assert.match(await ok('import', 'fleet.txt', '--hub', 'plant-2'), /^Imported .*fleet\.txt\.\n$/);
    const there = JSON.parse(await ok('twin', 'show', '-d', 'north-1', '--hub', 'plant-2', '--json'));
    assert.deepEqual(there.tags, { site: 'north' });
    const files = await ok('file', 'list', '--hub', 'plant-2', '--json');
    assert.doesNotMatch(files, /imports|exports/, 'what holds keys is not left behind');
    const again = await run('export', 'fleet.txt');
    assert.deepEqual([again.code, /Add --force/.test(again.stderr)], [1, true]);
    assert.match(await ok('export', 'fleet.txt', '--force', '--without-keys'), /bytes\.\n$/);
    assert.ok(!readFileSync(join(home.folder, 'fleet.txt'), 'utf8').includes(wanted.authentication.symmetricKey.primaryKey));
  });

  test('lines that are refused are named, the others applied, and a file that is not there is said', async () => {
    writeFileSync(join(home.folder, 'mixed.txt'), '{"id":"fresh-1"}\nno json\n{"id":"a b"}\n');
    const mixed = await run('import', 'mixed.txt');
    assert.equal(mixed.code, 1);
    assert.match(mixed.stderr, /^line 2: .*\(IotHubFormatError\)$/m);
    assert.match(mixed.stderr, /^line 3: a b .*\(ArgumentInvalid\)$/m);
    assert.match(mixed.stderr, /2 lines of .*mixed\.txt were refused/);
    await ok('device', 'show', '-d', 'fresh-1');
    const missing = await run('import', 'nowhere.txt');
    assert.equal(missing.code, 5);
    assert.match(missing.stderr, /There is no file .*nowhere\.txt/);
    assert.equal((await run('import')).code, 2);
  });
});
