import type { KeyObject } from 'node:crypto';
import type { Random } from '#base/random.ts';
import { makeExtension } from '#pki/issue.ts';
import { makeCa, makeLeaf, type OddRequest, type TestCertificate } from './certificates.ts';
import { tlv } from './der.ts';

/** What a client shows, and the key with which it proves to hold the first of them. */
export type ShownChain = { readonly kind: string; readonly certificates: readonly Buffer[]; readonly key: KeyObject };

type Dates = Pick<OddRequest, 'notBefore' | 'notAfter'>;

/** Chains that are good, or wrong in a known way, for one device. */
export type ChainStock = {
  readonly root: TestCertificate;
  readonly bases: readonly { readonly kind: string; readonly chain: readonly TestCertificate[] }[];
};

/** `root` is the CA that a hub verified. Everything is valid in `dates`, what is said to be over apart. */
export function makeChainStock(deviceId: string, root: TestCertificate, dates: Dates, over: Dates): ChainStock {
  const ca = (name: string, issuer: TestCertificate, more: OddRequest = {}) => makeCa({ name, issuer, ...dates, ...more });
  const leaf = (issuer: TestCertificate, more: OddRequest = {}) => makeLeaf({ name: deviceId, issuer, ...dates, ...more });
  const [upper, stranger] = [ca('Upper', root), makeCa({ name: 'Stranger', ...dates })];
  const lower = ca('Lower', upper);
  const deep = ca('Deep', lower);
  const names = tlv(0x30, tlv(0xa1, tlv(0x30, tlv(0x82, 'evil.com'))));
  const constrained = ca('Constrained', root, { extensions: [makeExtension('2.5.29.30', names, true)] });
  const strict = ca('Strict', root, { basicConstraints: { isCa: true, pathLength: 0 } });
  const altName = (host: string) => makeExtension('2.5.29.17', tlv(0x30, tlv(0x82, host)));
  const many = tlv(0x30, ...Array.from({ length: 700 }, (_, index) => tlv(0x82, `h${index}.example`)));
  const crossed = ca('Upper', stranger, { key: upper });
  return {
    root,
    bases: [
      { kind: 'direct', chain: [leaf(root)] },
      { kind: 'one above', chain: [leaf(upper), upper] },
      { kind: 'two above', chain: [leaf(lower), lower, upper] },
      { kind: 'with the root', chain: [leaf(lower), lower, upper, root] },
      { kind: 'too long', chain: [leaf(deep), deep, lower, upper] },
      { kind: 'stranger', chain: [leaf(stranger), stranger] },
      { kind: 'over', chain: [leaf(root, over)] },
      { kind: 'issuer over', chain: ((issuer) => [leaf(issuer), issuer])(ca('Over', root, over)) },
      { kind: 'name excluded', chain: [leaf(constrained, { extensions: [altName('a.evil.com')] }), constrained] },
      { kind: 'name allowed', chain: [leaf(constrained, { extensions: [altName('a.good.com')] }), constrained] },
      { kind: 'many names', chain: [leaf(constrained, { extensions: [makeExtension('2.5.29.17', many)] }), constrained] },
      { kind: 'path length', chain: ((below) => [leaf(below), below, strict])(ca('Below', strict)) },
      { kind: 'crossed', chain: [leaf(upper), crossed, upper, stranger] },
      { kind: 'repeated', chain: ((one) => [one, one, upper, upper])(leaf(upper)) },
      { kind: 'no CA', chain: ((end) => [leaf(end), end])(makeLeaf({ name: 'End', issuer: root, ...dates })) },
    ],
  };
}

/** One of the stock, changed in one of many ways, or not at all. */
export function mutate({ root, bases }: ChainStock, random: Random): ShownChain {
  const below = (limit: number) => Math.floor(random.fraction() * limit);
  const pick = <T>(all: readonly T[]): T => all[below(all.length)] as T;
  const base = pick(bases);
  const other = pick(bases);
  const key = (base.chain[0] as TestCertificate).privateKey;
  const ders = base.chain.map(({ der }) => der);
  const [leaf = Buffer.alloc(0), ...others] = ders;
  const shown = (what: string, certificates: readonly Buffer[], by: KeyObject = key): ShownChain => ({
    kind: what,
    certificates,
    key: by,
  });
  const flip = (der: Buffer): Buffer => {
    const changed = Buffer.from(der);
    for (let hits = 1 + below(3); hits > 0; hits--) changed[below(changed.length)] = below(256);
    return changed;
  };
  /** Certificates of no meaning for the path. */
  const filler = (count: number) => Array.from({ length: count }, () => pick(pick(bases).chain).der);
  switch (below(13)) {
    case 0:
      return shown('as it is', ders);
    case 1:
      return shown('bytes flipped in the leaf', [flip(leaf), ...others]);
    case 2:
    case 3: {
      const at = below(ders.length);
      return shown(
        'bytes flipped',
        ders.map((der, index) => (index === at ? flip(der) : der)),
      );
    }
    case 4:
      return shown('bytes flipped above', [leaf, ...others.map(flip)]);
    case 5: {
      const order = [...others].sort(() => random.fraction() - 0.5);
      return shown('swapped above', [leaf, ...order]);
    }
    case 6: {
      const chain = [...base.chain].sort(() => random.fraction() - 0.5);
      return shown(
        'swapped',
        chain.map(({ der }) => der),
        (chain[0] as TestCertificate).privateKey,
      );
    }
    case 7:
      return shown('looped', [...ders, ...ders, leaf, ...others].slice(0, 2 + below(3 * ders.length)));
    case 8:
      return shown('very long', [leaf, ...filler(below(20)), ...others, ...filler(below(60))]);
    case 9:
      return shown('huge', [leaf, ...others, ...Array.from({ length: 1 + below(9) }, () => random.bytes(1 + below(20_000)))]);
    case 10:
      return shown('mixed', [leaf, ...other.chain.slice(1).map(({ der }) => der)]);
    case 11: {
      const cut = others.map((der) => (below(2) === 0 ? der.subarray(0, below(der.length)) : der));
      return shown('cut', [leaf, ...cut, root.der]);
    }
    default:
      return shown('bytes behind', [leaf, ...others.map((der) => Buffer.concat([der, random.bytes(1 + below(4))]))]);
  }
}
