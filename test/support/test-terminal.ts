import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Terminal } from '#cli/kit/terminal.ts';

export type TestTerminal = Terminal & {
  readonly output: string[];
  readonly errors: string[];
  readonly questions: string[];
  interrupt(signal?: 'SIGINT' | 'SIGTERM'): void;
  type(line: string): void;
};

/** A terminal in memory. With `answers` a person sits at it; without, nobody does. */
export function testTerminal(
  options: {
    environment?: Record<string, string>;
    workingDirectory?: string;
    program?: readonly string[];
    answers?: string[];
  } = {},
): TestTerminal {
  const output: string[] = [];
  const errors: string[] = [];
  const questions: string[] = [];
  const lineListeners = new Set<(line: string) => void>();
  const interruptListeners = new Set<(signal: 'SIGINT' | 'SIGTERM') => void>();
  return {
    environment: options.environment ?? {},
    workingDirectory: options.workingDirectory ?? '/',
    program: options.program ?? ['/nowhere/program'],
    isOutputTerminal: false,
    isInputTerminal: options.answers !== undefined,
    output,
    errors,
    questions,
    print: (line) => void output.push(...line.split('\n')),
    complain: (line) => void errors.push(...line.split('\n')),
    ask: async (question) => {
      questions.push(question);
      return options.answers?.shift() ?? '';
    },
    onLine: (listener) => {
      lineListeners.add(listener);
      return () => lineListeners.delete(listener);
    },
    onInterrupt: (listener) => {
      interruptListeners.add(listener);
      return () => interruptListeners.delete(listener);
    },
    interrupt: (signal = 'SIGINT') => {
      for (const listener of interruptListeners) listener(signal);
    },
    type: (line) => {
      for (const listener of lineListeners) listener(line);
    },
  };
}

/** A directory of the test's own, gone afterwards. Short, because sockets with long paths cannot be opened. */
export function temporaryDirectory(t: { after(fn: () => void): void }): string {
  const directory = mkdtempSync(join(tmpdir(), 'hp-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
