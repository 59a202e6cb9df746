import { makeStyles, tokens } from '@fluentui/react-components';
import type { JsonValue } from '../../api/contract.ts';
import { shortValue } from '../../components/json-text.ts';
import { valueLines } from './value-lines.ts';

const useStyles = makeStyles({
  lines: {
    display: 'grid',
    gridTemplateColumns: 'minmax(72px, max-content) minmax(0, 1fr)',
    columnGap: '16px',
    rowGap: '2px',
    margin: 0,
    padding: '4px 0',
    // In a table on a telephone the second column would have room for a letter.
    '@media (max-width: 640px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
  },
  name: { color: tokens.colorNeutralForeground3, overflowWrap: 'anywhere' },
  text: { margin: 0, overflowWrap: 'anywhere', whiteSpace: 'pre-wrap', color: tokens.colorNeutralForeground1 },
  more: { gridColumn: '1 / -1', margin: 0, color: tokens.colorNeutralForeground3 },
});

/** A value of a property: an object member by member, so that nobody has to read JSON to see how far something is. */
export function PropertyValueView({ value, unit = '' }: { value: JsonValue | undefined; unit?: string }) {
  const styles = useStyles();
  const shown = valueLines(value);
  if (!shown) return `${shortValue(value)} ${unit}`.trimEnd();
  return (
    <dl className={styles.lines}>
      {shown.lines.map(({ name, text }) => (
        <Line key={name} name={name} text={text} />
      ))}
      {shown.more > 0 && <dd className={styles.more}>and {shown.more} more, in the twin of the device</dd>}
    </dl>
  );
}

function Line({ name, text }: { name: string; text: string }) {
  const styles = useStyles();
  return (
    <>
      <dt className={styles.name}>{name}</dt>
      <dd className={styles.text}>{text}</dd>
    </>
  );
}
