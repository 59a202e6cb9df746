import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningHomeport } from './start-homeport.ts';
import { typed } from './typed.ts';

const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/connect-a-sphere-device.md'), 'utf8');

/** The blocks of the guide in one language, in order. */
export function blocksOf(language: 'sh' | 'js'): string[] {
  return [...guide.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(([, name]) => name === language).map(([, , text = '']) => text);
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
