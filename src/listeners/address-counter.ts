/** What is counted: a socket, as far as that takes. */
export type CountedSocket = {
  readonly remoteAddress?: string | undefined;
  once(event: 'close', listener: () => void): unknown;
};

/** Counts open sockets by remote address, a /64 of IPv6 being one, and says when an address has enough. */
export class AddressCounter {
  readonly #max: number;
  readonly #open = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** False when the address holds as many sockets as it may; otherwise counts until the socket closes. */
  admit(socket: CountedSocket): boolean {
    const address = groupOf(socket.remoteAddress ?? '');
    const count = this.#open.get(address) ?? 0;
    if (count >= this.#max) return false;
    this.#open.set(address, count + 1);
    socket.once('close', () => {
      const left = (this.#open.get(address) ?? 1) - 1;
      if (left === 0) this.#open.delete(address);
      else this.#open.set(address, left);
    });
    return true;
  }
}

/** One subscriber owns a whole /64, so counting its single addresses would bound nothing. */
function groupOf(address: string): string {
  const mapped = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!mapped.includes(':')) return mapped;
  const [head = '', tail = ''] = mapped.split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail.split(':').filter(Boolean);
  const zeros = mapped.includes('::') ? Array(Math.max(0, 8 - left.length - right.length)).fill('0') : [];
  return [...left, ...zeros, ...right].slice(0, 4).join(':');
}
