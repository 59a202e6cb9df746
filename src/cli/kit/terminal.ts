import type { Cancel } from '#base/clock.ts';
import type { Environment } from '#base/data-directory.ts';
import { CommandFailure } from './failure.ts';

/** The world around a command: what it was started with and where its words go. Tests pass their own. */
export type Terminal = {
  readonly environment: Environment;
  readonly workingDirectory: string;
  /** The words that start this program again: an absolute path and what must follow it. */
  readonly program: readonly string[];
  /** Whether a person reads standard output. */
  readonly isOutputTerminal: boolean;
  /** Whether a person can answer a question. */
  readonly isInputTerminal: boolean;
  /** Writes one line to standard output: data. */
  print(line: string): void;
  /** Writes one line to standard error: warnings, errors, progress. */
  complain(line: string): void;
  /** Asks a person; ^C throws a failure with exit code 130. Only where `isInputTerminal`. */
  ask(question: string): Promise<string>;
  /** Hands on each line of standard input until cancelled. */
  onLine(listener: (line: string) => void): Cancel;
  /** SIGINT or SIGTERM. While somebody listens, the signal itself does not end the process. */
  onInterrupt(listener: (signal: 'SIGINT' | 'SIGTERM') => void): Cancel;
};

/** The terminal of the running process. */
export function openTerminal(): Terminal {
  // `azsphere device list | head -1` closes the pipe early; that is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    environment: process.env,
    workingDirectory: process.cwd(),
    program: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
    isOutputTerminal: process.stdout.isTTY === true,
    // To look at the stream is to load it, and what it takes: most commands never ask.
    get isInputTerminal() {
      return process.stdin.isTTY === true;
    },
    print: (line) => void process.stdout.write(`${line}\n`),
    complain: (line) => void process.stderr.write(`${line}\n`),
    ask,
    onLine,
    onInterrupt,
  };
}

const readline = () => process.getBuiltinModule('node:readline');

/** The question goes to standard error, so that `> file` does not swallow it. */
function ask(question: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = readline().createInterface({ input: process.stdin, output: process.stderr });
    const interrupted = () => reject(new CommandFailure('interrupted', 'Interrupted.'));
    lines.once('SIGINT', () => {
      lines.close();
      interrupted();
    });
    lines.once('close', interrupted);
    lines.question(question, (answer) => {
      resolve(answer);
      lines.close();
    });
  });
}

function onLine(listener: (line: string) => void): Cancel {
  const lines = readline().createInterface({ input: process.stdin });
  lines.on('line', listener);
  return () => lines.close();
}

function onInterrupt(listener: (signal: 'SIGINT' | 'SIGTERM') => void): Cancel {
  const heard = (signal: NodeJS.Signals) => {
    if (signal === 'SIGINT' || signal === 'SIGTERM') listener(signal);
  };
  process.on('SIGINT', heard);
  process.on('SIGTERM', heard);
  return () => {
    process.off('SIGINT', heard);
    process.off('SIGTERM', heard);
  };
}
