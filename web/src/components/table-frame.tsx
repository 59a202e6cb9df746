import { makeStyles, tokens } from '@fluentui/react-components';
import type { ReactNode, Ref } from 'react';

const useStyles = makeStyles({
  frame: {
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
    backgroundColor: tokens.colorNeutralBackground1,
    overflow: 'auto',
    minWidth: 0,
    maxHeight: 'calc(100vh - 220px)',
    '@media (max-width: 640px)': { maxHeight: 'none' },
    '& thead': { position: 'sticky', top: 0, zIndex: 1, backgroundColor: tokens.colorNeutralBackground2 },
    '& th': { fontWeight: tokens.fontWeightSemibold },
    '& tr': { height: '40px' },
    '& tbody tr:last-child': { borderBottomStyle: 'none' },
    '& td': { height: '40px', paddingTop: '4px', paddingBottom: '4px', overflowWrap: 'anywhere' },
  },
});

/** The frame around a table: scrolls under its header; empty states stand inside it. */
export function TableFrame({ children, frameRef, label }: { children: ReactNode; frameRef?: Ref<HTMLElement>; label: string }) {
  const styles = useStyles();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section className={styles.frame} tabIndex={0} aria-label={label} {...(frameRef ? { ref: frameRef } : {})}>
      {children}
    </section>
  );
}
