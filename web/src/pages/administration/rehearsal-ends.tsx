import {
  makeStyles,
  Subtitle2,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  tokens,
} from '@fluentui/react-components';
import type { Rehearsal } from '../../api/contract.ts';
import { StateWord } from '../../components/state-word.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { exactWords } from '../../components/time-words.ts';

const useStyles = makeStyles({
  section: { display: 'flex', flexDirection: 'column', gap: '12px', minWidth: 0 },
  heading: { margin: 0 },
  table: { minWidth: '640px', '@media (max-width: 640px)': { minWidth: '100%' } },
  when: { width: '190px', fontVariantNumeric: 'tabular-nums', '@media (max-width: 640px)': { width: '34%' } },
  drops: { width: '160px', '@media (max-width: 640px)': { width: '30%' } },
  quiet: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, overflowWrap: 'anywhere' },
});

type End = Rehearsal['ends'][number];

const kindWords: Record<End['kind'], string> = {
  'hub-ca': 'CA certificate of a hub',
  'enrollment-ca': 'CA certificate of an enrollment group',
  'sphere-ca': 'CA certificate of a Sphere tenant',
  'revocation-list': 'Revocation list',
};

/** What many devices rest on and what ends in this span, with how many of them it takes along. */
export function RehearsalEnds({ ends }: { ends: readonly End[] }) {
  const styles = useStyles();
  return (
    <section className={styles.section} aria-labelledby="rehearsal-ends">
      <Subtitle2 as="h2" id="rehearsal-ends" className={styles.heading}>
        What else ends
      </Subtitle2>
      <TableFrame label="What else ends">
        <Table className={styles.table} aria-label="What else ends">
          <TableHeader>
            <TableRow>
              <TableHeaderCell className={styles.when}>When</TableHeaderCell>
              <TableHeaderCell>What</TableHeaderCell>
              <TableHeaderCell className={styles.drops}>Then drop</TableHeaderCell>
            </TableRow>
          </TableHeader>
          <TableBody>
            {ends.map((end) => (
              <TableRow key={`${end.kind} ${end.name} ${end.at}`}>
                <TableCell className={styles.when}>{exactWords(Date.parse(end.at))}</TableCell>
                <TableCell>
                  {kindWords[end.kind]}
                  <div className={styles.quiet}>{end.name === end.subject ? end.subject : `${end.name}: ${end.subject}`}</div>
                </TableCell>
                <TableCell className={styles.drops}>
                  <StateWord tone={end.drops === 0 ? 'good' : 'bad'}>
                    {end.drops === 0 ? 'Nobody' : `${end.drops} ${end.drops === 1 ? 'device' : 'devices'}`}
                  </StateWord>
                </TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </TableFrame>
    </section>
  );
}
