import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Cancel } from '#base/clock.ts';
import { metricsOf } from '#base/metrics.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem, Problem } from '#base/problem.ts';
import type { Secret } from '#base/secret.ts';
import { type AddressRules, addressRules } from './address-rules.ts';

export type OutgoingOptions = {
  readonly platform: Platform;
  /** Addresses and networks inside that may be called all the same. */
  readonly allowed: readonly string[];
  /** Calls without TLS. */
  readonly allowHttp: boolean;
  /** CAs to trust in place of the system's, PEM. */
  readonly ca?: string;
  /** How names become addresses; the system's way unless another is given. */
  readonly resolve?: (hostName: string) => Promise<readonly LookupAddress[]>;
};

export type OutgoingCall = {
  /** A URL may hold a secret (`?code=…`): it is revealed here and nowhere else. */
  readonly url: Secret;
  /** Sent as JSON. */
  readonly json: unknown;
};

/** A broker as it is written: `amqps://name:password@broker.example:5671`. */
export type OutgoingBroker = {
  readonly hostName: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly user: { readonly name: string; readonly password: string } | undefined;
};

export type OutgoingAnswer = { readonly status: number; readonly body: Buffer };
export type OutgoingHead = { readonly status: number; readonly headers: IncomingHttpHeaders };

/** Why there is no answer, as the `reason` of the Problem `unavailable`. */
export type OutgoingReason =
  | 'target-refused'
  | 'target-unreachable'
  | 'target-timeout'
  | 'request-too-large'
  | 'answer-too-large'
  | 'too-many-calls';

type Method = 'GET' | 'HEAD' | 'POST';

/** From the first look at the name to the last byte of the answer. */
const totalMsMax = 10_000;
export const answerBytesMax = 1024 * 1024;
const requestBytesMax = 1024 * 1024;
const urlLengthMax = 2_048;
const callsMax = 64;

/**
 * The one door through which we call somebody: webhooks, and what else goes out. Whoever may configure a URL
 * must not reach through it what only this machine can reach, so: https unless the operator allows less; no
 * address inside unless it is on the operator's list; the address that was looked at is the one connected to,
 * or a name could point elsewhere a moment later; a redirect is an answer and is not followed.
 */
export class Outgoing {
  readonly #options: OutgoingOptions;
  readonly #addresses: AddressRules;
  readonly #resolve: NonNullable<OutgoingOptions['resolve']>;
  #calls = 0;

  constructor(options: OutgoingOptions) {
    this.#options = options;
    this.#addresses = addressRules(options.allowed);
    this.#resolve = options.resolve ?? ((hostName) => lookup(hostName, { all: true }));
  }

  /**
   * The target as it may be stored, or Problem `argument-invalid`: what can be said without asking anybody.
   * The address is looked at with each call, since names move.
   */
  checkUrl(text: string): URL {
    const url = URL.canParse(text) && text.length <= urlLengthMax ? new URL(text) : undefined;
    if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
      throw new Problem('argument-invalid', `The URL must be one of https with at most ${urlLengthMax} characters.`);
    }
    if (url.protocol === 'http:' && !this.#options.allowHttp) {
      throw new Problem('argument-invalid', 'The URL must be one of https: outgoing.allowHttp is not set.');
    }
    if (url.username !== '' || url.password !== '') {
      throw new Problem('argument-invalid', 'The URL must not hold a user name or a password.');
    }
    return url;
  }

  /** As `checkUrl`, for a broker. */
  checkBroker(text: string): OutgoingBroker {
    const url = URL.canParse(text) && text.length <= urlLengthMax ? new URL(text) : undefined;
    const isTls = url?.protocol === 'amqps:';
    if (!url || (!isTls && url.protocol !== 'amqp:') || url.hostname === '' || !/^\/?$/.test(url.pathname) || url.search !== '') {
      throw new Problem('argument-invalid', 'The broker must be written as amqps://name:password@host:port.');
    }
    if (!isTls && !this.#options.allowHttp) {
      throw new Problem('argument-invalid', 'The broker must be one of amqps: outgoing.allowHttp is not set.');
    }
    const [name, password] = [decode(url.username), decode(url.password)];
    if (name === undefined || password === undefined) {
      throw new Problem('argument-invalid', 'The name and the password of the broker must be percent-encoded.');
    }
    const port = url.port === '' ? (isTls ? 5671 : 5672) : Number(url.port);
    return { hostName: url.hostname, port, isTls, user: name === '' ? undefined : { name, password } };
  }

  /** Opens a line to a broker, by the rules of calls. It ends when whoever has it ends it. Throws as `post` does. */
  async connect({ hostName, port, isTls }: Pick<OutgoingBroker, 'hostName' | 'port' | 'isTls'>): Promise<Socket> {
    const where = `${hostName}:${port}`;
    let late = false;
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => {});
    let socket: Socket | undefined;
    const cancel = this.#options.platform.clock.after(totalMsMax, () => {
      late = true;
      reject(refused('target-timeout', `${where} did not answer within ${totalMsMax / 1000} s.`));
      socket?.destroy();
    });
    const dial = async () => {
      const addresses = await this.#addressesOf(new URL(`https://${where}`));
      if (late) throw refused('target-timeout', `${where} did not answer in time.`);
      return new Promise<Socket>((resolve, fail) => {
        const plain = hostName.replace(/^\[|\]$/g, '');
        const options = { host: plain, port, lookup: lookupIn(addresses) };
        const { ca } = this.#options;
        const opened = isTls
          ? connectTls({
              ...options,
              ...(isIP(plain) === 0 && { servername: plain }),
              ...(ca !== undefined && { ca }),
            })
          : connectTcp(options);
        socket = opened;
        opened.once(isTls ? 'secureConnect' : 'connect', () => resolve(opened));
        opened.on('error', (cause: NodeJS.ErrnoException) =>
          fail(refused('target-unreachable', `${where} cannot be reached: ${cause.code ?? cause.name}.`)),
        );
      });
    };
    try {
      return await Promise.race([promise, dial()]);
    } finally {
      cancel();
    }
  }

  /** Posts JSON. Throws Problem `unavailable` whose reason is an OutgoingReason; every status is an answer. */
  post({ url, json }: OutgoingCall): Promise<OutgoingAnswer> {
    return this.#call('POST', url, Buffer.from(JSON.stringify(json)));
  }

  /** Fetches whatever stands there. Throws as `post` does. */
  get(url: Secret): Promise<OutgoingAnswer> {
    return this.#call('GET', url, undefined);
  }

  /** Asks what stands there without fetching it. Throws as `post` does. */
  head(url: Secret): Promise<OutgoingHead> {
    return this.#call('HEAD', url, undefined);
  }

  async #call(method: Method, secretUrl: Secret, body: Buffer | undefined): Promise<OutgoingAnswer & OutgoingHead> {
    if (body && body.length > requestBytesMax) throw refused('request-too-large', 'What would be sent is larger than 1 MiB.');
    let url: URL;
    try {
      url = this.checkUrl(secretUrl.reveal());
    } catch (cause) {
      throw refused('target-refused', cause instanceof Problem ? cause.message : 'The URL is malformed.');
    }
    if (this.#calls >= callsMax) throw refused('too-many-calls', `${callsMax} calls are under way already.`);
    this.#calls += 1;
    const abort = new AbortController();
    const { promise: late, reject } = Promise.withResolvers<never>();
    late.catch(() => {});
    const cancel: Cancel = this.#options.platform.clock.after(totalMsMax, () => {
      reject(refused('target-timeout', `${url.host} did not answer within ${totalMsMax / 1000} s.`));
      abort.abort();
    });
    const count = (result: string) =>
      metricsOf(this.#options.platform).counter('homeport_outgoing_calls_total', { result }).add();
    try {
      const answer = await Promise.race([late, this.#send(method, url, body, abort.signal)]);
      count('answered');
      return answer;
    } catch (error) {
      count(asProblem(error).reason ?? 'failed');
      throw error;
    } finally {
      cancel();
      this.#calls -= 1;
    }
  }

  async #send(method: Method, url: URL, body: Buffer | undefined, signal: AbortSignal): Promise<OutgoingAnswer & OutgoingHead> {
    const addresses = await this.#addressesOf(url);
    signal.throwIfAborted();
    const response = await this.#open(method, url, addresses, body, signal);
    return { status: response.statusCode ?? 0, headers: response.headers, body: await readAnswer(response, url.host) };
  }

  /** All of them must be allowed: which one is taken is not ours to say. */
  async #addressesOf(url: URL): Promise<readonly LookupAddress[]> {
    const hostName = url.hostname.replace(/^\[|\]$/g, '');
    const family = isIP(hostName);
    const addresses = family === 0 ? await this.#lookUp(hostName) : [{ address: hostName, family }];
    const refusedOne = addresses.find(({ address }) => !this.#addresses.allows(address));
    if (addresses.length === 0 || refusedOne) {
      const detail = refusedOne ? `${url.hostname} leads to ${refusedOne.address}` : `${url.hostname} leads nowhere`;
      throw refused('target-refused', `${detail}, which is not on the list outgoing.allowed.`);
    }
    return addresses;
  }

  async #lookUp(hostName: string): Promise<readonly LookupAddress[]> {
    try {
      return await this.#resolve(hostName);
    } catch {
      throw refused('target-unreachable', `There is no address of ${hostName}.`);
    }
  }

  #open(
    method: Method,
    url: URL,
    addresses: readonly LookupAddress[],
    body: Buffer | undefined,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const options = {
        method,
        signal,
        // No connection is kept: a kept one would go to an address that was looked at earlier.
        agent: false,
        maxHeaderSize: 16 * 1024,
        headers: {
          ...(body && { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length }),
          accept: body ? 'application/json' : '*/*',
          'user-agent': 'homeport',
        },
        ...(this.#options.ca !== undefined && { ca: this.#options.ca }),
        lookup: lookupIn(addresses),
      };
      const sent: ClientRequest = url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options);
      sent.on('response', resolve);
      sent.on('error', (cause: NodeJS.ErrnoException) =>
        reject(refused('target-unreachable', `${url.host} cannot be reached: ${cause.code ?? cause.name}.`)),
      );
      sent.end(body);
    });
  }
}

/** Undefined for what does not decode. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The addresses that were looked at, and no others. */
function lookupIn(addresses: readonly LookupAddress[]): LookupFunction {
  const [first] = addresses;
  return (_hostName, { all }, done) => {
    if (all) done(null, [...addresses]);
    else done(null, first?.address ?? '', first?.family);
  };
}

async function readAnswer(response: IncomingMessage, host: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > answerBytesMax) throw refused('answer-too-large', `The answer of ${host} is larger than 1 MiB.`);
      chunks.push(chunk);
    }
  } catch (cause) {
    response.destroy();
    throw cause instanceof Problem ? cause : refused('target-unreachable', `The answer of ${host} broke off.`);
  }
  return Buffer.concat(chunks);
}

/** Neither the path nor the query of the URL is ever part of `detail`. */
function refused(reason: OutgoingReason, detail: string): Problem {
  return new Problem('unavailable', detail, { reason });
}
