/** A text with its length in front. */
const lengthBytes = 2;

/**
 * A PUBLISH that is larger than allowed, on its way past: only what stands before its payload is kept, so that
 * it can be answered; the payload is counted and never stored.
 */
export class SkippedPublish {
  readonly first: number;
  /** The variable header, as far as it has arrived. */
  #head = Buffer.alloc(lengthBytes);
  #headLength = 0;
  #isHeadSized = false;
  #left: number;

  /** `remainingLength` as the fixed header states it. */
  constructor(first: number, remainingLength: number) {
    this.first = first;
    this.#left = remainingLength;
  }

  get isComplete(): boolean {
    return this.#left === 0;
  }

  /** Topic and packet id; the whole of it once the packet is complete. */
  get head(): Buffer {
    return this.#head.subarray(0, this.#headLength);
  }

  /** Takes what is its own of `chunk` from `at` on. Returns where the next packet begins. */
  feed(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left);
    this.#left -= end - at;
    for (let from = at; from < end && this.#headLength < this.#head.length; ) {
      const taken = chunk.copy(this.#head, this.#headLength, from, end);
      from += taken;
      this.#headLength += taken;
      if (!this.#isHeadSized && this.#headLength === lengthBytes) this.#sizeHead();
    }
    return end;
  }

  #sizeHead(): void {
    const isQos0 = (this.first & 0x06) === 0;
    const whole = Buffer.alloc(lengthBytes + this.#head.readUInt16BE() + (isQos0 ? 0 : 2));
    this.#head.copy(whole);
    this.#head = whole;
    this.#isHeadSized = true;
  }
}
