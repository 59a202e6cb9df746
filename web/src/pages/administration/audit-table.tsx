import { makeStyles, tokens } from '@fluentui/react-components';
import type { AuditEntry } from '../../api/contract.ts';
import { CodeText } from '../../components/code-text.tsx';
import { type DetailColumn, DetailTable } from '../../components/detail-table.tsx';
import { Facts } from '../../components/facts.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { RouteLink } from '../../components/route-link.tsx';
import { exactWords } from '../../components/time-words.ts';
import type { AuditFilter } from './audit-filter.ts';
import { credentialWords, placeWords, verbOf } from './audit-words.ts';

const useStyles = makeStyles({
  target: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
  links: { display: 'flex', flexWrap: 'wrap', columnGap: '24px', rowGap: '8px', overflowWrap: 'anywhere' },
});

type Props = { entries: readonly AuditEntry[]; addressOf: (filter: Partial<AuditFilter>) => string };

export function AuditTable({ entries, addressOf }: Props) {
  return (
    <DetailTable
      label="Changes"
      columns={columns}
      rows={entries}
      keyOf={({ sequence }) => String(sequence)}
      nameOf={(entry) => `${verbOf(entry)} ${entry.target} by ${entry.actor}`}
      detail={(entry) => <Detail entry={entry} addressOf={addressOf} />}
    />
  );
}

const columns: readonly DetailColumn<AuditEntry>[] = [
  { name: 'When', width: '130px', narrowWidth: '94px', cell: ({ at }) => <RelativeTime at={at} /> },
  { name: 'Who', width: '22%', narrowWidth: '90px', cell: ({ actor }) => actor, title: ({ actor }) => actor },
  {
    name: 'What',
    cell: (entry) => <What entry={entry} />,
    title: ({ target, detail }) => (detail === '' ? target : `${target}: ${detail}`),
  },
  { name: 'Where', width: '150px', isWide: true, cell: placeWords, title: placeWords },
  { name: 'From', width: '170px', isWide: true, cell: ({ peer }) => peer, title: ({ peer }) => peer },
];

function What({ entry }: { entry: AuditEntry }) {
  const styles = useStyles();
  return (
    <>
      {verbOf(entry)} <span className={styles.target}>{entry.target}</span>
      {entry.detail !== '' && `: ${entry.detail}`}
    </>
  );
}

function Detail({ entry, addressOf }: { entry: AuditEntry; addressOf: Props['addressOf'] }) {
  const styles = useStyles();
  const { at, actor, action, target, detail, peer, status, trackingId } = entry;
  return (
    <>
      <Facts
        facts={[
          { name: 'When', value: <time dateTime={at}>{exactWords(Date.parse(at))}</time> },
          { name: 'Who', value: `${actor} (${credentialWords(entry)})` },
          { name: 'From', value: <CodeText text={peer} /> },
          { name: 'Where', value: placeWords(entry) },
          { name: 'Answer', value: String(status) },
        ]}
      />
      <Facts
        facts={[
          { name: 'Path', value: <CodeText text={target} copyLabel="Copy path" /> },
          ...(detail === '' ? [] : [{ name: 'Of it', value: <CodeText text={detail} copyLabel="Copy what was changed" /> }]),
          { name: 'Call', value: <CodeText text={action} /> },
          { name: 'Tracking id', value: <CodeText text={trackingId} copyLabel="Copy tracking id" /> },
        ]}
      />
      <div className={styles.links}>
        <RouteLink to={addressOf({ actor })}>All changes by {actor}</RouteLink>
        <RouteLink to={addressOf({ target })}>All changes of this</RouteLink>
      </div>
    </>
  );
}
