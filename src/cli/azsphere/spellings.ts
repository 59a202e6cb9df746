/**
 * Old spellings of the `azsphere` command line and what they mean today, in one place (sphere.md 4.1
 * to 4.3). The commands themselves know only the newest words. G0 is 2018 to mid 2020, G1 *classic*,
 * G2 the hyphenated generation.
 */

/** Abbreviations seen in scripts; each may stand for any word of a command's name. */
const wordSpellings: Readonly<Record<string, string>> = {
  dev: 'device',
  prd: 'product',
  img: 'image',
  ca: 'ca-certificate',
  ect: 'enable-cloud-test',
};

/** Commands that moved. The old name works and warns. */
const commandSpellings: readonly { old: string; now: string }[] = [
  { old: 'tenant download-ca-certificate-chain', now: 'ca-certificate download-chain' },
  { old: 'tenant download-ca-certificate', now: 'ca-certificate download' },
  { old: 'tenant download-validation-certificate', now: 'ca-certificate download-proof' },
  { old: 'device prep-debug', now: 'device enable-development' },
  { old: 'device show-ota-status', now: 'device show-deployment-status' },
];

/** Options by their long or short old name; `in` limits one to commands that begin so. */
const optionSpellings: readonly { old: string; now: string; in?: string }[] = [
  { old: '--verificationcode', now: '--verification-code' },
  { old: '--destination-file', now: '--destination' },
  { old: '--destinationfile', now: '--destination' },
  { old: '--out', now: '--output' },
  { old: '--newuser', now: '--new-user' },
  { old: '--tenantid', now: '--tenant' },
  { old: '--tenant-id', now: '--tenant' },
  { old: '-i', now: '--tenant', in: 'tenant select' },
  { old: '--deviceid', now: '--device' },
  { old: '--device-id', now: '--device' },
  { old: '-i', now: '--device', in: 'device' },
];

export type ModernWords = { readonly words: readonly string[]; readonly warnings: readonly string[] };

/** `words` in today's spelling. Verbs and long options are compared without regard to case; values are untouched. */
export function modernize(words: readonly string[]): ModernWords {
  const firstOption = words.findIndex((word) => word.startsWith('-'));
  const verbCount = firstOption < 0 ? words.length : firstOption;
  const verbs = words.slice(0, verbCount).map((word) => word.toLowerCase());
  const command = verbs.map((word) => wordSpellings[word] ?? word).join(' ');
  const moved = commandSpellings.find(({ old }) => command === old || command.startsWith(`${old} `));
  const modern = moved ? `${moved.now}${command.slice(moved.old.length)}` : command;
  const warnings = moved ? [`'azsphere ${moved.old}' is obsolete. Use 'azsphere ${moved.now}'.`] : [];
  return {
    words: [...(modern ? modern.split(' ') : []), ...words.slice(verbCount).map((word) => modernOption(word, modern))],
    warnings,
  };
}

function modernOption(word: string, command: string): string {
  if (!word.startsWith('-')) return word;
  const equals = word.indexOf('=');
  const name = equals < 0 ? word : word.slice(0, equals);
  const found = optionSpellings.find(
    (spelling) =>
      spelling.old === (name.startsWith('--') ? name.toLowerCase() : name) &&
      (spelling.in === undefined || command === spelling.in || command.startsWith(`${spelling.in} `)),
  );
  return found ? `${found.now}${equals < 0 ? '' : word.slice(equals)}` : word;
}
