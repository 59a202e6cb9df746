// Starts one of our programs under whatever `node` is on the path. Plain JavaScript that Node 20 can
// read: in a clone an older Node hands over to the pinned one before any TypeScript is touched. The
// package carries this file as it is: there the nearest package.json maps `#` to what was emitted.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const majorMin = 24;
// The package has no src/, and no Node of its own.
const isClone = existsSync(join(root, 'src'));

/** Runs `program`, `#folder/file.ts`, which does its work when imported. */
export async function launch(program) {
  if (Number.parseInt(process.versions.node, 10) < majorMin) {
    handOver();
    return;
  }
  // Ours alone: the default directory is shared by every user of the machine. Where it cannot be
  // written, starting is slower and nothing else.
  module.enableCompileCache(join(root, 'node_modules', '.cache', 'compile'));
  await import(program);
}

/** The same command under the pinned Node: same terminal, same signals, same end. */
function handOver() {
  const pinned = [join('node', 'bin', 'node'), join('.bin', 'node')]
    .map((path) => join(root, 'node_modules', path))
    .find(existsSync);
  if (!pinned || process.execPath === pinned) {
    console.error(`error: Homeport needs Node ${majorMin} or newer; this is ${process.versions.node}.`);
    console.error(
      isClone ? `  The pinned one is missing. Run: npm ci --prefix ${root}` : '  Install it, or put it first on the PATH.',
    );
    process.exitCode = 1;
    return;
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
  const forward = (signal) => {
    // At a terminal, ^C and ^\ reach the whole foreground group: the child has heard it already.
    if (process.stdin.isTTY && (signal === 'SIGINT' || signal === 'SIGQUIT')) return;
    child.kill(signal);
  };
  // Before the child exists: a signal in between would end us and leave the child to nobody. Handlers
  // run from the event loop, so by then there is a child to pass it to.
  for (const signal of signals) process.on(signal, forward);
  const child = spawn(pinned, [...process.execArgv, ...process.argv.slice(1)], { stdio: 'inherit' });
  child.on('error', (error) => {
    console.error(`error: ${pinned} could not be started.`);
    console.error(`  ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    for (const name of signals) process.off(name, forward);
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    // Ends by the same signal, so that whoever waits for us sees what happened.
    process.exitCode = 128 + constants.signals[signal];
    process.kill(process.pid, signal);
  });
}
