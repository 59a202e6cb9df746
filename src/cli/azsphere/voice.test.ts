import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testPlatform } from '#test/support/test-platform.ts';
import { testTerminal } from '#test/support/test-terminal.ts';
import { formatElapsed, Voice } from './voice.ts';

test('a duration is hours, minutes and seconds with seven digits', () => {
  assert.equal(formatElapsed(0), '00:00:00.0000000');
  assert.equal(formatElapsed(1.23456), '00:00:00.0012346');
  assert.equal(formatElapsed(3_723_004.5), '01:02:03.0045000');
  assert.equal(formatElapsed(-1), '00:00:00.0000000');
});

const view = { rows: ['x'], columns: [{ heading: 'Name', read: (row: string) => row }], data: ['x'] };

function speak(generation: 'auto' | 'classic' | 'v2', format?: 'json') {
  const platform = testPlatform();
  const terminal = testTerminal();
  const voice = new Voice({ terminal, platform, generation, format, isVerbose: true });
  voice.say('Done.');
  voice.detail('Device ID', 'AB');
  voice.warn('careful');
  voice.verbose('GET / answered 200');
  voice.show(view);
  platform.clock.advance(1500);
  voice.finish();
  return terminal;
}

test('the closing line follows prose and counts from the start of the command', () => {
  const { output, errors } = speak('auto');
  assert.deepEqual(output.slice(0, 2), ['Done.', ' --> Device ID: AB']);
  assert.equal(output.at(-1), 'Command completed successfully in 00:00:01.5000000.');
  assert.deepEqual(errors, ['warn: careful', 'verbose: GET / answered 200']);
});

test('the second generation has no closing line', () => {
  assert.ok(!speak('v2').output.join('\n').includes('Command completed'));
});

test('in classic mode everything is on standard output, for wrappers that read nothing else', () => {
  const { output, errors } = speak('classic');
  assert.deepEqual(errors, []);
  assert.ok(output.includes('warn: careful') && output.includes('verbose: GET / answered 200'));
  assert.deepEqual(output.slice(-5), ['Name', '----', 'x', '', 'Command completed successfully in 00:00:01.5000000.']);
});

test('with a format, standard output holds one document and nothing else', () => {
  assert.deepEqual(JSON.parse(speak('auto', 'json').output.join('\n')), ['x']);
  assert.deepEqual(JSON.parse(speak('v2', 'json').output.join('\n')), ['x']);
});
