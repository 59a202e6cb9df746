import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseCertificate } from '#pki/certificate.ts';
import { buildChain } from '#pki/chain.ts';
import { startProcessorTime } from '#test/support/processor-time.ts';
import {
  der,
  type PkitsCase,
  pkitsCases,
  pkitsCertificates,
  pkitsLists,
  pkitsNow,
  sectionTitles,
  trustAnchorName,
} from './cases.ts';
import { type Answer, askOurs, type Contender, nodeCertificates, openssl, ourCommand, peculiar, readPool } from './contenders.ts';

const isFullSize = process.env.HOMEPORT_FULL_SIZE === '1';

/** The valid paths that we refuse, and why; there is no invalid path that we accept. */
const misses: Readonly<Record<string, { reason: Answer; because: string }>> = {
  '4.1.4': { reason: 'certificate-too-weak', because: 'DSA is below the floor for keys' },
  '4.1.5': { reason: 'certificate-malformed', because: 'DSA, and a key that is whole only with its issuer’s parameters' },
};

const isRight = ({ expected }: PkitsCase, answer: Answer) => (expected === 'valid') === (answer === 'valid');

const sample = isFullSize ? pkitsCases : pkitsCases.filter((_, index) => index % 11 === 0).slice(0, 20);

describe('the public suite of certification paths', () => {
  test('is here as a whole: 224 cases in 16 sections, 405 certificates, 173 lists, whose numbers follow each other', () => {
    assert.deepEqual([pkitsCases.length, pkitsCertificates.size, pkitsLists.size], [224, 405, 173]);
    assert.equal(new Set(pkitsCases.map(({ endEntity }) => endEntity)).size, 223, 'only 4.1.1 and 4.8.1 share theirs');
    for (const section of Object.keys(sectionTitles)) {
      const cases = pkitsCases.filter((one) => one.section === section);
      assert.ok(cases.length > 0, section);
      assert.deepEqual(
        cases.map(({ number }) => number),
        cases.map((_, index) => `${section}.${index + 1}`),
      );
    }
    for (const { number, endEntity, expected } of pkitsCases) {
      if (/^(Invalid|Valid)/.test(endEntity)) assert.equal(expected === 'valid', endEntity.startsWith('Valid'), number);
    }
  });

  test('every case is judged as NIST says, in less than a second, for the reason that it is about', (t) => {
    const judged = pkitsCases.map((one) => {
      const time = startProcessorTime();
      const answer = askOurs(one);
      return { one, answer, ms: time() };
    });
    const wrong = judged.filter(({ one, answer }) => answer !== one.expected);
    assert.deepEqual(
      wrong.map(({ one, answer }) => [one.number, answer]),
      Object.entries(misses).map(([number, { reason }]) => [number, reason]),
    );
    const slowest = judged.reduce((a, b) => (a.ms > b.ms ? a : b));
    assert.ok(slowest.ms < 1_000, `${slowest.one.number} took ${slowest.ms} ms`);
    const of = (isValid: boolean) => judged.filter(({ one }) => (one.expected === 'valid') === isValid);
    const right = (isValid: boolean) => of(isValid).filter(({ one, answer }) => isRight(one, answer)).length;
    t.diagnostic(
      `valid ones accepted: ${right(true)} of ${of(true).length}; invalid ones refused: ${right(false)} of ${of(false).length}`,
    );
    t.diagnostic(`slowest: ${slowest.one.number}, ${slowest.ms.toFixed(0)} ms`);
    for (const [number, { because }] of Object.entries(misses)) t.diagnostic(`${number} is refused: ${because}`);
  });

  test('among all certificates and lists of the suite at once the verdicts are the same', () => {
    const { certificates, lists } = readPool();
    assert.deepEqual([certificates.length, lists.length], [181, 173]);
    const anchors = [parseCertificate(der(pkitsCertificates, trustAnchorName))];
    for (const one of pkitsCases) {
      if (misses[one.number]?.reason === 'certificate-malformed') continue;
      const leaf = parseCertificate(der(pkitsCertificates, one.endEntity));
      const request = { leaf, presented: [], stored: certificates, anchors, crls: lists, at: pkitsNow };
      const time = startProcessorTime();
      const result = buildChain({ ...request, revocation: 'all', purpose: 'any', intermediatesMax: 10 });
      const ms = time();
      assert.equal(result.ok, one.expected === 'valid' && !misses[one.number], one.number);
      assert.ok(ms < 1_000, `${one.number} took ${ms} ms`);
    }
  });

  test(`homeport pki verify says the same of ${sample.length} cases`, async () => {
    assert.ok(sample.length >= 20);
    for (const one of sample) assert.equal(await ourCommand.ask(one), misses[one.number]?.reason ?? one.expected, one.number);
  });
});

describe('the same cases asked of others', () => {
  test(`nobody judges more of ${sample.length} cases right: the table of docs/internals/path-validation.md`, async (t) => {
    const contenders = [ourCommand, openssl, nodeCertificates, peculiar];
    const answers = new Map<Contender, ReadonlyMap<PkitsCase, Answer>>();
    for (const contender of contenders) {
      const given = new Map<PkitsCase, Answer>();
      for (const one of sample) given.set(one, await contender.ask(one));
      answers.set(contender, given);
    }
    // The sample makes a poor table.
    for (const line of isFullSize ? formatTable(answers) : []) t.diagnostic(line);
    const rightOf = (contender: Contender) =>
      [...(answers.get(contender) ?? [])].filter(([one, answer]) => isRight(one, answer)).length;
    assert.ok(contenders.every((contender) => rightOf(contender) <= rightOf(ourCommand)));
    for (const contender of [ourCommand, openssl]) {
      for (const [one, answer] of answers.get(contender) ?? []) {
        if (!isRight(one, answer))
          t.diagnostic(`${contender.name}: ${one.number} ${one.endEntity}, ${one.expected}, is answered: ${answer}`);
      }
    }
  });
});

/** Valid ones accepted and invalid ones refused, of how many, by section. */
function formatTable(answers: ReadonlyMap<Contender, ReadonlyMap<PkitsCase, Answer>>): string[] {
  const tally = (given: ReadonlyMap<PkitsCase, Answer>, section: string | undefined, isValid: boolean) => {
    const asked = [...given].filter(
      ([one]) => (section === undefined || one.section === section) && (one.expected === 'valid') === isValid,
    );
    return `${asked.filter(([one, answer]) => isRight(one, answer)).length}/${asked.length}`;
  };
  const row = (title: string, section?: string) => {
    const cells = [...answers.values()].map((given) => `${tally(given, section, true)} ${tally(given, section, false)}`);
    return `| ${[title, ...cells].join(' | ')} |`;
  };
  return [
    `| section: valid accepted, invalid refused | ${[...answers.keys()].map(({ name }) => name).join(' | ')} |`,
    `|---|${'---|'.repeat(answers.size)}`,
    ...Object.entries(sectionTitles).map(([section, title]) => row(`${section} ${title}`, section)),
    row('all'),
  ];
}
