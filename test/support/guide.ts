import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningHomeport } from './start-homeport.ts';
import { typed } from './typed.ts';

const read = (name: string) => readFileSync(join(import.meta.dirname, '../../docs/guides', name), 'utf8');
const guide = read('connect-a-sphere-device.md');

/** The blocks of a guide in one language, in order. */
export function blocksOf(language: 'sh' | 'js', name?: string): string[] {
  const text = name === undefined ? guide : read(name);
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(([, name]) => name === language).map(([, , text = '']) => text);
}

/**
 * Types a command that stands in the guide, in a block or in its running text, with the code in place
 * of the word CODE.
 */
export function typedFromGuide(home: RunningHomeport, line: string, code = ''): Promise<string> {
  const isThere = blocksOf('sh').some((block) => block.split('\n').includes(line)) || guide.includes(`\`${line}\``);
  assert.ok(isThere, `the guide does not have: ${line}`);
  return typed(home, line.replace('CODE', code));
}
