import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LineWriter } from './line-writer.ts';

/** A reader that takes `room` bytes and then nothing more, until it has room again. */
function open({ waitingBytesMax = 100 } = {}) {
  const reader = { room: 0, text: '', isGone: false };
  const retries: (() => void)[] = [];
  const lines = new LineWriter({
    write(bytes) {
      if (reader.isGone) throw Object.assign(new Error('gone'), { code: 'EPIPE' });
      if (reader.room === 0) throw Object.assign(new Error('behind'), { code: 'EAGAIN' });
      const taken = Math.min(reader.room, bytes.length);
      reader.room -= taken;
      reader.text += Buffer.from(bytes.subarray(0, taken)).toString();
      return taken;
    },
    later: (callback) => void retries.push(callback),
    describeDropped: (count) => `${count} dropped\n`,
    waitingBytesMax,
  });
  const retry = () => {
    for (const callback of retries.splice(0)) callback();
  };
  return { lines, reader, retries, retry };
}

describe('lines for a reader', () => {
  test('are written at once where it takes them', () => {
    const { lines, reader, retries } = open();
    reader.room = 100;
    lines.write('one\n');
    assert.equal(reader.text, 'one\n');
    assert.equal(retries.length, 0);
  });

  test('wait in order while it is behind, and whoever writes them does not', () => {
    const { lines, reader, retries, retry } = open();
    reader.room = 2;
    for (const line of ['one\n', 'two\n', 'three\n']) lines.write(line);
    assert.equal(reader.text, 'on');
    assert.equal(retries.length, 1, 'one retry for all of them');
    retry();
    assert.equal(retries.length, 1, 'and again while it takes nothing');
    reader.room = 5;
    retry();
    reader.room = 100;
    retry();
    assert.equal(reader.text, 'one\ntwo\nthree\n');
    assert.equal(retries.length, 0);
    lines.write('four\n');
    assert.equal(reader.text, 'one\ntwo\nthree\nfour\n');
  });

  test('that are more than may wait are dropped and counted', () => {
    const { lines, reader, retry } = open({ waitingBytesMax: 10 });
    for (const line of ['aaaa\n', 'bbbb\n', 'cccc\n', 'dddd\n']) lines.write(line);
    reader.room = 100;
    retry();
    assert.equal(reader.text, 'aaaa\nbbbb\n2 dropped\n');
    lines.write('eeee\n');
    assert.equal(reader.text, 'aaaa\nbbbb\n2 dropped\neeee\n');
  });

  test('go nowhere once it is gone, and harm nobody', () => {
    const { lines, reader, retries } = open();
    lines.write('one\n');
    reader.isGone = true;
    lines.write('two\n');
    assert.equal(lines.drain(), true);
    lines.write('three\n');
    assert.equal(reader.text, '');
    assert.equal(retries.length, 1, 'that of the first line');
  });
});
