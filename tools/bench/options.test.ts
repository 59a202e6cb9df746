import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readWish, shapeNames, WishError } from './options.ts';
import { comparedRow, median } from './row.ts';

describe('npm run bench', () => {
  test('takes shapes in any case, and without any all but the one that takes minutes', () => {
    assert.deepEqual([...readWish(['w1', 'W10C']).shapes], ['W1', 'W10c']);
    assert.deepEqual(
      [...readWish([]).shapes],
      shapeNames.filter((name) => name !== 'start-100k'),
    );
    const { rounds, seconds, json, isWritten } = readWish(['--rounds', '5', '--seconds', '0.5', '--json', 'a.json', '--write']);
    assert.deepEqual([rounds, seconds, json, isWritten], [5, 0.5, 'a.json', true]);
  });

  test('says what is wrong with what was typed', () => {
    const wrong: [string[], RegExp][] = [
      [['W11'], /There is no shape W11/],
      [['--round', '3'], /There is no option --round/],
      [['--rounds'], /--rounds takes a whole number of at least 1/],
      [['--rounds', '1.5'], /whole number/],
      [['--seconds', '0'], /--seconds takes a number of at least 0.1/],
      [['--seconds', ''], /--seconds takes a number/],
      [['--json', '--write'], /--json takes a file/],
      [['W1', '--write'], /--write is for everything/],
    ];
    for (const [words, why] of wrong) {
      assert.throws(
        () => readWish(words),
        (error) => error instanceof WishError && why.test(error.message) && error.message.includes('usage:'),
      );
    }
  });

  test('a bar is met by the ratio of medians', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    const row = { shape: 'W', what: '', unit: 'µs', peer: 'Mosquitto', note: undefined, ratioMin: 2 };
    assert.equal(comparedRow({ ...row, homeport: [5, 1, 9], peerFigures: [10, 10, 10] }).isMet, true);
    const missed = comparedRow({ ...row, homeport: [5, 6, 9], peerFigures: [10, 10, 10] });
    assert.deepEqual([missed.isMet, missed.homeport, missed.peerFigure], [false, 6, 10]);
  });
});
