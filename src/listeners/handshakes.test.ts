import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, test } from 'node:test';
import { Handshakes } from './handshakes.ts';

class FakeSocket extends EventEmitter {
  destroyed = false;

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

function begin(handshakes: Handshakes, ...names: string[]): FakeSocket[] {
  return names.map((name) => {
    const socket = new FakeSocket();
    handshakes.begin(name, socket);
    return socket;
  });
}

describe('the handshakes under way', () => {
  test('above the limit the one that has waited longest is cut off, and the one that comes is let on', () => {
    const handshakes = new Handshakes(3);
    const sockets = begin(handshakes, 'a', 'b', 'c', 'd', 'e');
    assert.deepEqual(
      sockets.map(({ destroyed }) => destroyed),
      [true, true, false, false, false],
    );
    assert.equal(handshakes.count, 3);
  });

  test('who has finished is not counted and not cut off', () => {
    const handshakes = new Handshakes(2);
    const [first, second] = begin(handshakes, 'a', 'b');
    handshakes.end('a');
    begin(handshakes, 'c', 'd');
    assert.deepEqual([first?.destroyed, second?.destroyed, handshakes.count], [false, true, 2]);
  });

  test('who has gone makes room', () => {
    const handshakes = new Handshakes(2);
    const [first, second] = begin(handshakes, 'a', 'b');
    first?.destroy();
    begin(handshakes, 'c');
    assert.deepEqual([second?.destroyed, handshakes.count], [false, 2]);
  });

  test('the end of a connection is not taken for the end of the next of that name', () => {
    const handshakes = new Handshakes(2);
    const [old] = begin(handshakes, 'a');
    begin(handshakes, 'a');
    old?.emit('close');
    assert.equal(handshakes.count, 1);
  });
});
