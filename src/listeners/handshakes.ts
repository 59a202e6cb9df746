/** What is watched: a socket, as far as that takes. */
export type HandshakingSocket = {
  once(event: 'close', listener: () => void): unknown;
  destroy(): unknown;
};

/**
 * The TLS handshakes under way at one port. At the limit the one that has waited longest is cut off, not the one
 * that comes: else whoever opens sockets and says nothing would lock out everybody for as long as a handshake may take.
 */
export class Handshakes {
  readonly #max: number;
  /** By a name of the connection, since the socket that is secured is another object. The oldest comes first. */
  readonly #waiting = new Map<string, HandshakingSocket>();

  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#waiting.size;
  }

  begin(name: string, socket: HandshakingSocket): void {
    this.#waiting.set(name, socket);
    socket.once('close', () => {
      // The name may belong to the next connection by now.
      if (this.#waiting.get(name) === socket) this.#waiting.delete(name);
    });
    if (this.#waiting.size <= this.#max) return;
    for (const [oldest, waiting] of this.#waiting) {
      this.#waiting.delete(oldest);
      waiting.destroy();
      return;
    }
  }

  end(name: string): void {
    this.#waiting.delete(name);
  }
}
