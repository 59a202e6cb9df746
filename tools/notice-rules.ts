/** What THIRD-PARTY-NOTICES.md says, and which licences may stand in it; pure, so that each rule can be seen to fire. */

export type ThirdParty = {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression, or what the package says instead of one. */
  readonly licence: string;
  readonly author: string | undefined;
  /** The licence and notice files of the package; empty when it carries none. */
  readonly texts: readonly string[];
};

/** They ask for their text to be kept, and for nothing of the code around them. */
export const licencesAllowed: readonly string[] = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];

/** Of alternatives one is enough; what is joined by AND must all be allowed. What is deeper than that is refused. */
export function isAllowedLicence(expression: string): boolean {
  const inner = /^\(([^()]*)\)$/.exec(expression)?.[1] ?? expression;
  if (/[()]/.test(inner)) return false;
  return inner.split(' OR ').some((choice) => choice.split(' AND ').every((licence) => licencesAllowed.includes(licence.trim())));
}

export function checkLicences(packages: readonly ThirdParty[]): string[] {
  return packages
    .filter(({ licence }) => !isAllowedLicence(licence))
    .map(
      ({ name, version, licence }) =>
        `${name} ${version} is under ${licence || 'no licence'}, which tools/notice-rules.ts does not list`,
    );
}

/** A table of all, then each text once with the packages that carry it. */
export function renderNotices(packages: readonly ThirdParty[]): string {
  const byText = Map.groupBy(
    packages.flatMap((one) => one.texts.map((text) => ({ one, text: plain(text) }))),
    ({ text }) => text,
  );
  const bare = packages.filter(({ texts }) => texts.length === 0);
  return [
    '# Third-party notices',
    '',
    'What Homeport runs with, and what is bundled in its web app, each under its own licence. Written by `npm run notices`.',
    '',
    '| package | version | licence |',
    '| --- | --- | --- |',
    ...packages.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`),
    '',
    ...(bare.length === 0 ? [] : ['## Packages that carry no licence text', '', ...bare.map(describeBare), '']),
    ...[...byText].flatMap(([text, carriers]) => [
      `## ${[...new Set(carriers.map(({ one }) => one.name))].join(', ')}`,
      '',
      // Four spaces would do, but a text may hold a line that begins a list.
      '```text',
      text.replaceAll('```', "'''"),
      '```',
      '',
    ]),
  ].join('\n');
}

const describeBare = ({ name, licence, author }: ThirdParty) => `- ${name}: ${licence}${author ? `, ${author}` : ''}`;

/** The same text with other line ends or margins is the same text. */
function plain(text: string): string {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .join('\n')
    .trim();
}
