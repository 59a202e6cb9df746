import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '#test/support/manual-clock.ts';
import { testTerminal } from '#test/support/test-terminal.ts';
import { LiveView } from './live-view.ts';

/** One line up, and what stands there is erased. */
const up = '\u001b[1A\u001b[2K';

/** What a terminal shows after these lines, each of which may go up one line and empty it first. */
function screenOf(lines: readonly string[]): string[] {
  const screen: string[] = [];
  for (const line of lines) {
    const isUp = line.startsWith(up);
    if (isUp) screen.pop();
    screen.push(isUp ? line.slice(up.length) : line);
  }
  return screen;
}

test('events stand above one line that says how many there were, how fast and of how many devices', () => {
  const clock = new ManualClock();
  const terminal = testTerminal();
  const view = new LiveView(clock, terminal);
  view.begin();
  assert.deepEqual(screenOf(terminal.output), ['0 events, 0.0/s, 0 devices. Ctrl-C ends.']);
  for (let count = 0; count < 10; count++) {
    view.show(`event ${count}`, count % 2 === 0 ? 'dev1' : 'dev2');
    clock.advance(200);
  }
  const screen = screenOf(terminal.output);
  assert.deepEqual(
    screen.slice(0, -1),
    Array.from({ length: 10 }, (_, count) => `event ${count}`),
  );
  assert.equal(screen.at(-1), '10 events, 5.0/s, 2 devices. Ctrl-C ends.');
  clock.advance(10_000);
  assert.equal(screenOf(terminal.output).at(-1), '10 events, 0.0/s, 2 devices. Ctrl-C ends.');
  view.end();
  const { length } = terminal.output;
  clock.advance(10_000);
  assert.equal(terminal.output.length, length, 'it rests when it is over');
});
