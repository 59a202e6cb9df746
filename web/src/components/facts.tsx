import { makeStyles, tokens } from '@fluentui/react-components';
import type { ReactNode } from 'react';

const useStyles = makeStyles({
  list: { display: 'flex', flexWrap: 'wrap', columnGap: '32px', rowGap: '12px', margin: 0 },
  fact: { display: 'flex', flexDirection: 'column', gap: '2px', minWidth: 0, maxWidth: '100%' },
  name: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  value: { margin: 0, display: 'flex', alignItems: 'center', minHeight: '24px', minWidth: 0, overflowWrap: 'anywhere' },
});

export type Fact = { name: string; value: ReactNode };

/** Names and values side by side: the summary strip of a detail page. */
export function Facts({ facts }: { facts: Fact[] }) {
  const styles = useStyles();
  return (
    <dl className={styles.list}>
      {facts.map(({ name, value }) => (
        <div key={name} className={styles.fact}>
          <dt className={styles.name}>{name}</dt>
          <dd className={styles.value}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
