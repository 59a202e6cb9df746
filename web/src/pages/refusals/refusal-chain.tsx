import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import type { Refusal } from '../../api/contract.ts';
import { CodeText } from '../../components/code-text.tsx';
import { type Fact, Facts } from '../../components/facts.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { StateWord } from '../../components/state-word.tsx';

const useStyles = makeStyles({
  links: { listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', gap: '12px', minWidth: 0 },
  link: {
    display: 'flex',
    flexDirection: 'column',
    gap: '8px',
    padding: '12px 16px',
    minWidth: 0,
    borderRadius: tokens.borderRadiusLarge,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderLeft: `4px solid ${tokens.colorNeutralStroke1}`,
  },
  failed: { borderLeft: `4px solid ${tokens.colorStatusDangerBorder1}` },
  absent: { border: `1px dashed ${tokens.colorNeutralStroke1}` },
  head: { display: 'flex', flexWrap: 'wrap', columnGap: '12px', rowGap: '4px', alignItems: 'baseline' },
  subject: { fontWeight: tokens.fontWeightSemibold, overflowWrap: 'anywhere' },
  role: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
});

type Link = Refusal['chain'][number];

const roleWords: Readonly<Record<string, string>> = {
  device: 'the device’s own certificate',
  sent: 'sent along by the device',
  absent: 'not there',
};

/** The certificates as they were put together, leaf first, with what is wrong where it is wrong. */
export function RefusalChain({ chain, reason }: Pick<Refusal, 'chain' | 'reason'>) {
  const styles = useStyles();
  return (
    <ol className={styles.links} aria-label="The chain, leaf first">
      {chain.map((link, index) => (
        <li
          // biome-ignore lint/suspicious/noArrayIndexKey: a chain never changes
          key={index}
          className={mergeClasses(
            styles.link,
            link.role === 'absent' && styles.absent,
            link.faults.some((fault) => fault.reason === reason) && styles.failed,
          )}
        >
          <div className={styles.head}>
            <span className={styles.subject}>{link.subject}</span>
            <Role link={link} />
          </div>
          {link.faults.map((fault) => (
            <StateWord key={fault.reason} tone={fault.reason === reason ? 'bad' : 'warning'} isLong>
              {fault.reason === reason ? 'Failed here' : 'Would have failed next'}: {fault.detail}
            </StateWord>
          ))}
          {link.sha1Thumbprint && <Facts facts={factsOf(link)} />}
        </li>
      ))}
    </ol>
  );
}

function Role({ link: { role } }: { link: Link }) {
  const styles = useStyles();
  if (role === 'verified-ca') return <StateWord tone="good">Verified CA</StateWord>;
  if (role === 'unverified-ca') return <StateWord tone="warning">CA, not verified</StateWord>;
  return <span className={styles.role}>{roleWords[role] ?? role}</span>;
}

function factsOf({ sha1Thumbprint = '', notBefore, notAfter }: Link): Fact[] {
  return [
    { name: 'Thumbprint (SHA-1)', value: <CodeText text={sha1Thumbprint} copyLabel="Copy thumbprint" /> },
    ...(notBefore ? [{ name: 'Begins', value: <RelativeTime at={notBefore} /> }] : []),
    ...(notAfter ? [{ name: 'Ends', value: <RelativeTime at={notAfter} /> }] : []),
  ];
}
