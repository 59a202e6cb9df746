import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, test } from 'node:test';
import { AddressCounter } from './address-counter.ts';

class FakeSocket extends EventEmitter {
  readonly remoteAddress: string | undefined;

  constructor(remoteAddress: string | undefined) {
    super();
    this.remoteAddress = remoteAddress;
  }
}

describe('the count of connections by address', () => {
  test('an address may hold so many and no more, and others are not concerned', () => {
    const counter = new AddressCounter(2);
    const first = new FakeSocket('192.0.2.1');
    assert.ok(counter.admit(first));
    assert.ok(counter.admit(new FakeSocket('192.0.2.1')));
    assert.ok(!counter.admit(new FakeSocket('192.0.2.1')));
    assert.ok(counter.admit(new FakeSocket('192.0.2.2')));
    first.emit('close');
    assert.ok(counter.admit(new FakeSocket('192.0.2.1')));
    assert.ok(!counter.admit(new FakeSocket('192.0.2.1')));
  });

  test('one that was turned away does not count when it closes', () => {
    const counter = new AddressCounter(1);
    counter.admit(new FakeSocket('192.0.2.1'));
    const refused = new FakeSocket('192.0.2.1');
    assert.ok(!counter.admit(refused));
    refused.emit('close');
    assert.ok(!counter.admit(new FakeSocket('192.0.2.1')));
  });

  test('an IPv6 /64 is one address, however it is written; an IPv4 address is one in both its forms', () => {
    const same: string[][] = [
      ['2001:db8:1:2::1', '2001:db8:1:2:ffff:0:0:9', '2001:db8:1:2:3:4:5:6'],
      ['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:192.0.2.1'],
      ['fe80::1', 'fe80:0:0:0::2'],
      ['::1', '0:0:0:0:0:0:0:1'],
    ];
    for (const addresses of same) {
      const counter = new AddressCounter(1);
      assert.deepEqual(
        addresses.map((address) => counter.admit(new FakeSocket(address))),
        addresses.map((_, index) => index === 0),
      );
    }
    const different = ['2001:db8:1:2::1', '2001:db8:1:3::1', '2001:db8::1', '192.0.2.1', '192.0.2.2', '::1', undefined];
    const counter = new AddressCounter(1);
    for (const address of different) assert.ok(counter.admit(new FakeSocket(address)), String(address));
  });
});
