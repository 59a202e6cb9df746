import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { type RawData, type ServerOptions, type WebSocket, WebSocketServer } from 'ws';

/** What one WebSocket may make us hold. */
export type WebSocketLimits = {
  /** One message, fragments joined: it is held whole before a byte of it is read. */
  readonly messageBytesMax: number;
  readonly fragmentsMax: number;
};

/** Pieces of one message as the network cut it: each costs more than its bytes when they come one by one. */
const piecesMax = 8_192;
/** What the other side gets to answer our close frame. */
const closeMsMax = 5_000;

/**
 * permessage-deflate is not offered: telemetry is small, while every connection would keep a compressor's
 * window and a small frame could unpack into a large one. No client requires it (hub-device-protocol.md 1).
 */
const options: ServerOptions & { closeTimeout: number } = {
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxBufferedChunks: piecesMax,
  closeTimeout: closeMsMax,
};

/**
 * Which of the sub-protocols a request offers is served, in the spelling of the offer: it is chosen
 * without regard to case and must be echoed with it, because clients reject what they did not write.
 * `served` is in lower case. Undefined: none.
 */
export function chooseSubProtocol(request: Pick<IncomingMessage, 'headers'>, served: readonly string[]): string | undefined {
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  return offered.find((name) => served.includes(name.toLowerCase()));
}

export type WebSocketRequest = {
  readonly request: IncomingMessage;
  /** What node:http handed over with the upgrade: the socket, and the bytes that came right behind the request. */
  readonly socket: Duplex;
  readonly head: Buffer;
  /** One of the offered sub-protocols, as it is to be echoed. */
  readonly subProtocol: string;
  readonly limits: WebSocketLimits;
};

/**
 * Answers the handshake and gives `onOpen` the WebSocket as a stream of bytes. A handshake that is none is
 * answered 400 or 405, and `onOpen` is not called. Nothing is sent after the handshake that the stream was
 * not given to write, no ping either: Java's client still reads headers when it is too early
 * (hub-device-protocol.md 1), and the protocol inside has a keep-alive of its own.
 */
export function acceptWebSocket(
  { request, socket, head, subProtocol, limits }: WebSocketRequest,
  onOpen: (stream: Duplex) => void,
): void {
  const server = new WebSocketServer({
    ...options,
    maxPayload: limits.messageBytesMax,
    maxFragments: limits.fragmentsMax,
    handleProtocols: () => subProtocol,
  });
  server.handleUpgrade(request, socket, head, (webSocket) => onOpen(new WebSocketStream(webSocket)));
}

/**
 * The messages of a WebSocket joined to a stream of bytes: where a frame ends means nothing to the protocol
 * inside [MQTT-6.0.0-2]. Text ends it [MQTT-6.0.0-1]. A reader that pauses stops the socket, and a write is done when
 * the socket has taken it, so `writableLength` counts what the other side does not read.
 */
class WebSocketStream extends Duplex {
  readonly #webSocket: WebSocket;
  /** The close frame that says why is under way; cutting the line would lose it. */
  #isClosing = false;

  constructor(webSocket: WebSocket) {
    super();
    this.#webSocket = webSocket;
    webSocket.on('message', (data, isBinary) => {
      if (this.destroyed) return;
      if (isBinary) {
        if (!this.push(bytesOf(data))) webSocket.pause();
        return;
      }
      webSocket.close(1003, 'binary frames only');
      this.#fail(new Error('a text frame where bytes were expected'));
    });
    // The library has sent the close frame for what broke its rules: oversize, unmasked, unknown opcodes.
    webSocket.on('error', (error) => this.#fail(error));
    webSocket.on('close', () => {
      if (!this.destroyed) this.push(null);
    });
  }

  override _read(): void {
    this.#webSocket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send(chunk, done);
  }

  /** What waited while the socket was slow leaves as one message. */
  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#webSocket.close(1000);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#isClosing) this.#webSocket.terminate();
    done(error);
  }

  #send(bytes: Buffer, done: (error?: Error | null) => void): void {
    // After the other side's close frame nobody reads any more; the end of the stream is on its way.
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) done();
    else this.#webSocket.send(bytes, { binary: true }, done);
  }

  #fail(error: Error): void {
    if (this.destroyed) return;
    this.#isClosing = true;
    // A paused socket would never see the answer to the close frame.
    this.#webSocket.resume();
    this.destroy(error);
  }
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
